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
      "The cursor is the member `next` of the page's last line. When records have changed since then, the command fails with status 7, unless the page was in the order of a field: then it goes on behind that value and id."
  )
  package static let orderBy = Option(
    "order-by", .text, "FIELD[:desc]", summary: "Print in the order of a field, and of ids where it is equal",
    details:
      "FIELD is a dotted path, `$id`, `$created` or `$updated`. Booleans come before numbers and numbers before strings; records without such a value come last. `:desc` turns the order of the values around, not that of the ids."
  )
  package static let with = Option(
    "with", .choice(["payload", "vector", "meta"]), "PARTS", repetition: .commaList,
    summary: "Parts to print: payload, vector, meta (default: payload)")
  package static let idsOnly = Option("ids-only", .flag, summary: "Print ids only, one a line")

  package static let command = Command(
    "scan", group: "Rows out", summary: "print records in the order of their arrival or of a field",
    description: [
      "Prints all records, those that match a filter, or a page of them, as JSON Lines in the order in which they came.",
      "With `--json` a page ends with a line whose schema is `vdb.page/1`; its member `next` is the cursor for the next page, and is null at the end. The other options must be the same for every page.",
    ],
    operands: [Operands.collection],
    options: SharedOptions.filtering + [orderBy, limit, after, with, GetCommand.fields, idsOnly],
    sharedOptions: [SharedOptions.idsAsStrings] + SharedOptions.writing + SharedOptions.reading + [
      SharedOptions.threads
    ],
    exclusiveGroups: [
      ExclusiveGroup(["ids-only", "with"]), ExclusiveGroup(["ids-only", "fields"]), SharedOptions.filterGroup,
    ],
    dependencies: SharedOptions.filterDependencies,
    examples: [
      Example("vdb scan docs.vdb --limit 10", "Print the first ten records."),
      Example(
        "vdb scan docs.vdb --filter \"lang = 'en'\" --order-by year:desc --limit 20",
        "Print the twenty newest records that match."),
      Example("vdb scan docs.vdb --ids-only", "Print all ids."),
    ],
    exitNotes: ExitNotes.sorted(
      [
        ExitNote(
          7, "the output file exists already, or records have changed since the cursor of --after was made")
      ],
      ExitNotes.reading), seeAlso: ["get", "export", "count", "sample"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    let arguments = context.arguments
    let lines = try RecordLines(context, idsOnly: arguments.flag(idsOnly))
    let filter = try FilterArguments(context)
    let order = try arguments.text(orderBy).map { (text) throws(CommandFailure) in
      try FieldArgument.order(text, orderBy)
    }
    let cursor = try arguments.text(after).map { (text) throws(CommandFailure) in
      try ScanCursor(text, isOrdered: order != nil)
    }
    let snapshot = try context.openSnapshot()
    try cursor?.requireUnchanged(snapshot)
    let outcome = try context.filtered(snapshot, filter)
    let most = arguments.integer(limit).map { Int(clamping: $0) } ?? Int.max
    let (count, next) =
      if let order {
        try ordered(snapshot, outcome, order, cursor, most, lines, context)
      } else {
        try inArrivalOrder(snapshot, outcome, cursor, most, lines, context)
      }
    guard context.isJSON else {
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

  private static func inArrivalOrder(
    _ snapshot: Snapshot, _ outcome: FilterOutcome?, _ cursor: ScanCursor?, _ most: Int, _ lines: RecordLines,
    _ context: CommandContext
  ) throws(CommandFailure) -> (count: Int, next: String?) {
    let first = cursor?.position ?? 0
    var count = 0
    if most > 0 {
      try context.forEachRow(of: snapshot, in: outcome?.rows, skipping: first) {
        (location) throws(CommandFailure) in
        count += 1
        try lines.write(location, snapshot)
        return count < most
      }
    }
    let isMore = first + count < outcome?.count ?? snapshot.liveCount
    return (count, isMore ? ScanCursor(snapshot, position: first + count).text : nil)
  }

  private static func ordered(
    _ snapshot: Snapshot, _ outcome: FilterOutcome?, _ order: RowOrder, _ cursor: ScanCursor?, _ most: Int,
    _ lines: RecordLines, _ context: CommandContext
  ) throws(CommandFailure) -> (count: Int, next: String?) {
    let after = try cursor?.place.map { (place) throws(CommandFailure) in
      (value: place.value, id: try IDArguments.parse(place.id, type: snapshot.collection.settings.idType))
    }
    // One more than wanted tells whether there are more.
    let rows = try engine { () throws(DatabaseError) in
      try snapshot.ordered(
        outcome?.rows ?? snapshot.allRows, by: order, after: after, limit: most == Int.max ? most : most + 1)
    }
    let page = rows.prefix(most)
    for (index, row) in page.enumerated() {
      if index & 255 == 0 { try context.checkForStop() }
      try lines.write(row.location, snapshot)
    }
    let last = page.last.map { ScanCursor(value: $0.value, id: $0.id.display).text }
    return (page.count, rows.count > page.count ? last ?? cursor?.text : nil)
  }
}
