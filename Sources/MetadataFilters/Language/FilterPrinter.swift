import FileStorage

/// Writes the canonical text of an expression: keywords in capitals, one space, the fewest parentheses and quotes.
///
/// `FilterParser` reads it back as an equal expression, as long as lists and AND, OR are not empty.
package enum FilterPrinter {
  /// The text of an expression.
  package static func text(_ expression: FilterExpression) -> String {
    var printer = Printer()
    printer.write(expression, in: .disjunction)
    return String(decoding: printer.bytes, as: UTF8.self)
  }

  /// The text of a path.
  package static func text(_ path: FilterPath) -> String {
    var printer = Printer()
    printer.write(path)
    return String(decoding: printer.bytes, as: UTF8.self)
  }

  /// The text of a value.
  package static func text(_ value: FilterValue) -> String {
    var printer = Printer()
    printer.write(value)
    return String(decoding: printer.bytes, as: UTF8.self)
  }

  /// A number as short as it can be, without `.0`.
  static func number(_ double: Double) -> String {
    var bytes: [UInt8] = []
    DecimalFloat.appendShortest(double, to: &bytes)
    if bytes.suffix(2) == [UInt8(ascii: "."), UInt8(ascii: "0")] { bytes.removeLast(2) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A duration in the largest unit that divides it, otherwise in milliseconds with a fraction.
  package static func duration(_ nanoseconds: Int64) -> String {
    for unit in FilterWord.units where nanoseconds % unit.nanoseconds == 0 && nanoseconds != 0 {
      return "\(nanoseconds / unit.nanoseconds)\(unit.name)"
    }
    let whole = nanoseconds / 1_000_000
    let rest = nanoseconds % 1_000_000
    guard rest != 0 else { return "\(whole)ms" }
    var digits = String(rest)
    digits = String(repeating: "0", count: 6 - digits.utf8.count) + digits
    while digits.hasSuffix("0") { digits.removeLast() }
    return "\(whole).\(digits)ms"
  }

  /// The word or words of a comparison.
  static func word(_ comparison: FilterComparison) -> String {
    switch comparison {
    case .equal: "="
    case .notEqual: "!="
    case .less: "<"
    case .lessOrEqual: "<="
    case .greater: ">"
    case .greaterOrEqual: ">="
    case .distinct: "IS DISTINCT FROM"
    case .notDistinct: "IS NOT DISTINCT FROM"
    }
  }

  /// The word or words of a text predicate.
  static func word(_ operation: TextOperator) -> String {
    switch operation {
    case .like: "LIKE"
    case .ilike: "ILIKE"
    case .matches: "MATCHES"
    case .startsWith: "STARTS WITH"
    case .endsWith: "ENDS WITH"
    }
  }

  /// The word of a kind.
  static func word(_ kind: FilterKind) -> String {
    FilterWord.kinds.first { $0.kind == kind }?.word.uppercased() ?? ""
  }

  /// The word of a quantifier.
  static func word(_ quantifier: Quantifier) -> String {
    switch quantifier {
    case .any: "ANY"
    case .all: "ALL"
    case .none: "NONE"
    }
  }
}

/// Gathers the text.
private struct Printer {
  /// What stands around an expression: how tightly it binds decides about parentheses.
  enum Surroundings: Int {
    case disjunction, conjunction, negation
  }

  var bytes: [UInt8] = []

  mutating func write(_ text: String) { bytes.append(contentsOf: text.utf8) }

  mutating func write(_ expression: FilterExpression, in surroundings: Surroundings) {
    switch expression {
    case .constant(let constant): write(constant ? "TRUE" : "FALSE")
    case .and(let parts):
      write(parts, " AND ", empty: true, inner: .negation, needs: .conjunction, surroundings)
    case .or(let parts):
      write(parts, " OR ", empty: false, inner: .conjunction, needs: .disjunction, surroundings)
    case .not(let inner):
      write("NOT ")
      write(inner, in: .negation)
    case .quantified(let quantifier, let path, let condition):
      write(FilterPrinter.word(quantifier) + "(")
      write(path)
      write(": ")
      write(condition, in: .disjunction)
      write(")")
    case .compare, .between, .member, .text, .kind, .exists, .contains, .geo: writePredicate(expression)
    }
  }

  private mutating func write(
    _ parts: [FilterExpression], _ separator: String, empty: Bool, inner: Surroundings, needs: Surroundings,
    _ surroundings: Surroundings
  ) {
    guard parts.count > 1 else {
      if let part = parts.first { write(part, in: surroundings) } else { write(empty ? "TRUE" : "FALSE") }
      return
    }
    let needsParentheses = surroundings.rawValue > needs.rawValue
    if needsParentheses { write("(") }
    for (index, part) in parts.enumerated() {
      if index > 0 { write(separator) }
      write(part, in: inner)
    }
    if needsParentheses { write(")") }
  }

  private mutating func writePredicate(_ expression: FilterExpression) {
    switch expression {
    case .compare(let left, let comparison, let right):
      write(left)
      write(" " + FilterPrinter.word(comparison) + " ")
      write(right)
    case .between(let operand, let low, let high, let isNegated):
      write(operand)
      write(isNegated ? " NOT BETWEEN " : " BETWEEN ")
      write(low)
      write(" AND ")
      write(high)
    case .member(let operand, let list, let isNegated):
      write(operand)
      write(isNegated ? " NOT IN " : " IN ")
      write(list)
    case .text(let path, let operation, let pattern, let isNegated):
      write(path)
      write((isNegated ? " NOT " : " ") + FilterPrinter.word(operation) + " ")
      write(pattern)
    case .kind(let path, let kind, let isNegated):
      write(path)
      write((isNegated ? " IS NOT " : " IS ") + FilterPrinter.word(kind))
    case .exists(let path, let isNegated):
      if isNegated {
        write(path)
        write(" IS MISSING")
      } else {
        write("EXISTS(")
        write(path)
        write(")")
      }
    case .contains(let path, let mode, let list, let isNegated):
      write(path)
      write(isNegated ? " NOT CONTAINS " : " CONTAINS ")
      if mode == .one, case .values(let values) = list, let value = values.first {
        write(value)
      } else {
        write(mode == .all ? "ALL " : "ANY ")
        write(list)
      }
    case .geo(let path, let shape): write(path, shape)
    case .constant, .and, .or, .not, .quantified: break
    }
  }

  private mutating func write(_ path: FilterPath, _ shape: GeoShape) {
    switch shape {
    case .radius(let center, let metres):
      write("GEO_RADIUS(")
      write(path)
      write([center.latitude, center.longitude, metres])
    case .box(let top, let left, let bottom, let right):
      write("GEO_BBOX(")
      write(path)
      write([top, left, bottom, right])
    case .polygon(let rings):
      write("GEO_POLYGON(")
      write(path)
      write(", '" + WKT.text(rings) + "'")
    }
    write(")")
  }

  private mutating func write(_ numbers: [Double]) {
    for number in numbers { write(", " + FilterPrinter.number(number)) }
  }

  mutating func write(_ operand: FilterOperand) {
    switch operand {
    case .value(let value): write(value)
    case .path(let path): write(path)
    case .length(let path):
      write("LENGTH(")
      write(path)
      write(")")
    case .lower(let path):
      write("LOWER(")
      write(path)
      write(")")
    }
  }

  mutating func write(_ list: FilterList) {
    switch list {
    case .parameter(let name): write(":" + name)
    case .file(let name), .loaded(let name, _):
      write("@")
      write(.string(Array(name.utf8)))
    case .values(let values):
      write("(")
      for (index, value) in values.enumerated() {
        if index > 0 { write(", ") }
        write(value)
      }
      write(")")
    }
  }

  mutating func write(_ value: FilterValue) {
    switch value {
    case .null: write("NULL")
    case .bool(let bool): write(bool ? "TRUE" : "FALSE")
    case .int(let int): write(String(int))
    case .double(let double): DecimalFloat.appendShortest(double, to: &bytes)
    case .string(let text): quote(text, UInt8(ascii: "'"))
    case .time(let instant): write("TS '" + instant.text + "'")
    case .duration(let nanoseconds): write(FilterPrinter.duration(nanoseconds))
    case .now(let offset):
      write("NOW()")
      guard offset != 0 else { return }
      write(offset < 0 ? " - " : " + ")
      write(FilterPrinter.duration(offset == Int64.min ? Int64.max : Int64(offset.magnitude)))
    case .parameter(let name): write(":" + name)
    }
  }

  mutating func write(_ path: FilterPath) {
    switch path.root {
    case .metadata: break
    case .element: write(".")
    case .id: write("$id")
    case .created: write("$created")
    case .updated: write("$updated")
    }
    for (index, step) in path.steps.enumerated() {
      switch step {
      case .name(let name):
        if index > 0 { write(".") }
        if FilterWord.isPlain(name) {
          bytes.append(contentsOf: name)
        } else {
          quote(name, UInt8(ascii: "\""))
        }
      case .index(let number): write("[\(number)]")
      case .each: write("[]")
      }
    }
  }

  private mutating func quote(_ text: [UInt8], _ quote: UInt8) {
    bytes.append(quote)
    for byte in text {
      bytes.append(byte)
      if byte == quote { bytes.append(byte) }
    }
    bytes.append(quote)
  }
}
