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
  /// Makes the graph of a segment that is rewritten alone from its old graph, where few enough rows are dead.
  package var healsGraphs = true
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
  /// How the graphs of segments that had one were made, in the order of segments.
  package var graphs: [GraphRenewal] = []
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

  /// What a plan needs to know of a segment.
  private struct Part {
    let bytes: UInt64
    let rows: Int
    let live: Int
    var dead: Int { rows - live }
    var share: Double { Double(live) / Double(max(1, rows)) }
  }

  /// The segments of a state; `withLog` adds the one that a checkpoint would make of the log.
  private static func parts(_ state: CollectionState, withLog: Bool) -> [Part] {
    var parts = state.segments.map { Part(bytes: $0.entry.bytes, rows: $0.segment.rows, live: $0.liveCount) }
    // A checkpoint drops segments without live rows.
    if withLog {
      parts.removeAll { $0.live == 0 }
      if state.tail.liveCount > 0 {
        let rows = state.tail.liveCount
        parts.append(Part(bytes: UInt64(state.tail.byteCount), rows: rows, live: rows))
      }
    }
    return parts
  }

  /// The runs of neighbouring segments that would be rewritten, as ranges of segment positions.
  static func plan(_ state: CollectionState, _ request: CompactionRequest) -> [Range<Int>] {
    plan(parts(state, withLog: false), request)
  }

  private static func plan(_ parts: [Part], _ request: CompactionRequest) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    var start = 0
    while start < parts.count {
      var end = start
      var bytes: UInt64 = 0
      var worthwhile = false
      while end < parts.count {
        let part = parts[end]
        let size = UInt64(Double(part.bytes) * part.share)
        let isDead = 1 - part.share >= max(request.deadRatio, 1e-12)
        if end > start, bytes + size > request.targetSegmentBytes { break }
        let isSmall = part.bytes < request.targetSegmentBytes / 2
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
      let hasDead = parts[start..<end].contains { $0.dead > 0 }
      if alone ? (worthwhile && hasDead) : true { runs.append(start..<end) }
      start = end
    }
    return runs
  }

  /// Says what `run` would do; the rows of the log count as the segment that they would first become.
  package static func dryRun(_ snapshot: Snapshot, _ request: CompactionRequest) -> CompactionReport {
    let parts = parts(snapshot.state, withLog: true)
    let living = snapshot.state.segments.filter { $0.liveCount > 0 }
    var report = CompactionReport()
    report.version = snapshot.version
    report.segmentsBefore = parts.count
    report.segmentsAfter = report.segmentsBefore
    for run in plan(parts, request) {
      // The log's rows would become a segment behind the others.
      let outlook = outlook(
        snapshot.collection, snapshot.manifest, Array(living[run.clamped(to: living.indices)]),
        joinsLog: run.upperBound > living.count, request)
      if let renewal = outlook.renewal { report.graphs.append(renewal) }
      report.rewritten += run.count
      report.segmentsAfter -= run.count - (parts[run].contains { $0.live > 0 } ? 1 : 0)
      for part in parts[run] {
        report.bytesBefore += part.bytes
        report.deadRowsRemoved += UInt64(part.dead)
        report.bytesAfter += UInt64(Double(part.bytes) * part.share)
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
    let hold = try LockHold.takingMaintenance(fs, patience: patience)
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
    var outputs: [Output] = []
    for run in plan(base, request) {
      if let limit = request.maximumNanoseconds, fs.now() - started > limit {
        report.stoppedEarly = true
        break
      }
      do throws(DatabaseError) {
        outputs.append(try rewrite(collection, base, run, request, index: outputs.count))
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

  /// A run of segments, rewritten as one.
  private struct Output {
    let run: Range<Int>
    /// The new segment; nil when no row was alive.
    var result: SegmentBuilder.Result?
    /// The graph that its own is made from.
    var healing: HealingSource?
    /// What becomes of the graphs of its sources.
    var outlook = GraphOutlook()
  }

  private static func rewrite(
    _ collection: Collection, _ base: CollectionState, _ run: Range<Int>, _ request: CompactionRequest,
    index: Int
  ) throws(DatabaseError) -> Output {
    var output = Output(run: run)
    let living = base.segments[run].filter { $0.liveCount > 0 }
    guard let first = living.first else { return output }
    let outlook = outlook(collection, base.manifest, living, request)
    output.outlook = outlook
    let builder = try builder(collection, "compact", index, request)
    var sinceLook = 0
    // For each row the one that it was, where one graph is to be healed.
    var rows: [UInt32] = []
    if outlook.index != nil, !first.segment.isInArrivalOrder {
      // Its rows are ordered by nearness already, and stay so.
      let arrivals = try arrivals(of: first)
      for row in 0..<first.segment.rows where !first.dead.contains(row) {
        try look(&sinceLook, request)
        try lifted { () throws(StorageError) in
          try builder.append(row: row, of: first.segment, arrival: arrivals[row])
        }
        rows.append(UInt32(truncatingIfNeeded: row))
      }
      output.result = try lifted { () throws(StorageError) in try builder.finish() }
    } else {
      for live in living {
        let segment = live.segment
        let order = try Snapshot.arrivalOrder(segment)
        for place in 0..<segment.rows {
          let row = order.isEmpty ? place : order[place]
          if live.dead.contains(row) { continue }
          try look(&sinceLook, request)
          try lifted { () throws(StorageError) in try builder.append(row: row, of: segment) }
          if outlook.index != nil { rows.append(UInt32(truncatingIfNeeded: row)) }
        }
      }
      let merged = try lifted { () throws(StorageError) in try builder.finish() }
      do throws(DatabaseError) {
        output.result = try orderedByLocality(merged, collection, base, run, request, &rows, index: index)
      } catch {
        try? collection.fileSystem.remove(merged.temporaryName)
        throw error
      }
    }
    if let index = outlook.index { output.healing = HealingSource(index: index, rows: rows) }
    return output
  }

  /// For each row its place in the order of arrival among the living rows of its segment.
  private static func arrivals(of live: LiveSegment) throws(DatabaseError) -> [UInt32] {
    var arrivals = [UInt32](repeating: 0, count: live.segment.rows)
    var next: UInt32 = 0
    for row in try Snapshot.arrivalOrder(live.segment) where !live.dead.contains(row) {
      arrivals[row] = next
      next += 1
    }
    return arrivals
  }

  private static func builder(
    _ collection: Collection, _ label: String, _ index: Int, _ request: CompactionRequest
  ) throws(DatabaseError) -> SegmentBuilder {
    try lifted { () throws(StorageError) in
      try SegmentBuilder(
        collection.fileSystem, collection.identity,
        temporaryName: uniqueTemporaryName(collection.fileSystem, label, index),
        memoryBudget: request.memoryBudget)
    }
  }

  /// Asks now and then whether to go on.
  private static func look(_ sinceLook: inout Int, _ request: CompactionRequest) throws(DatabaseError) {
    sinceLook += 1
    guard sinceLook >= batch else { return }
    sinceLook = 0
    if request.isCancelled() { throw .cancelled }
  }

  /// The same rows with near ones near each other and their numbers of arrival, when the segment will have a graph.
  ///
  /// Its searches then read fewer pages of vectors. The file given is removed when another takes its place. `rows`, one number for
  /// each row or none at all, is brought into the same order.
  private static func orderedByLocality(
    _ merged: SegmentBuilder.Result, _ collection: Collection, _ base: CollectionState, _ run: Range<Int>,
    _ request: CompactionRequest, _ rows: inout [UInt32], index: Int
  ) throws(DatabaseError) -> SegmentBuilder.Result {
    let sources = Set(base.segments[run].map { $0.entry.number })
    let wanted = wantedIndexes(of: merged.entry, sources, base.manifest, collection.settings)
    guard wanted.contains(where: { $0.kind == .graph }) else { return merged }
    let segment = try lifted { () throws(StorageError) in try merged.reader() }
    let options = request.indexOptions
    let order = try lifted { () throws(StorageError) in
      try LocalityOrder.order(
        segment.storedVectors, seed: options.seed, threads: options.threads,
        memoryLimit: options.memoryLimit, isCancelled: request.isCancelled)
    }
    if request.isCancelled() { throw .cancelled }
    guard let order else { return merged }
    let builder = try builder(collection, "ordered", index, request)
    var sinceLook = 0
    for row in order {
      try look(&sinceLook, request)
      try lifted { () throws(StorageError) in
        try builder.append(row: Int(row), of: segment, arrival: row)
      }
    }
    let result = try lifted { () throws(StorageError) in try builder.finish() }
    try? collection.fileSystem.remove(merged.temporaryName)
    if !rows.isEmpty { rows = order.map { rows[Int($0)] } }
    return result
  }

  /// Puts the rewritten segments in the place of their sources, under the writer lock.
  ///
  /// Rows that died meanwhile are found in the new segments by id and marked there.
  private static func commit(
    _ writer: CollectionWriter, _ base: CollectionState, _ outputs: [Output], _ report: inout CompactionReport
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
      let output = outputs[index]
      guard placed.insert(index).inserted, let result = output.result else { continue }
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
      for position in output.run {
        try carryDeaths(from: base.segments[position], writer, into: &live)
      }
      report.bytesAfter += entry.bytes
      segments.append(live)
      let sources = Set(output.run.map { base.segments[$0].entry.number })
      for var index in wantedIndexes(of: entry, sources, manifest, writer.collection.settings) {
        if index.kind == .graph {
          index.healing = output.healing
          index.renewal = output.outlook.renewal
          index.parameters = output.outlook.parameters
          index.renewal?.segment = entry.number
          index.renewal?.rows = entry.rows
        }
        wanted.append(index)
      }
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
