internal import CVectorKernels

/// The neighbours of every node, nearest first where pruning left them; free places at the end.
@safe
final class NeighborLists: Sendable {
  /// How many nodes there are.
  let count: Int
  /// Neighbours of each at most.
  let capacity: Int
  /// `count × capacity` nodes.
  let nodes: WorkArray<UInt32>
  /// How many neighbours each node has.
  let degrees: WorkArray<UInt8>

  /// Nodes without neighbours.
  init(count: Int, capacity: Int) {
    precondition(capacity > 0 && capacity <= 128 && capacity % 8 == 0)
    self.count = count
    self.capacity = capacity
    nodes = WorkArray(count: count * capacity, repeating: 0)
    degrees = WorkArray(count: count, repeating: 0)
  }

  /// Number of neighbours of a node.
  @inline(__always)
  func degree(_ node: Int) -> Int { Int(degrees[node]) }

  /// One neighbour; `place` below the degree.
  @inline(__always)
  subscript(node: Int, place: Int) -> UInt32 {
    get { nodes[node * capacity + place] }
    set { nodes[node * capacity + place] = newValue }
  }

  /// Adds a neighbour; false when there is no free place.
  @discardableResult
  func append(_ neighbor: UInt32, to node: Int) -> Bool {
    let degree = degree(node)
    guard degree < capacity else { return false }
    self[node, degree] = neighbor
    degrees[node] = UInt8(degree + 1)
    return true
  }

  /// Whether `neighbor` is among the neighbours of `node`.
  func contains(_ neighbor: UInt32, at node: Int) -> Bool {
    // Safe: every node has `capacity` places, a multiple of 8.
    unsafe vk_holds(nodes.pointer(node * capacity, capacity), degree(node), neighbor) != 0
  }
}
