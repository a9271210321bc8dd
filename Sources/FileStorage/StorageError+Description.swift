// The sentences of this floor: what was attempted, on what, what was found, and, as a hint, what to do.

extension FileError: CustomStringConvertible {
  /// What was attempted, on what, and what the system said.
  package var description: String { "cannot \(attempt) \(path): \(reason)" }

  private var attempt: String {
    switch operation {
    case .open: "open"
    case .close: "close"
    case .read: "read"
    case .write: "write"
    case .status: "look at"
    case .truncate: "cut"
    case .sync: "make durable"
    case .rename: "move"
    case .remove: "remove"
    case .makeFolder: "make the folder"
    case .removeFolder: "remove the folder"
    case .list: "list the folder"
    case .lock: "lock"
    case .map: "map"
    case .space: "ask for the free space at"
    }
  }

  /// What the system's code means.
  package var reason: String {
    switch code {
    case ErrorCode.notPermitted: "operation not permitted"
    case ErrorCode.noSuchFile: "no such file or folder"
    case ErrorCode.inputOutput: "input/output error"
    case 9: "not open in the right way"
    case 11: "temporarily not available"
    case 12: "out of memory"
    case ErrorCode.accessDenied: "permission denied"
    case 16: "in use"
    case ErrorCode.exists: "it exists already"
    case 18: "on another file system"
    case 19: "no such device"
    case 20: "a part of the path is not a folder"
    case 21: "it is a folder"
    case 22: "invalid argument"
    case 23: "too many open files in the system"
    case 24: "too many open files"
    case ErrorCode.fileTooBig: "the file would be too large"
    case ErrorCode.noSpace: "no space left on the disk"
    case ErrorCode.readOnlyFileSystem: "the file system is read-only"
    case 36: "the name is too long"
    case 38, 95: "the file system does not support it"
    case 39: "the folder is not empty"
    case ErrorCode.symbolicLink: "a symbolic link, which is not followed here"
    case 61: "the file is shorter than it should be"
    case 75: "a value is too large"
    case 116: "the file on the server is gone"
    case ErrorCode.quotaExceeded: "the disk quota is used up"
    default: "system error \(code)"
    }
  }

  /// What to do; nil when the sentence says it.
  package var hint: String? {
    switch code {
    case ErrorCode.noSpace, ErrorCode.quotaExceeded:
      "free some space, for example with 'vdb gc', and try again; the collection is as it was before"
    case ErrorCode.fileTooBig: "write fewer rows at a time, or raise the limit on file sizes (ulimit -f)"
    case ErrorCode.accessDenied, ErrorCode.notPermitted:
      "run as the owner of the files, or change their permissions"
    case ErrorCode.readOnlyFileSystem:
      "reading works here; to write, mount the file system writable or copy the collection"
    case ErrorCode.inputOutput: "the disk may be failing: check the system log, then run 'vdb verify'"
    case 23, 24: "raise the limit on open files (ulimit -n)"
    case ErrorCode.symbolicLink: "collections hold no symbolic links: put the file itself there"
    default: nil
    }
  }
}

extension CorruptionError: CustomStringConvertible {
  /// Which file is damaged, where, and how that shows.
  package var description: String {
    let place = offset.map { "\(section) at byte \($0)" } ?? section
    return "\(path) is damaged: \(place): expected \(expected), found \(found)"
  }

  /// What to do.
  package var hint: String? {
    "run 'vdb verify' to see everything that is damaged; nothing was changed; restore the file from a copy"
  }
}

extension UnsupportedFormat: CustomStringConvertible {
  private var own: String { "format \(FilePrefix.currentMajor).\(FilePrefix.currentMinor)" }

  private var need: String { writtenBy.map { "a vdb that knows \($0)" } ?? "a newer vdb" }

  /// Which file asks for what, and which version is needed.
  package var description: String {
    switch reason {
    case .majorVersion(let found, let newest):
      "cannot read \(path): it is in format \(found) and needs a vdb that reads format \(found); this one reads format \(newest)"
    case .readerFeatures(let unknown):
      "cannot read \(path): it uses \(FeatureBits.names(ofReader: unknown)) and needs \(need); this one knows \(own)"
    case .writerFeatures(let unknown):
      "cannot write the collection: \(path) uses \(FeatureBits.names(ofWriter: unknown)), and writing needs \(need); "
        + "this one knows \(own) and can only read it"
    case .indexLayout(let kind, let found, let newest):
      "cannot read \(path): its layout is version \(found) of the kind \(kind) and needs a newer vdb; this one reads version \(newest)"
    }
  }

  /// What to do.
  package var hint: String? {
    switch reason {
    case .majorVersion, .readerFeatures: "install the newer vdb; 'vdb version' says what this one reads"
    case .writerFeatures: "install the newer vdb to write; searching and exporting work with this one"
    case .indexLayout:
      "install the newer vdb, or run 'vdb rebuild-index' to make the index anew with this one"
    }
  }
}

extension StorageError: CustomStringConvertible {
  /// One sentence, without a full stop.
  package var description: String {
    switch self {
    case .file(let error): error.description
    case .corruption(let error): error.description
    case .unsupported(let error): error.description
    case .poisoned(let path, let lsn):
      "cannot make \(path) durable: the disk reported an error, so it is unknown whether changes from LSN \(lsn) on are kept"
        + (lsn > 1 ? "; everything up to LSN \(lsn - 1) is safe" : "")
    }
  }

  /// What to do; nil when the sentence says it.
  package var hint: String? {
    switch self {
    case .file(let error): error.hint
    case .corruption(let error): error.hint
    case .unsupported(let error): error.hint
    case .poisoned:
      "check the disk and the system log; then 'vdb info' shows the last LSN that is kept: repeat what came after it"
    }
  }
}
