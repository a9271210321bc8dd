/// Reads rows of whole numbers from .ivecs, such as the neighbours of each query; every number as it stands.
///
/// Used by one thread at a time.
package final class IntegerRowsReader {
  private let source: any ByteSource
  private var row: UInt64 = 0
  private var offset: UInt64 = 0
  /// The most numbers in a row.
  private static let maximumCount = 1 << 20

  /// Begins to read a source that stands at its start.
  package init(_ source: any ByteSource) { self.source = source }

  /// The next row; nil at the end.
  ///
  /// - Throws: `vecs-dims` for a length below 0 or above 2^20, `truncated-file`, `read-failed`.
  package func next() throws(FormatError) -> [Int32]? {
    let head = try source.bytes(4)
    if head.isEmpty { return nil }
    guard head.count == 4 else { throw truncated(head.count, of: 4) }
    let count = Int32(truncatingIfNeeded: IntegerRowsReader.word(head, 0))
    guard count >= 0, Int(count) <= IntegerRowsReader.maximumCount else {
      throw FormatError(
        .vecsDimension, file: source.name, record: row + 1, byteOffset: offset,
        expected: "a length from 0 to \(IntegerRowsReader.maximumCount)", found: "\(count)")
    }
    let body = try source.bytes(Int(count) * 4)
    guard body.count == Int(count) * 4 else { throw truncated(4 + body.count, of: 4 + Int(count) * 4) }
    row += 1
    offset += UInt64(4 + body.count)
    return (0..<Int(count)).map { Int32(truncatingIfNeeded: IntegerRowsReader.word(body, $0 * 4)) }
  }

  private static func word(_ bytes: [UInt8], _ place: Int) -> UInt32 {
    bytes[place..<place + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
  }

  private func truncated(_ found: Int, of wanted: Int) -> FormatError {
    FormatError(
      .truncatedFile, file: source.name, record: row + 1, byteOffset: offset,
      expected: "a row of \(wanted) bytes", found: "\(found)", hint: "the file is cut off")
  }
}
