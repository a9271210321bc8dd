import CVectorKernels
import Glibc

/// Calls on names and folders.
extension RealFileSystem {
  package func status(_ name: String) throws(FileError) -> FileStatus? {
    if name.isEmpty { return FileStatus(kind: .folder, size: 0) }
    do throws(FileError) {
      let parent = try parent(of: name, .status)
      var status = stat()
      guard unsafe fstatat(parent.descriptor, parent.last, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
        throw failure(.status, name, errno)
      }
      switch status.st_mode & S_IFMT {
      case S_IFREG: return FileStatus(kind: .file, size: UInt64(clamping: status.st_size))
      case S_IFDIR: return FileStatus(kind: .folder, size: 0)
      case S_IFLNK: return FileStatus(kind: .symbolicLink, size: 0)
      default: return FileStatus(kind: .other, size: 0)
      }
    } catch {
      if error.code == ENOENT { return nil }
      throw error
    }
  }

  package func list(_ folder: String) throws(FileError) -> [String] {
    let descriptor = try openFolder(folder, .list)
    guard let stream = unsafe fdopendir(descriptor) else {
      let code = errno
      _ = Glibc.close(descriptor)
      throw failure(.list, folder, code)
    }
    defer { _ = unsafe closedir(stream) }
    let nameOffset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 19
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = unsafe readdir(stream) else {
        guard errno == 0 else { throw failure(.list, folder, errno) }
        return names
      }
      // The kernel ends every name with a zero byte inside its entry.
      let text = unsafe UnsafeRawPointer(entry).advanced(by: nameOffset)
      let name = unsafe String(cString: text.assumingMemoryBound(to: CChar.self))
      if name != "." && name != ".." { names.append(name) }
    }
  }

  package func rename(_ old: String, to new: String) throws(FileError) {
    try checkWritable(.rename, old)
    let from = try parent(of: old, .rename)
    let to = try parent(of: new, .rename)
    if unsafe vk_rename_without_replacing(from.descriptor, from.last, to.descriptor, to.last) == 0 { return }
    let code = errno
    guard code == ENOSYS || code == EINVAL else {
      throw failure(.rename, code == EEXIST ? new : old, code)
    }
    // A file system without the flag: a second link fails where the name is taken, as wanted.
    guard unsafe linkat(from.descriptor, from.last, to.descriptor, to.last, 0) == 0 else {
      // A folder cannot be linked: what was wrong with it is what the rename said.
      throw failure(.rename, errno == EEXIST ? new : old, errno == EPERM ? code : errno)
    }
    guard unsafe unlinkat(from.descriptor, from.last, 0) == 0 else { throw failure(.rename, old, errno) }
  }

  package func remove(_ name: String) throws(FileError) {
    try checkWritable(.remove, name)
    let parent = try parent(of: name, .remove)
    guard unsafe unlinkat(parent.descriptor, parent.last, 0) == 0 else { throw failure(.remove, name, errno) }
  }

  package func makeFolder(_ name: String) throws(FileError) {
    try checkWritable(.makeFolder, name)
    let parent = try parent(of: name, .makeFolder)
    // Whoever may read a file may search its folder.
    let mode = fileMode | (fileMode & 0o444) >> 2
    guard unsafe mkdirat(parent.descriptor, parent.last, mode) == 0 else {
      throw failure(.makeFolder, name, errno)
    }
  }

  package func removeFolder(_ name: String) throws(FileError) {
    try checkWritable(.removeFolder, name)
    let parent = try parent(of: name, .removeFolder)
    guard unsafe unlinkat(parent.descriptor, parent.last, AT_REMOVEDIR) == 0 else {
      throw failure(.removeFolder, name, errno)
    }
  }

  package func syncFolder(_ name: String) throws(FileError) {
    let folder = try openFolder(name, .sync)
    defer { _ = Glibc.close(folder) }
    guard retried({ fsync(folder) }) == 0 else { throw failure(.sync, name, errno) }
  }

  package func freeSpace() throws(FileError) -> UInt64 {
    var status = statvfs()
    guard unsafe fstatvfs(root, &status) == 0 else { throw failure(.space, "", errno) }
    let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
    return overflow ? .max : bytes
  }

  package func now() -> Int64 {
    var time = timespec()
    guard unsafe clock_gettime(CLOCK_REALTIME, &time) == 0 else { return 0 }
    let (seconds, overflow) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? .max : seconds &+ Int64(time.tv_nsec)
  }

  package func randomBits() -> UInt64 { .random(in: .min ... .max) }
}
