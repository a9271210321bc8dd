package import CommandLineParsing
import FileStorage
import MetadataFilters
import VectorDatabase

/// The command `vdb get`.
package enum GetCommand: ToolCommand {
  package static let idsFrom = Option(
    "ids-from", .path(.file), "FILE", summary: "Get the records with the ids in FILE, one a line",
    details: "`-` reads standard input.")
  package static let with = Option(
    "with", .choice(["payload", "vector", "meta"]), "PARTS", repetition: .commaList,
    summary: "Parts to print: payload, vector, meta (default: payload,vector)",
    details: "`meta` is the number of the last change and the times of creation and change.")
  package static let fields = Option(
    "fields", .text, "LIST", repetition: .commaList, summary: "Print only these metadata fields",
    details: "Dotted paths; a name that holds a dot stands in double quotes.")
  package static let missing = Option(
    "missing", .choice(["error", "null", "skip"]), default: "error",
    summary: "What to do about an id that does not exist",
    details:
      "`error` ends with status 1 after all others are printed, `null` prints a null line, `skip` leaves it out."
  )

  package static let command = Command(
    "get", group: "Rows out", summary: "print records by id",
    description: [
      "Prints records as JSON Lines in the order in which their ids were given.",
      "With a filter alone, all records that match are printed in the order of their arrival. With ids as well, an id whose record does not match is as one that does not exist.",
      "With `--json` every line has the member `schema` too. With `-q` nothing is printed and the status says whether all ids exist, or whether any record matches.",
    ],
    operands: [Operands.collection, Operand("ID", .any, summary: "ids of the records")],
    options: [idsFrom] + SharedOptions.filtering + [with, fields, missing],
    sharedOptions: [SharedOptions.idsAsStrings] + SharedOptions.writing + SharedOptions.reading + [
      SharedOptions.threads
    ],
    exclusiveGroups: [ExclusiveGroup(["ID", "ids-from"]), SharedOptions.filterGroup],
    dependencies: SharedOptions.filterDependencies,
    examples: [
      Example("vdb get docs.vdb doc-17 doc-18", "Print two records."),
      Example("vdb get docs.vdb doc-17 --with payload --fields title,year", "Print two fields of one."),
      Example("vdb get docs.vdb --filter \"author.name = 'Ada'\"", "Print the records that match."),
    ],
    exitNotes: ExitNotes.sorted(
      [ExitNote(1, "an id does not exist, or no record matches")], ExitNotes.reading, done: "all ids exist"),
    seeAlso: ["scan", "search", "export"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    let parts =
      RecordParts(context, with) ?? (context.arguments.isGiven(fields) ? [.payload] : [.payload, .vector])
    let lines = try RecordLines(context, idsOnly: false, parts: parts)
    let isQuiet = context.arguments.count(GlobalOptions.quiet) > 0
    let missing = context.arguments.text(missing) ?? "error"
    let filter = try FilterArguments(context)
    let hasIDs = context.arguments.operands.count > 1 || context.arguments.isGiven(idsFrom)
    guard hasIDs || filter != nil else {
      throw CommandFailure(
        .usage, code: "missing-operand", "'get' needs an ID, --ids-from or --filter", showsHelp: true)
    }
    let snapshot = try context.openSnapshot()
    let outcome = try context.filtered(snapshot, filter)
    if !hasIDs, let outcome {
      if outcome.count == 0 { context.exitStatus = .negative }
      if isQuiet { return }
      return try context.forEachRow(of: snapshot, in: outcome.rows) { (location) throws(CommandFailure) in
        try lines.write(location, snapshot)
        return true
      }
    }
    var lost: [RecordID] = []
    var lostCount = 0
    let output = context.output
    var ids = try IDArguments(
      Array(context.arguments.operands(from: 1)), orFrom: idsFrom, type: snapshot.collection.settings.idType,
      context)
    while let id = try ids.next() {
      try context.checkForStop()
      let location = try engine { () throws(DatabaseError) in try snapshot.state.find(id) }
      guard let location, outcome?.rows.contains(location) ?? true else {
        if missing == "skip", !isQuiet { continue }
        lostCount += 1
        if lost.count < 3 { lost.append(id) }
        if missing == "null", !isQuiet { try output.write("null\n") }
        continue
      }
      if isQuiet { continue }
      try lines.write(id, location, snapshot)
    }
    guard lostCount > 0, missing == "error" || isQuiet else { return }
    context.exitStatus = .negative
    if isQuiet { return }
    let names = lost.map(\.display).joined(separator: ", ")
    context.messages.warning(
      lostCount <= lost.count
        ? "no such id: \(names)"
        : "no such id: \(names) and \(NumberText.grouped(UInt64(lostCount - lost.count))) more")
  }
}
