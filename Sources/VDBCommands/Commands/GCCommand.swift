package import CommandLineParsing
import VectorDatabase

/// The command `vdb gc`.
package enum GCCommand: ToolCommand {
  /// How many versions before the newest stay.
  package static let keep = Option(
    "keep", .integer(0...1), "N", default: "1", summary: "Keep N versions before the newest",
    details:
      "The version before the newest is what a collection is repaired from when its newest manifest is lost. `0` removes it too."
  )

  package static let command = Command(
    "gc", group: "Upkeep", summary: "remove files that no version needs",
    description: [
      "Removes files that belong to no kept version and are not in use by any reader. Nothing that can be read is lost."
    ],
    operands: [Operands.collection], options: [keep],
    sharedOptions: SharedOptions.changing,
    examples: [Example("vdb gc docs.vdb --dry-run", "See which files would go.")],
    exitNotes: ExitNotes.sorted([], ExitNotes.writing), isMutating: true, seeAlso: ["compact", "verify"])

  /// Does the work of the command.
  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    let writer = try context.openWriter()
    let keepsParent = context.arguments.integer(keep) != 0
    let (isDryRun, patience) = (context.isDryRun, context.maintenancePatience(writer.collection))
    let report: GarbageReport
    do throws(CommandFailure) {
      try context.checkForStop()
      report = try engine { () throws(DatabaseError) in
        try writer.collectGarbage(keepParent: keepsParent, dryRun: isDryRun, patience: patience)
      }
    } catch {
      writer.close()
      throw error
    }
    context.close(writer)
    let verb = isDryRun ? "would remove" : "removed"
    for file in report.removedFiles { context.messages.detail("\(verb) \(file)") }
    if report.removedFiles.isEmpty {
      context.messages.note("there is nothing to remove")
    } else {
      context.messages.note(
        "\(verb) \(counted(UInt64(report.removedFiles.count), "file")) (\(NumberText.bytes(report.removedBytes))), "
          + "\(counted(UInt64(report.removedVersions.count), "version")) among them")
    }
    if !report.pinnedVersions.isEmpty {
      let versions = report.pinnedVersions.map { "\($0)" }.joined(separator: ", ")
      context.messages.note("kept for other programs that read them: version \(versions)")
    }
    if isDryRun, !report.removedFiles.isEmpty { context.suggest("gc", context.collectionWord) }
    guard context.isJSON else { return }
    var json = JSONOutput.begin(.gc)
    json.member("collection", context.collectionPath)
    json.key("removed_versions")
    json.beginArray()
    for version in report.removedVersions { json.value(version) }
    json.endArray()
    json.member("removed_files", report.removedFiles)
    json.member("removed_bytes", report.removedBytes)
    json.key("pinned_versions")
    json.beginArray()
    for version in report.pinnedVersions { json.value(version) }
    json.endArray()
    json.member("dry_run", isDryRun)
    json.member("version", writer.version)
    try JSONOutput.end(json, to: context)
  }
}
