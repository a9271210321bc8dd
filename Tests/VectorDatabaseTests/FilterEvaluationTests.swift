import FileStorage
import Foundation
import MetadataFilters
import TestSupport
import Testing
import VectorDatabase
import VectorMath

/// Filters on rows of real segments and of the log leave the rows that the interpreter of one record leaves, by every plan.
@Suite struct FilterEvaluationTests {
  static let origin = CommandOrigin(command: "test", processID: 1)

  /// A collection with several segments, deleted rows and rows in the log.
  static func collection(seed: UInt64, rows: Int, manyNames: Bool, idType: IDType) throws -> Snapshot {
    let fs = SimulatedFileSystem()
    let settings = CollectionSettings(dimension: 1, metric: .l2, elementType: .f32, idType: idType)
    let collection = try Collection.create(
      on: fs, settings, options: ["wal.max-records": "100000", "quota.min-free": "0"],
      uuid: UUID16(high: seed, low: 7), creator: "test", origin: origin)
    let writer = try CollectionWriter(collection, origin: origin, creator: "test") { _, _ in false }
    var records = RandomRecords(random: TestSupport.SeededGenerator(seed: seed), manyNames: manyNames)
    var random = TestSupport.SeededGenerator(seed: seed ^ 99)
    var ids: [RecordID] = []
    var number = 0
    func batch(_ count: Int) throws -> RecordBatch {
      var batch = RecordBatch(dimension: 1, idType: idType)
      for _ in 0..<count {
        let id: RecordID =
          switch idType {
          case .string: RecordID(bytes: Array(number == 3 ? "abc".utf8 : "r\(number)".utf8), type: .string)
          case .int64: RecordID(int64: Int64(number) - 3)
          case .uuid: RecordID(bytes: random.bytes(16), type: .uuid)
          }
        number += 1
        ids.append(id)
        batch.append(id: id, vector: [Float(number)], metadata: try CanonicalJSON.encode(records.object()))
      }
      return batch
    }
    for part in [rows / 2, rows / 3] {
      let bulk = try BulkImport(writer, .insert)
      try bulk.append(try batch(part), source: "test")
      _ = try bulk.commit()
    }
    _ = try writer.delete(ids.filter { _ in random.oneIn(20) })
    _ = try writer.write(try batch(rows / 6), .insert, source: "test")
    _ = try writer.delete(ids.filter { _ in random.oneIn(30) })
    writer.close()
    return try Snapshot.open(collection)
  }

  /// What the interpreter says of every live row.
  static func expected(_ snapshot: Snapshot, _ filter: BoundFilter) throws -> [RowLocation] {
    var interpreter = FilterInterpreter(filter)
    var found: [RowLocation] = []
    let type = snapshot.collection.settings.idType
    try snapshot.forEachRow { (location) throws(DatabaseError) in
      let metadata = try snapshot.state.metadata(at: location)
      let id = try snapshot.state.id(at: location)
      let history = try snapshot.state.history(at: location)
      let matches = metadata.withUnsafeBytes { metadata in
        id.bytes.withUnsafeBytes { id in
          interpreter.matches(
            metadata: metadata, id: id, idType: type, created: history.created, updated: history.updated)
        }
      }
      if matches { found.append(location) }
      return true
    }
    return found
  }

  static func locations(_ snapshot: Snapshot, _ outcome: FilterOutcome) throws -> [RowLocation] {
    var found: [RowLocation] = []
    try snapshot.forEachRow(in: outcome.rows) { (location) throws(DatabaseError) in
      found.append(location)
      return true
    }
    return found
  }

  static var plans: [(name: String, options: FilterEvaluationOptions)] {
    var plans: [(name: String, options: FilterEvaluationOptions)] = []
    func plan(_ name: String, _ change: (inout FilterEvaluationOptions) -> Void) {
      var options = FilterEvaluationOptions()
      change(&options)
      plans.append((name, options))
    }
    plan("default") { _ in }
    plan("reversed") { $0.order = .reversed }
    plan("as written, strings by row") {
      $0.order = .asWritten
      $0.strings = .rows
    }
    plan("look-ups, no zones") {
      $0.usesRanges = false
      $0.usesZones = false
      $0.strings = .dictionary
    }
    plan("eager") { $0.isLazy = false }
    plan("rows") { $0.readsAllRows = true }
    plan("threads") { $0.threads = 3 }
    return plans
  }

