package import FileStorage
internal import Quantization
internal import VectorMath

extension GraphIndexBuilder {
  /// Measures the recall of a graph anew and writes a file that differs from its own in that section only.
  ///
  /// - Throws: `.cancelled` when the options say so; `.storage` for a failed write or damage.
  package static func remeasure(
    _ index: GraphIndex, _ vectors: StoredVectors, _ identity: CollectionIdentity,
    on fileSystem: any FileSystem,
    temporaryName: String, _ options: IndexBuildOptions
  ) throws(IndexBuildError) -> FinishedFile {
    let scale = ProgressScale(options)
    scale.begin(.encode)
    let source = vectors.source
    let rows = try lifted { () throws(StorageError) in
      try index.checkAll()
      return try GraphAssembly.encode(source, in: index.frame, threads: options.threads)
    }
    if options.isCancelled() { throw .cancelled }
    scale.begin(.calibrate)
    let calibrator = GraphCalibrator(
      frame: index.frame, view: index.view(isChecked: true), router: index.router, nodeRows: index.nodeRows,
      rows: rows, source: source, metric: vectors.metric, threads: options.threads,
      isCancelled: options.isCancelled)
    let queries = options.queries
    var calibration = try lifted { () throws(StorageError) in try calibrator.measure(queries) }
    if options.isCancelled() { throw .cancelled }
    if index.calibration.hasTraces { calibration = calibration.withTraces(index.calibration) }
    let measured = calibration
    scale.begin(.write)
    let finished = try lifted { () throws(StorageError) in
      try copy(index, measured, identity, on: fileSystem, temporaryName)
    }
    scale.end()
    return finished
  }

  private static func copy(
    _ index: GraphIndex, _ calibration: GraphCalibration, _ identity: CollectionIdentity,
    on fileSystem: any FileSystem, _ temporaryName: String
  ) throws(StorageError) -> FinishedFile {
    guard let header = IndexHeader(index.file.headerFields) else {
      throw .corruption(
        CorruptionError(
          path: index.file.name, section: "header", offset: 64, expected: "the fields of an index file",
          found: "other bytes"))
    }
    // A writer that is dropped unfinished removes its files.
    let writer = try IndexFile.begin(
      fileSystem, temporaryName: temporaryName, collection: identity.uuid, header)
    for entry in index.file.sections {
      if entry.name == .graphCalibration {
        try writer.add(.graphCalibration, elementSize: 1, calibration.bytes)
      } else {
        let bytes = try unsafe index.file.bytes(entry)
        try writer.beginStreamed(
          entry.name, elementSize: entry.elementSize, alignment: entry.alignment)
        try unsafe writer.append(bytes)
        writer.end()
      }
    }
    return try writer.finish(footerFields: index.file.footerFields)
  }
}
