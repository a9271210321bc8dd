package import CommandLineParsing

/// The command `vdb scan`.
package enum ScanCommand: ToolCommand {
  package static let limit = Option("limit", .integer(0...Int64.max), "N", summary: "Print at most N records")
  package static let after = Option(
    "after", .text, "CURSOR", summary: "Go on behind the record where an earlier page ended",
    details: "The cursor is the member `next` of the page's last line.")
  package static let with = Option(
    "with", .choice(["payload", "vector", "meta"]), "PARTS", repetition: .commaList,
    summary: "Parts to print: payload, vector, meta (default: payload)")
  package static let idsOnly = Option("ids-only", .flag, summary: "Print ids only, one a line")

  package static let command = Command(
    "scan", group: "Rows out", summary: "print records in the order of their arrival",
    description: [
      "Prints all records, or a page of them, as JSON Lines in the order in which they came.",
      "With `--json` a page ends with a line whose schema is `vdb.page/1`; its member `next` is the cursor for the next page, and is null at the end.",
    ],
    operands: [Operands.collection],
    options: [limit, after, with, GetCommand.fields, idsOnly],
    sharedOptions: [SharedOptions.idsAsStrings] + SharedOptions.writing + SharedOptions.collection,
    exclusiveGroups: [ExclusiveGroup(["ids-only", "with"]), ExclusiveGroup(["ids-only", "fields"])],
    examples: [
      Example("vdb scan docs.vdb --limit 10", "Print the first ten records."),
      Example("vdb scan docs.vdb --ids-only", "Print all ids."),
    ],
    exitNotes: ExitNotes.sorted([], ExitNotes.reading), seeAlso: ["get", "export", "count"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    throw notConnectedYet(context)
  }
}
