import CommandLineParsing
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorIndexes
import VectorMath

/// How long a collection took to make.
struct BenchBuild {
  var importSeconds = 0.0
  var indexSeconds = 0.0
  /// The most memory that this process held meanwhile.
  var importPeak: UInt64?
  var indexPeak: UInt64?
  /// Bytes of all files of the rows.
  var storedBytes: UInt64 = 0
  /// What was built; nil when no index was wanted.
  var report: IndexReport?

  /// "graph", "flat"; empty without an index.
  var kinds: String { report?.kinds.map(\.rawValue).joined(separator: " and ") ?? "" }

  /// The lines that say so in a suite.
  func results(_ suite: BenchSuite, rows: Int, threads: Int) -> [BenchResult] {
    var stored = BenchResult(
      suite: suite, method: "copy stored", condition: "rows a second",
      proof: .readBack("\(counted(UInt64(rows), "row")) read back"),
      rate: Double(rows) / max(importSeconds, 1e-9))
    stored.seconds = importSeconds
    stored.peakBytes = importPeak
    stored.bytesPerRow = Double(storedBytes) / Double(max(1, rows))
    stored.threads = threads
    guard let report, !report.built.isEmpty else { return [stored] }
    let recall = report.built.compactMap(\.recall).min().map { Double($0) }
    var built = BenchResult(
      suite: suite, method: "\(kinds) index built", condition: "rows a second",
      proof: .readBack(
        recall.map { "recall@10 \(NumberText.fixed($0, 2)) promised" } ?? "nothing can be missed"),
      rate: Double(report.rows) / max(indexSeconds, 1e-9))
    built.seconds = indexSeconds
    built.peakBytes = indexPeak
    built.threads = threads
    built.bytesPerRow = Double(report.bytes) / Double(max(1, rows))
    return [stored, built]
  }
}

/// Copies rows of a collection into temporary ones.
struct BenchCopy {
  let context: CommandContext
  let options: BenchOptions
  let snapshot: Snapshot
  let scratch: BenchScratch

  var settings: CollectionSettings { snapshot.collection.settings }

  /// Whether vectors of zeros are stored: the collection holds them already, if it does.
  var rules: VectorRules { VectorRules(allowsZero: true) }

  /// The first rows in order of arrival; all where there are fewer.
  func places(_ most: Int) throws(CommandFailure) -> [RowLocation] {
    var places: [RowLocation] = []
    try engine { () throws(DatabaseError) in
      try snapshot.forEachRow { (location) throws(DatabaseError) in
        places.append(location)
        return places.count < most
      }
    }
    return places
  }

  /// Rows with everything that is stored of them.
  func batch(_ places: ArraySlice<RowLocation>, withMetadata: Bool = true) throws(CommandFailure)
    -> RecordBatch
  {
    var batch = RecordBatch(dimension: settings.dimension, idType: settings.idType)
    let places = Array(places)
    try engine { () throws(DatabaseError) in
      try snapshot.read(places, into: &batch, withVectors: true, withMetadata: withMetadata)
    }
    return batch
  }

  /// Imports rows into a new collection in the scratch folder, without an index.
  ///
  /// `metadata`: Other metadata than that of the rows: appends the canonical JSON of the row at a position.
  func bulk(
    _ name: String, _ places: [RowLocation], metadata: ((Int, inout [UInt8]) -> Void)? = nil
  ) throws(CommandFailure) -> Collection {
    let collection = try scratch.makeCollection(name, settings, context)
    let writer = try context.openWriter(collection)
    let (rules, threads) = (rules, options.threads)
    let bulk = try engine { () throws(DatabaseError) in
      try BulkImport(writer, .insert, rules: rules, threads: threads)
    }
    let size = max(1, min(4096, (4 << 20) / collection.identity.vectorBytes))
    for start in stride(from: 0, to: places.count, by: size) {
      try context.checkForStop()
      var rows = try batch(
        places[start..<min(places.count, start + size)], withMetadata: metadata == nil)
      if let metadata {
        rows.metadataBytes.removeAll(keepingCapacity: true)
        rows.metadataOffsets = [0]
        for row in 0..<rows.count {
          metadata(start + row, &rows.metadataBytes)
          rows.metadataOffsets.append(rows.metadataBytes.count)
        }
      }
      let ready = rows
      try engine { () throws(DatabaseError) in try bulk.append(ready, source: name) }
    }
    try engine { () throws(DatabaseError) in
      _ = try bulk.commit()
      writer.close()
    }
    return collection
  }

  /// Imports rows into a new collection and builds the index that the collection's own rows have.
  func indexed(
    _ name: String, _ places: [RowLocation], metadata: ((Int, inout [UInt8]) -> Void)? = nil
  ) throws(CommandFailure) -> (collection: Collection, build: BenchBuild) {
    let began = MonotonicClock.now()
    ProcessMeter.resetPeak()
    let collection = try bulk(name, places, metadata: metadata)
    var build = BenchBuild()
    build.importSeconds = Double(MonotonicClock.now() - began) / 1e9
    build.importPeak = ProcessMeter.peakBytes()
    build.storedBytes =
      try engine { () throws(DatabaseError) in try CollectionInfo.read(collection) }.storedBytes
    try BenchCopy.buildIndexes(choices, of: collection, &build, context)
    return (collection, build)
  }

  /// Which indexes a copy gets: those asked for, those that the collection has, or what an import would build.
  private var choices: [IndexChoice] {
    if let index = options.index { return [index] }
    let kinds = Set(snapshot.manifest.indexes.map(\.kind)).sorted().compactMap { IndexChoice(name: $0) }
    return kinds.isEmpty ? [IndexPolicy.choice(snapshot.manifest.settings)] : kinds
  }

  /// Builds indexes as `import` and `rebuild-index` do.
  static func buildIndexes(
    _ choices: [IndexChoice], of collection: Collection, _ build: inout BenchBuild, _ context: CommandContext
  ) throws(CommandFailure) {
    let began = MonotonicClock.now()
    ProcessMeter.resetPeak()
    for choice in choices where choice != .none {
      var request = IndexRequest()
      request.choice = choice
      request.options = context.indexOptions
      let report = try context.buildIndexes(collection, request)
      build.report = build.report ?? IndexReport()
      build.report?.built += report.built
    }
    build.indexSeconds = Double(MonotonicClock.now() - began) / 1e9
    build.indexPeak = ProcessMeter.peakBytes()
  }
}
