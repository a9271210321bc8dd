package import CommandLineParsing
import FileStorage
import MetadataFilters
import VectorDatabase

/// The command `vdb count`.
package enum CountCommand: ToolCommand {
  package static let command = Command(
    "count", group: "Rows out", summary: "print the number of records",
    description: [
      "Prints the number of records, or of those that match a filter, as a bare number. Without a filter no record is read."
    ],
    operands: [Operands.collection],
    options: SharedOptions.filtering,
    sharedOptions: SharedOptions.writing + SharedOptions.reading + [SharedOptions.threads],
    exclusiveGroups: [SharedOptions.filterGroup],
    dependencies: SharedOptions.filterDependencies,
    examples: [
      Example("vdb count docs.vdb", "Print how many records there are."),
      Example("vdb count docs.vdb --filter \"year >= 2020\"", "Print how many of them match."),
    ],
    exitNotes: ExitNotes.sorted([], ExitNotes.reading), seeAlso: ["facet", "info", "scan"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    try context.checkForStop()
    guard let filter = try FilterArguments(context) else {
      let collection = try context.openCollection()
      let info = try engine { () throws(DatabaseError) in try CollectionInfo.read(collection) }
      return try write(info.liveRows, version: info.manifest.version, lsn: info.lastLSN, context)
    }
    let snapshot = try context.openSnapshot()
    let outcome = try context.filtered(snapshot, filter)
    try write(
      UInt64(outcome?.count ?? 0), version: snapshot.version, lsn: snapshot.lsn, context)
  }

  private static func write(
    _ count: UInt64, version: UInt64, lsn: UInt64, _ context: CommandContext
  ) throws(CommandFailure) {
    guard context.isJSON else { return try context.output.write("\(count)\n") }
    var json = JSONOutput.begin(.count)
    json.member("version", version)
    json.member("lsn", lsn)
    json.member("count", count)
    try JSONOutput.end(json, to: context)
  }
}
