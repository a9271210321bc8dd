import FileStorage
import Foundation
import MetadataFilters

/// A record as the naive interpreter sees it.
struct NaiveRecord {
  var metadata: JSONValue
  var id: NaiveValue
  var created: Double
  var updated: Double
}

/// What a path can find.
enum NaiveValue {
  case json(JSONValue)
  /// Seconds since 1970.
  case instant(Double)
}

/// Evaluates filter expressions the plain way, straight from their definition, for comparison with the engine.
///
/// Instants are doubles and regular expressions are Foundation's: keep to whole seconds and ASCII.
struct NaiveFilter {
  let record: NaiveRecord
  var element: JSONValue?

  func isTrue(_ expression: FilterExpression) -> Bool {
    switch expression {
    case .constant(let constant): return constant
    case .and(let parts): return !parts.contains { !isTrue($0) }
    case .or(let parts): return parts.contains { isTrue($0) }
    case .not(let inner): return !isTrue(inner)
    case .compare(let left, .distinct, let right): return !isTrue(.compare(left, .notDistinct, right))
    case .compare(let left, .notDistinct, let right):
      return isTrue(.compare(left, .equal, right)) || (isBlank(left) && isBlank(right))
    case .compare(let left, let comparison, let right):
      return yields(left).contains { a in
        yields(right).contains { b in
          guard let order = NaiveFilter.order(a, b) else { return false }
          switch comparison {
          case .equal, .notDistinct: return order == 0
          case .notEqual, .distinct: return order != 0
          case .less: return order < 0
          case .lessOrEqual: return order <= 0
          case .greater: return order > 0
          case .greaterOrEqual: return order >= 0
          }
        }
      }
    case .between(let operand, let low, let high, let isNegated):
      return yields(operand).contains { x in
        yields(low).contains { l in
          yields(high).contains { h in
            guard let below = NaiveFilter.order(x, l), let above = NaiveFilter.order(x, h) else {
              return false
            }
            return (below >= 0 && above <= 0) != isNegated
          }
        }
      }
    case .member(let operand, .values(let values), let isNegated):
      let list = values.flatMap { yields(.value($0)) }
      return yields(operand).contains { x in
        switch x {
        case .json(.object), .json(.array), .json(.null): return false
        default: break
        }
        let orders = list.compactMap { NaiveFilter.order(x, $0) }
        guard isNegated else { return orders.contains(0) }
        return !orders.contains(0) && (list.isEmpty || !orders.isEmpty)
      }
    case .text(let path, let operation, .string(let pattern), let isNegated):
      return yields(.path(path)).contains { value in
        guard case .json(.string(let text)) = value else { return false }
        return matches(text, operation, String(decoding: pattern, as: UTF8.self)) != isNegated
      }
    case .kind(let path, let kind, let isNegated): return find(path).contains { isKind($0, kind, isNegated) }
    case .exists(let path, let isNegated): return find(path).isEmpty == isNegated
    case .contains(let path, let mode, .values(let values), let isNegated):
      let wanted = values.map { yields(.value($0)) }
      return arrays(path).contains { array in
        let holds = wanted.map { value in
          array.contains { element in
            value.contains { NaiveFilter.order(.json(element), $0) == 0 }
          }
        }
        return (mode == .all ? !holds.contains(false) : holds.contains(true)) != isNegated
      }
    case .quantified(let quantifier, let path, let condition):
      let arrays = arrays(path)
      let answers = arrays.flatMap { $0 }.map { NaiveFilter(record: record, element: $0).isTrue(condition) }
      switch quantifier {
      case .any: return answers.contains(true)
      case .all: return !arrays.isEmpty && !answers.contains(false)
      case .none: return !arrays.isEmpty && !answers.contains(true)
      }
    case .geo(let path, let shape): return candidates(path).contains { NaiveGeo.holds($0, shape) }
    case .member, .text, .contains: return false
    }
  }

  // MARK: Paths

  func find(_ path: FilterPath) -> [NaiveValue] {
    var found: [JSONValue]
    switch path.root {
    case .metadata: found = [record.metadata]
    case .element: found = element.map { [$0] } ?? []
    case .id: return [record.id]
    case .created: return [.instant(record.created)]
    case .updated: return [.instant(record.updated)]
    }
    for step in path.steps {
      found = found.flatMap { value -> [JSONValue] in
        switch (step, value) {
        case (.name(let name), .object(let object)):
          return object.members.filter { Array($0.key.utf8) == name }.map(\.value)
        case (.index(let index), .array(let elements)): return index < elements.count ? [elements[index]] : []
        case (.each, .array(let elements)): return elements
        case (_, _): return []
        }
      }
    }
    return found.map { .json($0) }
  }

  func candidates(_ path: FilterPath) -> [NaiveValue] {
    find(path).flatMap { value -> [NaiveValue] in
      if case .json(.array(let elements)) = value { elements.map { .json($0) } } else { [value] }
    }
  }

  func arrays(_ path: FilterPath) -> [[JSONValue]] {
    find(path).compactMap { if case .json(.array(let elements)) = $0 { elements } else { nil } }
  }

  func isBlank(_ operand: FilterOperand) -> Bool {
    switch operand {
    case .value(let value): value == .null
    case .path(let path):
      find(path).isEmpty || find(path).contains { if case .json(.null) = $0 { true } else { false } }
    case .length, .lower: yields(operand).isEmpty
    }
  }

