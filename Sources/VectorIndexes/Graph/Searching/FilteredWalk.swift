internal import CVectorKernels
package import FileStorage

/// One search through a graph for the nearest of those nodes that a filter lets through.
///
/// The walk passes all nodes, nearest first, and keeps two pools: the frontier of nodes whose lists are still to be read, and
/// those that may be found. When the k-th of these turns out to be the r-th nearest of all nodes seen, the walk goes on exactly
/// as far as a search for r neighbours without a filter would: so what was measured for r neighbours is kept, whether matches
/// are spread evenly, lie near the query or lie far from it. Where that takes more lists than allowed the walk gives up, and the
/// caller looks at every match instead.
///
/// A step either takes in the estimates of the last list or reads the next one, and asks for the memory of the step after, so
/// that several walks can take turns. What is found does not depend on that. Holds its memory for the next search. Not safe to
/// share between threads.
///
/// - Source: Malkov & Yashunin 2018, algorithm 2, for the walk; the rule of its end is this program's.
@safe
package final class FilteredWalk {
  /// Work of the present search.
  package private(set) var work = GraphWork()
  /// Whether the search has read as many lists as it may without being sure.
  package private(set) var hasGivenUp = false

  private let view: GraphView
  private let query: GraphQuery
  private var effort = FilteredEffort(wanted: 1, mostHops: 1, breadths: RankedBreadths([]))
  private var filter: NodeFilter?
  /// Nodes that wait to be looked at, a heap with the nearest first: distance as bits in the upper half, then the node.
  private let frontier = GrowingKeys(room: 4096)
  /// Nodes that were looked at, nearest first.
  private let passed = GrowingKeys(room: 512)
  /// The nodes that may be found.
  private let found = BoundedCandidates()
  private let visited: UnsafeMutablePointer<UInt64>
  private let visitedWords: Int
  private let touched = GrowingNodes(room: 4096)
  private let fresh: UnsafeMutablePointer<UInt32>
  private let values: UnsafeMutablePointer<Float>
  private var freshCount = 0
  /// The node whose list is read next, -1 when it is still to be chosen.
  private var next = -1

  /// A walk over a graph; `query` is where the walk's own queries are set.
  package init(_ view: GraphView, _ query: GraphQuery) {
    self.view = view
    self.query = query
    visitedWords = (view.count + 63) / 64
    unsafe visited = .allocate(capacity: max(1, visitedWords))
    unsafe visited.initialize(repeating: 0, count: max(1, visitedWords))
    unsafe fresh = .allocate(capacity: 128)
    unsafe values = .allocate(capacity: 128)
  }

  deinit {
    unsafe visited.deallocate()
    unsafe fresh.deallocate()
    unsafe values.deallocate()
  }

  /// The query that the next walk looks for.
  package var target: GraphQuery { query }

  /// Begins a search for the query that was set.
  ///
  /// - Parameters:
  ///   - seeds: Nodes to begin at, at least one, each below the count; the first 128 are used.
  ///   - effort: How far to go.
  ///   - filter: Which nodes may be found.
  ///   - hidden: A node that is passed by as if it did not exist; -1 for none.
  /// - Throws: `.corruption` when a block of the file fails its checksum.
  package func begin(
    seeds: UnsafeBufferPointer<UInt32>, _ effort: FilteredEffort, filter: NodeFilter, hidden: Int = -1
  ) throws(StorageError) {
    reset()
    self.effort = effort
    self.filter = filter
    found.reset(wanted: min(effort.wanted, view.count))
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

  /// The nodes that may be among the nearest of those that may be found.
  package var candidates: NodeCandidates { NodeCandidates(found) }

  // MARK: Steps

  /// Chooses the nearest node that has not been looked at and asks for its list.
  @inline(__always)
  private func chooseNext() -> Bool {
    guard let key = frontier.least else { return false }
    if isFarEnough(key) { return false }
    guard work.hops < effort.mostHops,
      work.hops < effort.doubtfulHops || found.nearest.count >= effort.wanted
    else {
      hasGivenUp = true
      return false
    }
    frontier.removeLeast()
    passed.insertAscending(key)
    next = Int(key & 0xFFFF_FFFF)
    prefetchList(next)
    // The one after it is likely to be next but one.
    if let other = frontier.least { prefetchList(Int(other & 0xFFFF_FFFF)) }
    return true
  }

  /// Whether a search for as many neighbours as the k-th match has nodes before it would have ended at `key`.
  @inline(__always)
  private func isFarEnough(_ key: UInt64) -> Bool {
    guard let last = found.nearest.key(at: effort.wanted - 1), key > last else { return false }
    let rank = passed.countAscending(upTo: last)
    return passed.countAscending(upTo: key) >= effort.breadth(rank)
  }

  private func prefetchList(_ node: Int) {
    let list = unsafe view.list(node)
    unsafe vk_prefetch(list)
    unsafe vk_prefetch(list + 16)
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

  /// Marks a node, which must exist; false when it was marked already.
  @inline(__always)
  private func mark(_ node: UInt32) -> Bool {
    let word = Int(node >> 6)
    let bit = 1 << UInt64(node & 63) as UInt64
    // Safe: the node is below the count, and there is a bit for each.
    let old = unsafe visited[word]
    if old & bit != 0 { return false }
    unsafe visited[word] = old | bit
    touched.append(node)
    return true
  }

  /// Estimates the distances of the fresh nodes and takes them in.
  @inline(__always)
  private func takeEstimates() {
    let fresh = freshCount
    guard fresh > 0 else { return }
    freshCount = 0
    work.estimates += fresh
    unsafe query.estimate(view, self.fresh, count: fresh, into: values)
    for index in 0..<fresh {
      let node = unsafe self.fresh[index]
      let key = unsafe NearestKeys.key(values[index], node)
      frontier.insert(key)
      let (lower, upper) = unsafe view.bounds(Int(node), values[index], query)
      if lower <= found.limit, let filter, filter.contains(Int(node)) {
        found.insert(node, key, lower: lower, upper: upper)
      }
    }
  }

  /// Takes back the marks of the last search.
  private func reset() {
    if touched.count > visitedWords / 8 {
      unsafe visited.update(repeating: 0, count: visitedWords)
    } else {
      for index in 0..<touched.count { unsafe visited[Int(touched[index] >> 6)] = 0 }
    }
    touched.removeAll()
    frontier.removeAll()
    passed.removeAll()
    freshCount = 0
    next = -1
    hasGivenUp = false
    work = GraphWork()
  }
}
