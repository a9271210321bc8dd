import FileStorage
import MetadataFilters
import Quantization
import Synchronization
import VectorIndexes
import VectorMath

/// Answers groups of queries against one snapshot, exactly.
///
/// A first pass over the codes of an index leaves out every row that a rigorous bound excludes; the exact distance is then
/// computed of what is left, nearest bounds first. Where there are no codes, or they leave out too little, a fast float pass
/// over the vectors takes their place. Either way the answer is that of a brute-force scan in double, ties by id, whatever
/// the number of threads and of queries at once.
///
/// Memory is allocated when a group is larger than those before and then used again. Used by one thread at a time; the
/// threads that it starts each touch their own parts.
@safe
package final class SearchSession: @unchecked Sendable {
  /// Queries that a pass over stored vectors takes at once: their vectors stay in a second-level cache.
  static let scannedAtOnce = 256
  /// From so many queries on a block of vectors is multiplied with all of them at once.
  static let leastMultiplied = 8
  /// Queries that are multiplied with a block of codes at once.
  static let multipliedAtOnce = 48

  let snapshot: Snapshot
  let settings: CollectionSettings
  var request: SearchRequest
  /// Rows of the ranking that are kept: k and the offset.
  let capacity: Int
  var excludedCode: UInt64?
  /// A node of a segment's graph whose list is not read, for measurements: the query is its row.
  var hiddenNode: (segment: Int, node: Int)?
  /// No row at or below this distance is sure to come behind the place given by `after`.
  let afterDistance: Float
  /// What each segment and the log is searched with.
  let pieces: [SearchPiece]
  /// What the pieces have done.
  package private(set) var work = SearchWork()

  var queryCount = 0
  /// The queries of the present group, row-major.
  var queries: UnsafePointer<Float>?
  /// What is prepared for each of them, and behind them for queries of earlier groups.
  var scans: [FastDistance] = []
  private var flatQueries: [FlatQueries] = []
  private var plainPieces: [SearchPiece] = []
  /// The queries that compare one block without codes.
  var plainQueries: [Int] = []
  /// Queries that a walk through a graph has not answered.
  private var unfinished: [(piece: SearchPiece, queries: [Int])] = []
  private var states: [QueryState] = []
  private var flatScratches: [FlatScratch] = []
  private var scanScratches: [ScanScratch] = []
  var limits = SharedLimits(count: 0)
  private var limitCount = 0
  private let failure = Mutex<DatabaseError?>(nil)
  private let hasFailed = Atomic<Bool>(false)
  let tally = SharedTally()
  let graphs = GraphMemory()
  /// What times are counted from.
  let clockStart = ContinuousClock.now
  var filteredParts: [Int: FilteredPart] = [:]

  /// Prepares to answer queries as a request wants it.
  package init(_ snapshot: Snapshot, _ request: SearchRequest) {
    self.snapshot = snapshot
    self.request = request
    settings = snapshot.collection.settings
    capacity = request.capacity
    excludedCode = request.excluded.map { $0.code }
    afterDistance = request.after?.distance ?? -.infinity
    pieces = SearchPiece.all(snapshot, request)
    if request.filter == nil { expectWholePasses() }
  }

  /// Says which files will be read from end to end.
  private func expectWholePasses() {
    for piece in pieces {
      switch piece.index {
      case .flat(let index)?: index.expectWholePasses()
      case .graph?: continue
      case nil:
        if let segment = piece.segment { snapshot.state.segments[segment].segment.expectWholePasses() }
      }
    }
  }

  /// Answers `count` queries, whose hits can be read until the next call.
  ///
  /// `queries`: `count × dimension` floats, row-major, finite; they must not change meanwhile.
  /// - Throws: `.storage(.corruption)` when a block of rows fails its checksum, `.cancelled`.
  package func run(_ queries: UnsafePointer<Float>, count: Int) throws(DatabaseError) {
    unsafe self.queries = queries
    defer { unsafe self.queries = nil }
    queryCount = count
    hasFailed.store(false, ordering: .relaxed)
    failure.withLock { $0 = nil }
    prepare(count)
    plainPieces.removeAll(keepingCapacity: true)
    unfinished.removeAll(keepingCapacity: true)
    for piece in pieces {
      switch piece.index {
      case .flat(let index)?: if try !searchCodes(of: piece, index) { plainPieces.append(piece) }
      case .graph? where piece.filtered != nil:
        guard let use = piece.filtered, let left = try searchFiltered(of: piece, use) else {
          plainPieces.append(piece)
          continue
        }
        if !left.isEmpty { unfinished.append((piece, left)) }
      case .graph?:
        guard let use = piece.graph, let left = try searchGraph(of: piece, use) else {
          plainPieces.append(piece)
          continue
        }
        if !left.isEmpty { unfinished.append((piece, left)) }
      case nil: plainPieces.append(piece)
      }
    }
    try scoreCandidates()
    try scanPlainBlocks()
    for (piece, list) in unfinished { try scanVectors(of: piece, piece.rows, QueryList(list)) }
    for piece in plainPieces { try scanVectors(of: piece, piece.rows, 0..<count) }
    for query in 0..<count {
      let state = state(query)
      state.best.sort { self.precedes($0, $1) }
    }
    try scanWhereRowsRepeat()
    try throwFailure()
    work.add(tally.take())
  }

  private func prepare(_ count: Int) {
    ensureStates(count)
    if limitCount < count {
      limits = SharedLimits(count: count)
      limitCount = count
    }
    guard let queries = unsafe queries else { return }
    for query in 0..<count {
      states[query].reset()
      limits.set(query, request.maximumDistance ?? .infinity)
      let vector = unsafe queries + query * settings.dimension
      if query < scans.count {
        unsafe scans[query].set(vector)
      } else {
        unsafe scans.append(
          FastDistance(
            metric: settings.metric, elementType: settings.elementType, dimension: settings.dimension,
            query: vector))
      }
    }
  }

  // MARK: Parts of the work

  /// How a pass over some rows is divided among threads: blocks of queries, and parts of the rows.
  struct Grid {
    let queriesAtOnce: Int
    let queryBlocks: Int
    let parts: Int
  }

  /// Divides rows and queries: queries first, and rows only when there are too few of them.
  func grid(rows: Int, queries: Int, most: Int) -> Grid {
    let threads = max(1, request.threads)
    let share = (queries + threads - 1) / threads
    let size = max(1, min(most, max(share, Self.multipliedAtOnce)))
    let blocks = (queries + size - 1) / size
    if blocks >= threads || threads == 1 { return Grid(queriesAtOnce: size, queryBlocks: blocks, parts: 1) }
    let parts = max(1, min(4 * threads / blocks, rows / request.tuning.leastRowsOfPart))
    return Grid(queriesAtOnce: size, queryBlocks: blocks, parts: parts)
  }

  /// Runs every part of a grid: calls `body` with the part's number, its rows, its places among the queries and the worker.
  func forParts(
    _ grid: Grid, of rows: Range<Int>, queries: Int,
    _ body: @Sendable (_ part: Int, _ rows: Range<Int>, _ places: Range<Int>, _ worker: Int) -> Void
  ) {
    ParallelLoop.run(blocks: grid.parts * grid.queryBlocks, threads: request.threads) { task, worker in
      let (part, block) = (task / grid.queryBlocks, task % grid.queryBlocks)
      let first = rows.lowerBound + rows.count * part / grid.parts
      let end = rows.lowerBound + rows.count * (part + 1) / grid.parts
      let places =
        block * grid.queriesAtOnce..<min(queries, (block + 1) * grid.queriesAtOnce)
      if first < end { body(part, first..<end, places, worker) }
    }
  }

  /// What is known of a query in one part of the rows; part 0 is where all parts are brought together.
  func state(_ query: Int, part: Int = 0) -> QueryState { states[part * queryCount + query] }

  /// Makes room for every query in every part, and empties all parts but the first.
  func prepareParts(_ parts: Int) {
    ensureStates(parts * queryCount)
    for index in queryCount..<max(queryCount, parts * queryCount) { states[index].reset() }
  }

  private func ensureStates(_ count: Int) {
    while states.count < count { states.append(QueryState(capacity: capacity)) }
  }

  /// Room for the present group in the frame of an index.
  func flatQueries(_ frame: VectorFrame) -> FlatQueries {
    if let known = flatQueries.first(where: { $0.fits(queryCount, frame) }) { return known }
    let made = FlatQueries(capacity: queryCount, frame)
    flatQueries.append(made)
    return made
  }

  /// Memory for the workers of a pass over codes.
  func flatScratch(codeDimension: Int, queries: Int) -> [FlatScratch] {
    let queries = min(queries, Self.multipliedAtOnce)
    if flatScratches.count < request.threads || (flatScratches.first?.queries ?? 0) < queries {
      flatScratches = (0..<max(1, request.threads)).map { _ in
        FlatScratch(codeDimension: codeDimension, queries: queries)
      }
    }
    return flatScratches
  }

  /// Memory for the workers of a pass over vectors that takes so many queries at once.
  func scanScratch(queries: Int) -> [ScanScratch] {
    let tiled = queries >= Self.leastMultiplied && VectorTile.supports(settings.metric, settings.elementType)
    if scanScratches.count < request.threads || tiled && scanScratches.first?.tile == nil {
      let stride = snapshot.collection.identity.vectorBytes
      scanScratches = (0..<max(1, request.threads)).map { _ in
        let scratch = ScanScratch(vectorBytes: stride)
        if tiled {
          scratch.tile = VectorTile(
            settings.elementType, dimension: settings.dimension, rows: scratch.rows,
            queries: Self.scannedAtOnce)
        }
        return scratch
      }
    }
    return scanScratches
  }

  /// The node of a segment's graph whose list is not read; -1 for none.
  func hiddenNode(in segment: Int) -> Int {
    guard let hidden = hiddenNode, hidden.segment == segment else { return -1 }
    return hidden.node
  }

  // MARK: Failures

  /// Notes the first failure; the other workers stop at their next block.
  func fail(_ error: DatabaseError) {
    failure.withLock { $0 = $0 ?? error }
    hasFailed.store(true, ordering: .relaxed)
  }

  /// Whether a worker should stop: something failed, or the caller wants no answer any more.
  func shouldStop() -> Bool {
    if hasFailed.load(ordering: .relaxed) { return true }
    guard request.isCancelled() else { return false }
    fail(.cancelled)
    return true
  }

  /// Throws what a worker has failed with.
  func throwFailure() throws(DatabaseError) {
    if let error = failure.withLock({ $0 }) { throw error }
  }

  // MARK: Answers

  /// How many hits a query of the last group has.
  package func hitCount(_ query: Int) -> Int { max(0, state(query).best.count - request.offset) }

  /// One hit of a query: where the row is and how far.
  ///
  /// Ranks are counted from 0.
  package func hit(_ query: Int, rank: Int) -> (location: RowLocation, distance: Float) {
    let candidate = state(query).best.candidates[request.offset + rank]
    return (RowLocation(code: candidate.row), candidate.distance)
  }
}

