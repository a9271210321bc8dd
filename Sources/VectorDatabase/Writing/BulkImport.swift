import FileStorage
package import MetadataFilters
import VectorMath

/// Writes any number of records straight into new segments and makes them visible by one manifest commit.
///
/// Bypasses the log: the log is checkpointed first, so that every later log record is newer than every segment row.
/// Nothing is visible before `commit`; an import that is dropped leaves only temporary files, which the next writer
/// removes. The whole import has one LSN. Memory does not depend on the number of records. Not for several threads.
package final class BulkImport {
  private let writer: CollectionWriter
  private let mode: WriteMode
  private let checks: VectorChecks
  private let schema: SchemaChecks?
  private let threads: Int
  private let lsn: UInt64
  private let now: Int64
  /// Rows of a segment at most; a format limit is 2^32 - 1.
  private let rowsPerSegment: Int
  private var builder: SegmentBuilder?
  private var finished: [Finished] = []
  private var dead: [LiveSegment]
  private var rowsBefore: UInt64 = 0
  private var receipt: CommitReceipt
  private let replacesAll: Bool
  private let isRehearsal: Bool
  private let memoryBudget: Int
  private var temporaryNames: [String] = []
  /// Numbers of the segments that `commit` has added.
  package private(set) var newSegments: Set<UInt64> = []
  /// Rows of the collection that records of this import take the place of.
  private var replacedRows: UInt64 = 0

  private struct Finished {
    let pending: String
    var entry: SegmentEntry
    /// Rows that lost against another record of the same import or of the collection.
    var losers: RowSet
    /// Record number of the segment's first row, from 0.
    let firstRecord: UInt64
    let segment: Segment
  }

  /// Begins an import under a writer's lock.
  ///
  /// `replacesAll`: The imported records take the place of everything in the collection.
  /// `rowsPerSegment`: A new segment is begun after this many rows.
  /// `memoryBudget`: Bytes that the metadata columns of a segment may hold in memory while it is written.
  /// `isRehearsal`: Changes nothing: `dryRun` instead of `commit` ends the import.
  package init(
    _ writer: CollectionWriter, _ mode: WriteMode, rules: VectorRules = VectorRules(),
    replacesAll: Bool = false, threads: Int = 1, rowsPerSegment: Int = 1 << 26, memoryBudget: Int = 32 << 20,
    isRehearsal: Bool = false
  ) throws(DatabaseError) {
    if !isRehearsal { try writer.checkpoint() }
    self.isRehearsal = isRehearsal
    self.memoryBudget = memoryBudget
    self.writer = writer
    self.mode = mode
    self.threads = threads
    self.rowsPerSegment = max(1, min(rowsPerSegment, Int(UInt32.max) - 1))
    self.replacesAll = replacesAll
    checks = VectorChecks(writer.collection.settings, rules)
    schema = try SchemaChecks(writer.state.manifest)
    lsn = writer.state.lastLSN + 1
    now = writer.fs.now()
    dead = writer.state.segments
    receipt = writer.receipt()
  }

  /// Removes what was not committed; best effort, for the next writer sweeps `tmp/` as well.
  deinit {
    builder = nil
    for name in temporaryNames { try? writer.fs.remove(name) }
  }

  /// Adds records.
  ///
  /// - Throws: The first record that cannot be stored; the import is then to be dropped.
  package func append(_ batch: RecordBatch, source: String) throws(DatabaseError) {
    guard batch.count > 0 else { return }
    try checks.check(batch, source: source)
    try schema?.check(batch, source: source)
    var row = 0
    while row < batch.count {
      let current = try currentBuilder()
      let take = min(batch.count - row, rowsPerSegment - current.rowCount)
      let rows = row..<(row + take)
      try lifted { () throws(StorageError) in
        try current.append(batch, rows: rows, lsn: lsn, created: now, updated: now, threads: threads)
      }
      row += take
      if current.rowCount >= rowsPerSegment { try finishSegment() }
    }
    let most = Limits(writer.state.manifest.settings)
    if let limit = most.maximumVectors, mode == .insert, rowCount + UInt64(writer.state.liveCount) > limit,
      !replacesAll
    {
      throw .quotaExceeded(
        key: "quota.max-vectors", limit: limit, wanted: rowCount + UInt64(writer.state.liveCount))
    }
  }

  /// What the schema has against each of some records, in their order; nothing is added.
  package func schemaFailures(_ batch: RecordBatch, source: String) -> [DatabaseError] {
    schema?.failures(batch, source: source) ?? []
  }

  /// Records added so far.
  package var rowCount: UInt64 { rowsBefore + UInt64(builder?.rowCount ?? 0) }

  private func currentBuilder() throws(DatabaseError) -> SegmentBuilder {
    if let builder { return builder }
    try writer.requireFreeSpace(UInt64(writer.collection.identity.vectorBytes) * 1024)
    let name = uniqueTemporaryName(writer.fs, "import", finished.count)
    temporaryNames.append(name)
    let made = try lifted { () throws(StorageError) in
      // The hash index must name the row that wins among several with one id.
      try SegmentBuilder(
        writer.fs, writer.collection.identity, temporaryName: name, memoryBudget: memoryBudget,
        preference: mode == .ignore ? .first : .last)
    }
    builder = made
    return made
  }

  private func finishSegment() throws(DatabaseError) {
    guard let builder else { return }
    let result = try lifted { () throws(StorageError) in try builder.finish() }
    self.builder = nil
    let segment = try lifted { () throws(StorageError) in try result.reader() }
    var part = Finished(
      pending: result.temporaryName, entry: result.entry, losers: RowSet(count: Int(result.entry.rows)),
      firstRecord: rowsBefore, segment: segment)
    rowsBefore += result.entry.rows
    for (earlier, later) in result.duplicates {
      switch mode {
      case .insert:
        let id = try lifted { () throws(StorageError) in try segment.id(Int(later)) }
        throw .duplicateID(
          id: id.display,
          origin: RowOrigin(source: "", line: 0, record: part.firstRecord + UInt64(later) + 1),
          earlier: RowOrigin(source: "", line: 0, record: part.firstRecord + UInt64(earlier) + 1))
      case .upsert:
        if part.losers.insert(Int(earlier)) { receipt.replaced += 1 }
      case .ignore:
        if part.losers.insert(Int(later)) { receipt.ignored += 1 }
      }
    }
    finished.append(part)
  }

  /// Checks everything that `commit` would check, and says what it would do.
  ///
  /// The import must then be dropped.
  package func dryRun() throws(DatabaseError) -> CommitReceipt {
    try finishSegment()
    try resolveAgainstCollection()
    return receipt
  }

  /// Makes the records visible and durable.
  ///
  /// - Throws: `.duplicateID` in insert mode, with nothing changed.
  package func commit() throws(DatabaseError) -> CommitReceipt {
    try finishSegment()
    try resolveAgainstCollection()
    guard !finished.isEmpty || replacesAll else { return receipt }
    var manifest = writer.state.manifest
    var (entries, files) = replacesAll ? ([], []) : try writer.deletionFiles(dead)
    var number = try writer.nextNumber()
    var added: Set<UInt64> = []
    for part in finished {
      var entry = part.entry
      entry.number = number
      let name = FileNames.segment(number)
      number += 1
      let live = part.entry.rows - UInt64(part.losers.count)
      if live == 0 { continue }
      files.append(PendingFile(temporaryName: part.pending, finalName: name))
      if part.losers.count > 0 {
        let (marked, deletion) = try deletionFile(part, entry)
        entry = marked
        files.append(deletion)
      }
      entries.append(entry)
      added.insert(entry.number)
    }
    manifest.segments = entries
    manifest.indexes.removeAll { index in !entries.contains { $0.number == index.segment } }
    manifest.nextNumber = number
    manifest.lastLSN = lsn
    manifest.walStartLSN = lsn + 1
    // The log's frames are numbered on from its first; the import's LSN needs a log that begins behind it.
    try writer.startNewLog(number: number, manifestVersion: manifest.version + 1, skipping: lsn)
    manifest.firstLog = number
    manifest.nextNumber = number + 1
    let published = try writer.publish(files, manifest)
    try writer.adopt(published)
    GarbageCollector.collectIfFree(writer)
    temporaryNames = []
    newSegments = added
    receipt.lsn = lsn
    receipt.version = published.version
    return receipt
  }

  private func deletionFile(
    _ part: Finished, _ unmarked: SegmentEntry
  ) throws(DatabaseError) -> (SegmentEntry, PendingFile) {
    let live = LiveSegment(entry: unmarked, segment: part.segment, dead: part.losers, recordedDead: 0)
    let (entries, files) = try writer.deletionFiles([live])
    guard let entry = entries.first, let file = files.first else {
      return (unmarked, PendingFile(temporaryName: "", finalName: ""))
    }
    return (entry, file)
  }

  /// Joins the new ids with the collection's and with those of earlier segments of this import.
  private func resolveAgainstCollection() throws(DatabaseError) {
    let hasExisting =
      !replacesAll && (isRehearsal ? writer.state.liveCount > 0 : dead.contains { $0.liveCount > 0 })
    for index in finished.indices where index > 0 || hasExisting {
      let part = finished[index]
      for row in 0..<part.segment.rows where !part.losers.contains(row) {
        try resolve(row: row, of: index)
      }
    }
    let candidates = finished.reduce(UInt64(0)) { $0 + $1.entry.rows - UInt64($1.losers.count) }
    receipt.inserted = candidates - replacedRows
    let old = replacesAll ? 0 : dead.reduce(UInt64(0)) { $0 + UInt64($1.liveCount) }
    if let limit = Limits(writer.state.manifest.settings).maximumVectors, old + candidates > limit {
      throw .quotaExceeded(key: "quota.max-vectors", limit: limit, wanted: old + candidates)
    }
  }

  private func resolve(row: Int, of index: Int) throws(DatabaseError) {
    let part = finished[index]
    let record = part.firstRecord + UInt64(row) + 1
    let id = unsafe try lifted { () throws(StorageError) in try unsafe part.segment.idBytes(row) }
    defer { withExtendedLifetime(part.segment) {} }
    let hash = unsafe writer.state.tail.hash(of: id)
    for earlier in 0..<index {
      let other = finished[earlier]
      let found = try lifted { () throws(StorageError) in try unsafe other.segment.row(forID: id, hash: hash)
      }
      guard let found, !other.losers.contains(found) else { continue }
      switch mode {
      case .insert:
        throw duplicate(part, row, record, earlier: other.firstRecord + UInt64(found) + 1)
      case .upsert:
        if finished[earlier].losers.insert(found) { receipt.replaced += 1 }
      case .ignore:
        if finished[index].losers.insert(row) { receipt.ignored += 1 }
        return
      }
    }
    guard !replacesAll else { return }
    // A rehearsal leaves the log as it is: rows in it are not in `dead`.
    if isRehearsal, let entry = unsafe writer.state.tail.find(id, hash: hash),
      writer.state.tail.entries[entry].isLiveRow
    {
      switch mode {
      case .insert: throw duplicate(part, row, record, earlier: nil)
      case .upsert:
        receipt.replaced += 1
        replacedRows += 1
      case .ignore:
        if finished[index].losers.insert(row) { receipt.ignored += 1 }
      }
      return
    }
    for place in dead.indices.reversed() {
      let live = dead[place]
      let found = try lifted { () throws(StorageError) in try unsafe live.segment.row(forID: id, hash: hash) }
      guard let found, !live.dead.contains(found) else { continue }
      switch mode {
      case .insert: throw duplicate(part, row, record, earlier: nil)
      case .upsert:
        if dead[place].dead.insert(found) {
          receipt.replaced += 1
          replacedRows += 1
        }
      case .ignore:
        if finished[index].losers.insert(row) { receipt.ignored += 1 }
      }
      return
    }
  }

  private func duplicate(_ part: Finished, _ row: Int, _ record: UInt64, earlier: UInt64?) -> DatabaseError {
    let id = (try? part.segment.id(row))?.display ?? "?"
    return .duplicateID(
      id: id, origin: RowOrigin(source: "", line: 0, record: record),
      earlier: earlier.map { RowOrigin(source: "", line: 0, record: $0) })
  }
}
