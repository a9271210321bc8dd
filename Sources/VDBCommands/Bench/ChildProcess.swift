import FileStorage

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Runs this program again, for figures of whole processes.
struct ChildProcess {
  /// What a run took.
  struct Outcome {
    let status: Int32
    let output: String
    let errors: String
    /// From just before the start until the process had ended.
    let nanoseconds: Int64
    let peakBytes: UInt64
    /// Bytes that came from the disk, as the system counts them.
    let bytesRead: UInt64
  }

  private let program: String
  private let outputPath: String
  private let errorPath: String

  /// Prepares to run this program with its output in files of `folder`.
  init(folder: String) {
    var path = [CChar](repeating: 0, count: 4096)
    let count = unsafe readlink("/proc/self/exe", &path, path.count - 1)
    program =
      count > 0 ? String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : "vdb"
    outputPath = folder + "/output"
    errorPath = folder + "/errors"
  }

  /// Runs the program and waits for its end.
  func run(_ arguments: [String]) throws(CommandFailure) -> Outcome {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    let flags = O_WRONLY | O_CREAT | O_TRUNC
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, 1, outputPath, flags, 0o600)
    unsafe posix_spawn_file_actions_addopen(&actions, 2, errorPath, flags, 0o600)
    var words: [UnsafeMutablePointer<CChar>?] = unsafe ([program] + arguments).map { unsafe strdup($0) }
    unsafe words.append(nil)
    // Every word was made by `strdup` above.
    defer { unsafe words.forEach { unsafe free($0) } }
    var process: pid_t = 0
    let began = MonotonicClock.now()
    let code = unsafe posix_spawn(&process, program, &actions, nil, words, environ)
    guard code == 0 else { throw .system("cannot run", program, code) }
    var status: Int32 = 0
    var usage = rusage()
    while unsafe wait4(process, &status, 0, &usage) < 0 {
      guard errno == EINTR else { throw .system("cannot wait for", program, errno) }
    }
    let ended = MonotonicClock.now()
    return Outcome(
      status: status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F,
      output: SmallFile.whole(outputPath) ?? "", errors: SmallFile.text(errorPath) ?? "",
      nanoseconds: ended - began, peakBytes: UInt64(max(0, usage.ru_maxrss)) * 1024,
      bytesRead: UInt64(max(0, usage.ru_inblock)) * 512)
  }

  /// Runs the program; anything but status 0 is a failure of this command with the same status.
  func succeed(_ arguments: [String]) throws(CommandFailure) -> Outcome {
    let outcome = try run(arguments)
    guard outcome.status == 0 else {
      if let signal = Signals.requested { throw .interrupted(by: signal) }
      throw CommandFailure(
        ExitStatus(rawValue: outcome.status) ?? .bug, code: "child-failed",
        "vdb \(arguments.first ?? "") ended with status \(outcome.status)",
        details: outcome.errors.split(separator: "\n").prefix(5).map(String.init))
    }
    return outcome
  }
}
