import FileStorage
import MetadataFilters
import Quantization
import TestSupport
import Testing
import VectorDatabase
import VectorIndexes
import VectorMath

/// The tables of vdb-format(5) about graphs against a file that the engine writes.
struct GraphPageTests {
  let page: FormatPage
  let bytes: [UInt8]
  let snapshot: Snapshot

  /// 90 rows of 20 numbers under cosine: two of them twice, one of zeros.
  init() throws {
    page = try FormatPage()
    let fs = SimulatedFileSystem()
    let settings = CollectionSettings(dimension: 20, metric: .cosine, elementType: .f32, idType: .int64)
    let origin = CommandOrigin(command: "test", processID: 1)
    let collection = try Collection.create(
      on: fs, settings, options: ["quota.min-free": "0"], uuid: UUID16(high: 1, low: 2), creator: "test",
      origin: origin)
    let writer = try CollectionWriter(collection, origin: origin, creator: "test") { _, _ in false }
    var rules = VectorRules()
    rules.allowsZero = true
    let job = try BulkImport(writer, .insert, rules: rules)
    var random = TestSupport.SeededGenerator(seed: 3)
    var batch = RecordBatch(dimension: 20, idType: .int64)
    var last = [Float](repeating: 0, count: 20)
    for row in 0..<90 {
      if row != 40, row != 60 { last = (0..<20).map { _ in Float(random.below(200)) - 100 } }
      let vector = row == 10 ? [Float](repeating: 0, count: 20) : last
      batch.append(id: RecordID(int64: Int64(row)), vector: vector, metadata: [])
    }
    try job.append(batch, source: "test")
    _ = try job.commit()
    writer.close()
    var request = IndexRequest()
    request.choice = .kind(.graph)
    request.options.seed = 5
    _ = try IndexBuilder.run(collection, request, patience: { _, _ in false }) { () throws(DatabaseError) in
      try CollectionWriter(collection, origin: origin, creator: "test") { _, _ in false }
    }
    snapshot = try Snapshot.open(collection)
    let entry = try #require(snapshot.manifest.indexes.first)
    bytes = try #require(fs.contents(FileNames.index(entry.number)))
  }

  private func section(_ name: String) -> FormatPage.Section? { page.section(name, in: bytes) }

  private func number(_ at: Int) -> UInt32 { bytes.littleEndian(at: at, as: UInt32.self) }

  @Test func headerFooterAndSectionsAreAsThePageSays() throws {
    #expect(GraphIndex.layout == 1)
    #expect(page.value("graph-header", "graph_dimension", in: bytes, at: 64) == 64)
    #expect(page.value("graph-header", "maximum_neighbors", in: bytes, at: 64) == 32)
    #expect(page.value("graph-header", "codec", in: bytes, at: 64) == 8)
    #expect(page.value("graph-header", "quality", in: bytes, at: 64) == 1)
    let residual = Float(bitPattern: number(64 + 140))
    #expect(residual > 0 && residual < 0.1)
    #expect(bytes[64 + 144..<64 + 160].allSatisfy { $0 == 0 })
    #expect(page.tables["graph-header"]?.last.map { $0.offset + ($0.size ?? 0) } == 160)
    #expect(
      page.problems(
        "graph-footer", in: bytes, at: bytes.count - 4096 + 128, length: 24,
        numbers: ["graph_rows": 90, "node_count": 87, "loose_count": 1]) == [])
    let names = try #require(page.lists["graph-sections"]).map { $0[0] }
    #expect(names == ["FRAM", "ROUT", "CALB", "GADJ", "GREC", "NROW", "NSTA", "LOOS"])
    for name in names { #expect(section(name) != nil, "\(name)") }
  }

  @Test func listsRecordsAndRowsAreAsThePageSays() throws {
    let lists = try #require(section("GADJ"))
    #expect(lists.elementSize == 128 && lists.count == 87 && lists.start % 4096 == 0)
    let records = try #require(section("GREC"))
    #expect(records.elementSize == 68 && records.count == 87 && records.start % 4096 == 0)
    for node in 0..<87 {
      let list = (0..<32).map { number(lists.start + 128 * node + 4 * $0) }
      #expect(list.allSatisfy { $0 < 87 })
      let free = list.firstIndex(of: UInt32(node)) ?? 32
      #expect(list[free...].allSatisfy { $0 == node } && Set(list[..<free]).count == free && free > 0)
      let at = records.start + 68 * node
      let squares = bytes[at..<at + 64].reduce(Int32(0)) {
        $0 + Int32(Int8(bitPattern: $1)) * Int32(Int8(bitPattern: $1))
      }
      #expect(Int32(bitPattern: number(at + 64)) == squares)
    }
    let rows = try #require(section("NROW"))
    let starts = try #require(section("NSTA"))
    let loose = try #require(section("LOOS"))
    #expect(rows.count == 89 && starts.count == 88 && loose.count == 1)
    #expect(number(loose.start) == 10)
    #expect(number(starts.start) == 0 && number(starts.start + 4 * 87) == 89)
    let all = (0..<89).map { number(rows.start + 4 * $0) }
    #expect(Set(all) == Set((0..<90).filter { $0 != 10 }.map { UInt32($0) }))
    // Rows 39 and 40, and 59 and 60, are the same vector.
    for first in [39, 59] as [UInt32] {
      let place = try #require(all.firstIndex(of: first))
      #expect(all[place + 1] == first + 1)
    }
  }

  @Test func routerAndMeasurementAreAsThePageSays() throws {
    let router = try #require(section("ROUT"))
    let heads = try #require(page.value("router", "head_count", in: bytes, at: router.start))
    let leaders = try #require(page.value("router", "leader_count", in: bytes, at: router.start))
    #expect(heads == 1 && leaders == 1)
    let lists = 8 + 4 * Int(heads + 1) + 4 * Int(leaders) + 4 * Int(heads) + 4 * Int(leaders)
    #expect(router.length == (lists + 63) / 64 * 64 + 64 * Int(heads + leaders))
    let measurement = try #require(section("CALB"))
    let at = measurement.start
    let entries = try #require(page.value("calibration", "entry_count", in: bytes, at: at))
    #expect(measurement.length == 16 + 32 * Int(entries) && entries > 0)
    #expect(page.value("calibration", "query_source", in: bytes, at: at) == 0)
    #expect(page.tables["calibration-entry"]?.last.map { $0.offset + ($0.size ?? 0) } == 32)
    var last: (UInt32, UInt64, UInt64) = (0, 0, 0)
    for entry in 0..<Int(entries) {
      let start = at + 16 + 32 * entry
      let k = try #require(page.value("calibration-entry", "measured_k", in: bytes, at: start))
      let breadth = try #require(page.value("calibration-entry", "breadth", in: bytes, at: start))
      let slack = try #require(page.value("calibration-entry", "early_end", in: bytes, at: start))
      let factor = Float(bitPattern: UInt32(slack))
      #expect(slack == 0 || factor >= 1 && factor < .infinity)
      let now = (slack == 0 ? 0 : 1 as UInt32, k, breadth)
      #expect(last < now && breadth >= k)
      last = now
      for field in ["recall", "lower_recall", "worst_tenth"] {
        let bits = try #require(page.value("calibration-entry", field, in: bytes, at: start))
        let share = Float(bitPattern: UInt32(bits))
        #expect(share >= 0 && share <= 1)
      }
    }
  }
}
