package import CommandLineParsing

/// The command `vdb bench`.
package enum BenchCommand: ToolCommand {
  package static let dataset = Option(
    "dataset", .path(.file), "PATH",
    summary: "Measure on this data: an .hdf5 file of ann-benchmarks, or a folder of .fvecs",
    details:
      "A folder holds one file each whose name ends in `base`, `query` and, if there is one, `groundtruth` or `gt`, as .fvecs, .bvecs and .ivecs; its metric is l2 unless `--metric` says otherwise, that of an .hdf5 file stands in it. The vectors are imported into COLLECTION, which must not exist or hold just them, or into a temporary collection."
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
    summary:
      "What to measure: \(BenchSuite.allCases.map(\.rawValue).joined(separator: ", ")) (default: search,batch)",
    details:
      "`search`: one query at a time in this process. `batch`: all queries in one call. `cold`: a new process for every query, with the collection in the page cache and dropped from it. `insert`: durable transactions of one and of 1,000 rows. `import`: a file into a new collection. `delete`: searches after 10, 25, 50 and 75 % of the rows were deleted, and after compacting. What writes works on temporary copies."
  )
  package static let k = Option(
    "k", short: "k", .integer(1...10_000), "N", default: "10", summary: "Rows to find for each query")
  package static let efforts = Option(
    "efforts", .integer(1...1_000_000), "LIST", repetition: .commaList,
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
      "The collection itself is only read. Writing suites make temporary collections beside it, or in the folder of `--tmpdir`, and remove them.",
    ],
    operands: [
      Operand("COLLECTION", .optional, .path(.collection), summary: "the collection's folder")
    ],
    options: [
      queries, dataset, suite, k, truth, truthOut, CreateCommand.metric.withoutDefault(), runs, efforts,
      recallTargets, minRecall, limit,
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
    ],
    examples: [
      Example("vdb bench docs.vdb --queries q.npy", "Measure searches of a collection."),
      Example(
        "vdb bench --dataset glove-100-angular.hdf5 --plot glove.svg",
        "Measure on a public data set and draw it."),
      Example(
        "vdb bench docs.vdb --queries q.npy --suite search,cold,delete --min-recall 0.95 --json",
        "Let a script watch what users get."),
    ],
    exitNotes: ExitNotes.sorted(
      [
        ExitNote(1, "--min-recall was not reached"), ExitNotes.note(.badInput),
        ExitNote(7, "an output file exists already, or COLLECTION does not hold the data set"),
        ExitNotes.note(.noSpace),
      ], ExitNotes.reading),
    seeAlso: ["gen", "search", "info"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    var run = try BenchRun(context)
    try run.run()
    context.exitStatus = run.isBelowMinimum ? .negative : .ok
  }
}