  @Test(arguments: [(1, false, IDType.string), (2, true, .int64), (3, false, .uuid), (4, true, .string)])
  func everyPlanLeavesTheRowsOfTheInterpreter(seed: UInt64, manyNames: Bool, idType: IDType) throws {
    let count = ProcessInfo.processInfo.environment["VDB_FILTERS"].flatMap { Int($0) } ?? 400
    let snapshot = try Self.collection(seed: seed, rows: 600, manyNames: manyNames, idType: idType)
    var filters = RandomFilters(random: TestSupport.SeededGenerator(seed: seed &* 1000))
    var matched = 0
    for round in 0..<count {
      let expression = filters.expression()
      let filter = try FilterCompiler.compile(expression)
      let expected = try Self.expected(snapshot, filter)
      matched += expected.count
      for plan in Self.plans {
        let outcome = try snapshot.rows(matching: filter, options: plan.options)
        let found = try Self.locations(snapshot, outcome)
        #expect(outcome.count == expected.count, "seed \(seed), filter \(round): count")
        if found != expected {
          let wrong = found.first { !expected.contains($0) } ?? expected.first { !found.contains($0) }
          let row = try wrong.map { String(decoding: try snapshot.state.metadata(at: $0), as: UTF8.self) }
          Issue.record(
            "seed \(seed), filter \(round), plan \(plan.name): \(FilterPrinter.text(expression)): \(found.count) rows, expected \(expected.count); \(wrong.map { "\($0)" } ?? "") \(row ?? "")\n\(filter)"
          )
          return
        }
      }
    }
    #expect(matched > 0)
    print("filters: seed \(seed), \(count) filters by \(Self.plans.count) plans, \(matched) matches")
  }

  /// More rows than a block: zones, runs of blocks and the words at their borders.
  @Test func blocksAndZonesLeaveTheRowsOfTheInterpreter() throws {
    let fs = SimulatedFileSystem()
    let settings = CollectionSettings(dimension: 1, metric: .l2, elementType: .f32, idType: .int64)
    let collection = try Collection.create(
      on: fs, settings, options: ["quota.min-free": "0"], uuid: UUID16(high: 5, low: 7), creator: "test",
      origin: Self.origin)
    let writer = try CollectionWriter(collection, origin: Self.origin, creator: "test") { _, _ in false }
    let bulk = try BulkImport(writer, .insert)
    var random = TestSupport.SeededGenerator(seed: 5)
    var batch = RecordBatch(dimension: 1, idType: .int64)
    let rows = 8192 * 3 + 77
    for row in 0..<rows {
      // Ascending, so that zones are apart; present in some; constant in a zone; strings by code of two bytes.
      var text = #"{"a":\#(row / 3)"#
      if random.oneIn(2) { text += #","b":\#(random.below(1000))"# }
      if random.oneIn(40) { text += #","c":\#(random.below(7)).5"# }
      text += #","s":"w\#(random.below(700))","tags":["t\#(random.below(5))","u\#(random.below(300))"]"#
      // Two columns of strings that are equal now and then; booleans; a column of two types.
      if random.oneIn(3) { text += #","u":"w\#(random.below(30))","v":"w\#(random.below(30))"# + "\"" }
      if random.oneIn(5) { text += #","x":\#(random.oneIn(2)),"y":\#(random.oneIn(2) ? "true" : "3")"# }
      text += #","z":\#(row / 8192)}"#
      batch.append(id: RecordID(int64: Int64(row)), vector: [0], metadata: Array(text.utf8))
    }
    try bulk.append(batch, source: "test")
    _ = try bulk.commit()
    _ = try writer.delete((0..<2000).map { _ in RecordID(int64: Int64(random.below(rows))) })
    writer.close()
    let snapshot = try Snapshot.open(collection)
    for text in [
      "a >= 2700 AND a < 2800", "z = 1", "z != 1", "NOT (z = 1)", "b < 500", "b BETWEEN 100 AND 120 OR c > 3",
      "c IN (0.5, 2.5)", "s = 'w7'", "s IN ('w1', 'w2', 'w50', 'w51', 'w333', 'w400', 'w500', 'w600')",
      "s MATCHES '7$'", "s LIKE 'w6%' AND b IS NULL", "tags CONTAINS 't3'", "tags = 'u17' AND z = 2",
      "tags CONTAINS ALL ('t1', 'u100')", "ALL(tags: . STARTS WITH 't')", "LENGTH(s) = 3 AND a < 100",
      "$id = 8192", "$id IN (1, 2, 8191, 8192, 24000)", "b IS MISSING AND c IS NOT MISSING", "a = b",
      "a < b", "b >= z", "c < b", "b = c", "c != z", "u = v", "u < s", "NOT (u >= v)", "x = y", "x != y",
      "z < y",
      "u = b", "a IS DISTINCT FROM b", "tags[1] > 'u2'", "tags[5] = 'x'", "tags[1] LIKE '%7'",
      "tags[0] IN ('t1', 't2')",
      "NOT (tags[0] MATCHES '[02]$')", "$created > TS '2020-01-01T00:00:00Z'",
      "$updated < TS '2020-01-01T00:00:00Z'",
      "NOT ($created BETWEEN TS '1960-01-01' AND TS '2400-01-01')",
      "tags[0] = 't2' AND tags[1] != 'u5'", "a IN (1, 3, 5, 7, 9, 11, 13, 15, 17, 4000, 8000)",
    ] {
      let filter = try FilterCompiler.compile(try FilterParser.parse(text).expression)
      let expected = try Self.expected(snapshot, filter)
      for plan in Self.plans {
        let outcome = try snapshot.rows(matching: filter, options: plan.options)
        #expect(outcome.count == expected.count, "\(text), plan \(plan.name)")
        #expect(try Self.locations(snapshot, outcome) == expected, "\(text), plan \(plan.name)")
      }
    }
  }
}
