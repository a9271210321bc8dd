internal import CVectorKernels

/// Which nodes of a graph may be found: those with a row that is wanted and not dead.
///
/// A view of words that the caller keeps alive and unchanged during the search.
@safe
package struct NodeFilter: @unchecked Sendable {
  private let rows: NodeRows
  private let wanted: UnsafePointer<UInt64>?
  private let dead: UnsafePointer<UInt64>?

  /// - Parameters:
  ///   - rows: The rows of each node.
  ///   - wanted: A bit for each row; nil for all rows.
  ///   - dead: A bit for each row; nil for none.
  package init(_ rows: NodeRows, wanted: UnsafePointer<UInt64>?, dead: UnsafePointer<UInt64>?) {
    self.rows = rows
    unsafe self.wanted = unsafe wanted
    unsafe self.dead = unsafe dead
  }

  /// Whether a node has a row that may be found.
  @inline(__always)
  package func contains(_ node: Int) -> Bool {
    for place in rows.places(of: node) where mayFind(rows.row(at: place)) { return true }
    return false
  }

  /// The nodes that have a row that may be found, ascending.
  ///
  /// Blocks of the file that say which rows a node stands for must have been checked.
  /// `estimated`: About how many there are.
  package func nodes(estimated count: Int) -> [UInt32] {
    var nodes: [UInt32] = []
    nodes.reserveCapacity(max(0, min(rows.nodeCount, count)))
    guard rows.isSimple else {
      for node in 0..<rows.nodeCount where contains(node) { nodes.append(UInt32(truncatingIfNeeded: node)) }
      return nodes
    }
    for node in 0..<rows.nodeCount where mayFind(rows.row(at: node)) {
      nodes.append(UInt32(truncatingIfNeeded: node))
    }
    return nodes
  }

  /// Whether a row may be found.
  @inline(__always)
  package func mayFind(_ row: UInt32) -> Bool {
    let word = Int(row >> 6)
    let bit = 1 << UInt64(row & 63) as UInt64
    // Safe: rows are below the segment's count, for each of which there is a bit.
    if let wanted = unsafe wanted, unsafe wanted[word] & bit == 0 { return false }
    if let dead = unsafe dead, unsafe dead[word] & bit != 0 { return false }
    return true
  }
}

/// The rows of a segment that each node of its graph stands for: one, or several with the same code.
@safe
package struct NodeRows: @unchecked Sendable {
  /// Nodes.
  package let nodeCount: Int
  /// Rows of the segment.
  package let rowCount: Int
  /// Rows in the order of nodes; nil when node *n* is row *n*.
  private let rows: UnsafePointer<UInt32>?
  private let placeCount: Int
  /// Where the rows of each node begin, one more at the end; nil when each node has one.
  private let starts: UnsafePointer<UInt32>?

  init(
    nodeCount: Int, rowCount: Int, rows: UnsafePointer<UInt32>?, placeCount: Int,
    starts: UnsafePointer<UInt32>?
  ) {
    self.nodeCount = nodeCount
    self.rowCount = rowCount
    unsafe self.rows = unsafe rows
    self.placeCount = placeCount
    unsafe self.starts = unsafe starts
  }

  /// Whether each node has one row, at the node's own place.
  @inline(__always)
  var isSimple: Bool { unsafe starts == nil && placeCount >= nodeCount }

  /// Places of a node's rows; the node must exist.
  @inline(__always)
  package func places(of node: Int) -> Range<Int> {
    guard let starts = unsafe starts else { return node..<node + 1 }
    // What the file says is held within bounds.
    let first = unsafe min(Int(starts[node]), placeCount)
    return unsafe first..<max(first, min(Int(starts[node + 1]), placeCount))
  }

  /// Asks for the memory that says which row stands at a place, which may be any.
  @inline(__always)
  package func prefetchRow(at place: Int) {
    if let rows = unsafe rows, place >= 0, place < placeCount { unsafe vk_prefetch(rows + place) }
  }

  /// The row at a place; always below `rowCount`.
  @inline(__always)
  package func row(at place: Int) -> UInt32 {
    guard let rows = unsafe rows else { return UInt32(truncatingIfNeeded: place) }
    return unsafe min(rows[place], UInt32(truncatingIfNeeded: rowCount &- 1))
  }
}
