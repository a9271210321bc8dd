package import CommandLineParsing
import FileStorage
import MetadataFilters
import VectorDatabase

/// The command `vdb scan`.
package enum ScanCommand: ToolCommand {
  package static let limit = Option("limit", .integer(0...Int64.max), "N", summary: "Print at most N records")
  package static let after = Option(
    "after", .text, "CURSOR", summary: "Go on behind the record where an earlier page ended",
    details:
      "The cursor is the member `next` of the page's last line. When records have changed since then, the command fails with status 7."
  )
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
    sharedOptions: [SharedOptions.idsAsStrings] + SharedOptions.writing + SharedOptions.reading,
    exclusiveGroups: [ExclusiveGroup(["ids-only", "with"]), ExclusiveGroup(["ids-only", "fields"])],
    examples: [
      Example("vdb scan docs.vdb --limit 10", "Print the first ten records."),
      Example("vdb scan docs.vdb --ids-only", "Print all ids."),
    ],
    exitNotes: ExitNotes.sorted(
      [
        ExitNote(
          7, "the output file exists already, or records have changed since the cursor of --after was made")
      ],
      ExitNotes.reading), seeAlso: ["get", "export", "count"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    let arguments = context.arguments
    let printer = try RecordPrinter(
      context, parts: RecordParts(context, with) ?? [.payload], fields: GetCommand.fields)
    let cursor = try arguments.text(after).map { (text) throws(CommandFailure) in try ScanCursor(text) }
    let snapshot = try context.openSnapshot()
    try cursor?.requireUnchanged(snapshot)
    let first = cursor?.position ?? 0
    let most = arguments.integer(limit).map { Int(clamping: $0) } ?? Int.max
    let (onlyIDs, isJSON, output) = (arguments.flag(idsOnly), context.isJSON, context.output)
    if !onlyIDs || isJSON { output.writesJSON() }
    var count = 0
    var json = JSONWriter()
    if most > 0 {
      try context.forEachRow(of: snapshot, skipping: first) { (location) throws(CommandFailure) in
        let id = try engine { () throws(DatabaseError) in try snapshot.state.id(at: location) }
        count += 1
        if onlyIDs, !isJSON {
          try output.write(id.display + "\n")
          return count < most
        }
        json.bytes.removeAll(keepingCapacity: true)
        json.beginObject()
        if isJSON {
          json.key("schema")
          json.value("vdb.record/1")
        }
        json.key("id")
        printer.append(id, to: &json)
        if !onlyIDs { try printer.appendParts(of: location, snapshot, to: &json) }
        json.endObject()
        json.newline()
        try output.write(json.bytes)
        return count < most
      }
    }
    let next = first + count < snapshot.liveCount ? ScanCursor(snapshot, position: first + count).text : nil
    guard isJSON else {
      if let next { context.messages.note("more records follow: --after \(next)") }
      return
    }
    var page = JSONOutput.begin(.page)
    page.member("version", snapshot.version)
    page.member("lsn", snapshot.lsn)
    page.member("count", count)
    page.key("next")
    if let next { page.value(next) } else { page.null() }
    try JSONOutput.end(page, to: context)
  }
}
