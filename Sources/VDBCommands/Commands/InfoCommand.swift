package import CommandLineParsing
import FileStorage
import VectorDatabase

/// The command `vdb info`.
package enum InfoCommand: ToolCommand {
  package static let segments = Option("segments", .flag, summary: "List the segments")
  package static let indexes = Option("indexes", .flag, summary: "List the indexes")
  package static let files = Option("files", .flag, summary: "List the files")
  package static let wal = Option("wal", .flag, summary: "Describe the logs")
  package static let contentHash = Option(
    "content-hash", .flag, summary: "Print the hash of all records",
    details: "Equal records give equal hashes, whatever the files look like.")
  package static let estimateMemory = Option(
    "estimate-memory", .flag, summary: "Say how much memory a search touches")
  package static let format = SharedOptions.format(["table", "json"])

  package static let command = Command(
    "info", aliases: ["stats"], group: "Lifecycle", summary: "describe a collection",
    description: [
      "Describes the collection from its newest version and the end of its log. No record is read.",
      "With a graph it says what recall searches are promised by default and what was found when that was last measured, by building it or by `vdb tune`; `vdb verify --recall` measures now. It advises `compact` from a share of a fifth and 1,000 deleted records on, or from 9 segments on, and `rebuild-index` where an index would pay.",
    ],
    operands: [Operands.collection],
    options: [segments, indexes, files, wal, contentHash, estimateMemory, format],
    sharedOptions: SharedOptions.writing + SharedOptions.reading,
    exclusiveGroups: [ExclusiveGroup(["format", "json"])],
    examples: [
      Example("vdb info docs.vdb", "Describe a collection."),
      Example("vdb info docs.vdb --segments --json", "The same for programs, with every segment."),
    ],
    exitNotes: ExitNotes.sorted([], ExitNotes.reading), seeAlso: ["list", "log", "verify", "count"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    try context.checkForStop()
    let collection = try context.openCollection()
    let info = try engine { () throws(DatabaseError) in try CollectionInfo.read(collection) }
    var hash: Digest256?
    if context.arguments.flag(contentHash) {
      hash = try engine { () throws(DatabaseError) in try Snapshot.open(collection).contentHash() }
    }
    let report = InfoReport(context, info, contentHash: hash, promises: collection.promises(info.manifest))
    if context.format(format) == "json" { try report.writeJSON() } else { try report.write() }
  }
}
