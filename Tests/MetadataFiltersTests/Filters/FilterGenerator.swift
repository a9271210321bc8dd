import FileStorage
import MetadataFilters
import TestSupport

/// Makes random expressions and records that have enough in common to be TRUE and FALSE about equally often.
struct FilterGenerator {
  var generator: SeededGenerator
  /// Whether expressions hold parameters, NOW, files and durations, which only binding replaces.
  var makesUnbound = false

  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  mutating func pick<T>(_ choices: [T]) -> T { choices[generator.below(choices.count)] }

  // MARK: Values

  static let ints: [Int64] = [0, 1, 2, -1, 7, 9_007_199_254_740_992, 9_007_199_254_740_993, .max, .min]
  static let doubles = [
    0.0, -0.0, 0.5, 1.0, 2.0, -1.5, 9_007_199_254_740_992.0, 9.223372036854775807e18, 1e300,
    Double.leastNonzeroMagnitude,
  ]
  static let strings = [
    "", "a", "b", "ab", "abc", "ABC", "aab", "é", "É", "e\u{301}", "a%b", "a_b", "it's", "İ", "\u{212A}", "k",
    "日本",
    "a\nb", "x\"y\\z", "2024-01-01", "2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00",
    "2023-12-31T23:00:00-01:00",
    "2024-02-30", "u-17",
  ]
  static let instants = [1_704_067_200, 1_704_063_600, 0, 1_704_067_201].map { FilterInstant(seconds: $0) }
  static let likes = [
    "a%", "%b", "%a%", "_", "a_b", "a\\%b", "%", "", "ab", "_%_", "%a%b%", "é", "É%", "\\\\", "k", "i%",
  ]
  static let regexes = [
    "^a", "b$", "a.b", "^(a|b)+$", "[^a]", "a{2}", "^$", "x?", "\\\\", "a|b", "(?i)abc", "^[A-Z]+$",
  ]

  mutating func value() -> FilterValue {
    switch generator.below(makesUnbound ? 16 : 12) {
    case 0: .null
    case 1: .bool(generator.oneIn(2))
    case 2...4: .int(pick(Self.ints))
    case 5...6: .double(pick(Self.doubles))
    case 7...9: .string(Array(pick(Self.strings).utf8))
    case 10...11: .time(pick(Self.instants))
    case 12: .parameter(pick(["p", "q_1"]))
    case 13: .now(pick([0, -86_400_000_000_000, 90_000_000_000, 1]))
    case 14:
      .duration(pick([0, 1, 1_500_000, 60_000_000_000, 604_800_000_000_000, 86_400_000_000_001, Int64.max]))
    case _: .time(FilterInstant(seconds: -62_167_219_200, nanoseconds: 123_456_789))
    }
  }

  mutating func values() -> [FilterValue] { (0...generator.below(4)).map { _ in value() } }

  // MARK: Paths

  static let names = [
    "a", "b", "tags", "items", "n", "x", "loc", "we ird", "and", "é", "a.b", "q\"q", "$id", "",
  ]

  mutating func step() -> FilterPath.Step {
    switch generator.below(8) {
    case 0: .each
    case 1: .index(generator.below(3))
    case _: .name(Array(pick(Self.names).utf8))
    }
  }

  mutating func path(inElement: Bool) -> FilterPath {
    switch generator.below(inElement ? 10 : 20) {
    case 0...5 where inElement:
      FilterPath(.element, generator.oneIn(2) ? [] : [.name(Array(pick(["x", "a", "n"]).utf8))])
    case 0: FilterPath(.id)
    case 1: FilterPath(.created)
    case 2: FilterPath(.updated)
    case 3: FilterPath(.metadata, [.name(Array("items".utf8)), .each, .name(Array("x".utf8))])
    case 4: FilterPath(.metadata, [.name(Array("n".utf8)), .name(Array(pick(["a", "x", "tags"]).utf8))])
    case 5:
      FilterPath(
        .metadata, [.name(Array(pick(Self.names).utf8))] + (0..<generator.below(3)).map { _ in step() })
    case _: FilterPath(.metadata, [.name(Array(pick(["a", "b", "tags", "x", "items", "loc"]).utf8))])
    }
  }

  mutating func operand(inElement: Bool) -> FilterOperand {
    switch generator.below(10) {
    case 0...1: .value(value())
    case 2: .length(path(inElement: inElement))
    case 3: .lower(path(inElement: inElement))
    case _: .path(path(inElement: inElement))
    }
  }

  // MARK: Expressions

  mutating func expression(depth: Int = 3, inElement: Bool = false) -> FilterExpression {
    guard depth > 0, !generator.oneIn(3) else { return predicate(depth, inElement) }
    switch generator.below(4) {
    case 0: return .not(expression(depth: depth - 1, inElement: inElement))
    case 1:
      return .and(
        (0...1 + generator.below(2)).map { _ in expression(depth: depth - 1, inElement: inElement) })
    case 2:
      return .or((0...1 + generator.below(2)).map { _ in expression(depth: depth - 1, inElement: inElement) })
    case _:
      return .quantified(
        pick([.any, .all, .none]), path(inElement: inElement), expression(depth: depth - 1, inElement: true))
    }
  }

