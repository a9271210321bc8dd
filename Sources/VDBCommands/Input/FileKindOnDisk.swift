#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What lies at a path that a user named; symbolic links are followed.
enum FileKindOnDisk {
  case file, folder, other

  /// Nil when nothing is there, or it cannot be told.
  static func of(_ path: String) -> FileKindOnDisk? {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    default: return .other
    }
  }
}
