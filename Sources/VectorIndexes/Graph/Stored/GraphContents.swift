package import Quantization
internal import VectorMath

/// Everything of a graph index in memory, before it is written; a search can run over it.
@safe
package final class GraphContents: Sendable {
  /// Where the codes live.
  package let frame: VectorFrame
  /// The joined nodes.
  package let graph: Graph
  /// How codes are written.
  package let codec: GraphCodec
  /// A record for each node.
  let records: WorkArray<UInt8>
  /// What 8-bit codes lose of 99 of a hundred rows.
  let residual: Float
  /// Rows, node after node.
  let rows: WorkArray<UInt32>
  /// Where the rows of each node begin.
  let starts: WorkArray<UInt32>
  /// Rows in no node.
  let loose: [UInt32]
  /// The bytes of the router's section, aligned; empty without nodes.
  let router: WorkArray<UInt8>

  init(
    frame: VectorFrame, graph: Graph, codec: GraphCodec, records: WorkArray<UInt8>, residual: Float,
    rows: WorkArray<UInt32>, starts: WorkArray<UInt32>, loose: [UInt32], router: WorkArray<UInt8>
  ) {
    self.frame = frame
    self.graph = graph
    self.codec = codec
    self.records = records
    self.residual = residual
    self.rows = rows
    self.starts = starts
    self.loose = loose
    self.router = router
  }

  /// The graph for searching; nil without nodes.
  package var view: GraphView? {
    guard graph.count > 0 else { return nil }
    return unsafe GraphView(
      count: graph.count, maximumNeighbors: graph.maximumNeighbors, codec: codec,
      paddedDimension: frame.paddedDimension, scale: frame.scale, residual: residual,
      neighbors: UnsafePointer(graph.neighbors.base), records: UnsafeRawPointer(records.base), checks: nil,
      owner: self)
  }

  /// Where searches begin; nil without nodes.
  package var searchRouter: GraphRouter? {
    guard graph.count > 0 else { return nil }
    return unsafe GraphRouter(
      UnsafeRawBufferPointer(start: router.base, count: router.count), nodeCount: graph.count,
      dimension: frame.paddedDimension, owner: self)
  }

  /// The rows of each node.
  package var nodeRows: NodeRows {
    unsafe NodeRows(
      nodeCount: graph.count, rowCount: rows.count + loose.count, rows: UnsafePointer(rows.base),
      placeCount: rows.count, starts: UnsafePointer(starts.base))
  }

  /// Rows in no node, ascending.
  package var looseRows: [UInt32] { loose }

  /// Whether every node has one row.
  var isSimple: Bool { rows.count == graph.count }

  /// Whether node *n* is row *n*.
  var isIdentical: Bool {
    guard isSimple, loose.isEmpty else { return false }
    for node in 0..<graph.count where rows[node] != UInt32(node) { return false }
    return true
  }
}
