import CommandLineParsing
import DataFormats
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

/// One run of `bench`: finds the data, measures each suite and reports.
struct BenchRun {
  private let context: CommandContext
  private let options: BenchOptions
  private var scratch: BenchScratch?
  private var facts = BenchFacts()
  private var results: [BenchResult] = []
  private let dataset: BenchDataset?

  init(_ context: CommandContext) throws(CommandFailure) {
    self.context = context
    options = BenchOptions(context)
    dataset = try context.arguments.text(BenchCommand.dataset).map { (path) throws(CommandFailure) in
      try BenchDataset(path, context)
    }
    guard dataset != nil || !context.collectionPath.isEmpty else {
      throw CommandFailure(
        .usage, code: "options", "a collection or --dataset must be given", showsHelp: true)
    }
    let needsQueries = options.suites.contains { $0.needsTruth || $0 == .delete }
    guard !needsQueries || dataset != nil || context.arguments.isGiven(BenchCommand.queries) else {
      throw CommandFailure(
        .usage, code: "options", "--queries must be given for the suites search, batch, cold and delete",
        hint: "vdb search a.vdb --queries takes the same files", showsHelp: true)
    }
  }

  /// Whether some search as users get it found less than `--min-recall` asks for.
  var isBelowMinimum: Bool {
    guard let minimum = options.minimumRecall else { return false }
    return results.contains { $0.isDefault && ($0.recall ?? 1) < minimum }
  }

  /// Measures and reports.
  mutating func run() throws(CommandFailure) {
    let plot = try context.arguments.text(BenchCommand.plot).map { (path) throws(CommandFailure) in
      BufferedOutput(
        try FileDestination(path, replaces: context.arguments.flag(SharedOptions.force)), isTerminal: false)
    }
    do throws(CommandFailure) {
      let path = try openData()
      try measure(path)
      try plot?.write(BenchPlot(results, facts, options).svg)
      try plot?.finish()
    } catch {
      plot?.abandon()
      throw error
    }
    try BenchReport(facts: facts, results: results, options: options).write(context)
    if let minimum = options.minimumRecall, isBelowMinimum {
      context.messages.note(
        "the recall \(NumberText.plain(minimum)) asked for by --min-recall was not reached")
    }
  }

  // MARK: The data

  /// The collection to measure, made from the data set where that is needed.
  private mutating func openData() throws(CommandFailure) -> String {
    guard let dataset else { return context.collectionPath }
    if !context.collectionPath.isEmpty, try CollectionCreation.exists(context) {
      try requireSame(dataset)
      return context.collectionPath
    }
    let began = MonotonicClock.now()
    let path: String
    if context.collectionPath.isEmpty {
      path = try scratchFolder().path + "/dataset.vdb"
    } else {
      path = context.collectionPath
      try CollectionCreation.requireParent(path)
    }
    do throws(CommandFailure) { try build(dataset, at: path) } catch {
      try? RealFileSystem.removeTree(path)
      throw error
    }
    facts.buildSeconds = Double(MonotonicClock.now() - began) / 1e9
    return path
  }

  /// Imports the vectors of a data set into a new collection.
  private func build(_ dataset: BenchDataset, at path: String) throws(CommandFailure) {
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
    let collection = try BenchScratch.makeCollection(at: path, settings, context)
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
  }

  /// Fails unless the collection at hand can hold the data set.
  private func requireSame(_ dataset: BenchDataset) throws(CommandFailure) {
    let collection = try context.openCollection()
    let reader = try dataset.openBase(ReadOptions())
    guard reader.dimension == collection.settings.dimension, collection.settings.metric == dataset.metric
    else {
      throw CommandFailure(
        .conflict, code: "dataset",
        "\(context.collectionPath) holds \(collection.settings.dimension) dimensions and \(collection.settings.metric.name), the data set \(reader.dimension ?? 0) and \(dataset.metric.name)",
        hint: "name a collection that does not exist yet")
    }
  }

