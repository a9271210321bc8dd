import FileStorage
import Quantization
import Synchronization
import VectorIndexes
import VectorMath

/// Searches among some of the rows of a segment with a graph.
extension SearchSession {
  /// Walks of one thread that take turns, so that they wait for memory together.
  private static let walksAtOnce = 8
  /// Queries that a worker takes at a time.
  private static let queriesOfBlock = 16

  /// Collects for every query the rows of a piece that are likely to be among the nearest that may be found.
  ///
  /// - Returns: The queries for which the vectors of the piece must be compared one by one; nil when a block of the index is
  ///   damaged, which is then given up.
  func searchFiltered(of piece: SearchPiece, _ use: FilteredUse) throws(DatabaseError) -> [Int]? {
    guard let segment = piece.segment else { return [] }
    let live = snapshot.state.segments[segment]
    let part: FilteredPart
    do throws(StorageError) {
      try graphs.note(queryCount, of: use.index)
      part = try filteredPart(segment, use)
    } catch {
      snapshot.indexes.giveUp(.graph, for: live.entry, error)
      return nil
    }
    guard let view = use.index.view(isChecked: graphs.isChecked(use.index)), let router = use.index.router
    else { return Array(0..<queryCount) }
    var left = Array(0..<queryCount)
    if use.walks {
      guard
        let unfinished = try collect(
          left, part, view,
          { worker, queries throws(StorageError) in
            try self.walk(queries, part, router, worker)
          })
      else { return nil }
      left = unfinished
    }
    if !left.isEmpty, use.costs.comparesCodes(use.matches, queries: left.count, isListed: part.hasNodes) {
      part.listNodes()
      guard
        let unfinished = try collect(
          left, part, view,
          { worker, queries throws(StorageError) in
            try self.compare(queries, part, worker)
          })
      else { return nil }
      left = unfinished
    }
    return left
  }

  /// What is needed of a segment for all queries of the session.
  private func filteredPart(_ segment: Int, _ use: FilteredUse) throws(StorageError) -> FilteredPart {
    if let known = filteredParts[segment] { return known }
    try use.index.checkNodeRows()
    let live = snapshot.state.segments[segment]
    let stored = live.segment.storedVectors
    let made = unsafe FilteredPart(
      segment: segment, use: use, loose: try use.index.looseRows(), dead: RowBits(live.dead),
      wanted: request.filter.map { RowBits($0.segments[segment], keepsEmpty: true) },
      vectors: stored.file.uncheckedBytes(stored.vectors))
    filteredParts[segment] = made
    return made
  }

  /// Hands the queries of a list to workers, some at a time; gives those that a worker could not answer.
  ///
  /// - Returns: Nil when a block of the index is damaged: nothing of the segment is then kept, and the index is given up.
  private func collect(
    _ list: [Int], _ part: FilteredPart, _ view: GraphView,
    _ body: @escaping @Sendable (FilteredWorker, ArraySlice<Int>) throws(StorageError) -> [Int]
  ) throws(DatabaseError) -> [Int]? {
    let damage = Mutex<StorageError?>(nil)
    let left = Mutex<[Int]>([])
    let atOnce = list.count < Self.queriesOfBlock * request.threads ? 1 : Self.queriesOfBlock
    let blocks = (list.count + atOnce - 1) / atOnce
    let workers = part.workers(
      min(max(1, request.threads), max(1, blocks)), view, walks: min(Self.walksAtOnce, atOnce))
    ParallelLoop.run(blocks: blocks, threads: request.threads) { block, worker in
      do throws(StorageError) {
        let range = block * atOnce..<min(list.count, (block + 1) * atOnce)
        let unfinished = try body(workers[worker], list[range])
        if !unfinished.isEmpty { left.withLock { $0 += unfinished } }
      } catch {
        damage.withLock { $0 = $0 ?? error }
      }
    }
    try throwFailure()
    guard let error = damage.withLock({ $0 }) else { return left.withLock { $0.sorted() } }
    snapshot.indexes.giveUp(.graph, for: snapshot.state.segments[part.segment].entry, error)
    for query in 0..<queryCount { state(query).forgetCandidates(of: part.segment) }
    return nil
  }

