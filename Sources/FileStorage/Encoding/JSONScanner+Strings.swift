/// A string in a JSON text, as the range between its quotes.
package struct JSONText: Equatable, Sendable {
  /// The first byte behind the opening quote.
  package let start: Int
  /// The closing quote.
  package let end: Int
  /// Whether the range holds backslashes; without, its bytes are the string.
  package let hasEscapes: Bool

  init(start: Int, end: Int, hasEscapes: Bool) {
    self.start = start
    self.end = end
    self.hasEscapes = hasEscapes
  }

  /// Makes a range of the text that is known to hold no escapes, such as a number.
  ///
  /// Precondition: the range lies in the scanner's text.
  package init(from start: Int, to end: Int) {
    precondition(start >= 0 && start <= end, "a range must not end before it begins")
    self.init(start: start, end: end, hasEscapes: false)
  }
}

extension JSONScanner {
  /// Takes a string: checks its escapes, its control characters and its UTF-8.
  package mutating func readString() throws(JSONError) -> JSONText {
    guard peek() == UInt8(ascii: "\"") else { throw unexpectedValue("a string") }
    let start = position &+ 1
    var place = start
    var hasEscapes = false
    while true {
      while count &- place >= 8 {
        let word = unsafe UInt64(littleEndian: UnsafeRawPointer(base + place).loadUnaligned(as: UInt64.self))
        let marks = JSONScanner.interestingBytes(word)
        if marks != 0 {
          place &+= marks.trailingZeroBitCount >> 3
          break
        }
        place &+= 8
      }
      guard place < count else {
        position = count
        throw unexpected("the closing quote of a string")
      }
      let byte = unsafe base[place]
      if byte == UInt8(ascii: "\"") {
        position = place &+ 1
        return JSONText(start: start, end: place, hasEscapes: hasEscapes)
      }
      if byte == UInt8(ascii: "\\") {
        hasEscapes = true
        place = try checkEscape(at: place)
      } else if byte < 0x20 {
        position = place
        throw unexpected("an escape such as \\n for a control character", .controlCharacter)
      } else if byte >= 0x80 {
        let length = utf8Length(at: place)
        guard length > 0 else {
          throw JSONError(
            .invalidUTF8, at: place, expected: "UTF-8", found: "byte 0x" + String(byte, radix: 16))
        }
        place &+= length
      } else {
        place &+= 1
      }
    }
  }

  /// Marks the high bit of the first byte that is a quote, a backslash, a control or beyond ASCII.
  ///
  /// Bits above the lowest mark mean nothing.
  @inline(__always)
  private static func interestingBytes(_ word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quote = word ^ 0x2222_2222_2222_2222
    let backslash = word ^ 0x5C5C_5C5C_5C5C_5C5C
    let found =
      ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | ((word &- ones &* 0x20) & ~word)
      | word
    return found & 0x8080_8080_8080_8080
  }

  /// Checks the escape whose backslash is at `place` and returns what follows it.
  @inline(never)
  private func checkEscape(at place: Int) throws(JSONError) -> Int {
    guard place + 1 < count else {
      throw JSONError(.unexpectedEnd, at: count, expected: "an escape", found: "the end of the text")
    }
    switch unsafe base[place + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return place + 2
    case UInt8(ascii: "u"):
      guard let unit = hexUnit(at: place + 2) else {
        throw JSONError(
          .invalidEscape, at: place, expected: "four hexadecimal digits after \\u",
          found: excerpt(from: place))
      }
      guard unit & 0xF800 == 0xD800 else { return place + 6 }
      guard unit < 0xDC00, place + 7 < count, unsafe base[place + 6] == UInt8(ascii: "\\"),
        unsafe base[place + 7] == UInt8(ascii: "u"), let low = hexUnit(at: place + 8), low & 0xFC00 == 0xDC00
      else {
        throw JSONError(
          .loneSurrogate, at: place, expected: "a pair of surrogate escapes such as \\ud83d\\ude00",
          found: "half of a pair: " + excerpt(from: place, limit: 6))
      }
      return place + 12
    default:
      throw JSONError(
        .invalidEscape, at: place, expected: "an escape such as \\n or \\u0000",
        found: excerpt(from: place, limit: 2))
    }
  }

