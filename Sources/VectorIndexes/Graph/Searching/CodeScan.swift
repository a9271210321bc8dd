internal import CVectorKernels
package import FileStorage

/// Estimates the distances of given nodes of a graph by their codes, one after the other, and keeps the nearest.
///
/// Holds its memory for the next search. Not safe to share between threads.
@safe
package final class CodeScan {
  /// Nodes whose records are asked for while those before them are compared.
  private static let nodesAtOnce = 64

  private let view: GraphView
  private let query: GraphQuery
  private let found = BoundedCandidates()
  private let values: UnsafeMutablePointer<Float>

  /// A scan of a graph's nodes; `query` is where the scan's own queries are set.
  package init(_ view: GraphView, _ query: GraphQuery) {
    self.view = view
    self.query = query
    unsafe values = .allocate(capacity: Self.nodesAtOnce)
  }

  deinit { unsafe values.deallocate() }

  /// The query that the next scan looks for.
  package var target: GraphQuery { query }

  /// Forgets what was found; from now on what may be among the nearest `wanted` nodes is kept.
  package func begin(wanted: Int) { found.reset(wanted: min(wanted, view.count)) }

  /// Compares some nodes, each below the graph's count.
  ///
  /// - Throws: `.corruption` when a block of the file fails its checksum.
  package func add(_ nodes: UnsafeBufferPointer<UInt32>) throws(StorageError) {
    let lines = (view.recordBytes + 63) / 64
    guard let base = nodes.baseAddress else { return }
    var first = 0
    while first < nodes.count {
      let end = min(nodes.count, first + Self.nodesAtOnce)
      for place in end..<min(nodes.count, end + Self.nodesAtOnce) {
        let record = unsafe view.record(Int(base[place]))
        for line in 0..<lines { unsafe vk_prefetch(record + 64 * line) }
      }
      if let checks = view.checks {
        for place in first..<end { try unsafe checks.record(Int(base[place]), view.recordBytes) }
      }
      unsafe query.estimate(view, base + first, count: end - first, into: values)
      for place in 0..<end - first {
        let node = unsafe base[first + place]
        let (lower, upper) = unsafe view.bounds(Int(node), values[place], query)
        if lower <= found.limit {
          found.insert(node, unsafe NearestKeys.key(values[place], node), lower: lower, upper: upper)
        }
      }
      first = end
    }
  }

  /// The nodes that may be among the nearest.
  package var candidates: NodeCandidates { NodeCandidates(found) }
}

/// What a search has found, until its next one begins.
package struct NodeCandidates {
  private let found: BoundedCandidates

  init(_ found: BoundedCandidates) {
    self.found = found
    found.prune()
  }

  /// Nodes that may be among the nearest.
  package var count: Int { found.count }

  /// One of them: the node, and what its squared distance in the frame is hardly ever below; in no order.
  package subscript(place: Int) -> (node: Int, lower: Float) { found.candidate(place) }

  /// What the squared distance of as many nodes as are wanted is hardly ever above; infinite when there are fewer.
  package var limit: Float { found.limit }
}
