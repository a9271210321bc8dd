import MetadataFilters
import TestSupport
import Testing

@Suite struct RecordIDTests {
  @Test func readsAndShowsIdentifiers() throws {
    for (text, type) in [
      ("a", IDType.string), ("007", .string), ("1.0", .string), ("é😀", .string),
      (String(repeating: "x", count: 1024), .string),
      ("0", .int64), ("-1", .int64), ("9223372036854775807", .int64), ("-9223372036854775808", .int64),
      ("123e4567-e89b-12d3-a456-426614174000", .uuid),
    ] {
      let id = try RecordID.parse(text: text, type: type)
      #expect(id.display == text)
      #expect(RecordID(validating: id.bytes, type: type) == id)
    }
    #expect(try RecordID.parse(text: "-42", type: .int64) == RecordID(int64: -42))
    #expect(
      try RecordID.parse(text: "123E4567E89B12D3A456426614174000", type: .uuid).display.hasPrefix("123e4567-")
    )
    #expect(RecordID(int64: -2).bytes == [254, 255, 255, 255, 255, 255, 255, 255])
  }

  @Test func refusesWhatIsNoIdentifier() {
    let cases: [(String, IDType, IDError.Code)] = [
      ("", .string, .empty), ("a\u{0}", .string, .nul),
      (String(repeating: "x", count: 1025), .string, .tooLong),
      ("", .int64, .empty), ("-", .int64, .notInteger), ("01", .int64, .notInteger),
      ("-0", .int64, .notInteger),
      ("+1", .int64, .notInteger), ("1.0", .int64, .float), ("1E+05", .int64, .float),
      ("-1e5", .int64, .float),
      ("1 ", .int64, .notInteger), ("9223372036854775808", .int64, .range),
      ("-9223372036854775809", .int64, .range),
      ("99999999999999999999999", .int64, .range), ("", .uuid, .notUUID),
      ("123e4567-e89b-12d3-a456-42661417400", .uuid, .notUUID),
      ("123e4567-e89b-12d3-a456-42661417400g", .uuid, .notUUID),
      ("123e4567e-89b-12d3-a456-426614174000", .uuid, .notUUID),
    ]
    for (text, type, code) in cases {
      do throws(IDError) {
        _ = try RecordID.parse(text: text, type: type)
        Issue.record("\(text) was accepted")
      } catch { #expect(error.code == code, "\(text)") }
    }
    var bytes: [UInt8] = [1]
    #expect(throws: IDError.self) { try RecordID.append(text: [0xFF, 0x41], type: .string, to: &bytes) }
    #expect(throws: IDError.self) {
      try RecordID.append(text: Array("123e4567-e89b-12d3-a456-42661417400g".utf8), type: .uuid, to: &bytes)
    }
    #expect(bytes == [1])
  }

  @Test func ordersIdentifiersAsTheCollectionDoes() {
    let seed: UInt64 = 5
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<2000 {
      let a = Int64(truncatingIfNeeded: generator.next()) >> Int64(generator.below(64))
      let b = Int64(truncatingIfNeeded: generator.next()) >> Int64(generator.below(64))
      let (left, right) = (RecordID(int64: a), RecordID(int64: b))
      #expect((left < right) == (a < b), "seed \(seed)")
      let order = left.bytes.withUnsafeBytes { x in
        right.bytes.withUnsafeBytes { RecordID.compare(x, $0, type: .int64) }
      }
      #expect((order < 0) == (a < b) && (order == 0) == (a == b), "seed \(seed)")
    }
    let words = ["a", "ab", "b", "é", "😀"].map { RecordID(bytes: Array($0.utf8), type: .string) }
    #expect(words.shuffled(using: &generator).sorted() == words)
  }

  @Test func copiesRowsBetweenBatches() {
    var batch = RecordBatch(dimension: 2)
    for row in 0..<5 {
      batch.append(
        id: RecordID(bytes: Array("id\(row)".utf8), type: .string), vector: row == 3 ? nil : [Float(row), 1],
        metadata: row == 2 ? [] : Array("{\"a\":\(row)}".utf8),
        position: SourcePosition(line: UInt64(row), record: 1))
    }
    var copy = RecordBatch(dimension: 2)
    copy.append(rows: 1..<1, of: batch)
    #expect(copy.isEmpty)
    copy.append(rows: 0..<2, of: batch)
    copy.append(rows: 2..<5, of: batch)
    #expect(
      copy.idBytes == batch.idBytes && copy.idOffsets == batch.idOffsets && copy.vectors == batch.vectors)
    #expect(copy.metadataBytes == batch.metadataBytes && copy.metadataOffsets == batch.metadataOffsets)
    #expect(copy.hasVector == [true, true, true, false, true] && copy.positions == batch.positions)
    #expect(copy.id(4).display == "id4" && copy.vectorRange(4) == 8..<10)
    #expect(copy.withMetadata(2) { $0.count } == 0 && copy.withMetadata(4) { $0.count } == 7)
    copy.removeAll()
    #expect(copy.isEmpty && copy.idOffsets == [0] && copy.metadataOffsets == [0])
  }
}
