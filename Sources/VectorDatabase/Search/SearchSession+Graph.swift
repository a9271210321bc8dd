import FileStorage
import Quantization
import Synchronization
import VectorIndexes
import VectorMath

/// The walk through the graph of a segment.
extension SearchSession {
  /// Walks of one thread that take turns, so that they wait for memory together.
  private static let walksAtOnce = 8
  /// Queries that a worker takes at a time.
  private static let queriesOfBlock = 16

  /// Collects for every query the rows that a walk through a piece's graph comes near.
  ///
  /// - Returns: The queries for which the piece must be scanned: those that nothing can be estimated for, and those that found fewer
  ///   rows than there are; nil when a block of the index is damaged, which is then given up.
  func searchGraph(of piece: SearchPiece, _ use: GraphUse) throws(DatabaseError) -> [Int]? {
    guard let segment = piece.segment else { return [] }
    let live = snapshot.state.segments[segment]
    let damage = Mutex<StorageError?>(nil)
    let left = Mutex<[Int]>([])
    let loose: [UInt32]
    do throws(StorageError) {
      loose = try use.index.looseRows()
      try graphs.note(queryCount, of: use.index)
    } catch {
      snapshot.indexes.giveUp(.graph, for: live.entry, error)
      return nil
    }
    guard let view = use.index.view(isChecked: graphs.isChecked(use.index)), let router = use.index.router
    else {
      return Array(0..<queryCount)
    }
    let dead = RowBits(live.dead)
    let wanted = request.filter.map { RowBits($0.segments[segment], keepsEmpty: true) }
    let stored = live.segment.storedVectors
    let pass = unsafe GraphPass(
      segment: segment, use: use, view: view, router: router, loose: loose, dead: dead, wanted: wanted,
      vectors: stored.file.uncheckedBytes(stored.vectors))
    let atOnce = queryCount < Self.queriesOfBlock * request.threads ? 1 : Self.queriesOfBlock
    let blocks = (queryCount + atOnce - 1) / atOnce
    let workers = graphs.workers(
      use.index, view, min(max(1, request.threads), max(1, blocks)), walks: min(Self.walksAtOnce, atOnce))
    ParallelLoop.run(blocks: blocks, threads: request.threads) { block, worker in
      do throws(StorageError) {
        let range = block * atOnce..<min(self.queryCount, (block + 1) * atOnce)
        let unfinished = try self.walk(pass, range, workers[worker])
        if !unfinished.isEmpty { left.withLock { $0 += unfinished } }
      } catch {
        damage.withLock { $0 = $0 ?? error }
      }
    }
    try throwFailure()
    if let error = damage.withLock({ $0 }) {
      snapshot.indexes.giveUp(.graph, for: live.entry, error)
      for query in 0..<queryCount { state(query).forgetCandidates(of: segment) }
      return nil
    }
    return left.withLock { $0.sorted() }
  }

  /// What all workers of one pass share.
  @safe fileprivate struct GraphPass: @unchecked Sendable {
    let segment: Int
    let use: GraphUse
    let view: GraphView
    let router: GraphRouter
    let loose: [UInt32]
    let dead: RowBits
    let wanted: RowBits?
    /// The segment's vectors, which are asked for ahead of their blocks' checks.
    let vectors: UnsafeRawBufferPointer

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
  }

  /// Answers a block of queries by one worker; gives those that are not answered.
  private func walk(
    _ pass: GraphPass, _ range: Range<Int>, _ worker: GraphWorker
  ) throws(StorageError) -> [Int] {
    var unfinished: [Int] = []
    var next = range.lowerBound
    let width = min(Self.walksAtOnce, range.count)
    worker.clear(width)
    var active = 0
    for slot in 0..<width {
      if try begin(slot, &next, range, pass, worker, &unfinished) { active += 1 }
    }
    while active > 0 {
      for slot in 0..<width where worker.queries[slot] >= 0 {
        if try worker.walks[slot].step() { continue }
        try finish(worker.queries[slot], worker.walks[slot], pass, worker, &unfinished)
        worker.queries[slot] = -1
        if try !begin(slot, &next, range, pass, worker, &unfinished) { active -= 1 }
      }
      if shouldStop() { return unfinished }
    }
    return unfinished
  }

  /// Begins the next query of a block in a slot; false when there is none left.
  private func begin(
    _ slot: Int, _ next: inout Int, _ range: Range<Int>, _ pass: GraphPass, _ worker: GraphWorker,
    _ unfinished: inout [Int]
  ) throws(StorageError) -> Bool {
    guard let vectors = unsafe queries else { return false }
    while next < range.upperBound {
      let query = next
      next += 1
      let walk = worker.walks[slot]
      guard unsafe walk.target.set(vectors + query * settings.dimension) else {
        unfinished.append(query)
        continue
      }
      let seeds = pass.router.seeds(walk.target, wanted: GraphWalk.usualSeeds, worker.router)
      var filter: NodeFilter?
      if pass.use.isFiltered {
        filter = unsafe NodeFilter(
          pass.use.index.nodeRows, wanted: pass.wanted?.words, dead: pass.dead.words)
      }
      try unsafe walk.begin(
        seeds: UnsafeBufferPointer(start: worker.router.seeds, count: seeds),
        GraphEffort(breadth: pass.use.frontier), wanted: capacity,
        kept: GraphWalk.kept(breadth: pass.use.breadth), filter: filter)
      worker.queries[slot] = query
      return true
    }
    return false
  }

