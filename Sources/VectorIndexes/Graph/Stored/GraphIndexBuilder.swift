package import FileStorage
internal import Quantization
internal import VectorMath

/// Derives the graph index of a segment.
package enum GraphIndexBuilder {
  /// Writes and flushes the index file under a temporary name; the caller renames it.
  ///
  /// The same rows, parameters and queries give the same bytes for every number of threads and on every processor. Nothing
  /// is left behind when it fails.
  ///
  /// - Throws: `.cancelled` when the options say so; `.memory` when not even several passes fit the limit; `.storage` for a failed
  ///   write or a damaged row.
  package static func build(
    _ vectors: StoredVectors, of segment: SegmentEntry, _ identity: CollectionIdentity,
    on fileSystem: any FileSystem, temporaryName: String, _ options: IndexBuildOptions
  ) throws(IndexBuildError) -> FinishedFile {
    var parameters = options.graph
    parameters.seed = options.seed
    let needed = leastMemory(vectors, parameters)
    guard needed <= UInt64(max(0, options.memoryLimit)) else {
      throw .memory(needed: needed, limit: UInt64(max(0, options.memoryLimit)))
    }
    let scale = ProgressScale(options)
    let progress = GraphProgress(
      report: { phase, done, total in scale.report(phase, done, total) }, isCancelled: options.isCancelled)
    let assembly = GraphAssembly(
      source: vectors.source, metric: vectors.metric, parameters: parameters, threads: options.threads,
      memoryLimit: options.memoryLimit - codeBytes(vectors), progress: progress)
    scale.begin(.encode)
    let rows = try lifted { () throws(StorageError) in try assembly.encode() }
    if options.isCancelled() { throw .cancelled }
    let joined = try lifted { () throws(StorageError) in try assembly.join(rows) }
    guard let contents = joined else { throw .cancelled }
    return try finish(
      contents, rows, parameters, vectors, of: segment, identity, on: fileSystem, temporaryName, options,
      scale)
  }

  /// Measures a graph and writes its file.
  static func finish(
    _ contents: GraphContents, _ rows: GraphAssembly<StorageError>.Rows, _ parameters: GraphParameters,
    _ vectors: StoredVectors, of segment: SegmentEntry, _ identity: CollectionIdentity,
    on fileSystem: any FileSystem, _ temporaryName: String, _ options: IndexBuildOptions,
    _ scale: ProgressScale, healed earlier: GraphCalibration? = nil
  ) throws(IndexBuildError) -> FinishedFile {
    scale.begin(.calibrate)
    let calibrator = GraphCalibrator(
      contents: contents, rows: rows, source: vectors.source, metric: vectors.metric,
      threads: options.threads,
      isCancelled: options.isCancelled)
    let queries = options.queries
    var calibration = try lifted { () throws(StorageError) in try calibrator.measure(queries) }
    if options.isCancelled() { throw .cancelled }
    if let earlier { calibration = calibration.withTraces(earlier) }
    let measured = calibration
    scale.begin(.write)
    let finished = try lifted { () throws(StorageError) in
      try write(
        contents, measured, parameters, vectors, of: segment, identity, on: fileSystem, temporaryName)
    }
    scale.end()
    return finished
  }

  private static func codeBytes(_ vectors: StoredVectors) -> Int {
    vectors.rows * (paddedDimension(vectors.dimension + (vectors.metric == .dot ? 1 : 0)) + 8)
  }

  /// Bytes without which no number of passes helps.
  static func leastMemory(_ vectors: StoredVectors, _ parameters: GraphParameters) -> UInt64 {
    let graph = GraphBuilder.leastMemory(count: vectors.rows, parameters)
    let records = vectors.rows * (paddedDimension(vectors.dimension) + 12)
    return UInt64(codeBytes(vectors) + max(graph, records))
  }

  private static func write(
    _ contents: GraphContents, _ calibration: GraphCalibration, _ parameters: GraphParameters,
    _ vectors: StoredVectors, of segment: SegmentEntry, _ identity: CollectionIdentity,
    on fileSystem: any FileSystem, _ temporaryName: String
  ) throws(StorageError) -> FinishedFile {
    let dimension = contents.frame.paddedDimension
    var own: [UInt8] = []
    own.appendLittleEndian(UInt32(truncatingIfNeeded: dimension))
    own.appendLittleEndian(UInt32(truncatingIfNeeded: contents.graph.maximumNeighbors))
    let quality = GraphParameters.Quality.allCases.firstIndex(of: parameters.quality) ?? 1
    own += [contents.codec.rawValue, UInt8(quality), 0, 0]
    own.appendLittleEndian(contents.residual.bitPattern)
    own += [UInt8](repeating: 0, count: GraphIndex.headerSize - own.count)
    let header = IndexHeader(
      segment, identity, kind: IndexKind.graph.rawValue, layout: GraphIndex.layout, seed: parameters.seed,
      ownFields: own)
    // A writer that is dropped unfinished removes its files.
    let writer = try IndexFile.begin(
      fileSystem, temporaryName: temporaryName, collection: identity.uuid, header)
    try writer.add(.frame, elementSize: 1, contents.frame.bytes)
    if contents.graph.count > 0 {
      try writer.add(.graphRouter, elementSize: 1, contents.router.bytes)
    }
    try writer.add(.graphCalibration, elementSize: 1, calibration.bytes)
    try writer.add(
      .graphNeighbors, elementSize: UInt32(4 * contents.graph.maximumNeighbors), alignment: 4096,
      contents.graph.neighbors)
    try writer.add(
      .graphRecords, elementSize: UInt32(contents.codec.recordBytes(dimension)), alignment: 4096,
      contents.records)
    if !contents.isIdentical { try writer.add(.nodeRows, elementSize: 4, alignment: 64, contents.rows) }
    if !contents.isSimple { try writer.add(.nodeStarts, elementSize: 4, alignment: 64, contents.starts) }
    if !contents.loose.isEmpty {
      try writer.add(.looseRows, elementSize: 4, alignment: 64, WorkArray(contents.loose))
    }
    var footer: [UInt8] = []
    footer.appendLittleEndian(UInt64(vectors.rows))
    footer.appendLittleEndian(UInt64(contents.graph.count))
    footer.appendLittleEndian(UInt64(contents.loose.count))
    return try writer.finish(footerFields: footer)
  }
}

extension WorkArray {
  /// The elements as an array of bytes.
  fileprivate var bytes: [UInt8] {
    unsafe [UInt8](UnsafeRawBufferPointer(start: base, count: count * MemoryLayout<Element>.stride))
  }
}

extension ContainerWriter {
  /// Adds a section of the elements of an array, which are plain numbers.
  fileprivate func add<Element>(
    _ name: SectionName, elementSize: UInt32, alignment: UInt64, _ values: WorkArray<Element>
  ) throws(StorageError) {
    try beginStreamed(name, elementSize: elementSize, alignment: alignment)
    // Little-endian as they are on every machine that this program supports.
    let all = unsafe UnsafeRawBufferPointer(
      start: values.base, count: values.count * MemoryLayout<Element>.stride)
    try unsafe append(all)
    end()
  }
}
