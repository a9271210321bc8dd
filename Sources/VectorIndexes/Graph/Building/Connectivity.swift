/// Makes every node reachable from the first one.
///
/// A walk over the lists finds what is reachable and by which edges (a tree). A node that is not, but has a reachable neighbour, is
/// entered among that neighbour's; a part without any such edge is joined both ways to the nearest reachable nodes that a
/// search finds. A new edge takes a free place, or that of the last neighbour whose edge is not in the tree: so nothing reachable
/// is ever lost. One thread; the result depends on the lists alone.
@safe
struct Connectivity {
  private let points: GraphPoints
  private let lists: NeighborLists
  /// The node from which each was reached: itself for the first, `unreached` for none.
  private let parents: WorkArray<UInt32>
  private var queue: [UInt32] = []
  /// Parts that could not be reached: the node by which each was entered, and how many nodes that made reachable.
  private var parts: [(node: UInt32, size: Int)] = []

  private static let unreached = UInt32.max

  /// Connects all nodes with `start`; `leaders` are where searches begin.
  ///
  /// - Returns: A node of each part of at least `leastPart` nodes that was out of reach, larger parts first. Few edges lead there, so
  ///   that a search should begin there too when it looks for something near.
  static func connect(
    _ points: GraphPoints, _ lists: NeighborLists, start: Int, leaders: [UInt32]
  ) -> [UInt32] {
    guard lists.count > 1 else { return [] }
    var work = Connectivity(points, lists)
    work.parents[start] = UInt32(start)
    _ = work.walk(from: start)
    work.enterNeighbors()
    work.join(leaders)
    let parts = work.parts.filter { $0.size >= leastPart }.sorted { ($1.size, $0.node) < ($0.size, $1.node) }
    return parts.map(\.node)
  }

  /// Smaller parts are not worth a leader.
  private static let leastPart = 3

  private init(_ points: GraphPoints, _ lists: NeighborLists) {
    self.points = points
    self.lists = lists
    parents = WorkArray(count: lists.count, repeating: Self.unreached)
  }

  private func isReached(_ node: Int) -> Bool { parents[node] != Self.unreached }

  /// Reaches everything that can be from `start`, which is reached itself; gives how many nodes that is, itself among them.
  private mutating func walk(from start: Int) -> Int {
    var size = 0
    queue.removeAll(keepingCapacity: true)
    queue.append(UInt32(start))
    while let next = queue.popLast() {
      let node = Int(next)
      size += 1
      for place in 0..<lists.degree(node) {
        let neighbor = Int(lists[node, place])
        if !isReached(neighbor) {
          parents[neighbor] = next
          queue.append(UInt32(neighbor))
        }
      }
    }
    return size
  }

  /// Enters nodes among the neighbours of their own nearest reachable neighbours, until none is left for which that is possible.
  private mutating func enterNeighbors() {
    var hasChanged = true
    while hasChanged {
      hasChanged = false
      for node in 0..<lists.count where !isReached(node) {
        for place in 0..<lists.degree(node) {
          let neighbor = Int(lists[node, place])
          if isReached(neighbor), enter(node, at: neighbor) {
            parts.append((UInt32(node), walk(from: node)))
            hasChanged = true
            break
          }
        }
      }
    }
  }

  /// Joins what is left to the nearest reachable nodes.
  private mutating func join(_ leaders: [UInt32]) {
    var next = 0
    let search = ListSearch(points, lists, breadth: 32)
    while true {
      while next < lists.count, isReached(next) { next += 1 }
      guard next < lists.count else { return }
      var seeds = leaders.filter { isReached(Int($0)) }
      if seeds.isEmpty { seeds = [UInt32(parents.firstReached)] }
      let near = search.nearest(to: next, from: seeds, seedCount: 8)
      var links = 0
      for found in near where links < 2 {
        if enter(next, at: found) { links += 1 }
      }
      if links == 0 {
        for node in 0..<lists.count where isReached(node) {
          if enter(next, at: node) { break }
        }
      }
      parts.append((UInt32(next), walk(from: next)))
      // The way back, so that a search that begins here can leave: nothing reached is lost by it.
      if let back = near.first { _ = replaceLoose(at: next, by: back) }
      enterNeighbors()
    }
  }

  /// Adds the edge neighbor -> node and marks the node as reached by it; false when every place is taken by the tree.
  private mutating func enter(_ node: Int, at neighbor: Int) -> Bool {
    guard replaceLoose(at: neighbor, by: node) else { return false }
    if !isReached(node) { parents[node] = UInt32(neighbor) }
    return true
  }

  private mutating func replaceLoose(at node: Int, by neighbor: Int) -> Bool {
    if node == neighbor || lists.contains(UInt32(neighbor), at: node) { return true }
    if lists.append(UInt32(neighbor), to: node) { return true }
    for place in stride(from: lists.degree(node) - 1, through: 0, by: -1) {
      let old = Int(lists[node, place])
      if parents[old] != UInt32(node) || old == node {
        lists[node, place] = UInt32(neighbor)
        return true
      }
    }
    return false
  }
}

extension WorkArray<UInt32> {
  /// The first place that does not hold the largest number; 0 when there is none.
  fileprivate var firstReached: Int {
    for index in 0..<count where self[index] != .max { return index }
    return 0
  }
}
