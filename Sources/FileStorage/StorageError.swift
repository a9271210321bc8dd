/// Bytes on disk that are not what was written.
package struct CorruptionError: Error, Equatable, Sendable {
  /// File, relative to the collection's folder or as the user named it.
  package let path: String
  /// Part of the file: a section's four letters, "header", "footer", "record", ...
  package let section: String
  /// Byte offset in the file where the damage begins, when known.
  package let offset: UInt64?
  package let expected: String
  package let found: String

  package init(path: String, section: String, offset: UInt64?, expected: String, found: String) {
    self.path = path
    self.section = section
    self.offset = offset
    self.expected = expected
    self.found = found
  }
}

/// A file that is whole but asks for more than this program knows.
package struct UnsupportedFormat: Error, Equatable, Sendable {
  package enum Reason: Equatable, Sendable {
    /// The format's major number; `newest` is what this program reads.
    case majorVersion(found: UInt16, newest: UInt16)
    /// Feature bits without which the file must not be read.
    case readerFeatures(unknown: UInt64)
    /// Feature bits without which the collection must not be written.
    case writerFeatures(unknown: UInt64)
    /// The version of an index file's layout; `newest` is what this program reads.
    case indexLayout(kind: String, found: UInt32, newest: UInt32)
  }
  package let path: String
  package let reason: Reason
  /// What the file says of the format or program that it needs, such as "format 1.3"; for the message.
  package let writtenBy: String?
  package init(path: String, reason: Reason, writtenBy: String? = nil) {
    self.path = path
    self.reason = reason
    self.writtenBy = writtenBy
  }
}

/// Everything that reading and writing the files of a collection can report.
package enum StorageError: Error, Equatable, Sendable {
  case file(FileError)
  case corruption(CorruptionError)
  case unsupported(UnsupportedFormat)
  /// An earlier flush failed: what is on disk is unknown from `lsn` on, everything below is safe. Nothing more is written.
  case poisoned(path: String, lsn: UInt64)
}
