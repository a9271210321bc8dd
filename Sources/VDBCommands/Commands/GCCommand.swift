package import CommandLineParsing

/// The command `vdb gc`.
package enum GCCommand: ToolCommand {
  package static let command = Command(
    "gc", group: "Upkeep", summary: "remove files that no version needs",
    description: [
      "Removes files that belong to no kept version and are not in use by any reader. Nothing that can be read is lost."
    ],
    operands: [Operands.collection],
    sharedOptions: SharedOptions.changing,
    examples: [Example("vdb gc docs.vdb --dry-run", "See which files would go.")],
    exitNotes: ExitNotes.sorted([], ExitNotes.writing), isMutating: true, seeAlso: ["compact", "verify"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    throw notConnectedYet(context)
  }
}
