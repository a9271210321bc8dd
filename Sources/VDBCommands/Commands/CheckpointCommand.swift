package import CommandLineParsing
import FileStorage
import VectorDatabase

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

  /// Does the work of the command.
  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    let writer = try context.openWriter()
    let records = UInt64(writer.state.tail.entries.count)
    let rows = UInt64(writer.state.tail.liveCount)
    do throws(CommandFailure) {
      try context.checkForStop()
      if !context.isDryRun { try engine { () throws(DatabaseError) in try writer.checkpoint() } }
    } catch {
      writer.close()
      throw error
    }
    context.close(writer)
    if records == 0 {
      context.messages.note("the log is empty; there is nothing to do")
    } else if context.isDryRun {
      context.messages.note(
        "would move \(counted(records, "record")) of the log into a segment (\(counted(rows, "row")))")
    } else {
      context.messages.note(
        "moved \(counted(records, "record")) of the log into a segment (\(counted(rows, "row")), version \(writer.version))"
      )
      context.suggest("info", context.collectionWord)
    }
    guard context.isJSON else { return }
    var json = JSONOutput.begin(.checkpoint)
    json.member("collection", context.collectionPath)
    json.member("records", records)
    json.member("rows", rows)
    json.member("dry_run", context.isDryRun)
    json.member("version", writer.version)
    json.member("lsn", writer.lsn)
    try JSONOutput.end(json, to: context)
  }
}
