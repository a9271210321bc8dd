import CommandLineParsing
import DataFormats
import FileStorage
import VectorDatabase

extension CommandFailure {
  /// The failure that an error of the engine means for a command: sentence, hint and exit status.
  package init(_ error: DatabaseError, path: String? = nil) {
    let (status, code) = Self.classify(error)
    self.init(status, code: code, error.description, hint: error.hint, path: path)
  }

  /// The failure that a malformed source of records means for a command.
  package init(_ error: FormatError) {
    if let cause = error.cause {
      self = .system(error.code == .writeFailed ? "cannot write" : "cannot read", error.file, cause.code)
      return
    }
    let status: ExitStatus =
      switch error.code {
      case .idDuplicate: .conflict
      case .unsupportedFormat: .unsupported
      case .options: .usage
      default: .badInput
      }
    self.init(status, code: error.code.rawValue, error.description, hint: error.hint, path: error.file)
  }

  private static func classify(_ error: DatabaseError) -> (ExitStatus, String) {
    switch error {
    case .storage(let storage): classify(storage)
    case .notFound: (.notFound, "not-found")
    case .notACollection: (.notFound, "not-a-collection")
    case .unfinishedCreation: (.notFound, "unfinished-creation")
    case .alreadyExists: (.conflict, "already-exists")
    case .differentSettings: (.conflict, "different-settings")
    case .invalidSetting: (.usage, "invalid-setting")
    case .locked: (.locked, "locked")
    case .networkFileSystem: (.ioError, "network-file-system")
    case .conditionFailed: (.conflict, "condition-failed")
    case .dimensionMismatch: (.badInput, "dims-mismatch")
    case .notFinite: (.badInput, "not-finite")
    case .zeroVector: (.badInput, "zero-vector")
    case .outOfHalfRange: (.badInput, "float-overflow")
    case .vectorMissing: (.badInput, "vector-missing")
    case .duplicateID: (.conflict, "id-duplicate")
    case .idNotFound: (.negative, "id-not-found")
    case .countMismatch: (.conflict, "count-mismatch")
    case .transactionTooLarge: (.noSpace, "transaction-too-large")
    case .quotaExceeded: (.noSpace, "quota")
    case .memoryLimit: (.noSpace, "memory-limit")
    case .foreignFiles: (.conflict, "foreign-files")
    case .cancelled: (.timeout, "cancelled")
    case .purgeIncomplete: (.negative, "purge-incomplete")
    }
  }

  private static func classify(_ error: StorageError) -> (ExitStatus, String) {
    switch error {
    case .file(let file): (status(ofErrno: file.code), status(ofErrno: file.code).name)
    case .corruption: (.corrupt, "corrupt")
    case .unsupported: (.unsupported, "unsupported")
    case .poisoned: (.ioError, "poisoned")
    }
  }
}

/// Runs a call of the engine and turns its error into a command's failure.
func engine<T>(_ body: () throws(DatabaseError) -> T) throws(CommandFailure) -> T {
  do { return try body() } catch { throw CommandFailure(error) }
}

/// Runs a call of a format and turns its error into a command's failure.
func format<T>(_ body: () throws(FormatError) -> T) throws(CommandFailure) -> T {
  do { return try body() } catch { throw CommandFailure(error) }
}
