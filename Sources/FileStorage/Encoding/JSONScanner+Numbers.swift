/// A JSON number as the engine keeps it.
package enum JSONNumber: Equatable, Sendable {
  /// A number without point and exponent that fits.
  case int(Int64)
  /// A number with point or exponent, rounded to the nearest double.
  case double(Double)
  /// An integer beyond int64, or a number that rounds to infinity or, from something else, to zero.
  case outside
}

/// What `readFloatArray` saw.
package struct JSONFloatArray: Equatable, Sendable {
  /// Numbers in the array, those beyond the target's capacity included.
  package var count = 0
  /// The first number that rounds to infinity; nil when there is none.
  package var firstOverflow: Int?
  /// Whether any number is not zero.
  package var hasNonZero = false
}

extension JSONScanner {
  /// Takes the digits of a number.
  mutating func scanNumber() throws(JSONError) -> ScannedDecimal {
    _ = peek()
    let scanned = unsafe ScannedDecimal(base, from: position, to: count, isStrict: true)
    guard scanned.status == .ok else { throw numberError(scanned) }
    position = scanned.end
    return scanned
  }

  /// Takes a number.
  package mutating func readNumber() throws(JSONError) -> JSONNumber {
    _ = peek()
    let start = position
    let scanned = try scanNumber()
    if scanned.isInteger {
      guard !scanned.isTruncated, scanned.exponent == 0 else { return .outside }
      if scanned.isNegative {
        return scanned.mantissa <= 1 << 63 ? .int(Int64(truncatingIfNeeded: 0 &- scanned.mantissa)) : .outside
      }
      return Int64(exactly: scanned.mantissa).map { .int($0) } ?? .outside
    }
    let value = unsafe DecimalFloat.double(scanned, base, from: start, PowersOfFive.shared.words)
    guard value.isFinite, value != 0 || scanned.mantissa == 0 else { return .outside }
    return .double(value)
  }

  /// Takes a number, or the bytes of one, as the nearest double; infinite when it is too great.
  package mutating func readDouble() throws(JSONError) -> Double {
    _ = peek()
    let start = position
    let scanned = try scanNumber()
    return unsafe DecimalFloat.double(scanned, base, from: start, PowersOfFive.shared.words)
  }

  /// Takes an array of numbers, each rounded to the nearest float, and stores as many as fit.
  ///
  /// Fails with `nanOrInfinity` at such a token and with `wrongType` at any other value that is no number. When it fails,
  /// `index` tells at which element.
  package mutating func readFloatArray(
    into target: UnsafeMutableBufferPointer<Float>, index: inout Int
  ) throws(JSONError) -> JSONFloatArray {
    index = 0
    guard peek() == UInt8(ascii: "[") else { throw unexpectedValue("an array of numbers") }
    position &+= 1
    var result = JSONFloatArray()
    if peek() == UInt8(ascii: "]") {
      position &+= 1
      return result
    }
    let table = unsafe PowersOfFive.shared.words
    let base = unsafe self.base
    let end = count
    let capacity = target.count
    let floats = target.baseAddress
    var place = position
    var stored = 0
    var anyBits: UInt32 = 0
    while true {
      while place < end, unsafe base[place] == 0x20 { place &+= 1 }
      let scanned = unsafe ScannedDecimal(base, from: place, to: end, isStrict: true)
      guard scanned.status == .ok else {
        position = place
        index = stored
        // Other white space than blanks, or no number.
        let byte = peek()
        if position != place, byte == UInt8(ascii: "-") || (byte >= 48 && byte <= 57) {
          place = position
          continue
        }
        throw elementError(scanned)
      }
      let value = unsafe DecimalFloat.float(scanned, base, from: place, table)
      anyBits |= value.bitPattern
      if value.isInfinite, result.firstOverflow == nil { result.firstOverflow = stored }
      if stored < capacity { unsafe floats?[stored] = value }
      stored &+= 1
      place = scanned.end
      var byte: UInt8 = place < end ? unsafe base[place] : 0
      if byte <= 0x20 {
        position = place
        byte = peek()
        place = position
      }
      place &+= 1
      if byte == UInt8(ascii: ",") { continue }
      if byte == UInt8(ascii: "]") { break }
      position = place &- 1
      index = stored
      throw unexpected("',' or ']'")
    }
    position = place
    result.count = stored
    result.hasNonZero = anyBits & 0x7FFF_FFFF != 0
    return result
  }

  /// The error for something in an array of numbers that is none.
  private mutating func elementError(_ scanned: ScannedDecimal) -> JSONError {
    let byte = peek()
    if isSpecialNumber() { return unexpected("a finite number", .nanOrInfinity) }
    if byte == UInt8(ascii: "-") || (byte >= 48 && byte <= 57) {
      return numberError(unsafe ScannedDecimal(base, from: position, to: count, isStrict: true))
    }
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "n"), UInt8(ascii: "t"),
      UInt8(ascii: "f"):
      return unexpected("a number", .wrongType)
    default: return unexpected("a number")
    }
  }

  private mutating func numberError(_ scanned: ScannedDecimal) -> JSONError {
    let start = position
    if isSpecialNumber() { return unexpected("a finite number", .nanOrInfinity) }
    switch scanned.status {
    case .leadingZero:
      return JSONError(
        .invalidSyntax, at: start, expected: "a number without leading zeros", found: excerpt(from: start))
    case .ok, .noDigit:
      position = scanned.end
      return unexpected("a digit")
    }
  }
}
