import FileStorage
import MetadataFilters

/// Collects small writes for a sink.
struct OutputBuffer {
  let sink: any ByteSink
  /// What has not been written yet; appended to directly.
  var bytes: [UInt8] = []
  private static let size = 1 << 18

  init(_ sink: any ByteSink) {
    self.sink = sink
    bytes.reserveCapacity(OutputBuffer.size + (1 << 16))
  }

  /// Writes what is held when it is enough.
  mutating func flushIfFull() throws(FormatError) {
    if bytes.count >= OutputBuffer.size { try flush() }
  }

  /// Writes what is held.
  mutating func flush() throws(FormatError) {
    guard !bytes.isEmpty else { return }
    do throws(FileError) {
      try sink.write(bytes)
    } catch { throw FormatError(writing: sink.name, error) }
    bytes.removeAll(keepingCapacity: true)
  }
}

/// Identifiers as text.
enum IDText {
  /// Appends an identifier as people write it.
  static func append(_ bytes: ArraySlice<UInt8>, type: IDType, to text: inout [UInt8]) {
    switch type {
    case .string: text.append(contentsOf: bytes)
    case .int64:
      let value = Int64(bitPattern: bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
      JSONWriter.appendDecimal(value, to: &text)
    case .uuid: text.append(contentsOf: RecordID(bytes: Array(bytes), type: .uuid).display.utf8)
    }
  }
}
