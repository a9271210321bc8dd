import FileStorage

/// Bytes that are appended now and read back later, in memory while they are few and in one temporary file when
/// they are many.
///
/// Not for use by several threads at once.
///
/// The file is removed by `remove()` or when the object goes away.
final class SpillArea {
  private let fileSystem: any FileSystem
  private let name: String
  private let memoryLimit: Int
  /// All bytes while there is no file; afterwards the bytes from `fileEnd` on.
  private var memory: [UInt8] = []
  private var file: OpenFile?
  private var fileEnd: UInt64 = 0

  /// Bytes kept back before a write once the file exists.
  private static let writeSize = 1 << 18

  /// Names the temporary file, which is made when more than `memoryLimit` bytes come together.
  init(fileSystem: any FileSystem, name: String, memoryLimit: Int) {
    self.fileSystem = fileSystem
    self.name = name
    self.memoryLimit = memoryLimit
  }

  deinit { remove() }

  /// Offset that the next appended byte gets.
  var end: UInt64 { fileEnd + UInt64(memory.count) }

  /// Bytes of memory held.
  var memoryInUse: Int { memory.capacity }

  /// Appends bytes and returns where they are.
  func append(_ bytes: UnsafeRawBufferPointer) throws(StorageError) -> SpillPart {
    let offset = end
    if file == nil, memory.count + bytes.count > memoryLimit { try makeFile() }
    if file != nil {
      if memory.count + bytes.count > Self.writeSize { try flush() }
      if bytes.count > Self.writeSize {
        try unsafe write(bytes, at: fileEnd)
        fileEnd += UInt64(bytes.count)
      } else {
        unsafe memory.append(contentsOf: bytes)
      }
    } else {
      unsafe memory.append(contentsOf: bytes)
    }
    return SpillPart(offset: offset, length: UInt64(bytes.count), checksum: unsafe crc32c(bytes))
  }

  /// Sets aside `length` zero bytes to be written by `overwrite`, and returns where.
  func reserve(_ length: UInt64) throws(StorageError) -> UInt64 {
    let offset = end
    if file == nil, length > UInt64(memoryLimit) || memory.count + Int(length) > memoryLimit {
      try makeFile()
    }
    if file != nil {
      try flush()
      fileEnd += length
    } else {
      memory.append(contentsOf: repeatElement(0, count: Int(length)))
    }
    return offset
  }

  /// Writes over bytes that were set aside.
  func overwrite(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StorageError) {
    guard offset >= fileEnd else { return try unsafe write(bytes, at: offset) }
    let start = Int(offset - fileEnd)
    precondition(start + bytes.count <= memory.count)
    unsafe memory.withUnsafeMutableBytes { target in
      unsafe UnsafeMutableRawBufferPointer(rebasing: target[start..<start + bytes.count]).copyMemory(
        from: bytes)
    }
  }

  /// Fills `target` with the bytes at `offset`.
  func read(into target: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) {
    guard target.count > 0 else { return }
    if offset < fileEnd {
      if offset + UInt64(target.count) > fileEnd { try flush() }
      guard let file else { return }
      let count: Int
      do throws(FileError) {
        count = try unsafe file.readFully(into: target, at: offset)
      } catch {
        throw .file(error)
      }
      guard count == target.count else {
        throw damage(at: offset, expected: "\(target.count) bytes", found: "\(count) bytes")
      }
    } else {
      let start = Int(offset - fileEnd)
      precondition(start + target.count <= memory.count)
      unsafe memory.withUnsafeBytes { bytes in
        unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + target.count]))
      }
    }
  }

  /// The error for temporary data that came back different.
  func damage(at offset: UInt64, expected: String, found: String) -> StorageError {
    .corruption(
      CorruptionError(path: name, section: "temporary data", offset: offset, expected: expected, found: found)
    )
  }

  /// Removes the file and frees the memory.
  func remove() {
    memory = []
    fileEnd = 0
    guard let file else { return }
    self.file = nil
    try? file.close()
    try? fileSystem.remove(name)
  }

  private func makeFile() throws(StorageError) {
    do throws(FileError) {
      file = try OpenFile(fileSystem, name, .creating)
    } catch {
      throw .file(error)
    }
    try flush()
  }

  private func flush() throws(StorageError) {
    guard !memory.isEmpty else { return }
    try unsafe memory.withBytes { (bytes) throws(StorageError) in try unsafe write(bytes, at: fileEnd) }
    fileEnd += UInt64(memory.count)
    memory = []
  }

  private func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StorageError) {
    guard let file else { return }
    do throws(FileError) {
      try unsafe file.writeFully(bytes, at: offset)
    } catch {
      throw .file(error)
    }
  }
}

/// Where appended bytes are in a `SpillArea`, and their CRC-32C.
struct SpillPart {
  var offset: UInt64
  var length: UInt64
  var checksum: UInt32

  /// No bytes.
  static let none = SpillPart(offset: 0, length: 0, checksum: 0)
}

/// Reads one part of a `SpillArea` from front to back and checks it against its checksum at the end.
struct SpillCursor {
  private let area: SpillArea
  private let part: SpillPart
  private var consumed: UInt64 = 0
  private var checksum: UInt32 = 0

  /// Stands at the front of `part`.
  init(_ area: SpillArea, _ part: SpillPart) {
    self.area = area
    self.part = part
  }

  /// Bytes not read yet.
  var remaining: UInt64 { part.length - consumed }

  /// Fills `target` with the next bytes; there must be as many.
  mutating func read(into target: UnsafeMutableRawBufferPointer) throws(StorageError) {
    guard target.count > 0 else { return }
    guard UInt64(target.count) <= remaining else {
      throw area.damage(
        at: part.offset + consumed, expected: "\(target.count) bytes", found: "\(remaining) bytes")
    }
    try unsafe area.read(into: target, at: part.offset + consumed)
    checksum = unsafe crc32c(UnsafeRawBufferPointer(target), seed: checksum)
    consumed += UInt64(target.count)
    if remaining == 0, checksum != part.checksum {
      throw area.damage(
        at: part.offset, expected: "CRC-32C \(String(part.checksum, radix: 16))",
        found: "CRC-32C \(String(checksum, radix: 16))")
    }
  }

  /// Fills the first `count` elements of `target`, which must have as many, with the next numbers.
  mutating func read<Number: FixedWidthInteger & BitwiseCopyable>(
    _ count: Int, into target: inout [Number]
  ) throws(StorageError) {
    precondition(count <= target.count)
    var failure: StorageError?
    unsafe target.withUnsafeMutableBytes { bytes in
      do throws(StorageError) {
        try unsafe read(
          into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<(count * MemoryLayout<Number>.stride)]))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }
}

extension Array where Element: FixedWidthInteger & BitwiseCopyable {
  /// Appends all elements to a spill area.
  func spill(to area: SpillArea) throws(StorageError) -> SpillPart {
    var part = SpillPart.none
    var failure: StorageError?
    unsafe withUnsafeBytes { bytes in
      do throws(StorageError) { part = try unsafe area.append(bytes) } catch { failure = error }
    }
    if let failure { throw failure }
    return part
  }
}
