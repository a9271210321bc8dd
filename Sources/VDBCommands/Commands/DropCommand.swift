package import CommandLineParsing

/// The command `vdb drop`.
package enum DropCommand: ToolCommand {
  package static let confirm = Option(
    "confirm", .text, "NAME", summary: "The folder's base name, instead of typing it")

  package static let command = Command(
    "drop", group: "Lifecycle", summary: "delete a whole collection",
    description: [
      "Deletes the collection's folder after its base name has been typed. Refuses a folder that is no collection, that holds files of others, or that is in use.",
      "The folder is first renamed, so that an interrupted drop leaves no half of a collection under its name.",
    ],
    operands: [Operands.collection], options: [confirm],
    sharedOptions: [SharedOptions.json, SharedOptions.dryRun, SharedOptions.yes, SharedOptions.lockTimeout],
    exclusiveGroups: [ExclusiveGroup(["confirm", "yes"])],
    examples: [
      Example("vdb drop docs.vdb", "Delete a collection after a question."),
      Example("vdb drop docs.vdb --confirm docs.vdb", "Delete it without a question."),
    ],
    exitNotes: ExitNotes.sorted(
      [
        ExitNote(6, "there is no such collection, or the folder is not one"),
        ExitNote(
          7, "the folder holds files that are no part of the collection, or the name was not confirmed"),
      ], [ExitNotes.note(.usage), ExitNotes.note(.locked), ExitNotes.note(.ioError), ExitNotes.note(.denied)]),
    isMutating: true, seeAlso: ["delete", "create"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    throw notConnectedYet(context)
  }
}
