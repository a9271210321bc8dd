import FileStorage
import MetadataFilters
package import VectorIndexes
import VectorMath

/// What an index build is to do.
package struct IndexRequest: Sendable {
  package var choice = IndexChoice.automatic
  /// Leaves segments alone that have a usable index of the wanted kind.
  package var onlyMissing = false
  /// Measures existing graphs anew instead of building.
  package var remeasures = false
  /// The segments to look at, by number; nil for all.
  package var segments: Set<UInt64>?
  /// Moves rows from the log into a segment first, when there are enough of them.
  package var movesLog = false
  package var options = IndexBuildOptions()

  package init() {}
}

/// What an index build did or would do.
package struct IndexReport: Equatable, Sendable {
  /// One index file.
  package struct Built: Equatable, Sendable {
    package let kind: IndexKind
    package let segment: UInt64
    package let rows: UInt64
    /// Bytes of the file; 0 for a rehearsal.
    package var bytes: UInt64
    /// The recall at 10 that a graph promises for the usual effort; nil for other kinds, or when nothing was measured.
    package var recall: Float?
  }

  package var version: UInt64 = 0
  package var built: [Built] = []
  /// Index files that were there and stay.
  package var kept = 0
  /// Index files that another takes the place of, or that are not wanted any more.
  package var removed = 0
  /// Indexes that were built and dropped, because their segments were replaced meanwhile.
  package var dropped = 0
  /// Rows in segments that are too small for an index to pay.
  package var smallRows: UInt64 = 0
  /// Rows in the log, which has no index.
  package var logRows = 0

  package init() {}

  /// Rows that the built files cover.
  package var rows: UInt64 { built.reduce(0) { $0 + $1.rows } }
  /// Bytes of the built files.
  package var bytes: UInt64 { built.reduce(0) { $0 + $1.bytes } }
  /// The kinds that were built, each once.
  package var kinds: [IndexKind] {
    IndexKind.allCases.filter { kind in built.contains { $0.kind == kind } }
  }
}

