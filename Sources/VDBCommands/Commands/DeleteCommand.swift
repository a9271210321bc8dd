package import CommandLineParsing
import FileStorage
import MetadataFilters
import VectorDatabase

/// The command `vdb delete`.
package enum DeleteCommand: ToolCommand {
  package static let idsFrom = Option(
    "ids-from", .path(.file), "FILE", summary: "Delete the records with the ids in FILE, one a line",
    details: "`-` reads standard input.")
  package static let all = Option("all", .flag, summary: "Delete every record; needs --confirm")
  package static let confirm = Option(
    "confirm", .text, "NAME", summary: "The collection's base name, to confirm --all")
  package static let expectCount = Option(
    "expect-count", .integer(0...Int64.max), "N", summary: "Fail unless exactly N records would go")

  package static let command = Command(
    "delete", group: "Rows in", summary: "delete records by id or by filter",
    description: [
      "Deletes records in one transaction. A filter is turned into ids before anything is written; `--dry-run` says how many they are. Their bytes stay in the files until `vdb compact` rewrites them; `vdb compact --purge` proves that they are gone.",
      "More than 1,000 records are deleted only after a question on a terminal, or with `--yes` or `--expect-count`.",
    ],
    operands: [Operands.collection, Operand("ID", .any, summary: "ids of the records to delete")],
    options: [idsFrom] + SharedOptions.filtering + [
      all, confirm, expectCount, SharedOptions.ifVersion, SharedOptions.ifLSN,
    ],
    sharedOptions: SharedOptions.changing + [SharedOptions.yes, SharedOptions.threads],
    exclusiveGroups: [ExclusiveGroup(["ID", "ids-from", "filter", "filter-json", "all"], isRequired: true)],
    dependencies: [Dependency("all", needs: "confirm", "dry-run"), Dependency("confirm", needs: "all")]
      + SharedOptions.filterDependencies,
    examples: [
      Example("vdb delete docs.vdb doc-17 doc-18", "Delete two records."),
      Example("vdb delete docs.vdb --ids-from old.txt --dry-run", "See how many records would go."),
      Example("vdb delete docs.vdb --filter \"year < 2000\" --expect-count 8412", "Delete what matches."),
    ],
    exitNotes: ExitNotes.sorted(
      [
        ExitNote(1, "no record has any of the ids, or none matches"),
        ExitNote(7, "--expect-count, --if-version or --if-lsn does not hold"),
      ], ExitNotes.writing, done: "the records are gone, durably"),
    isMutating: true, seeAlso: ["update", "compact", "drop"])

  /// Does the work of the command.
  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    let collection = try context.openCollection()
    let words = Array(context.arguments.operands(from: 1))
    var arguments = try IDArguments(words, orFrom: idsFrom, type: collection.settings.idType, context)
    let isAll = context.arguments.flag(all)
    let filter = try FilterArguments(context)
    var ids = isAll || filter != nil ? [] : try arguments.all()
    var expected = context.arguments.integer(expectCount).map { UInt64($0) }
    if let filter {
      // Nobody else waits for the answer to a question: the rows are found again under the lock, and must be as many.
      let confirmed = try confirm(filter, collection, context)
      expected = expected ?? confirmed
    } else {
      try confirm(count: ids.count, isAll: isAll, collection, context)
    }
    try context.checkForStop()
    let writer = try context.openWriter(collection)
    let rowsBefore = UInt64(writer.state.liveCount)
    var receipt: CommitReceipt
    var missing: [RecordID] = []
    let isDryRun = context.isDryRun
    do throws(CommandFailure) {
      if let filter {
        let bound = try filter.bound(collection, writer.state.manifest, context)
        let outcome = try context.filtered(writer.state, bound)
        ids = try engine { () throws(DatabaseError) in try writer.state.ids(of: outcome.rows) }
      }
      let (wanted, count) = (ids, expected)
      if isAll {
        receipt = try engine { () throws(DatabaseError) in
          try writer.deleteAll(expectedCount: count, dryRun: isDryRun)
        }
      } else {
        (receipt, missing) = try engine { () throws(DatabaseError) in
          try writer.delete(wanted, expectedCount: count, dryRun: isDryRun)
        }
      }
    } catch {
      writer.close()
      throw error
    }
    context.close(writer)
    if receipt.deleted == 0, !isAll { context.exitStatus = .negative }
    report(receipt, missing, rowsBefore, context)
    guard context.isJSON else { return }
    var json = JSONOutput.begin(.delete)
    json.member("collection", context.collectionPath)
    json.member("deleted", receipt.deleted)
    json.member("missing", missing.count)
    json.member("missing_ids", missing.prefix(100).map(\.display))
    json.member("dry_run", isDryRun)
    json.member("version", receipt.version)
    json.member("lsn", receipt.lsn)
    try JSONOutput.end(json, to: context)
  }

  /// More deletions than this need a yes.
  private static let unquestioned = 1000

  private static func confirm(
    count: Int, isAll: Bool, _ collection: Collection, _ context: CommandContext
  ) throws(CommandFailure) {
    guard !context.isDryRun else { return }
    // Who says how many go has answered the question.
    let isExpected = context.arguments.isGiven(expectCount)
    if isAll {
      let name = Confirmation.baseName(context.collectionPath)
      guard context.arguments.text(DeleteCommand.confirm) == name else {
        throw Confirmation.wrongName(context.arguments.text(DeleteCommand.confirm) ?? "", expected: name)
      }
    } else if count > unquestioned, !isExpected {
      try Confirmation.requireYes(
        "delete \(counted(UInt64(count), "record")) of \(context.collectionPath)?", context)
    }
  }

  /// Asks before many rows that match are deleted; gives their number when it asked.
  private static func confirm(
    _ filter: FilterArguments, _ collection: Collection, _ context: CommandContext
  ) throws(CommandFailure) -> UInt64? {
    guard !context.isDryRun, !context.arguments.flag(SharedOptions.yes),
      !context.arguments.isGiven(expectCount)
    else { return nil }
    let snapshot = try engine { () throws(DatabaseError) in try Snapshot.open(collection) }
    guard let count = try context.filtered(snapshot, filter)?.count, count > unquestioned else { return nil }
    try Confirmation.requireYes(
      "delete \(counted(UInt64(count), "record")) of \(context.collectionPath)?", context)
    return UInt64(count)
  }

  private static func report(
    _ receipt: CommitReceipt, _ missing: [RecordID], _ rowsBefore: UInt64, _ context: CommandContext
  ) {
    let verb = context.isDryRun ? "would delete" : "deleted"
    var text = "\(verb) \(NumberText.grouped(receipt.deleted)) of \(counted(rowsBefore, "row"))"
    if !context.isDryRun, receipt.deleted > 0 { text += " (lsn \(receipt.lsn))" }
    context.messages.note(text)
    if !missing.isEmpty {
      let shown = missing.prefix(5).map { "'\($0.display)'" }.joined(separator: ", ")
      let more = missing.count > 5 ? " and \(NumberText.grouped(UInt64(missing.count - 5))) more" : ""
      context.messages.note("no row has the id \(shown)\(more)")
    }
    if !context.isDryRun, receipt.deleted > 0 {
      context.suggest("compact", context.collectionWord, "--dry-run")
    }
  }
}
