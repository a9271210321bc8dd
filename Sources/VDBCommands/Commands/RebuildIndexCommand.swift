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
  package static let force = Option(
    "force", short: "f", .flag, summary: "Graph: take it although it finds less than is promised",
    details:
      "Before a new graph takes the place of an old one, records that it was not measured with are searched for, each left out of its own search. When it finds less than it promises, or less than the old one promises where it promises nothing itself, the old one stays and the status is 1."
  )
  package static let background = Option(
    "background", .flag, summary: "Build in a process of its own and return at once",
    details:
      "The process goes on when the terminal is closed. It notes how far it is in `rebuild.status`, and what it says in `rebuild.log`, both in the collection's folder. When it is killed, the old indexes stay in use and nothing needs repair. For the swap at the end it waits for its turn to write as long as it takes."
  )
  package static let status = Option(
    "status", .flag, summary: "Say how far the background build is, or how it ended",
    details:
      "The status is 0 while it is at work and after it has ended well, or when there has been none; 1 when it was refused, cancelled or killed, or failed."
  )
  package static let wait = Option(
    "wait", .flag, summary: "Wait for the background build and end with its status",
    details: "The status is 1 when it was refused, cancelled or killed.")
  package static let cancel = Option(
    "cancel", .flag, summary: "End the background build; the old indexes stay",
    details: "The status is 1 when there is none, or when it has ended before.")

  package static let command = Command(
    "rebuild-index", group: "Upkeep", summary: "build the indexes anew",
    description: [
      "Derives index files from the segments and puts them in the place of the old ones in one step. Searches and writes go on meanwhile; a build that is interrupted leaves the old indexes.",
      "With `--background` the work is done by a process of its own. Searches go on by the old indexes until the new ones have proved themselves; records that are added or deleted meanwhile are where they belong, as the index is of whole segments and the search adds the rest. An index whose segment was replaced meanwhile is dropped. Until it ends, a compaction and a second build wait as long as `--lock-timeout` says, and name it.",
      "An index holds no records: without it every answer is the same, only slower. Records that are still in the log are first moved into a segment, where they are enough for an index to pay.",
    ],
    operands: [Operands.collection],
    options: [
      kind, m, efConstruction, quality, queries, onlyMissing, seed, force, background, status, wait, cancel,
    ],
    sharedOptions: SharedOptions.changing + [SharedOptions.threads, SharedOptions.memoryLimit],
    exclusiveGroups: [
      ExclusiveGroup(["ef-construction", "quality"]),
      ExclusiveGroup(["background", "status", "wait", "cancel", "dry-run"]),
    ],
    examples: [
      Example("vdb rebuild-index docs.vdb", "Build what pays for every segment."),
      Example("vdb rebuild-index docs.vdb --kind flat --only-missing", "Give every segment its codes."),
      Example("vdb rebuild-index docs.vdb --kind graph --quality high", "Build graphs for a high recall."),
      Example("vdb rebuild-index docs.vdb --background", "Build while everything else goes on."),
      Example("vdb rebuild-index docs.vdb --status", "See how far it is."),
    ],
    exitNotes: ExitNotes.sorted(
      [
        ExitNote(
          1,
          "a new graph finds less than was promised and was refused; or what --status, --wait and --cancel say"
        )
      ], ExitNotes.writing, done: "the indexes are built and durable, or there was nothing to build"),
    isMutating: true, seeAlso: ["import", "search", "compact", "verify"])

  /// Does the work of the command.
  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    let arguments = context.arguments
    let isBuilder = BackgroundBuilding.isBuilder(context)
    if arguments.flag(background), !isBuilder { return try BackgroundBuilding.start(&context) }
    let start = MonotonicClock.now()
    let collection = try context.openCollection()
    if arguments.flag(status) || arguments.flag(wait) || arguments.flag(cancel) {
      var report = try BackgroundReport(context, collection)
      if arguments.flag(status) { return try report.writeStatus(&context.exitStatus) }
      if arguments.flag(wait) { return try report.wait(&context.exitStatus) }
      return try report.cancel(&context.exitStatus)
    }
    try context.requireWritable(collection)
    let request = try request(context, collection)
    if arguments.flag(background) { return try BackgroundBuilding.build(&context, collection, request) }
    let report: IndexReport
    if context.isDryRun {
      let snapshot = try engine { () throws(DatabaseError) in try Snapshot.open(collection) }
      report = IndexBuilder.dryRun(snapshot, request)
    } else {
      try context.checkForStop()
      report = try context.buildIndexes(collection, request)
    }
    IndexText(report, start: start, isDryRun: context.isDryRun, choice: request.choice).tell(context)
    if context.isDryRun, !report.built.isEmpty { context.suggest("rebuild-index", context.collectionWord) }
    try adviseCompaction(context, collection)
    if report.isRefused { context.exitStatus = .negative }
    guard context.isJSON else { return }
    var json = JSONOutput.begin(.rebuildIndex)
    json.member("collection", context.collectionPath)
    IndexText.append(report, to: &json)
    json.member("kept", report.kept)
    json.member("removed", report.removed)
    json.member("dropped", report.dropped)
    json.member("refused", report.refused.count { !$0.isTaken })
    json.member("elapsed_ms", UInt64(max(0, MonotonicClock.now() - start)) / 1_000_000)
    json.member("dry_run", context.isDryRun)
    json.member("version", report.version)
    try JSONOutput.end(json, to: context)
  }

  /// A graph is of all rows of its segment: what makes it slow when many of them are deleted, no build of it mends.
  private static func adviseCompaction(
    _ context: CommandContext, _ collection: Collection
  ) throws(CommandFailure) {
    let info = try engine { () throws(DatabaseError) in try CollectionInfo.read(collection) }
    for case .compactDead(let rows, let share) in UpkeepAdvice.all(info) {
      context.messages.note(
        "\(NumberText.fixed(share * 100, 0)) % of the rows of some segments, \(NumberText.grouped(rows)), are deleted, and in their indexes all the same: vdb compact \(context.collectionWord) takes them out"
      )
    }
  }

  /// What the options ask for.
  private static func request(
    _ context: CommandContext, _ collection: Collection
  ) throws(CommandFailure) -> IndexRequest {
    let arguments = context.arguments
    var request = IndexRequest()
    request.choice = arguments.text(kind).flatMap { IndexChoice(name: $0) } ?? .automatic
    request.onlyMissing = arguments.flag(onlyMissing)
    request.movesLog = true
    var proof = IndexProof()
    proof.takesWorse = arguments.flag(force)
    request.proof = proof
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
    return request
  }
}
