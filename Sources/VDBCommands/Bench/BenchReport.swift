import CommandLineParsing
import FileStorage
import VectorDatabase
import VectorMath

/// What figures belong to: the data and the machine.
struct BenchFacts {
  let machine = Machine()
  var name = ""
  var rows = 0
  var dimension = 0
  var elementType = ""
  var metric = ""
  /// The kinds of index, and the bytes of all files of each.
  var indexes: [(kind: String, bytes: UInt64)] = []
  var storedBytes: UInt64 = 0
  var vectorBytes = 0
  var queryCount = 0
  var k = 0
  /// Where the true answers come from.
  var truth = ""
  /// How long it took to make the collection from the data set; nil when it was there.
  var build: BenchBuild?

  /// Takes what is known of a collection.
  mutating func describe(
    _ snapshot: Snapshot, _ info: CollectionInfo, _ options: BenchOptions
  ) {
    let settings = snapshot.collection.settings
    rows = snapshot.liveCount
    dimension = settings.dimension
    elementType = settings.elementType.name
    metric = settings.metric.name
    let entries = snapshot.manifest.indexes
    indexes = Set(entries.map(\.kind)).sorted().map { kind in
      (kind, entries.reduce(UInt64(0)) { $0 + ($1.kind == kind ? $1.bytes : 0) })
    }
    storedBytes = info.storedBytes
    vectorBytes = snapshot.collection.identity.vectorBytes
    k = options.k
  }

  var bytesPerRow: Double { Double(storedBytes) / Double(max(1, rows)) }
}

/// Prints what was measured.
struct BenchReport {
  let facts: BenchFacts
  let results: [BenchResult]
  let options: BenchOptions

  /// Writes a table, lines of values, or one JSON object.
  func write(_ context: CommandContext) throws(CommandFailure) {
    switch context.format(BenchCommand.format) ?? "table" {
    case "json":
      context.output.writesJSON()
      try writeJSON(context)
    case "csv", "tsv":
      var table = Table(BenchColumn.all.map { ($0.name, .left) })
      for result in results { table.add(BenchColumn.all.map { $0.value(result) }) }
      try table.write(context.format(BenchCommand.format), to: context)
    default: try writeText(context)
    }
  }

  /// What is wrong when a filtered search has not found all that it must; nil when every one has.
  static func shortfall(_ results: [BenchResult]) -> CommandFailure? {
    for result in results {
      guard let filter = result.filter else { continue }
      let failure = FilteredCount(
        filter: filter.text, wanted: filter.wanted, least: filter.least, strays: filter.strays
      ).failure
      if let failure { return failure }
    }
    return nil
  }

  /// The line that is farthest below the recall that its indexes promise, when that is more than a hundredth: a sentence.
  static func brokenPromise(_ results: [BenchResult]) -> String? {
    func gap(_ result: BenchResult) -> Double { (result.promised ?? 0) - (result.recall ?? 1) }
    guard let worst = results.max(by: { gap($0) < gap($1) }), gap(worst) > 0.01,
      let recall = worst.recall, let promised = worst.promised
    else { return nil }
    let what = [worst.suite.rawValue, worst.method, worst.condition].filter { !$0.isEmpty }
    let advice =
      worst.suite == .filter
      ? "a greater --recall of vdb search finds more"
      : "vdb tune with --queries measures the index by your own queries"
    return
      "the recall \(NumberText.fixed(recall, 3)) of '\(what.joined(separator: ", "))' is below the \(NumberText.fixed(promised, 3)) that the index promises; \(advice)"
  }

  // MARK: For people

