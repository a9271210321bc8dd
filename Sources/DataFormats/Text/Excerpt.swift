/// Pieces of a source for messages.
enum Excerpt {
  /// The first bytes in double quotes; what a terminal should not see is escaped, `…` stands for the rest.
  static func quoted(_ bytes: ArraySlice<UInt8>, limit: Int = 48) -> String {
    var text = "\""
    var shown = 0
    for scalar in String(decoding: bytes.prefix(limit * 4), as: UTF8.self).unicodeScalars {
      guard shown < limit else { break }
      shown += 1
      switch scalar.value {
      case 9: text += "\\t"
      case 10: text += "\\n"
      case 13: text += "\\r"
      case ..<0x20, 0x7F...0x9F:
        text += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      case 0x202A...0x202E, 0x2066...0x2069: text += "\\u" + String(scalar.value, radix: 16)
      default: text.unicodeScalars.append(scalar)
      }
    }
    let isWhole =
      bytes.count <= limit * 4 && String(decoding: bytes, as: UTF8.self).unicodeScalars.count <= limit
    return text + (isWhole ? "\"" : "…\"")
  }

  /// The first bytes of a buffer in double quotes.
  static func quoted(_ bytes: UnsafeRawBufferPointer, limit: Int = 48) -> String {
    unsafe quoted(Array(bytes.prefix(limit * 4 + 1))[...], limit: limit)
  }
}
