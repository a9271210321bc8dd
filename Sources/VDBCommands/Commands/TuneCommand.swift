package import CommandLineParsing
import FileStorage
import VectorDatabase
import VectorIndexes

/// The command `vdb tune`.
package enum TuneCommand: ToolCommand {
  package static let queries = Option(
    "queries", .path(.file), "FILE", summary: "Measure with these queries",
    details:
      "A file of any import format. Without it records of the collection are used, each left out of its own search; real queries may be harder."
  )
  package static let recall = Option(
    "recall", .number(0.01...0.9999), "R", default: "0.95", summary: "The recall whose price is reported")

  package static let command = Command(
    "tune", group: "Upkeep", summary: "measure anew what searches of a graph find",
    description: [
      "Searches every graph of the collection for known answers, with all sensible efforts, and stores what was found: so `search --recall` knows how far to go. A graph is measured when it is built; measure again when queries are at hand that are unlike the records, or when many records were deleted.",
      "Prints for each segment and each K the effort that the recall takes, the recall that is promised for it, and how many lists and distances a search looks at as a rule. The effort is the number of candidates that are kept at most (`ef`) and an early end: a search looks no further when the squared distance of its next candidate, among vectors made comparable, is so many times that of the K-th. Queries whose answer is clear end soon, and others go on.",
    ],
    operands: [Operands.collection],
    options: [queries, recall],
    sharedOptions: SharedOptions.changing + [SharedOptions.threads, SharedOptions.memoryLimit],
    examples: [
      Example("vdb tune docs.vdb --queries asked.jsonl", "Measure with real queries."),
      Example("vdb tune docs.vdb --recall 0.99", "Measure, and say what a recall of 0.99 takes."),
    ],
    exitNotes: ExitNotes.sorted(
      [ExitNotes.note(.badInput)], ExitNotes.writing,
      done: "the measurement is stored, or there is no graph"),
    isMutating: true, seeAlso: ["rebuild-index", "search"])

  /// Does the work of the command.
  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    let collection = try context.openCollection()
    try context.requireWritable(collection)
    let wanted = context.arguments.number(recall) ?? GraphMeasurement.usualRecall
    var request = IndexRequest()
    request.remeasures = true
    request.choice = .kind(.graph)
    request.options = context.indexOptions
    request.options.queries = try CalibrationQueries.read(context, collection, queries)
    let report: IndexReport
    if context.isDryRun {
      let snapshot = try engine { () throws(DatabaseError) in try Snapshot.open(collection) }
      report = IndexBuilder.dryRun(snapshot, request)
    } else {
      try context.checkForStop()
      report = try context.buildIndexes(collection, request)
    }
    let graphs = UInt64(report.built.count)
    if graphs == 0 {
      context.messages.note("there is no graph; vdb rebuild-index --kind graph builds one")
    } else {
      context.messages.note("\(context.isDryRun ? "would measure" : "measured") \(counted(graphs, "graph"))")
    }
    let snapshot = try engine { () throws(DatabaseError) in try Snapshot.open(collection) }
    let measurements = snapshot.graphMeasurements(recall: wanted)
    if context.isJSON {
      var json = JSONOutput.begin(.tune)
      json.member("collection", context.collectionPath)
      json.member("recall", NumberText.fixed(wanted, 4))
      json.key("graphs")
      json.beginArray()
      for measurement in measurements { append(measurement, to: &json) }
      json.endArray()
      json.member("dry_run", context.isDryRun)
      json.member("version", snapshot.version)
      return try JSONOutput.end(json, to: context)
    }
    guard !measurements.isEmpty else { return }
    var table = Table([
      ("segment", .left), ("k", .right), ("ef", .right), ("early end", .right), ("promised", .right),
      ("reached", .left),
      ("lists", .right), ("distances", .right), ("queries", .left),
    ])
    for row in measurements {
      table.add([
        FileNames.segment(row.segment), "\(row.k)", "\(row.breadth)",
        row.earlyEnd.map { NumberText.fixed($0, 3) } ?? "-", NumberText.fixed(row.promised, 4),
        row.isReached ? "yes" : "no", NumberText.fixed(row.hops, 1), NumberText.fixed(row.estimates, 1),
        row.isFromRows ? "records" : "given",
      ])
    }
    try table.write(nil, to: context)
  }

  private static func append(_ row: GraphMeasurement, to json: inout CommandLineParsing.JSONText) {
    json.beginObject()
    json.member("segment", row.segment)
    json.member("k", row.k)
    json.member("ef", row.breadth)
    if let earlyEnd = row.earlyEnd { json.member("early_end", NumberText.fixed(earlyEnd, 3)) }
    json.member("promised", NumberText.fixed(row.promised, 4))
    json.member("reached", row.isReached)
    json.member("lists", NumberText.fixed(row.hops, 1))
    json.member("distances", NumberText.fixed(row.estimates, 1))
    json.member("queries", row.isFromRows ? "records" : "given")
    json.endObject()
  }
}
