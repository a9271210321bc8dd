package import DataFormats
package import FileStorage
package import VectorDatabase

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

// Turns the errors of every floor into a sentence, a hint and an exit status. The sentences are those of the floors.

extension CommandFailure {
  /// A failed call on a file.
  package init(_ error: FileError) {
    if error.code == EPIPE {
      self = .brokenPipe
    } else if error.code == EINTR, let signal = Signals.requested {
      self = .interrupted(by: signal)
    } else {
      self.init(
        CommandFailure.status(ofErrno: error.code), code: CommandFailure.name(ofErrno: error.code),
        error.description, hint: error.hint, path: error.path)
    }
  }

  /// Damage, an unknown format, or a failed call.
  package init(_ error: StorageError) {
    switch error {
    case .file(let error): self.init(error)
    case .corruption(let corruption):
      self.init(.corrupt, code: "corrupt", error.description, hint: error.hint, path: corruption.path)
    case .unsupported(let unsupported):
      self.init(
        .unsupported, code: "unsupported", error.description, hint: error.hint, path: unsupported.path)
    case .poisoned(let path, _):
      self.init(.ioError, code: "flush-failed", error.description, hint: error.hint, path: path)
    }
  }

  /// Anything that the engine reports.
  package init(_ error: DatabaseError) {
    func failure(_ status: ExitStatus, _ code: String, _ path: String? = nil) -> CommandFailure {
      CommandFailure(status, code: code, error.description, hint: error.hint, path: path)
    }
    /// A bad vector typed on the command line is a fault of the line, in a file a fault of the file.
    func input(_ origin: RowOrigin, _ code: String) -> CommandFailure {
      origin.source.isEmpty ? failure(.usage, code) : failure(.badInput, code, origin.source)
    }
    self =
      switch error {
      case .storage(let error): CommandFailure(error)
      case .notFound(let path): failure(.notFound, "not-found", path)
      case .notACollection(let path, _): failure(.notFound, "not-a-collection", path)
      case .unfinishedCreation(let path): failure(.notFound, "unfinished-creation", path)
      case .alreadyExists(let path): failure(.conflict, "exists", path)
      case .differentSettings(let path, _, _, _): failure(.conflict, "different-settings", path)
      case .invalidSetting: failure(.usage, "invalid-setting")
      case .locked(let path, _, _): failure(.locked, "locked", path)
      case .networkFileSystem(let path): failure(.ioError, "network-file-system", path)
      case .conditionFailed: failure(.conflict, "condition-failed")
      case .dimensionMismatch(let origin, _, _): input(origin, FormatErrorCode.dimensionsMismatch.rawValue)
      case .notFinite(let origin, _): input(origin, FormatErrorCode.notFinite.rawValue)
      case .zeroVector(let origin, _): input(origin, FormatErrorCode.zeroVector.rawValue)
      case .outOfHalfRange(let origin, _): input(origin, FormatErrorCode.floatOverflow.rawValue)
      case .elementNotHeld(let origin, _, _, let number, _):
        input(origin, FormatErrorCode(notHeld: number).rawValue)
      case .vectorMissing(let origin, _): input(origin, FormatErrorCode.vectorMissing.rawValue)
      case .schemaViolation(let origin, _, _): input(origin, "schema-violation")
      case .invalidSchema: failure(.usage, "invalid-schema")
      case .duplicateID(_, let origin, _):
        failure(.conflict, FormatErrorCode.idDuplicate.rawValue, origin.source.isEmpty ? nil : origin.source)
      case .idNotFound: failure(.negative, "id-not-found")
      case .countMismatch: failure(.conflict, "count-mismatch")
      case .transactionTooLarge: failure(.noSpace, "transaction-too-large")
      case .quotaExceeded: failure(.noSpace, "quota")
      case .memoryLimit: failure(.noSpace, "memory-limit")
      case .foreignFiles(let path, _): failure(.conflict, "foreign-files", path)
      case .cancelled: CommandFailure.stopped(error.description)
      case .purgeIncomplete(let path, _): failure(.partial, "purge-incomplete", path)
      }
  }

  /// A malformed file of records.
  package init(_ error: FormatError) {
    if let cause = error.cause {
      self.init(cause)
      return
    }
    let status: ExitStatus =
      switch error.code {
      case .options: .usage
      case .unsupportedFormat: .unsupported
      case .idDuplicate: .conflict
      case .readFailed, .writeFailed: .ioError
      case .emptyFile, .isFolder, .gitLFSPointer, .htmlPage, .unknownFormat, .formatConflict, .sourceChanged,
        .truncatedFile, .encoding, .invalidUTF8, .lineTooLong, .notRepresentable, .jsonSyntax,
        .jsonDuplicateKey,
        .jsonLoneSurrogate, .jsonDepth, .jsonTrailing, .recordNotObject, .strayField, .payloadNotObject,
        .fieldMissing, .idMissing, .idType, .idEmpty, .idTooLong, .idNul, .idUTF8, .idFloat, .idRange,
        .idInteger,
        .idUUID, .vectorMissing, .vectorEmpty, .vectorType, .vectorNumber, .vectorEncoding,
        .dimensionsMismatch,
        .dimensionsLimit, .notFinite, .floatOverflow, .zeroVector, .vectorFraction, .vectorRange,
        .numpyElided, .csvRagged, .csvQuote,
        .csvHeader, .csvDelimiter, .csvLineEnding, .columnMissing, .columnGap, .castFailed, .npyHeader,
        .npyPickle, .npyType,
        .npyShape, .vecsDimension, .vecsSize, .countMismatch, .hdf5Structure:
        .badInput
      }
    self.init(status, code: error.code.rawValue, error.description, hint: error.hint, path: error.file)
  }

  /// The failure of work that stopped because it was told to: by a signal, or else because the time was up.
  private static func stopped(_ message: String) -> CommandFailure {
    if let signal = Signals.requested { return .interrupted(by: signal, message) }
    return CommandFailure(
      .timeout, code: "timeout", "the time given by --timeout ran out; nothing was changed")
  }
}

/// Runs a call of the engine and turns its error into the command's failure.
package func engine<T: ~Copyable>(_ body: () throws(DatabaseError) -> T) throws(CommandFailure) -> T {
  do { return try body() } catch { throw CommandFailure(error) }
}

/// Runs a call of the store and turns its error into the command's failure.
package func storage<T: ~Copyable>(_ body: () throws(StorageError) -> T) throws(CommandFailure) -> T {
  do { return try body() } catch { throw CommandFailure(error) }
}

/// Runs a call on files and turns its error into the command's failure.
package func files<T: ~Copyable>(_ body: () throws(FileError) -> T) throws(CommandFailure) -> T {
  do { return try body() } catch { throw CommandFailure(error) }
}

/// Runs a reader or writer of records and turns its error into the command's failure.
package func records<T: ~Copyable>(_ body: () throws(FormatError) -> T) throws(CommandFailure) -> T {
  do { return try body() } catch { throw CommandFailure(error) }
}
