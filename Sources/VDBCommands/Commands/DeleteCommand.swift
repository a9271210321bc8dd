package import CommandLineParsing

/// The command `vdb delete`.
package enum DeleteCommand: ToolCommand {
  package static let idsFrom = Option(
    "ids-from", .path(.file), "FILE", summary: "Delete the records with the ids in FILE, one a line",
    details: "`-` reads standard input.")
  package static let all = Option("all", .flag, summary: "Delete every record; needs --confirm")
  package static let confirm = Option(
    "confirm", .text, "NAME", summary: "The collection's base name, to confirm --all")
  package static let expectCount = Option(
    "expect-count", .integer(0...Int64.max), "N", summary: "Fail unless exactly N records would go")

  package static let command = Command(
    "delete", group: "Rows in", summary: "delete records by id",
    description: [
      "Deletes records in one transaction. Their bytes stay in the files until `vdb compact` rewrites them; `vdb compact --purge` proves that they are gone.",
      "More than 1,000 records are deleted only after a question on a terminal, or with `--yes`.",
    ],
    operands: [Operands.collection, Operand("ID", .any, summary: "ids of the records to delete")],
    options: [idsFrom, all, confirm, expectCount, SharedOptions.ifVersion, SharedOptions.ifLSN],
    sharedOptions: SharedOptions.changing + [SharedOptions.yes],
    exclusiveGroups: [ExclusiveGroup(["ID", "ids-from", "all"], isRequired: true)],
    dependencies: [Dependency("all", needs: "confirm", "dry-run"), Dependency("confirm", needs: "all")],
    examples: [
      Example("vdb delete docs.vdb doc-17 doc-18", "Delete two records."),
      Example("vdb delete docs.vdb --ids-from old.txt --dry-run", "See how many records would go."),
    ],
    exitNotes: ExitNotes.sorted(
      [
        ExitNote(1, "no record has any of the ids"),
        ExitNote(7, "--expect-count, --if-version or --if-lsn does not hold"),
      ], ExitNotes.writing, done: "the records are gone, durably"),
    isMutating: true, seeAlso: ["update", "compact", "drop"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    throw notConnectedYet(context)
  }
}
