package import CommandLineParsing
import FileStorage
import VectorDatabase

/// The command `vdb count`.
package enum CountCommand: ToolCommand {
  package static let command = Command(
    "count", group: "Rows out", summary: "print the number of records",
    description: ["Prints the number of records as a bare number. No record is read."],
    operands: [Operands.collection],
    sharedOptions: SharedOptions.writing + SharedOptions.reading,
    examples: [Example("vdb count docs.vdb", "Print how many records there are.")],
    exitNotes: ExitNotes.sorted([], ExitNotes.reading), seeAlso: ["info", "scan"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    try context.checkForStop()
    let collection = try context.openCollection()
    let info = try engine { () throws(DatabaseError) in try CollectionInfo.read(collection) }
    guard context.isJSON else { return try context.output.write("\(info.liveRows)\n") }
    var json = JSONOutput.begin(.count)
    json.member("version", info.manifest.version)
    json.member("lsn", info.lastLSN)
    json.member("count", info.liveRows)
    try JSONOutput.end(json, to: context)
  }
}
