import CVectorKernels
import Glibc
import Synchronization

/// How names become descriptors: below the root, and never through a symbolic link.
extension RealFileSystem {
  /// `RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH` of `linux/openat2.h`.
  private static var restrictions: UInt64 { 0x02 | 0x04 | 0x08 }

  /// Whether every part of a name is a plain one.
  package static func isPlain(_ name: String) -> Bool {
    var length = 0
    var dots = 0
    for byte in name.utf8 {
      if byte == 0 { return false }
      if byte == UInt8(ascii: "/") {
        if length == 0 || (length == dots && dots <= 2) { return false }
        length = 0
        dots = 0
        continue
      }
      length += 1
      if byte == UInt8(ascii: ".") { dots += 1 }
    }
    return length > 0 && !(length == dots && dots <= 2)
  }

  /// Opens a name below the root.
  ///
  /// `flags` get `O_CLOEXEC` and `O_NOFOLLOW`. A symbolic link in any part gives `ELOOP`.
  func openBeneath(
    _ operation: FileError.Operation, _ name: String, flags: Int32, mode: UInt32 = 0
  ) throws(FileError) -> Int32 {
    guard Self.isPlain(name) else { throw failure(operation, name, EINVAL) }
    let flags = flags | O_CLOEXEC | O_NOFOLLOW
    if resolvesInKernel.load(ordering: .relaxed) {
      let descriptor = retried {
        unsafe vk_openat2(root, name, UInt64(flags), UInt64(mode), Self.restrictions)
      }
      if descriptor >= 0 { return descriptor }
      switch errno {
      case ENOSYS: resolvesInKernel.store(false, ordering: .relaxed)
      case EPERM: break  // a sandbox that does not know the call says so too; the other way tells which
      case ENOTDIR: throw failure(operation, name, linkOrNoFolder(name))
      case let code: throw failure(operation, name, code)
      }
    }
    return try openPartByPart(operation, name, flags: flags, mode: mode)
  }

  /// Opens a name with one `openat` a part, each of which refuses symbolic links.
  private func openPartByPart(
    _ operation: FileError.Operation, _ name: String, flags: Int32, mode: UInt32
  ) throws(FileError) -> Int32 {
    let parts = name.split(separator: "/")
    var folder = root
    defer { if folder != root { _ = Glibc.close(folder) } }
    for part in parts.dropLast() {
      let next = retried {
        unsafe openat(folder, String(part), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
      }
      guard next >= 0 else {
        throw failure(operation, name, Self.linkOrCode(folder, String(part), errno))
      }
      if folder != root { _ = Glibc.close(folder) }
      folder = next
    }
    let last = String(parts.last ?? "")
    let descriptor = retried { unsafe openat(folder, last, flags, mode) }
    guard descriptor >= 0 else { throw failure(operation, name, Self.linkOrCode(folder, last, errno)) }
    return descriptor
  }

  /// `ELOOP` where the kernel said "not a folder" of a symbolic link, otherwise the code itself.
  private static func linkOrCode(_ folder: Int32, _ part: String, _ code: Int32) -> Int32 {
    guard code == ENOTDIR else { return code }
    var status = stat()
    guard unsafe fstatat(folder, part, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return code }
    return status.st_mode & S_IFMT == S_IFLNK ? ELOOP : code
  }

  /// `ELOOP` when the last part of a name in an honest folder is a symbolic link, otherwise `ENOTDIR`.
  private func linkOrNoFolder(_ name: String) -> Int32 {
    guard let parent = try? parent(of: name, .open) else { return ENOTDIR }
    return Self.linkOrCode(parent.descriptor, parent.last, ENOTDIR)
  }

  /// Opens the folder that holds a name.
  func parent(of name: String, _ operation: FileError.Operation) throws(FileError) -> ParentFolder {
    guard Self.isPlain(name) else { throw failure(operation, name, EINVAL) }
    let parts = PathParts(name)
    guard parts.folder != "." else { return ParentFolder(descriptor: root, isOwned: false, last: parts.name) }
    do throws(FileError) {
      let folder = try openBeneath(operation, parts.folder, flags: O_RDONLY | O_DIRECTORY)
      return ParentFolder(descriptor: folder, isOwned: true, last: parts.name)
    } catch {
      throw failure(operation, name, error.code)
    }
  }

  /// Opens a folder below the root, "" being the root, with a descriptor of its own.
  func openFolder(_ name: String, _ operation: FileError.Operation) throws(FileError) -> Int32 {
    guard name.isEmpty else { return try openBeneath(operation, name, flags: O_RDONLY | O_DIRECTORY) }
    let folder = retried { unsafe openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard folder >= 0 else { throw failure(operation, name, errno) }
    return folder
  }
}

/// The folder that holds a name, closed when done with unless it is the root.
struct ParentFolder: ~Copyable {
  /// The open folder.
  let descriptor: Int32
  /// Whether the descriptor is closed at the end.
  let isOwned: Bool
  /// The name's last part.
  let last: String

  deinit { if isOwned { _ = Glibc.close(descriptor) } }
}
