import FileStorage
package import VectorIndexes
import VectorMath

/// An open index file of one segment: the one place that knows every kind.
enum OpenIndex: Sendable {
  case flat(FlatIndex)
  case graph(GraphIndex)

  /// The newest layout of a kind that this program reads.
  static func newestLayout(_ kind: IndexKind) -> UInt32 {
    switch kind {
    case .flat: FlatIndex.layout
    case .graph: GraphIndex.layout
    }
  }

  /// Opens the index file that a manifest entry names, once it is proved to belong to the segment as it is.
  ///
  /// `name` stands in for the file's own name while it is still in `tmp/`.
  static func open(
    _ fs: any FileSystem, _ entry: IndexEntry, of segment: SegmentEntry, _ collection: Collection,
    name: String? = nil
  ) throws(StorageError) -> OpenIndex {
    guard let kind = IndexKind(rawValue: entry.kind) else {
      throw .unsupported(
        UnsupportedFormat(
          path: FileNames.index(entry.number),
          reason: .indexLayout(kind: entry.kind, found: 1, newest: 0)))
    }
    let (file, header) = try IndexFile.open(
      fs, entry, of: segment, collection.identity, newestLayout: newestLayout(kind), name: name)
    switch kind {
    case .flat: return .flat(try FlatIndex(file, header))
    case .graph: return .graph(try GraphIndex(file, header))
    }
  }

  /// What searches of a graph find, read from its file without opening the rest; nil for other kinds.
  static func calibration(
    _ fs: any FileSystem, _ entry: IndexEntry, of segment: SegmentEntry, _ collection: Collection
  ) throws(StorageError) -> GraphCalibration? {
    guard entry.kind == IndexKind.graph.rawValue else { return nil }
    let (file, _) = try IndexFile.open(
      fs, entry, of: segment, collection.identity, newestLayout: newestLayout(.graph))
    return try GraphIndex.calibration(file)
  }

  /// Builds the index file of a segment under a temporary name; the caller renames it.
  ///
  /// - Returns: The manifest entry, with the number 0 that the caller replaces.
  static func build(
    _ kind: IndexKind, _ segment: Segment, _ entry: SegmentEntry, _ collection: Collection,
    temporaryName: String, _ options: IndexBuildOptions
  ) throws(IndexBuildError) -> IndexEntry {
    let finished: FinishedFile
    switch kind {
    case .flat:
      finished = try FlatIndexBuilder.build(
        segment.storedVectors, of: entry, collection.identity, on: collection.fileSystem,
        temporaryName: temporaryName, options)
    case .graph:
      finished = try GraphIndexBuilder.build(
        segment.storedVectors, of: entry, collection.identity, on: collection.fileSystem,
        temporaryName: temporaryName, options)
    }
    return IndexEntry(
      number: 0, kind: kind.rawValue, segment: entry.number, bytes: finished.bytes, sha256: finished.sha256,
      footerCRC: finished.footerCRC)
  }

  /// Writes the graph of a segment that has some of the rows of another, made from the other's graph; the caller renames it.
  ///
  /// `rows`: For each row of the segment the row that it was.
  static func heal(
    _ old: GraphIndex, rows: [UInt32], _ segment: Segment, _ entry: SegmentEntry, _ collection: Collection,
    temporaryName: String, _ options: IndexBuildOptions
  ) throws(IndexBuildError) -> IndexEntry {
    let finished = try GraphIndexBuilder.heal(
      old, oldRows: rows, segment.storedVectors, of: entry, collection.identity, on: collection.fileSystem,
      temporaryName: temporaryName, options)
    return IndexEntry(
      number: 0, kind: IndexKind.graph.rawValue, segment: entry.number, bytes: finished.bytes,
      sha256: finished.sha256, footerCRC: finished.footerCRC)
  }

  /// Writes the index file anew with another measurement of its recall; the caller renames it.
  func remeasure(
    _ segment: Segment, _ entry: SegmentEntry, _ collection: Collection, temporaryName: String,
    _ options: IndexBuildOptions
  ) throws(IndexBuildError) -> IndexEntry {
    guard case .graph(let index) = self else {
      return try Self.build(.flat, segment, entry, collection, temporaryName: temporaryName, options)
    }
    let finished = try GraphIndexBuilder.remeasure(
      index, segment.storedVectors, collection.identity, on: collection.fileSystem,
      temporaryName: temporaryName, options)
    return IndexEntry(
      number: 0, kind: IndexKind.graph.rawValue, segment: entry.number, bytes: finished.bytes,
      sha256: finished.sha256, footerCRC: finished.footerCRC)
  }

  /// The container, for checks of its bytes.
  var file: ContainerFile {
    switch self {
    case .flat(let index): index.file
    case .graph(let index): index.file
    }
  }

  /// Checks what the bytes mean against the segment's vectors; at most `limit` reports.
  func verifyContents(
    _ segment: Segment, threads: Int, limit: Int, isCancelled: @Sendable () -> Bool
  ) throws(IndexBuildError) -> [CorruptionError] {
    switch self {
    case .flat(let index):
      try index.verifyContents(
        segment.storedVectors, threads: threads, limit: limit, isCancelled: isCancelled)
    case .graph(let index):
      try index.verifyContents(
        segment.storedVectors, threads: threads, limit: limit, isCancelled: isCancelled)
    }
  }
}

extension Segment {
  /// The vectors as index builders take them.
  package var storedVectors: StoredVectors {
    StoredVectors(
      file: file, vectors: vectorEntry, rows: rows, dimension: shape.dimension,
      elementType: shape.elementType, metric: shape.metric)
  }
}
