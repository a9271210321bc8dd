import FileStorage

/// The metadata beside a file of bare vectors: one JSON object a line.
struct CompanionPayload {
  private var reader: LineReader
  private let name: String
  private var taken: UInt64 = 0
  /// Numbers that became text, and the first line where that happened.
  private(set) var warnings = CanonicalWarnings()

  /// Begins to read `source`.
  init(_ source: any ByteSource, options: ReadOptions) throws(FormatError) {
    name = source.name
    reader = LineReader(
      try TextOpening.open(source, options.encoding), maximumLength: options.maximumRecordBytes)
  }

  /// Appends the next object in canonical form; false at the end of the companion. An empty line is `{}`.
  mutating func append(to bytes: inout [UInt8]) throws(FormatError) -> Bool {
    taken += 1
    let (name, line, offset) = (name, reader.lineNumber + 1, reader.offset)
    var found = CanonicalWarnings()
    defer { warnings.numbersKeptAsText += found.numbersKeptAsText }
    let isRead: Void? = try unsafe reader.next { (text) throws(FormatError) in
      guard let first = unsafe text.firstIndex(where: { $0 > 0x20 }) else { return }
      guard unsafe text[first] == UInt8(ascii: "{") else {
        throw unsafe FormatError(
          .payloadNotObject, file: name, line: line, byteOffset: offset, expected: "a JSON object",
          found: Excerpt.quoted(text))
      }
      let start = bytes.count
      do throws(JSONError) {
        try unsafe CanonicalJSON.append(text, to: &bytes, warnings: &found)
      } catch {
        bytes.removeSubrange(start...)
        throw FormatError(error, file: name, line: line, record: nil, base: offset)
      }
    }
    return isRead != nil
  }

  /// Checks that nothing but empty lines follows the object of the last of `count` vectors.
  mutating func checkEnd(count: UInt64) throws(FormatError) {
    var spare: [UInt8] = []
    while try append(to: &spare) {
      if !spare.isEmpty { throw CompanionIDs.mismatch(name, "objects", expected: count, found: "more") }
    }
  }

  /// The error for a companion that has ended before the vectors.
  func ended(rowCount: UInt64?) -> FormatError {
    CompanionIDs.mismatch(name, "objects", expected: rowCount ?? taken, found: "\(taken - 1)")
  }
}