  // MARK: Walks

  /// Answers some queries by walks that take turns; gives those that are not answered.
  private func walk(
    _ list: ArraySlice<Int>, _ part: FilteredPart, _ router: GraphRouter, _ worker: FilteredWorker
  ) throws(StorageError) -> [Int] {
    var unfinished: [Int] = []
    var next = list.startIndex
    let width = min(worker.walks.count, list.count)
    var active = 0
    for slot in 0..<width {
      worker.queries[slot] = -1
      if try begin(slot, &next, list, part, router, worker, &unfinished) { active += 1 }
    }
    while active > 0 {
      for slot in 0..<width where worker.queries[slot] >= 0 {
        if try worker.walks[slot].step() { continue }
        let walk = worker.walks[slot]
        let query = worker.queries[slot]
        worker.queries[slot] = -1
        var work = SearchWork(scanned: walk.work.estimates, hops: walk.work.hops)
        if walk.hasGivenUp { work.abandoned = 1 }
        work.bytes = part.use.index.searchedBytes(estimates: work.scanned, hops: work.hops)
        tally.add(work)
        if walk.hasGivenUp {
          unfinished.append(query)
        } else if try !hand(walk.candidates, of: query, part) {
          unfinished.append(query)
        }
        if try !begin(slot, &next, list, part, router, worker, &unfinished) { active -= 1 }
      }
      if shouldStop() { return unfinished }
    }
    return unfinished
  }

  /// Begins the next query of a list in a slot; false when there is none left.
  private func begin(
    _ slot: Int, _ next: inout Int, _ list: ArraySlice<Int>, _ part: FilteredPart, _ router: GraphRouter,
    _ worker: FilteredWorker, _ unfinished: inout [Int]
  ) throws(StorageError) -> Bool {
    guard let vectors = unsafe queries else { return false }
    while next < list.endIndex {
      let query = list[next]
      next += 1
      let walk = worker.walks[slot]
      guard unsafe walk.target.set(vectors + query * settings.dimension) else {
        unfinished.append(query)
        continue
      }
      let seeds = router.seeds(walk.target, wanted: GraphWalk.usualSeeds, worker.router)
      try unsafe walk.begin(
        seeds: UnsafeBufferPointer(start: worker.router.seeds, count: seeds), part.use.effort,
        filter: part.nodeFilter,
        hidden: hiddenNode(in: part.segment))
      worker.queries[slot] = query
      return true
    }
    return false
  }

  // MARK: Every match

  /// Answers some queries by the codes of all matches; gives those that are not answered.
  private func compare(
    _ list: ArraySlice<Int>, _ part: FilteredPart, _ worker: FilteredWorker
  ) throws(StorageError) -> [Int] {
    guard let vectors = unsafe queries else { return [] }
    var unfinished: [Int] = []
    let scan = worker.scan
    for query in list {
      if shouldStop() { return unfinished }
      guard unsafe scan.target.set(vectors + query * settings.dimension) else {
        unfinished.append(query)
        continue
      }
      scan.begin(wanted: part.use.effort.wanted)
      try unsafe part.nodes.withUnsafeBufferPointer { (nodes) throws(StorageError) in
        try unsafe scan.add(nodes)
      }
      tally.add(
        SearchWork(
          scanned: part.nodes.count,
          bytes: part.use.index.searchedBytes(estimates: part.nodes.count, hops: 0)))
      if try !hand(scan.candidates, of: query, part) {
        unfinished.append(query)
      }
    }
    return unfinished
  }

  // MARK: Candidates

