package import Quantization
package import VectorMath

/// Makes a graph index of stored vectors, in memory.
package struct GraphAssembly<Failure: Error>: Sendable {
  let source: RowSource<Failure>
  private let metric: Metric
  let parameters: GraphParameters
  let threads: Int
  private let memoryLimit: Int?
  let progress: GraphProgress

  /// Prepares to make one.
  ///
  /// - Parameters:
  ///   - source: The vectors.
  ///   - metric: What distances mean.
  ///   - parameters: How the graph is built.
  ///   - threads: Threads used; the result does not depend on it.
  ///   - memoryLimit: As for `GraphBuilder`.
  ///   - progress: Who hears of it.
  package init(
    source: RowSource<Failure>, metric: Metric, parameters: GraphParameters, threads: Int,
    memoryLimit: Int? = nil, progress: GraphProgress = GraphProgress()
  ) {
    self.source = source
    self.metric = metric
    self.parameters = parameters
    self.threads = threads
    self.memoryLimit = memoryLimit
    self.progress = progress
  }

  /// What is known of the rows before they are joined.
  package struct Rows: Sendable {
    /// Where the codes live.
    package let frame: VectorFrame
    let codes: WorkArray<Int8>
    let squares: WorkArray<Int32>
    let residuals: WorkArray<Float>
  }

  /// Brings the rows into a frame.
  package func encode() throws(Failure) -> Rows {
    let frame = try VectorFrame.fit(
      source, metric: metric, isAugmented: true, seed: parameters.seed, threads: threads)
    return try Self.encode(source, in: frame, threads: threads)
  }

  /// Codes the rows of a source in a frame that is there already.
  package static func encode(
    _ source: RowSource<Failure>, in frame: VectorFrame, threads: Int
  ) throws(Failure) -> Rows {
    let codes = WorkArray<Int8>(count: source.count * frame.paddedDimension, repeating: 0)
    let squares = WorkArray<Int32>(count: source.count, repeating: 0)
    let residuals = WorkArray<Float>(count: source.count, repeating: 0)
    try unsafe frame.encode(
      source, 0..<source.count, threads: threads, codes: codes.base, squares: squares.base,
      residuals: residuals.base)
    return Rows(frame: frame, codes: codes, squares: squares, residuals: residuals)
  }

  /// Joins encoded rows; nil when the build was cancelled.
  package func join(_ rows: Rows) throws(Failure) -> GraphContents? {
    let dimension = rows.frame.paddedDimension
    let groups = CodeGroups(
      codes: rows.codes, residuals: rows.residuals, dimension: dimension, threads: threads)
    let points = gather(rows, groups)
    let graph: Graph
    do throws(GraphBuildCancelled) {
      graph = try GraphBuilder(
        points, parameters, threads: threads, memoryLimit: memoryLimit, silent: queries(groups),
        progress: progress
      ).build()
    } catch {
      return nil
    }
    return try finish(rows, groups, points, graph)
  }

  /// Everything beside the lists of a graph that joins groups of rows.
  func finish(
    _ rows: Rows, _ groups: CodeGroups, _ points: GraphPoints, _ graph: Graph
  ) throws(Failure) -> GraphContents {
    let dimension = rows.frame.paddedDimension
    let (nodeRows, starts) = arrange(groups, graph)
    let codec = GraphCodec(paddedDimension: dimension)
    let records = try makeRecords(rows, codec, graph, points, nodeRows, starts)
    var router = WorkArray<UInt8>(count: 0, repeating: 0)
    if graph.count > 0 {
      let bytes = unsafe GraphRouter.bytes(leaders: graph.leaders, dimension: dimension) { node in
        let point = Int(graph.point(Int(node)))
        return unsafe (points.code(point), points.square(point))
      }
      router = WorkArray(bytes)
    }
    return GraphContents(
      frame: rows.frame, graph: graph, codec: codec, records: records,
      residual: usualResidual(rows.residuals), rows: nodeRows, starts: starts, loose: groups.loose,
      router: router)
  }

  /// The groups that hold a row which will be a query when the graph is measured, or proved.
  private func queries(_ groups: CodeGroups) -> [Bool] {
    var queries = [Bool](repeating: false, count: groups.count)
    for group in 0..<groups.count {
      for place in Int(groups.starts[group])..<Int(groups.starts[group + 1]) {
        let row = Int(groups.rows[place])
        if GraphCalibration.isQuery(row: row, of: source.count)
          || GraphCalibration.isProof(row: row, of: source.count)
        {
          queries[group] = true
        }
      }
    }
    return queries
  }

  /// One point for each group of rows: the rows' own codes when each row is a group.
  func gather(_ rows: Rows, _ groups: CodeGroups) -> GraphPoints {
    let dimension = rows.frame.paddedDimension
    if groups.count == source.count {
      return unsafe GraphPoints(
        count: groups.count, dimension: dimension, codes: UnsafePointer(rows.codes.base),
        squares: UnsafePointer(rows.squares.base), owner: PointMemory(rows.codes, rows.squares))
    }
    let codes = WorkArray<Int8>(count: groups.count * dimension, repeating: 0)
    let squares = WorkArray<Int32>(count: groups.count, repeating: 0)
    for group in 0..<groups.count {
      let row = groups.first(group)
      squares[group] = rows.squares[row]
      unsafe codes.pointer(group * dimension, dimension).update(
        from: rows.codes.pointer(row * dimension, dimension), count: dimension)
    }
    return unsafe GraphPoints(
      count: groups.count, dimension: dimension, codes: UnsafePointer(codes.base),
      squares: UnsafePointer(squares.base), owner: PointMemory(codes, squares))
  }

  /// The rows of each node, in the order of nodes.
  private func arrange(_ groups: CodeGroups, _ graph: Graph) -> (
    rows: WorkArray<UInt32>, starts: WorkArray<UInt32>
  ) {
    let rows = WorkArray<UInt32>(count: groups.rows.count, repeating: 0)
    let starts = WorkArray<UInt32>(count: graph.count + 1, repeating: 0)
    var place = 0
    for node in 0..<graph.count {
      starts[node] = UInt32(place)
      let group = Int(graph.point(node))
      for index in Int(groups.starts[group])..<Int(groups.starts[group + 1]) {
        rows[place] = groups.rows[index]
        place += 1
      }
    }
    starts[graph.count] = UInt32(place)
    return (rows, starts)
  }

  /// The record of each node.
  private func makeRecords(
    _ rows: Rows, _ codec: GraphCodec, _ graph: Graph, _ points: GraphPoints, _ nodeRows: WorkArray<UInt32>,
    _ starts: WorkArray<UInt32>
  ) throws(Failure) -> WorkArray<UInt8> {
    let frame = rows.frame
    let dimension = frame.paddedDimension
    let size = codec.recordBytes(dimension)
    let records = WorkArray<UInt8>(count: graph.count * size, repeating: 0)
    let blocks = (graph.count + 255) / 256
    try ParallelLoop.run(blocks: blocks, threads: threads) { (block) throws(Failure) in
      let coordinates = WorkArray<Float>(count: codec == .nibbles ? dimension : 0, repeating: 0)
      for node in block * 256..<min((block + 1) * 256, graph.count) {
        let record = unsafe records.pointer(node * size, size)
        switch codec {
        case .bytes:
          let point = Int(graph.point(node))
          unsafe UnsafeMutableRawPointer(record).copyMemory(from: points.code(point), byteCount: dimension)
          unsafe UnsafeMutableRawPointer(record).storeBytes(
            of: points.square(point).littleEndian, toByteOffset: dimension, as: Int32.self)
        case .nibbles:
          let row = Int(nodeRows[Int(starts[node])])
          try unsafe frame.transform(source, row..<row + 1, threads: 1, into: coordinates.base)
          unsafe RaBitQuantizer.encode(
            coordinates: coordinates.base, paddedDimension: dimension, codes: record,
            factors: UnsafeMutableRawPointer(record) + dimension / 2)
        }
      }
    }
    return records
  }

  /// The residual that 99 of a hundred rows do not exceed, of those of which anything is known.
  ///
  /// For products the greatest of all: the longest rows lose most, and they are what is found.
  private func usualResidual(_ residuals: WorkArray<Float>) -> Float {
    var known: [Float] = []
    known.reserveCapacity(residuals.count)
    for row in 0..<residuals.count where residuals[row].isFinite { known.append(residuals[row]) }
    guard !known.isEmpty else { return 0 }
    known.sort()
    return known[metric == .dot ? known.count - 1 : known.count * 99 / 100]
  }
}

/// Keeps the memory of points alive.
private final class PointMemory: Sendable {
  private let codes: WorkArray<Int8>
  private let squares: WorkArray<Int32>

  init(_ codes: WorkArray<Int8>, _ squares: WorkArray<Int32>) {
    self.codes = codes
    self.squares = squares
  }
}
