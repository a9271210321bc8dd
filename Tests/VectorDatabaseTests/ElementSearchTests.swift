import FileStorage
import MetadataFilters
import TestSupport
import Testing
import VectorDatabase
import VectorMath

/// Searching every pair of element type and metric against plain loops over all rows.
@Suite struct ElementSearchTests {
  static let pairs = ElementType.allCases.flatMap { type in type.metrics.map { (type, $0) } }

  /// By the formulas, in double.
  ///
  /// Sums of the whole numbers below are exact, whatever their order.
  private static func distance(_ metric: Metric, _ x: [Float], _ y: [Float]) -> Float {
    func sum(_ term: (Double, Double) -> Double) -> Double {
      zip(x, y).reduce(0) { $0 + term(Double($1.0), Double($1.1)) }
    }
    switch metric {
    case .dot: return Float(0 - sum { $0 * $1 })
    case .l2: return Float(sum { ($0 - $1) * ($0 - $1) }.squareRoot())
    case .l1, .hamming: return Float(sum { abs($0 - $1) })
    case .cosine:
      let both = sum { a, _ in a * a } * sum { _, b in b * b }
      return both == 0 ? 1 : Float(1 - min(1, max(-1, sum { $0 * $1 } / both.squareRoot())))
    }
  }

  @Test(arguments: pairs, [1, 13, 64, 100])
  func findsWhatPlainLoopsFind(pair: (type: ElementType, metric: Metric), dimension: Int) throws {
    let seed = UInt64(dimension) + UInt64(pair.type.rawValue) * 1000 + UInt64(pair.metric.rawValue) * 100
    var random = TestSupport.SeededGenerator(seed: seed)
    let range = pair.type.wholeNumbers ?? -300...300
    func vector() -> [Float] {
      (0..<dimension).map { _ in Float(random.below(range.count) + range.lowerBound) }
    }
    let fs = SimulatedFileSystem()
    let collection = try Collection.create(
      on: fs,
      CollectionSettings(dimension: dimension, metric: pair.metric, elementType: pair.type, idType: .int64),
      options: ["quota.min-free": "0"], uuid: UUID16(high: 1, low: seed), creator: "test",
      origin: ModelRun.origin)
    let writer = try CollectionWriter(collection, origin: ModelRun.origin, creator: "test") { _, _ in false }
    var rows: [[Float]] = []
    func batch(_ count: Int) -> RecordBatch {
      var batch = RecordBatch(dimension: dimension, idType: .int64)
      for _ in 0..<count {
        batch.append(id: RecordID(int64: Int64(rows.count)), vector: vector(), metadata: [])
        rows.append(Array(batch.vectors.suffix(dimension)))
      }
      return batch
    }
    let rules = VectorRules(allowsZero: true)
    for count in [700, 300] {
      let bulk = try BulkImport(writer, .insert, rules: rules)
      try bulk.append(batch(count), source: "test")
      _ = try bulk.commit()
    }
    _ = try writer.write(batch(50), .insert, source: "test", rules: rules)
    _ = try writer.delete([3, 701, 1020].map { RecordID(int64: $0) })
    let live = rows.indices.filter { ![3, 701, 1020].contains($0) }
    let snapshot = try Snapshot.open(collection)
    let queries = (0..<20).map { _ in vector() } + [rows[5], rows[1030]]
    for threads in [1, 2] {
      var request = SearchRequest(k: 25)
      request.threads = threads
      let result = try snapshot.search(
        queries: queries.flatMap(\.self), count: queries.count, request)
      #expect(result.work.scanned > 0)
      for (query, answer) in zip(queries, result.answers) {
        let expected = live.map { (Self.distance(pair.metric, query, rows[$0]), Int64($0)) }.sorted(by: <)
          .prefix(25)
        #expect(
          answer.map(\.distance) == expected.map(\.0) && answer.map { $0.id.int64 } == expected.map(\.1),
          "\(pair) dimension \(dimension) seed \(seed)")
      }
    }
    for row in [0, 699, 700, 1049] {
      let location = try #require(try snapshot.state.find(RecordID(int64: Int64(row))))
      #expect(try snapshot.state.vector(at: location) == rows[row])
    }
    writer.close()
  }

  @Test func whatATypeDoesNotHoldIsNotWritten() throws {
    for type in [ElementType.i8, .u8, .bit] {
      let fs = SimulatedFileSystem()
      let collection = try Collection.create(
        on: fs,
        CollectionSettings(dimension: 2, metric: type.metrics[0], elementType: type, idType: .string),
        options: ["quota.min-free": "0"], uuid: .random(), creator: "test", origin: ModelRun.origin)
      let writer = try CollectionWriter(collection, origin: ModelRun.origin, creator: "test") { _, _ in false
      }
      for number: Float in [0.5, -129, 256, 1e9, -0.001] {
        var batch = RecordBatch(dimension: 2)
        batch.append(
          id: RecordID(bytes: Array("a".utf8), type: .string), vector: [1, number], metadata: [],
          position: SourcePosition(line: 7, record: 3))
        let expected = DatabaseError.elementNotHeld(
          origin: RowOrigin(source: "f", line: 7, record: 3), id: "a", index: 1, number: number, type: type)
        #expect(throws: expected) { _ = try writer.write(batch, .insert, source: "f") }
        #expect(throws: expected) { try BulkImport(writer, .insert).append(batch, source: "f") }
      }
      #expect(writer.state.liveCount == 0)
      writer.close()
    }
  }

  @Test func settingsThatMeanNothingAreRefused() {
    for type in ElementType.allCases {
      for metric in Metric.allCases where !type.metrics.contains(metric) {
        let settings = CollectionSettings(dimension: 3, metric: metric, elementType: type, idType: .string)
        let fs = SimulatedFileSystem()
        #expect(throws: DatabaseError.self) {
          try Collection.create(
            on: fs, settings, uuid: .random(), creator: "test", origin: ModelRun.origin)
        }
        #expect((try? fs.list(""))?.isEmpty == true)
      }
    }
  }

  /// Bits that no vector has, in a segment whose checksums are right.
  @Test func onesBehindTheLastBitAreFoundByVerifying() throws {
    for (last, isWhole) in [(UInt8(0x1F), true), (0x20, false), (0x80, false)] {
      let rows = SampleRows(5, dimension: 13, elementType: .bit, metric: .hamming, seed: 1)
      let builder = try SegmentBuilder(
        try SampleRows.fileSystem(), rows.identity, temporaryName: "tmp/s")
      for row in 0..<5 {
        let vector = row == 3 ? [0xFF, last] : rows.elements(row)
        try rows.ids[row].bytes.withUnsafeBytes { id in
          try vector.withUnsafeBytes { vector in
            try rows.metadata[row].withUnsafeBytes { metadata in
              try builder.append(
                id: id, vector: vector, metadata: metadata, lsn: 1, created: 1, updated: 1)
            }
          }
        }
      }
      var damages: [CorruptionError] = []
      try builder.finish().reader().verifyContents { damages.append($0) }
      #expect(damages.map(\.section) == (isWhole ? [] : ["VECT"]))
      if !isWhole { #expect(damages[0].expected.contains("zero bits") && damages[0].found.contains("row 3")) }
    }
  }

  /// A log whose checksums are right but whose rows are not those of the collection.
  @Test func rowsOfAnotherShapeInALogAreDamage() throws {
    for (type, bytes) in [
      (ElementType.bit, [UInt8(0xFF), 0x20]), (.bit, [0xFF]), (.i8, [1, 2]), (.f32, []),
    ] {
      let fs = SimulatedFileSystem()
      let collection = try Collection.create(
        on: fs,
        CollectionSettings(dimension: 12, metric: type.metrics[0], elementType: type, idType: .string),
        options: ["quota.min-free": "0"], uuid: UUID16(high: 3, low: 4), creator: "test",
        origin: ModelRun.origin)
      let log = try LogWriter.create(
        fs, number: 2, firstLSN: 1, collection: collection.identity.uuid, manifestVersion: 1,
        previousChain: 0,
        previousEnd: 0)
      let batch = LogBatch()
      [UInt8(65)].withUnsafeBytes { id in
        bytes.withUnsafeBytes { vector in
          [UInt8]().withUnsafeBytes { batch.appendPut(id: id, created: 1, vector: vector, metadata: $0) }
        }
      }
      _ = try log.commit(batch, nanoseconds: 1, liveRowsAfter: 1, command: "test")
      try log.seal()
      // It takes the place of the first log, of another number.
      var image = try fs.bytes(FileNames.log(2))
      image[64] = 1
      let crc = crc32c([UInt8](image[..<508]))
      for index in 0..<4 { image[508 + index] = UInt8(truncatingIfNeeded: crc >> UInt32(8 * index)) }
      try fs.replace(FileNames.log(1), with: image)
      try fs.remove(FileNames.log(2))
      let failure = #expect(throws: DatabaseError.self, "\(type)") { try Snapshot.open(collection) }
      guard case .storage(.corruption(let damage))? = failure else {
        Issue.record("\(type): \(String(describing: failure))")
        continue
      }
      #expect(damage.section == "record")
    }
  }
}

extension SimulatedFileSystem {
  fileprivate func bytes(_ name: String) throws -> [UInt8] {
    let file = try OpenFile(self, name, .reading)
    return try file.readBytes(at: 0, count: Int(try file.size()))
  }

  fileprivate func replace(_ name: String, with bytes: [UInt8]) throws {
    try remove(name)
    let file = try OpenFile(self, name, .creating)
    try file.writeFully(bytes, at: 0)
    try file.sync()
    try file.close()
  }
}
