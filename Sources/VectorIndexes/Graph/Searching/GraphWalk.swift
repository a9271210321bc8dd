internal import CVectorKernels
package import FileStorage

/// How far a search goes.
package struct GraphEffort: Equatable, Sendable {
  /// Candidates among which every one is looked at (`ef` in the papers), at least 1.
  package var breadth: Int
  /// Ends earlier when the next candidate is farther than the k-th by this factor of its squared distance; infinite for never.
  package var slack: Float = .infinity

  /// An effort.
  package init(breadth: Int, slack: Float = .infinity) {
    self.breadth = breadth
    self.slack = slack
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
/// A candidate is marked as visited when it enters; the walk ends when the first `breadth` candidates have all been looked at.
/// A step either takes in the estimates of the last list or reads the next list, and asks for the memory of the step after, so that
/// several walks can take turns and wait for memory together. What is found does not depend on that.
///
/// Holds its memory for the next search. Not safe to share between threads.
///
/// - Source: Malkov & Yashunin 2018, algorithm 2; Al-Jazzazi et al. 2025, adaptive beam search (early end).
@safe
package final class GraphWalk {
  /// Work of the present search.
  package private(set) var work = GraphWork()

  private var view: GraphView
  private var query: GraphQuery
  private var breadth = 1
  private var slack = Float.infinity
  private var wanted = 1
  /// Candidates, nearest first: distance as bits in the upper half, then the node, then whether it has been looked at.
  private var pool: UnsafeMutablePointer<UInt64>
  private var poolRoom: Int
  private var capacity = 1
  private var count = 0
  /// No candidate before this place waits to be looked at.
  private var cursor = 0
  private var visited: UnsafeMutablePointer<UInt64>
  private let visitedWords: Int
  /// Nodes marked as visited, so that the marks can be taken back.
  private var touched: UnsafeMutablePointer<UInt32>
  private var touchedRoom: Int
  private var touchedCount = 0
  /// Nodes of the last list that wait for their estimates.
  private let fresh: UnsafeMutablePointer<UInt32>
  private let values: UnsafeMutablePointer<Float>
  private var freshCount = 0
  /// The node whose list is read next, -1 when it is still to be chosen.
  private var next = -1
  /// Which rows may be found, when not all; and those that were found.
  private var filter: NodeFilter?
  private var found: UnsafeMutablePointer<UInt64>
  private var foundRoom: Int
  private var foundCount = 0
  private var foundCapacity = 1

  /// Candidates kept for the exact comparison by a search of such a breadth.
  package static func kept(breadth: Int) -> Int { breadth + 16 }

  /// Seeds with which searches begin.
  package static let usualSeeds = 2

  /// A walk over a graph; `query` is where the walk's own queries are set.
  package init(_ view: GraphView, _ query: GraphQuery) {
    self.view = view
    self.query = query
    visitedWords = (view.count + 63) / 64
    poolRoom = 128
    touchedRoom = 2048
    foundRoom = 1
    unsafe pool = .allocate(capacity: poolRoom)
    unsafe visited = .allocate(capacity: max(1, visitedWords))
    unsafe visited.initialize(repeating: 0, count: max(1, visitedWords))
    unsafe touched = .allocate(capacity: touchedRoom)
    unsafe fresh = .allocate(capacity: max(128, GraphRouter.maximumSeeds))
    unsafe values = .allocate(capacity: max(128, GraphRouter.maximumSeeds))
    unsafe found = .allocate(capacity: foundRoom)
  }

  deinit {
    unsafe pool.deallocate()
    unsafe visited.deallocate()
    unsafe touched.deallocate()
    unsafe fresh.deallocate()
    unsafe values.deallocate()
    unsafe found.deallocate()
  }

  /// The query that the next walk looks for.
  package var target: GraphQuery { query }

  /// Begins a search for the query that was set.
  ///
  /// - Parameters:
  ///   - seeds: Nodes to begin at, at least one, each below the count; at most `GraphRouter.maximumSeeds`.
  ///   - effort: How far to go.
  ///   - wanted: The k of the search, at least 1.
  ///   - kept: Candidates to hand over at least, if there are as many.
  ///   - filter: Which nodes may be found; nil for all.
  ///   - hidden: A node that is passed by as if it did not exist; -1 for none.
  /// - Throws: `.corruption` when a block of the file fails its checksum.
  package func begin(
    seeds: UnsafeBufferPointer<UInt32>, _ effort: GraphEffort, wanted: Int, kept: Int, filter: NodeFilter?,
    hidden: Int = -1
  ) throws(StorageError) {
    reset()
    breadth = max(1, min(effort.breadth, view.count))
    slack = effort.slack
    self.wanted = max(1, wanted)
    capacity = max(breadth, min(kept, view.count))
    if capacity > poolRoom {
      unsafe pool.deallocate()
      poolRoom = capacity
      unsafe pool = .allocate(capacity: poolRoom)
    }
    self.filter = filter
    foundCapacity = max(1, min(kept, view.count))
    if filter != nil, foundCapacity > foundRoom {
      unsafe found.deallocate()
      foundRoom = foundCapacity
      unsafe found = .allocate(capacity: foundRoom)
    }
    if hidden >= 0, hidden < view.count { _ = mark(UInt32(hidden)) }
    for index in 0..<seeds.count where unsafe freshCount < 128 && mark(seeds[index]) {
      unsafe fresh[freshCount] = unsafe seeds[index]
      freshCount += 1
    }
    for index in 0..<freshCount { try unsafe check(Int(fresh[index])) }
  }

  /// Goes on by one step; false when the search has ended.
  @inline(__always)
  package func step() throws(StorageError) -> Bool {
    if next >= 0 {
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

  /// Searches to the end and tells, for each of some breadths, the moment at which a search of that breadth would have ended.
  ///
  /// Its results are then the first candidates.
  ///
  /// - Parameters:
  ///   - breadths: Ascending; none above the walk's own counts.
  ///   - body: Called once for each, in order.
  /// - Throws: `.corruption` when a block of the file fails its checksum, or a list names a node that does not exist.
  package func run(passing breadths: [Int], _ body: (Int) -> Void) throws(StorageError) {
    var passed = 0
    while true {
      takeEstimates()
      // Safe: places below `count` hold candidates.
      while cursor < count, unsafe pool[cursor] & 1 != 0 { cursor += 1 }
      while passed < breadths.count, cursor >= min(breadths[passed], count) {
        body(breadths[passed])
        passed += 1
      }
      guard passed < breadths.count, chooseNext() else { break }
      try readList()
    }
    while passed < breadths.count {
      body(breadths[passed])
      passed += 1
    }
  }

  // MARK: Results

  /// How many candidates there are.
  package var candidateCount: Int { filter == nil ? count : foundCount }

  /// A candidate, nearest first: its node and the estimate of its squared distance in the frame.
  package func candidate(_ place: Int) -> (node: Int, squared: Float) {
    precondition(place >= 0 && place < candidateCount)
    let key = unsafe filter == nil ? pool[place] : found[place]
    return (
      Int(key >> 1 & 0x7FFF_FFFF), Float(bitPattern: UInt32(truncatingIfNeeded: key >> 32))
    )
  }

  // MARK: Steps

  /// Chooses the nearest candidate that has not been looked at and asks for its list.
  @inline(__always)
  private func chooseNext() -> Bool {
    let end = min(count, breadth)
    // Safe: places below `count` hold candidates.
    while cursor < end, unsafe pool[cursor] & 1 != 0 { cursor += 1 }
    guard cursor < end else { return false }
    let key = unsafe pool[cursor]
    if isFar(key) { return false }
    unsafe pool[cursor] = key | 1
    cursor += 1
    next = Int(key >> 1 & 0x7FFF_FFFF)
    let list = unsafe view.list(next)
    unsafe vk_prefetch(list)
    unsafe vk_prefetch(list + 16)
    // The one after it is likely to be next but one.
    if cursor < end {
      let other = unsafe view.list(Int(pool[cursor] >> 1 & 0x7FFF_FFFF))
      unsafe vk_prefetch(other)
      unsafe vk_prefetch(other + 16)
    }
    return true
  }

  @inline(__always)
  private func isFar(_ key: UInt64) -> Bool {
    let distance = Float(bitPattern: UInt32(truncatingIfNeeded: key >> 32))
    if filter != nil {
      guard foundCount == foundCapacity else { return false }
      return unsafe key > found[foundCapacity - 1]
    }
    guard slack < .infinity, count >= wanted else { return false }
    let kth = unsafe Float(bitPattern: UInt32(truncatingIfNeeded: pool[wanted - 1] >> 32))
    return distance > kth * slack
  }

  /// Reads a list and asks for the codes of those of its nodes that were not seen before.
  @inline(__always)
  private func readList() throws(StorageError) {
    let node = next
    next = -1
    work.hops += 1
    if let checks = view.checks { try checks.list(node, view.maximumNeighbors) }
    let list = unsafe view.list(node)
    let lines = (view.recordBytes + 63) / 64
    let nodes = UInt32(truncatingIfNeeded: view.count)
    var fresh = 0
    for place in 0..<view.maximumNeighbors {
      let neighbor = unsafe list[place]
      guard neighbor < nodes else {
        freshCount = 0
        if let checks = view.checks { throw checks.damage(node: node, neighbor: neighbor, count: view.count) }
        return
      }
      guard mark(neighbor) else { continue }
      unsafe self.fresh[fresh] = neighbor
      fresh += 1
      let record = unsafe view.record(Int(neighbor))
      for line in 0..<lines { unsafe vk_prefetch(record + 64 * line) }
    }
    freshCount = fresh
    if view.checks != nil {
      for index in 0..<fresh { try unsafe check(Int(self.fresh[index])) }
    }
  }

  private func check(_ node: Int) throws(StorageError) {
    if let checks = view.checks { try checks.record(node, view.recordBytes) }
  }

  /// Marks a node; false when it was marked already.
  ///
  /// The node must exist.
  @inline(__always)
  private func mark(_ node: UInt32) -> Bool {
    let word = Int(node >> 6)
    let bit = 1 << UInt64(node & 63) as UInt64
    // Safe: the node is below the count, and there is a bit for each.
    let old = unsafe visited[word]
    if old & bit != 0 { return false }
    unsafe visited[word] = old | bit
    if touchedCount == touchedRoom { growTouched() }
    unsafe touched[touchedCount] = node
    touchedCount += 1
    return true
  }

  /// Estimates the distances of the fresh nodes and takes in those that are near enough.
  @inline(__always)
  private func takeEstimates() {
    let fresh = freshCount
    guard fresh > 0 else { return }
    freshCount = 0
    work.estimates += fresh
    unsafe query.estimate(view, self.fresh, count: fresh, into: values)
    if filter == nil {
      for index in 0..<fresh { unsafe insert(key(values[index], self.fresh[index])) }
    } else {
      for index in 0..<fresh { unsafe insertFiltered(key(values[index], self.fresh[index])) }
    }
  }

  @inline(__always)
  private func key(_ value: Float, _ node: UInt32) -> UInt64 {
    // Not negative, so that the bits ascend with the value.
    UInt64(max(0, value).bitPattern) << 32 | UInt64(node) << 1
  }

  @inline(__always)
  private func insert(_ key: UInt64) {
    if count == capacity {
      guard unsafe key < pool[count &- 1] else { return }
      count &-= 1
    }
    // Halving without a branch that could be guessed wrong.
    var low = 0
    var length = count
    while length > 1 {
      let half = length >> 1
      low = unsafe pool[low &+ half &- 1] < key ? low &+ half : low
      length &-= half
    }
    if length == 1, unsafe pool[low] < key { low &+= 1 }
    // Safe: `count` is below the capacity, for which there is room.
    unsafe (pool + low + 1).update(from: pool + low, count: count - low)
    unsafe pool[low] = key
    count &+= 1
    if low <= cursor {
      cursor = low
      // It may be the next whose list is read.
      let list = unsafe view.list(Int(key >> 1 & 0x7FFF_FFFF))
      unsafe vk_prefetch(list)
      unsafe vk_prefetch(list + 16)
    }
  }

  private func insertFiltered(_ key: UInt64) {
    insert(key)
    if foundCount == foundCapacity, unsafe key >= found[foundCount - 1] { return }
    guard let filter, filter.contains(Int(key >> 1 & 0x7FFF_FFFF)) else { return }
    if foundCount == foundCapacity { foundCount -= 1 }
    var place = foundCount
    while place > 0, unsafe found[place - 1] > key {
      unsafe found[place] = found[place - 1]
      place -= 1
    }
    unsafe found[place] = key
    foundCount += 1
  }

  // MARK: Memory

  /// Takes back the marks of the last search.
  private func reset() {
    if touchedCount > visitedWords / 8 {
      unsafe visited.update(repeating: 0, count: visitedWords)
    } else {
      for index in 0..<touchedCount { unsafe visited[Int(touched[index] >> 6)] = 0 }
    }
    touchedCount = 0
    count = 0
    cursor = 0
    freshCount = 0
    foundCount = 0
    next = -1
    work = GraphWork()
  }

  private func growTouched() {
    let larger = UnsafeMutablePointer<UInt32>.allocate(capacity: 2 * touchedRoom)
    unsafe larger.update(from: touched, count: touchedCount)
    unsafe touched.deallocate()
    unsafe touched = larger
    touchedRoom *= 2
  }
}
