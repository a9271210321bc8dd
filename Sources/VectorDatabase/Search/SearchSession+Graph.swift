import FileStorage
import Quantization
import Synchronization
import VectorIndexes
import VectorMath

/// The walk through the graph of a segment.
extension SearchSession {
  /// Walks of one thread that take turns, so that they wait for memory together.
  private static let walksAtOnce = 4
  /// Queries that a worker takes at a time: more where there are many, since a block ends with fewer walks than it began with.
  private static let queriesOfBlock = (few: 16, many: 64)
  /// Queries that touch so little of a graph that the system had better not read ahead.
  private static let fewQueries = 16

  /// Offers for every query the rows that a walk through a piece's graph comes near.
  ///
  /// - Returns: The queries for which the piece must be scanned: those that nothing can be estimated for, and those that found fewer
  ///   rows than there are; nothing of the piece is in their ranking then. Nil when a block of the index is damaged, which is then
  ///   given up.
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
    let isFew = queryCount <= Self.fewQueries && !graphs.isChecked(use.index)
    let isCold = isFew && use.index.expectFewQueries()
    if isFew { live.segment.expectFewRows(isCold: isCold) }
    guard let view = use.index.view(isChecked: graphs.isChecked(use.index), asksAhead: isCold),
      let router = use.index.router
    else {
      return Array(0..<queryCount)
    }
    let pass = GraphPass(
      segment: segment, live.segment, use, view, router, loose: loose, isCold: isCold,
      isChecked: graphs.isChecked(use.index), stride: snapshot.collection.identity.vectorBytes,
      most: request.maximumDistance ?? .infinity,
      isPlain: excludedCode == nil && request.maximumDistance == nil && request.after == nil)
    let threads = max(1, request.threads)
    let (few, many) = Self.queriesOfBlock
    let atOnce = queryCount < few * threads ? 1 : queryCount < 2 * many * threads ? few : many
    let blocks = (queryCount + atOnce - 1) / atOnce
    let workers = graphs.workers(
      use.index, view, min(threads, max(1, blocks)), walks: min(Self.walksAtOnce, atOnce))
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
    let unfinished = left.withLock { $0.sorted() }
    if let error = damage.withLock({ $0 }) {
      live.segment.expectAllRows()
      snapshot.indexes.giveUp(.graph, for: live.entry, error)
      for query in 0..<queryCount { state(query).forgetRanking(of: segment) { self.precedes($0, $1) } }
      return nil
    }
    if isFew, !unfinished.isEmpty { live.segment.expectAllRows() }
    return unfinished
  }

  /// What all workers of one pass share; every row of the segment may be found.
  ///
  /// A class, since it is handed from one stage to the next for every query.
  @safe final class GraphPass: @unchecked Sendable {
    let segment: Int
    let use: GraphUse
    let router: GraphRouter
    let nodeRows: NodeRows
    /// Rows that are in no node.
    let loose: [UInt32]
    /// Whether vectors are asked for from the disk before they are read.
    let isCold: Bool
    /// Whether every block of the graph has been checked.
    let isChecked: Bool
    /// Bytes of a vector.
    let stride: Int
    /// Bytes of a node's list.
    let listBytes: Int
    /// Bytes of a node's codes.
    let recordBytes: Int
    /// Rows farther than this are left out.
    let most: Float
    /// Whether a row's distance alone says whether it is wanted.
    let isPlain: Bool
    let stored: Segment
    /// The segment's vectors, which are asked for ahead of their blocks' checks.
    private let vectors: UnsafeRawBufferPointer

    init(
      segment: Int, _ stored: Segment, _ use: GraphUse, _ view: GraphView, _ router: GraphRouter,
      loose: [UInt32], isCold: Bool, isChecked: Bool, stride: Int, most: Float, isPlain: Bool
    ) {
      self.segment = segment
      self.use = use
      self.router = router
      nodeRows = use.index.nodeRows
      self.loose = loose
      self.isCold = isCold
      self.isChecked = isChecked
      self.stride = stride
      listBytes = 4 * view.maximumNeighbors
      recordBytes = use.index.codec.recordBytes(use.index.frame.paddedDimension)
      self.most = most
      self.isPlain = isPlain
      self.stored = stored
      let column = stored.storedVectors
      unsafe vectors = column.file.uncheckedBytes(column.vectors)
    }

    /// Asks for the memory of a row's vector.
    func prefetchVector(_ row: UInt32) {
      let offset = Int(row) * stride
      if isCold { return stored.file.ask(stored.vectorEntry, offset..<offset + stride) }
      guard let base = unsafe vectors.baseAddress, unsafe offset <= vectors.count - stride else { return }
      unsafe prefetch(base + offset, bytes: stride)
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
    // Looking at the clock takes time: of many queries some are enough.
    let isTimed = request.isProfiled && (queryCount <= 64 || range.lowerBound / range.count % 16 == 0)
    defer {
      if isTimed { worker.work.timed += range.count }
      tally.add(worker.work)
    }
    var active = 0
    for slot in 0..<width {
      if try begin(slot, &next, range, pass, worker, isTimed, &unfinished) { active += 1 }
    }
    if width == 1, !isTimed {
      // Nothing to take turns with.
      while active > 0 {
        try worker.walks[0].run()
        for stage in [GraphWorker.Stage.rows, .vectors, .distances] {
          try goOn(stage, 0, pass, worker, &unfinished)
        }
        if shouldStop() { return unfinished }
        if try !begin(0, &next, range, pass, worker, isTimed, &unfinished) { active = 0 }
      }
      return unfinished
    }
    while active > 0 {
      for slot in 0..<width where worker.queries[slot] >= 0 {
        let start = isTimed ? now : 0
        let stage = worker.stages[slot]
        if stage == .walk {
          if try !worker.walks[slot].step() { worker.stages[slot] = .rows }
          if isTimed { worker.work.nanoseconds.walking += now - start }
          continue
        }
        let isAnswered = try goOn(stage, slot, pass, worker, &unfinished)
        if isTimed { worker.work.nanoseconds.ranking += now - start }
        if isAnswered {
          if isTimed, slot == 0 {
            worker.work.pages += worker.walks[slot].touchedPages()
            worker.work.paged += 1
          }
          worker.queries[slot] = -1
          if try !begin(slot, &next, range, pass, worker, isTimed, &unfinished) { active -= 1 }
        }
      }
      if shouldStop() { return unfinished }
    }
    return unfinished
  }

  /// Begins the next query of a block in a slot; false when there is none left.
  private func begin(
    _ slot: Int, _ next: inout Int, _ range: Range<Int>, _ pass: GraphPass, _ worker: GraphWorker,
    _ isTimed: Bool, _ unfinished: inout [Int]
  ) throws(StorageError) -> Bool {
    guard let vectors = unsafe queries else { return false }
    while next < range.upperBound {
      let query = next
      next += 1
      let walk = worker.walks[slot]
      let start = isTimed ? now : 0
      guard unsafe walk.target.set(vectors + query * settings.dimension) else {
        unfinished.append(query)
        continue
      }
      let seeds = pass.router.seeds(walk.target, wanted: GraphWalk.usualSeeds, worker.router)
      try unsafe walk.begin(
        seeds: UnsafeBufferPointer(start: worker.router.seeds, count: seeds), pass.use.effort,
        wanted: capacity, kept: pass.use.kept(wanted: capacity), hidden: hiddenNode(in: pass.segment))
      if isTimed { worker.work.nanoseconds.routing += now - start }
      worker.queries[slot] = query
      worker.stages[slot] = .walk
      return true
    }
    return false
  }

  /// Nanoseconds since the session began.
  var now: Int {
    let (seconds, attoseconds) = (ContinuousClock.now - clockStart).components
    return Int(clamping: seconds) &* 1_000_000_000 &+ Int(clamping: attoseconds / 1_000_000_000)
  }
}

/// The words of a set of rows, in memory that stays where it is.
@safe
final class RowBits: @unchecked Sendable {
  let words: UnsafeMutablePointer<UInt64>?
  private let rowCount: Int

  /// Copies a set; an empty one takes no memory.
  init(_ set: RowSet, keepsEmpty: Bool = false) {
    rowCount = set.rowCount
    if set.count == 0, !keepsEmpty {
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
  /// How far the query of a slot has come.
  ///
  /// Each stage asks for the memory of the next and lets the other slots go on meanwhile.
  enum Stage {
    case walk, rows, vectors, distances
  }

  let walks: [GraphWalk]
  let router = RouterScratch()
  /// The query of each walk; -1 for none.
  var queries: [Int]
  var stages: [Stage]
  /// What the worker did since it was cleared.
  var work = SearchWork()

  init(_ view: GraphView, _ frame: VectorFrame, walks count: Int) {
    walks = (0..<count).map { _ in GraphWalk(view, GraphQuery(frame)) }
    queries = [Int](repeating: -1, count: count)
    stages = [Stage](repeating: .walk, count: count)
  }

  func clear(_ width: Int) {
    for slot in 0..<width { queries[slot] = -1 }
    work = SearchWork()
  }
}
