package import FileStorage
import Glibc
import Synchronization

/// A file system that fails one call, or all from one call on, and passes the others to another.
///
/// A flush of a file that fails does not flush, and its changes are falsely clean afterwards: over a
/// `SimulatedFileSystem` a later flush succeeds without making them durable. A flush of a folder that fails leaves its
/// changes to a later one: file systems keep entries in a journal, or let nobody write any more. A failed `close` closes.
/// `dropCache`, `now` and `randomBits` cannot fail and are not counted.
package final class FaultyFileSystem: FileSystem {
  package var rootPath: String { wrapped.rootPath }

  private let wrapped: any FileSystem
  private let failingAt: Int
  private let code: Int32
  private let sticky: Bool
  private let shortWrite: Bool
  private let calls = Atomic<Int>(0)
  private let record = Mutex<(failed: [String], names: [String])>(([], []))

  /// Wraps a file system.
  ///
  /// - Parameters:
  ///   - wrapped: Where the other calls go.
  ///   - failingAt: Number of the call that fails, the first being 1; 0 for none.
  ///   - code: The error it fails with.
  ///   - sticky: Whether all later calls of the same kind fail too.
  ///   - shortWrite: Whether the call, if it writes, takes half of the bytes instead of failing.
  package init(
    wrapping wrapped: any FileSystem, failingAt: Int, with code: Int32, sticky: Bool = false,
    shortWrite: Bool = false
  ) {
    self.wrapped = wrapped
    self.failingAt = failingAt
    self.code = code
    self.sticky = sticky
    self.shortWrite = shortWrite
  }

  /// How many calls were made.
  package var callCount: Int { calls.load(ordering: .relaxed) }

  /// The calls that failed, as "write wal/0000000000000001.vwal".
  package var failures: [String] { record.withLock { $0.failed } }

  /// Whether a call failed.
  package var hasFailed: Bool { !failures.isEmpty }

  /// Counts a call; true when it is to fail.
  private func fails(_ call: String, _ name: String) -> Bool {
    let number = calls.add(1, ordering: .relaxed).newValue
    guard failingAt > 0, number >= failingAt else { return false }
    return record.withLock { record in
      let isFirst = number == failingAt
      guard isFirst || (sticky && record.names.contains(call)) else { return false }
      if isFirst { record.names.append(call) }
      record.failed.append(call + " " + name)
      return true
    }
  }

  /// Throws when the call is to fail.
  private func count(_ operation: FileError.Operation, _ call: String, _ name: String) throws(FileError) {
    if fails(call, name) { throw failure(operation, name) }
  }

  private func failure(_ operation: FileError.Operation, _ name: String) -> FileError {
    FileError(operation, name.isEmpty ? rootPath : rootPath + "/" + name, code)
  }

  package func open(_ name: String, _ access: FileAccess) throws(FileError) -> FileDescriptor {
    try count(.open, "open", name)
    return try wrapped.open(name, access)
  }

  package func close(_ descriptor: FileDescriptor, _ name: String) throws(FileError) {
    let fails = fails("close", name)
    try wrapped.close(descriptor, name)
    if fails { throw failure(.close, name) }
  }

  package func read(
    _ descriptor: FileDescriptor, _ name: String, into buffer: UnsafeMutableRawBufferPointer,
    at offset: UInt64
  ) throws(FileError) -> Int {
    try count(.read, "read", name)
    return unsafe try wrapped.read(descriptor, name, into: buffer, at: offset)
  }

  package func write(
    _ descriptor: FileDescriptor, _ name: String, _ bytes: UnsafeRawBufferPointer, at offset: UInt64
  ) throws(FileError) -> Int {
    guard fails("write", name) else { return unsafe try wrapped.write(descriptor, name, bytes, at: offset) }
    guard shortWrite, bytes.count > 1 else { throw failure(.write, name) }
    let half = unsafe UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count / 2)])
    return unsafe try wrapped.write(descriptor, name, half, at: offset)
  }

  package func size(_ descriptor: FileDescriptor, _ name: String) throws(FileError) -> UInt64 {
    try count(.status, "size", name)
    return try wrapped.size(descriptor, name)
  }

  package func truncate(_ descriptor: FileDescriptor, _ name: String, to size: UInt64) throws(FileError) {
    try count(.truncate, "truncate", name)
    try wrapped.truncate(descriptor, name, to: size)
  }

  package func syncData(_ descriptor: FileDescriptor, _ name: String) throws(FileError) {
    guard fails("sync", name) else { return try wrapped.syncData(descriptor, name) }
    (wrapped as? SimulatedFileSystem)?.failSync(descriptor, seed: UInt64(failingAt))
    throw failure(.sync, name)
  }

  package func sync(_ descriptor: FileDescriptor, _ name: String) throws(FileError) {
    guard fails("sync", name) else { return try wrapped.sync(descriptor, name) }
    (wrapped as? SimulatedFileSystem)?.failSync(descriptor, seed: UInt64(failingAt))
    throw failure(.sync, name)
  }

  package func dropCache(_ descriptor: FileDescriptor, _ name: String) { wrapped.dropCache(descriptor, name) }

  package func map(_ descriptor: FileDescriptor, _ name: String, size: Int) throws(FileError) -> MappedBytes {
    try count(.map, "map", name)
    return try wrapped.map(descriptor, name, size: size)
  }

  package func lock(
    _ descriptor: FileDescriptor, _ name: String, byte offset: UInt64, _ kind: LockKind?
  ) throws(FileError) -> Bool {
    try count(.lock, "lock", name)
    return try wrapped.lock(descriptor, name, byte: offset, kind)
  }

  package func status(_ name: String) throws(FileError) -> FileStatus? {
    try count(.status, "status", name)
    return try wrapped.status(name)
  }

  package func list(_ folder: String) throws(FileError) -> [String] {
    try count(.list, "list", folder)
    return try wrapped.list(folder)
  }

  package func rename(_ old: String, to new: String) throws(FileError) {
    try count(.rename, "rename", old)
    try wrapped.rename(old, to: new)
  }

  package func remove(_ name: String) throws(FileError) {
    try count(.remove, "remove", name)
    try wrapped.remove(name)
  }

  package func makeFolder(_ name: String) throws(FileError) {
    try count(.makeFolder, "makeFolder", name)
    try wrapped.makeFolder(name)
  }

  package func removeFolder(_ name: String) throws(FileError) {
    try count(.removeFolder, "removeFolder", name)
    try wrapped.removeFolder(name)
  }

  package func syncFolder(_ name: String) throws(FileError) {
    try count(.sync, "syncFolder", name)
    try wrapped.syncFolder(name)
  }

  package func freeSpace() throws(FileError) -> UInt64 {
    try count(.space, "freeSpace", "")
    return try wrapped.freeSpace()
  }

  package func now() -> Int64 { wrapped.now() }

  package func randomBits() -> UInt64 { wrapped.randomBits() }
}
