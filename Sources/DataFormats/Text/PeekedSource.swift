package import FileStorage

/// A source whose first bytes were looked at and are still delivered.
///
/// `Sendable`: one reader uses it at a time.
package final class PeekedSource: ByteSource, @unchecked Sendable {
  private let source: any ByteSource
  /// The first bytes: `headSize` of them, fewer only when the source has fewer.
  package let head: [UInt8]
  private var position = 0

  /// How many bytes are looked at.
  package static let headSize = 4096

  /// Reads the first bytes of `source`.
  package init(_ source: any ByteSource) throws(FileError) {
    self.source = source
    var bytes = [UInt8](repeating: 0, count: PeekedSource.headSize)
    let count = try unsafe bytes.withUnsafeMutableBufferPointer { (all) throws(FileError) -> Int in
      try unsafe source.readFully(into: UnsafeMutableRawBufferPointer(all))
    }
    bytes.removeSubrange(count...)
    head = bytes
  }

  package var name: String { source.name }
  package var size: UInt64? { source.size }
  package var isSeekable: Bool { source.isSeekable }
  package func checkUnchanged() throws(FileError) { try source.checkUnchanged() }

  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileError) -> Int {
    try unsafe source.read(into: buffer, at: offset)
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
    guard position < head.count else { return try unsafe source.read(into: buffer) }
    let count = min(buffer.count, head.count - position)
    unsafe buffer.copyBytes(from: head[position..<position + count])
    position += count
    return count
  }
}

extension ByteSource {
  /// Reads until `buffer` is full; fewer bytes only at the end.
  package func readFully(into buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
    var filled = 0
    while filled < buffer.count {
      let count = try unsafe read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
      guard count > 0 else { break }
      filled += count
    }
    return filled
  }

  /// Reads at `offset` until `buffer` is full; fewer bytes only at the end.
  package func readFully(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileError)
    -> Int
  {
    var filled = 0
    while filled < buffer.count {
      let (place, overflow) = offset.addingReportingOverflow(UInt64(filled))
      guard !overflow else { break }
      let count = try unsafe read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]), at: place)
      guard count > 0 else { break }
      filled += count
    }
    return filled
  }
}
