import FileStorage
import MetadataFilters
import TestSupport
import Testing
import VectorDatabase
import VectorMath

@Suite struct SegmentTests {
  static let shapes: [(ElementType, Metric, IDType)] = ElementType.allCases.flatMap { element in
    element.metrics.flatMap { metric in IDType.allCases.map { (element, metric, $0) } }
  }

  @Test(arguments: shapes, [1, 2, 15, 16, 17, 384])
  func rowsReadBackAsAppended(shape: (ElementType, Metric, IDType), dimension: Int) throws {
    let seed = UInt64(dimension)
    let rows = SampleRows(
      137, dimension: dimension, elementType: shape.0, metric: shape.1, idType: shape.2, seed: seed)
    let fileSystem = try SampleRows.fileSystem()
    let result = try rows.build(fileSystem)
    #expect(result.duplicates.isEmpty)
    #expect(try fileSystem.list("tmp") == ["s"], "temporary files are gone")
    let segment = try result.reader()
    #expect(segment.rows == rows.count && result.entry.rows == UInt64(rows.count))
    #expect(result.entry.minLSN == 5 && result.entry.maxLSN == 5)
    var sum = Digest256.zero
    for row in 0..<rows.count {
      #expect(try segment.id(row) == rows.ids[row])
      #expect(try [UInt8](segment.vectors(row..<row + 1)) == rows.elements(row))
      #expect(try segment.metadata(row) == rows.metadata[row])
      #expect(try segment.lsn(row) == 5 && segment.created(row) == 6 && segment.updated(row) == 7)
      #expect(try segment.arrival(row) == UInt32(row))
      #expect(try segment.row(forID: rows.ids[row]) == UInt32(row))
      let norm = Float(rows.vectors[row].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot())
      #expect(abs(try segment.norm(row) - norm) <= 1e-5 * norm)
      // The row's hash, as the format says it.
      let id = rows.ids[row].bytes
      var content: [UInt8] = [shape.2.rawValue]
      content.appendLittleEndian(UInt32(id.count))
      content += id + rows.elements(row)
      content += rows.metadata[row].isEmpty ? Array("{}".utf8) : rows.metadata[row]
      #expect(try segment.contentHash(ofRow: row) == SHA256.digest(of: content))
      sum += SHA256.digest(of: content)
    }
    #expect(sum == segment.contentHash && sum == result.entry.contentHash)
    let absent = SampleRows(300, dimension: 1, idType: shape.2, seed: seed + 1000)
    for row in 0..<300 where !rows.ids.contains(absent.ids[row]) {
      #expect(try segment.row(forID: absent.ids[row]) == nil)
    }
    #expect(try segment.columns().rows == rows.count)
    var damages: [CorruptionError] = []
    segment.verifyContents { damages.append($0) }
    segment.file.verify(sha256: result.entry.sha256) { damages.append($0.corruption) }
    #expect(damages.isEmpty)
  }

  @Test func threadsAndWayOfAppendingDoNotChangeTheFile() throws {
    for element in ElementType.allCases {
      let rows = SampleRows(
        3000, dimension: 9, elementType: element, metric: element.metrics[0], seed: 4)
      let fileSystem = try SampleRows.fileSystem()
      let one = try rows.build(fileSystem, name: "tmp/1")
      let two = try rows.build(fileSystem, name: "tmp/2", threads: 2)
      let builder = try SegmentBuilder(fileSystem, rows.identity, temporaryName: "tmp/3")
      for row in 0..<rows.count { try rows.append(to: builder, row, lsn: 5, created: 6, updated: 7) }
      let three = try builder.finish()
      let copier = try SegmentBuilder(fileSystem, rows.identity, temporaryName: "tmp/4")
      let segment = try one.reader()
      for row in 0..<rows.count { try copier.append(row: row, of: segment) }
      let four = try copier.finish()
      #expect(one.entry == two.entry && one.entry == three.entry && one.entry == four.entry)
    }
  }

  @Test func timesAndArrivalAreKept() throws {
    let rows = SampleRows(500, dimension: 3, metric: .l2, idType: .int64, seed: 5)
    let fileSystem = try SampleRows.fileSystem()
    for change in [0, 1, 250, 499, 500] {
      let builder = try SegmentBuilder(fileSystem, rows.identity, temporaryName: "tmp/\(change)")
      for row in 0..<rows.count {
        let isChanged = row >= change
        try rows.append(
          to: builder, row, lsn: isChanged ? UInt64(row) + 10 : 3, created: isChanged ? -Int64(row) : 4,
          updated: isChanged ? Int64.max - Int64(row) : 5,
          arrival: isChanged ? UInt32(change + 499 - row) : nil)
      }
      let segment = try builder.finish().reader()
      #expect(segment.isInArrivalOrder == (change >= 499))
      let least: UInt64 = change == 0 ? 10 : 3
      let greatest: UInt64 = change == 500 ? 3 : 509
      #expect(segment.sequenceNumbers == least...greatest)
      for row in 0..<rows.count {
        let isChanged = row >= change
        #expect(try segment.lsn(row) == (isChanged ? UInt64(row) + 10 : 3))
        #expect(try segment.created(row) == (isChanged ? -Int64(row) : 4))
        #expect(try segment.updated(row) == (isChanged ? Int64.max - Int64(row) : 5))
        #expect(try segment.arrival(row) == UInt32(isChanged ? change + 499 - row : row))
      }
      segment.verifyContents { Issue.record("\($0)") }
    }
  }

  @Test func anEmptySegmentIsWhole() throws {
    let rows = SampleRows(0, dimension: 3, seed: 6)
    let segment = try rows.build(try SampleRows.fileSystem()).reader()
    #expect(segment.rows == 0)
    #expect(try segment.row(forID: RecordID(bytes: [65], type: .string)) == nil)
    segment.verifyContents { Issue.record("\($0)") }
  }

