import CommandLineParsing
import DataFormats
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

/// Collections that are made of data sets, and the nearest rows of the queries.
extension BenchRun {
  /// Rows of a data set that are compared with those of a collection.
  private static let comparedRows = 1000

  /// Imports the vectors of a data set into a new collection, and builds the index that an import builds.
  func build(_ dataset: BenchDataset, at path: String) throws(CommandFailure) -> BenchBuild {
    let began = MonotonicClock.now()
    var readOptions = ReadOptions()
    readOptions.idType = .int64
    readOptions.idSource = .row
    readOptions.zeroVector = .allow
    let reader = try dataset.openBase(readOptions)
    var batch = RecordBatch(dimension: reader.dimension ?? 1)
    guard let dimension = reader.dimension else {
      throw CommandFailure(.badInput, code: "dataset", "the data set has no vectors")
    }
    let settings = CollectionSettings(
      dimension: dimension, metric: dataset.metric, elementType: .f32, idType: .int64)
    let collection = try BenchScratch.makeCollection(at: path, settings, index: options.index, context)
    let writer = try context.openWriter(collection)
    let threads = options.threads
    let bulk = try engine { () throws(DatabaseError) in
      try BulkImport(writer, .insert, rules: VectorRules(allowsZero: true), threads: threads)
    }
    let progress = Progress(context, phase: "import", unit: "rows", total: nil)
    defer { progress.finish() }
    while try records({ () throws(FormatError) in try reader.next(&batch, maximumRows: 4096) }) {
      try context.checkForStop()
      try engine { () throws(DatabaseError) in try bulk.append(batch, source: "the data set") }
      progress.update(bulk.rowCount)
    }
    try engine { () throws(DatabaseError) in
      _ = try bulk.commit()
      writer.close()
    }
    var build = BenchBuild()
    build.importSeconds = Double(MonotonicClock.now() - began) / 1e9
    try BenchCopy.buildIndexes([options.index ?? .automatic], of: collection, &build, context)
    return build
  }

  /// Fails unless the collection at hand holds the data set: as many rows, and the same vectors in every place that is compared.
  func requireSame(_ dataset: BenchDataset) throws(CommandFailure) {
    let collection = try context.openCollection()
    var readOptions = ReadOptions()
    readOptions.idSource = .row
    readOptions.zeroVector = .allow
    let reader = try dataset.openBase(readOptions)
    let settings = collection.settings
    guard reader.dimension == settings.dimension, settings.metric == dataset.metric else {
      throw otherData(
        "holds \(settings.dimension) dimensions and \(settings.metric.name), the data set \(reader.dimension ?? 0) and \(dataset.metric.name)"
      )
    }
    let snapshot = try engine { () throws(DatabaseError) in try Snapshot.open(collection) }
    var places: [RowLocation] = []
    places.reserveCapacity(snapshot.liveCount)
    try engine { () throws(DatabaseError) in
      try snapshot.forEachRow { (location) throws(DatabaseError) in
        places.append(location)
        return true
      }
    }
    let step = max(1, places.count / Self.comparedRows)
    var batch = RecordBatch(dimension: settings.dimension)
    var row = 0
    while try records({ () throws(FormatError) in try reader.next(&batch, maximumRows: 4096) }) {
      try context.checkForStop()
      let rows = row..<row + batch.count
      row = rows.upperBound
      for number in rows
      where number < places.count && (number % step == 0 || number == places.count - 1) {
        let stored = try engine { () throws(DatabaseError) in
          try snapshot.state.vector(at: places[number])
        }
        let wanted = batch.vectors[batch.vectorRange(number - rows.lowerBound)]
        let isSame = zip(stored, wanted).allSatisfy { own, given in
          // Numbers of 16 bits are the given ones rounded.
          own == given
            || settings.elementType == .f16 && abs(own - given) <= abs(given) * 0x1p-11 + 0x1p-25
        }
        guard isSame else { throw otherData("holds another vector than the data set in row \(number)") }
      }
    }
    guard row == places.count else {
      throw otherData(
        "holds \(counted(UInt64(places.count), "row")), the data set \(NumberText.grouped(UInt64(row)))")
    }
  }

  private func otherData(_ difference: String) -> CommandFailure {
    CommandFailure(
      .conflict, code: "dataset", "\(context.collectionPath) \(difference)",
      hint: "name a collection that does not exist yet")
  }

  // MARK: The truth

  /// The true answers: from a file, or computed.
  func findTruth(_ snapshot: Snapshot, _ queries: BenchQueries) throws(CommandFailure) -> BenchTruth {
    let search = BenchSearch(context: context, options: options, snapshot: snapshot, queries: queries)
    if let path = context.arguments.text(BenchCommand.truth) {
      let rows = try TruthFile.read(path, count: queries.count)
      guard rows.count == queries.count else {
        throw CommandFailure(
          .badInput, code: "truth",
          "\(path): expected \(queries.count) rows, one for each query, found \(rows.count)",
          path: path)
      }
      return try checked(
        BenchTruth(positions: rows, k: options.k, queries, snapshot, origin: path), search)
    }
    if let rows = try dataset?.truth(count: queries.count, k: options.k) {
      return try checked(
        BenchTruth(
          positions: rows, k: options.k, queries, snapshot,
          origin: context.arguments.text(BenchCommand.dataset) ?? "the data set"), search)
    }
    let answers = try search.exact()
    if let path = context.arguments.text(BenchCommand.truthOut) { try keep(answers, snapshot, path) }
    return BenchTruth(exact: answers, k: options.k, origin: "computed exactly")
  }

  private func checked(_ truth: BenchTruth, _ search: BenchSearch) throws(CommandFailure) -> BenchTruth {
    var truth = truth
    try truth.check(exact: try search.exact().map { $0.map(\.distance) })
    return truth
  }

  /// Writes the positions of the nearest rows.
  private func keep(_ answers: [[SearchHit]], _ snapshot: Snapshot, _ path: String) throws(CommandFailure) {
    let file = BufferedOutput(
      try FileDestination(path, replaces: context.arguments.flag(SharedOptions.force)), isTerminal: false)
    let sink = OutputSink(file, name: path)
    do throws(CommandFailure) {
      var positions = ArrivalPositions(snapshot)
      let writer = IntegerRowsWriter(sink)
      for hits in answers {
        var row: [Int32] = []
        for hit in hits {
          row.append(
            Int32(
              clamping: try engine { () throws(DatabaseError) in try positions.position(of: hit.location) }))
        }
        let found = row
        try sink.run { () throws(FormatError) in try writer.write(found) }
      }
      try sink.run { () throws(FormatError) in try writer.finish() }
      try file.finish()
    } catch {
      file.abandon()
      throw error
    }
  }
}
