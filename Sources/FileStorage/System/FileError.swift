/// A failed call to the operating system on one file or folder.
///
/// Pure data: the sentence for people is made in `StorageError+Description.swift`.
package struct FileError: Error, Equatable, Sendable {
  /// What was attempted.
  package enum Operation: String, Sendable, CaseIterable {
    case open, close, read, write, status, truncate, sync, rename, remove, makeFolder, removeFolder, list
    case lock, map, space
  }

  /// What was attempted.
  package let operation: Operation
  /// The file or folder, as the user would name it.
  package let path: String
  /// The `errno` value of the call.
  package let code: Int32

  /// Makes an error from the parts of a failed call.
  package init(_ operation: Operation, _ path: String, _ code: Int32) {
    self.operation = operation
    self.path = path
    self.code = code
  }
}
