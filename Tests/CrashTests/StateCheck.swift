import FileStorage
import MetadataFilters
import TestSupport
import VectorDatabase

/// What a crash state is held to: the rows that may be there, and how far they must at least reach.
struct Expectation {
  /// nil stands for "no collection yet".
  var allowed: [RowList?]
  var lsn: UInt64 = 0
  var version: UInt64 = 0
}

/// Checks one crash state: opens it, compares it with the history, goes on writing in it, and verifies it.
enum StateCheck {
  private static let changes: Set<String> = [
    "write", "truncate", "rename", "remove", "makeFolder", "removeFolder", "open",
  ]

  /// Opens a state for reading and compares it; the rows, or nil when there is no collection.
  static func read(_ fs: SimulatedFileSystem, _ expected: Expectation) throws -> RowList? {
    let changed = Shared<String?>(nil)
    fs.observe { _, call in
      if call.isChange, changes.contains(call.name) { changed.change { $0 = "\(call.name) \(call.path)" } }
    }
    defer { fs.observe(nil) }
    guard let snapshot = try openIfThere(fs) else {
      if expected.allowed.contains(where: { $0 == nil }) { return nil }
      throw Broken("the collection is gone")
    }
    let rows = try RowList.read(snapshot)
    guard expected.allowed.contains(where: { $0 == rows }) else {
      throw Broken(
        "rows \(rows.rows.map(\.id)) are none of the states \(expected.allowed.map { $0?.rows.map(\.id) ?? [] })"
      )
    }
    guard snapshot.lsn >= expected.lsn else { throw Broken("LSN \(snapshot.lsn) is below \(expected.lsn)") }
    guard snapshot.version >= expected.version else {
      throw Broken("version \(snapshot.version) is below \(expected.version)")
    }
    let info = try CollectionInfo.read(snapshot.collection)
    guard info.liveRows == UInt64(rows.rows.count), info.lastLSN == snapshot.lsn else {
      throw Broken("info says \(info.liveRows) rows at LSN \(info.lastLSN)")
    }
    try verify(fs, "before recovery")
    try search(snapshot, rows)
    if let call = changed.current { throw Broken("reading made the call \(call)") }
    return rows
  }

  /// Opens a collection; nil when its creation was interrupted.
  static func openIfThere(_ fs: SimulatedFileSystem) throws(DatabaseError) -> Snapshot? {
    do throws(DatabaseError) {
      return try Snapshot.open(try Collection.open(on: fs))
    } catch {
      switch error {
      case .unfinishedCreation, .notACollection: return nil
      default: throw error
      }
    }
  }

  /// A search by whatever indexes there are answers as a scan does, and finds no fault with them.
  private static func search(_ snapshot: Snapshot, _ rows: RowList) throws {
    var request = SearchRequest(k: 2)
    request.tuning.wantedShare = 1
    request.tuning.fewRows = 0
    // So small a graph is looked at as a whole.
    request.tuning.weighsGraphs = false
    request.method = .effort(1000)
    let query: [Float] = [3, 1, 0.25]
    let result = try snapshot.search(queries: query, count: 1, request)
    let expected = rows.rows.map { row in
      (row.id, zip(row.vector, query).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot())
    }.sorted { $0.1 != $1.1 ? $0.1 < $1.1 : Array($0.0.utf8).lexicographicallyPrecedes(Array($1.0.utf8)) }
    let found = result.answers[0].map(\.id.display)
    guard result.warnings.isEmpty, found == expected.prefix(2).map(\.0) else {
      throw Broken(
        "a search found \(found), not \(expected.prefix(2).map(\.0)); warnings \(result.warnings.map(\.message))"
      )
    }
  }

  static func verify(_ fs: SimulatedFileSystem, _ moment: String) throws {
    let report = try Verifier.run(on: fs, .standard)
    if report.isDamaged {
      throw Broken(
        "verify \(moment): \(report.findings.filter(\.isDamage).map { "\($0.path): \($0.code): \($0.message)" })"
      )
    }
  }

  private static let extra = RowList.Row(id: "afterwards", vector: [9, 8, 7], metadata: "{\"after\":true}")

  /// Checks a state as a whole.
  ///
  /// Depth 2 crashes the recovery too, at every changing call, and gives back how many states of that were checked.
  @discardableResult
  static func run(_ fs: SimulatedFileSystem, _ expected: Expectation, depth: Int = 1) throws -> Int {
    guard let rows = try read(fs, expected) else {
      // An interrupted creation can be done again.
      let again = Driver(fs)
      try again.create()
      try again.run(.insertOne)
      try verify(fs, "after creating again")
      return 0
    }
    var after = rows
    after.put([extra])
    var inner = 0
    if depth > 1 {
      let failure = Shared<Broken?>(nil)
      let count = Shared(0)
      let original = fs.crash(.everything)
      let later = Expectation(allowed: [rows, after], lsn: expected.lsn, version: expected.version)
      original.observe { live, call in
        guard call.isChange, failure.current == nil else { return }
        let seed = UInt64(call.number)
        for choice in [CrashChoice.nothing, .everything, .random(seed: seed), .random(seed: seed + 77)] {
          do {
            count.change { $0 += 1 }
            try run(live.crash(choice), later)
          } catch {
            failure.change {
              $0 = Broken("during recovery, \(call.name) \(call.path) (\(call.number)), \(choice): \(error)")
            }
            return
          }
        }
      }
      try recover(original, after)
      original.observe(nil)
      if let error = failure.current { throw error }
      inner = count.current
    }
    try recover(fs, after)
    return inner
  }

  /// Writes one more transaction, checkpoints, reads, verifies.
  private static func recover(_ fs: SimulatedFileSystem, _ after: RowList) throws {
    let collection = try Collection.open(on: fs)
    let writer = try Driver.writer(on: collection)
    _ = try writer.write(RowList.batch([extra]), .upsert, source: "test")
    try writer.checkpoint()
    writer.close()
    let rows = try RowList.read(try Snapshot.open(collection))
    guard rows == after else { throw Broken("after one more transaction: rows \(rows.rows.map(\.id))") }
    try verify(fs, "after recovery")
  }
}
