/// An open file of one `FileSystem`: a small number that only that file system understands.
package struct FileDescriptor: Hashable, Sendable {
  package let rawValue: Int32
  package init(rawValue: Int32) { self.rawValue = rawValue }
}

/// How a file is opened.
package enum FileAccess: Sendable {
  /// Existing file, reading only.
  case reading
  /// Existing file, reading and writing.
  case updating
  /// New file, reading and writing; fails with `EEXIST` when the name is taken. The mode is `FileSystem.fileMode`.
  case creating
}

/// What the file system says of one name.
package struct FileStatus: Equatable, Sendable {
  package enum Kind: Sendable { case file, folder, symbolicLink, other }
  package let kind: Kind
  /// Bytes, 0 for anything but a file.
  package let size: UInt64
  package init(kind: Kind, size: UInt64) {
    self.kind = kind
    self.size = size
  }
}

/// A byte-range lock's strength.
package enum LockKind: Sendable { case shared, exclusive }

/// Every call that the engine makes on files, in one place, so that tests can replace it.
///
/// An instance is rooted at one collection folder. Names are relative to it, use `/`, and hold no
/// `..`, no empty part and no symbolic link (refused with `ELOOP`). All calls are single system calls in spirit: they may be
/// interrupted in meaning only by an error; short reads and writes are possible and handled by
/// `OpenFile`. `EINTR` is retried inside. Safe to call from several threads.
package protocol FileSystem: AnyObject, Sendable {
  /// The folder's path as the user gave it, for messages.
  var rootPath: String { get }

  func open(_ name: String, _ access: FileAccess) throws(FileError) -> FileDescriptor
  func close(_ descriptor: FileDescriptor, _ name: String) throws(FileError)
  /// Reads at most `buffer.count` bytes at `offset`; 0 at the end.
  func read(
    _ descriptor: FileDescriptor, _ name: String, into buffer: UnsafeMutableRawBufferPointer,
    at offset: UInt64
  )
    throws(FileError) -> Int
  /// Writes at most `bytes.count` bytes at `offset`; returns how many were taken, at least 1.
  func write(_ descriptor: FileDescriptor, _ name: String, _ bytes: UnsafeRawBufferPointer, at offset: UInt64)
    throws(FileError) -> Int
  func size(_ descriptor: FileDescriptor, _ name: String) throws(FileError) -> UInt64
  func truncate(_ descriptor: FileDescriptor, _ name: String, to size: UInt64) throws(FileError)
  /// Flushes data and size (`fdatasync`).
  func syncData(_ descriptor: FileDescriptor, _ name: String) throws(FileError)
  /// Flushes data and all attributes (`fsync`).
  func sync(_ descriptor: FileDescriptor, _ name: String) throws(FileError)
  /// Tells the system to forget cached pages of the file (after a failed flush they are falsely clean).
  func dropCache(_ descriptor: FileDescriptor, _ name: String)
  /// Maps `size` bytes of an immutable file for reading. The mapping outlives the descriptor.
  func map(_ descriptor: FileDescriptor, _ name: String, size: Int) throws(FileError) -> MappedBytes
  /// Tries to take (`kind` given) or give back (nil) the one-byte lock at `offset`; false when another holds it.
  /// Locks belong to the open file and end when it is closed (Linux OFD locks).
  func lock(_ descriptor: FileDescriptor, _ name: String, byte offset: UInt64, _ kind: LockKind?)
    throws(FileError) -> Bool

  /// nil when nothing has that name. Does not follow a symbolic link in the last part.
  func status(_ name: String) throws(FileError) -> FileStatus?
  /// The names in a folder, in no order, without `.` and `..`. "" is the root itself.
  func list(_ folder: String) throws(FileError) -> [String]
  /// Moves a file; fails with `EEXIST` when the new name is taken (`renameat2(RENAME_NOREPLACE)`).
  func rename(_ old: String, to new: String) throws(FileError)
  func remove(_ name: String) throws(FileError)
  func makeFolder(_ name: String) throws(FileError)
  func removeFolder(_ name: String) throws(FileError)
  /// Makes the folder's entries durable (`fsync` of the folder). "" is the root itself.
  func syncFolder(_ name: String) throws(FileError)
  /// Bytes free to an ordinary user on the file system that holds the root.
  func freeSpace() throws(FileError) -> UInt64
  /// Nanoseconds since 1970, by the system clock.
  func now() -> Int64
  /// 64 random bits, for the salt of a log: a simulated file system repeats them.
  func randomBits() -> UInt64
}

/// Bytes of a file that stay readable at one address for as long as this object lives.
///
/// `Sendable`: the bytes are never written. Reading a page of a truncated real file raises SIGBUS; the tool's
/// handler turns that into exit 5 (see `MappedFileTable`). The compiler may let go of a local `MappedBytes` right after
/// its last mention: whoever reads through `bytes` holds it in a stored property or in `withExtendedLifetime`.
@safe package final class MappedBytes: @unchecked Sendable {
  package let bytes: UnsafeRawBufferPointer
  /// Whether the bytes are pages of a file, which may not be in memory yet.
  let arePages: Bool
  private let release: @Sendable (UnsafeRawBufferPointer) -> Void

  /// Takes over `bytes`, and calls `release` once when the last user is gone.
  package init(
    _ bytes: UnsafeRawBufferPointer, arePages: Bool = false,
    release: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
  ) {
    unsafe self.bytes = bytes
    self.arePages = arePages
    unsafe self.release = release
  }

  deinit { unsafe release(bytes) }
}
