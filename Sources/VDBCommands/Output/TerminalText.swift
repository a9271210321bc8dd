/// Makes bytes harmless for a terminal: text from a file can move no cursor, set no title, hide no letters.
///
/// Replaced are the controls U+0000-U+001F except line feed and tab, U+007F-U+009F, the bidirectional controls
/// U+202A-U+202E and U+2066-U+2069, and every byte that is no valid UTF-8.
package enum TerminalText {
  /// How a replaced character is written.
  package enum Escape: Sendable {
    /// `\x1b`, `\u202e`: for text and tables.
    case text
    /// `\u001b`, `\u202e`: the escapes of JSON strings, the only places in JSON where such characters can stand.
    case json
  }

  /// Whether nothing in the bytes has to be replaced.
  package static func isHarmless(_ bytes: some Collection<UInt8>) -> Bool {
    bytes.allSatisfy { ($0 >= 0x20 && $0 < 0x7F) || $0 == 0x0A || $0 == 0x09 }
  }

  /// Appends `bytes` to `output`, made harmless.
  ///
  /// Returns how many bytes at the end were kept back because they begin a character that is not complete.
  /// With `isLast` nothing is kept back.
  package static func append(
    _ bytes: [UInt8], to output: inout [UInt8], escape: Escape, isLast: Bool = true
  ) -> Int {
    var position = 0
    while position < bytes.count {
      let byte = bytes[position]
      if byte < 0x80 {
        if (byte >= 0x20 && byte != 0x7F) || byte == 0x0A || byte == 0x09 {
          output.append(byte)
        } else {
          append(UInt32(byte), escape, to: &output)
        }
        position += 1
        continue
      }
      switch decode(bytes, at: position) {
      case .scalar(let value, let length):
        if isHarmful(value) {
          append(value, escape, to: &output)
        } else {
          output.append(contentsOf: bytes[position..<position + length])
        }
        position += length
      case .incomplete where !isLast: return bytes.count - position
      case .incomplete, .invalid:
        append(invalid: byte, escape, to: &output)
        position += 1
      }
    }
    return 0
  }

  /// The text on one line and harmless: line feeds, tabs, carriage returns and backslashes are escaped as in TSV when
  /// `escapesBackslash`, otherwise line feeds and tabs only.
  package static func singleLine(_ text: String, escapesBackslash: Bool = false) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case "\\" where escapesBackslash: result += "\\\\"
      default:
        if (scalar.value < 0x20 || scalar.value == 0x7F) || isHarmful(scalar.value) {
          var bytes: [UInt8] = []
          append(scalar.value, .text, to: &bytes)
          result += String(decoding: bytes, as: UTF8.self)
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result
  }

  /// A field of a line of TSV: tab, line feed, carriage return and backslash as `\t \n \r \\`, all else as it is.
  package static func tsvField(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 == 0x09 || $0 == 0x0A || $0 == 0x0D || $0 == 0x5C }) else {
      return text
    }
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case "\\": result += "\\\\"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func isHarmful(_ value: UInt32) -> Bool {
    (0x7F...0x9F).contains(value) || (0x202A...0x202E).contains(value) || (0x2066...0x2069).contains(value)
  }

  private static func append(_ value: UInt32, _ escape: Escape, to output: inout [UInt8]) {
    let digits = String(value, radix: 16)
    let isShort = escape == .text && value < 0x100
    output.append(contentsOf: isShort ? "\\x".utf8 : "\\u".utf8)
    let width = isShort ? 2 : 4
    for _ in digits.utf8.count..<max(width, digits.utf8.count) { output.append(UInt8(ascii: "0")) }
    output.append(contentsOf: digits.utf8)
  }

  /// JSON has no escape for a byte, so the replacement character stands for it there.
  private static func append(invalid byte: UInt8, _ escape: Escape, to output: inout [UInt8]) {
    switch escape {
    case .text: append(UInt32(byte), .text, to: &output)
    case .json: output.append(contentsOf: [0xEF, 0xBF, 0xBD])
    }
  }

  private enum Decoded {
    case scalar(UInt32, length: Int)
    case incomplete
    case invalid
  }

  /// Decodes the character that begins at a byte of at least 0x80: shortest forms only, no surrogates.
  private static func decode(_ bytes: [UInt8], at position: Int) -> Decoded {
    let first = bytes[position]
    let length: Int
    var value: UInt32
    switch first {
    case 0xC2...0xDF: (length, value) = (2, UInt32(first & 0x1F))
    case 0xE0...0xEF: (length, value) = (3, UInt32(first & 0x0F))
    case 0xF0...0xF4: (length, value) = (4, UInt32(first & 0x07))
    default: return .invalid
    }
    for index in 1..<length {
      guard position + index < bytes.count else { return .incomplete }
      let next = bytes[position + index]
      guard next & 0xC0 == 0x80 else { return .invalid }
      if index == 1 {
        if first == 0xE0, next < 0xA0 { return .invalid }
        if first == 0xED, next > 0x9F { return .invalid }
        if first == 0xF0, next < 0x90 { return .invalid }
        if first == 0xF4, next > 0x8F { return .invalid }
      }
      value = value << 6 | UInt32(next & 0x3F)
    }
    return .scalar(value, length: length)
  }
}
