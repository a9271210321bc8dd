import CommandLineParsing
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

/// What `search --explain` says.
struct SearchExplanation {
  private let context: CommandContext
  private let snapshot: Snapshot
  private let request: SearchRequest
  private let plan: SearchPlan
  private let filter: FilterOutcome?

  /// Writes what a search would do.
  static func write(
    _ context: CommandContext, _ snapshot: Snapshot, _ request: SearchRequest, _ filter: FilterOutcome?
  ) throws(CommandFailure) {
    let plan = snapshot.plan(request)
    if let warning = plan.warnings.first {
      SearchRun.warn(warning, others: plan.warnings.count - 1, context)
    }
    SearchRun.warn(snapshot.shortfall(request), context)
    let explanation = SearchExplanation(
      context: context, snapshot: snapshot, request: request, plan: plan, filter: filter)
    if context.isJSON { try explanation.writeJSON() } else { try explanation.writeText() }
  }

  private var kernel: String {
    let settings = snapshot.collection.settings
    return "\(InstructionSet.current.name) \(settings.elementType.name) \(settings.metric.name)"
  }

  private var bytes: UInt64 { plan.parts.reduce(0) { $0 + $1.bytes } }
  private var rows: Int { plan.parts.reduce(0) { $0 + $1.rows } }

  /// The strategy of most rows.
  private var strategy: SearchPlan.Strategy {
    var rows: [SearchPlan.Strategy: Int] = [:]
    for part in plan.parts { rows[part.strategy, default: 0] += part.rows }
    return SearchPlan.Strategy.allCases.max { rows[$0, default: 0] < rows[$1, default: 0] } ?? .scan
  }

  private var sentence: String {
    switch strategy {
    case .scan:
      "exact scan of all vectors: a fast bound for every row, the exact distance where it can matter"
    case .codes:
      "exact scan of codes of 8 bits: a bound for every row, the exact distance where it can matter"
    case .graph:
      "walk through a graph, then the exact distances of what it came near"
    case .matches:
      "scan of the codes of all matches, then the exact distances of the nearest"
    }
  }

  private func writeText() throws(CommandFailure) {
    let logRows = snapshot.state.tail.liveCount
    let segments = snapshot.manifest.segments.count
    var table = PropertyList()
    table.add("plan", sentence, strategy.rawValue)
    table.add(
      "rows",
      "\(NumberText.grouped(UInt64(rows))) in \(segments) \(segments == 1 ? "segment" : "segments") and the log (\(logRows))",
      "\(rows)")
    table.add("bytes", NumberText.bytes(bytes), "\(bytes)")
    for part in plan.parts {
      let name = part.segment.map { FileNames.segment($0) } ?? "log"
      table.add(
        name, "\(part.strategy.rawValue) of \(counted(UInt64(part.rows), "row")): \(part.reason)",
        "\(part.strategy.rawValue): \(part.reason)")
    }
    table.add("kernel", kernel)
    table.add("threads", "\(request.threads)")
    if let filter { FilterReport.append(filter, of: snapshot.liveCount, to: &table) }
    try table.write(to: context)
  }

  private func writeJSON() throws(CommandFailure) {
    var json = JSONOutput.begin(.explain)
    json.member("version", snapshot.version)
    json.member("lsn", snapshot.lsn)
    json.member("plan", strategy.rawValue)
    json.member("rows", rows)
    json.member("log_rows", snapshot.state.tail.liveCount)
    json.member("segments", snapshot.manifest.segments.count)
    json.member("bytes", bytes)
    json.member("kernel", kernel)
    json.member("threads", request.threads)
    json.key("parts")
    json.beginArray()
    for part in plan.parts {
      json.beginObject()
      json.key("segment")
      if let segment = part.segment { json.value(segment) } else { json.null() }
      json.member("strategy", part.strategy.rawValue)
      json.member("rows", part.rows)
      json.member("bytes", part.bytes)
      json.member("reason", part.reason)
      json.endObject()
    }
    json.endArray()
    if let filter { FilterReport.append(filter, to: &json) }
    try JSONOutput.end(json, to: context)
  }
}
