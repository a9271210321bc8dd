#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A file that appears under its name only when it is complete.
///
/// Written beside its name, flushed, renamed, and the folder flushed: after a crash there is the old file or the new one,
/// never a mixture. Existing pipes and devices are written directly.
package final class AtomicFile: OutputDestination {
  private let path: String
  private let folder: String
  private let temporary: String?
  private let replaces: Bool
  private var descriptor: Int32

  /// Begins the file at `path`.
  ///
  /// - Throws: status 7 when the name is taken and `replaces` is false, and the failures of the operating system.
  package init(_ path: String, replaces: Bool) throws(CommandFailure) {
    self.path = path
    self.replaces = replaces
    let slash = path.lastIndex(of: "/")
    let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
    folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    var status = stat()
    if unsafe stat(path, &status) == 0 {
      let kind = status.st_mode & S_IFMT
      if kind == S_IFDIR {
        throw CommandFailure(.badInput, code: "is-folder", "cannot write \(path): it is a folder", path: path)
      }
      if kind != S_IFREG {
        temporary = nil
        descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
        if descriptor < 0 { throw .system("cannot open", path, errno) }
        return
      }
      if !replaces {
        throw CommandFailure(
          .conflict, code: "output-exists", "the output file \(path) exists already",
          hint: "--force replaces it", path: path)
      }
    }
    let hidden = "\(folder == "/" ? "" : folder)/.\(name.prefix(200)).vdb-\(getpid()).tmp"
    temporary = hidden
    descriptor = unsafe open(hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o666)
    if descriptor < 0, errno == EEXIST {
      // Left by a process of the same number that was killed.
      unsafe unlink(hidden)
      descriptor = unsafe open(hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o666)
    }
    if descriptor < 0 { throw .system("cannot create", path, errno) }
  }

  deinit { abandon() }

  package func write(_ bytes: [UInt8]) throws(CommandFailure) {
    try DescriptorDestination.write(bytes, to: descriptor, name: path)
  }

  package func commit() throws(CommandFailure) {
    guard descriptor >= 0 else { return }
    guard let temporary else {
      let result = close(descriptor)
      descriptor = -1
      if result != 0 { throw .system("cannot close", path, errno) }
      return
    }
    if fsync(descriptor) != 0 { throw .system("cannot flush", path, errno) }
    let result = close(descriptor)
    descriptor = -1
    if result != 0 {
      let code = errno
      unsafe unlink(temporary)
      throw .system("cannot close", path, code)
    }
    if let code = publish(temporary) {
      unsafe unlink(temporary)
      throw .system("cannot create", path, code)
    }
    let parent = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if parent < 0 { throw .system("cannot open", folder, errno) }
    let synced = fsync(parent)
    let code = errno
    close(parent)
    if synced != 0, code != EINVAL { throw .system("cannot flush", folder, code) }
  }

  /// Gives the complete file its name; returns the `errno` value of a failure.
  private func publish(_ temporary: String) -> Int32? {
    if !replaces {
      // A link fails when the name has been taken meanwhile; a rename would replace it.
      if unsafe link(temporary, path) == 0 {
        unsafe unlink(temporary)
        return nil
      }
      let fileSystemHasNoLinks = [EPERM, ENOTSUP, EMLINK, ENOSYS].contains(errno)
      if !fileSystemHasNoLinks { return errno }
    }
    return unsafe rename(temporary, path) == 0 ? nil : errno
  }

  package func abandon() {
    guard descriptor >= 0 else { return }
    close(descriptor)
    descriptor = -1
    if let temporary { unsafe unlink(temporary) }
  }
}
