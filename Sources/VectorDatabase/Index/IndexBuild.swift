import FileStorage
import MetadataFilters
import VectorIndexes
import VectorMath

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

  /// A finished file in `tmp/`.
  struct Made {
    let task: Task
    /// The manifest entry, with the number 0.
    let entry: IndexEntry
    let temporaryName: String
    /// The recall at 10 that searches found; nil without a proof.
    var proved: Double?
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
        if case .kind = request.choice {
          plan.report.unsupportedRows += UInt64(live.liveCount)
        } else {
          plan.report.smallRows += UInt64(live.liveCount)
        }
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
  private static func promisedRecall(_ made: Made, _ collection: Collection) -> Float? {
    guard made.task.kind == .graph,
      case .graph(let index)? = try? OpenIndex.open(
        collection.fileSystem, made.entry, of: made.task.segment, collection, name: made.temporaryName)
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
    let hold = try LockHold.takingMaintenance(collection.fileSystem, patience: patience)
    defer { withExtendedLifetime(hold) {} }
    return try runHoldingLock(collection, request, openWriter: openWriter)
  }

  /// The same for a caller that holds the maintenance lock.
  package static func runHoldingLock(
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
    var made: [Made] = []
    var report = plan.report
    guard !plan.tasks.isEmpty || !plan.unwanted.isEmpty else { return report }
    let pace = BuildPace(plan.tasks, request, dimension: collection.settings.dimension)
    do throws(DatabaseError) {
      for (index, task) in plan.tasks.enumerated() {
        if request.options.isCancelled() { throw .cancelled }
        let name = uniqueTemporaryName(fs, "index", index)
        if let source = request.healing[task.segment.number], task.kind == .graph {
          switch try heal(task, source, snapshot, name, request, pace, index) {
          case .healed(let part):
            made.append(part)
            continue
          case .refused(let reason):
            report.unhealed[task.segment.number] = reason
          }
        }
        let entry = try build(task, snapshot, name, request, pace.options(task: index))
        var part = Made(task: task, entry: entry, temporaryName: name)
        made.append(part)
        guard let proof = request.proof, task.kind == .graph else { continue }
        let results = try prove(part, snapshot, proof, request, pace.proofProgress(task: index))
        part.proved = results.first { $0.k == 10 && $0.target == GraphUse.usualRecall }?.measured
        made[made.count - 1] = part
        guard let refusal = refusal(of: part, results, snapshot, proof) else { continue }
        report.refused.append(refusal)
        if refusal.isTaken { continue }
        made.removeLast()
        if snapshot.indexes.isNamed(task.kind, for: task.segment) {
          report.kept += 1
          report.removed -= 1
        }
        try? fs.remove(name)
      }
      guard !made.isEmpty || !plan.unwanted.isEmpty else { return report }
      pace.say("waiting to swap")
      let writer = try openWriter()
      try commit(writer, made, plan.unwanted, &report)
      _ = try? GarbageCollector.collect(collection, keepParent: true, dryRun: false)
      writer.close()
    } catch {
      // The old indexes are as good as before; the next writer would remove these files as well.
      for part in made { try? fs.remove(part.temporaryName) }
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
    _ task: Task, _ snapshot: Snapshot, _ name: String, _ request: IndexRequest, _ options: IndexBuildOptions
  ) throws(DatabaseError) -> IndexEntry {
    guard
      let live = snapshot.state.segments.first(where: { $0.entry.number == task.segment.number })
    else { throw .cancelled }
    var options = options
    if let parameters = request.parameters[task.segment.number] {
      options.graph = parameters
      options.seed = parameters.seed
    }
    let wanted = options
    return try indexEntry { () throws(IndexBuildError) in
      if request.remeasures, let index = snapshot.indexes.index(task.kind, for: task.segment) {
        return try index.remeasure(
          live.segment, task.segment, snapshot.collection, temporaryName: name, wanted)
      }
      return try OpenIndex.build(
        task.kind, live.segment, task.segment, snapshot.collection, temporaryName: name, wanted)
    }
  }

  /// Runs a build and lifts its error.
  static func indexEntry(
    _ body: () throws(IndexBuildError) -> IndexEntry
  ) throws(DatabaseError) -> IndexEntry {
    do throws(IndexBuildError) {
      return try body()
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
    _ writer: CollectionWriter, _ made: [Made], _ unwanted: Set<UInt64>, _ report: inout IndexReport
  ) throws(DatabaseError) {
    var manifest = writer.state.manifest
    var files: [PendingFile] = []
    var number = try writer.nextNumber()
    let before = manifest.indexes.count
    manifest.indexes.removeAll { unwanted.contains($0.number) }
    var changed = manifest.indexes.count != before
    for part in made {
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
          recall: promisedRecall(part, writer.collection), proved: part.proved))
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
