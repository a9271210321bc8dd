package import CommandLineParsing
import FileStorage
import VectorDatabase

/// The command `vdb log`.
package enum LogCommand: ToolCommand {
  package static let since = Option("since", .time, "TIME", summary: "Leave out what is older")
  package static let limit = Option("limit", .integer(0...Int64.max), "N", summary: "Print the newest N only")

  package static let command = Command(
    "log", group: "Lifecycle", summary: "print who changed what and when",
    description: [
      "Prints versions and transactions, newest first: version, LSN, time, user, host, process, command, records added and removed, bytes written and root hash.",
      "A transaction counts every record that it put as added and every one that it deleted as removed; it has no version, host or root hash of its own. Transactions whose records have moved from the log to a segment, and versions that history no longer keeps, are not listed.",
    ],
    operands: [Operands.collection], options: [since, limit],
    sharedOptions: SharedOptions.writing + SharedOptions.reading,
    examples: [
      Example("vdb log docs.vdb --limit 5", "Print the last five changes."),
      Example("vdb log docs.vdb --since 2026-11-01 --json", "Print a month for programs."),
    ],
    exitNotes: ExitNotes.sorted([], ExitNotes.reading), seeAlso: ["info", "verify"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    try context.checkForStop()
    let collection = try context.openCollection()
    let history = try engine { () throws(DatabaseError) in try collection.history() }
    var entries = ChangeEntry.list(history)
    if let time = context.arguments.time(since) { entries.removeAll { $0.nanoseconds < time } }
    if let most = context.arguments.integer(limit) { entries = Array(entries.prefix(Int(clamping: most))) }
    if context.isJSON {
      var json = JSONOutput.begin(.log)
      json.key("entries")
      json.beginArray()
      for entry in entries { entry.append(to: &json) }
      json.endArray()
      return try JSONOutput.end(json, to: context)
    }
    var table = Table([
      ("version", .left), ("lsn", .right), ("time", .left), ("uid", .right), ("host", .left), ("pid", .right),
      ("command", .left), ("added", .right), ("removed", .right), ("bytes", .right), ("root", .left),
    ])
    for entry in entries { table.add(entry.cells) }
    if !table.isEmpty { try table.write(nil, to: context) }
  }
}
