package import CommandLineParsing

/// The command `vdb log`.
package enum LogCommand: ToolCommand {
  package static let since = Option("since", .time, "TIME", summary: "Leave out what is older")
  package static let limit = Option("limit", .integer(0...Int64.max), "N", summary: "Print the newest N only")

  package static let command = Command(
    "log", group: "Lifecycle", summary: "print who changed what and when",
    description: [
      "Prints versions and transactions, newest first: version, time, user, host, command, records added and removed, bytes and root hash."
    ],
    operands: [Operands.collection], options: [since, limit],
    sharedOptions: SharedOptions.writing + SharedOptions.collection,
    examples: [
      Example("vdb log docs.vdb --limit 5", "Print the last five changes."),
      Example("vdb log docs.vdb --since 2026-11-01 --json", "Print a month for programs."),
    ],
    exitNotes: ExitNotes.sorted([], ExitNotes.reading), seeAlso: ["info", "verify"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    throw notConnectedYet(context)
  }
}
