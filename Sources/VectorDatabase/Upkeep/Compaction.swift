import FileStorage
import MetadataFilters
package import VectorIndexes
import VectorMath

/// What compaction is to do.
package struct CompactionRequest: Sendable {
  /// Segments with at least this share of dead rows are rewritten.
  package var deadRatio = 0.2
  /// Neighbouring segments are merged as long as the result stays below this many bytes.
  package var targetSegmentBytes: UInt64 = 1 << 40
  /// Rewrites everything into as few segments as the target allows, even without dead rows.
  package var full = false
  /// Stops beginning new segments after this many nanoseconds.
  package var maximumNanoseconds: Int64?
  /// Bytes that the metadata columns of a segment may hold in memory while it is written.
  package var memoryBudget = 32 << 20
  /// How the indexes of new segments are built.
  package var indexOptions = IndexBuildOptions()
  /// Asked between batches of rows; true ends the work with nothing changed.
  package var isCancelled: @Sendable () -> Bool = { false }

  package init() {}
}

/// What compaction did or would do.
package struct CompactionReport: Equatable, Sendable {
  package var version: UInt64 = 0
  package var segmentsBefore = 0
  package var segmentsAfter = 0
  package var rewritten = 0
  package var bytesBefore: UInt64 = 0
  package var bytesAfter: UInt64 = 0
  package var deadRowsRemoved: UInt64 = 0
  /// Whether the time limit left work undone.
  package var stoppedEarly = false
  /// Index files that were built for the new segments, in the place of those of their sources.
  package var indexesBuilt = 0
  /// Why indexes that were to be built are missing; the rows are compacted all the same.
  package var indexFailure: DatabaseError?
}

