/// The `errno` values that the engine tells apart, by their Linux numbers.
///
/// Kept here so that no floor above the file system has to import the C library.
package enum ErrorCode {
  /// `EPERM`.
  package static let notPermitted: Int32 = 1
  /// `ENOENT`.
  package static let noSuchFile: Int32 = 2
  /// `EIO`.
  package static let inputOutput: Int32 = 5
  /// `EACCES`.
  package static let accessDenied: Int32 = 13
  /// `EEXIST`.
  package static let exists: Int32 = 17
  /// `EISDIR`.
  package static let isFolder: Int32 = 21
  /// `EFBIG`.
  package static let fileTooBig: Int32 = 27
  /// `ENOSPC`.
  package static let noSpace: Int32 = 28
  /// `EROFS`.
  package static let readOnlyFileSystem: Int32 = 30
  /// `ELOOP`: of a name that goes through a symbolic link.
  package static let symbolicLink: Int32 = 40
  /// `EDQUOT`.
  package static let quotaExceeded: Int32 = 122

  /// Whether a code says that the disk, a quota or a file is full.
  package static func meansFull(_ code: Int32) -> Bool {
    code == noSpace || code == quotaExceeded || code == fileTooBig
  }
}
