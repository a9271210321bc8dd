/// Texts as canonical JSON spells them.
enum CanonicalText {
  /// Appends UTF-8 bytes as a JSON string with the fewest escapes.
  static func append(_ text: [UInt8], to bytes: inout [UInt8]) {
    unsafe text.withUnsafeBytes { unsafe append($0, to: &bytes) }
  }

  /// Appends UTF-8 bytes as a JSON string with the fewest escapes.
  static func append(_ text: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    var start = 0
    for index in 0..<text.count {
      let byte = unsafe text[index]
      guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
      unsafe bytes.append(contentsOf: text[start..<index])
      start = index + 1
      bytes.append(UInt8(ascii: "\\"))
      switch byte {
      case 8: bytes.append(UInt8(ascii: "b"))
      case 9: bytes.append(UInt8(ascii: "t"))
      case 10: bytes.append(UInt8(ascii: "n"))
      case 12: bytes.append(UInt8(ascii: "f"))
      case 13: bytes.append(UInt8(ascii: "r"))
      case ..<0x20:
        bytes.append(contentsOf: "u00".utf8)
        bytes.append(byte < 16 ? 48 : 49)
        bytes.append(byte & 15 < 10 ? 48 + byte & 15 : 87 + byte & 15)
      default: bytes.append(byte)
      }
    }
    unsafe bytes.append(contentsOf: text[start...])
    bytes.append(UInt8(ascii: "\""))
  }
}
