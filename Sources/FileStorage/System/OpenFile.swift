import Glibc
import Synchronization

/// An open file of any `FileSystem`, closed when the last user is gone.
///
/// Loops over short reads and writes. Safe to use from several threads; `close` must come after all other calls.
package final class OpenFile: Sendable {
  /// Where the file lies.
  package let fileSystem: any FileSystem
  /// The file's name below the file system's root, as it was opened.
  package let name: String
  /// The file system's number for the open file.
  package let descriptor: FileDescriptor
  private let isClosed = Atomic(false)

  /// Opens a file.
  package init(_ fileSystem: any FileSystem, _ name: String, _ access: FileAccess) throws(FileError) {
    self.fileSystem = fileSystem
    self.name = name
    self.descriptor = try fileSystem.open(name, access)
  }

  deinit {
    if !isClosed.load(ordering: .relaxed) { try? fileSystem.close(descriptor, name) }
  }

  /// Closes the file and reports what the system says of it.
  ///
  /// Later calls do nothing.
  package func close() throws(FileError) {
    guard !isClosed.exchange(true, ordering: .relaxed) else { return }
    try fileSystem.close(descriptor, name)
  }

  /// Bytes in the file.
  package func size() throws(FileError) -> UInt64 { try fileSystem.size(descriptor, name) }

  /// Fills `buffer` from `offset` on; returns how many bytes there were, fewer only at the end of the file.
  package func readFully(
    into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
  ) throws(FileError) -> Int {
    var done = 0
    while done < buffer.count {
      let (position, overflow) = offset.addingReportingOverflow(UInt64(done))
      guard !overflow else { return done }
      // `done` is below the count, so the rest is inside the buffer.
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count = unsafe try fileSystem.read(descriptor, name, into: rest, at: position)
      if count <= 0 { break }
      done += min(count, rest.count)
    }
    return done
  }

  /// The `count` bytes from `offset` on; fewer only at the end of the file.
  ///
  /// Asks for no more memory than the file has bytes, whatever `count` says.
  package func readBytes(at offset: UInt64, count: Int) throws(FileError) -> [UInt8] {
    let total = try size()
    guard count > 0, offset < total else { return [] }
    let wanted = Int(min(UInt64(count), total - offset, UInt64(Int.max)))
    var failure: FileError?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
      do throws(FileError) {
        filled = unsafe try readFully(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Writes all of `bytes` at `offset`.
  package func writeFully(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileError) {
    var done = 0
    while done < bytes.count {
      let (position, overflow) = offset.addingReportingOverflow(UInt64(done))
      guard !overflow else { throw failure(.write, EFBIG) }
      // `done` is below the count, so the rest is inside the buffer.
      let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[done...])
      let count = unsafe try fileSystem.write(descriptor, name, rest, at: position)
      guard count > 0 else { throw failure(.write, EIO) }
      done += min(count, rest.count)
    }
  }

  /// Writes all of `bytes` at `offset`.
  package func writeFully(_ bytes: [UInt8], at offset: UInt64) throws(FileError) {
    var failure: FileError?
    unsafe bytes.withUnsafeBytes { buffer in
      do throws(FileError) { unsafe try writeFully(buffer, at: offset) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Cuts or extends (with zeros) the file.
  package func truncate(to size: UInt64) throws(FileError) {
    try fileSystem.truncate(descriptor, name, to: size)
  }

  /// Makes data and size durable.
  package func syncData() throws(FileError) { try fileSystem.syncData(descriptor, name) }

  /// Makes data and all attributes durable; not the file's name in its folder.
  package func sync() throws(FileError) { try fileSystem.sync(descriptor, name) }

  /// Forgets cached pages, so that reads after a failed flush show the medium.
  package func dropCache() { fileSystem.dropCache(descriptor, name) }

  /// Maps the first `size` bytes for reading; `ENODATA` when the file is shorter.
  package func map(size: Int) throws(FileError) -> MappedBytes {
    try fileSystem.map(descriptor, name, size: size)
  }

  /// Tries to take (`kind` given) or give back (nil) a one-byte lock; false when another open file holds it.
  package func lock(byte offset: UInt64, _ kind: LockKind?) throws(FileError) -> Bool {
    try fileSystem.lock(descriptor, name, byte: offset, kind)
  }

  private func failure(_ operation: FileError.Operation, _ code: Int32) -> FileError {
    FileError(operation, fileSystem.rootPath + "/" + name, code)
  }
}
