import CVectorKernels
import Glibc

/// A file outside collections that appears whole or not at all.
///
/// Bytes go to a temporary file in the target's folder; `commit` flushes it, gives it the target's name and
/// flushes the folder. Dropped without `commit`, it leaves nothing behind. What is not a regular file
/// (`/dev/stdout`, a FIFO, a device) is written directly. Used by one thread at a time.
package final class AtomicOutputFile {
  /// The target as the user named it.
  package let path: String
  /// Whether bytes go straight to the target, without a temporary file.
  package let isDirect: Bool

  private var descriptor: Int32
  /// The temporary file; nil when direct, and after `commit` or `discard`.
  private var temporaryPath: String?
  /// Where the file goes: `path` with symbolic links followed when it replaces a file.
  private let target: String
  private let replaces: Bool

  /// Begins an output file.
  ///
  /// - Parameters:
  ///   - path: The target. A symbolic link to a file that is replaced stays a link.
  ///   - force: Whether to replace an existing file; its permission bits are kept.
  ///   - mode: Permission bits of a new file, before the process's mask.
  /// - Throws: `EEXIST` when the target exists and `force` is false; `EISDIR` for a folder.
  package init(path: String, force: Bool, mode: UInt32 = 0o666) throws(FileError) {
    guard !path.isEmpty, !path.utf8.contains(0) else { throw FileError(.open, path, ENOENT) }
    self.path = path
    self.replaces = force
    if let stream = Self.standardStream(path) {
      let copy = retried { fcntl(stream, F_DUPFD_CLOEXEC, 3) }
      guard copy >= 0 else { throw FileError(.open, path, errno) }
      (descriptor, target, isDirect) = (copy, path, true)
      return
    }
    var status = stat()
    let exists = unsafe stat(path, &status) == 0
    let kind = status.st_mode & S_IFMT
    if exists, kind == S_IFDIR { throw FileError(.open, path, EISDIR) }
    if exists, kind != S_IFREG {
      let device = retried { unsafe Glibc.open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY) }
      guard device >= 0 else { throw FileError(.open, path, errno) }
      (descriptor, target, isDirect) = (device, path, true)
      return
    }
    if !force, exists || Self.isLink(path) { throw FileError(.open, path, EEXIST) }
    target = exists ? Self.resolved(path) : path
    isDirect = false
    let folder = PathParts(target).folder
    var attempt: UInt64 = 0
    while true {
      let name = Self.temporaryName(attempt)
      let temporary = folder == "/" ? "/" + name : folder + "/" + name
      descriptor = retried {
        unsafe Glibc.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
      }
      if descriptor >= 0 {
        temporaryPath = temporary
        break
      }
      guard errno == EEXIST, attempt < 100 else { throw FileError(.open, path, errno) }
      attempt += 1
    }
    if exists { _ = fchmod(descriptor, status.st_mode & 0o777) }
  }

  deinit { discard() }

  /// Appends all of `bytes`.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    var done = 0
    while done < bytes.count {
      // `done` is below the count, so the rest is inside the buffer.
      let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[done...])
      let count = retriedWhenReady(descriptor, POLLOUT) {
        unsafe Glibc.write(descriptor, rest.baseAddress, min(rest.count, 1 << 30))
      }
      guard count > 0 else { throw FileError(.write, path, count < 0 ? errno : EIO) }
      done += count
    }
  }

  /// Appends all of `bytes`.
  package func write(_ bytes: [UInt8]) throws(FileError) {
    var failure: FileError?
    unsafe bytes.withUnsafeBytes { buffer in
      do throws(FileError) { unsafe try write(buffer) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Makes the file appear under its name, durably.
  ///
  /// Nothing may be written afterwards.
  ///
  /// - Throws: `EEXIST` when the name was taken in the meantime and replacing was not asked for. After any
  ///   error the temporary file is gone; only when flushing the folder failed does the target exist.
  package func commit() throws(FileError) {
    guard descriptor >= 0 else { return }
    defer { discard() }
    guard let temporaryPath else {
      try close()
      return
    }
    guard retried({ fsync(descriptor) }) == 0 else { throw FileError(.sync, path, errno) }
    try close()
    if replaces {
      guard unsafe rename(temporaryPath, target) == 0 else { throw FileError(.rename, path, errno) }
    } else if unsafe vk_rename_without_replacing(AT_FDCWD, temporaryPath, AT_FDCWD, target) != 0 {
      guard errno == ENOSYS || errno == EINVAL else { throw FileError(.rename, path, errno) }
      // A file system without the flag: a second link fails where the name is taken, as wanted.
      guard unsafe link(temporaryPath, target) == 0 else { throw FileError(.rename, path, errno) }
      _ = unsafe unlink(temporaryPath)
    }
    self.temporaryPath = nil
    try RealFileSystem.syncFolder(at: PathParts(target).folder)
  }

  /// Gives the output up and removes the temporary file.
  ///
  /// Does nothing after `commit`.
  package func discard() {
    if descriptor >= 0 { _ = Glibc.close(descriptor) }
    descriptor = -1
    if let temporaryPath { _ = unsafe unlink(temporaryPath) }
    temporaryPath = nil
  }

  private func close() throws(FileError) {
    let result = Glibc.close(descriptor)
    let code = errno
    descriptor = -1
    guard result == 0 || code == EINTR else { throw FileError(.close, path, code) }
  }

  /// The descriptor that a path such as `/dev/stdout` or `/dev/fd/3` names.
  private static func standardStream(_ path: String) -> Int32? {
    switch path {
    case "/dev/stdout": return 1
    case "/dev/stderr": return 2
    default: break
    }
    for folder in ["/dev/fd/", "/proc/self/fd/"] where path.hasPrefix(folder) {
      return Int32(path.dropFirst(folder.count))
    }
    return nil
  }

  private static func isLink(_ path: String) -> Bool {
    var status = stat()
    return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
  }

  private static func resolved(_ path: String) -> String {
    guard let text = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(text) }
    return unsafe String(cString: text)
  }

  private static func temporaryName(_ attempt: UInt64) -> String {
    let number = UInt64.random(in: .min ... .max) &+ attempt
    return ".vdb-\(getpid())-" + String(number, radix: 16) + ".tmp"
  }
}
