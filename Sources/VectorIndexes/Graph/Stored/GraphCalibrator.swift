internal import CVectorKernels
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
  private let nodeRows: NodeRows
  private let rows: GraphAssembly<Failure>.Rows
  let source: RowSource<Failure>
  private let metric: Metric
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

  /// Queries of its own that a calibration measures at most.
  static var queryCount: Int { 2000 }

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
      let wanted = min(Self.queryCount, max(1, source.count / 20))
      for index in 0..<wanted {
        let row = (2 * index + 1) * source.count / (2 * wanted)
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

  // MARK: Truth

  /// The nearest rows of each query: of those nearest by 8-bit codes, many more than are wanted, the exact distances decide.
  private func findTruths(
    _ vectors: [Float], _ hidden: [Int], _ nodeOfRow: WorkArray<UInt32>
  ) throws(Failure) -> [Truth] {
    let count = hidden.count
    let atOnce = 32
    let results = ResultSlots<Truth>(count: count, initial: Truth())
    let blocks = (count + atOnce - 1) / atOnce
    try ParallelLoop.run(blocks: blocks, threads: threads) { (block) throws(Failure) in
      if isCancelled() { return }
      let range = block * atOnce..<min(count, (block + 1) * atOnce)
      let near = nearestByCodes(vectors, range)
      for (index, candidates) in zip(range, near) {
        results.set(index, try decide(candidates, vectors, index, hidden[index], nodeOfRow))
      }
    }
    return results.all
  }

  /// For each query of a range the rows with the least code distances, in no order.
  private func nearestByCodes(_ vectors: [Float], _ range: Range<Int>) -> [[UInt64]] {
    let dimension = frame.paddedDimension
    let kept = 4 * 100 + 64
    let queries = WorkArray<Int8>(count: range.count * dimension, repeating: 0)
    let query = GraphQuery(frame)
    for (place, index) in range.enumerated() {
      unsafe vectors.withUnsafeBufferPointer { all in
        guard let first = all.baseAddress,
          unsafe query.set(first + index * source.dimension)
        else { return }
        _ = unsafe frame.encode(
          coordinates: query.coordinates, codes: queries.pointer(place * dimension, dimension))
      }
    }
    let blockRows = 1024
    let panels = WorkArray<UInt8>(
      count: CodeKernels.panelBytes(count: blockRows, dimension: dimension), repeating: 0)
    let products = WorkArray<Int32>(count: range.count * blockRows, repeating: 0)
    let places = WorkArray<UInt32>(count: blockRows + 16, repeating: 0)
    var best: [[UInt64]] = Array(repeating: [], count: range.count)
    var limits = [Int32](repeating: .max, count: range.count)
    var first = 0
    while first < source.count {
      let size = min(blockRows, source.count - first)
      unsafe CodeKernels.pack(
        rows.codes.pointer(first * dimension, size * dimension), dimension: dimension, count: size,
        into: panels.base)
      unsafe CodeKernels.tile(
        queries: queries.base, queryCount: range.count, panels: panels.base, rowCount: size,
        dimension: dimension, into: products.base, resultStride: blockRows)
      for place in 0..<range.count {
        let found = unsafe vk_places_below(
          products.pointer(place * blockRows, size), rows.squares.pointer(first, size), size, limits[place],
          places.base)
        for index in 0..<found {
          let row = Int(places[index])
          // Ascending as unsigned numbers, since the sign bit is turned.
          let value = rows.squares[first + row] &- 2 &* products[place * blockRows + row]
          best[place].append(UInt64(UInt32(bitPattern: value) ^ 1 << 31) << 32 | UInt64(first + row))
        }
        if best[place].count > 4 * kept {
          best[place].sort()
          best[place].removeSubrange(kept...)
          limits[place] = Int32(
            bitPattern: UInt32(truncatingIfNeeded: best[place][kept - 1] >> 32) ^ 1 << 31)
        }
      }
      first += size
    }
    for place in best.indices {
      best[place].sort()
      if best[place].count > kept { best[place].removeSubrange(kept...) }
    }
    return best
  }

  private func decide(
    _ candidates: [UInt64], _ vectors: [Float], _ index: Int, _ hidden: Int, _ nodeOfRow: WorkArray<UInt32>
  ) throws(Failure) -> Truth {
    var nearest: [(distance: Float, node: UInt32)] = []
    for candidate in candidates {
      let row = Int(candidate & 0xFFFF_FFFF)
      let node = nodeOfRow[row]
      guard node != .max, Int(node) != hidden else { continue }
      let bytes = unsafe try source.read(row..<row + 1)
      let distance = unsafe vectors.withUnsafeBufferPointer { all -> Float in
        guard let first = all.baseAddress else { return .infinity }
        let query = unsafe first + index * source.dimension
        return unsafe ExactDistance.distance(
          metric: metric, query: query,
          querySquares: vectorSquares(query, elementType: .f32, dimension: source.dimension), row: bytes,
          elementType: source.elementType, dimension: source.dimension)
      }
      nearest.append((distance, node))
    }
    nearest.sort { ($0.distance, $0.node) < ($1.distance, $1.node) }
    var truth = Truth()
    var seen: Set<UInt32> = []
    let squares = unsafe vectors.withUnsafeBufferPointer { all -> Double in
      guard let first = all.baseAddress else { return 0 }
      return unsafe vectorSquares(
        first + index * source.dimension, elementType: .f32, dimension: source.dimension)
    }
    for (distance, node) in nearest where seen.insert(node).inserted {
      truth.nodes.append(node)
      truth.squared.append(frame.squaredDistance(of: distance, querySquares: squares))
      if truth.nodes.count == 100 { break }
    }
    return truth
  }
}

/// One result for each piece of a parallel loop, each set by one thread.
@safe
final class ResultSlots<Result>: @unchecked Sendable {
  private let slots: UnsafeMutableBufferPointer<Result>

  init(count: Int, initial: Result) {
    unsafe slots = .allocate(capacity: count)
    unsafe slots.initialize(repeating: initial)
  }

  deinit {
    unsafe slots.deinitialize()
    unsafe slots.deallocate()
  }

  /// Sets a result; only one thread may do so for one place.
  func set(_ place: Int, _ result: Result) { unsafe slots[place] = result }

  /// The results, when the loop has ended.
  var all: [Result] { unsafe Array(slots) }
}
