package import CommandLineParsing
import DataFormats
import MetadataFilters

/// The command `vdb gen`.
package enum GenCommand: ToolCommand {
  package static let rows = Option(
    "rows", .integer(0...1_000_000_000_000), "N", isRequired: true, summary: "Records to make")
  package static let dims = Option(
    "dims", .integer(1...65_536), "N", isRequired: true, summary: "Numbers in every vector")
  package static let dist = Option(
    "dist", .choice(SyntheticDistribution.allCases.map(\.rawValue)), default: "embedding-like",
    summary: "How the vectors lie in space",
    details:
      "`gauss`: independent normal numbers. `clustered`: round clusters of equal sizes. `embedding-like`: unit vectors as models of sentences make them, with a shared mean direction, topics of very unequal sizes and few directions that matter. `adversarial`: equal rows, rows that differ in one bit, opposite rows, rows near the middle of all others, single axes, lattices full of ties, and lengths over 80 powers of two."
  )
  package static let seed = Option(
    "seed", .integer(0...Int64.max), "N", default: "1", summary: "Make other data of the same kind")
  package static let clusters = Option(
    "clusters", .integer(1...65_536), "N",
    summary: "Clusters or topics of clustered and embedding-like data (default: 256)")
  package static let normalize = Option(
    "normalize", .flag, summary: "Scale every vector to length 1",
    details: "Embedding-like vectors always have it.")
  package static let zeroVectors = Option(
    "zero-vectors", .flag, summary: "Let adversarial data hold vectors of zeros")
  package static let payload = Option(
    "payload", .text, "FIELDS", repetition: .commaList,
    summary: "Metadata fields, each NAME:KIND, NAME:KIND:N or NAME:KIND:N?SHARE",
    details:
      "Kinds: `int` (below N, 1000000), `float` (0 to 1), `bool` (true in one row of N, 2), `category` (one of N words by Zipf's law, 100), `tags` (up to five of N words, 1000), `time` (N years from 2020 on, 5), `geo`, `string` (hardly ever twice), `text` (N words, 6), `cluster` (of the vector), `axis` (its first number), `row` (the record's number). `?SHARE` gives the field to that part of the rows, such as `?0.5`. `standard` stands for one field of every kind."
  )
  package static let queries = Option(
    "queries", .integer(1...1_000_000_000), "N", summary: "Make so many queries too, drawn as the records are"
  )
  package static let queriesOut = Option(
    "queries-out", .path(.file), "FILE", summary: "Write the queries here; the name tells the format")
  package static let idType = Option(
    "id-type", .choice(["string", "int64", "uuid"]), default: "string",
    summary: "What ids are: r0, r1, ...; 0, 1, ...; or UUIDs")
  package static let to = Option(
    "to", .choice(["jsonl", "csv", "tsv", "npy", "fvecs"]), "FORMAT",
    summary: "Format to write (default: by the name of --output, else jsonl)")

  package static let command = Command(
    "gen", group: "Tools", summary: "make test data",
    description: [
      "Makes records that are the same for the same options, on every machine and for any number of threads. A record depends on its number but not on `--rows`, so a longer file begins with the shorter one. Queries are drawn as the records are, and none of them is a record.",
      "A .npy or .fvecs file holds vectors only; `--ids-out` and `--payload-out` keep the rest.",
      "With `--json` a summary is printed on standard output when the records have gone to the file of `--output`.",
    ],
    options: [
      rows, dims, dist, seed, to, payload, queries, queriesOut, clusters, normalize, zeroVectors, idType,
      ExportCommand.idsOut, ExportCommand.payloadOut,
    ],
    sharedOptions: SharedOptions.writing + SharedOptions.reading + [SharedOptions.threads],
    dependencies: [
      Dependency("json", needs: "output"), Dependency("queries", needs: "queries-out"),
      Dependency("queries-out", needs: "queries"),
    ],
    examples: [
      Example(
        "vdb gen --rows 100000 --dims 384 --queries 1000 --queries-out q.fvecs -o base.fvecs",
        "Make vectors like those of sentences, and queries."),
      Example(
        "vdb gen --rows 10000 --dims 16 --payload year:int:30,lang:category:20,tags:tags -o docs.jsonl",
        "Make records with metadata."),
    ],
    exitNotes: ExitNotes.sorted(
      [
        ExitNotes.note(.usage), ExitNote(7, "an output file exists already"), ExitNotes.note(.noSpace),
        ExitNotes.note(.ioError), ExitNotes.note(.denied), ExitNotes.note(.timeout),
      ], []),
    seeAlso: ["import", "export"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    try GenRun(context).run()
  }
}
