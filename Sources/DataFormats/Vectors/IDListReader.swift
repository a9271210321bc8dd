package import MetadataFilters

/// Reads a list of identifiers, one a line; blank lines are passed over.
package struct IDListReader {
  private var lines: LineReader
  private let type: IDType
  private let name: String
  /// The line of the identifier that `next` returned last, from 1.
  package var lineNumber: UInt64 { lines.lineNumber }

  /// Begins to read `source`.
  ///
  /// - Throws: `read-failed`, `encoding`.
  package init(_ source: any ByteSource, type: IDType) throws(FormatError) {
    self.type = type
    name = source.name
    lines = LineReader(try TextOpening.open(source, nil), maximumLength: 1 << 16)
  }

  /// The next identifier; nil at the end.
  ///
  /// - Throws: `id-empty` and the other errors of identifiers, `line-too-long`, `read-failed`.
  package mutating func next() throws(FormatError) -> RecordID? {
    while true {
      let (type, name, line, offset) = (type, name, lines.lineNumber + 1, lines.offset)
      let found: RecordID?? = try unsafe lines.next { (text) throws(FormatError) in
        if unsafe text.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { return nil }
        var bytes: [UInt8] = []
        do throws(IDError) {
          unsafe try RecordID.append(text: text, type: type, to: &bytes)
        } catch { throw FormatError(error, file: name, line: line, byteOffset: offset) }
        return RecordID(bytes: bytes, type: type)
      }
      guard let found else { return nil }
      if let id = found { return id }
    }
  }
}
