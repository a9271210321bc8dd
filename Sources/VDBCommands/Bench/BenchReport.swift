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
  var indexes: [String] = []
  var storedBytes: UInt64 = 0
  var vectorBytes = 0
  var queryCount = 0
  var k = 0
  /// Where the true answers come from.
  var truth = ""
  /// How long it took to make the collection from the data set; nil when it was there.
  var buildSeconds: Double?

  /// Takes what is known of a collection.
  mutating func describe(
    _ snapshot: Snapshot, _ info: CollectionInfo, _ options: BenchOptions
  ) {
    let settings = snapshot.collection.settings
    rows = snapshot.liveCount
    dimension = settings.dimension
    elementType = settings.elementType.name
    metric = settings.metric.name
    indexes = Set(snapshot.manifest.indexes.map { "\($0.kind)" }).sorted()
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
      try table(isPlain: true).write(context.format(BenchCommand.format), to: context)
    default: try writeText(context)
    }
  }

  private func writeText(_ context: CommandContext) throws(CommandFailure) {
    var text = "machine   \(facts.machine.text)\n"
    text +=
      "data      \(facts.name): \(NumberText.grouped(UInt64(facts.rows))) rows, \(facts.dimension)-d \(facts.elementType), \(facts.metric), \(facts.indexes.isEmpty ? "no index" : "index: " + facts.indexes.joined(separator: ", "))\n"
    text +=
      "size      \(NumberText.bytes(facts.storedBytes)), \(NumberText.fixed(facts.bytesPerRow, 0)) bytes a row, \(facts.vectorBytes) of them the vector"
    if let seconds = facts.buildSeconds { text += "; built in \(NumberText.fixed(seconds, 2)) s" }
    text += "\n"
    if !facts.truth.isEmpty {
      text +=
        "queries   \(NumberText.grouped(UInt64(facts.queryCount))), k = \(facts.k), recall by distance against \(facts.truth), medians of \(options.runs) runs\n"
    }
    try context.output.write(text + "\n")
    try table(isPlain: false).write("table", to: context)
    let targets = curveTable()
    if !targets.isEmpty {
      try context.output.write("\n")
      try targets.write("table", to: context)
    }
  }

  private static let columns: [(title: String, alignment: Table.Alignment)] = [
    ("suite", .left), ("method", .left), ("condition", .left), ("threads", .right), ("recall", .right),
    ("per second", .right), ("per CPU s", .right), ("p50", .right), ("p95", .right), ("p99", .right),
    ("rows/query", .right), ("scored", .right), ("bytes/query", .right), ("peak memory", .right),
    ("bytes/row", .right), ("input", .right), ("verified", .left),
  ]

  /// Every line; columns that none of them fills are left out for people.
  private func table(isPlain: Bool) -> Table {
    let lines = results.map { cells($0, isPlain: isPlain) }
    let used = BenchReport.columns.indices.filter { column in
      isPlain || lines.contains { !$0[column].isEmpty }
    }
    var table = Table(used.map { BenchReport.columns[$0] })
    for line in lines { table.add(used.map { line[$0] }) }
    return table
  }

  private func cells(_ result: BenchResult, isPlain: Bool) -> [String] {
    func number(_ value: Double?) -> String {
      guard let value else { return "" }
      return isPlain ? "\(value)" : NumberText.rounded(value)
    }
    func time(_ nanoseconds: Int64?) -> String {
      guard let nanoseconds else { return "" }
      return isPlain ? "\(nanoseconds)" : NumberText.duration(nanoseconds)
    }
    func bytes(_ value: Double?) -> String {
      guard let value else { return "" }
      return isPlain ? "\(value)" : NumberText.bytes(UInt64(max(0, value)))
    }
    var proof = ""
    if case .readBack(let text) = result.proof { proof = text }
    return [
      result.suite.rawValue, result.method, result.condition, "\(result.threads)",
      result.recall.map { isPlain ? "\($0)" : NumberText.fixed($0, 4) } ?? "", number(result.rate),
      number(result.ratePerCPU), time(result.latency?.median), time(result.latency?.ninetyFifth),
      time(result.latency?.ninetyNinth), number(result.rowsCompared), number(result.rowsScored),
      bytes(result.bytesTouched), bytes(result.peakBytes.map { Double($0) }), number(result.bytesPerRow),
      result.inputRate.map { isPlain ? "\($0)" : "\(NumberText.rounded($0 / 1e6)) MB/s" } ?? "", proof,
    ]
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
    json.member("indexes", facts.indexes)
    json.member("stored_bytes", facts.storedBytes)
    json.member("bytes_per_row", facts.bytesPerRow)
    json.member("vector_bytes", facts.vectorBytes)
    if let seconds = facts.buildSeconds { json.member("build_s", seconds) }
    json.endObject()
    json.member("queries", facts.queryCount)
    json.member("k", facts.k)
    json.member("runs", options.runs)
    json.member("truth", facts.truth)
    json.key("results")
    json.beginArray()
    for result in results { append(result, to: &json) }
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
    try JSONOutput.end(json, to: context)
  }

  private func append(_ result: BenchResult, to json: inout CommandLineParsing.JSONText) {
    json.beginObject()
    json.member("suite", result.suite.rawValue)
    json.member("method", result.method)
    if !result.condition.isEmpty { json.member("condition", result.condition) }
    if let effort = result.effort { json.member("effort", effort) }
    json.member("is_default", result.isDefault)
    json.member("threads", result.threads)
    switch result.proof {
    case .recall(let share): json.member("recall", share)
    case .readBack(let text): json.member("verified", text)
    }
    json.member("per_second", result.rate)
    if let rate = result.ratePerCPU { json.member("per_cpu_second", rate) }
    if let latency = result.latency {
      json.member("p50_ns", latency.median)
      json.member("p95_ns", latency.ninetyFifth)
      json.member("p99_ns", latency.ninetyNinth)
    }
    if let rows = result.rowsCompared { json.member("rows_per_query", rows) }
    if let rows = result.rowsScored { json.member("scored_per_query", rows) }
    if let bytes = result.bytesTouched { json.member("bytes_per_query", bytes) }
    if let bytes = result.peakBytes { json.member("peak_bytes", bytes) }
    if let bytes = result.bytesPerRow { json.member("bytes_per_row", bytes) }
    if let rate = result.inputRate { json.member("input_bytes_per_second", rate) }
    json.endObject()
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
