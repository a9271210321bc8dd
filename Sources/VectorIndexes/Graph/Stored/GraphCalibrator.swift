package import Quantization
package import VectorMath

/// Measures what searches of a graph find.
///
/// Queries are the user's, or rows of the segment at even distances: such a row is hidden from its own search, so that its list,
/// which names its nearest, does not give them away.
package struct GraphCalibrator<Failure: Error>: Sendable {
  let frame: VectorFrame
  private let view: GraphView?
  private let router: GraphRouter?
  let nodeRows: NodeRows
  let rows: GraphAssembly<Failure>.Rows
  let source: RowSource<Failure>
  let metric: Metric
  let threads: Int
  let isCancelled: @Sendable () -> Bool

  /// Prepares to measure a graph over the rows that it was made of.
  package init(
    contents: GraphContents, rows: GraphAssembly<Failure>.Rows, source: RowSource<Failure>, metric: Metric,
    threads: Int, isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    self.init(
      frame: contents.frame, view: contents.view, router: contents.searchRouter, nodeRows: contents.nodeRows,
      rows: rows, source: source, metric: metric, threads: threads, isCancelled: isCancelled)
  }

  /// Prepares to measure a graph; `rows` are the source's in the graph's frame.
  init(
    frame: VectorFrame, view: GraphView?, router: GraphRouter?, nodeRows: NodeRows,
    rows: GraphAssembly<Failure>.Rows, source: RowSource<Failure>, metric: Metric, threads: Int,
    isCancelled: @escaping @Sendable () -> Bool
  ) {
    self.frame = frame
    self.view = view
    self.router = router
    self.nodeRows = nodeRows
    self.rows = rows
    self.source = source
    self.metric = metric
    self.threads = threads
    self.isCancelled = isCancelled
  }

  /// One query's truth: the nodes of its nearest rows, nearest first, and their squared distances in the frame.
  struct Truth: Sendable {
    var nodes: [UInt32] = []
    var squared: [Float] = []
  }

  /// Measures, with the user's queries or with rows.
  ///
  /// `queries`: Row-major floats of the source's dimension, finite; nil for rows.
  package func measure(_ queries: [Float]?) throws(Failure) -> GraphCalibration {
    let dimension = source.dimension
    let given = queries.map { $0.count / max(1, dimension) } ?? 0
    guard let view, let router, view.count > 1 else {
      return GraphCalibration([], queryCount: 0, source: queries == nil ? .rows : .queries)
    }
    let nodeOfRow = nodesOfRows()
    var hidden: [Int] = []
    var vectors: [Float] = []
    if let queries, given > 0 {
      vectors = Array(queries.prefix(min(given, 2000) * dimension))
      hidden = [Int](repeating: -1, count: vectors.count / dimension)
    } else {
      for index in 0..<GraphCalibration.queryCount(rows: source.count) {
        let row = GraphCalibration.queryRow(index, of: source.count)
        guard nodeOfRow[row] != .max else { continue }
        vectors += try vector(row)
        hidden.append(Int(nodeOfRow[row]))
      }
    }
    let truths = try findTruths(vectors, hidden, nodeOfRow)
    let entries = sweep(vectors, hidden, truths, view, router)
    return GraphCalibration(
      entries, queryCount: hidden.count, source: given > 0 ? .queries : .rows)
  }

  private func nodesOfRows() -> WorkArray<UInt32> {
    let nodes = WorkArray<UInt32>(count: source.count, repeating: .max)
    for node in 0..<nodeRows.nodeCount {
      for place in nodeRows.places(of: node) { nodes[Int(nodeRows.row(at: place))] = UInt32(node) }
    }
    return nodes
  }

  private func vector(_ row: Int) throws(Failure) -> [Float] {
    let bytes = unsafe try source.read(row..<row + 1)
    var floats = [Float](repeating: 0, count: source.dimension)
    unsafe source.elementType.load(bytes, count: floats.count, to: &floats)
    return floats
  }
}