  @Test func payloadBlocksHoldRowsOfAnySize() throws {
    var rows = SampleRows(60, dimension: 1, metric: .dot, seed: 7, metadataSize: 9000)
    rows.metadata[20] = Array(#"{"t":"\#(String(repeating: "y", count: 200_000))"}"#.utf8)
    rows.metadata[59] = Array(#"{"t":"\#(String(repeating: "z", count: 32_760))"}"#.utf8)
    let segment = try rows.build(try SampleRows.fileSystem()).reader()
    for row in (0..<60).reversed() { #expect(try segment.metadata(row) == rows.metadata[row]) }
    var empty = SampleRows(100, dimension: 1, seed: 8)
    empty.metadata = empty.metadata.map { _ in [] }
    let other = try empty.build(try SampleRows.fileSystem()).reader()
    #expect(other.file.section("PAYL") == nil)
    #expect(try other.metadata(99) == [])
  }

  @Test func memoryDoesNotGrowWithTheRows() throws {
    let folder = try TemporaryFolder()
    let fileSystem = try RealFileSystem(root: folder.path)
    try fileSystem.makeFolder("tmp")
    let rows = SampleRows(2000, dimension: 8, seed: 9)
    let builder = try SegmentBuilder(
      fileSystem, rows.identity, temporaryName: "tmp/m", memoryBudget: 1 << 20)
    var batch = rows.batch()
    var early = 0
    for round in 0..<300 {
      // New ids in each round, of the same length.
      for row in 0..<rows.count {
        let start = batch.idRange(row).lowerBound
        batch.idBytes[start] = UInt8(48 + round / 64)
        batch.idBytes[start + 1] = UInt8(48 + round % 64)
      }
      try builder.append(
        batch, rows: 0..<rows.count, lsn: UInt64(round), created: Int64(round), updated: Int64(round),
        threads: 1)
      if round == 199 { early = builder.memory }
    }
    // Only the lists of extents grow: 16 bytes for each buffer that was written.
    #expect(builder.memory < early + (1 << 17))
    #expect(builder.memory < 16 << 20)
    let result = try builder.finish()
    #expect(result.entry.rows == 600_000 && result.duplicates.isEmpty)
    #expect(try fileSystem.list("tmp") == ["m"])
  }

  @Test func aDroppedBuilderLeavesNoFiles() throws {
    let rows = SampleRows(5000, dimension: 30, seed: 10)
    let fileSystem = try SampleRows.fileSystem()
    do {
      let builder = try SegmentBuilder(fileSystem, rows.identity, temporaryName: "tmp/s")
      try builder.append(rows.batch(), rows: 0..<rows.count, lsn: 1, created: 1, updated: 1, threads: 1)
    }
    #expect(try fileSystem.list("tmp").isEmpty)
    #expect(fileSystem.openCount == 0)
  }
}

@Suite struct IDHashIndexTests {
  @Test(arguments: [0, 1, 3, 8, 9, 12, 14], [0, 1, 2, 5, 21])
  func everyIDIsFoundInAnyTable(homeBits: Int, windowBits: Int) throws {
    // Rows in as few as one home slot: everything behind it is overflow.
    let count = homeBits < 8 ? 300 : 4000
    let rows = SampleRows(count, dimension: 1, metric: .l2, idType: .int64, seed: UInt64(homeBits))
    let result = try rows.build(try SampleRows.fileSystem(), homeBits: homeBits, windowBits: windowBits)
    #expect(result.duplicates.isEmpty)
    let segment = try result.reader()
    for row in 0..<count { #expect(try segment.row(forID: rows.ids[row]) == UInt32(row)) }
    for absent in 1...200 { #expect(try segment.row(forID: RecordID(int64: Int64(absent))) == nil) }
  }

  @Test(arguments: [SegmentBuilder.Preference.first, .last], [nil, 0, 2, 6])
  func rowsWithTheSameIDArePaired(preference: SegmentBuilder.Preference, homeBits: Int?) throws {
    for idType in IDType.allCases {
      var random = TestSupport.SeededGenerator(seed: 31)
      var rows = SampleRows(400, dimension: 1, idType: idType, seed: 31)
      var last: [RecordID: UInt32] = [:]
      var first: [RecordID: UInt32] = [:]
      var expected: [(UInt32, UInt32)] = []
      for row in 0..<400 {
        if row > 0, random.oneIn(3) { rows.ids[row] = rows.ids[random.below(row)] }
        let id = rows.ids[row]
        if let before = preference == .last ? last[id] : first[id] { expected.append((before, UInt32(row))) }
        last[id] = UInt32(row)
        first[id] = first[id] ?? UInt32(row)
      }
      let builder = try SegmentBuilder(
        try SampleRows.fileSystem(), rows.identity, temporaryName: "tmp/s", preference: preference,
        homeBits: homeBits, windowBits: 1)
      try builder.append(rows.batch(), rows: 0..<400, lsn: 1, created: 1, updated: 1, threads: 1)
      let result = try builder.finish()
      #expect(result.duplicates.map { $0.earlier } == expected.map { $0.0 })
      #expect(result.duplicates.map { $0.later } == expected.map { $0.1 })
      let segment = try result.reader()
      for (id, row) in preference == .last ? last : first { #expect(try segment.row(forID: id) == row) }
      var losers = RowSet(count: 400)
      for pair in result.duplicates { losers.insert(preference == .last ? pair.earlier : pair.later) }
      segment.verifyContents(deleted: losers) { Issue.record("\($0)") }
      var reports = 0
      segment.verifyContents { _ in reports += 1 }
      #expect(reports == min(100, losers.count))
    }
  }
}
