package import FileStorage
internal import Quantization
internal import VectorMath

extension GraphIndex {
  /// The share of nodes of whose rows none is alive, from 0 to 1; nothing of the graph itself is read.
  ///
  /// - Throws: `.corruption` when a block that says which rows a node stands for fails its checksum.
  package func deadShare(isDead: (_ row: Int) -> Bool) throws(StorageError) -> Double {
    guard nodes > 0 else { return 0 }
    try checkNodeRows()
    var dead = 0
    for node in 0..<nodes {
      var isAlive = false
      for place in nodeRows.places(of: node) where !isDead(Int(nodeRows.row(at: place))) {
        isAlive = true
        break
      }
      if !isAlive { dead += 1 }
    }
    return Double(dead) / Double(nodes)
  }

  /// How the graph was built.
  package var parameters: GraphParameters {
    var parameters = GraphParameters()
    parameters.maximumNeighbors = maximumNeighbors
    parameters.quality = quality
    parameters.seed = IndexHeader(file.headerFields)?.seed ?? frame.seed
    return parameters
  }
}

extension GraphIndexBuilder {
  /// Writes the graph of a segment that holds some of the rows of another, made from the other's graph.
  ///
  /// Codes stay what they were, as the frame is kept. Where the longest vectors died under the inner product it fits the others worse
  /// than a new one would: up to 0.04 of the recall for the same effort, in tests.
  ///
  /// Queries, threads, memory limit, progress and cancellation are those of `options`; the graph's own
  /// parameters are those of the old one. The same rows and graph give the same bytes for every number of threads and on every
  /// processor. Nothing is left behind when it fails.
  ///
  /// `old`: The graph of the other segment; all its blocks must have been checked. `oldRows`: For each row of the segment the row of
  /// the other that it was, each below `old.rows` and at most once.
  /// - Throws: `.cancelled`; `.memory`; `.storage` for a failed write or a damaged row.
  package static func heal(
    _ old: GraphIndex, oldRows: [UInt32], _ vectors: StoredVectors, of segment: SegmentEntry,
    _ identity: CollectionIdentity, on fileSystem: any FileSystem, temporaryName: String,
    _ options: IndexBuildOptions
  ) throws(IndexBuildError) -> FinishedFile {
    precondition(oldRows.count == vectors.rows && oldRows.allSatisfy { $0 < old.rows })
    let parameters = old.parameters
    let needed = leastMemory(vectors, parameters) + 8 * UInt64(old.nodes)
    guard needed <= UInt64(max(0, options.memoryLimit)) else {
      throw .memory(needed: needed, limit: UInt64(max(0, options.memoryLimit)))
    }
    let scale = ProgressScale(options)
    let progress = GraphProgress(
      report: { phase, done, total in scale.report(phase, done, total) }, isCancelled: options.isCancelled)
    let assembly = GraphAssembly(
      source: vectors.source, metric: vectors.metric, parameters: parameters, threads: options.threads,
      progress: progress)
    scale.begin(.encode)
    let rows = try lifted { () throws(StorageError) in
      try GraphAssembly.encode(vectors.source, in: old.frame, threads: options.threads)
    }
    if options.isCancelled() { throw .cancelled }
    let healed = try lifted { () throws(StorageError) in
      try assembly.heal(rows, old.view(isChecked: true), old.nodeRows, oldRows)
    }
    guard let contents = healed else { throw .cancelled }
    return try finish(
      contents, rows, parameters, vectors, of: segment, identity, on: fileSystem, temporaryName, options,
      scale, healed: old.calibration)
  }
}

extension GraphAssembly {
  /// Joins encoded rows by a graph that held them among others; nil when that was cancelled.
  ///
  /// `rows`: In the frame of the old graph. `old`: The old graph, every block of it checked; nil when it has no nodes. `nodeRows`:
  /// The rows of its nodes. `oldRows`: For each row the one that it was among those.
  ///
  /// Throws what the source throws for a damaged row.
  package func heal(
    _ rows: Rows, _ old: GraphView?, _ nodeRows: NodeRows, _ oldRows: [UInt32]
  ) throws(Failure) -> GraphContents? {
    let groups = CodeGroups(
      codes: rows.codes, residuals: rows.residuals, dimension: rows.frame.paddedDimension, threads: threads)
    let points = gather(rows, groups)
    guard let old else { return try join(rows) }
    // A row has the code that it had, so the rows of an old node that are left are one group.
    let homes = WorkArray<UInt32>(count: nodeRows.rowCount, repeating: .max)
    for node in 0..<old.count {
      for place in nodeRows.places(of: node) { homes[Int(nodeRows.row(at: place))] = UInt32(node) }
    }
    let survivors = GraphHealing.Survivors(
      points: WorkArray(count: old.count, repeating: .max),
      nodes: WorkArray(count: groups.count, repeating: .max))
    for group in 0..<groups.count {
      let node = homes[Int(oldRows[groups.first(group)])]
      guard node != .max, survivors.points[Int(node)] == .max else { continue }
      survivors.points[Int(node)] = UInt32(group)
      survivors.nodes[group] = node
    }
    let graph: Graph
    do throws(GraphBuildCancelled) {
      graph = try GraphHealing(old, survivors, points, parameters, threads: threads, progress: progress)
        .heal()
    } catch {
      return nil
    }
    return try finish(rows, groups, points, graph)
  }
}