  private func writeText(_ context: CommandContext) throws(CommandFailure) {
    var text = "machine   \(facts.machine.text)\n"
    text +=
      "data      \(facts.name): \(NumberText.grouped(UInt64(facts.rows))) rows, \(facts.dimension)-d \(facts.elementType), \(facts.metric)\n"
    text +=
      "size      \(NumberText.bytes(facts.storedBytes)), \(NumberText.fixed(facts.bytesPerRow, 0)) bytes a row, \(facts.vectorBytes) of them the vector\n"
    let indexes = facts.indexes.map {
      "\($0.kind), \(NumberText.bytes($0.bytes)), \(NumberText.fixed(Double($0.bytes) / Double(max(1, facts.rows)), 0)) bytes a row"
    }
    text += "index     \(indexes.isEmpty ? "none" : indexes.joined(separator: "; "))\n"
    if let build = facts.build {
      text += "built     rows stored in \(NumberText.fixed(build.importSeconds, 2)) s"
      if !build.kinds.isEmpty {
        text += ", \(build.kinds) index in \(NumberText.fixed(build.indexSeconds, 2)) s"
      }
      text += ", \(counted(UInt64(options.threads), "thread"))\n"
    }
    if facts.queryCount > 0 {
      text +=
        "queries   \(NumberText.grouped(UInt64(facts.queryCount))), k = \(facts.k), recall by distance, \(facts.truth.isEmpty ? "" : "nearest rows: \(facts.truth), ")medians of \(counted(UInt64(options.runs), "run"))\n"
    }
    try context.output.write(text)
    let width = context.output.isTerminal ? context.environment.columns : 0
    for suite in BenchSuite.allCases {
      let lines = results.filter { $0.suite == suite }
      if lines.isEmpty { continue }
      try context.output.writeTrusted("\n" + context.outputStyle.bold(suite.rawValue) + "\n")
      for (number, block) in BenchColumn.blocks(for: lines, width: width).enumerated() {
        if number > 0 { try context.output.write("\n") }
        try block.write("table", to: context)
      }
    }
    let targets = curveTable()
    if !targets.isEmpty {
      try context.output.write("\n")
      try targets.write("table", to: context)
    }
  }

  /// The speed of each curve at the recalls asked for.
  private func curveTable() -> Table {
    var table = Table(
      [("suite", .left), ("at recall", .right), ("per second", .right)])
    for curve in BenchCurve.all(results) {
      for target in options.recallTargets {
        table.add([
          curve.suite.rawValue, NumberText.plain(target),
          curve.rate(at: target).map { NumberText.rounded($0) } ?? "not reached",
        ])
      }
    }
    return table
  }

  // MARK: For programs

  private func writeJSON(_ context: CommandContext) throws(CommandFailure) {
    var json = JSONOutput.begin(.bench)
    facts.machine.append(to: &json)
    json.key("data")
    json.beginObject()
    json.member("name", facts.name)
    json.member("rows", facts.rows)
    json.member("dims", facts.dimension)
    json.member("type", facts.elementType)
    json.member("metric", facts.metric)
    json.member("indexes", facts.indexes.map(\.kind))
    json.member("index_bytes", facts.indexes.reduce(UInt64(0)) { $0 + $1.bytes })
    json.member("stored_bytes", facts.storedBytes)
    json.member("bytes_per_row", facts.bytesPerRow)
    json.member("vector_bytes", facts.vectorBytes)
    if let build = facts.build {
      json.member("build_s", build.importSeconds + build.indexSeconds)
      json.member("import_s", build.importSeconds)
      json.member("index_s", build.indexSeconds)
    }
    json.endObject()
    json.member("queries", facts.queryCount)
    json.member("k", facts.k)
    json.member("runs", options.runs)
    json.member("truth", facts.truth)
    json.key("results")
    json.beginArray()
    for result in results {
      json.beginObject()
      for column in BenchColumn.all { column.append(result, to: &json) }
      json.endObject()
    }
    json.endArray()
    json.key("at_recall")
    json.beginArray()
    for curve in BenchCurve.all(results) {
      for target in options.recallTargets {
        json.beginObject()
        json.member("suite", curve.suite.rawValue)
        json.member("recall", target)
        json.key("per_second")
        if let rate = curve.rate(at: target) { json.value(rate) } else { json.null() }
        json.endObject()
      }
    }
    json.endArray()
    if let minimum = options.minimumRecall {
      json.member("min_recall", minimum)
      json.member("is_met", !results.contains { $0.isDefault && ($0.recall ?? 1) < minimum })
    }
    if results.contains(where: { $0.filter != nil }) {
      json.member("is_complete", BenchReport.shortfall(results) == nil)
    }
    try JSONOutput.end(json, to: context)
  }
}

extension NumberText {
  /// A number with three significant digits, or without decimals from 100 on, thousands grouped.
  static func rounded(_ value: Double) -> String {
    guard value.isFinite, value >= 0, value < 1e15 else { return "\(value)" }
    return value >= 100 ? grouped(UInt64(value.rounded())) : significant(value)
  }

  /// A short decimal number as it would be written: 0.95.
  static func plain(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
  }

  /// `1.23 ms`, `45.6 µs`, `2.1 s`.
  static func duration(_ nanoseconds: Int64) -> String {
    let value = Double(max(0, nanoseconds))
    if value < 1e6 { return "\(significant(value / 1e3)) µs" }
    if value < 1e9 { return "\(significant(value / 1e6)) ms" }
    return "\(fixed(value / 1e9, 2)) s"
  }
}