  /// The four hexadecimal digits at `place`; nil when they are none or the text ends.
  private func hexUnit(at place: Int) -> UInt32? {
    guard count - place >= 4 else { return nil }
    var unit: UInt32 = 0
    for index in 0..<4 {
      let byte = unsafe base[place + index]
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: return nil
      }
      unit = unit << 4 | UInt32(digit)
    }
    return unit
  }

  /// Bytes of the character beyond ASCII at `place`; 0 when it is cut off, overlong, a surrogate or beyond Unicode.
  private func utf8Length(at place: Int) -> Int {
    let first = unsafe base[place]
    let length = first >= 0xF0 ? 4 : (first >= 0xE0 ? 3 : 2)
    guard first >= 0xC2, first <= 0xF4, count - place >= length else { return 0 }
    let second = unsafe base[place + 1]
    guard second & 0xC0 == 0x80 else { return 0 }
    switch first {
    case 0xE0 where second < 0xA0, 0xED where second >= 0xA0, 0xF0 where second < 0x90,
      0xF4 where second >= 0x90:
      return 0
    default: break
    }
    for index in 2..<Swift.max(2, length) where unsafe base[place + index] & 0xC0 != 0x80 { return 0 }
    return length
  }

  /// Appends the bytes of a string as they stand in the text, escapes and all.
  package func appendRaw(_ text: JSONText, to bytes: inout [UInt8]) {
    unsafe bytes.append(
      contentsOf: UnsafeBufferPointer(start: base + text.start, count: text.end - text.start))
  }

  /// The bytes of a string as they stand in the text, escapes and all; valid while the text is.
  package func raw(_ text: JSONText) -> UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: base + text.start, count: text.end - text.start)
  }

  /// Appends the UTF-8 bytes that a string means.
  ///
  /// `text` must come from this scanner.
  package func appendUnescaped(_ text: JSONText, to bytes: inout [UInt8]) {
    guard text.hasEscapes else { return appendRaw(text, to: &bytes) }
    var place = text.start
    while place < text.end {
      let byte = unsafe base[place]
      guard byte == UInt8(ascii: "\\") else {
        bytes.append(byte)
        place += 1
        continue
      }
      let escape = unsafe base[place + 1]
      place += 2
      switch escape {
      case UInt8(ascii: "b"): bytes.append(0x08)
      case UInt8(ascii: "f"): bytes.append(0x0C)
      case UInt8(ascii: "n"): bytes.append(0x0A)
      case UInt8(ascii: "r"): bytes.append(0x0D)
      case UInt8(ascii: "t"): bytes.append(0x09)
      case UInt8(ascii: "u"):
        var scalar = hexUnit(at: place) ?? 0xFFFD
        place += 4
        if scalar & 0xFC00 == 0xD800 {
          let low = hexUnit(at: place + 2) ?? 0xDC00
          place += 6
          scalar = 0x10000 + ((scalar & 0x3FF) << 10) + (low & 0x3FF)
        }
        JSONScanner.appendUTF8(scalar, to: &bytes)
      default: bytes.append(escape)
      }
    }
  }

  /// The string itself.
  package func string(_ text: JSONText) -> String {
    if !text.hasEscapes { return unsafe String(decoding: raw(text), as: UTF8.self) }
    var bytes: [UInt8] = []
    appendUnescaped(text, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Whether a string means exactly these UTF-8 bytes.
  package func matches(_ text: JSONText, _ bytes: [UInt8]) -> Bool {
    if text.hasEscapes {
      var unescaped: [UInt8] = []
      appendUnescaped(text, to: &unescaped)
      return unescaped == bytes
    }
    guard text.end - text.start == bytes.count else { return false }
    for index in 0..<bytes.count where unsafe base[text.start + index] != bytes[index] { return false }
    return true
  }

  private static func appendUTF8(_ scalar: UInt32, to bytes: inout [UInt8]) {
    if scalar < 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: scalar))
      return
    }
    if scalar < 0x800 {
      bytes.append(0xC0 | UInt8(truncatingIfNeeded: scalar >> 6))
    } else {
      if scalar < 0x10000 {
        bytes.append(0xE0 | UInt8(truncatingIfNeeded: scalar >> 12))
      } else {
        bytes.append(0xF0 | UInt8(truncatingIfNeeded: scalar >> 18))
        bytes.append(0x80 | UInt8(truncatingIfNeeded: (scalar >> 12) & 0x3F))
      }
      bytes.append(0x80 | UInt8(truncatingIfNeeded: (scalar >> 6) & 0x3F))
    }
    bytes.append(0x80 | UInt8(truncatingIfNeeded: scalar & 0x3F))
  }
}
