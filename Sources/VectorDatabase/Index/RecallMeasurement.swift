import FileStorage
import Synchronization
import VectorIndexes
import VectorMath

/// What a measurement of recall is to do.
package struct RecallRequest: Sendable {
  /// Rows that are drawn as queries, at least 1; fewer when there are fewer.
  package var queryCount = 200
  /// Queries that the user gives, row-major floats of the collection's dimension, in the place of rows.
  package var queries: [Float]?
  /// Decides which rows are drawn.
  package var seed: UInt64 = 1
  /// Numbers of neighbours, ascending.
  package var neighbors = GraphCalibration.measured
  /// Recalls that are asked for, each above 0 and below 1.
  package var targets = [0.9, 0.95, 0.99]
  /// Threads used; the result does not depend on it.
  package var threads = 1
  /// Asked between blocks of queries; true ends the work with `.cancelled`.
  package var isCancelled: @Sendable () -> Bool = { false }
  /// Told how much of the work is done, from 0 to 1, by one thread at a time.
  package var progress: @Sendable (Double) -> Void = { _ in }

  package init() {}
}

/// What searches found that asked for one recall of one number of neighbours.
package struct RecallResult: Equatable, Sendable {
  /// Neighbours wanted.
  package let k: Int
  /// The recall that was asked for.
  package let target: Double
  /// The least recall that is promised for it; nil when no searched graph was ever measured.
  package let promised: Double?
  /// Whether that is, in some segment, the recall that was asked for and no measurement: where rows are deleted the walk goes as
  /// far past them as that recall takes by the measurement of the whole graph.
  package let isPromisedAsAsked: Bool
  /// False when a graph says itself that it does not reach the target.
  package let isReached: Bool
  /// Share of the true neighbours that were found, on average.
  package let measured: Double
  /// Where the average over all possible queries lies, with a confidence of 99 of a hundred.
  package let interval: ClosedRange<Double>
  /// Queries that were measured.
  package let queries: Int
  /// Whether no graph was used: the answer is then the truth.
  package let isExact: Bool

  /// Whether what was found excludes what was promised.
  package var isBroken: Bool {
    guard !isExact, let promised else { return false }
    return promised > interval.upperBound
  }
}

/// Measures what searches find, by the search that users get and against the exact answer.
///
/// Queries are live rows, drawn at random. Such a row is held out of its own search: it may not be found, and its list in the
/// graph, which would lead to its nearest, is not read. Rows with the same code as others are not hidden, as the graph knows them
/// by one node.
struct RecallMeasurement {
  private let snapshot: Snapshot
  private let request: RecallRequest
  /// Rows that may be drawn.
  private let isCandidate: (_ segment: Int, _ row: Int) -> Bool

  /// One query.
  private struct Query {
    /// Where the row lies that is the query; nil for one that was given.
    var location: RowLocation?
    /// The row's node in its segment's graph, when it is alone there.
    var node: Int?
    /// Distances of the nearest rows, ascending.
    var truth: [Float] = []
  }

  init(
    _ snapshot: Snapshot, _ request: RecallRequest,
    isCandidate: @escaping (_ segment: Int, _ row: Int) -> Bool
  ) {
    self.snapshot = snapshot
    self.request = request
    self.isCandidate = isCandidate
  }

  /// Measures with rows that left no traces in their graph, where there are such, and with any row elsewhere.
  init(_ snapshot: Snapshot, _ request: RecallRequest) {
    let graphs = snapshot.state.segments.map { live -> GraphIndex? in
      guard case .graph(let index)? = snapshot.indexes.index(.graph, for: live.entry) else { return nil }
      return index
    }
    self.init(snapshot, request) { segment, row in graphs[segment]?.measures(row: row) ?? true }
  }

  /// Measures every k with every target.
  ///
  /// - Returns: In the order of k, then of targets; nothing when there are no queries.
  /// - Throws: `.cancelled`; `.storage` for damaged rows.
  func run() throws(DatabaseError) -> [RecallResult] {
    var (queries, vectors) = try drawQueries()
    guard !queries.isEmpty else { return [] }
    try findTruth(&queries, vectors)
    var results: [RecallResult] = []
    let total = Double(request.neighbors.count * request.targets.count)
    for k in request.neighbors {
      for target in request.targets {
        if request.isCancelled() { throw .cancelled }
        results.append(try measure(k, target, queries, vectors))
        request.progress(0.5 + 0.5 * Double(results.count) / total)
      }
    }
    return results
  }

