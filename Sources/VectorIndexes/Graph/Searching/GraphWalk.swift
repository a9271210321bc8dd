internal import CVectorKernels
package import FileStorage

/// How far a search goes.
package struct GraphEffort: Equatable, Sendable {
  /// Candidates among which every one is looked at (`ef` in the papers), at least 1.
  package var breadth: Int
  /// Ends earlier when the next candidate is farther than the k-th by this factor of its squared distance, at least 1; infinite for
  /// never.
  package var slack: Float = .infinity

  /// An effort.
  package init(breadth: Int, slack: Float = .infinity) {
    self.breadth = breadth
    self.slack = slack
  }
}

/// Efforts of searches for as many neighbours, ascending in breadth and slack.
package struct GraphLadder: Sendable {
  /// The k of the searches, which slack refers to.
  package let wanted: Int
  package let steps: [GraphEffort]

  /// A ladder of such efforts.
  package init(wanted: Int, _ steps: [GraphEffort]) {
    self.wanted = wanted
    self.steps = steps
  }
}

/// What a search did, the same on every machine.
package struct GraphWork: Equatable, Sendable {
  /// Nodes whose lists were read.
  package var hops = 0
  /// Nodes whose distance was estimated.
  package var estimates = 0

  package init() {}
}

/// One search through a graph: best first, over a sorted pool of candidates.
///
/// A candidate is marked as visited when it enters; the walk ends when the first `breadth` candidates have all been looked at, or
/// when the next is too far beyond the k-th: so queries that are answered soon take few steps, and hard ones many.
/// A step either takes in the estimates of the last list or reads the next list, and asks for the memory of the step after, so that
/// several walks can take turns and wait for memory together. What is found does not depend on that.
///
/// The loop is Swift over plain memory; estimates, and their way into the pool, are calls of kernels. The same steps in C with
/// the same kernels were not faster (1 to 2 % slower, medians of one run on an x86-64 processor).
///
/// Holds its memory for the next search. Not safe to share between threads.
///
/// - Source: Malkov & Yashunin 2018, algorithm 2; Al-Jazzazi et al. 2025, adaptive beam search (early end).
@safe
package final class GraphWalk {
  /// What every step reads and writes: in memory of its own, where no access needs a check at run time.
  @safe private struct State {
    let places: GraphRecords
    let lines: Int
    let nodes: UInt32
    let neighbors: UnsafePointer<UInt32>
    let maximumNeighbors: Int
    /// Candidates, nearest first: distance as bits in the upper half, then the node, then whether it has been looked at.
    var pool: vk_pool
    /// No candidate before this place waits to be looked at.
    var cursor = 0
    var breadth = 1
    /// The node whose list is read next, -1 when it is still to be chosen.
    var next = -1
    let visited: UnsafeMutablePointer<UInt64>
    /// Nodes marked as visited, so that the marks can be taken back; the last of them wait for their estimates.
    var touched: UnsafeMutablePointer<UInt32>
    var touchedCount = 0
    var touchedRoom = 2048
    var freshCount = 0
    let values: UnsafeMutablePointer<Float>
    var hops = 0
    var estimates = 0
    let isChecked: Bool
  }

  private let view: GraphView
  private let query: GraphQuery
  private let state: UnsafeMutablePointer<State>
  private let visitedWords: Int
  private var poolRoom: Int

  /// Candidates kept for the exact comparison by a search of such a breadth.
  package static func kept(breadth: Int) -> Int { breadth + 16 }

  /// Seeds with which searches begin.
  package static let usualSeeds = 2

  /// Nodes whose distances are estimated at once, at most.
  private static let mostFresh = 128
  /// Keys behind the last that the kernel may read and write.
  private static let poolMargin = 16

  /// A walk over a graph; `query` is where the walk's own queries are set.
  package init(_ view: GraphView, _ query: GraphQuery) {
    self.view = view
    self.query = query
    visitedWords = (view.count + 63) / 64
    poolRoom = 128
    let visited = UnsafeMutablePointer<UInt64>.allocate(capacity: max(1, visitedWords))
    unsafe visited.initialize(repeating: 0, count: max(1, visitedWords))
    unsafe state = .allocate(capacity: 1)
    unsafe state.initialize(
      to: State(
        places: view.places, lines: (view.recordBytes + 63) / 64,
        nodes: UInt32(truncatingIfNeeded: view.count),
        neighbors: view.neighbors, maximumNeighbors: view.maximumNeighbors,
        pool: vk_pool(
          keys: Self.makePool(poolRoom), count: 0, capacity: 1, rank: 0, least: 0, slack: .infinity),
        visited: visited,
        touched: .allocate(capacity: 2048), values: .allocate(capacity: Self.mostFresh),
        isChecked: view.checks == nil))
  }

  deinit {
    unsafe state.pointee.pool.keys.deallocate()
    unsafe state.pointee.visited.deallocate()
    unsafe state.pointee.touched.deallocate()
    unsafe state.pointee.values.deallocate()
    unsafe state.deallocate()
  }

  private static func makePool(_ room: Int) -> UnsafeMutablePointer<UInt64> {
    let keys = UnsafeMutablePointer<UInt64>.allocate(capacity: room + poolMargin)
    unsafe keys.initialize(repeating: 0, count: room + poolMargin)
    return unsafe keys
  }

  /// The query that the next walk looks for.
  package var target: GraphQuery { query }

  /// Work of the present search.
  package var work: GraphWork {
    var work = GraphWork()
    work.hops = unsafe state.pointee.hops
    work.estimates = unsafe state.pointee.estimates
    return work
  }

  /// Begins a search for the query that was set.
  ///
  /// - Parameters:
  ///   - seeds: Nodes to begin at, at least one, each below the count; at most `GraphRouter.maximumSeeds`.
  ///   - effort: How far to go.
  ///   - wanted: The k of the search, at least 1.
  ///   - kept: Candidates to hand over at least, if there are as many; an early end leaves no fewer.
  ///   - hidden: A node that is passed by as if it did not exist; -1 for none.
  /// - Throws: `.corruption` when a block of the file fails its checksum.
  package func begin(
    seeds: UnsafeBufferPointer<UInt32>, _ effort: GraphEffort, wanted: Int, kept: Int, hidden: Int = -1
  ) throws(StorageError) {
    reset()
    let breadth = max(1, min(effort.breadth, view.count))
    unsafe state.pointee.breadth = breadth
    let capacity = max(breadth, min(kept, view.count))
    if capacity > poolRoom {
      unsafe state.pointee.pool.keys.deallocate()
      poolRoom = capacity
      unsafe state.pointee.pool.keys = Self.makePool(poolRoom)
    }
    unsafe state.pointee.pool.capacity = capacity
    unsafe state.pointee.pool.rank = max(1, wanted) - 1
    unsafe state.pointee.pool.least = max(1, min(kept, view.count))
    unsafe state.pointee.pool.slack = effort.slack
    if hidden >= 0, hidden < view.count { _ = mark(UInt32(hidden)) }
    var fresh = 0
    for index in 0..<seeds.count where unsafe fresh < Self.mostFresh && mark(seeds[index]) {
      fresh += 1
      unsafe prefetchRecord(Int(seeds[index]))
    }
    unsafe state.pointee.freshCount = fresh
    if let checks = view.checks { try check(checks) }
  }

  /// Goes on by one step; false when the search has ended.
  @inline(__always)
  package func step() throws(StorageError) -> Bool {
    if unsafe state.pointee.next >= 0 {
      try readList()
      return true
    }
    takeEstimates()
    return chooseNext()
  }

  /// Searches to the end.
  package func run() throws(StorageError) {
    while try step() {}
  }

  /// Searches on until searches of lesser efforts would all have ended, and tells the moment of each.
  ///
  /// A search of a lesser effort does the same steps and ends earlier. The candidates that it would have found are the first now.
  ///
  /// - Parameters:
  ///   - ladders: Efforts that ascend in each ladder, breadth and slack; none above the walk's own.
  ///   - body: Called once for each, with the ladder and the place in it, in order.
  /// - Throws: `.corruption` when a block of the file fails its checksum, or a list names a node that does not exist.
  package func run(passing ladders: [GraphLadder], _ body: (Int, Int) -> Void) throws(StorageError) {
    var passed = [Int](repeating: 0, count: ladders.count)
    func pass(_ isOver: Bool) -> Bool {
      var areAll = true
      for (ladder, efforts) in ladders.enumerated() {
        while passed[ladder] < efforts.steps.count,
          isOver || hasEnded(efforts.steps[passed[ladder]], efforts.wanted)
        {
          body(ladder, passed[ladder])
          passed[ladder] += 1
        }
        if passed[ladder] < efforts.steps.count { areAll = false }
      }
      return areAll
    }
    while true {
      takeEstimates()
      _ = unsafe Self.firstWaiting(state)
      guard !pass(false), chooseNext() else { break }
      try readList()
    }
    _ = pass(true)
  }

  /// Whether a search of such an effort would look at no more candidates.
  private func hasEnded(_ effort: GraphEffort, _ wanted: Int) -> Bool {
    let cursor = unsafe state.pointee.cursor
    let count = unsafe state.pointee.pool.count
    if cursor >= min(effort.breadth, count) { return true }
    guard effort.slack < .infinity else { return false }
    var pool = unsafe state.pointee.pool
    unsafe pool.rank = max(1, wanted) - 1
    unsafe pool.slack = effort.slack
    return unsafe pool.keys[cursor] > vk_pool_reach(&pool)
  }

  // MARK: Results

  /// How many candidates there are.
  package var candidateCount: Int { unsafe state.pointee.pool.count }

  /// A candidate, nearest first: its node and the estimate of its squared distance in the frame.
  package func candidate(_ place: Int) -> (node: Int, squared: Float) {
    precondition(place >= 0 && place < candidateCount)
    let key = unsafe state.pointee.pool.keys[place]
    return (
      Int(key >> 1 & 0x7FFF_FFFF), Float(bitPattern: UInt32(truncatingIfNeeded: key >> 32))
    )
  }

  /// Whether a candidate can be as near as a limit of the squared distance in the frame, as far as its bound says.
  package func mayReach(_ place: Int, _ squaredLimit: Float) -> Bool {
    let (node, squared) = candidate(place)
    return !(view.lowerBound(node, squared, query) > squaredLimit)
  }

  /// The 4 KiB pages of the graph's file that the present search has touched; for reports, since it allocates.
  package func touchedPages() -> Int {
    var pages: Set<UInt> = []
    func add(_ address: UnsafeRawPointer, _ bytes: Int) {
      let first = UInt(bitPattern: address) >> 12
      let last = UInt(bitPattern: unsafe address + (bytes - 1)) >> 12
      for page in first...last { pages.insert(page) }
    }
    for index in 0..<(unsafe state.pointee.touchedCount) {
      unsafe add(view.record(Int(state.pointee.touched[index])), view.recordBytes)
    }
    for place in 0..<(unsafe state.pointee.pool.count) {
      let key = unsafe state.pointee.pool.keys[place]
      if key & 1 != 0 {
        unsafe add(UnsafeRawPointer(view.list(Int(key >> 1 & 0x7FFF_FFFF))), 4 * view.maximumNeighbors)
      }
    }
    return pages.count
  }

  // MARK: Steps

  /// Moves the cursor to the nearest candidate that waits to be looked at; the count when there is none.
  @inline(__always)
  private static func firstWaiting(_ state: UnsafeMutablePointer<State>) -> Int {
    var cursor = unsafe state.pointee.cursor
    let count = unsafe state.pointee.pool.count
    // Safe: places below `count` hold candidates.
    let keys = unsafe state.pointee.pool.keys
    while cursor < count, unsafe keys[cursor] & 1 != 0 { cursor &+= 1 }
    unsafe state.pointee.cursor = cursor
    return cursor
  }

  /// Chooses the nearest candidate that has not been looked at and asks for its list.
  @inline(__always)
  private func chooseNext() -> Bool {
    let state = unsafe self.state
    let end = unsafe min(state.pointee.pool.count, state.pointee.breadth)
    let cursor = unsafe Self.firstWaiting(state)
    guard cursor < end else {
      trim()
      return false
    }
    // Safe: places below `end` hold candidates, and their nodes exist.
    let keys = unsafe state.pointee.pool.keys
    let key = unsafe keys[cursor]
    if unsafe key > vk_pool_reach(&state.pointee.pool) {
      trim()
      return false
    }
    unsafe keys[cursor] = key | 1
    unsafe state.pointee.cursor = cursor &+ 1
    let node = Int(key >> 1 & 0x7FFF_FFFF)
    unsafe state.pointee.next = node
    unsafe Self.prefetchList(state, node)
    // The one after it is likely to be next but one.
    if cursor &+ 1 < end { unsafe Self.prefetchList(state, Int(keys[cursor &+ 1] >> 1 & 0x7FFF_FFFF)) }
    return true
  }

  /// Drops the candidates out of reach, but for the least number.
  private func trim() {
    let reach = unsafe vk_pool_reach(&state.pointee.pool)
    let least = unsafe state.pointee.pool.least
    while unsafe state.pointee.pool.count > least,
      unsafe state.pointee.pool.keys[state.pointee.pool.count - 1] > reach
    {
      unsafe state.pointee.pool.count -= 1
    }
  }

  @inline(__always)
  private static func prefetchList(_ state: UnsafeMutablePointer<State>, _ node: Int) {
    let list = unsafe state.pointee.neighbors + node &* state.pointee.maximumNeighbors
    unsafe vk_prefetch(list)
    unsafe vk_prefetch(list + 16)
  }

  @inline(__always)
  private func prefetchRecord(_ node: Int) {
    let record = unsafe state.pointee.places.base + node &* state.pointee.places.recordBytes
    for line in 0..<(unsafe state.pointee.lines) { unsafe vk_prefetch_later(record + 64 &* line) }
  }

  /// Reads a list and asks for the codes of those of its nodes that were not seen before.
  @inline(__always)
  private func readList() throws(StorageError) {
    let state = unsafe self.state
    let node = unsafe state.pointee.next
    let length = unsafe state.pointee.maximumNeighbors
    unsafe state.pointee.next = -1
    unsafe state.pointee.hops &+= 1
    if unsafe !state.pointee.isChecked, let checks = view.checks {
      try checks.list(node, view.maximumNeighbors)
    }
    if unsafe state.pointee.touchedRoom &- state.pointee.touchedCount < length { growTouched() }
    let list = unsafe state.pointee.neighbors + node &* length
    let nodes = unsafe state.pointee.nodes
    let visited = unsafe state.pointee.visited
    let fresh = unsafe state.pointee.touched + state.pointee.touchedCount
    var count = 0
    for place in 0..<length {
      let neighbor = unsafe list[place]
      guard neighbor < nodes else {
        unsafe state.pointee.touchedCount &+= count
        unsafe state.pointee.freshCount = 0
        if let checks = view.checks { throw checks.damage(node: node, neighbor: neighbor, count: view.count) }
        return
      }
      // Whether a node was seen before is hard to guess: so there is no branch. Safe: the node is below the count, and there is
      // a bit for each.
      let word = unsafe visited + Int(neighbor >> 6)
      let old = unsafe word.pointee
      unsafe fresh[count] = neighbor
      count &+= 1 &- Int(truncatingIfNeeded: old &>> UInt64(neighbor & 63) & 1)
      unsafe word.pointee = old | 1 &<< UInt64(neighbor & 63)
    }
    unsafe state.pointee.touchedCount &+= count
    unsafe state.pointee.freshCount = count
    for index in 0..<count { unsafe prefetchRecord(Int(fresh[index])) }
    if unsafe !state.pointee.isChecked, let checks = view.checks { try check(checks) }
  }

  /// Checks the records of the nodes that wait for their estimates.
  private func check(_ checks: GraphChecks) throws(StorageError) {
    let count = unsafe state.pointee.freshCount
    let fresh = unsafe state.pointee.touched + (state.pointee.touchedCount - count)
    if checks.asksAhead {
      for index in 0..<count { unsafe checks.askRecord(Int(fresh[index]), view.recordBytes) }
      // The candidates that are likely to be next.
      var asked = 0
      var place = unsafe state.pointee.cursor
      while unsafe place < state.pointee.pool.count, asked < 4 {
        let key = unsafe state.pointee.pool.keys[place]
        if key & 1 == 0 {
          checks.askList(Int(key >> 1 & 0x7FFF_FFFF), view.maximumNeighbors)
          asked += 1
        }
        place += 1
      }
    }
    for index in 0..<count { try unsafe checks.record(Int(fresh[index]), view.recordBytes) }
  }

  /// Marks a node; false when it was marked already.
  ///
  /// The node must exist.
  private func mark(_ node: UInt32) -> Bool {
    let word = Int(node >> 6)
    let bit = 1 << UInt64(node & 63) as UInt64
    // Safe: the node is below the count, and there is a bit for each.
    let old = unsafe state.pointee.visited[word]
    if old & bit != 0 { return false }
    unsafe state.pointee.visited[word] = old | bit
    if unsafe state.pointee.touchedCount == state.pointee.touchedRoom { growTouched() }
    unsafe state.pointee.touched[state.pointee.touchedCount] = node
    unsafe state.pointee.touchedCount += 1
    return true
  }

  /// Estimates the distances of the fresh nodes and takes in those that are near enough.
  @inline(__always)
  private func takeEstimates() {
    let state = unsafe self.state
    let count = unsafe state.pointee.freshCount
    guard count > 0 else { return }
    unsafe state.pointee.freshCount = 0
    unsafe state.pointee.estimates &+= count
    let fresh = unsafe state.pointee.touched + (state.pointee.touchedCount &- count)
    let values = unsafe state.pointee.values
    unsafe query.estimate(state.pointee.places, fresh, count: count, into: values)
    let first = unsafe vk_pool_offer(&state.pointee.pool, values, fresh, count)
    if unsafe first <= state.pointee.cursor {
      unsafe state.pointee.cursor = first
      // It may be the next whose list is read.
      unsafe Self.prefetchList(state, Int(state.pointee.pool.keys[first] >> 1 & 0x7FFF_FFFF))
    }
  }

  // MARK: Memory

  /// Takes back the marks of the last search.
  private func reset() {
    let state = unsafe self.state
    let count = unsafe state.pointee.touchedCount
    let visited = unsafe state.pointee.visited
    if count > visitedWords / 8 {
      unsafe visited.update(repeating: 0, count: visitedWords)
    } else {
      let touched = unsafe state.pointee.touched
      for index in 0..<count { unsafe visited[Int(touched[index] >> 6)] = 0 }
    }
    unsafe state.pointee.touchedCount = 0
    unsafe state.pointee.pool.count = 0
    unsafe state.pointee.cursor = 0
    unsafe state.pointee.freshCount = 0
    unsafe state.pointee.next = -1
    unsafe state.pointee.hops = 0
    unsafe state.pointee.estimates = 0
  }

  @inline(never)
  private func growTouched() {
    let room = unsafe 2 * state.pointee.touchedRoom
    let larger = UnsafeMutablePointer<UInt32>.allocate(capacity: room)
    unsafe larger.update(from: state.pointee.touched, count: state.pointee.touchedCount)
    unsafe state.pointee.touched.deallocate()
    unsafe state.pointee.touched = larger
    unsafe state.pointee.touchedRoom = room
  }
}
