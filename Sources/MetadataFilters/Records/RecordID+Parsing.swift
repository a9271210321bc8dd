extension RecordID {
  /// Appends the stored bytes of the identifier that `text` spells; `bytes` is unchanged when it throws.
  ///
  /// The rules are those of `parse(text:type:)`. Allocates nothing but the growth of `bytes`.
  package static func append(text: [UInt8], type: IDType, to bytes: inout [UInt8]) throws(IDError) {
    let failure: IDError? = unsafe text.withUnsafeBytes { buffer in
      do throws(IDError) {
        unsafe try append(text: buffer, type: type, to: &bytes)
        return nil
      } catch { return error }
    }
    if let failure { throw failure }
  }

  /// Appends the stored bytes of the identifier that `text` spells; `bytes` is unchanged when it throws.
  ///
  /// `text` is UTF-8, not yet validated, and need be valid for the duration of the call only.
  package static func append(
    text: UnsafeRawBufferPointer, type: IDType, to bytes: inout [UInt8]
  ) throws(IDError) {
    switch type {
    case .string:
      guard text.count > 0 else {
        throw IDError(.empty, expected: "an id of 1 to 1024 bytes", found: "nothing")
      }
      guard text.count <= maximumLength else {
        throw IDError(.tooLong, expected: "an id of 1 to 1024 bytes", found: "\(text.count) bytes")
      }
      // One pass: NUL is refused, anything beyond ASCII asks for a full check.
      var all: UInt8 = 0
      for index in 0..<text.count {
        let byte = unsafe text[index]
        all |= byte
        guard byte != 0 else {
          throw unsafe IDError(.nul, expected: "an id without NUL characters", found: excerpt(text))
        }
      }
      if all >= 0x80, unsafe String(validating: text, as: UTF8.self) == nil {
        throw unsafe IDError(.invalidUTF8, expected: "an id in UTF-8", found: excerpt(text))
      }
      unsafe bytes.append(contentsOf: text)
    case .int64:
      var bits = unsafe try UInt64(bitPattern: parseInt64(text))
      for _ in 0..<8 {
        bytes.append(UInt8(truncatingIfNeeded: bits))
        bits >>= 8
      }
    case .uuid:
      let start = bytes.count
      var digits = 0
      var value: UInt8 = 0
      let hyphens = text.count == 36
      var isValid = text.count == 36 || text.count == 32
      for index in text.indices where isValid {
        let byte = unsafe text[index]
        if hyphens, index == 8 || index == 13 || index == 18 || index == 23 {
          isValid = byte == UInt8(ascii: "-")
          continue
        }
        guard let digit = hexDigit(byte) else {
          isValid = false
          break
        }
        value = (value << 4) | digit
        digits += 1
        if digits % 2 == 0 { bytes.append(value) }
      }
      guard isValid, digits == 32 else {
        bytes.removeSubrange(start...)
        throw unsafe IDError(
          .notUUID, expected: "a UUID such as 123e4567-e89b-12d3-a456-426614174000", found: excerpt(text))
      }
    }
  }

  /// Reads a decimal 64-bit integer without leading zeros or a plus sign.
  package static func parseInt64(_ text: UnsafeRawBufferPointer) throws(IDError) -> Int64 {
    let expected = "a 64-bit integer id"
    var index = 0
    let isNegative = unsafe text.count > 0 && text[0] == UInt8(ascii: "-")
    if isNegative { index = 1 }
    let first = index
    var value: Int64 = 0
    var overflows = false
    while index < text.count {
      let digit = unsafe Int64(text[index]) - 48
      guard digit >= 0, digit <= 9 else {
        throw unsafe IDError(
          isFloatSpelling(text) ? .float : .notInteger, expected: expected, found: excerpt(text))
      }
      // Built downwards from zero, so that the least integer fits too.
      let (tens, carried) = value.multipliedReportingOverflow(by: 10)
      let (next, borrowed) = tens.subtractingReportingOverflow(digit)
      overflows = overflows || carried || borrowed
      value = next
      index += 1
    }
    guard index > first else {
      throw unsafe IDError(text.count == 0 ? .empty : .notInteger, expected: expected, found: excerpt(text))
    }
    if unsafe text[first] == UInt8(ascii: "0"), text.count > 1 {
      throw unsafe IDError(
        .notInteger, expected: "a 64-bit integer id without leading zeros", found: excerpt(text))
    }
    if !isNegative {
      let (positive, negated) = Int64(0).subtractingReportingOverflow(value)
      overflows = overflows || negated
      value = positive
    }
    guard !overflows else {
      throw unsafe IDError(
        .range, expected: "an id from -9223372036854775808 to 9223372036854775807", found: excerpt(text))
    }
    return value
  }

  /// Whether a text looks like a number with a fraction or an exponent, as `1.0` and `1E+05` do.
  package static func isFloatSpelling(_ text: UnsafeRawBufferPointer) -> Bool {
    var digits = 0
    var marks = 0
    for index in 0..<text.count {
      let byte = unsafe text[index]
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digits += 1
      case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
        guard digits > 0 || byte == UInt8(ascii: ".") else { return false }
        marks += 1
      case UInt8(ascii: "-"), UInt8(ascii: "+"):
        guard unsafe index == 0 || text[index - 1] | 0x20 == UInt8(ascii: "e") else { return false }
      default: return false
      }
    }
    return digits > 0 && marks > 0 && marks <= 2
  }

  /// Orders the stored bytes of two identifiers of one type: negative, zero or positive.
  package static func compare(
    _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer, type: IDType
  ) -> Int {
    if type == .int64, left.count == 8, right.count == 8 {
      let a = unsafe Int64(littleEndian: left.loadUnaligned(as: Int64.self))
      let b = unsafe Int64(littleEndian: right.loadUnaligned(as: Int64.self))
      return a < b ? -1 : (a > b ? 1 : 0)
    }
    for index in 0..<Swift.min(left.count, right.count) {
      let a = unsafe left[index]
      let b = unsafe right[index]
      if a != b { return a < b ? -1 : 1 }
    }
    return left.count - right.count
  }

  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  private static func excerpt(_ text: UnsafeRawBufferPointer) -> String {
    let part = unsafe String(decoding: text.prefix(48), as: UTF8.self)
    return "\"\(part)\(text.count > 48 ? "…" : "")\""
  }
}
