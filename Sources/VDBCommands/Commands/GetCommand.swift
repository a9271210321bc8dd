package import CommandLineParsing

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
      "With `-q` nothing is printed and the status says whether all ids exist.",
    ],
    operands: [Operands.collection, Operand("ID", .any, summary: "ids of the records")],
    options: [idsFrom, with, fields, missing],
    sharedOptions: [SharedOptions.idsAsStrings] + SharedOptions.writing + SharedOptions.collection,
    exclusiveGroups: [ExclusiveGroup(["ID", "ids-from"], isRequired: true)],
    examples: [
      Example("vdb get docs.vdb doc-17 doc-18", "Print two records."),
      Example("vdb get docs.vdb doc-17 --with payload --fields title,year", "Print two fields of one."),
    ],
    exitNotes: ExitNotes.sorted(
      [ExitNote(1, "an id does not exist")], ExitNotes.reading, done: "all ids exist"),
    seeAlso: ["scan", "search", "export"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    throw notConnectedYet(context)
  }
}
