package import CommandLineParsing

/// The command `vdb checkpoint`.
package enum CheckpointCommand: ToolCommand {
  package static let command = Command(
    "checkpoint", group: "Upkeep", summary: "turn the log into a segment",
    description: [
      "Writes the records of the log as a segment and begins a new log. Writers do this by themselves when the log is long; afterwards the next command opens the collection faster."
    ],
    operands: [Operands.collection],
    sharedOptions: SharedOptions.changing,
    examples: [Example("vdb checkpoint docs.vdb", "Empty the log.")],
    exitNotes: ExitNotes.sorted([], ExitNotes.writing), isMutating: true, seeAlso: ["compact", "gc"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    throw notConnectedYet(context)
  }
}
