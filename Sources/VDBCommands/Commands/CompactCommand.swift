package import CommandLineParsing

/// The command `vdb compact`.
package enum CompactCommand: ToolCommand {
  package static let deadRatio = Option(
    "dead-ratio", .number(0...1), "R", default: "0.2",
    summary: "Rewrite segments of which this share is deleted")
  package static let targetSegment = Option(
    "target-segment", .size(minimum: 1 << 20), "SIZE", summary: "Merge segments up to this size")
  package static let full = Option(
    "full", .flag, summary: "Rewrite everything into as few segments as possible")
  package static let purge = Option(
    "purge", .flag, summary: "Remove every trace of deleted records and prove it",
    details:
      "Old versions and logs are dropped, and all files are searched for the deleted ids. Implies `--full`.")
  package static let maxDuration = Option(
    "max-duration", .duration, "DURATION", summary: "Stop after this long, keeping what is done")

  package static let command = Command(
    "compact", group: "Upkeep", summary: "rewrite segments without deleted records",
    description: [
      "Merges segments and leaves out deleted records. Readers and searches go on meanwhile; the new files replace the old ones in one step."
    ],
    operands: [Operands.collection],
    options: [deadRatio, targetSegment, full, purge, maxDuration],
    sharedOptions: SharedOptions.changing + [SharedOptions.memoryLimit],
    exclusiveGroups: [ExclusiveGroup(["full", "dead-ratio"]), ExclusiveGroup(["purge", "max-duration"])],
    examples: [
      Example("vdb compact docs.vdb --dry-run", "See what would be gained."),
      Example("vdb compact docs.vdb --full", "Rewrite everything."),
    ],
    exitNotes: ExitNotes.sorted([ExitNote(3, "--max-duration ended the work early")], ExitNotes.writing),
    isMutating: true, seeAlso: ["checkpoint", "gc", "delete", "verify"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    throw notConnectedYet(context)
  }
}
