package import FileStorage

/// A stream of bytes to read records from.
///
/// The caller opens files and standard input.
///
/// Text readers take UTF-8, with or without a byte-order mark: `makeRecordReader` wraps other encodings first.
package protocol ByteSource: AnyObject, Sendable {
  /// The source as the user named it; `-` for the standard input.
  var name: String { get }
  /// Bytes from start to end, nil where that is not known before reading.
  var size: UInt64? { get }
  /// Whether `read(into:at:)` works.
  var isSeekable: Bool { get }
  /// Reads at most `buffer.count` bytes where the last call ended; 0 only at the end.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int
  /// Reads at most `buffer.count` bytes at `offset`; 0 only at the end. Does not move the other call's place.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileError) -> Int
  /// Fails with `ESTALE` when the source is known to have changed since it was opened.
  func checkUnchanged() throws(FileError)
}

extension ByteSource {
  /// A source that nothing is known of counts as unchanged.
  package func checkUnchanged() throws(FileError) {}
}

/// Where records are written to.
///
/// The caller opens files and standard output.
package protocol ByteSink: AnyObject {
  /// The output as the user named it; `-` for the standard output.
  var name: String { get }
  /// Takes all of `bytes`.
  func write(_ bytes: UnsafeRawBufferPointer) throws(FileError)
}

extension ByteSink {
  /// Takes all of `bytes`.
  package func write(_ bytes: [UInt8]) throws(FileError) {
    let failure: FileError? = unsafe bytes.withUnsafeBytes { buffer in
      do throws(FileError) {
        unsafe try write(buffer)
        return nil
      } catch { return error }
    }
    if let failure { throw failure }
  }
}

/// Bytes in memory as a source.
///
/// `Sendable`: one reader uses it at a time; `checkUnchanged` has nothing to check.
package final class MemorySource: ByteSource, @unchecked Sendable {
  package let name: String
  private let bytes: [UInt8]
  private var position = 0
  private let pieceSize: Int

  /// Makes a source of `bytes`; reads return at most `pieceSize` bytes, which tests use to force short reads.
  package init(_ bytes: [UInt8], name: String = "memory", pieceSize: Int = .max) {
    self.name = name
    self.bytes = bytes
    self.pieceSize = max(1, pieceSize)
  }

  package var size: UInt64? { UInt64(bytes.count) }
  package var isSeekable: Bool { true }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
    let count = unsafe copy(from: position, into: buffer)
    position += count
    return count
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileError) -> Int {
    guard let start = Int(exactly: offset) else { return 0 }
    return unsafe copy(from: start, into: buffer)
  }

  private func copy(from start: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    guard start < bytes.count else { return 0 }
    let count = min(buffer.count, min(pieceSize, bytes.count - start))
    unsafe buffer.copyBytes(from: bytes[start..<start + count])
    return count
  }
}

/// Collects output in memory.
package final class MemorySink: ByteSink {
  package let name: String
  /// Everything written so far.
  package private(set) var bytes: [UInt8] = []

  /// Makes an empty sink.
  package init(name: String = "memory") { self.name = name }

  package func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    unsafe self.bytes.append(contentsOf: bytes)
  }
}
