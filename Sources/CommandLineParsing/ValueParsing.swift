/// Turns the text of a value into the value.
package enum ValueParsing {
  /// The value, or why the text is none of this kind.
  static func parse(_ text: String, as option: Option) throws(ValueProblem) -> OptionValue {
    if text.utf8.contains(0) { throw .containsZeroByte }
    switch option.kind {
    case .flag: return .flag(try flag(text))
    case .count: return .count(try flag(text) ? 1 : 0)
    case .text: return .text(text)
    case .path:
      if text.isEmpty { throw .empty }
      return .text(text)
    case .integer(let range, let word):
      if let word, text == word { return .word(word) }
      return .integer(try integer(text, range, word: word))
    case .number(let range): return .number(try number(text, range))
    case .size(let minimum): return .size(try size(text, minimum: minimum))
    case .duration: return .duration(try duration(text))
    case .time:
      guard let nanoseconds = TimeParsing.nanoseconds(text) else { throw .notTime }
      return .time(nanoseconds)
    case .fileMode: return .fileMode(try fileMode(text))
    case .choice(let words):
      guard words.contains(text) else { throw .notChoice(words) }
      return .text(text)
    case .assignment(let words): return try assignment(text, words, option.placeholder)
    }
  }

  /// Flags have a text only in the environment.
  private static func flag(_ text: String) throws(ValueProblem) -> Bool {
    switch text {
    case "1", "true", "yes", "on": return true
    case "0", "false", "no", "off", "": return false
    default: throw .notChoice(["1", "0", "true", "false", "yes", "no", "on", "off"])
    }
  }

  private static func integer(_ text: String, _ range: ClosedRange<Int64>, word: String?) throws(ValueProblem)
    -> Int64
  {
    let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
    guard !digits.isEmpty, digits.allSatisfy(isDigit) else {
      throw .notWholeNumber(lowest: range.lowerBound, highest: range.upperBound, word: word)
    }
    guard let number = Int64(text), range.contains(number) else {
      throw .wholeNumberOutOfRange(lowest: range.lowerBound, highest: range.upperBound)
    }
    return number
  }

  private static func number(_ text: String, _ range: ClosedRange<Double>) throws(ValueProblem) -> Double {
    guard isDecimal(text), let number = Double(text) else { throw .notNumber }
    guard number.isFinite, range.contains(number) else {
      throw .numberOutOfRange(lowest: range.lowerBound, highest: range.upperBound)
    }
    return number
  }

  /// Sign, digits with at most one point, exponent: no words, no hexadecimal, no locale.
  static func isDecimal(_ text: String) -> Bool {
    var bytes = text.utf8[...]
    if let first = bytes.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
      bytes = bytes.dropFirst()
    }
    let whole = bytes.prefix(while: isDigit)
    bytes = bytes.dropFirst(whole.count)
    var digitCount = whole.count
    if bytes.first == UInt8(ascii: ".") {
      let fraction = bytes.dropFirst().prefix(while: isDigit)
      digitCount += fraction.count
      bytes = bytes.dropFirst(fraction.count + 1)
    }
    guard digitCount > 0 else { return false }
    if let mark = bytes.first, mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") {
      bytes = bytes.dropFirst()
      if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
        bytes = bytes.dropFirst()
      }
      guard !bytes.isEmpty else { return false }
      bytes = bytes.drop(while: isDigit)
    }
    return bytes.isEmpty
  }

  static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

  /// A decimal number without sign or exponent, times `unit`, rounded down; nil when it does not fit 64 bits.
  ///
  /// `parts` holds the digits before and after the point.
  private static func scaled(_ whole: Substring.UTF8View, _ fraction: Substring.UTF8View, unit: UInt64)
    -> UInt64?
  {
    var total: UInt64 = 0
    for digit in whole {
      let (tenfold, overflow) = total.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tenfold.addingReportingOverflow(UInt64(digit &- UInt8(ascii: "0")))
      if overflow || carry { return nil }
      total = sum
    }
    let (product, overflow) = total.multipliedReportingOverflow(by: unit)
    if overflow { return nil }
    // Digits behind the ninth are far below what a unit can tell apart; they are cut.
    var share: UInt64 = 0
    var scale: UInt64 = 1
    for digit in fraction.prefix(9) {
      share = share * 10 + UInt64(digit &- UInt8(ascii: "0"))
      scale *= 10
    }
    let (high, low) = share.multipliedFullWidth(by: unit)
    let (part, _) = scale.dividingFullWidth((high, low))
    let (sum, carry) = product.addingReportingOverflow(part)
    return carry ? nil : sum
  }

  /// Splits `1.5G` into "1", "5" and "G"; nil when it does not begin with a digit.
  private static func quantity(_ text: String)
    -> (whole: Substring.UTF8View, fraction: Substring.UTF8View, unit: String)?
  {
    let bytes = text.utf8[...]
    let whole = bytes.prefix(while: isDigit)
    guard !whole.isEmpty else { return nil }
    var rest = bytes.dropFirst(whole.count)
    var fraction = rest.prefix(0)
    if rest.first == UInt8(ascii: ".") {
      fraction = rest.dropFirst().prefix(while: isDigit)
      guard !fraction.isEmpty else { return nil }
      rest = rest.dropFirst(fraction.count + 1)
    }
    return (whole, fraction, String(Substring(rest)))
  }

  /// The bytes that a size such as `64K` stands for; nil when it is none.
  package static func bytes(_ text: String) -> UInt64? { try? size(text, minimum: 0) }

  private static func size(_ text: String, minimum: UInt64) throws(ValueProblem) -> UInt64 {
    guard let (whole, fraction, unit) = quantity(text) else { throw .notSize }
    let factor: UInt64
    switch unit.lowercased() {
    case "", "b":
      guard fraction.isEmpty else { throw .notSize }
      factor = 1
    case "k", "kib": factor = 1 << 10
    case "m", "mib": factor = 1 << 20
    case "g", "gib": factor = 1 << 30
    case "t", "tib": factor = 1 << 40
    case "kb": factor = 1000
    case "mb": factor = 1_000_000
    case "gb": factor = 1_000_000_000
    case "tb": factor = 1_000_000_000_000
    default: throw .notSize
    }
    guard let bytes = scaled(whole, fraction, unit: factor), bytes <= UInt64(Int64.max) else {
      throw .sizeTooLarge
    }
    if bytes < minimum { throw .sizeTooSmall(minimum: minimum) }
    return bytes
  }

  private static func duration(_ text: String) throws(ValueProblem) -> Int64 {
    guard let (whole, fraction, unit) = quantity(text) else { throw .notDuration }
    let factor: UInt64
    switch unit {
    case "ns": factor = 1
    case "us": factor = 1_000
    case "ms": factor = 1_000_000
    case "s": factor = 1_000_000_000
    case "m": factor = 60_000_000_000
    case "h": factor = 3_600_000_000_000
    case "d": factor = 86_400_000_000_000
    case "w": factor = 604_800_000_000_000
    case "":
      guard whole.allSatisfy({ $0 == UInt8(ascii: "0") }), fraction.allSatisfy({ $0 == UInt8(ascii: "0") })
      else { throw .durationWithoutUnit }
      factor = 1
    default: throw .notDuration
    }
    guard let value = scaled(whole, fraction, unit: factor), let nanoseconds = Int64(exactly: value) else {
      throw .durationTooLong
    }
    return nanoseconds
  }

  private static func fileMode(_ text: String) throws(ValueProblem) -> UInt32 {
    let digits = text.utf8
    guard digits.count >= 3, digits.count <= 4, let mode = UInt32(text, radix: 8), mode <= 0o777,
      digits.allSatisfy(isDigit)
    else { throw .notFileMode }
    return mode
  }

  private static func assignment(_ text: String, _ words: [String], _ placeholder: String)
    throws(ValueProblem)
    -> OptionValue
  {
    // A word holds no equals sign but a field's name may; any other value may hold one.
    let found = words.isEmpty ? text.firstIndex(of: "=") : text.lastIndex(of: "=")
    guard let equals = found, equals > text.startIndex else {
      throw .notAssignment(placeholder: placeholder)
    }
    let name = String(text[..<equals])
    let value = String(text[text.index(after: equals)...])
    if !words.isEmpty, !words.contains(value) { throw .assignedValueNotChoice(value: value, words) }
    return .assignment(name: name, value: value)
  }

  /// Splits a value at commas that stand outside double quotes; nil when a part is empty.
  static func commaSeparated(_ text: String) -> [String]? {
    var parts: [String] = []
    var part = ""
    var isQuoted = false
    for character in text {
      if character == "\"" { isQuoted.toggle() }
      if character == ",", !isQuoted {
        parts.append(part)
        part = ""
      } else {
        part.append(character)
      }
    }
    parts.append(part)
    return parts.contains("") ? nil : parts
  }
}
