/// One temporary file that many growing streams share while a container is written.
///
/// Each stream fills a small buffer and writes it here when it is full, so that memory stays flat whatever the
/// number of rows, with one descriptor for all of them. The file is made when the first buffer overflows. Not
/// for use by several threads at once.
package final class SpillFile {
  private let fileSystem: any FileSystem
  private let name: String
  private var file: OpenFile?
  private var end: UInt64 = 0

  /// The most bytes that one extent holds.
  static let maximumExtent = 1 << 20

  /// Names the temporary file; nothing is made yet.
  package init(fileSystem: any FileSystem, name: String) {
    self.fileSystem = fileSystem
    self.name = name
  }

  deinit { remove() }

  /// Bytes written so far.
  package var byteCount: UInt64 { end }

  /// A new empty stream whose buffer holds up to `bufferSize` bytes.
  package func stream(bufferSize: Int = 65536) -> SpillStream {
    SpillStream(file: self, bufferSize: min(max(bufferSize, 16), Self.maximumExtent))
  }

  /// Closes and removes the file.
  ///
  /// Streams that have overflowed cannot be read any more.
  package func remove() {
    guard let file else { return }
    self.file = nil
    try? file.close()
    try? fileSystem.remove(name)
  }

  fileprivate func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) -> UInt64 {
    do throws(FileError) {
      let target: OpenFile
      if let file {
        target = file
      } else {
        target = try OpenFile(fileSystem, name, .creating)
        file = target
      }
      try unsafe target.writeFully(bytes, at: end)
    } catch {
      throw .file(error)
    }
    defer { end += UInt64(bytes.count) }
    return end
  }

  fileprivate func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64, checksum: UInt32)
    throws(StorageError)
  {
    guard let file else { throw .file(FileError(.read, name, 9)) }
    let count: Int
    do throws(FileError) {
      count = try unsafe file.readFully(into: buffer, at: offset)
    } catch {
      throw .file(error)
    }
    let found = unsafe crc32c(UnsafeRawBufferPointer(buffer))
    guard count == buffer.count, found == checksum else {
      throw .corruption(
        CorruptionError(
          path: name, section: "temporary data", offset: offset, expected: "CRC-32C \(hexadecimal(checksum))",
          found: count == buffer.count ? "CRC-32C \(hexadecimal(found))" : "\(count) bytes"))
    }
  }
}

/// A growing stream of bytes that keeps a bounded buffer in memory and the rest in a `SpillFile`.
package final class SpillStream {
  private struct Extent {
    let offset: UInt64
    let length: UInt32
    let checksum: UInt32
  }

  private let file: SpillFile
  private let bufferSize: Int
  private var buffer: [UInt8] = []
  private var extents: [Extent] = []
  /// Bytes appended so far.
  package private(set) var byteCount: UInt64 = 0

  fileprivate init(file: SpillFile, bufferSize: Int) {
    self.file = file
    self.bufferSize = bufferSize
  }

  /// Bytes of memory that the stream holds now.
  package var memory: Int { buffer.capacity + extents.capacity * MemoryLayout<Extent>.stride }

  /// Appends bytes.
  package func append(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
    if buffer.count + bytes.count > bufferSize { try flush() }
    if bytes.count >= bufferSize {
      var start = 0
      while start < bytes.count {
        let length = min(SpillFile.maximumExtent, bytes.count - start)
        try unsafe write(UnsafeRawBufferPointer(rebasing: bytes[start..<start + length]))
        start += length
      }
    } else {
      unsafe buffer.append(contentsOf: bytes)
    }
    byteCount += UInt64(bytes.count)
  }

  /// Appends bytes.
  package func append(_ bytes: [UInt8]) throws(StorageError) {
    try unsafe bytes.withBytes { (raw) throws(StorageError) in try unsafe append(raw) }
  }

  /// Appends one little-endian number.
  package func append(_ value: UInt32) throws(StorageError) {
    if buffer.count + 4 > bufferSize { try flush() }
    buffer.appendLittleEndian(value)
    byteCount += 4
  }

  /// Appends one little-endian number.
  package func append(_ value: UInt64) throws(StorageError) {
    if buffer.count + 8 > bufferSize { try flush() }
    buffer.appendLittleEndian(value)
    byteCount += 8
  }

  /// Appends a 64-bit and a 32-bit little-endian number, never split between two pieces.
  package func append(_ first: UInt64, _ second: UInt32) throws(StorageError) {
    if buffer.count + 12 > bufferSize { try flush() }
    buffer.appendLittleEndian(first)
    buffer.appendLittleEndian(second)
    byteCount += 12
  }

  /// Gives all bytes, in order, piece by piece.
  ///
  /// May be called several times, also between appends.
  ///
  /// A piece is what one write held: values of one size appended one at a time are never split when the
  /// buffer's size is a multiple of it.
  package func forEachPiece(_ body: (UnsafeRawBufferPointer) throws(StorageError) -> Void)
    throws(StorageError)
  {
    if !extents.isEmpty {
      let size = extents.reduce(0) { max($0, Int($1.length)) }
      let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
      defer { unsafe scratch.deallocate() }
      for extent in extents {
        let piece = unsafe UnsafeMutableRawBufferPointer(rebasing: scratch[..<Int(extent.length)])
        try unsafe file.read(into: piece, at: extent.offset, checksum: extent.checksum)
        try unsafe body(UnsafeRawBufferPointer(piece))
      }
    }
    if !buffer.isEmpty {
      try unsafe buffer.withBytes { (raw) throws(StorageError) in try unsafe body(raw) }
    }
  }

  /// Forgets all bytes and frees the buffer.
  ///
  /// The space in the file stays taken until the file is removed.
  package func removeAll() {
    buffer = []
    extents = []
    byteCount = 0
  }

  private func flush() throws(StorageError) {
    guard !buffer.isEmpty else { return }
    try unsafe buffer.withBytes { (raw) throws(StorageError) in try unsafe write(raw) }
    buffer.removeAll(keepingCapacity: true)
  }

  private func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
    guard bytes.count > 0 else { return }
    let offset = try unsafe file.write(bytes)
    extents.append(
      Extent(
        offset: offset, length: UInt32(truncatingIfNeeded: bytes.count), checksum: unsafe crc32c(bytes)))
  }
}

extension [UInt8] {
  /// `withUnsafeBytes` with the storage floor's error type.
  package func withBytes(_ body: (UnsafeRawBufferPointer) throws(StorageError) -> Void) throws(StorageError) {
    var failure: StorageError?
    unsafe withUnsafeBytes { raw in
      do throws(StorageError) { try unsafe body(raw) } catch { failure = error }
    }
    if let failure { throw failure }
  }
}

/// Eight hex digits of a checksum, for messages.
func hexadecimal(_ value: UInt32) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 8 - digits.count) + digits
}
