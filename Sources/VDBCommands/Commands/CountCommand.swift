package import CommandLineParsing

/// The command `vdb count`.
package enum CountCommand: ToolCommand {
  package static let command = Command(
    "count", group: "Rows out", summary: "print the number of records",
    description: ["Prints the number of records as a bare number. No record is read."],
    operands: [Operands.collection],
    sharedOptions: SharedOptions.writing + SharedOptions.collection,
    examples: [Example("vdb count docs.vdb", "Print how many records there are.")],
    exitNotes: ExitNotes.sorted([], ExitNotes.reading), seeAlso: ["info", "scan"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    throw notConnectedYet(context)
  }
}
