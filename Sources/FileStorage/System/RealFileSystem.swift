import CVectorKernels
import Glibc
import Synchronization

/// The files of one folder on the machine's own file system.
///
/// Every name is resolved below the folder that was opened at the start, with symbolic links refused in every
/// part (`openat2`, or one `openat` a part where the kernel lacks it). Only regular files are opened: a folder
/// gives `EISDIR`, a FIFO, socket or device `ENXIO` without waiting for its other end. A name that is empty,
/// absolute or holds `.`, `..`, an empty part or a zero byte gives `EINVAL`. No descriptor is inherited by
/// child processes. Where the folder lies on a network file system and that was not allowed, whatever would
/// change it gives `EREMOTE`.
package final class RealFileSystem: FileSystem {
  /// The folder's path as the user gave it.
  package let rootPath: String
  /// Whether the folder lies on a file system whose locks and flushes another host may not honour.
  package let isNetworkFileSystem: Bool

  /// The folder itself, open for reading.
  let root: Int32
  /// Permission bits of new files, before the process's mask.
  let fileMode: UInt32
  /// Whether changes are refused because of the file system's kind.
  let refusesChanges: Bool
  /// Whether the kernel is believed to know `openat2`.
  let resolvesInKernel: Atomic<Bool>

  /// Opens the folder, which must exist.
  ///
  /// - Parameters:
  ///   - root: Path of the folder; symbolic links in it are followed, for it is the user's own word.
  ///   - fileMode: Permission bits of new files, before the process's mask. Folders also get the right to be
  ///     searched by whoever may read.
  ///   - allowNetwork: Whether to allow changes on a network file system.
  ///   - resolvesInKernel: Whether to try `openat2`; the other way is for old kernels and for tests.
  /// - Throws: `ENOENT`, `ENOTDIR` or another code of `open`.
  package init(
    root: String, fileMode: UInt32 = 0o666, allowNetwork: Bool = false, resolvesInKernel: Bool = true
  ) throws(FileError) {
    guard !root.utf8.contains(0) else { throw FileError(.open, root, EINVAL) }
    let descriptor = retried {
      unsafe openat(AT_FDCWD, root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }
    guard descriptor >= 0 else { throw FileError(.open, root, errno) }
    self.rootPath = root
    self.root = descriptor
    self.fileMode = fileMode & 0o777
    let isNetwork = NetworkFileSystem.hasMagic(vk_file_system_magic(descriptor))
    self.isNetworkFileSystem = isNetwork
    self.refusesChanges = isNetwork && !allowNetwork
    self.resolvesInKernel = Atomic(resolvesInKernel)
  }

  deinit { _ = Glibc.close(root) }

  /// Makes the folder of a new collection and makes its entry durable.
  ///
  /// - Parameters:
  ///   - path: Path of the new folder; its parent must exist.
  ///   - mode: Exact permission bits, or nil for what the process's mask leaves of 0777.
  /// - Throws: `EEXIST` when anything has that name.
  package static func createRoot(_ path: String, mode: UInt32?) throws(FileError) {
    guard !path.isEmpty, !path.utf8.contains(0) else { throw FileError(.makeFolder, path, EINVAL) }
    guard unsafe mkdir(path, mode ?? 0o777) == 0 else { throw FileError(.makeFolder, path, errno) }
    do throws(FileError) {
      if let mode, unsafe chmod(path, mode) != 0 { throw FileError(.makeFolder, path, errno) }
      try syncFolder(at: PathParts(path).folder)
    } catch {
      _ = unsafe rmdir(path)
      throw error
    }
  }

  /// Makes the entries of a folder anywhere durable.
  static func syncFolder(at path: String) throws(FileError) {
    let folder = retried { unsafe openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard folder >= 0 else { throw FileError(.sync, path, errno) }
    defer { _ = Glibc.close(folder) }
    guard retried({ fsync(folder) }) == 0 else { throw FileError(.sync, path, errno) }
  }

  /// The error of a call on one name, in the words of the user.
  func failure(_ operation: FileError.Operation, _ name: String, _ code: Int32) -> FileError {
    FileError(operation, name.isEmpty ? rootPath : rootPath + "/" + name, code)
  }

  /// Refuses a change on a network file system.
  func checkWritable(_ operation: FileError.Operation, _ name: String) throws(FileError) {
    if refusesChanges { throw failure(operation, name, EREMOTE) }
  }
}

/// Repeats a call for as long as a signal interrupts it.
@inline(__always)
func retried<Result: SignedInteger>(_ call: () -> Result) -> Result {
  while true {
    let result = call()
    if result != -1 || errno != EINTR { return result }
  }
}

/// Like `retried`, and waits for a stream that another process has made non-blocking.
func retriedWhenReady(_ descriptor: Int32, _ events: Int32, _ call: () -> Int) -> Int {
  while true {
    let result = retried(call)
    guard result == -1, errno == EAGAIN else { return result }
    var wait = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    guard retried({ unsafe poll(&wait, 1, -1) }) >= 0 else { return -1 }
  }
}

/// File systems behind which another machine may stand.
package enum NetworkFileSystem {
  /// Whether `magic`, as `statfs` gives it, is one of them.
  ///
  /// FUSE counts: what lies behind it is unknown.
  package static func hasMagic(_ magic: Int64) -> Bool {
    switch magic {
    case 0x6969,  // NFS
      0x517B, 0xFE53_4D42, 0xFF53_4D42,  // SMB, SMB2, CIFS
      0x564C,  // NCP
      0x0102_1997,  // 9P
      0x6573_5546,  // FUSE
      0x00C3_6400,  // Ceph
      0x5346_414F, 0x6B41_4653,  // AFS
      0x7375_7245,  // Coda
      0x0BD0_0BD0,  // Lustre
      0x4750_4653,  // GPFS
      0x0116_1970, 0x7461_636F:  // GFS2, OCFS2
      true
    default: false
    }
  }
}

/// A path cut at its last slash.
struct PathParts {
  /// Everything before the last part; "." when there is nothing.
  let folder: String
  /// The last part, without slashes.
  let name: String

  init(_ path: String) {
    var bytes = Array(path.utf8)
    while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
    guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else {
      folder = "."
      name = String(decoding: bytes, as: UTF8.self)
      return
    }
    name = String(decoding: bytes[(slash + 1)...], as: UTF8.self)
    folder = slash == 0 ? "/" : String(decoding: bytes[..<slash], as: UTF8.self)
  }
}
