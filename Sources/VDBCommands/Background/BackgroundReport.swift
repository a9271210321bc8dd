import CommandLineParsing
import FileStorage
import VectorDatabase

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What other commands say about, and do to, a background build of indexes.
struct BackgroundReport {
  private let context: CommandContext
  private let collection: Collection
  private var view: BackgroundBuildView

  init(_ context: CommandContext, _ collection: Collection) throws(CommandFailure) {
    self.context = context
    self.collection = collection
    view = try Self.look(collection)
  }

  private static func look(_ collection: Collection) throws(CommandFailure) -> BackgroundBuildView {
    try engine { () throws(DatabaseError) in try BackgroundBuildView.read(collection) }
  }

  // MARK: What is true

  /// How the build stands, as a word of the output.
  private enum Standing: String {
    case none, running, done, refused, failed, cancelled, killed
  }

  private var standing: Standing {
    if view.isAlive { return .running }
    guard let status = view.status else { return .none }
    return switch status.state {
    // Its process holds the lock while it lives, and notes how it ends.
    case .running: .killed
    case .done: .done
    case .refused: .refused
    case .failed: .failed
    case .cancelled: .cancelled
    }
  }

  /// The process, when it is certainly the one that wrote the note.
  private var process: ProcessIdentity? {
    guard view.isAlive, let status = view.status, status.state == .running,
      let now = ProcessIdentity.of(status.processID), now.start == status.processStart,
      now.machineRun == status.machineRun
    else { return nil }
    return now
  }

  // MARK: What is said

  /// `--status`.
  func writeStatus(_ exitStatus: inout ExitStatus) throws(CommandFailure) {
    try write()
    switch standing {
    case .none, .running, .done: exitStatus = .ok
    case .refused, .failed, .cancelled, .killed: exitStatus = .negative
    }
  }

  private var sentence: String {
    guard let status = view.status else {
      return view.isAlive ? "a build is starting" : "no index has been built in the background"
    }
    switch standing {
    case .none: return "no index has been built in the background"
    case .running: return "\(status.progress.phase), \(percent(status)) %"
    case .done, .refused, .failed: return status.message
    case .cancelled: return "ended early; the old indexes are in use"
    case .killed:
      return
        "its process \(status.processID) ended without a word at \(percent(status)) %; the old indexes are in use and nothing is left to repair"
    }
  }

  private func percent(_ status: BackgroundStatus) -> String {
    NumberText.fixed(status.progress.share * 100, 1)
  }

  /// Rows in a second so far, and the milliseconds that are left.
  private func pace(_ status: BackgroundStatus) -> (rate: UInt64, remaining: UInt64?) {
    let end = standing == .running ? collection.fileSystem.now() : status.updated
    let elapsed = Double(max(1, end &- status.began)) / 1e9
    let done = Double(status.progress.rows) * status.progress.share
    let rate = UInt64(max(0, min(1e15, done / elapsed)))
    guard standing == .running, status.progress.share > 0.01 else { return (rate, nil) }
    let left = elapsed * (1 - status.progress.share) / status.progress.share * 1000
    return (rate, UInt64(max(0, min(1e15, left))))
  }

  private func write() throws(CommandFailure) {
    let word = standing == .none && view.isAlive ? "running" : standing.rawValue
    if context.isJSON { return try writeJSON(word) }
    var list = PropertyList()
    list.add("build", word)
    if let status = view.status {
      let (rate, remaining) = pace(status)
      list.add("process", processText(status), "\(status.processID)")
      list.add("began", TimeParsing.text(nanoseconds: status.began))
      list.add("noted", TimeParsing.text(nanoseconds: status.updated))
      list.add("phase", status.progress.phase)
      list.add("done", "\(percent(status)) %", percent(status))
      if status.progress.tasks > 1 {
        list.add(
          "index",
          "\(status.progress.task) of \(status.progress.tasks), of \(FileNames.segment(status.progress.segment))",
          "\(status.progress.task)/\(status.progress.tasks)")
      }
      list.add(
        "rows", "\(NumberText.grouped(status.progress.rows)), \(NumberText.short(rate)) rows/s",
        "\(status.progress.rows)")
      if let remaining {
        list.add("left", "about " + NumberText.seconds(milliseconds: remaining), "\(remaining)")
      }
      if !view.isAlive { list.add("message", sentence) }
      list.add("log", context.collectionPath + "/" + FileNames.rebuildLog)
    }
    try list.write(to: context)
  }