  /// Hands candidates over to the exact comparison; false when they are too few, and none is then kept.
  private func hand(
    _ candidates: NodeCandidates, of query: Int, _ part: FilteredPart
  ) throws(StorageError) -> Bool {
    let index = part.use.index
    let state = state(query)
    let squares = scans[query].querySquares
    let base = UInt64(part.segment) << 32
    let vectorBytes = snapshot.collection.identity.vectorBytes
    var added = 0
    for place in 0..<candidates.count {
      let (node, lower) = candidates[place]
      let bound = index.frame.distance(ofSquared: lower, querySquares: squares)
      for place in index.nodeRows.places(of: node) {
        let row = index.nodeRows.row(at: place)
        guard part.mayFind(row) else { continue }
        let code = base | UInt64(row)
        if code == excludedCode { continue }
        state.add(ScanCandidate(lower: bound, code: code))
        added += 1
        // Most of a few are scored exactly in a moment.
        if added <= 2 * capacity { part.prefetchVector(row, stride: vectorBytes) }
      }
    }
    // Rows that are in no node. A zero vector has distance 1 from everything.
    for row in part.loose where part.mayFind(row) {
      if settings.metric == .cosine,
        index.frame.distance(ofSquared: candidates.limit, querySquares: squares) < 1
      {
        break
      }
      state.add(ScanCandidate(lower: -.infinity, code: base | UInt64(row)))
      added += 1
    }
    let isExcludedHere = excludedCode.map { $0 >> 32 == UInt64(part.segment) } == true
    if added >= min(capacity, part.use.matches - (isExcludedHere ? 1 : 0)) { return true }
    state.forgetCandidates(of: part.segment)
    return false
  }
}

/// A segment in which a session looks for some of the rows, by its graph.
///
/// Made and changed by the session's own thread only; workers read it.
@safe
final class FilteredPart: @unchecked Sendable {
  let segment: Int
  let use: FilteredUse
  let loose: [UInt32]
  private let dead: RowBits
  private let wanted: RowBits?
  /// The segment's vectors, which are asked for ahead of their blocks' checks.
  private let vectors: UnsafeRawBufferPointer
  /// The nodes with rows that may be found, once they are listed.
  private(set) var nodes: [UInt32] = []
  private(set) var hasNodes = false
  private var workers: [FilteredWorker] = []

  init(
    segment: Int, use: FilteredUse, loose: [UInt32], dead: RowBits, wanted: RowBits?,
    vectors: UnsafeRawBufferPointer
  ) {
    self.segment = segment
    self.use = use
    self.loose = loose
    self.dead = dead
    self.wanted = wanted
    unsafe self.vectors = vectors
  }

  /// Which nodes may be found, as long as this object lives.
  var nodeFilter: NodeFilter {
    unsafe NodeFilter(use.index.nodeRows, wanted: wanted?.words, dead: dead.words)
  }

  /// Lists the nodes that may be found, unless that is done.
  func listNodes() {
    guard !hasNodes else { return }
    nodes = nodeFilter.nodes(estimated: use.matches)
    hasNodes = true
  }

  /// Asks for the memory of a row's vector.
  func prefetchVector(_ row: UInt32, stride: Int) {
    let offset = Int(row) * stride
    guard let base = unsafe vectors.baseAddress, unsafe offset <= vectors.count - stride else { return }
    unsafe prefetch(base + offset, bytes: stride)
  }

  /// Whether a row is wanted and not dead.
  func mayFind(_ row: UInt32) -> Bool {
    if dead.contains(row) { return false }
    guard let wanted else { return true }
    return wanted.contains(row)
  }

  /// So many workers, each with so many walks, over a view of the graph.
  func workers(_ count: Int, _ view: GraphView, walks: Int) -> [FilteredWorker] {
    if workers.count >= count, let first = workers.first, first.walks.count >= walks,
      first.view.checksBlocks == view.checksBlocks
    {
      return workers
    }
    workers = (0..<count).map { _ in FilteredWorker(view, use.index.frame, walks: use.walks ? walks : 0) }
    return workers
  }
}

/// Memory of one worker; a worker uses its own only.
final class FilteredWorker: @unchecked Sendable {
  let view: GraphView
  let walks: [FilteredWalk]
  let scan: CodeScan
  let router = RouterScratch()
  /// The query of each walk; -1 for none.
  var queries: [Int]

  init(_ view: GraphView, _ frame: VectorFrame, walks count: Int) {
    self.view = view
    walks = (0..<count).map { _ in FilteredWalk(view, GraphQuery(frame)) }
    scan = CodeScan(view, GraphQuery(frame))
    queries = [Int](repeating: -1, count: count)
  }
}
