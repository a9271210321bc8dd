import Foundation
import Glibc

/// What a finished run of the tool left.
package struct ToolResult: Sendable {
  /// Exit status; -1 when a signal ended the run.
  package let status: Int32
  /// The signal that ended the run; nil when it exited.
  package let signal: Int32?
  /// Bytes on standard output.
  package let stdout: [UInt8]
  /// Bytes on standard error.
  package let stderr: [UInt8]
  /// Standard output as text.
  package var output: String { String(decoding: stdout, as: UTF8.self) }
  /// Standard error as text.
  package var errors: String { String(decoding: stderr, as: UTF8.self) }
}

/// A failure to start or to end a program in time.
package struct ToolFailure: Error, CustomStringConvertible {
  package let description: String
}

/// A running program whose standard streams are files, so that it never waits for its reader.
///
/// Used by one thread at a time; a program that is still running at the end is killed.
package final class RunningTool {
  /// The process.
  package let processID: Int32
  private let output: Int32
  private let errors: Int32
  private var result: ToolResult?

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - path: The program.
  ///   - arguments: Without the program's name.
  ///   - stdin: Bytes of standard input; nil for `/dev/null`.
  ///   - environment: Variables added to this process's own, of which those that begin with `VDB_` are left out.
  ///   - folder: Working folder; nil for this process's own.
  /// - Throws: `ToolFailure` when it cannot be started.
  package init(
    path: String, _ arguments: [String], stdin: [UInt8]? = nil, environment: [String: String] = [:],
    in folder: String? = nil
  ) throws {
    var input: Int32 = -1
    defer { if input >= 0 { _ = close(input) } }
    if let stdin {
      input = try Self.unnamedFile()
      var done = 0
      while done < stdin.count {
        let count = unsafe stdin.withUnsafeBytes {
          unsafe write(input, $0.baseAddress.map { unsafe $0 + done }, stdin.count - done)
        }
        guard count > 0 else { throw ToolFailure(description: "cannot write standard input: errno \(errno)") }
        done += count
      }
      _ = lseek(input, 0, SEEK_SET)
    } else {
      input = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
    }
    output = try Self.unnamedFile()
    errors = try Self.unnamedFile()

    var variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("VDB_") }
    variables.merge(environment) { $1 }
    // env changes the folder and then becomes the program, in the same process.
    let words = folder.map { ["/usr/bin/env", "-C", $0, path] + arguments } ?? [path] + arguments
    var processID: pid_t = 0
    let code = Self.spawn(
      &processID, words, variables.map { "\($0.key)=\($0.value)" }, [input, output, errors])
    guard code == 0 else { throw ToolFailure(description: "cannot start \(path): errno \(code)") }
    self.processID = processID
  }

  deinit {
    if result == nil {
      kill(processID, SIGKILL)
      _ = try? wait()
    }
    _ = close(output)
    _ = close(errors)
  }

  /// Sends a signal, if the program still runs.
  package func send(_ signal: Int32) {
    if result == nil { kill(processID, signal) }
  }

  /// Standard output so far.
  package var outputSoFar: [UInt8] { Self.content(output) }

  /// Whether the program has ended.
  package func hasEnded() throws -> Bool {
    if result != nil { return true }
    return try collect(blocking: false)
  }

  /// Waits for the end; a run longer than `timeout` seconds is killed and reported as an error.
  package func wait(timeout: Double = 120) throws -> ToolResult {
    let deadline = Date().timeIntervalSince1970 + timeout
    var pause: UInt32 = 200
    while true {
      if try collect(blocking: false), let result { return result }
      guard Date().timeIntervalSince1970 < deadline else { break }
      usleep(pause)
      pause = min(pause * 2, 5000)
    }
    kill(processID, SIGKILL)
    _ = try collect(blocking: true)
    throw ToolFailure(description: "still running after \(timeout) s, killed")
  }

  /// Takes the program's end over, if there is one.
  private func collect(blocking: Bool) throws -> Bool {
    var status: Int32 = 0
    var ended: pid_t
    repeat {
      ended = unsafe waitpid(processID, &status, blocking ? 0 : WNOHANG)
    } while ended == -1 && errno == EINTR
    if ended == 0 { return false }
    guard ended == processID else { throw ToolFailure(description: "waitpid: errno \(errno)") }
    let signal = status & 0x7F
    result = ToolResult(
      status: signal == 0 ? (status >> 8) & 0xFF : -1, signal: signal == 0 ? nil : signal,
      stdout: Self.content(output), stderr: Self.content(errors))
    return true
  }

  /// A file without a name, open for reading and writing.
  private static func unnamedFile() throws -> Int32 {
    let folder = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
    let path = folder + "/vdb-stream-" + UUID().uuidString
    let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw ToolFailure(description: "cannot open \(path): errno \(errno)") }
    _ = unsafe unlink(path)
    return descriptor
  }

  /// All bytes of an open file.
  private static func content(_ descriptor: Int32) -> [UInt8] {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe pread(descriptor, $0.baseAddress, $0.count, 0) }
    bytes.removeLast(bytes.count - max(count, 0))
    return bytes
  }

  private static func spawn(
    _ processID: inout pid_t, _ words: [String], _ variables: [String], _ streams: [Int32]
  ) -> Int32 {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for (number, stream) in streams.enumerated() {
      unsafe posix_spawn_file_actions_adddup2(&actions, stream, Int32(number))
    }
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    // The program starts with no signal blocked or ignored, whatever the test runner does.
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    unsafe sigfillset(&signals)
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var argv = unsafe words.map { unsafe strdup($0) } + [nil]
    var envp = unsafe variables.map { unsafe strdup($0) } + [nil]
    defer { unsafe (argv + envp).forEach { unsafe free($0) } }
    return unsafe posix_spawn(&processID, words[0], &actions, &attributes, &argv, &envp)
  }
}

extension Tool {
  /// Runs the built tool to its end.
  package static func run(
    _ arguments: [String], stdin: [UInt8]? = nil, environment: [String: String] = [:],
    in folder: String? = nil, timeout: Double = 120
  ) throws -> ToolResult {
    try start(arguments, stdin: stdin, environment: environment, in: folder).wait(timeout: timeout)
  }

  /// Runs the built tool to its end, with text as its standard input.
  package static func run(
    _ arguments: [String], stdin: String, environment: [String: String] = [:], in folder: String? = nil,
    timeout: Double = 120
  ) throws -> ToolResult {
    try run(
      arguments, stdin: Array(stdin.utf8), environment: environment, in: folder, timeout: timeout)
  }

  /// Starts the built tool.
  package static func start(
    _ arguments: [String], stdin: [UInt8]? = nil, environment: [String: String] = [:],
    in folder: String? = nil
  ) throws -> RunningTool {
    try RunningTool(path: absolutePath, arguments, stdin: stdin, environment: environment, in: folder)
  }

  /// `path` from the root, so that it holds in any working folder.
  package static var absolutePath: String {
    path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
  }
}
