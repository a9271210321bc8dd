package import CommandLineParsing

/// The command `vdb bench`.
package enum BenchCommand: ToolCommand {
  package static let dataset = Option(
    "dataset", .path(.file), "PATH",
    summary: "Measure on this data: an .hdf5 file of ann-benchmarks, or a folder of .fvecs",
    details:
      "A folder holds one file each whose name ends in `base`, `query` and, if there is one, `groundtruth` or `gt`, as .fvecs, .bvecs and .ivecs; its metric is l2 unless `--metric` says otherwise, that of an .hdf5 file stands in it. The vectors are imported into COLLECTION, which must not exist or hold just them, or into a temporary collection. Of a collection that exists the number of rows and the vectors of about 1,000 rows are compared with the data."
  )
  package static let queries = Option(
    "queries", .path(.file), "FILE", summary: "Read the queries from a file of any import format")
  package static let truth = Option(
    "truth", .path(.file), "FILE", summary: "Read the nearest rows of each query from an .ivecs file",
    details:
      "Arrival positions, as `vdb search --exact --format ivecs --positions` writes them. Without this option they are computed exactly first."
  )
  package static let truthOut = Option(
    "truth-out", .path(.file), "FILE", summary: "Keep the nearest rows that were computed as an .ivecs file")
  package static let suite = Option(
    "suite", .choice(BenchSuite.allCases.map(\.rawValue)), "SUITES", repetition: .commaList,
    summary: "What to measure (default: search,batch)",
    details:
      "`search`: one query at a time in this process. `batch`: all queries in one call. `filter`: searches among 50, 10, 1 and 0.1 % of the rows, see above. `cold`: a new process for every query, with the collection in the page cache and dropped from it. `insert`: durable transactions of one and of 1,000 rows. `import`: a file into a new collection, and its index once more. `delete`: searches after 10, 25, 50 and 75 % of the rows were deleted, and after compacting. What writes works on temporary copies, which get the index that the collection has, or else the one that an import builds."
  )
  package static let k = Option(
    "k", short: "k", .integer(1...10_000), "N", default: "10", summary: "Rows to find for each query")
  package static let efforts = Option(
    "ef", .integer(1...1_000_000), "LIST", repetition: .commaList,
    summary: "Candidates to keep in an approximate index, one curve point each (default: 10 to 512)")
  package static let recallTargets = Option(
    "recall-targets", .number(0...1), "LIST", repetition: .commaList,
    summary: "Recalls at which speed is stated (default: 0.9, 0.95, 0.99)")
  package static let minRecall = Option(
    "min-recall", .number(0...1), "R",
    summary: "End with status 1 when a search as users get it finds less than R",
    details: "Judged are searches without --exact and without a chosen effort, in every suite.")
  package static let runs = Option(
    "runs", .integer(1...1000), "N", default: "3",
    summary: "Measure N times after a warm-up, and give medians")
  package static let warmup = Option(
    "warmup", .integer(0...1000), "N", default: "1", summary: "Run N times first without measuring")
  package static let seconds = Option(
    "seconds", .number(0...86_400), "S", default: "0",
    summary: "Go on with every line for at least S seconds, however many runs that takes")
  package static let index = Option(
    "index", CreateCommand.index.kind,
    summary: "The index of the collections that bench makes (default: as an import builds it)")
  package static let filter = Option(
    "filter", .text, "FILTER", repetition: .list,
    summary: "Measure this filter on the collection itself too; may be given several times",
    details: "The language is described in vdb-filter(7).")
  package static let ownFilters = Option(
    "own-filters", .flag, summary: "Measure only the filters of --filter in the suite filter")
  package static let limit = Option(
    "limit", .integer(1...1_000_000), "N", summary: "Use only the first N queries")
  package static let inserts = Option(
    "inserts", .integer(1...1_000_000), "N", default: "1000", summary: "Single inserts to measure")
  package static let records = Option(
    "records", .path(.file), "FILE",
    summary: "The file for the suite import (default: the data set, or the collection as JSON Lines)")
  package static let dropCaches = Option(
    "drop-caches", .flag, summary: "Drop the whole page cache of the machine for cold queries",
    details:
      "Needs the rights of root and slows every other program down for a while. Without it only the collection's own files are dropped."
  )
  package static let format = SharedOptions.format(["table", "json", "csv", "tsv"])
  package static let plot = Option(
    "plot", .path(.file), "FILE", summary: "Draw recall against speed as an SVG image")

  package static let command = Command(
    "bench", group: "Tools", summary: "measure speed together with recall",
    description: [
      "Measures searches and changes of a collection, and states the machine that it ran on. No speed of a search stands without its recall: the share of the N nearest rows that was found, where rows as near as the N-th count. Imports and inserts are verified by reading everything back instead.",
      "Speeds are medians of several runs after a warm-up; latencies are percentiles over every query of every run. Rows and bytes for each query are counted, not timed, and the same on every machine.",
      "`rows/query` are rows whose distance was estimated or computed, `scored` those whose exact distance was computed, `hops` lists of a graph that were read, and `bytes/query` the bytes of vectors, codes and lists that all of this touched; for cold processes, the bytes that came from the disk. `per CPU s` is the speed in time of the processor, which other programs do not disturb.",
      "Which rows are the nearest is found by a scan of the stored vectors, without any index, unless a file says it. Where a graph is used, the recall that it promises by its own measurement stands beside the one that was measured.",
      "The suite `filter` copies the vectors into a temporary collection with fields of its own. Up to 8 of the queries are pivots; for each of them a field holds every row's place in the order of distance, and one more field its place in a random order. Comparing such a field with a number selects just the share of rows that is wanted: at random, those nearest to the pivot that is nearest to the query (correlated), or those farthest from it (anti-correlated). How far the rows of a filter are also those that the query is after is counted and printed as `near match`: the share of the N nearest rows without a filter that match it. Each of at most 200 queries parses, binds and evaluates its filter and then searches; all of that is in its time, and `filter` is the median time of the first part. `batch/s` evaluates a filter once for all queries that share it, as `vdb search --queries --filter` does. Recall is counted against the nearest of the rows that are known to match. A query that finds fewer than N rows, although as many match, ends the command with status 70 after the report.",
      "Cold queries are made after the system was asked to forget the pages of the collection's files, and after a count of the pages that it kept: a line is called `cache dropped` only if before each of its queries there were none. Folder entries and the pages of this program stay in memory unless `--drop-caches` is given.",
      "The collection itself is only read. Writing suites make temporary collections beside it, or in the folder of `--tmpdir`, and remove them.",
    ],
    operands: [
      Operand("COLLECTION", .optional, .path(.collection), summary: "the collection's folder")
    ],
    options: [
      queries, dataset, suite, k, truth, truthOut, CreateCommand.metric.withoutDefault(), runs, efforts,
      recallTargets, minRecall, warmup, seconds, limit, filter, ownFilters, index,
      plot, format, inserts, records, dropCaches,
    ],
    sharedOptions: SharedOptions.writing + SharedOptions.reading + [
      SharedOptions.threads, SharedOptions.tmpdir,
    ],
    exclusiveGroups: [
      ExclusiveGroup(["queries", "dataset"]), ExclusiveGroup(["truth", "dataset"]),
      ExclusiveGroup(["truth", "truth-out"]), ExclusiveGroup(["format", "json"]),
    ],
    dependencies: [
      Dependency("metric", needs: "dataset"), Dependency("queries", needs: "COLLECTION"),
      Dependency("own-filters", needs: "filter"),
    ],
    examples: [
      Example("vdb bench docs.vdb --queries q.npy", "Measure searches of a collection."),
      Example(
        "vdb bench --dataset glove-100-angular.hdf5 --plot glove.svg",
        "Measure on a public data set and draw it."),
      Example(
        "vdb bench docs.vdb --queries q.npy --suite filter --filter \"lang = 'en'\"",
        "Measure filters of every kind, and your own."),
      Example(
        "vdb bench docs.vdb --queries q.npy --suite search,cold,delete --min-recall 0.95 --json",
        "Let a script watch what users get."),
    ],
    exitNotes: ExitNotes.sorted(
      [
        ExitNote(1, "--min-recall was not reached"), ExitNotes.note(.badInput),
        ExitNote(7, "an output file exists already, or COLLECTION does not hold the data set"),
        ExitNotes.note(.noSpace), ExitNote(70, "a filtered search found too few rows"),
      ], ExitNotes.reading),
    seeAlso: ["gen", "search", "info"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    var run = try BenchRun(context)
    try run.run()
    context.exitStatus = run.isBelowMinimum ? .negative : .ok
  }
}
