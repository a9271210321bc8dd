import CommandLineParsing
import FileStorage
import Synchronization
import VectorDatabase
import VectorIndexes

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// `rebuild-index --background`: both sides of it.
enum BackgroundBuilding {
  /// Whether this process is the one that does the work.
  static func isBuilder(_ context: CommandContext) -> Bool {
    context.environment[DetachedStart.variable] == "1"
  }

  // MARK: The process that starts it

  /// Starts the builder and says so.
  static func start(_ context: inout CommandContext) throws(CommandFailure) {
    try context.checkForStop()
    switch try DetachedStart.run(CommandLine.arguments, context.messages) {
    case .ended(let status):
      // It has said why.
      context.exitStatus = ExitStatus(rawValue: status) ?? .bug
    case .begun(let process):
      context.messages.note(
        "the indexes are being built by process \(process); searches and writes go on as before")
      context.suggest("rebuild-index", context.collectionWord, "--status")
      guard context.isJSON else { return }
      var json = JSONOutput.begin(.rebuildIndex)
      json.member("collection", context.collectionPath)
      json.member("background", true)
      json.member("process", process)
      try JSONOutput.end(json, to: context)
    }
  }

  // MARK: The process that does the work

  /// Builds, noting in the collection's folder how far it is and how it ended.
  static func build(
    _ context: inout CommandContext, _ collection: Collection, _ request: IndexRequest
  ) throws(CommandFailure) {
    let start = MonotonicClock.now()
    let own = ProcessIdentity.own
    let status = BackgroundStatus(
      processID: own.number, processStart: own.start, machineRun: own.machineRun,
      began: collection.fileSystem.now())
    let patience = context.maintenancePatience(collection)
    let note = try engine { () throws(DatabaseError) in
      try BackgroundBuild(collection, status, patience: patience)
    }
    let log = try openLog(collection.fileSystem)
    try DetachedStart.noteBegun(log)
    var request = request
    let pace = NotePace(note)
    request.progress = { pace.note($0) }
    do throws(CommandFailure) {
      let report = try run(context, collection, request)
      let text = IndexText(report, start: start, isDryRun: false, choice: request.choice)
      text.tell(context)
      context.exitStatus = report.isRefused ? .negative : .ok
      note.end(
        report.isRefused ? .refused : .done, exitStatus: context.exitStatus.rawValue,
        message: text.summary)
    } catch {
      let isStopped = Signals.requested != nil || error.status == .timeout
      note.end(isStopped ? .cancelled : .failed, exitStatus: error.exitCode, message: error.message)
      throw error
    }
  }

  private static func run(
    _ context: CommandContext, _ collection: Collection, _ request: IndexRequest
  ) throws(CommandFailure) -> IndexReport {
    let origin = context.origin
    let isCancelled = request.options.isCancelled
    // Work of minutes is not thrown away because a writer is busy: the swap waits for its turn.
    let patience: LockPatience = { _, _ in
      if isCancelled() { return false }
      usleep(50_000)
      return true
    }
    return try engine { () throws(DatabaseError) in
      try IndexBuilder.runHoldingLock(collection, request) { () throws(DatabaseError) in
        do throws(DatabaseError) {
          return try CollectionWriter(
            collection, origin: origin, creator: VersionCommand.creator, patience: patience)
        } catch .locked {
          throw .cancelled
        }
      }
    }
  }

  /// The log of builds, empty.
  private static func openLog(_ fs: any FileSystem) throws(CommandFailure) -> OpenFile {
    try files { () throws(FileError) in
      let isThere = try fs.status(FileNames.rebuildLog) != nil
      let log = try OpenFile(fs, FileNames.rebuildLog, isThere ? .updating : .creating)
      try log.truncate(to: 0)
      return log
    }
  }
}

/// Keeps a build from noting its progress more often than anybody looks.
private final class NotePace: Sendable {
  private static let interval: Int64 = 200_000_000

  private let build: BackgroundBuild
  private let last = Mutex<(time: Int64, phase: String)>((0, ""))

  init(_ build: BackgroundBuild) { self.build = build }

  func note(_ progress: IndexProgress) {
    last.withLock { last in
      let now = MonotonicClock.now()
      guard progress.phase != last.phase || now - last.time >= Self.interval else { return }
      last = (now, progress.phase)
      build.note(progress)
    }
  }
}
