import FileStorage
import MetadataFilters
import TestSupport
import Testing
import VectorDatabase
import VectorIndexes

/// Everything that changes a collection, in a form that scripts and exhaustive sequences are made of.
enum Operation: String, CaseIterable {
  case insertOne, insertBatch, upsert, ignore, update, delete
  case importInsert, importUpsert, importIgnore, importReplacing, importSegments
  case checkpoint, compact, compactFull, collectGarbage, configure, reopen, kill
  case rebuildIndex, importWithIndex
  case rebuildGraph, importWithGraph
}

/// Runs operations on a collection and keeps the history of what it acknowledged.
///
/// While an operation runs, `history[lower]` was acknowledged and `history[upper]` is being made.
final class Driver: @unchecked Sendable {
  let fs: any FileSystem
  private var collection: Collection?
  private var writer: CollectionWriter?
  /// Every state of the rows there has been; nil before the collection exists.
  private(set) var history: [RowList?] = [nil]
  /// What was acknowledged, or seen by a reader: everything older is gone for good.
  private(set) var lower = 0
  private(set) var upper = 0
  private(set) var acknowledgedLSN: UInt64 = 0
  private(set) var acknowledgedVersion: UInt64 = 0
  private var counter = 0
  /// Whether the script is still making what another script tries.
  var isPreparing = false
  /// Called when an operation was acknowledged.
  var onAcknowledge: (() -> Void)?

  static let origin = CommandOrigin(command: "test", processID: 1)
  static let uuid = UUID16(bytes: [UInt8](0..<16)) ?? UUID16.random()
  static let options = ["quota.min-free": "0"]

  init(_ fs: any FileSystem) { self.fs = fs }

  var current: RowList { history[upper] ?? RowList() }

  /// Says that a reader has seen the newest state.
  func noteSeen(_ seen: Int) { lower = max(lower, seen) }

  private func attempt(_ next: RowList, _ body: () throws -> Void) throws {
    history.append(next)
    upper += 1
    do {
      try body()
    } catch {
      // What is being made may be there or not; later operations are not run.
      throw error
    }
    acknowledge()
  }

  private func acknowledge() {
    lower = upper
    if let writer {
      acknowledgedLSN = max(acknowledgedLSN, writer.lsn)
      acknowledgedVersion = max(acknowledgedVersion, writer.version)
    }
    onAcknowledge?()
  }

  func create(logRecords: Int = 1000) throws {
    var options = Self.options
    options["wal.max-records"] = "\(logRecords)"
    try attempt(RowList()) {
      collection = try Collection.create(
        on: fs, RowList.settings, options: options, uuid: Self.uuid, creator: "test", origin: Self.origin)
    }
  }

  /// Goes on with a collection that another driver left.
  func adopt(_ rows: RowList) throws {
    history = [rows]
    (lower, upper) = (0, 0)
    counter = 100
    collection = try Collection.open(on: fs)
  }

  func openWriter() throws -> CollectionWriter {
    if let writer { return writer }
    let opened = try Self.writer(on: try opened())
    writer = opened
    return opened
  }

  private func opened() throws -> Collection {
    if let collection { return collection }
    let opened = try Collection.open(on: fs)
    collection = opened
    return opened
  }

  static func writer(on collection: Collection) throws(DatabaseError) -> CollectionWriter {
    try CollectionWriter(collection, origin: origin, creator: "test") { _, _ in false }
  }

  func closeWriter() throws {
    defer { writer = nil }
    writer?.close()
  }

  func kill() { writer = nil }

  func row(_ id: String, wide: Int = 0) -> RowList.Row {
    counter += 1
    let filler = String(repeating: "y", count: wide)
    return RowList.Row(
      id: id, vector: [Float(counter), Float(counter % 7), 0.5],
      metadata: wide > 0 ? "{\"n\":\(counter),\"t\":\"\(filler)\"}" : "{\"n\":\(counter)}")
  }

  func fresh(_ count: Int, wide: Int = 0) -> [RowList.Row] {
    (0..<count).map { _ in row("new-\(counter)", wide: wide) }
  }

  func write(_ rows: [RowList.Row], _ mode: WriteMode) throws {
    let target = try openWriter()
    var next = current
    switch mode {
    case .insert, .upsert: next.put(rows)
    case .ignore: for row in rows where !next.rows.contains(where: { $0.id == row.id }) { next.put([row]) }
    }
    try attempt(next) { _ = try target.write(RowList.batch(rows), mode, source: "test") }
  }