  func yields(_ operand: FilterOperand) -> [NaiveValue] {
    switch operand {
    case .value(.null), .value(.now), .value(.parameter): []
    case .value(.bool(let bool)): [.json(.bool(bool))]
    case .value(.int(let int)): [.json(.int(int))]
    case .value(.double(let double)): [.json(.double(double))]
    case .value(.string(let text)): [.json(.string(String(decoding: text, as: UTF8.self)))]
    case .value(.time(let instant)): [.instant(Double(instant.seconds))]
    case .value(.duration(let duration)): [.json(.double(Double(duration) / 1e9))]
    case .path(let path): candidates(path)
    case .length(let path):
      find(path).compactMap { value in
        switch value {
        case .json(.string(let text)): .json(.int(Int64(text.unicodeScalars.count)))
        case .json(.array(let elements)): .json(.int(Int64(elements.count)))
        case _: nil
        }
      }
    case .lower(let path):
      candidates(path).compactMap { value in
        if case .json(.string(let text)) = value { .json(.string(NaiveFilter.lower(text))) } else { nil }
      }
    }
  }

  static func lower(_ text: String) -> String {
    text.unicodeScalars.map { $0.properties.lowercaseMapping }.joined()
  }

  // MARK: Values

  static func order(_ left: NaiveValue, _ right: NaiveValue) -> Int? {
    switch (left, right) {
    case (.instant(let a), .instant(let b)): return sign(a, b)
    case (.instant(let a), .json(.string(let text))): return instant(text).map { sign(a, $0) }
    case (.json(.string(let text)), .instant(let b)): return instant(text).map { sign($0, b) }
    case (.json(.bool(let a)), .json(.bool(let b))): return sign(a ? 1 : 0, b ? 1 : 0)
    case (.json(.string(let a)), .json(.string(let b))):
      let (x, y) = (Array(a.unicodeScalars.map(\.value)), Array(b.unicodeScalars.map(\.value)))
      return x == y ? 0 : (x.lexicographicallyPrecedes(y) ? -1 : 1)
    case (.json(.int(let a)), .json(.int(let b))): return a == b ? 0 : (a < b ? -1 : 1)
    case (.json(.double(let a)), .json(.double(let b))): return sign(a, b)
    case (.json(.int(let a)), .json(.double(let b))): return mixed(a, b)
    case (.json(.double(let a)), .json(.int(let b))): return -mixed(b, a)
    case _: return nil
    }
  }

  private static func sign(_ a: Double, _ b: Double) -> Int { a == b ? 0 : (a < b ? -1 : 1) }

  private static func mixed(_ a: Int64, _ b: Double) -> Int {
    guard abs(b) < 1e30 else { return b > 0 ? -1 : 1 }
    let floor = b.rounded(.down)
    let (x, y) = (Int128(a), Int128(floor))
    return x != y ? (x < y ? -1 : 1) : (b > floor ? -1 : 0)
  }

  /// Seconds since 1970 of a text that is a time, by Foundation.
  static func instant(_ text: String) -> Double? {
    let text = text.uppercased()
    let isDate = text.utf8.count == 10
    guard text.utf8.allSatisfy({ $0 < 0x80 }), isDate || text.contains("T") else { return nil }
    let style = Date.ISO8601FormatStyle(timeZone: TimeZone(secondsFromGMT: 0) ?? .gmt)
    let parser = isDate ? style.year().month().day() : style
    // Foundation may take the 30th of February for a day in March.
    guard let date = try? parser.parse(text), !isDate || parser.format(date) == text else { return nil }
    return date.timeIntervalSince1970.rounded()
  }

  func isKind(_ value: NaiveValue, _ kind: FilterKind, _ isNegated: Bool) -> Bool {
    if case .json(.null) = value { return kind == .null && !isNegated }
    if kind == .empty {
      switch value {
      case .json(.string(let text)): return text.isEmpty != isNegated
      case .json(.array(let elements)): return elements.isEmpty != isNegated
      case .json(.object(let object)): return object.members.isEmpty != isNegated
      case _: return false
      }
    }
    let holds: Bool
    switch (kind, value) {
    case (.bool, .json(.bool)), (.int, .json(.int)), (.float, .json(.double)), (.number, .json(.int)),
      (.number, .json(.double)), (.string, .json(.string)), (.array, .json(.array)),
      (.object, .json(.object)),
      (.time, .instant):
      holds = true
    case (.time, .json(.string(let text))): holds = NaiveFilter.instant(text) != nil
    case (.geo, let value): holds = NaiveGeo.point(value) != nil
    case _: holds = false
    }
    return holds != isNegated
  }

  // MARK: Texts

  func matches(_ text: String, _ operation: TextOperator, _ pattern: String) -> Bool {
    switch operation {
    case .like: NaiveFilter.like(text.unicodeScalars[...], pattern.unicodeScalars[...])
    case .ilike:
      NaiveFilter.like(
        NaiveFilter.lower(text).unicodeScalars[...], NaiveFilter.lower(pattern).unicodeScalars[...])
    case .startsWith: Array(text.utf8).starts(with: pattern.utf8)
    case .endsWith: Array(text.utf8).reversed().starts(with: pattern.utf8.reversed())
    case .matches:
      (try? NSRegularExpression(pattern: pattern))?
        .firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) != nil
    }
  }

  static func like(_ text: Substring.UnicodeScalarView, _ pattern: Substring.UnicodeScalarView) -> Bool {
    guard let mark = pattern.first else { return text.isEmpty }
    let rest = pattern.dropFirst()
    if mark == "%" { return like(text, rest) || (!text.isEmpty && like(text.dropFirst(), pattern)) }
    guard let first = text.first else { return false }
    if mark == "_" { return like(text.dropFirst(), rest) }
    if mark == "\\", let literal = rest.first {
      return first == literal && like(text.dropFirst(), rest.dropFirst())
    }
    return first == mark && like(text.dropFirst(), rest)
  }
}
