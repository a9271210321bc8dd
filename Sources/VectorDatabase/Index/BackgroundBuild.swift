import FileStorage

// The file `rebuild.status`: 4096 bytes, written again and again in place by a background build. Lines of a name, a space and a
// value, ended by a line of a single dot; blanks behind it. It is a note for people and other commands and is never trusted:
// whether a build is alive, its lock says.

/// What a background build of indexes is, and how far it came.
package struct BackgroundStatus: Equatable, Sendable {
  /// How it stands, as the process itself wrote it last.
  package enum State: String, Sendable, CaseIterable {
    case running
    /// The new indexes are in use, or there was nothing to build.
    case done
    /// A new graph found less than was promised; the old one stays.
    case refused
    case failed
    case cancelled
  }

  /// The process.
  package var processID: Int64
  /// When the process began, as the system counts it; with the number it names one process only.
  package var processStart: UInt64
  /// Names one run of the machine.
  package var machineRun: String
  package var state = State.running
  /// Nanoseconds since 1970.
  package var began: Int64
  package var updated: Int64
  /// How far it is; a share is kept in millionths.
  package var progress = IndexProgress(phase: "starting", segment: 0, task: 0, tasks: 0, rows: 0, share: 0)
  /// The exit status with which it ended.
  package var exitStatus: Int32 = 0
  /// What it said at its end.
  package var message = ""

  package init(processID: Int64, processStart: UInt64, machineRun: String, began: Int64) {
    self.processID = processID
    self.processStart = processStart
    self.machineRun = machineRun
    self.began = began
    updated = began
  }

  static let fileSize = 4096

  /// The bytes of the file.
  var bytes: [UInt8] {
    let lines: [(String, String)] = [
      ("format", "1"), ("process", "\(processID)"), ("process-start", "\(processStart)"),
      ("machine-run", machineRun), ("state", state.rawValue), ("began", "\(began)"),
      ("updated", "\(updated)"),
      ("phase", progress.phase), ("segment", "\(progress.segment)"), ("task", "\(progress.task)"),
      ("tasks", "\(progress.tasks)"), ("rows", "\(progress.rows)"),
      ("millionths", "\(Int64(max(0, min(1, progress.share)) * 1e6))"), ("exit", "\(exitStatus)"),
      ("message", message),
    ]
    var bytes: [UInt8] = []
    for (name, value) in lines { bytes += Array("\(name) \(Self.line(value))\n".utf8) }
    bytes += Array(".\n".utf8)
    return bytes + [UInt8](repeating: UInt8(ascii: " "), count: max(0, Self.fileSize - bytes.count))
  }

  /// One line of printable characters, not too long.
  private static func line(_ text: String) -> String {
    String(
      String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 32 && $0.value != 127 }.prefix(600)))
  }

  /// Reads the file's bytes; nil when they are none, or are just being written.
  init?(bytes: [UInt8]) {
    guard bytes.count <= Self.fileSize else { return nil }
    var values: [Substring: Substring] = [:]
    var isWhole = false
    let text = String(decoding: bytes, as: UTF8.self)
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line == "." {
        isWhole = true
        break
      }
      guard let blank = line.firstIndex(of: " ") else { return nil }
      values[line[..<blank]] = line[line.index(after: blank)...]
    }
    func number<T: FixedWidthInteger>(_ name: Substring, _ range: ClosedRange<T>) -> T? {
      values[name].flatMap { T($0) }.flatMap { range.contains($0) ? $0 : nil }
    }
    guard isWhole, values["format"] == "1", let process: Int64 = number("process", 1...Int64.max),
      let start: UInt64 = number("process-start", 0...UInt64.max), let run = values["machine-run"],
      let state = values["state"].flatMap({ State(rawValue: String($0)) }),
      let began: Int64 = number("began", 0...Int64.max),
      let updated: Int64 = number("updated", 0...Int64.max),
      let phase = values["phase"], let segment: UInt64 = number("segment", 0...UInt64.max),
      let task: Int = number("task", 0...Int.max), let tasks: Int = number("tasks", 0...Int.max),
      let rows: UInt64 = number("rows", 0...UInt64.max),
      let millionths: Int64 = number("millionths", 0...1_000_000), let exit: Int32 = number("exit", 0...255),
      let message = values["message"]
    else { return nil }
    self.init(processID: process, processStart: start, machineRun: String(run), began: began)
    self.state = state
    self.updated = updated
    progress = IndexProgress(
      phase: String(phase), segment: segment, task: task, tasks: tasks, rows: rows,
      share: Double(millionths) / 1e6)
    exitStatus = exit
    self.message = String(message)
  }
}