  private mutating func list() -> FilterList {
    guard makesUnbound else { return .values(values()) }
    switch generator.below(5) {
    case 0: return .parameter("list")
    case 1: return .file("it's a file")
    case _: return .values(values())
    }
  }

  private mutating func predicate(_ depth: Int, _ inElement: Bool) -> FilterExpression {
    let isNegated = generator.oneIn(2)
    let path = path(inElement: inElement)
    switch generator.below(24) {
    case 0: return .constant(isNegated)
    case 1...7:
      return .compare(
        operand(inElement: inElement), pick(FilterComparison.allCases),
        generator.oneIn(4) ? operand(inElement: inElement) : .value(value()))
    case 8...9:
      return .between(
        operand(inElement: inElement),
        low: generator.oneIn(5) ? operand(inElement: inElement) : .value(value()),
        high: .value(value()), isNegated: isNegated)
    case 10...12: return .member(operand(inElement: inElement), list(), isNegated: isNegated)
    case 13...15:
      switch pick(TextOperator.allCases) {
      case .matches:
        return .text(path, .matches, .string(Array(pick(Self.regexes).utf8)), isNegated: isNegated)
      case .like: return .text(path, .like, .string(Array(pick(Self.likes).utf8)), isNegated: isNegated)
      case .ilike: return .text(path, .ilike, .string(Array(pick(Self.likes).utf8)), isNegated: isNegated)
      case let operation:
        return .text(path, operation, .string(Array(pick(Self.strings).utf8)), isNegated: isNegated)
      }
    case 16...17: return .kind(path, pick(FilterKind.allCases), isNegated: isNegated)
    case 18: return .exists(path, isNegated: isNegated)
    case 19...21:
      let mode = pick(ContainsMode.allCases)
      if mode == .one { return .contains(path, .one, .values([value()]), isNegated: isNegated) }
      if case .file = list() { return .contains(path, mode, .parameter("list"), isNegated: isNegated) }
      return .contains(path, mode, .values(values()), isNegated: isNegated)
    case _: return .geo(generator.oneIn(2) ? FilterPath(names: ["loc"]) : path, shape())
    }
  }

  mutating func shape() -> GeoShape {
    func point(_ latitude: Double, _ longitude: Double) -> GeoPoint {
      guard let point = GeoPoint(latitude: latitude, longitude: longitude) else {
        preconditionFailure("the generator's places lie on the globe")
      }
      return point
    }
    switch generator.below(3) {
    case 0: return .radius(center: point(52.5, 13.4), metres: pick([1000, 5e5, 1e7, 3e7]))
    case 1: return .box(top: 60, left: pick([-10, 170]), bottom: -5, right: pick([20, -170, 190]))
    case _:
      return .polygon([
        [point(40, 0), point(40, 20), point(60, 20), point(60, 0), point(40, 0)],
        [point(50, 10), point(50, 15), point(55, 15), point(50, 10)],
      ])
    }
  }

  // MARK: Records

  mutating func scalar() -> JSONValue {
    switch generator.below(10) {
    case 0: .null
    case 1: .bool(generator.oneIn(2))
    case 2...4: .int(pick(Self.ints))
    case 5: .double(pick(Self.doubles))
    case _: .string(pick(Self.strings))
    }
  }

  mutating func json(depth: Int) -> JSONValue {
    switch generator.below(depth > 0 ? 8 : 5) {
    case 0...4: scalar()
    case 5: place()
    case 6: .array((0..<generator.below(4)).map { _ in json(depth: depth - 1) })
    case _: object(depth: depth - 1, from: ["a", "x", "n", "tags", "and", "é"])
    }
  }

  mutating func place() -> JSONValue {
    let latitudes: [JSONValue] = [
      .double(52.51), .int(48), .double(-3.5), .int(91), .double(53.7), .string("52"),
    ]
    let longitudes: [JSONValue] = [
      .double(13.41), .int(2), .double(179.5), .double(-179.5), .int(373), .double(12.25),
    ]
    return .object([(key: "lat", value: pick(latitudes)), (key: "lon", value: pick(longitudes))])
  }

  mutating func object(depth: Int, from names: [String]) -> JSONValue {
    var object = JSONObject()
    for name in names where !generator.oneIn(3) { object[name] = json(depth: depth) }
    return .object(object)
  }

  mutating func record() -> NaiveRecord {
    guard case .object(var metadata) = object(depth: 2, from: Self.names) else {
      return NaiveRecord(metadata: .null, id: .json(.null), created: 0, updated: 0)
    }
    if !generator.oneIn(3) { metadata["tags"] = .array((0..<generator.below(4)).map { _ in scalar() }) }
    if !generator.oneIn(3) { metadata["loc"] = generator.oneIn(4) ? .array([place(), place()]) : place() }
    if !generator.oneIn(3) {
      metadata["items"] = .array(
        (0..<generator.below(4)).map { _ in object(depth: 1, from: ["x", "a", "n"]) })
    }
    return NaiveRecord(
      metadata: .object(metadata),
      id: .json(generator.oneIn(2) ? .string(pick(["a", "u-17", "é"])) : .int(7)),
      created: Double(pick(Self.instants).seconds), updated: Double(pick(Self.instants).seconds))
  }
}