/// Rewrites segments without their dead rows and merges small neighbours.
///
/// Holds the maintenance lock throughout and the writer lock only for the commit; searches and writes go on. Merged
/// segments are neighbours, so the order of arrival stays.
package enum Compactor {
  /// Rows between two looks at the cancellation.
  private static let batch = 4096

  /// The runs of neighbouring segments that would be rewritten, as ranges of segment positions.
  static func plan(_ state: CollectionState, _ request: CompactionRequest) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    var start = 0
    while start < state.segments.count {
      var end = start
      var bytes: UInt64 = 0
      var worthwhile = false
      while end < state.segments.count {
        let live = state.segments[end]
        let share = Double(live.liveCount) / Double(max(1, live.segment.rows))
        let size = UInt64(Double(live.entry.bytes) * share)
        let isDead = 1 - share >= max(request.deadRatio, 1e-12)
        if end > start, bytes + size > request.targetSegmentBytes { break }
        let isSmall = live.entry.bytes < request.targetSegmentBytes / 2
        guard request.full || isDead || isSmall else { break }
        bytes += size
        worthwhile = worthwhile || isDead || request.full
        end += 1
      }
      if end == start {
        start += 1
        continue
      }
      let alone = end - start == 1
      let hasDead = state.segments[start..<end].contains { !$0.dead.isEmpty }
      if alone ? (worthwhile && hasDead) : true { runs.append(start..<end) }
      start = end
    }
    return runs
  }

  /// Says what `run` would do.
  package static func dryRun(_ snapshot: Snapshot, _ request: CompactionRequest) -> CompactionReport {
    var report = CompactionReport()
    report.version = snapshot.version
    report.segmentsBefore = snapshot.state.segments.count
    report.segmentsAfter = report.segmentsBefore
    for run in plan(snapshot.state, request) {
      let parts = snapshot.state.segments[run]
      report.rewritten += parts.count
      report.segmentsAfter -= parts.count - (parts.contains { $0.liveCount > 0 } ? 1 : 0)
      for part in parts {
        report.bytesBefore += part.entry.bytes
        report.deadRowsRemoved += UInt64(part.dead.count)
        report.bytesAfter += UInt64(
          Double(part.entry.bytes) * Double(part.liveCount) / Double(max(1, part.segment.rows)))
      }
    }
    return report
  }

  /// Compacts a collection.
  ///
  /// `open`: Takes the writer lock; called for the checkpoint before and for the commit after.
  /// - Throws: `.locked`, `.cancelled`; the collection is then unchanged.
  package static func run(
    _ collection: Collection, _ request: CompactionRequest, patience: LockPatience,
    openWriter: () throws(DatabaseError) -> CollectionWriter
  ) throws(DatabaseError) -> CompactionReport {
    let fs = collection.fileSystem
    let hold = try LockHold.taking(fs, .maintenance, patience: patience)
    defer { withExtendedLifetime(hold) {} }
    let first = try openWriter()
    try first.checkpoint()
    first.close()
    let base = first.state
    let version = base.manifest.version
    let pin = try LockHold.tryTaking(fs, byte: LockByte.pin(version), .shared)
    defer { withExtendedLifetime(pin) {} }
    var report = CompactionReport()
    report.segmentsBefore = base.segments.count
    let started = fs.now()
    var outputs: [(run: Range<Int>, result: SegmentBuilder.Result?)] = []
    for run in plan(base, request) {
      if let limit = request.maximumNanoseconds, fs.now() - started > limit {
        report.stoppedEarly = true
        break
      }
      do throws(DatabaseError) {
        outputs.append((run, try rewrite(collection, base, run, request, index: outputs.count)))
      } catch {
        // What is finished is of no use without the rest; the next writer would remove it as well.
        for output in outputs {
          if let result = output.result { try? fs.remove(result.temporaryName) }
        }
        throw error
      }
    }
    guard !outputs.isEmpty else {
      report.version = version
      report.segmentsAfter = report.segmentsBefore
      return report
    }
    let writer = try openWriter()
    let wanted = try commit(writer, base, outputs, &report)
    _ = try? GarbageCollector.collect(collection, keepParent: true, dryRun: false)
    writer.close()
    rebuildIndexes(collection, wanted, request, &report, openWriter: openWriter)
    return report
  }

  private static func rewrite(
    _ collection: Collection, _ base: CollectionState, _ run: Range<Int>, _ request: CompactionRequest,
    index: Int
  ) throws(DatabaseError) -> SegmentBuilder.Result? {
    guard base.segments[run].contains(where: { $0.liveCount > 0 }) else { return nil }
    let builder = try lifted { () throws(StorageError) in
      try SegmentBuilder(
        collection.fileSystem, collection.identity,
        temporaryName: uniqueTemporaryName(collection.fileSystem, "compact", index),
        memoryBudget: request.memoryBudget)
    }
    var sinceLook = 0
    for live in base.segments[run] {
      let segment = live.segment
      for row in 0..<segment.rows where !live.dead.contains(row) {
        sinceLook += 1
        if sinceLook >= batch {
          sinceLook = 0
          if request.isCancelled() { throw .cancelled }
        }
        try lifted { () throws(StorageError) in try builder.append(row: row, of: segment) }
      }
    }
    return try lifted { () throws(StorageError) in try builder.finish() }
  }

  /// Puts the rewritten segments in the place of their sources, under the writer lock.
  ///
  /// Rows that died meanwhile are found in the new segments by id and marked there.
  private static func commit(
    _ writer: CollectionWriter, _ base: CollectionState,
    _ outputs: [(run: Range<Int>, result: SegmentBuilder.Result?)], _ report: inout CompactionReport
  ) throws(DatabaseError) -> [WantedIndex] {
    var manifest = writer.state.manifest
    var wanted: [WantedIndex] = []
    var segments: [LiveSegment] = []
    var files: [PendingFile] = []
    var replaced: [UInt64: Int] = [:]
    for (index, output) in outputs.enumerated() {
      for position in output.run { replaced[base.segments[position].entry.number] = index }
    }
    var number = try writer.nextNumber()
    var placed: Set<Int> = []
    for current in writer.state.segments {
      guard let index = replaced[current.entry.number] else {
        // A deletion that only the log knows stays in the log: the manifest keeps what it has recorded.
        segments.append(try recorded(current, writer))
        continue
      }
      report.rewritten += 1
      report.bytesBefore += current.entry.bytes
      guard placed.insert(index).inserted, let result = outputs[index].result else { continue }
      var entry = result.entry
      entry.number = number
      number += 1
      files.append(
        PendingFile(temporaryName: result.temporaryName, finalName: FileNames.segment(entry.number)))
      let segment = try lifted { () throws(StorageError) in
        try Segment.open(writer.fs, entry, writer.collection.identity, name: result.temporaryName)
      }
      var live = LiveSegment(
        entry: entry, segment: segment, dead: RowSet(count: Int(entry.rows)), recordedDead: 0)
      for position in outputs[index].run {
        try carryDeaths(from: base.segments[position], writer, into: &live)
      }
      report.bytesAfter += entry.bytes
      segments.append(live)
      let sources = Set(outputs[index].run.map { base.segments[$0].entry.number })
      wanted += wantedIndexes(of: entry, sources, manifest, writer.collection.settings)
    }
    let (entries, deletions) = try writer.deletionFiles(segments)
    report.deadRowsRemoved = outputs.reduce(0) { sum, output in
      sum + output.run.reduce(0) { $0 + UInt64(base.segments[$1].dead.count) }
    }
    let kept = Set(entries.map(\.number))
    manifest.segments = entries
    manifest.indexes.removeAll { !kept.contains($0.segment) }
    manifest.nextNumber = number
    let published = try writer.publish(
      files.filter { file in entries.contains { FileNames.segment($0.number) == file.finalName } }
        + deletions, manifest)
    try writer.reopen(published)
    report.version = published.version
    report.segmentsAfter = entries.count
    return wanted.filter { kept.contains($0.segment) }
  }

  /// A segment with only the dead rows that its manifest entry records.
  private static func recorded(_ live: LiveSegment, _ writer: CollectionWriter) throws(DatabaseError)
    -> LiveSegment
  {
    guard live.dead.count != live.recordedDead else { return live }
    var result = live
    result.dead = RowSet(count: live.segment.rows)
    if let deletion = live.entry.deletion {
      result.dead = try lifted { () throws(StorageError) in
        try DeletionFile.readRows(
          writer.fs, live.entry, deletion, collection: writer.collection.identity.uuid)
      }
    }
    return result
  }

  private static func carryDeaths(
    from old: LiveSegment, _ writer: CollectionWriter, into output: inout LiveSegment
  ) throws(DatabaseError) {
    guard let now = writer.state.segments.first(where: { $0.entry.number == old.entry.number }) else {
      return
    }
    let recordedNow = try recorded(now, writer)
    for row in recordedNow.dead.rowNumbers where !old.dead.contains(row) {
      let id = try lifted { () throws(StorageError) in try old.segment.id(row) }
      let target = output.segment
      if let found = try lifted({ () throws(StorageError) in try target.row(forID: id) }) {
        output.dead.insert(Int(found))
      }
    }
  }
}

extension CollectionWriter {
  /// Makes a committed manifest the state while the log stays as it is: the tail is applied again to the new segments.
  func reopen(_ manifest: Manifest) throws(DatabaseError) {
    let oldTail = state.tail
    var next = try CollectionState.open(manifest, collection, reusing: state)
    next.lastLSN = state.lastLSN
    try next.reapply(oldTail)
    state = next
  }
}