  private func processText(_ status: BackgroundStatus) -> String {
    if process != nil { return "\(status.processID)" }
    return view.isAlive ? "\(status.processID), not to be seen from here" : "\(status.processID), ended"
  }

  private func writeJSON(_ word: String) throws(CommandFailure) {
    var json = JSONOutput.begin(.rebuildStatus)
    json.member("collection", context.collectionPath)
    json.member("state", word)
    json.member("alive", view.isAlive)
    if let status = view.status {
      let (rate, remaining) = pace(status)
      json.member("process", status.processID)
      json.member("began", TimeParsing.text(nanoseconds: status.began, digits: 9))
      json.member("updated", TimeParsing.text(nanoseconds: status.updated, digits: 9))
      json.member("phase", status.progress.phase)
      json.member("percent", percent(status))
      json.member("segment", status.progress.segment)
      json.member("task", status.progress.task)
      json.member("tasks", status.progress.tasks)
      json.member("rows", status.progress.rows)
      json.member("rate", rate)
      json.key("eta_ms")
      if let remaining { json.value(remaining) } else { json.null() }
      if !view.isAlive, status.state != .running {
        json.member("exit", UInt64(max(0, status.exitStatus)))
      }
      json.member("message", sentence)
    }
    try JSONOutput.end(json, to: context)
  }

  // MARK: What is done

  /// Waits until no build is at work.
  private mutating func waitForEnd(showsProgress: Bool) throws(CommandFailure) {
    var progress: Progress?
    var milliseconds: UInt32 = 5
    while view.isAlive {
      if let signal = Signals.requested {
        progress?.finish()
        throw .interrupted(by: signal, "interrupted; the build goes on")
      }
      if let deadline = context.deadline, MonotonicClock.now() >= deadline {
        progress?.finish()
        throw CommandFailure(
          .timeout, code: "timeout", "the time given by --timeout ran out; the build goes on")
      }
      if showsProgress, let status = view.status, status.state == .running {
        let line = progress ?? Progress(context, phase: "", unit: "rows", total: nil)
        progress = line
        line.begin(phase: status.progress.phase, total: status.progress.rows)
        line.update(UInt64(Double(status.progress.rows) * status.progress.share))
      }
      usleep(milliseconds * 1000)
      milliseconds = min(100, milliseconds * 2)
      view = try Self.look(collection)
    }
    progress?.finish()
  }

  /// `--wait`: ends with the status of the build.
  mutating func wait(_ exitStatus: inout ExitStatus) throws(CommandFailure) {
    try waitForEnd(showsProgress: true)
    switch standing {
    case .none, .running, .done: exitStatus = .ok
    case .refused, .cancelled, .killed: exitStatus = .negative
    case .failed: exitStatus = view.status.flatMap { ExitStatus(rawValue: $0.exitStatus) } ?? .bug
    }
    if context.isJSON { return try writeJSON(standing.rawValue) }
    context.messages.note(standing == .none ? sentence : "\(standing.rawValue): \(sentence)")
  }

  /// `--cancel`: ends the build and waits until it is gone.
  mutating func cancel(_ exitStatus: inout ExitStatus) throws(CommandFailure) {
    guard view.isAlive else {
      context.messages.note("no background build is at work")
      exitStatus = .negative
      if context.isJSON { try writeJSON(standing.rawValue) }
      return
    }
    // It writes its note right after it has taken the lock.
    for _ in 0..<200 where view.isAlive && view.status?.state != .running {
      usleep(5000)
      view = try Self.look(collection)
    }
    if view.isAlive {
      guard let process else {
        throw CommandFailure(
          .denied, code: "process-not-here",
          "the build's process \(view.status.map { "\($0.processID) " } ?? "")cannot be seen from here",
          hint: "end it on the machine or in the container where it runs; the old indexes stay in use")
      }
      if kill(pid_t(truncatingIfNeeded: process.number), SIGTERM) != 0, errno != ESRCH {
        throw .system("cannot end", "process \(process.number)", errno)
      }
      try waitForEnd(showsProgress: false)
    }
    let isEnded = standing == .cancelled || standing == .killed
    exitStatus = isEnded ? .ok : .negative
    if context.isJSON { return try writeJSON(standing.rawValue) }
    context.messages.note(
      isEnded
        ? "the build is ended; the old indexes are in use"
        : "the build had ended before: \(standing.rawValue): \(sentence)")
  }
}
