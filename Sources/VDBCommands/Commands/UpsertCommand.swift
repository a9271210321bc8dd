package import CommandLineParsing
import VectorDatabase

/// The command `vdb upsert`.
package enum UpsertCommand: ToolCommand {
  package static let command = Command(
    "upsert", group: "Rows in", summary: "add records or replace those with the same id",
    description: [
      "Writes records like `vdb insert`, but a record whose id is there already is replaced as a whole. When the same id comes several times, the last one counts.",
      "`vdb update` changes parts of records.",
    ],
    operands: InsertCommand.operands, options: InsertCommand.options,
    sharedOptions: InsertCommand.sharedOptions, exclusiveGroups: InsertCommand.exclusiveGroups,
    dependencies: InsertCommand.dependencies,
    examples: [
      Example("vdb upsert t.vdb --id a --vector '[0,1,0]'", "Write one record, whether it exists or not."),
      Example("vdb upsert t.vdb records.jsonl", "Write the records of a file."),
    ],
    exitNotes: ExitNotes.sorted(
      [ExitNotes.note(.badInput), ExitNote(7, "--if-version or --if-lsn does not hold")], ExitNotes.writing,
      done: "all records are durable"),
    isMutating: true, seeAlso: ["insert", "update", "import"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    var stream = RecordStream(context, .upsert)
    try stream.run()
  }
}
