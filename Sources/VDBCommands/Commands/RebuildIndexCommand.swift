package import CommandLineParsing
import VectorDatabase
import VectorIndexes

/// The command `vdb rebuild-index`.
package enum RebuildIndexCommand: ToolCommand {
  package static let kind = Option(
    "kind", .choice(IndexChoice.names.filter { $0 != "none" }), default: "auto",
    summary: "The kind of index to build",
    details:
      "`flat` keeps codes of 8 bits beside the vectors, with which exact searches read a quarter of the bytes. `graph` joins the records to a graph, with which searches find nearly all of the nearest and look at few records. Either takes the place of that kind only. `auto` builds for every segment what pays and leaves exactly that. `hnsw` is another name of `graph`: a graph of one layer, where a small router takes the place of the upper ones."
  )
  package static let m = Option(
    "m", .integer(4...64), "M", default: "16", summary: "Graph: half the neighbours of a record",
    details:
      "As in HNSW, whose lowest layer has twice M. More neighbours find more with the same ef, and take more space."
  )
  package static let efConstruction = Option(
    "ef-construction", .integer(1...100_000), "N", default: "200", summary: "Graph: build quality",
    details: "Up to 100 is --quality fast, up to 300 standard, above high: there are these three.")
  package static let quality = Option(
    "quality", .choice(GraphParameters.Quality.allCases.map(\.rawValue)), default: "standard",
    summary: "Graph: build quality",
    details:
      "`fast` takes about two thirds of the time; `high` half as much again, for a recall of 0.99 and more.")
  package static let queries = Option(
    "queries", .path(.file), "FILE", summary: "Graph: measure its recall with these queries",
    details:
      "A file of any import format. Without it records of the collection are used, each left out of its own search; real queries may be harder."
  )
  package static let onlyMissing = Option(
    "only-missing", .flag, summary: "Leave segments alone that have a usable index")
  package static let seed = Option(
    "seed", .integer(0...Int64.max), "N", default: "1", summary: "What everything random is drawn from",
    details: "The same records and the same seed give the same bytes, for every number of threads.")

  package static let command = Command(
    "rebuild-index", group: "Upkeep", summary: "build the indexes anew",
    description: [
      "Derives index files from the segments and puts them in the place of the old ones in one step. Searches and writes go on meanwhile; a build that is interrupted leaves the old indexes.",
      "An index holds no records: without it every answer is the same, only slower. Records that are still in the log are first moved into a segment, where they are enough for an index to pay.",
    ],
    operands: [Operands.collection],
    options: [kind, m, efConstruction, quality, queries, onlyMissing, seed],
    sharedOptions: SharedOptions.changing + [SharedOptions.threads, SharedOptions.memoryLimit],
    exclusiveGroups: [ExclusiveGroup(["ef-construction", "quality"])],
    examples: [
      Example("vdb rebuild-index docs.vdb", "Build what pays for every segment."),
      Example("vdb rebuild-index docs.vdb --kind flat --only-missing", "Give every segment its codes."),
      Example("vdb rebuild-index docs.vdb --kind graph --quality high", "Build graphs for a high recall."),
    ],
    exitNotes: ExitNotes.sorted(
      [], ExitNotes.writing, done: "the indexes are built and durable, or there was nothing to build"),
    isMutating: true, seeAlso: ["import", "search", "compact", "verify"])

  /// Does the work of the command.
  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    let arguments = context.arguments
    let start = MonotonicClock.now()
    let collection = try context.openCollection()
    try context.requireWritable(collection)
    var request = IndexRequest()
    request.choice = arguments.text(kind).flatMap { IndexChoice(name: $0) } ?? .automatic
    request.onlyMissing = arguments.flag(onlyMissing)
    request.movesLog = true
    request.options = context.indexOptions
    request.options.seed = arguments.integer(seed).map { UInt64($0) } ?? request.options.seed
    var graph = GraphParameters.Quality.standard
    if arguments.isGiven(efConstruction), let effort = arguments.integer(efConstruction) {
      graph = GraphParameters.Quality(efConstruction: Int(clamping: effort))
    } else if let name = arguments.text(quality), let named = GraphParameters.Quality(rawValue: name) {
      graph = named
    }
    request.options.graph = GraphParameters(
      m: Int(clamping: arguments.integer(m) ?? 16), quality: graph, seed: request.options.seed)
    request.options.queries = try CalibrationQueries.read(context, collection, queries)
    let report: IndexReport
    if context.isDryRun {
      let snapshot = try engine { () throws(DatabaseError) in try Snapshot.open(collection) }
      report = IndexBuilder.dryRun(snapshot, request)
    } else {
      try context.checkForStop()
      report = try context.buildIndexes(collection, request)
    }
    let text = IndexText(report, start: start, isDryRun: context.isDryRun, choice: request.choice)
    context.messages.note(text.sentence)
    if context.isDryRun, !report.built.isEmpty { context.suggest("rebuild-index", context.collectionWord) }
    guard context.isJSON else { return }
    var json = JSONOutput.begin(.rebuildIndex)
    json.member("collection", context.collectionPath)
    IndexText.append(report, to: &json)
    json.member("kept", report.kept)
    json.member("removed", report.removed)
    json.member("dropped", report.dropped)
    json.member("elapsed_ms", UInt64(max(0, MonotonicClock.now() - start)) / 1_000_000)
    json.member("dry_run", context.isDryRun)
    json.member("version", report.version)
    try JSONOutput.end(json, to: context)
  }
}
