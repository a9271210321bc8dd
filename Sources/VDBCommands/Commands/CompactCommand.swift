package import CommandLineParsing
import VectorDatabase

/// The command `vdb compact`.
package enum CompactCommand: ToolCommand {
  package static let deadRatio = Option(
    "dead-ratio", .number(0...1), "R", default: "0.2",
    summary: "Rewrite segments of which at least this share is deleted")
  package static let targetSegment = Option(
    "target-segment", .size(minimum: 1 << 20), "SIZE",
    summary: "Join neighbouring segments as long as the result is smaller (default: 1 TiB)")
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
      "Joins neighbouring segments and leaves out deleted records. Readers, searches and writes go on meanwhile; the new files replace the old ones in one step. Indexes of the kinds that were there, or that pay, are built for the new segments.",
      "The graph of a segment that is rewritten alone is healed: what led to deleted records is joined anew, and the rest stays. It is built from scratch instead when more than 40 % of its nodes are dead, when segments are joined, and when the healed one does not find what the old one promises. A note says which, and why.",
      "A segment that gets a graph has its records ordered by nearness, so that a search reads few pages; scan and export give them in the order of their arrival as before.",
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

  /// Does the work of the command.
  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    let collection = try context.openCollection()
    var request = CompactionRequest()
    request.deadRatio = context.arguments.number(deadRatio) ?? request.deadRatio
    if let size = context.arguments.size(targetSegment) { request.targetSegmentBytes = size }
    request.full = context.arguments.flag(full) || context.arguments.flag(purge)
    request.maximumNanoseconds = context.arguments.duration(maxDuration)
    request.memoryBudget = MemoryShares(context).columns
    request.indexOptions = context.indexOptions
    let deadline = context.deadline
    request.isCancelled = { Signals.requested != nil || deadline.map { MonotonicClock.now() >= $0 } ?? false }
    try context.requireWritable(collection)
    if context.isDryRun {
      let snapshot = try engine { () throws(DatabaseError) in try Snapshot.open(collection) }
      return try report(Compactor.dryRun(snapshot, request), nil, context)
    }
    try context.checkForStop()
    let (patience, origin, wanted) = (context.lockPatience, context.origin, request)
    let turn = context.maintenancePatience(collection)
    let openWriter = { () throws(DatabaseError) in
      try CollectionWriter(collection, origin: origin, creator: VersionCommand.creator, patience: patience)
    }
    if context.arguments.flag(purge) {
      let (result, proof) = try engine { () throws(DatabaseError) in
        try Compactor.purge(collection, wanted, patience: turn, openWriter: openWriter)
      }
      return try report(result, proof, context)
    }
    let result = try engine { () throws(DatabaseError) in
      try Compactor.run(collection, wanted, patience: turn, openWriter: openWriter)
    }
    if result.stoppedEarly { context.exitStatus = .partial }
    try report(result, nil, context)
  }

  private static func report(
    _ report: CompactionReport, _ proof: PurgeProof?, _ context: CommandContext
  ) throws(CommandFailure) {
    if report.rewritten == 0 {
      context.messages.note("there is nothing to rewrite")
    } else {
      let verb = context.isDryRun ? "would rewrite" : "rewrote"
      var text =
        "\(verb) \(report.rewritten) of \(counted(UInt64(report.segmentsBefore), "segment")): "
        + "\(NumberText.bytes(report.bytesBefore)) → \(context.isDryRun ? "about " : "")\(NumberText.bytes(report.bytesAfter)), "
        + "\(counted(report.deadRowsRemoved, "dead row")) removed"
      if !context.isDryRun { text += " (version \(report.version))" }
      context.messages.note(text)
    }
    if report.indexesBuilt > 0 {
      context.messages.note(
        "index: \(counted(UInt64(report.indexesBuilt), "file")) built for the new segments")
    }
    for graph in report.graphs {
      context.messages.note(GraphRenewalText.sentence(graph, isDryRun: context.isDryRun))
    }
    if let failure = report.indexFailure {
      context.messages.warning(
        "the segments are rewritten, but their index was not built: \(failure); vdb rebuild-index \(context.collectionWord) --only-missing builds it"
      )
    }
    if report.stoppedEarly {
      context.messages.note("--max-duration ended the work early; run it again to go on")
    }
    if let proof {
      context.messages.note(
        "purged: no old version or log is left; of \(counted(proof.removedIDs, "removed id")) and "
          + "\(counted(proof.removedVectors, "removed vector")) none was found in "
          + "\(counted(proof.filesSearched, "file")) (\(NumberText.bytes(proof.bytesSearched)))")
      if proof.plainVectors > 0 {
        context.messages.note(
          "\(counted(proof.plainVectors, "vector")) too short or too plain to be told from other bytes: searched for in rows only"
        )
      }
    } else if context.isDryRun {
      if report.rewritten > 0 { context.messages.note("the same command without --dry-run does it") }
    } else if report.rewritten > 0 {
      context.messages.note(
        "the files of the version before are kept for repairs (vdb gc --keep 0 removes them)")
    }
    guard context.isJSON else { return }
    var json = JSONOutput.begin(.compact)
    json.member("collection", context.collectionPath)
    json.member("segments_before", report.segmentsBefore)
    json.member("segments_after", report.segmentsAfter)
    json.member("segments_rewritten", report.rewritten)
    json.member("bytes_before", report.bytesBefore)
    json.member("bytes_after", report.bytesAfter)
    json.member("dead_rows_removed", report.deadRowsRemoved)
    json.member("stopped_early", report.stoppedEarly)
    json.member("indexes_built", report.indexesBuilt)
    GraphRenewalText.append(report.graphs, to: &json)
    if let proof {
      json.key("purge")
      json.beginObject()
      json.member("removed_ids", proof.removedIDs)
      json.member("removed_vectors", proof.removedVectors)
      json.member("plain_vectors", proof.plainVectors)
      json.member("files_searched", proof.filesSearched)
      json.member("bytes_searched", proof.bytesSearched)
      json.endObject()
    }
    json.member("dry_run", context.isDryRun)
    json.member("version", report.version)
    try JSONOutput.end(json, to: context)
  }
}
