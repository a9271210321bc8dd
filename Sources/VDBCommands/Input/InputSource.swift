import DataFormats
package import FileStorage

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A file or standard input as a source of records.
///
/// Follows symbolic links and takes pipes and devices, for the user named it. A signal that asks the process to
/// stop ends a wait for data within a fifth of a second with `EINTR`.
/// `Sendable`: the descriptor is only read, and one reader uses the place in the file at a time.
package final class InputSource: ByteSource, @unchecked Sendable {
  package let name: String
  package let size: UInt64?
  package let isSeekable: Bool
  private let descriptor: Int32
  private let opened: stat

  /// Opens the file at `path`; "-" is standard input.
  ///
  /// - Throws: `ENOENT`, `EACCES`, `EISDIR` for a folder, or another code of `open`.
  package init(_ path: String) throws(FileError) {
    name = path
    if path == "-" {
      descriptor = 0
    } else {
      // Without O_NONBLOCK the open of a pipe would wait where no signal could end it.
      descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
      if descriptor < 0 { throw FileError(.open, path, errno) }
    }
    var status = stat()
    let result = unsafe fstat(descriptor, &status)
    let code = errno
    opened = status
    isSeekable = result == 0 && status.st_mode & S_IFMT == S_IFREG
    size = isSeekable ? UInt64(clamping: status.st_size) : nil
    if result != 0 { throw FileError(.status, path, code) }
    if status.st_mode & S_IFMT == S_IFDIR { throw FileError(.open, path, EISDIR) }
    #if canImport(Glibc)
    if isSeekable { _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL) }
    #endif
  }

  deinit { if descriptor > 0 { close(descriptor) } }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
    guard unsafe !buffer.isEmpty else { return 0 }
    while true {
      if !isSeekable { try wait() }
      let count = unsafe Glibc.read(descriptor, buffer.baseAddress, min(buffer.count, 1 << 30))
      if count >= 0 { return count }
      let code = errno
      if code == EINTR || code == EAGAIN {
        if Signals.requested != nil { throw FileError(.read, name, EINTR) }
        continue
      }
      throw FileError(.read, name, code)
    }
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(FileError) -> Int {
    guard unsafe !buffer.isEmpty, let place = off_t(exactly: offset) else { return 0 }
    while true {
      let count = unsafe pread(descriptor, buffer.baseAddress, min(buffer.count, 1 << 30), place)
      if count >= 0 { return count }
      let code = errno
      if code == EINTR {
        if Signals.requested != nil { throw FileError(.read, name, EINTR) }
        continue
      }
      throw FileError(.read, name, code)
    }
  }

  package func checkUnchanged() throws(FileError) {
    guard isSeekable else { return }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw FileError(.status, name, errno) }
    let isSame =
      status.st_size == opened.st_size && status.st_mtim.tv_sec == opened.st_mtim.tv_sec
      && status.st_mtim.tv_nsec == opened.st_mtim.tv_nsec
    if !isSame { throw FileError(.read, name, ESTALE) }
  }

  /// Waits until there is something to read, or the other end is closed.
  private func wait() throws(FileError) {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while true {
      if Signals.requested != nil { throw FileError(.read, name, EINTR) }
      let ready = unsafe poll(&request, 1, 200)
      if ready > 0 { return }
      if ready < 0, errno != EINTR { throw FileError(.read, name, errno) }
    }
  }
}

/// The output of a command as a sink of records.
package final class OutputSink: ByteSink {
  package let name: String
  private let output: BufferedOutput
  /// The failure that a write reported to a writer as `EPIPE` or another code.
  package private(set) var failure: CommandFailure?

  /// Makes a sink that writes to `output`.
  package init(_ output: BufferedOutput, name: String = "-") {
    self.output = output
    self.name = name
  }

  package func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    do throws(CommandFailure) {
      unsafe try output.write(bytes)
    } catch {
      failure = error
      throw FileError(.write, name, error.ending == .brokenPipe ? EPIPE : EIO)
    }
  }

  /// Runs a writer of records; what the output itself reported wins over what the writer made of it.
  func run(_ body: () throws(FormatError) -> Void) throws(CommandFailure) {
    do throws(FormatError) { try body() } catch {
      throw failure ?? CommandFailure(error)
    }
  }
}
