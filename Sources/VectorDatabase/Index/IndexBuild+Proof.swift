import FileStorage
import Synchronization
import VectorIndexes
import VectorMath

extension IndexBuilder {
  /// Searches by a finished graph that still has a temporary name, through the search that users get.
  ///
  /// Queries are rows that its promise was not measured with, each held out of its own search, or the user's own.
  static func prove(
    _ made: Made, _ snapshot: Snapshot, _ proof: IndexProof, _ request: IndexRequest,
    _ progress: @escaping @Sendable (Double) -> Void
  ) throws(DatabaseError) -> [RecallResult] {
    let collection = snapshot.collection
    let opened = try lifted { () throws(StorageError) in
      try OpenIndex.open(
        collection.fileSystem, made.entry, of: made.task.segment, collection, name: made.temporaryName)
    }
    guard case .graph(let index) = opened else { return [] }
    let alone = snapshot.alone(made, opened)
    var recall = RecallRequest()
    recall.queryCount = proof.queryCount
    recall.queries = HeldOutQueries(request, dimension: snapshot.collection.settings.dimension).forProof
    recall.seed = request.options.seed &+ 0x7072_6F76
    recall.threads = request.options.threads
    recall.isCancelled = request.options.isCancelled
    recall.progress = progress
    let results = try RecallMeasurement(alone, recall) { _, row in index.proves(row: row) }.run()
    // A file that was given up meanwhile has proved nothing.
    if let warning = alone.indexes.takeWarnings().first {
      throw .storage(
        .corruption(
          CorruptionError(
            path: made.temporaryName, section: "file", offset: nil,
            expected: "the graph that was just written",
            found: warning.message)))
    }
    return results
  }

  /// What speaks against a new graph: that it breaks its own promise, or that it does not find what the old one promises.
  static func refusal(
    of made: Made, _ results: [RecallResult], _ snapshot: Snapshot, _ proof: IndexProof
  ) -> IndexReport.Refusal? {
    var old: GraphCalibration?
    if case .graph(let index)? = snapshot.indexes.index(.graph, for: made.task.segment) {
      old = index.calibration
    }
    guard let (result, isOldPromise) = failure(results, old: old) else { return nil }
    return IndexReport.Refusal(
      segment: made.task.segment.number, result: result, isOldPromise: isOldPromise, hasOld: old != nil,
      isTaken: proof.takesWorse)
  }

  /// The first result that breaks the new graph's promise, or a promise of the old one that the new one does not make.
  static func failure(
    _ results: [RecallResult], old: GraphCalibration?
  ) -> (result: RecallResult, isOldPromise: Bool)? {
    for result in results where !result.isExact {
      let isOld =
        !result.isReached && result.interval.upperBound < result.target
        && old?.choice(k: result.k, recall: result.target)?.isReached == true
      if result.isBroken || isOld { return (result, !result.isBroken) }
    }
    return nil
  }
}

extension Snapshot {
  /// The same rows as if their segment, and the graph that was made of it, were all there is.
  ///
  /// Lives as long as this snapshot, which keeps the files.
  fileprivate func alone(_ made: IndexBuilder.Made, _ index: OpenIndex) -> Snapshot {
    var manifest = manifest
    let number = made.task.segment.number
    manifest.segments = manifest.segments.filter { $0.number == number }
    manifest.indexes = [made.entry]
    let state = CollectionState(
      manifest: manifest, segments: self.state.segments.filter { $0.entry.number == number },
      tail: LogTail(key: collection.identity.uuid, vectorBytes: collection.identity.vectorBytes),
      lastLSN: lsn, settings: collection.settings)
    return Snapshot(
      collection, state, pin: nil, logState: .sealed,
      indexes: SnapshotIndexes(collection, manifest, open: [made.entry.number: index]))
  }
}

/// The user's queries, divided: most of them measure what a graph promises, the others prove it.
struct HeldOutQueries {
  /// Those that the promise is measured with; nil for rows of the segment.
  private(set) var forPromise: [Float]?
  /// Those that the proof is made with; nil for rows of the segment.
  private(set) var forProof: [Float]?

  /// Every fourth query is held out, where there are enough.
  init(_ request: IndexRequest, dimension: Int) {
    forPromise = request.options.queries
    let count = (forPromise?.count ?? 0) / max(1, dimension)
    guard request.proof != nil, count >= 40, let all = forPromise else { return }
    var (kept, held): ([Float], [Float]) = ([], [])
    for query in 0..<count {
      let numbers = all[query * dimension..<(query + 1) * dimension]
      if query % 4 == 3 { held += numbers } else { kept += numbers }
    }
    (forPromise, forProof) = (kept, held)
  }
}

/// How far a build of several files is, each by its rows.
final class BuildPace: Sendable {
  /// The share of a graph's time that building takes; the rest is its proof.
  private static let buildShare = 0.92

  private let tasks: [IndexBuilder.Task]
  private let request: IndexRequest
  private let queries: HeldOutQueries
  private let rows: UInt64
  private let last: Mutex<IndexProgress>

  init(_ tasks: [IndexBuilder.Task], _ request: IndexRequest, dimension: Int) {
    self.tasks = tasks
    self.request = request
    queries = HeldOutQueries(request, dimension: dimension)
    rows = tasks.reduce(0) { $0 + $1.segment.rows }
    last = Mutex(
      IndexProgress(
        phase: "coding", segment: tasks.first?.segment.number ?? 0, task: 1, tasks: tasks.count, rows: rows,
        share: 0))
  }

  /// Where a task's work begins and how much it is, as shares of the whole.
  private func place(_ task: Int) -> (start: Double, size: Double) {
    let all = Double(max(1, rows))
    let before = tasks.prefix(task).reduce(UInt64(0)) { $0 + $1.segment.rows }
    return (Double(before) / all, Double(tasks[task].segment.rows) / all)
  }

  private func isProved(_ task: Int) -> Bool { request.proof != nil && tasks[task].kind == .graph }

  private func tell(_ task: Int?, _ phase: String?, _ share: Double?) {
    last.withLock { progress in
      if let task {
        progress.task = task + 1
        progress.segment = tasks[task].segment.number
      }
      if let phase { progress.phase = phase }
      if let share { progress.share = max(progress.share, min(1, share)) }
      request.progress(progress)
    }
  }

  /// Says what is being done now.
  func say(_ phase: String) { tell(nil, phase, nil) }

  /// The options of a task, which report to here.
  func options(task: Int) -> IndexBuildOptions {
    let (start, size) = place(task)
    let part = isProved(task) ? Self.buildShare : 1
    var options = request.options
    options.queries = queries.forPromise
    options.progress = { [self] share in tell(task, nil, start + size * part * share) }
    options.stage = { [self] phase in tell(task, phase, nil) }
    tell(task, "coding", start)
    return options
  }

  /// Who hears how far the proof of a task is.
  func proofProgress(task: Int) -> @Sendable (Double) -> Void {
    let (start, size) = place(task)
    tell(task, "proving recall", start + size * Self.buildShare)
    return { [self] share in
      tell(task, nil, start + size * (Self.buildShare + (1 - Self.buildShare) * share))
    }
  }
}
