package import CommandLineParsing
import VectorDatabase
import VectorIndexes

/// The command `vdb rebuild-index`.
package enum RebuildIndexCommand: ToolCommand {
  package static let kind = Option(
    "kind", .choice(IndexChoice.names.filter { $0 != "none" }), default: "auto",
    summary: "The kind of index to build",
    details:
      "`flat` keeps codes of 8 bits beside the vectors, with which exact searches read a quarter of the bytes; it takes the place of that kind only. `auto` builds for every segment what pays and leaves exactly that."
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
    options: [kind, onlyMissing, seed],
    sharedOptions: SharedOptions.changing + [SharedOptions.threads, SharedOptions.memoryLimit],
    examples: [
      Example("vdb rebuild-index docs.vdb", "Build what pays for every segment."),
      Example("vdb rebuild-index docs.vdb --kind flat --only-missing", "Give every segment its codes."),
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