  /// Hands the candidates of a walk over to the exact comparison.
  private func finish(
    _ query: Int, _ walk: GraphWalk, _ pass: GraphPass, _ worker: GraphWorker, _ unfinished: inout [Int]
  ) throws(StorageError) {
    let index = pass.use.index
    let state = state(query)
    let squares = scans[query].querySquares
    let base = UInt64(pass.segment) << 32
    let vectorBytes = snapshot.collection.identity.vectorBytes
    var added = 0
    var farthest: Float = -.infinity
    for place in 0..<walk.candidateCount {
      let (node, estimate) = walk.candidate(place)
      let lower = pass.view.lowerBound(node, estimate, walk.target)
      let bound = index.frame.distance(ofSquared: lower, querySquares: squares)
      for place in try index.checkedPlaces(of: node) {
        let row = index.nodeRows.row(at: place)
        if pass.use.isFiltered, !pass.mayFind(row) { continue }
        let code = base | UInt64(row)
        if code == excludedCode { continue }
        state.add(ScanCandidate(lower: bound, code: code))
        added += 1
        // These are scored exactly in a moment.
        if added <= capacity + capacity / 2 { pass.prefetchVector(row, stride: vectorBytes) }
      }
      if place < capacity {
        let upper = index.frame.distance(ofSquared: 2 * estimate - lower, querySquares: squares)
        farthest = max(farthest, upper)
      }
    }
    var work = SearchWork(scanned: walk.work.estimates)
    work.hops = walk.work.hops
    work.bytes = walk.work.hops * 4 * index.maximumNeighbors
    work.bytes += walk.work.estimates * index.codec.recordBytes(index.frame.paddedDimension)
    tally.add(work)
    // Rows that are in no node. A zero vector has distance 1 from everything.
    for row in pass.loose where pass.mayFind(row) {
      let isZero = settings.metric == .cosine
      if isZero, walk.candidateCount >= capacity, farthest < 1 { break }
      state.add(ScanCandidate(lower: -.infinity, code: base | UInt64(row)))
      added += 1
    }
    let live = pass.wanted.map { $0.count(without: pass.dead) } ?? pass.dead.complementCount
    if added < min(capacity, live - (excludedCode.map { $0 >> 32 == UInt64(pass.segment) } == true ? 1 : 0)) {
      unfinished.append(query)
      state.forgetCandidates(of: pass.segment)
    }
  }
}

/// The words of a set of rows, in memory that stays where it is.
@safe
final class RowBits: @unchecked Sendable {
  let words: UnsafeMutablePointer<UInt64>?
  private let rowCount: Int
  private let setCount: Int

  /// Copies a set; an empty one takes no memory.
  init(_ set: RowSet, keepsEmpty: Bool = false) {
    rowCount = set.rowCount
    setCount = set.count
    if setCount == 0, !keepsEmpty {
      unsafe words = nil
    } else {
      let copy = UnsafeMutablePointer<UInt64>.allocate(capacity: max(1, set.words.count))
      // A sparse set makes its words anew each time.
      let all = set.words
      for index in all.indices { unsafe copy[index] = all[index] }
      unsafe words = copy
    }
  }

  deinit { unsafe words?.deallocate() }

  /// Whether a row is in the set; false beyond it.
  @inline(__always)
  func contains(_ row: UInt32) -> Bool {
    guard let words = unsafe words, Int(row) < rowCount else { return false }
    return unsafe words[Int(row >> 6)] >> UInt64(row & 63) & 1 != 0
  }

  /// Rows that are not in the set.
  var complementCount: Int { rowCount - setCount }

  /// Rows of the set that are in none of another.
  func count(without other: RowBits) -> Int {
    guard let words = unsafe words else { return 0 }
    guard let others = unsafe other.words else { return setCount }
    var total = 0
    for index in 0..<(rowCount + 63) / 64 { total += unsafe (words[index] & ~others[index]).nonzeroBitCount }
    return total
  }
}

/// The graphs of a session, and what it has done with them.
final class GraphMemory {
  private var workers: [ObjectIdentifier: [GraphWorker]] = [:]
  private var queries: [ObjectIdentifier: Int] = [:]
  private var checked: Set<ObjectIdentifier> = []

  /// Whether every block of a graph has been checked.
  func isChecked(_ index: GraphIndex) -> Bool { checked.contains(ObjectIdentifier(index)) }

  /// Checks every block of a graph once the session has asked so many queries that each block was touched about once anyway.
  func note(_ count: Int, of index: GraphIndex) throws(StorageError) {
    let key = ObjectIdentifier(index)
    guard !checked.contains(key) else { return }
    let total = queries[key, default: 0] + count
    queries[key] = total
    guard total > 16, total * 400 > index.nodes else { return }
    try index.checkAll()
    checked.insert(key)
    workers[key] = nil
  }

  /// At least `count` workers for a graph.
  func workers(_ index: GraphIndex, _ view: GraphView, _ count: Int, walks: Int) -> [GraphWorker] {
    let key = ObjectIdentifier(index)
    if let known = workers[key], known.count >= count, (known.first?.walks.count ?? 0) >= walks {
      return known
    }
    let made = (0..<count).map { _ in GraphWorker(view, index.frame, walks: walks) }
    workers[key] = made
    return made
  }
}

/// Memory of one worker of a pass through a graph; a worker uses its own only.
final class GraphWorker: @unchecked Sendable {
  let walks: [GraphWalk]
  let router = RouterScratch()
  /// The query of each walk; -1 for none.
  var queries: [Int]

  init(_ view: GraphView, _ frame: VectorFrame, walks count: Int) {
    walks = (0..<count).map { _ in GraphWalk(view, GraphQuery(frame)) }
    queries = [Int](repeating: -1, count: count)
  }

  func clear(_ width: Int) {
    for slot in 0..<width { queries[slot] = -1 }
  }
}