/// Work that several threads count.
final class SharedTally: Sendable {
  private let scanned = Atomic<Int>(0)
  private let codeBytes = Atomic<Int>(0)
  private let scored = Atomic<Int>(0)
  private let hops = Atomic<Int>(0)
  private let profile = Mutex(SearchWork())
  private let bytes = Atomic<Int>(0)
  private let abandoned = Atomic<Int>(0)

  func add(_ work: SearchWork) {
    scanned.wrappingAdd(work.scanned, ordering: .relaxed)
    codeBytes.wrappingAdd(work.codeBytes, ordering: .relaxed)
    scored.wrappingAdd(work.scored, ordering: .relaxed)
    if work.hops > 0 { hops.wrappingAdd(work.hops, ordering: .relaxed) }
    if work.timed > 0 {
      var measured = SearchWork()
      measured.pages = work.pages
      measured.paged = work.paged
      measured.timed = work.timed
      measured.nanoseconds = work.nanoseconds
      profile.withLock { $0.add(measured) }
    }
    bytes.wrappingAdd(work.bytes, ordering: .relaxed)
    if work.abandoned > 0 { abandoned.wrappingAdd(work.abandoned, ordering: .relaxed) }
  }

  /// What was counted, which then begins anew.
  func take() -> SearchWork {
    var work = profile.withLock { profile in
      let known = profile
      profile = SearchWork()
      return known
    }
    work.scanned = scanned.exchange(0, ordering: .relaxed)
    work.codeBytes = codeBytes.exchange(0, ordering: .relaxed)
    work.scored = scored.exchange(0, ordering: .relaxed)
    work.hops = hops.exchange(0, ordering: .relaxed)
    work.bytes = bytes.exchange(0, ordering: .relaxed)
    work.abandoned = abandoned.exchange(0, ordering: .relaxed)
    return work
  }
}
