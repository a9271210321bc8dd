import Glibc

/// A file or stream outside collections, read from the beginning to the end.
///
/// Follows symbolic links and takes FIFOs and devices, for the user named it. Used by one thread at a time.
package final class InputFile {
  /// What tells whether a file was changed while it was read.
  package struct Identity: Equatable, Sendable {
    package let device: UInt64
    package let inode: UInt64
    /// Bytes; 0 for anything but a regular file.
    package let size: UInt64
    /// Nanoseconds since 1970 of the last change of content.
    package let modificationTime: Int64
  }

  /// The path as the user gave it, "-" for standard input.
  package let name: String
  /// The file as it was when it was opened.
  package let identity: Identity
  /// Whether the input is a regular file, so that it has a size and can be read again.
  package let isSeekable: Bool
  /// Bytes of a regular file when it was opened; nil for streams.
  package var size: UInt64? { isSeekable ? identity.size : nil }
  /// Whether a person types the input.
  package var isTerminal: Bool { isatty(descriptor) == 1 }

  private let descriptor: Int32
  private let isOwned: Bool

  /// Opens a file, waiting for the other end of a FIFO.
  ///
  /// - Throws: `ENOENT`, `EACCES`, `EISDIR` for a folder, or another code of `open`.
  package convenience init(path: String) throws(FileError) {
    guard !path.utf8.contains(0) else { throw FileError(.open, path, ENOENT) }
    let descriptor = retried { unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) }
    guard descriptor >= 0 else { throw FileError(.open, path, errno) }
    try self.init(descriptor: descriptor, isOwned: true, name: path)
  }

  /// Standard input, which is not closed at the end.
  package static func standardInput() throws(FileError) -> InputFile {
    try InputFile(descriptor: 0, isOwned: false, name: "-")
  }

  private init(descriptor: Int32, isOwned: Bool, name: String) throws(FileError) {
    self.descriptor = descriptor
    self.isOwned = isOwned
    self.name = name
    var status = stat()
    let code = unsafe fstat(descriptor, &status) == 0 ? 0 : errno
    let kind = status.st_mode & S_IFMT
    isSeekable = kind == S_IFREG
    identity = Identity(status)
    guard code == 0, kind != S_IFDIR else { throw FileError(.open, name, code == 0 ? EISDIR : code) }
    if isSeekable { _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL) }
  }

  deinit { if isOwned { _ = Glibc.close(descriptor) } }

  /// Reads the next bytes; fewer than asked for at any time, 0 only at the end.
  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
    guard unsafe !buffer.isEmpty else { return 0 }
    let count = retriedWhenReady(descriptor, POLLIN) {
      unsafe Glibc.read(descriptor, buffer.baseAddress, min(buffer.count, 1 << 30))
    }
    guard count >= 0 else { throw FileError(.read, name, errno) }
    return count
  }

  /// Goes back to the beginning of a seekable input; `ESPIPE` for a stream.
  package func rewind() throws(FileError) {
    guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw FileError(.read, name, errno) }
  }

  /// Whether a regular file's size or time of change differ from when it was opened; false for streams.
  package func hasChanged() throws(FileError) -> Bool {
    guard isSeekable else { return false }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw FileError(.status, name, errno) }
    return Identity(status) != identity
  }
}

extension InputFile.Identity {
  fileprivate init(_ status: stat) {
    let (seconds, overflow) = Int64(status.st_mtim.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
    self.init(
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino),
      size: status.st_mode & S_IFMT == S_IFREG ? UInt64(clamping: status.st_size) : 0,
      modificationTime: overflow ? .max : seconds &+ Int64(status.st_mtim.tv_nsec))
  }
}
