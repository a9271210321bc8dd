internal import VectorMath

/// A finished graph in memory, its nodes numbered so that neighbours lie near each other.
@safe
package struct Graph: Sendable {
  /// How many nodes there are.
  package let count: Int
  /// Neighbours of each node (R).
  package let maximumNeighbors: Int
  /// The point that each node stands for: a permutation.
  let order: WorkArray<UInt32>
  /// `count × maximumNeighbors` nodes; behind the last neighbour stands the node itself.
  let neighbors: WorkArray<UInt32>
  /// Nodes at which searches begin; all nodes can be reached from the first.
  package let leaders: [UInt32]

  /// A graph without nodes.
  init(count: Int, maximumNeighbors: Int) {
    self.count = count
    self.maximumNeighbors = maximumNeighbors
    order = WorkArray(count: 0, repeating: 0)
    neighbors = WorkArray(count: 0, repeating: 0)
    leaders = []
  }

  /// Renumbers finished lists: by cell, then by leaf, then by point.
  init(_ lists: NeighborLists, homes: WorkArray<UInt64>, leaders: [UInt32], threads: Int) {
    let count = lists.count
    let capacity = lists.capacity
    self.count = count
    maximumNeighbors = capacity
    var keys = (0..<count).map { homes[$0] }
    keys.sort()
    let order = WorkArray<UInt32>(count: count, repeating: 0)
    let places = WorkArray<UInt32>(count: count, repeating: 0)
    for (place, key) in keys.enumerated() {
      let point = UInt32(key & 0x7FFF_FFFF)
      order[place] = point
      places[Int(point)] = UInt32(place)
    }
    let neighbors = WorkArray<UInt32>(count: count * capacity, repeating: 0)
    ParallelLoop.run(blocks: (count + 4095) / 4096, threads: threads) { block in
      for node in block * 4096..<min((block + 1) * 4096, count) {
        let point = Int(order[node])
        let degree = lists.degree(point)
        for place in 0..<capacity {
          neighbors[node * capacity + place] =
            place < degree ? places[Int(lists[point, place])] : UInt32(node)
        }
      }
    }
    self.order = order
    self.neighbors = neighbors
    self.leaders = leaders.map { places[Int($0)] }
  }

  /// The point that a node stands for.
  package func point(_ node: Int) -> UInt32 { order[node] }

  /// One place of a node's list.
  package func neighbor(_ node: Int, _ place: Int) -> UInt32 { neighbors[node * maximumNeighbors + place] }
}
