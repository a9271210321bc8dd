/// Exact conversion between decimal text and binary floating point.
///
/// Text becomes the nearest `Float` or `Double`, ties to even, without a detour through the wider type. Numbers
/// become the shortest text that reads back as the same value.
package enum DecimalFloat {
  /// How a text was read.
  package enum Status: Equatable, Sendable {
    /// A finite number.
    case ok
    /// A number beyond the greatest finite value; the result is infinite.
    case overflow
    /// A number other than zero that is nearer to zero than to the least positive value; the result is zero.
    case underflow
    /// The text is `NaN`, `nan`, `inf`, `Infinity` or the like; the result is that value.
    case notFinite
    /// The text is no number.
    case invalid
  }

  /// Which spellings count as a number.
  package enum Grammar: Equatable, Sendable {
    /// RFC 8259.
    case json
    /// Also a plus sign, zeros in front, and a point at the start or the end, as tables and numpy print them.
    case lenient
  }

  /// Reads a text that is one number from start to end; no spaces.
  package static func parseFloat(
    _ text: UnsafeRawBufferPointer, grammar: Grammar = .lenient
  ) -> (value: Float, status: Status) {
    guard let address = text.baseAddress else { return (0, .invalid) }
    let base = unsafe address.assumingMemoryBound(to: UInt8.self)
    let scanned = unsafe ScannedDecimal(base, from: 0, to: text.count, isStrict: grammar == .json)
    guard scanned.status == .ok, scanned.end == text.count else {
      guard let special = unsafe specialValue(text) else { return (0, .invalid) }
      return (Float(special), .notFinite)
    }
    let value = unsafe float(scanned, base, from: 0, PowersOfFive.shared.words)
    return (value, status(isInfinite: value.isInfinite, isZero: value == 0, scanned))
  }

  /// Reads a text that is one number from start to end; no spaces.
  package static func parseDouble(
    _ text: UnsafeRawBufferPointer, grammar: Grammar = .lenient
  ) -> (value: Double, status: Status) {
    guard let address = text.baseAddress else { return (0, .invalid) }
    let base = unsafe address.assumingMemoryBound(to: UInt8.self)
    let scanned = unsafe ScannedDecimal(base, from: 0, to: text.count, isStrict: grammar == .json)
    guard scanned.status == .ok, scanned.end == text.count else {
      guard let special = unsafe specialValue(text) else { return (0, .invalid) }
      return (special, .notFinite)
    }
    let value = unsafe double(scanned, base, from: 0, PowersOfFive.shared.words)
    return (value, status(isInfinite: value.isInfinite, isZero: value == 0, scanned))
  }

  /// Reads `bytes[from..<to]` as one number.
  ///
  /// Precondition: the range lies in `bytes`.
  package static func parseFloat(
    _ bytes: [UInt8], from: Int, to: Int, grammar: Grammar = .lenient
  ) -> (value: Float, status: Status) {
    unsafe bytes.withUnsafeBytes { buffer in
      unsafe parseFloat(UnsafeRawBufferPointer(rebasing: buffer[from..<to]), grammar: grammar)
    }
  }

  /// Reads `bytes[from..<to]` as one number.
  ///
  /// Precondition: the range lies in `bytes`.
  package static func parseDouble(
    _ bytes: [UInt8], from: Int, to: Int, grammar: Grammar = .lenient
  ) -> (value: Double, status: Status) {
    unsafe bytes.withUnsafeBytes { buffer in
      unsafe parseDouble(UnsafeRawBufferPointer(rebasing: buffer[from..<to]), grammar: grammar)
    }
  }

  /// Reads the longest number at the start of `text`; `length` is 0 when there is none.
  ///
  /// Meant for numbers in a row: the caller looks at what follows. `NaN` and the like are not numbers here.
  package static func scanFloat(
    _ text: UnsafeRawBufferPointer, grammar: Grammar = .lenient
  ) -> (value: Float, status: Status, length: Int) {
    guard let address = text.baseAddress else { return (0, .invalid, 0) }
    let base = unsafe address.assumingMemoryBound(to: UInt8.self)
    let scanned = unsafe ScannedDecimal(base, from: 0, to: text.count, isStrict: grammar == .json)
    guard scanned.status == .ok else { return (0, .invalid, 0) }
    let value = unsafe float(scanned, base, from: 0, PowersOfFive.shared.words)
    return (value, status(isInfinite: value.isInfinite, isZero: value == 0, scanned), scanned.end)
  }

  /// Appends the shortest decimal text that reads back as `value`, always with `.` or `e`.
  ///
  /// Precondition: `value` is finite.
  package static func appendShortest(_ value: Float, to bytes: inout [UInt8]) {
    precondition(value.isFinite, "only finite numbers have a decimal text")
    var text = value.description
    text.withUTF8 { unsafe bytes.append(contentsOf: $0) }
  }

  /// Appends the shortest decimal text that reads back as `value`, always with `.` or `e`.
  ///
  /// Precondition: `value` is finite.
  package static func appendShortest(_ value: Double, to bytes: inout [UInt8]) {
    precondition(value.isFinite, "only finite numbers have a decimal text")
    var text = value.description
    text.withUTF8 { unsafe bytes.append(contentsOf: $0) }
  }

  /// The value of `NaN`, `Infinity` and their usual spellings, in any case and with a sign; nil for other texts.
  package static func specialValue(_ text: UnsafeRawBufferPointer) -> Double? {
    guard text.count >= 3, text.count <= 9 else { return nil }
    var name = unsafe text.map { $0 >= 65 && $0 <= 90 ? $0 | 0x20 : $0 }
    var isNegative = false
    if name[0] == UInt8(ascii: "-") || name[0] == UInt8(ascii: "+") {
      isNegative = name[0] == UInt8(ascii: "-")
      name.removeFirst()
    }
    switch String(decoding: name, as: UTF8.self) {
    case "nan": return .nan
    case "inf", "infinity": return isNegative ? -.infinity : .infinity
    default: return nil
    }
  }

  private static func status(isInfinite: Bool, isZero: Bool, _ scanned: ScannedDecimal) -> Status {
    if isInfinite { return .overflow }
    return isZero && scanned.mantissa != 0 ? .underflow : .ok
  }
}
