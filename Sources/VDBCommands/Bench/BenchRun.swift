import CommandLineParsing
import DataFormats
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

/// One run of `bench`: finds the data, measures each suite and reports.
struct BenchRun {
  let context: CommandContext
  let options: BenchOptions
  private var scratch: BenchScratch?
  private var facts = BenchFacts()
  private var results: [BenchResult] = []
  let dataset: BenchDataset?

  init(_ context: CommandContext) throws(CommandFailure) {
    self.context = context
    options = BenchOptions(context)
    for text in options.filters {
      let parsed = try BenchFilterText.parse(text)
      if FilterBinder(now: FilterInstant(nanoseconds: 0)).files(of: parsed.expression).contains(where: {
        $0.name == "-"
      }) {
        throw CommandFailure(
          .usage, code: "options",
          "\(SharedOptions.filter.spelling): standard input can be read once, and a filter is evaluated for every query",
          hint: "name a file of values")
      }
    }
    dataset = try context.arguments.text(BenchCommand.dataset).map { (path) throws(CommandFailure) in
      try BenchDataset(path, context)
    }
    guard dataset != nil || !context.collectionPath.isEmpty else {
      throw CommandFailure(
        .usage, code: "options", "a collection or --dataset must be given", showsHelp: true)
    }
    let needing = options.suites.filter(\.needsQueries).map(\.rawValue)
    guard needing.isEmpty || dataset != nil || context.arguments.isGiven(BenchCommand.queries) else {
      throw CommandFailure(
        .usage, code: "options",
        "--queries must be given for \(needing.joined(separator: ", ")): without queries there is no recall, and no speed without recall",
        hint: "vdb search --queries takes the same files, and vdb gen --queries makes some", showsHelp: true)
    }
    for (option, suites) in BenchRun.effects where context.arguments.isGiven(option) {
      guard !options.suites.contains(where: suites.contains) else { continue }
      let names = suites.map(\.rawValue)
      throw CommandFailure(
        .usage, code: "options",
        "--\(option.name) has no effect without --suite \(names.joined(separator: " or "))")
    }
    if context.arguments.isGiven(BenchCommand.index), dataset == nil,
      !options.suites.contains(where: { [.filter, .import, .delete].contains($0) })
    {
      throw CommandFailure(
        .usage, code: "options", "--index has no effect where no collection is made",
        hint: "vdb rebuild-index builds an index of the collection itself")
    }
  }

  /// Where options have an effect that have none in every suite.
  private static let effects: [(option: Option, suites: [BenchSuite])] = [
    (BenchCommand.plot, [.search, .batch, .filter, .cold]),
    (BenchCommand.minRecall, [.search, .batch, .filter, .cold, .delete]),
    (BenchCommand.truth, [.search, .batch, .cold]), (BenchCommand.truthOut, [.search, .batch, .cold]),
    (BenchCommand.efforts, [.search, .batch]), (BenchCommand.recallTargets, [.search, .batch]),
    (BenchCommand.warmup, [.search, .batch, .filter, .delete]),
    (BenchCommand.seconds, [.search, .batch, .filter, .delete]),
    (BenchCommand.filter, [.filter]), (BenchCommand.ownFilters, [.filter]),
    (BenchCommand.inserts, [.insert]), (BenchCommand.records, [.import]),
    (BenchCommand.dropCaches, [.cold]),
  ]

  /// Whether some search as users get it found less than `--min-recall` asks for.
  var isBelowMinimum: Bool {
    guard let minimum = options.minimumRecall else { return false }
    return results.contains { $0.isDefault && ($0.recall ?? 1) < minimum }
  }

  /// Measures and reports.
  ///
  /// - Throws: `bug`, after the report, when a filtered search found too few rows.
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
    if let sentence = BenchReport.brokenPromise(results) {
      context.messages.warning(sentence)
    }
    if let failure = BenchReport.shortfall(results) {
      // What was measured is worth having all the same.
      try context.output.finish()
      throw failure
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
    let path: String
    if context.collectionPath.isEmpty {
      path = try scratchFolder().path + "/dataset.vdb"
    } else {
      path = context.collectionPath
      try CollectionCreation.requireParent(path)
    }
    do throws(CommandFailure) { facts.build = try build(dataset, at: path) } catch {
      try? RealFileSystem.removeTree(path)
      throw error
    }
    return path
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
    var promised: Double?
    // The snapshot is let go before the cold queries: pages that this process has mapped stay in memory.
    do {
      let snapshot = try openSnapshot(path)
      facts.describe(snapshot, try info(snapshot), options)
      facts.name = context.arguments.text(BenchCommand.dataset) ?? context.collectionPath
      guard snapshot.liveCount > 0 || !options.suites.contains(where: \.needsQueries) else {
        throw CommandFailure(
          .badInput, code: "empty", "the collection has no rows: there is no recall, and no speed without it")
      }
      let methods = BenchMethod.all(snapshot, options, hasCurve: true)
      hasApproximate = methods.count > 1
      promised = snapshot.promise(SearchRequest(k: options.k)).recall
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
      results += try cold.run(truth.prefix(100), hasApproximate: hasApproximate, promised: promised)
      if results.contains(where: { $0.residency.map { !$0.isCold } ?? false }) {
        context.messages.warning(
          "some pages of the collection stayed in memory although the system was asked to drop them; those lines are not called dropped"
        )
      }
    }
    guard options.suites.contains(where: { $0 == .insert || $0 == .import || $0 == .delete }) else { return }
    let copy = BenchCopy(
      context: context, options: options, snapshot: try openSnapshot(path), scratch: try scratchFolder())
    if options.suites.contains(.insert) { results += try BenchInsert(copy: copy).run() }
    if options.suites.contains(.import) {
      let file = context.arguments.text(BenchCommand.records) ?? dataset?.baseFile
      results += try BenchImport(copy: copy, file: file).run()
    }
    if options.suites.contains(.delete), let queries {
      results += try BenchDelete(copy: copy, queries: queries.prefix(200)).run()
    }
  }

  private mutating func measureInProcess(
    _ snapshot: Snapshot, _ queries: BenchQueries, _ methods: [BenchMethod], _ truth: inout BenchTruth?
  ) throws(CommandFailure) {
    if options.suites.contains(where: \.needsTruth) {
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
    guard options.suites.contains(.filter) else { return }
    let some = queries.prefix(200)
    if !options.filters.isEmpty {
      let own = try BenchFilter(context, options, snapshot, some)
      for text in options.filters { results.append(try own.given(text)) }
    }
    if options.filters.isEmpty || !options.onlyOwnFilters {
      let copy = BenchCopy(
        context: context, options: options, snapshot: snapshot, scratch: try scratchFolder())
      results += try BenchFilter.synthetic(copy, some)
    }
  }

  private func info(_ snapshot: Snapshot) throws(CommandFailure) -> CollectionInfo {
    try engine { () throws(DatabaseError) in try CollectionInfo.read(snapshot.collection) }
  }
}
