import CommandLineParsing
import FileStorage

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Starts this program once more as a process of its own, which goes on when the terminal and this process are gone.
///
/// The new process runs the same command line. It is told by an environment variable that it is the one that does the work, says
/// on its standard output with one zero byte that it has begun, and from then on writes to its log. What it says before
/// that, and its status if it ends before, are those of this process.
enum DetachedStart {
  /// Set for the new process.
  static let variable = "VDB_DETACHED"
  /// What the new process says when it has begun.
  static let begun: UInt8 = 0

  /// What became of the new process.
  enum Outcome {
    case begun(process: Int64)
    /// It ended before it had begun.
    case ended(status: Int32)
  }

  /// Starts it and waits until it has begun or ended.
  static func run(_ arguments: [String], _ messages: Messages) throws(CommandFailure) -> Outcome {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { throw .system("cannot make", "a pipe", errno) }
    // Nothing that this process has open goes on to the new one, whoever it was inherited from: someone may wait for the
    // end of a pipe.
    for descriptor in 3..<max(64, ends[1] + 1) { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    let reader = ends[0]
    let process: pid_t
    do throws(CommandFailure) {
      process = try spawn(arguments, output: ends[1])
    } catch {
      close(ends[0])
      close(ends[1])
      throw error
    }
    close(ends[1])
    defer { close(reader) }
    var said: [UInt8] = []
    while true {
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = unsafe read(reader, &buffer, buffer.count)
      if count < 0, errno == EINTR {
        // The new process has its own group: what interrupts this one is passed on while it is still ours.
        if let signal = Signals.requested { kill(process, signal) }
        continue
      }
      guard count > 0 else { break }
      said += buffer[..<count]
      if said.last == begun { break }
    }
    let hasBegun = said.last == begun
    if hasBegun { said.removeLast() }
    if !said.isEmpty { messages.write(said) }
    if hasBegun { return .begun(process: Int64(process)) }
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) < 0 {
      guard errno == EINTR else { throw .system("cannot wait for", "the new process", errno) }
    }
    return .ended(status: status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F)
  }

  /// `POSIX_SPAWN_SETSID`, which the C library's module leaves out.
  private static let newSession: Int16 = 0x80

  /// Begins the program anew in a session of its own; no code of this program runs between.
  private static func spawn(_ arguments: [String], output: Int32) throws(CommandFailure) -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
    unsafe posix_spawn_file_actions_adddup2(&actions, output, 2)
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    unsafe posix_spawnattr_setflags(&attributes, newSession)
    var words: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) }
    unsafe words.append(nil)
    var variables: [UnsafeMutablePointer<CChar>?] = unsafe []
    var place = unsafe environ
    while let entry = unsafe place.pointee {
      unsafe variables.append(strdup(entry))
      unsafe place += 1
    }
    unsafe variables.append(strdup("\(variable)=1"))
    unsafe variables.append(nil)
    // Every word and variable was made by `strdup` above.
    defer {
      unsafe words.forEach { unsafe free($0) }
      unsafe variables.forEach { unsafe free($0) }
    }
    var process: pid_t = 0
    let program = "/proc/self/exe"
    let code = unsafe posix_spawn(&process, program, &actions, &attributes, words, variables)
    guard code == 0 else { throw .system("cannot run", program, code) }
    return process
  }

  /// For the new process: says that it has begun, and turns what it says from now on to a log.
  static func noteBegun(_ log: OpenFile) throws(CommandFailure) {
    let null = unsafe open("/dev/null", O_WRONLY | O_CLOEXEC)
    guard null >= 0 else { throw .system("cannot open", "/dev/null", errno) }
    defer { close(null) }
    guard dup2(log.descriptor.rawValue, 2) >= 0 else { throw .system("cannot write to", log.name, errno) }
    var byte = begun
    // Nobody may be listening any more; the work goes on.
    _ = unsafe write(1, &byte, 1)
    _ = dup2(null, 1)
  }
}
