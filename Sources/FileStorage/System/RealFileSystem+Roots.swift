import CVectorKernels
import Glibc

/// Calls on the folder of a collection as a whole.
extension RealFileSystem {
  /// The path of a hidden folder beside `path`, such as `.docs.vdb.dropped-<uuid>`.
  package static func hiddenSibling(of path: String, _ purpose: String) -> String {
    let parts = PathParts(withoutTrailingSlashes(path))
    let name = ".\(parts.name).\(purpose)-\(UUID16.random())"
    return parts.folder == "." ? name : parts.folder == "/" ? "/" + name : parts.folder + "/" + name
  }

  /// Gives a folder another name in the same folder, durably.
  ///
  /// - Throws: `EEXIST` or `ENOTEMPTY` when the name is taken by anything but an empty folder.
  package static func moveRoot(_ old: String, to new: String) throws(FileError) {
    let (from, to) = (withoutTrailingSlashes(old), withoutTrailingSlashes(new))
    if unsafe vk_rename_without_replacing(AT_FDCWD, from, AT_FDCWD, to) != 0 {
      let code = errno
      guard code == EEXIST || code == ENOSYS || code == EINVAL else { throw FileError(.rename, old, code) }
      // Without the flag a rename replaces an empty folder and nothing else.
      guard unsafe Glibc.rename(from, to) == 0 else { throw FileError(.rename, new, errno) }
    }
    try syncFolder(at: PathParts(to).folder)
  }

  /// Removes a folder and everything in it, without following symbolic links.
  package static func removeTree(_ path: String) throws(FileError) {
    try removeContents(of: AT_FDCWD, path, shown: path, depth: 0)
    guard unsafe rmdir(path) == 0 else { throw FileError(.removeFolder, path, errno) }
  }

  private static func removeContents(
    of parent: Int32, _ name: String, shown: String, depth: Int
  ) throws(FileError) {
    guard depth < 16 else { throw FileError(.removeFolder, shown, ELOOP) }
    let descriptor = retried { unsafe openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
    guard descriptor >= 0 else { throw FileError(.open, shown, errno) }
    guard let stream = unsafe fdopendir(descriptor) else {
      let code = errno
      _ = Glibc.close(descriptor)
      throw FileError(.list, shown, code)
    }
    defer { _ = unsafe closedir(stream) }
    let nameOffset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 19
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      // The kernel ends every name with a zero byte inside its entry.
      let text = unsafe UnsafeRawPointer(entry).advanced(by: nameOffset)
      let name = unsafe String(cString: text.assumingMemoryBound(to: CChar.self))
      if name != ".", name != ".." { names.append(name) }
    }
    for name in names {
      if unsafe unlinkat(descriptor, name, 0) == 0 { continue }
      let code = errno
      guard code == EISDIR || code == EPERM else { throw FileError(.remove, shown + "/" + name, code) }
      try removeContents(of: descriptor, name, shown: shown + "/" + name, depth: depth + 1)
      guard unsafe unlinkat(descriptor, name, AT_REMOVEDIR) == 0 else {
        throw FileError(.removeFolder, shown + "/" + name, errno)
      }
    }
  }

  /// The path of a folder without `.` and `..`, so that its last part is its name.
  ///
  /// - Throws: `ELOOP` when the last part is a symbolic link: the folder that it names has another name.
  package static func resolvedRoot(_ path: String) throws(FileError) -> String {
    let plain = withoutTrailingSlashes(path)
    var status = stat()
    guard unsafe lstat(plain, &status) == 0 else { throw FileError(.status, path, errno) }
    if status.st_mode & S_IFMT == S_IFLNK { throw FileError(.status, path, ELOOP) }
    guard let resolved = unsafe realpath(plain, nil) else { throw FileError(.status, path, errno) }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  private static func withoutTrailingSlashes(_ path: String) -> String {
    var path = path[...]
    while path.count > 1, path.last == "/" { path = path.dropLast() }
    return String(path)
  }
}