  // MARK: Queries

  private func drawQueries() throws(DatabaseError) -> ([Query], [Float]) {
    let dimension = snapshot.collection.settings.dimension
    if let given = request.queries {
      let count = min(request.queryCount, given.count / max(1, dimension))
      return ([Query](repeating: Query(), count: count), Array(given.prefix(count * dimension)))
    }
    var queries: [Query] = []
    var vectors: [Float] = []
    for location in drawRows() {
      let vector = try snapshot.state.vector(at: location)
      // A zero vector is equally far from everything.
      if snapshot.collection.settings.metric == .cosine, vector.allSatisfy({ $0 == 0 }) { continue }
      queries.append(Query(location: location))
      vectors += vector
    }
    findNodes(&queries)
    return (queries, vectors)
  }

  /// Live rows at random, in the order in which they are stored.
  private func drawRows() -> [RowLocation] {
    var candidates: [RowLocation] = []
    var seen = 0
    var generator = SeededGenerator(seed: request.seed)
    // Every candidate has the same chance to be among those kept (Vitter 1985, algorithm R).
    func offer(_ location: RowLocation) {
      seen += 1
      if candidates.count < request.queryCount {
        candidates.append(location)
      } else {
        let place = Int(truncatingIfNeeded: generator.next() % UInt64(seen))
        if place < candidates.count { candidates[place] = location }
      }
    }
    for (index, live) in snapshot.state.segments.enumerated() {
      for row in 0..<live.segment.rows where !live.dead.contains(row) && isCandidate(index, row) {
        offer(.segment(index, row: row))
      }
    }
    for (index, entry) in snapshot.state.tail.entries.enumerated() where entry.isLiveRow {
      offer(.tail(index))
    }
    return candidates.sorted { $0.code < $1.code }
  }

  /// Finds the node of each row that is a query.
  private func findNodes(_ queries: inout [Query]) {
    for (position, live) in snapshot.state.segments.enumerated() {
      guard case .graph(let index)? = snapshot.indexes.index(.graph, for: live.entry) else { continue }
      var places: [UInt32: Int] = [:]
      for (place, query) in queries.enumerated() {
        if case .segment(position, let row)? = query.location { places[UInt32(row)] = place }
      }
      guard !places.isEmpty else { continue }
      for node in 0..<index.nodes {
        let rows = index.nodeRows.places(of: node)
        guard rows.count == 1, let place = places[index.nodeRows.row(at: rows.lowerBound)] else { continue }
        queries[place].node = node
      }
    }
  }

  // MARK: Searching

  private func findTruth(_ queries: inout [Query], _ vectors: [Float]) throws(DatabaseError) {
    let most = request.neighbors.last ?? 1
    let dimension = snapshot.collection.settings.dimension
    var search = SearchRequest(k: most + 1)
    search.method = .exact
    search.threads = request.threads
    search.isCancelled = request.isCancelled
    let session = SearchSession(snapshot, search)
    // A pass over the rows serves all of them.
    let atOnce = 256
    var first = 0
    while first < queries.count {
      let count = min(atOnce, queries.count - first)
      try unsafe vectors.withUnsafeBufferPointer { (all) throws(DatabaseError) in
        guard let start = all.baseAddress else { return }
        try unsafe session.run(start + first * dimension, count: count)
      }
      for query in 0..<count {
        var distances: [Float] = []
        for rank in 0..<session.hitCount(query) {
          let (location, distance) = session.hit(query, rank: rank)
          if location != queries[first + query].location { distances.append(distance) }
        }
        queries[first + query].truth = Array(distances.prefix(most))
      }
      first += count
      request.progress(0.5 * Double(first) / Double(queries.count))
    }
  }

