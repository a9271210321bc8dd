package import FileStorage
package import MetadataFilters
package import VectorMath

/// Who is said to hold a lock.
///
/// Advisory: read from `lock.info`, which is never trusted.
package struct LockHolder: Equatable, Sendable {
  package let processID: Int64
  package let command: String
  /// Nanoseconds since 1970.
  package let since: Int64

  package init(processID: Int64, command: String, since: Int64) {
    self.processID = processID
    self.command = command
    self.since = since
  }
}

/// Which lock of a collection was wanted.
package enum LockPurpose: String, Sendable {
  /// Held by every command that changes rows or settings.
  case writing
  /// Held by compaction, index builds and garbage collection.
  case maintenance
  /// Held by a background build of indexes while its process lives.
  case building
}

/// A place in the user's input, for messages.
package struct RowOrigin: Equatable, Sendable {
  /// File name or "standard input"; empty when the record came from the command line.
  package let source: String
  /// 1-based line, 0 when unknown.
  package let line: UInt64
  /// 1-based record number, 0 when unknown.
  package let record: UInt64

  package init(source: String, line: UInt64, record: UInt64) {
    self.source = source
    self.line = line
    self.record = record
  }
}

/// Everything that the engine reports.
///
/// Pure data; `DatabaseError+Description.swift` makes the sentences.
package enum DatabaseError: Error, Equatable, Sendable {
  case storage(StorageError)
  /// Nothing lies at the path.
  case notFound(path: String)
  /// Something lies at the path that is not a collection.
  case notACollection(path: String, reason: String)
  /// `create` was interrupted before its first version.
  case unfinishedCreation(path: String)
  case alreadyExists(path: String)
  /// `create --if-not-exists` on a collection with other settings.
  case differentSettings(path: String, field: String, existing: String, asked: String)
  case invalidSetting(field: String, value: String, expected: String)
  case locked(path: String, purpose: LockPurpose, holder: LockHolder?)
  /// The file system is remote: its locks and flushes cannot be relied on.
  case networkFileSystem(path: String)
  case conditionFailed(what: String, expected: UInt64, found: UInt64)
  case dimensionMismatch(origin: RowOrigin, expected: Int, found: Int)
  /// NaN or infinity in a vector.
  case notFinite(origin: RowOrigin, id: String)
  /// An all-zero vector in a collection measured by cosine.
  case zeroVector(origin: RowOrigin, id: String)
  /// A value too large for a 16-bit float.
  case outOfHalfRange(origin: RowOrigin, id: String)
  /// A number that the collection's element type, one of whole numbers, does not hold; `index` counts from 0.
  case elementNotHeld(origin: RowOrigin, id: String, index: Int, number: Float, type: ElementType)
  case vectorMissing(origin: RowOrigin, id: String)
  /// A record's metadata breaks the collection's schema.
  case schemaViolation(origin: RowOrigin, id: String, SchemaViolation)
  /// Something that is no schema.
  case invalidSchema(SchemaError)
  case duplicateID(id: String, origin: RowOrigin, earlier: RowOrigin?)
  case idNotFound(id: String)
  case countMismatch(expected: UInt64, found: UInt64)
  case transactionTooLarge(bytes: UInt64, limit: UInt64)
  case quotaExceeded(key: String, limit: UInt64, wanted: UInt64)
  case memoryLimit(needed: UInt64, limit: UInt64)
  /// Unknown files in a folder that is about to be deleted.
  case foreignFiles(path: String, names: [String])
  case cancelled
  /// Bytes of removed rows were found after a purge.
  case purgeIncomplete(path: String, detail: String)
}

/// Runs a storage call and lifts its error.
func lifted<T>(_ body: () throws(StorageError) -> T) throws(DatabaseError) -> T {
  do { return try body() } catch { throw .storage(error) }
}

/// Runs a file call and lifts its error.
func liftedFile<T>(_ body: () throws(FileError) -> T) throws(DatabaseError) -> T {
  do { return try body() } catch { throw .storage(.file(error)) }
}
