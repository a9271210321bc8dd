#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Why a command did not do what it was asked: the sentence, what to do, and the exit status.
package struct CommandFailure: Error, Equatable, Sendable {
  /// The way in which the process ends.
  package enum Ending: Equatable, Sendable {
    case exit
    /// By the signal itself, so that the caller sees it.
    case signal(Int32)
    /// The reader of standard output is gone: quietly, by SIGPIPE.
    case brokenPipe
  }

  /// The exit status, unless a signal ends the process.
  package let status: ExitStatus
  /// The stable name of the cause for programs.
  package let code: String
  /// One sentence without a full stop.
  package let message: String
  /// What to do next: a clause or a command line.
  package let hint: String?
  /// The file or folder that is concerned.
  package let path: String?
  /// Further lines below the sentence.
  package let details: [String]
  /// Whether the short help of the command belongs below the sentence.
  package let showsHelp: Bool
  /// How the process ends.
  package let ending: Ending

  /// Makes a failure; `code` is the name of the status unless given.
  package init(
    _ status: ExitStatus, code: String? = nil, _ message: String, hint: String? = nil, path: String? = nil,
    details: [String] = [], showsHelp: Bool = false, ending: Ending = .exit
  ) {
    self.status = status
    self.code = code ?? status.name
    self.message = message
    self.hint = hint
    self.path = path
    self.details = details
    self.showsHelp = showsHelp
    self.ending = ending
  }

  /// The same failure with one more line below the sentence, and a hint where it has none.
  package func adding(detail: String, hint: String? = nil) -> CommandFailure {
    CommandFailure(
      status, code: code, message, hint: self.hint ?? hint, path: path, details: details + [detail],
      showsHelp: showsHelp, ending: ending)
  }

  /// What a shell shows as the status.
  package var exitCode: Int32 {
    switch ending {
    case .exit: status.rawValue
    case .signal(let number): 128 + number
    case .brokenPipe: 128 + SIGPIPE
    }
  }

  /// The failure of a command that a signal asked to stop.
  package static func interrupted(by signal: Int32, _ message: String = "interrupted", hint: String? = nil)
    -> CommandFailure
  {
    CommandFailure(.ok, code: "interrupted", message, hint: hint, ending: .signal(signal))
  }

  /// The failure of a write to a pipe that nobody reads.
  package static let brokenPipe = CommandFailure(.ok, code: "broken-pipe", "broken pipe", ending: .brokenPipe)

  /// A failed call of the operating system, `what` being for instance "cannot write".
  package static func system(_ what: String, _ path: String, _ code: Int32) -> CommandFailure {
    CommandFailure(
      status(ofErrno: code), code: name(ofErrno: code), "\(what) \(path): \(systemMessage(code))", path: path)
  }

  /// The exit status that belongs to an `errno` value.
  package static func status(ofErrno code: Int32) -> ExitStatus {
    switch code {
    case ENOENT, ENOTDIR: .notFound
    case EEXIST, ENOTEMPTY: .conflict
    case ENOSPC, EDQUOT, EFBIG, ENOMEM: .noSpace
    case EACCES, EPERM, EROFS, ELOOP: .denied
    case EAGAIN, EBUSY: .locked
    case EISDIR, ENAMETOOLONG: .badInput
    default: .ioError
    }
  }

  /// The stable name that belongs to an `errno` value.
  package static func name(ofErrno code: Int32) -> String {
    switch code {
    case EDQUOT: "quota"
    case EFBIG: "file-too-large"
    case ENOMEM: "no-memory"
    case EROFS: "read-only-file-system"
    case ELOOP: "symbolic-link"
    default: status(ofErrno: code).name
    }
  }

  /// The C library's text for an `errno` value in the C locale, beginning with a small letter.
  package static func systemMessage(_ code: Int32) -> String {
    guard let text = unsafe strerror(code) else { return "error \(code)" }
    let sentence = unsafe String(cString: text)
    guard let first = sentence.first, sentence.dropFirst().first?.isUppercase != true else { return sentence }
    return first.lowercased() + sentence.dropFirst()
  }
}