  private func measure(
    _ k: Int, _ target: Double, _ queries: [Query], _ vectors: [Float]
  ) throws(DatabaseError) -> RecallResult {
    var search = SearchRequest(k: k)
    search.method = .recall(target)
    search.tuning.weighsGraphs = false
    search.isCancelled = request.isCancelled
    let pieces = SearchSession(snapshot, search).pieces.filter { $0.graph != nil || $0.filtered != nil }
    // Among dead rows a walk goes as far as the measured effort for the target says, or every row is looked at by its code.
    let isPromisedAsAsked = pieces.contains { $0.filtered.map { $0.unreached == nil } ?? false }
    let promises = pieces.compactMap { piece in
      piece.graph?.promised ?? piece.filtered.flatMap { $0.unreached == nil ? Float(target) : nil }
    }
    guard !pieces.isEmpty else {
      return RecallResult(
        k: k, target: target, promised: nil, isPromisedAsAsked: false, isReached: true, measured: 1,
        interval: 1...1,
        queries: queries.count, isExact: true)
    }
    let (plain, snapshot) = (search, snapshot)
    let atOnce = 16
    let blocks = (queries.count + atOnce - 1) / atOnce
    let results = ParallelResults<[Double]>(blocks)
    // A session holds the memory of its walks: one for each worker.
    let sessions = (0..<max(1, min(request.threads, blocks))).map { _ in SearchSession(snapshot, plain) }
    let failure = Mutex<DatabaseError?>(nil)
    ParallelLoop.run(blocks: blocks, threads: sessions.count) { block, worker in
      do throws(DatabaseError) {
        let range = block * atOnce..<min(queries.count, (block + 1) * atOnce)
        results.set(block, try Self.recalls(range, k, queries, vectors, sessions[worker]))
      } catch {
        failure.withLock { $0 = $0 ?? error }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
    let recalls = results.all.flatMap { $0 }
    let (mean, interval) = Self.summary(recalls, k: k)
    return RecallResult(
      k: k, target: target, promised: promises.min().map { Double($0) }, isPromisedAsAsked: isPromisedAsAsked,
      isReached: pieces.allSatisfy { $0.graph?.unreached == nil && $0.filtered?.unreached == nil },
      measured: mean, interval: interval,
      queries: recalls.count, isExact: false)
  }

  /// The recall of some queries, one after the other.
  private static func recalls(
    _ range: Range<Int>, _ k: Int, _ queries: [Query], _ vectors: [Float], _ session: SearchSession
  ) throws(DatabaseError) -> [Double] {
    let dimension = session.settings.dimension
    var recalls: [Double] = []
    for index in range {
      let query = queries[index]
      let wanted = query.truth.prefix(k)
      guard let farthest = wanted.last else { continue }
      session.excludedCode = query.location.map { $0.code }
      session.hiddenNode = nil
      if let node = query.node, case .segment(let segment, _)? = query.location {
        session.hiddenNode = (segment, node)
      }
      try unsafe vectors.withUnsafeBufferPointer { (all) throws(DatabaseError) in
        guard let first = all.baseAddress else { return }
        try unsafe session.run(first + index * dimension, count: 1)
      }
      // Distances are exact, so a row that is as near as the last true neighbour is one.
      var hits = 0
      for rank in 0..<session.hitCount(0) where session.hit(0, rank: rank).distance <= farthest { hits += 1 }
      recalls.append(Double(min(hits, wanted.count)) / Double(wanted.count))
    }
    return recalls
  }

  /// The mean and where the true mean lies with a confidence of 99 of a hundred, both sides together.
  ///
  /// Of the variance among queries; but never more sure than a share of as many trials, ten at most for each query, allows (Wilson
  /// 1927), which matters where queries hardly differ.
  static func summary(_ recalls: [Double], k: Int) -> (mean: Double, interval: ClosedRange<Double>) {
    let count = Double(recalls.count)
    guard count > 0 else { return (0, 0...1) }
    let z = 2.576
    let mean = recalls.reduce(0, +) / count
    var variance = 0.0
    for recall in recalls { variance += (recall - mean) * (recall - mean) }
    let spread = count > 1 ? z * (variance / (count - 1) / count).squareRoot() : 1
    let trials = count * Double(min(k, 10))
    let centre = (mean + z * z / (2 * trials)) / (1 + z * z / trials)
    let reach =
      z * (mean * (1 - mean) / trials + z * z / (4 * trials * trials)).squareRoot() / (1 + z * z / trials)
    let low = max(0, min(mean - spread, centre - reach))
    return (mean, low...max(low, min(1, max(mean + spread, centre + reach))))
  }
}

extension Snapshot {
  /// Measures what searches by the collection's graphs find; nothing when no segment has a graph that can be used.
  ///
  /// - Throws: `.cancelled`; `.storage` for damaged rows.
  package func measureRecall(_ request: RecallRequest) throws(DatabaseError) -> [RecallResult] {
    let hasGraph = state.segments.contains { live in
      if case .graph? = indexes.index(.graph, for: live.entry) { return live.liveCount > 0 }
      return false
    }
    guard hasGraph else { return [] }
    return try RecallMeasurement(self, request).run()
  }
}