  func delete(_ ids: [String]) throws {
    let target = try openWriter()
    var next = current
    next.delete(ids)
    try attempt(next) { _ = try target.delete(ids.map { RecordID($0) }) }
  }

  func update(_ id: String) throws {
    let target = try openWriter()
    var next = current
    guard let old = next.rows.first(where: { $0.id == id }) else { return }
    var new = row(id)
    new.vector = old.vector
    next.put([new])
    let metadata = Array(new.metadata.utf8)
    let change = RowChange(
      id: RecordID(id), metadata: { _ in metadata }, origin: RowOrigin(source: "test", line: 1, record: 1))
    try attempt(next) { _ = try target.update([change]) }
  }

  func bulkImport(_ rows: [RowList.Row], _ mode: WriteMode, replacing: Bool = false, perSegment: Int = 1000)
    throws
  {
    let target = try openWriter()
    var next = replacing ? RowList() : current
    switch mode {
    case .insert, .upsert: next.put(rows)
    case .ignore: for row in rows where !next.rows.contains(where: { $0.id == row.id }) { next.put([row]) }
    }
    try attempt(next) {
      let job = try BulkImport(target, mode, replacesAll: replacing, rowsPerSegment: perSegment)
      try job.append(RowList.batch(rows), source: "test")
      _ = try job.commit()
    }
  }

  /// Runs something that changes no row.
  func unchanged(_ body: () throws -> Void) throws { try attempt(current, body) }

  /// `heals`: Whether a graph is to be healed, unless the index was not made at all.
  func compact(full: Bool, heals: Bool = false) throws {
    try closeWriter()
    let collection = try opened()
    var request = CompactionRequest()
    request.full = full
    try unchanged {
      let report = try Compactor.run(collection, request, patience: { _, _ in false }) {
        () throws(DatabaseError) in try Self.writer(on: collection)
      }
      let isHealed = report.graphs.contains { $0.reason == nil }
      if heals { #expect(isHealed || report.indexFailure != nil, "\(report)") }
    }
  }

  /// Builds an index of every segment; with `onlyMissing` of those without one.
  func rebuildIndex(_ kind: IndexKind = .flat, onlyMissing: Bool) throws {
    try closeWriter()
    let collection = try opened()
    var request = IndexRequest()
    request.choice = .kind(kind)
    request.proof = IndexProof()
    request.onlyMissing = onlyMissing
    request.movesLog = !onlyMissing
    try unchanged {
      _ = try IndexBuilder.run(collection, request, patience: { _, _ in false }) { () throws(DatabaseError) in
        try Self.writer(on: collection)
      }
    }
  }

  func run(_ operation: Operation) throws {
    let first = current.rows.first?.id ?? "none"
    let last = current.rows.last?.id ?? "none"
    switch operation {
    case .insertOne: try write(fresh(1), .insert)
    case .insertBatch: try write(fresh(3, wide: 700), .insert)
    case .upsert: try write([row(first), row(last)] + fresh(1), .upsert)
    case .ignore: try write([row(first)] + fresh(1), .ignore)
    case .update: try update(first)
    case .delete: try delete([first, "absent"])
    case .importInsert: try bulkImport(fresh(2), .insert)
    case .importUpsert: try bulkImport([row(last)] + fresh(2), .upsert)
    case .importIgnore: try bulkImport([row(first)] + fresh(2), .ignore)
    case .importReplacing: try bulkImport(fresh(2), .insert, replacing: true)
    case .importSegments: try bulkImport([row(first)] + fresh(3), .upsert, perSegment: 2)
    case .checkpoint:
      let target = try openWriter()
      try unchanged { try target.checkpoint() }
    case .compact: try compact(full: false)
    case .compactFull: try compact(full: true)
    case .collectGarbage:
      let target = try openWriter()
      try unchanged { _ = try target.collectGarbage(keepParent: false, dryRun: false) { _, _ in false } }
    case .configure:
      let target = try openWriter()
      counter += 1
      try unchanged { _ = try target.configure("wal.max-bytes", "\(100_000 + counter)") }
    case .rebuildIndex: try rebuildIndex(onlyMissing: false)
    case .importWithIndex:
      try bulkImport(fresh(3), .insert)
      try rebuildIndex(onlyMissing: true)
    case .rebuildGraph: try rebuildIndex(.graph, onlyMissing: false)
    case .importWithGraph:
      try bulkImport(fresh(4), .insert)
      try rebuildIndex(.graph, onlyMissing: true)
    case .reopen:
      try unchanged { try closeWriter() }
      collection = nil
      _ = try openWriter()
    case .kill:
      writer = nil
      collection = nil
      _ = try openWriter()
    }
  }
}
