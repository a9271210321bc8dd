package import CommandLineParsing

/// The command `vdb export`.
package enum ExportCommand: ToolCommand {
  package static let to = Option(
    "to", .choice(["jsonl", "json", "csv", "tsv", "npy", "fvecs", "bvecs"]), "FORMAT",
    summary: "Format to write (default: by the name of --output, else jsonl)")
  package static let noVectors = Option("no-vectors", .flag, summary: "Leave the vectors out")
  package static let vectorEncoding = Option(
    "vector-encoding", .choice(["json", "base64"]), default: "json",
    summary: "How vectors are written in text",
    details:
      "`base64` spells little-endian 32-bit floats, or for the types i8, u8 and bit the bytes as stored.")
  package static let vectorColumns = Option(
    "vector-columns", .text, "PREFIX", summary: "Give every number a CSV column: PREFIX0, PREFIX1 and so on")
  package static let idsOut = Option(
    "ids-out", .path(.file), "FILE", summary: "Write the ids of a file of bare vectors here, one a line")
  package static let payloadOut = Option(
    "payload-out", .path(.file), "FILE", summary: "Write the metadata of a file of bare vectors here")
  package static let limit = Option("limit", .integer(0...Int64.max), "N", summary: "Write at most N records")
  package static let order = Option(
    "order", .choice(["arrival", "id", "storage"]), default: "arrival", summary: "Order of the records")
  package static let spreadsheetSafe = Option(
    "spreadsheet-safe", .flag, summary: "Keep spreadsheets from running CSV cells as formulas",
    details: "Puts an apostrophe before text cells that begin with = + - @, a tab or a carriage return.")

  package static let command = Command(
    "export", group: "Rows out", summary: "write records to a file",
    description: [
      "Writes the records of one version of the collection, or those that match a filter. Importing the file again gives the same records, with the same bits in every vector.",
      "A .npy, .fvecs or .bvecs file holds vectors only; `--ids-out` and `--payload-out` keep the rest. The numbers of a .npy file have the collection's type, bits being bools; a .bvecs file takes whole numbers from 0 to 255. A CSV or TSV file keeps no types: `import --cast` gives them back.",
      "With `--json` a summary is printed on standard output when the records have gone to the file of `--output`.",
    ],
    operands: [Operands.collection],
    options: [
      to, GetCommand.fields, noVectors, vectorEncoding, vectorColumns, idsOut, payloadOut, limit, order,
      spreadsheetSafe,
    ] + SharedOptions.filtering,
    sharedOptions: SharedOptions.writing + [SharedOptions.idsAsStrings] + SharedOptions.reading + [
      SharedOptions.threads
    ],
    exclusiveGroups: [
      SharedOptions.filterGroup,
      ExclusiveGroup(["no-vectors", "vector-columns"]), ExclusiveGroup(["no-vectors", "vector-encoding"]),
      ExclusiveGroup(["vector-encoding", "vector-columns"]),
    ],
    dependencies: [Dependency("json", needs: "output")] + SharedOptions.filterDependencies,
    examples: [
      Example("vdb export docs.vdb -o docs.jsonl", "Write everything as JSON Lines."),
      Example("vdb export docs.vdb --to csv --no-vectors", "Print ids and metadata as CSV."),
      Example("vdb export docs.vdb --filter \"lang = 'de'\" -o de.jsonl", "Write the records that match."),
      Example("vdb export docs.vdb -o v.npy --ids-out ids.txt", "Write a NumPy array and its ids."),
    ],
    exitNotes: ExitNotes.sorted(
      [ExitNote(7, "the output file exists already"), ExitNotes.note(.noSpace)], ExitNotes.reading),
    seeAlso: ["import", "scan", "get"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    var run = try ExportRun(context)
    try run.run()
  }
}