  private mutating func scratchFolder() throws(CommandFailure) -> BenchScratch {
    if let scratch { return scratch }
    let made = try BenchScratch(context)
    scratch = made
    return made
  }

  private func openSnapshot(_ path: String) throws(CommandFailure) -> Snapshot {
    let collection = try context.openCollection(path)
    return try engine { () throws(DatabaseError) in try Snapshot.open(collection) }
  }

  private func readQueries(_ settings: CollectionSettings) throws(CommandFailure) -> BenchQueries {
    let readOptions = BenchQueries.readOptions(settings)
    if let dataset {
      return try BenchQueries(
        dataset.openQueries(readOptions), settings, limit: options.queryLimit, name: "the data set")
    }
    let path = context.arguments.text(BenchCommand.queries) ?? "-"
    let source = try files { () throws(FileError) in try InputSource(path) }
    let reader = try records { () throws(FormatError) in
      try openRecords(source, stated: nil, options: readOptions, threads: 1).reader
    }
    return try BenchQueries(reader, settings, limit: options.queryLimit, name: path)
  }

  // MARK: The suites

  private mutating func measure(_ path: String) throws(CommandFailure) {
    var queries: BenchQueries?
    var truth: BenchTruth?
    var hasApproximate = false
    // The snapshot is let go before the cold queries: pages that this process has mapped stay in memory.
    do {
      let snapshot = try openSnapshot(path)
      facts.describe(snapshot, try info(snapshot), options)
      facts.name = context.arguments.text(BenchCommand.dataset) ?? context.collectionPath
      let methods = BenchMethod.all(snapshot, options, hasCurve: true)
      hasApproximate = methods.count > 1
      if dataset != nil || context.arguments.isGiven(BenchCommand.queries) {
        queries = try readQueries(snapshot.collection.settings)
        facts.queryCount = queries?.count ?? 0
      }
      if let queries { try measureInProcess(snapshot, queries, methods, &truth) }
    }
    if options.suites.contains(.cold), let truth, let queries {
      let cold = BenchCold(
        context: context, options: options, path: path, queries: queries.prefix(100),
        scratch: try scratchFolder())
      results += try cold.run(truth.prefix(100), hasApproximate: hasApproximate)
    }
    guard options.suites.contains(where: { $0 == .insert || $0 == .import || $0 == .delete }) else { return }
    let copy = BenchCopy(
      context: context, options: options, snapshot: try openSnapshot(path), scratch: try scratchFolder())
    if options.suites.contains(.insert) { results += try BenchInsert(copy: copy).run() }
    if options.suites.contains(.import) {
      let file = context.arguments.text(BenchCommand.records) ?? dataset?.baseFile
      results.append(try BenchImport(copy: copy, file: file).run())
    }
    if options.suites.contains(.delete), let queries {
      results += try BenchDelete(copy: copy, queries: queries.prefix(200)).run()
    }
  }

  private mutating func measureInProcess(
    _ snapshot: Snapshot, _ queries: BenchQueries, _ methods: [BenchMethod], _ truth: inout BenchTruth?
  ) throws(CommandFailure) {
    guard options.suites.contains(where: \.needsTruth) else { return }
    let found = try findTruth(snapshot, queries)
    truth = found
    facts.truth = found.origin
    let search = BenchSearch(context: context, options: options, snapshot: snapshot, queries: queries)
    for suite in options.suites where suite == .search || suite == .batch {
      for method in methods {
        context.messages.detail("\(suite.rawValue): \(method.name)")
        results.append(
          suite == .search ? try search.single(method, found) : try search.batch(method, found))
      }
    }
  }

  private func info(_ snapshot: Snapshot) throws(CommandFailure) -> CollectionInfo {
    try engine { () throws(DatabaseError) in try CollectionInfo.read(snapshot.collection) }
  }

  /// The true answers: from a file, or computed.
  private func findTruth(_ snapshot: Snapshot, _ queries: BenchQueries) throws(CommandFailure) -> BenchTruth {
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
