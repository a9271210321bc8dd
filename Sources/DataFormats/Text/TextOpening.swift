import FileStorage

/// Makes UTF-8 of a text source, whatever its encoding.
enum TextOpening {
  /// Looks at the first bytes and wraps the source where it is not UTF-8.
  ///
  /// A byte-order mark decides; without one, the option; without that, UTF-8. The mark of UTF-8 stays in place.
  static func open(
    _ source: any ByteSource, _ encoding: ReadOptions.TextEncoding?
  ) throws(FormatError) -> any ByteSource {
    let peeked: PeekedSource
    if let already = source as? PeekedSource {
      peeked = already
    } else {
      do throws(FileError) {
        peeked = try PeekedSource(source)
      } catch { throw FormatError(reading: source.name, error) }
    }
    let head = peeked.head
    if head.starts(with: [0xFF, 0xFE]), encoding != .latin1 {
      return DecodedSource(peeked, .utf16LittleEndian)
    }
    if head.starts(with: [0xFE, 0xFF]), encoding != .latin1 { return DecodedSource(peeked, .utf16BigEndian) }
    switch encoding {
    case .latin1: return DecodedSource(peeked, .latin1)
    case .utf16:
      // Text of the usual kind has a zero in the upper half of its first unit.
      let isBigEndian = head.count >= 2 && head[0] == 0 && head[1] != 0
      return DecodedSource(peeked, isBigEndian ? .utf16BigEndian : .utf16LittleEndian)
    case nil:
      if head.count >= 4, (head[0] == 0) != (head[1] == 0), (head[2] == 0) != (head[3] == 0) {
        throw FormatError(
          .encoding, file: source.name, byteOffset: 0, expected: "UTF-8",
          found: "UTF-16 without a byte-order mark",
          hint: "say so: --encoding utf-16")
      }
      return peeked
    case .utf8: return peeked
    }
  }
}