/// What others can tell of a background build.
package struct BackgroundBuildView: Equatable, Sendable {
  /// The note of the last build; nil when there is none that can be read.
  package let status: BackgroundStatus?
  /// Whether its process lives: it holds the lock of builds.
  package let isAlive: Bool

  package init(status: BackgroundStatus?, isAlive: Bool) {
    self.status = status
    self.isAlive = isAlive
  }

  /// Looks at a collection; takes no lock for longer than a moment and writes nothing.
  package static func read(_ collection: Collection) throws(DatabaseError) -> BackgroundBuildView {
    let fs = collection.fileSystem
    // Whoever can have the lock, if only with others who look, knows that nobody builds.
    let isAlive = try LockHold.tryTaking(fs, byte: LockByte.building, .shared) == nil
    return BackgroundBuildView(status: readStatus(fs), isAlive: isAlive)
  }

  private static func readStatus(_ fs: any FileSystem) -> BackgroundStatus? {
    // A note that is being written at the moment reads whole at the next try.
    for _ in 0..<20 {
      guard let file = try? OpenFile(fs, FileNames.rebuildStatus, .reading),
        let bytes = try? file.readBytes(at: 0, count: BackgroundStatus.fileSize + 1)
      else { return nil }
      if let status = BackgroundStatus(bytes: bytes) { return status }
    }
    return nil
  }
}

/// A background build as its own process sees it: holds the lock that says so, and keeps the note.
///
/// Used by one thread at a time.
package final class BackgroundBuild: @unchecked Sendable {
  private let fs: any FileSystem
  private let file: OpenFile
  private let locks: [LockHold]
  private var status: BackgroundStatus

  /// Takes the lock of builds and the maintenance lock, and begins the note.
  ///
  /// - Throws: `.locked` when another build is at work, or a compaction for longer than `patience` waits.
  package init(
    _ collection: Collection, _ status: BackgroundStatus, patience: LockPatience
  ) throws(DatabaseError) {
    let fs = collection.fileSystem
    // Others who look at the lock have it for a moment: some tries are always made.
    let building = try LockHold.taking(fs, .building) { attempts, holder in
      attempts < 4 && patience(attempts, holder)
    }
    let maintenance = try LockHold.taking(fs, .maintenance, patience: patience)
    self.fs = fs
    locks = [building, maintenance]
    file = try liftedFile { () throws(FileError) in
      let isThere = try fs.status(FileNames.rebuildStatus) != nil
      return try OpenFile(fs, FileNames.rebuildStatus, isThere ? .updating : .creating)
    }
    self.status = status
    try liftedFile { () throws(FileError) in
      try file.truncate(to: 0)
      try file.writeFully(status.bytes, at: 0)
    }
  }

  /// Notes how far it is.
  ///
  /// Best effort: a full disk does not end a build.
  package func note(_ progress: IndexProgress) {
    status.progress = progress
    write()
  }

  /// Notes how it ended.
  package func end(_ state: BackgroundStatus.State, exitStatus: Int32, message: String) {
    status.state = state
    status.exitStatus = exitStatus
    status.message = message
    if state == .done { status.progress.share = 1 }
    status.progress.phase = "ended"
    write()
  }

  private func write() {
    status.updated = fs.now()
    do throws(FileError) { try file.writeFully(status.bytes, at: 0) } catch { return }
  }
}