/// Builds index files and puts them in the place of older ones by one manifest commit.
///
/// Holds the maintenance lock throughout and the writer lock only for the commit: searches and writes go on. A build that is
/// cancelled or killed leaves the old indexes.
package enum IndexBuilder {
  /// What is to be done with one segment.
  struct Task: Equatable {
    let segment: SegmentEntry
    let kind: IndexKind
  }

  /// What a request means for the segments of a state.
  struct Plan {
    var tasks: [Task] = []
    /// Numbers of index files that are not wanted any more, without those that a task replaces.
    var unwanted: Set<UInt64> = []
    var report = IndexReport()
  }

  static func plan(_ state: CollectionState, _ collection: Collection, _ request: IndexRequest) -> Plan {
    var plan = Plan()
    plan.report.version = state.manifest.version
    plan.report.logRows = state.tail.liveCount
    for live in state.segments where live.liveCount > 0 {
      if let wanted = request.segments, !wanted.contains(live.entry.number) { continue }
      let existing = state.manifest.indexes.filter { $0.segment == live.entry.number }
      let kind = IndexPolicy.kind(request.choice, rows: live.entry.rows, collection.settings)
      let same = existing.first { $0.kind == kind?.rawValue }
      if request.remeasures, same.map({ !isUsable($0, live.entry, collection) }) ?? true { continue }
      if request.choice == .automatic {
        // An automatic choice leaves exactly one kind; what this program does not know, it leaves alone.
        for entry in existing where IndexKind(rawValue: entry.kind) != nil && entry.kind != kind?.rawValue {
          if request.onlyMissing { continue }
          plan.unwanted.insert(entry.number)
        }
      }
      guard let kind else {
        plan.report.smallRows += UInt64(live.liveCount)
        continue
      }
      if request.onlyMissing, let same, isUsable(same, live.entry, collection) {
        plan.report.kept += 1
        continue
      }
      if same != nil { plan.report.removed += 1 }
      plan.tasks.append(Task(segment: live.entry, kind: kind))
    }
    plan.report.removed += plan.unwanted.count
    return plan
  }

  /// The recall that a finished graph promises; its file still has a temporary name.
  private static func promisedRecall(
    _ entry: IndexEntry, _ task: Task, _ temporaryName: String, _ collection: Collection
  ) -> Float? {
    guard task.kind == .graph,
      case .graph(let index)? = try? OpenIndex.open(
        collection.fileSystem, entry, of: task.segment, collection, name: temporaryName)
    else { return nil }
    return index.calibration.choice(k: 10, recall: GraphUse.usualRecall)?.promised
  }

  private static func isUsable(_ entry: IndexEntry, _ segment: SegmentEntry, _ collection: Collection) -> Bool
  {
    do throws(StorageError) {
      _ = try OpenIndex.open(collection.fileSystem, entry, of: segment, collection)
      return true
    } catch {
      return false
    }
  }

  /// Says what `run` would do.
  package static func dryRun(_ snapshot: Snapshot, _ request: IndexRequest) -> IndexReport {
    let plan = plan(snapshot.state, snapshot.collection, request)
    var report = plan.report
    report.built = plan.tasks.map {
      IndexReport.Built(kind: $0.kind, segment: $0.segment.number, rows: $0.segment.rows, bytes: 0)
    }
    return report
  }

  /// Builds what a request asks for.
  ///
  /// `openWriter`: Takes the writer lock; called for the commit, and before it when the log is moved.
  /// - Throws: `.locked`, `.cancelled`, `.memoryLimit`; the collection is then unchanged.
  package static func run(
    _ collection: Collection, _ request: IndexRequest, patience: LockPatience,
    openWriter: () throws(DatabaseError) -> CollectionWriter
  ) throws(DatabaseError) -> IndexReport {
    let hold = try LockHold.taking(collection.fileSystem, .maintenance, patience: patience)
    defer { withExtendedLifetime(hold) {} }
    return try runHoldingLock(collection, request, openWriter: openWriter)
  }

  /// The same for a caller that holds the maintenance lock.
  static func runHoldingLock(
    _ collection: Collection, _ request: IndexRequest,
    openWriter: () throws(DatabaseError) -> CollectionWriter
  ) throws(DatabaseError) -> IndexReport {
    let fs = collection.fileSystem
    var snapshot = try Snapshot.open(collection)
    if request.movesLog, isWorthMoving(snapshot, request) {
      let writer = try openWriter()
      try writer.checkpoint()
      writer.close()
      snapshot = try Snapshot.open(collection)
    }
    let plan = plan(snapshot.state, collection, request)
    var built: [(task: Task, entry: IndexEntry, temporaryName: String)] = []
    var report = plan.report
    guard !plan.tasks.isEmpty || !plan.unwanted.isEmpty else { return report }
    do throws(DatabaseError) {
      for (index, task) in plan.tasks.enumerated() {
        if request.options.isCancelled() { throw .cancelled }
        let name = uniqueTemporaryName(fs, "index", index)
        let entry = try build(task, snapshot, name, request)
        built.append((task, entry, name))
      }
      let writer = try openWriter()
      try commit(writer, built, plan.unwanted, &report)
      _ = try? GarbageCollector.collect(collection, keepParent: true, dryRun: false)
      writer.close()
    } catch {
      // The old indexes are as good as before; the next writer would remove these files as well.
      for part in built { try? fs.remove(part.temporaryName) }
      throw error
    }
    return report
  }

  private static func isWorthMoving(_ snapshot: Snapshot, _ request: IndexRequest) -> Bool {
    let rows = UInt64(snapshot.state.tail.liveCount)
    return rows > 0
      && IndexPolicy.kind(request.choice, rows: rows, snapshot.collection.settings) != nil
  }

  private static func build(
    _ task: Task, _ snapshot: Snapshot, _ name: String, _ request: IndexRequest
  ) throws(DatabaseError) -> IndexEntry {
    guard
      let live = snapshot.state.segments.first(where: { $0.entry.number == task.segment.number })
    else { throw .cancelled }
    do throws(IndexBuildError) {
      if request.remeasures, let index = snapshot.indexes.index(task.kind, for: task.segment) {
        return try index.remeasure(
          live.segment, task.segment, snapshot.collection, temporaryName: name, request.options)
      }
      return try OpenIndex.build(
        task.kind, live.segment, task.segment, snapshot.collection, temporaryName: name, request.options)
    } catch {
      // A builder removes what it has not finished.
      switch error {
      case .storage(let error): throw .storage(error)
      case .cancelled: throw .cancelled
      case .memory(let needed, let limit): throw .memoryLimit(needed: needed, limit: limit)
      }
    }
  }

  /// Names the new files in a manifest made from the newest one, under the writer lock.
  ///
  /// An index whose segment has been replaced meanwhile is of no use and is dropped.
  private static func commit(
    _ writer: CollectionWriter, _ built: [(task: Task, entry: IndexEntry, temporaryName: String)],
    _ unwanted: Set<UInt64>, _ report: inout IndexReport
  ) throws(DatabaseError) {
    var manifest = writer.state.manifest
    var files: [PendingFile] = []
    var number = try writer.nextNumber()
    let before = manifest.indexes.count
    manifest.indexes.removeAll { unwanted.contains($0.number) }
    var changed = manifest.indexes.count != before
    for part in built {
      let isThere = manifest.segments.contains {
        $0.number == part.task.segment.number && $0.sha256 == part.task.segment.sha256
      }
      guard isThere else {
        report.dropped += 1
        continue
      }
      var entry = part.entry
      entry.number = number
      number += 1
      manifest.indexes.removeAll { $0.segment == entry.segment && $0.kind == entry.kind }
      manifest.indexes.append(entry)
      files.append(PendingFile(temporaryName: part.temporaryName, finalName: FileNames.index(entry.number)))
      report.built.append(
        IndexReport.Built(
          kind: part.task.kind, segment: entry.segment, rows: part.task.segment.rows, bytes: entry.bytes,
          recall: promisedRecall(part.entry, part.task, part.temporaryName, writer.collection)))
      changed = true
    }
    guard changed else { return }
    manifest.indexes.sort { ($0.segment, $0.kind) < ($1.segment, $1.kind) }
    manifest.nextNumber = number
    let published = try writer.publish(files, manifest)
    try writer.reopen(published)
    report.version = published.version
  }
}
