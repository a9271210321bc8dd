import FileStorage
import MetadataFilters
import TestSupport
import VectorDatabase

/// Random metadata whose values meet those of `RandomFilters` often, with every kind of value that columns treat apart.
struct RandomRecords {
  var random: TestSupport.SeededGenerator
  /// Also uses so many names that a segment has no column for some.
  var manyNames = false

  static let words = [
    "", "a", "ab", "abc", "b", "B", "é", "zz", "2026-11-21", "2026-11-21T01:20:03Z",
    "2025-01-01T00:00:00+01:00", "10",
  ]

  mutating func object() -> JSONValue {
    var members: [(key: String, value: JSONValue)] = []
    for name in ["n", "s", "f", "b", "t", "m", "tags", "loc", "o", "items", "x.y"] where !random.oneIn(3) {
      members.append((name, value(for: name)))
    }
    if manyNames {
      for _ in 0..<random.below(12) {
        let name = "k\(random.below(1500))"
        if !members.contains(where: { $0.key == name }) { members.append((name, scalar())) }
      }
    }
    return .object(members)
  }

  private mutating func value(for name: String) -> JSONValue {
    // Any field may hold any kind of value now and then.
    if random.oneIn(12) { return anything(depth: 0) }
    switch name {
    case "n": return .int(Int64(random.below(9)) - 4)
    case "s": return .string(RandomRecords.words[random.below(RandomRecords.words.count)])
    case "f": return number()
    case "b": return .bool(random.oneIn(2))
    case "t": return .string(RandomRecords.words[8 + random.below(3)])
    case "m": return anything(depth: 0)
    case "tags":
      return .array((0..<random.below(5)).map { _ in .string(RandomRecords.words[random.below(8)]) })
    case "loc":
      return .object([
        (
          "lat",
          random.oneIn(2) ? .int(Int64(random.below(181)) - 90) : .double(Double(random.below(180)) - 89.5)
        ),
        (
          "lon",
          random.oneIn(2) ? .int(Int64(random.below(361)) - 180) : .double(Double(random.below(360)) - 179.5)
        ),
      ])
    case "o":
      return .object([("p", scalar()), ("q", .object([("r", scalar())]))])
    case "items":
      return .array(
        (0..<random.below(4)).map { _ in
          random.oneIn(6) ? scalar() : .object([("p", scalar()), ("w", .int(Int64(random.below(5))))])
        })
    case _: return scalar()
    }
  }

  private mutating func number() -> JSONValue {
    switch random.below(8) {
    case 0: .int(Int64.max)
    case 1: .double(9_007_199_254_740_993.0)
    case 2: .int(9_007_199_254_740_993)
    case 3: .double(-0.0)
    case 4: .int(Int64(random.below(5)) - 2)
    default: .double(Double(random.below(9)) / 2 - 2)
    }
  }

  private mutating func scalar() -> JSONValue {
    switch random.below(7) {
    case 0: .null
    case 1: .bool(random.oneIn(2))
    case 2: .int(Int64(random.below(6)) - 2)
    case 3: number()
    // Too long for a code.
    case 4 where random.oneIn(4): .string(String(repeating: "long ", count: 60 + random.below(3)))
    default: .string(RandomRecords.words[random.below(RandomRecords.words.count)])
    }
  }

  private mutating func anything(depth: Int) -> JSONValue {
    switch random.below(depth > 1 ? 6 : 10) {
    case 6: return .array([])
    case 7: return .array((0..<random.below(4) + 1).map { _ in scalar() })
    case 8: return .array((0..<random.below(3) + 1).map { _ in anything(depth: depth + 1) })
    case 9:
      return .object(
        ["p", "q", "x.y"].filter { _ in random.oneIn(2) }.map { ($0, anything(depth: depth + 1)) })
    default: return scalar()
    }
  }
}

/// Random filters over the fields of `RandomRecords`.
struct RandomFilters {
  var random: TestSupport.SeededGenerator

  mutating func expression(depth: Int = 0) -> FilterExpression {
    switch random.below(depth > 2 ? 12 : 16) {
    case 12: return .not(expression(depth: depth + 1))
    case 13: return .or([expression(depth: depth + 1), expression(depth: depth + 1)])
    case 14, 15:
      return .and((0..<2 + random.below(2)).map { _ in expression(depth: depth + 1) })
    default: return predicate(inElement: false)
    }
  }

