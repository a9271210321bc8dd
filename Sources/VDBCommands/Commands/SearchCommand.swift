package import CommandLineParsing
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

/// The command `vdb search`.
package enum SearchCommand: ToolCommand {
  package static let vector = Option(
    "vector", .text, "VECTOR", summary: "The query: '[0.1,0.2]', @FILE, b64:TEXT or hex:TEXT",
    details:
      "`@FILE` reads a .npy file or a JSON array, `@-` standard input, `b64:` is followed by base64 and `hex:` by hexadecimal digits of the vector's bytes: little-endian 32-bit floats, or for the types i8, u8 and bit the bytes as stored."
  )
  package static let id = Option(
    "id", .text, "ID", summary: "Search near the record with this id",
    details: "The record itself is left out of what is found.")
  package static let queries = Option(
    "queries", .path(.file), "FILE", summary: "Read many queries from a file of any import format",
    details: "`-` reads standard input.")
  package static let k = Option(
    "k", short: "k", .integer(1...1_000_000, word: "all"), "N", default: "10",
    summary: "Records to find for each query, or all")
  package static let maxDistance = Option(
    "max-distance", .number(-Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude), "D",
    summary: "Leave out records farther away than D")
  package static let minScore = Option(
    "min-score", .number(-Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude), "S",
    summary: "Leave out records whose score is below S",
    details: "The score is the cosine or the inner product; the metrics l2, l1 and hamming have none.")
  package static let offset = Option(
    "offset", .integer(0...Int64.max), "N", default: "0", summary: "Leave out the N nearest records")
  package static let after = Option(
    "after", .text, "CURSOR", summary: "Go on behind a record: DISTANCE,ID as an earlier page printed them")
  package static let exact = Option(
    "exact", .flag, summary: "Compare with every record, using no approximate index")
  package static let recall = Option(
    "recall", .number(0.01...0.9999), "R", default: "0.95",
    summary: "The share of the true nearest that an approximate index is to find",
    details:
      "How far a graph is searched for it was measured when the graph was built; where no measured effort reaches R, that is said. Without an approximate index every search is exact."
  )
  package static let effort = Option(
    "ef", .integer(1...1_000_000), "N",
    summary: "Candidates that a graph keeps, instead of what --recall asks for",
    details: "All of them are looked at; with --recall a search ends early where the answer is clear.")
  package static let with = Option(
    "with", .choice(["payload", "vector"]), "PARTS", repetition: .commaList,
    summary: "Print these parts of every hit too: payload, vector")
  package static let fields = Option(
    "fields", .text, "LIST", repetition: .commaList, summary: "Print these metadata fields of every hit too",
    details: "Dotted paths; a name that holds a dot stands in double quotes.")
  package static let format = SharedOptions.format([
    "table", "json", "jsonl", "csv", "tsv", "ids", "npy", "ivecs",
  ])
  package static let positions = Option(
    "positions", .flag, summary: "Write arrival positions instead of ids to npy and ivecs")
  package static let exitStatus = Option(
    "exit-status", short: "e", .flag, summary: "End with status 1 when nothing is found")
  package static let from = Option(
    "from", .choice(ImportCommand.formats), "FORMAT",
    summary: "Format of --queries (default: by content and name)")
  package static let explain = Option("explain", .flag, summary: "Say how the search would be done, and stop")
  package static let profile = Option(
    "profile", .flag, summary: "Say on standard error where the time went",
    details:
      "Counts are the same on every machine. Of walks through graphs, the time of each phase and the pages of 4 KiB of the index that were touched are measured for some of many queries and given for one."
  )

  package static let command = Command(
    "search", group: "Search", summary: "find the records nearest to a vector",
    description: [
      "Prints the records nearest to each query, nearest first, and at equal distance in the order of their ids. Distances are computed from the vectors as they are stored; results do not depend on the number of threads.",
      "Prints rank, id and distance: a table on a terminal, otherwise lines of TSV without a header. With `--queries` the number of the query, from 0, stands first.",
      "`--json` prints one object; with `--queries` one line for every query.",
    ],
    operands: [Operands.collection],
    options: [
      vector, id, queries, k,
    ] + SharedOptions.filtering + [
      maxDistance, minScore, fields, with, format, offset, after, exact, recall, effort, exitStatus,
      positions, from,
      SharedOptions.vectorField, explain, profile,
    ],
    sharedOptions: SharedOptions.writing + [SharedOptions.idsAsStrings] + SharedOptions.reading + [
      SharedOptions.threads
    ],
    exclusiveGroups: [
      ExclusiveGroup(["vector", "id", "queries"], isRequired: true),
      ExclusiveGroup(["max-distance", "min-score"]), ExclusiveGroup(["offset", "after"]),
      ExclusiveGroup(["format", "json"]), ExclusiveGroup(["after", "queries"]), SharedOptions.filterGroup,
      ExclusiveGroup(["exact", "recall", "ef"]),
    ],
    dependencies: [
      Dependency("from", needs: "queries"), Dependency("vector-field", needs: "queries"),
      Dependency("positions", needs: "format"),
    ] + SharedOptions.filterDependencies,
    examples: [
      Example(
        "vdb search docs.vdb --vector @query.npy -k 3 --fields title", "Find the three nearest records."),
      Example("vdb search docs.vdb --id doc-17", "Find records like one that is stored."),
      Example(
        "vdb search docs.vdb --vector @query.npy --filter \"lang = 'en' AND tags CONTAINS 'swift'\"",
        "Find the nearest of those that match."),
      Example(
        "vdb search docs.vdb --queries q.jsonl -k 100 --format ivecs --positions -o found.ivecs",
        "Answer a file of queries."),
    ],
    exitNotes: ExitNotes.sorted(
      [
        ExitNote(1, "nothing was found and --exit-status was given, or the id of --id does not exist"),
        ExitNotes.note(.badInput), ExitNote(7, "the output file exists already"),
      ], ExitNotes.reading),
    seeAlso: ["get", "scan", "import"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    let began = MonotonicClock.now()
    let writer = try SearchOutput(context)
    let filter = try FilterArguments(context)
    let snapshot = try context.openSnapshot()
    var request = try SearchArguments.request(context, snapshot)
    let opened = MonotonicClock.now()
    let outcome = try context.filtered(snapshot, filter)
    request.filter = outcome?.rows
    let filtered = MonotonicClock.now()
    if context.arguments.flag(explain) {
      request.expectedQueries = context.arguments.text(queries) == nil ? 1 : SearchSession.groupSize(request)
      request.threads = SearchArguments.threads(context, rows: snapshot.liveCount, queries: 1)
      return try SearchExplanation.write(context, snapshot, request, outcome)
    }
    var run = SearchRun(context, snapshot, request, writer)
    try run.run()
    try run.finish(&context, began: began, opened: opened, filtered: outcome == nil ? nil : filtered)
  }
}
