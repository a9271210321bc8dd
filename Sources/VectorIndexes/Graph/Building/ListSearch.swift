/// Best-first search over neighbour lists in memory, by integer distances: for building and for tests.
///
/// Not safe to share between threads.
@safe
final class ListSearch {
  private let points: GraphPoints
  private let lists: NeighborLists
  private let breadth: Int
  private var pool: [(key: UInt64, isExpanded: Bool)] = []
  private var visited: Set<Int> = []

  /// Keeps `breadth` candidates.
  init(_ points: GraphPoints, _ lists: NeighborLists, breadth: Int) {
    self.points = points
    self.lists = lists
    self.breadth = breadth
  }

  /// Nodes near `node`, nearest first, without itself; begins at the nearest of `seeds`.
  func nearest(to node: Int, from seeds: [UInt32], seedCount: Int) -> [Int] {
    pool.removeAll(keepingCapacity: true)
    visited.removeAll(keepingCapacity: true)
    visited.insert(node)
    var begin = seeds.map { key(node, Int($0)) }
    begin.sort()
    for key in begin.prefix(seedCount) {
      if visited.insert(Int(key & 0xFFFF_FFFF)).inserted { offer(key) }
    }
    while let place = pool.firstIndex(where: { !$0.isExpanded }) {
      pool[place].isExpanded = true
      let next = Int(pool[place].key & 0xFFFF_FFFF)
      for rank in 0..<lists.degree(next) {
        let neighbor = Int(lists[next, rank])
        if visited.insert(neighbor).inserted { offer(key(node, neighbor)) }
      }
    }
    return pool.map { Int($0.key & 0xFFFF_FFFF) }
  }

  private func key(_ node: Int, _ other: Int) -> UInt64 {
    UInt64(UInt32(truncatingIfNeeded: points.squaredDistance(node, other))) << 32 | UInt64(other)
  }

  private func offer(_ key: UInt64) {
    if pool.count == breadth {
      guard let last = pool.last, key < last.key else { return }
      pool.removeLast()
    }
    var place = pool.count
    while place > 0, pool[place - 1].key > key { place -= 1 }
    pool.insert((key, false), at: place)
  }
}