  private mutating func path(inElement: Bool) -> FilterPath {
    if inElement, !random.oneIn(3) {
      let steps: [FilterPath.Step] =
        random.oneIn(2) ? [] : [.name(Array(random.oneIn(2) ? "p".utf8 : "w".utf8))]
      return FilterPath(.element, steps)
    }
    if random.oneIn(16) {
      return FilterPath([FilterPath.Root.id, .created, .updated][random.below(3)])
    }
    var names = [
      ["n"], ["s"], ["f"], ["b"], ["t"], ["m"], ["tags"], ["loc"], ["o"], ["o", "p"], ["o", "q", "r"],
    ]
    names += [
      ["items"], ["x.y"], ["m", "p"], ["m", "p", "q"], ["nowhere"], ["k\(random.below(1500))"],
      ["loc", "lat"],
    ]
    var steps = names[random.below(names.count)].map { FilterPath.Step.name(Array($0.utf8)) }
    switch random.below(10) {
    case 0: steps.append(.each)
    case 1: steps.append(.index(random.below(3)))
    case 2: steps += [.each, .name(Array("p".utf8))]
    default: break
    }
    return FilterPath(.metadata, steps)
  }

  private mutating func value() -> FilterValue {
    switch random.below(9) {
    case 0: .bool(random.oneIn(2))
    case 1, 2: .int(Int64(random.below(7)) - 3)
    case 3: .double(Double(random.below(13)) / 2 - 3)
    case 4:
      [.int(9_007_199_254_740_993), .double(9_007_199_254_740_992), .int(Int64.max), .double(1e300)][
        random.below(4)]
    case 5:
      .time(
        FilterInstant(
          seconds: [1_795_224_003, 1_795_219_200, 1_735_686_000, 0, 4_000_000_000][random.below(5)]))
    case 6: random.oneIn(8) ? .null : .string(Array(String(repeating: "long ", count: 61).utf8))
    default: .string(Array(RandomRecords.words[random.below(RandomRecords.words.count)].utf8))
    }
  }

  private mutating func operand(inElement: Bool) -> FilterOperand {
    switch random.below(8) {
    case 0: .length(path(inElement: inElement))
    case 1: .lower(path(inElement: inElement))
    case 2: .value(value())
    default: .path(path(inElement: inElement))
    }
  }

  private mutating func list() -> FilterList {
    // Lists of every size: few ranges, many ranges, look-ups.
    let count = [1, 2, 3, 12, 40][random.below(5)]
    return .values((0..<count).map { index in count > 12 ? .int(Int64(index) * 3 - 30) : value() })
  }

  private mutating func predicate(inElement: Bool) -> FilterExpression {
    let isNegated = random.oneIn(3)
    switch random.below(inElement ? 7 : 10) {
    case 0, 1:
      let comparison = FilterComparison.allCases[random.below(FilterComparison.allCases.count)]
      let right: FilterOperand = random.oneIn(5) ? operand(inElement: inElement) : .value(value())
      return .compare(operand(inElement: inElement), comparison, right)
    case 2:
      return .between(
        operand(inElement: inElement), low: random.oneIn(8) ? operand(inElement: inElement) : .value(value()),
        high: .value(value()), isNegated: isNegated)
    case 3: return .member(operand(inElement: inElement), list(), isNegated: isNegated)
    case 4:
      let patterns = ["a%", "%b%", "", "_", "ab", "a", "%"]
      let operation = TextOperator.allCases[random.below(TextOperator.allCases.count)]
      let pattern =
        operation == .matches ? ["^a", "b$", "[a-c]+", "."][random.below(4)] : patterns[random.below(7)]
      return .text(
        path(inElement: inElement), operation, .string(Array(pattern.utf8)), isNegated: isNegated)
    case 5:
      return .kind(
        path(inElement: inElement), FilterKind.allCases[random.below(FilterKind.allCases.count)],
        isNegated: isNegated)
    case 6: return .exists(path(inElement: inElement), isNegated: isNegated)
    case 7:
      let mode = ContainsMode.allCases[random.below(3)]
      let list: FilterList = mode == .one ? .values([value()]) : self.list()
      return .contains(path(inElement: false), mode, list, isNegated: isNegated)
    case 8:
      let inner: FilterExpression =
        random.oneIn(3)
        ? .and([predicate(inElement: true), predicate(inElement: true)]) : predicate(inElement: true)
      return .quantified(Quantifier.allCases[random.below(3)], path(inElement: false), inner)
    default:
      let lat = Double(random.below(120)) - 60
      let lon = Double(random.below(300)) - 150
      guard let center = GeoPoint(latitude: lat, longitude: lon) else { return .constant(true) }
      let shape: GeoShape =
        random.oneIn(2)
        ? .radius(center: center, metres: 4_000_000)
        : .box(top: lat + 30, left: lon, bottom: lat - 30, right: lon > 100 ? lon - 300 : lon + 60)
      return .geo(path(inElement: false), shape)
    }
  }
}
