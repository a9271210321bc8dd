/// How the program ends.
///
/// The numbers are frozen; a status unknown to a caller means failure.
package enum ExitStatus: Int32, CaseIterable, Sendable {
  case ok = 0
  /// The command worked and the answer is "no".
  case negative = 1
  case usage = 2
  /// Finished and committed, but not all of it.
  case partial = 3
  /// An input file is malformed; nothing was committed.
  case badInput = 4
  /// Damage was found or met.
  case corrupt = 5
  case notFound = 6
  case conflict = 7
  /// A lock was not obtained in time; safe to try again.
  case locked = 8
  case unsupported = 9
  case noSpace = 10
  case ioError = 11
  case denied = 12
  /// The time given ran out; nothing was changed.
  case timeout = 13
  /// A fault of this program.
  case bug = 70

  /// The name used in documents for programs.
  package var name: String {
    switch self {
    case .ok: "ok"
    case .negative: "negative"
    case .usage: "usage"
    case .partial: "partial"
    case .badInput: "bad-input"
    case .corrupt: "corrupt"
    case .notFound: "not-found"
    case .conflict: "conflict"
    case .locked: "locked"
    case .unsupported: "unsupported"
    case .noSpace: "no-space"
    case .ioError: "io-error"
    case .denied: "denied"
    case .timeout: "timeout"
    case .bug: "bug"
    }
  }

  /// When a command ends with it: a clause for help and manual.
  package var meaning: String {
    switch self {
    case .ok: "done, yes, or intact"
    case .negative: "the command worked and the answer is no, for instance an id that does not exist"
    case .usage: "the command line cannot be understood"
    case .partial: "finished and committed, but some records were left out or a time budget ended early"
    case .badInput: "an input file is malformed; nothing was committed"
    case .corrupt: "damage was found, or met while reading"
    case .notFound: "no such collection, file or version, or the folder is not a collection"
    case .conflict: "it exists already, an id is taken, or a condition such as --if-version does not hold"
    case .locked: "another process holds the lock; it is safe to try again"
    case .unsupported: "the files need a newer version of this program"
    case .noSpace: "no space left, or a quota or memory limit is reached"
    case .ioError: "the operating system reported a failed read, write or flush"
    case .denied: "permission denied, or a read-only file system"
    case .timeout: "the time given by --timeout ran out; nothing was changed"
    case .bug: "a fault of this program; please report it"
    }
  }

  /// The order in which causes outrank each other when several are known at the end.
  private static let precedence: [ExitStatus] = [
    .bug, .corrupt, .ioError, .denied, .noSpace, .unsupported, .locked, .conflict, .badInput, .timeout,
    .partial, .negative,
  ]

  /// The status of a command for which both hold.
  ///
  /// `usage` and `notFound` are found before any work starts, so they outrank everything.
  package func combined(with other: ExitStatus) -> ExitStatus {
    for status in [.usage, .notFound] + Self.precedence where self == status || other == status {
      return status
    }
    return .ok
  }
}
