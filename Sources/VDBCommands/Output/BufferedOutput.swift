import FileStorage

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Results on their way to standard output or to a file, in blocks.
///
/// Not safe to use from several threads at once.
package final class BufferedOutput {
  /// How bytes change on their way out.
  package enum Filter: Sendable {
    /// Not at all: files and pipes.
    case none
    /// Made harmless, for a terminal.
    case terminal(TerminalText.Escape)
  }

  private let destination: any OutputDestination
  /// Whether what is written is seen at once and cannot be taken back.
  package var isDirect: Bool { destination.isDirect }
  /// Whether the bytes go to a terminal.
  package let isTerminal: Bool
  /// Set before the first write; text by default on a terminal.
  package var filter: Filter
  private var pending: [UInt8] = []
  private var blockSize = 1 << 16

  /// Makes an output.
  ///
  /// - Parameters:
  ///   - destination: Where the bytes go.
  ///   - isTerminal: Whether the destination is a terminal, on which text must be made harmless.
  package init(_ destination: any OutputDestination, isTerminal: Bool) {
    self.destination = destination
    self.isTerminal = isTerminal
    filter = isTerminal ? .terminal(.text) : .none
  }

  /// Says that everything from here on is JSON, whose own escapes then keep a terminal safe.
  package func writesJSON() { if isTerminal { filter = .terminal(.json) } }

  /// Refuses to write bytes that are no text to a terminal.
  package func requireNoTerminal(_ format: String) throws(CommandFailure) {
    guard isTerminal else { return }
    throw CommandFailure(
      .usage, code: "binary-to-terminal", "\(format) is no text; standard output is a terminal",
      hint: "name a file with --output")
  }

  /// Adds text.
  package func write(_ text: String) throws(CommandFailure) {
    pending.append(contentsOf: text.utf8)
    if pending.count >= blockSize { try flushBlock(isLast: false) }
  }

  /// Adds bytes.
  package func write(_ bytes: [UInt8]) throws(CommandFailure) {
    pending.append(contentsOf: bytes)
    if pending.count >= blockSize { try flushBlock(isLast: false) }
  }

  /// Adds bytes; the pointer is not kept.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(CommandFailure) {
    unsafe pending.append(contentsOf: bytes)
    if pending.count >= blockSize { try flushBlock(isLast: false) }
  }

  /// Adds the tool's own text, in which control sequences for colours may stand.
  package func writeTrusted(_ text: String) throws(CommandFailure) {
    try flushBlock(isLast: true)
    try destination.write(Array(text.utf8))
  }

  /// Hands everything to the operating system, for instance before a wait.
  package func flush() throws(CommandFailure) { try flushBlock(isLast: true) }

  /// Flushes, and makes the file of `--output` appear under its name.
  package func finish() throws(CommandFailure) {
    try flush()
    try destination.commit()
  }

  /// Forgets what is not written yet and removes an incomplete file.
  package func abandon() {
    pending.removeAll()
    destination.abandon()
  }

  private func flushBlock(isLast: Bool) throws(CommandFailure) {
    guard !pending.isEmpty else { return }
    switch filter {
    case .none:
      try destination.write(pending)
      pending.removeAll(keepingCapacity: true)
    case .terminal(let escape):
      var harmless: [UInt8] = []
      harmless.reserveCapacity(pending.count)
      let kept = TerminalText.append(pending, to: &harmless, escape: escape, isLast: isLast)
      try destination.write(harmless)
      pending.removeFirst(pending.count - kept)
    }
  }
}

/// Where the bytes of results go.
package protocol OutputDestination: AnyObject {
  /// Whether what is written is seen at once and cannot be taken back.
  var isDirect: Bool { get }
  func write(_ bytes: [UInt8]) throws(CommandFailure)
  /// Makes everything written visible; called once, after the last write.
  func commit() throws(CommandFailure)
  /// Undoes what is not committed; may be called at any time.
  func abandon()
}

/// An open descriptor that is written directly: standard output, a pipe, a device.
package final class DescriptorDestination: OutputDestination {
  private let descriptor: Int32
  private let name: String

  /// Takes an open descriptor, which is not closed.
  package init(_ descriptor: Int32, name: String) {
    self.descriptor = descriptor
    self.name = name
  }

  package func write(_ bytes: [UInt8]) throws(CommandFailure) {
    try DescriptorDestination.write(bytes, to: descriptor, name: name)
  }

  package var isDirect: Bool { true }
  package func commit() throws(CommandFailure) {}
  package func abandon() {}

  /// Writes every byte; retries after signals and short writes.
  static func write(_ bytes: [UInt8], to descriptor: Int32, name: String) throws(CommandFailure) {
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[done...])
        return unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
      }
      if count > 0 {
        done += count
      } else if count == 0 || errno == EINTR {
        if let signal = Signals.requested { throw .interrupted(by: signal) }
      } else if errno == EPIPE {
        throw .brokenPipe
      } else if errno == EAGAIN {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&request, 1, -1)
      } else {
        throw .system("cannot write", name, errno)
      }
    }
  }
}

/// The file of `--output`, which appears under its name only when it is complete.
package final class FileDestination: OutputDestination {
  private let file: AtomicOutputFile

  /// Begins the file at `path`.
  ///
  /// - Throws: status 7 when the name is taken and `replaces` is false, and the failures of the operating system.
  package init(_ path: String, replaces: Bool) throws(CommandFailure) {
    do throws(FileError) {
      file = try AtomicOutputFile(path: path, force: replaces)
    } catch { throw FileDestination.failure(error) }
  }

  /// Whether what is written is seen at once: pipes and devices.
  package var isDirect: Bool { file.isDirect }

  package func write(_ bytes: [UInt8]) throws(CommandFailure) {
    do throws(FileError) { try file.write(bytes) } catch { throw FileDestination.failure(error) }
  }

  package func commit() throws(CommandFailure) {
    do throws(FileError) { try file.commit() } catch { throw FileDestination.failure(error) }
  }

  package func abandon() { file.discard() }

  private static func failure(_ error: FileError) -> CommandFailure {
    if error.code == EPIPE { return .brokenPipe }
    if error.code == EEXIST {
      return CommandFailure(
        .conflict, code: "output-exists", "the output file \(error.path) exists already",
        hint: "--force replaces it", path: error.path)
    }
    return .system("cannot write", error.path, error.code)
  }
}

/// Collects bytes in memory, for tests.
package final class MemoryDestination: OutputDestination {
  package private(set) var bytes: [UInt8] = []
  package private(set) var isCommitted = false

  package init() {}
  package var isDirect: Bool { false }
  package func write(_ bytes: [UInt8]) throws(CommandFailure) { self.bytes += bytes }
  package func commit() throws(CommandFailure) { isCommitted = true }
  package func abandon() { bytes.removeAll() }
  /// What was written, as text.
  package var text: String { String(decoding: bytes, as: UTF8.self) }
}
