import FileStorage
import Foundation
import MetadataFilters
import TestSupport
import Testing
import VectorDatabase

/// The tables of vdb-format(5) about segments, columns and locks against files that the engine writes.
struct SegmentPageTests {
  let page: FormatPage
  let folder: TemporaryFolder
  let bytes: [UInt8]
  let snapshot: Snapshot

  init() throws {
    page = try FormatPage()
    folder = try TemporaryFolder("vdb-page")
    try SampleStore.all[1].write(to: folder.path)
    snapshot = try StoreAnswers.open(folder.path)
    bytes = try folder.read(FileNames.segment(try #require(snapshot.manifest.segments.first).number))
  }

  /// Where a section lies, found by the page's own tables.
  private func section(_ name: String, column: UInt64 = 0) -> Range<Int>? {
    page.section(name, column: column, in: bytes)?.range
  }

  @Test func segmentFieldsAreAsThePageSays() throws {
    let entry = try #require(snapshot.manifest.segments.first)
    #expect(
      page.problems(
        "segment-header", in: bytes, at: 64, length: 16,
        numbers: [
          "segment_dimension": 7, "segment_element_type": 0, "segment_metric": 0, "segment_id_type": 0,
          "stride": 28,
          "payload_block_limit": 32768,
        ]) == [])
    #expect(
      page.problems(
        "segment-footer", in: bytes, at: bytes.count - 4096 + 128, length: 64,
        numbers: [
          "rows": 40, "minimum_lsn": entry.minLSN, "maximum_lsn": entry.maxLSN,
          // 40 rows need 58 slots.
          "home_bits": 6,
        ], blobs: ["segment_content_hash": entry.contentHash.bytes]) == [])
  }

  @Test func sectionsAreAsThePageSays() throws {
    let named = Set(try #require(page.lists["segment-sections"]).map { $0[0] })
    let footer = bytes.count - 4096
    let table = Int(try #require(page.value("footer-page", "section_table", in: bytes, at: footer)))
    var found: Set<String> = []
    for index in 0..<Int(try #require(page.value("footer-page", "section_count", in: bytes, at: footer))) {
      found.insert(String(decoding: bytes[(table + 64 * index)..<(table + 64 * index + 4)], as: UTF8.self))
    }
    #expect(found.isSubset(of: named), "the page does not name \(found.subtracting(named))")
    // Rows lie in order of arrival, so one section is absent.
    #expect(named.subtracting(found) == ["ARRV"])
  }

  @Test func payloadAndHashIndexAreAsThePageSays() throws {
    let directory = try #require(section("PAYO"))
    let payload = try #require(section("PAYL"))
    #expect(
      page.problems(
        "payload-entry", in: bytes, at: directory.lowerBound, length: 24,
        numbers: [
          "block_offset": 0, "block_length": UInt64(payload.count), "stored_length": UInt64(payload.count),
          "first_row": 0,
        ]) == [])
    let slots = try #require(section("IDHX"))
    let offsets = try #require(section("IDOF"))
    let ids = try #require(section("IDS0"))
    var rows: Set<UInt64> = []
    for slot in stride(from: slots.lowerBound, to: slots.upperBound, by: 8) {
      guard let number = page.value("hash-slot", "row_plus_one", in: bytes, at: slot), number > 0 else {
        continue
      }
      let row = Int(number) - 1
      rows.insert(number)
      func offset(_ index: Int) -> Int {
        ids.lowerBound + Int(bytes.littleEndian(at: offsets.lowerBound + 4 * index, as: UInt32.self))
      }
      let hash = sipHash13(
        [UInt8](bytes[offset(row)..<offset(row + 1)]), key: snapshot.collection.identity.uuid)
      #expect(
        page.problems(
          "hash-slot", in: bytes, at: slot, length: 8,
          numbers: ["row_plus_one": number, "fingerprint": hash & 0xFFFF_FFFF]) == [])
    }
    #expect(rows.count == 40)
  }

  @Test func columnsAreAsThePageSays() throws {
    let types = try #require(page.lists["column-types"])
    #expect(types.map { $0[0] } == ColumnType.allCases.map { "\($0)" })
    #expect(types.map { $0[1] } == ColumnType.allCases.map { "\($0.rawValue)" })
    let text = page.text.replacingOccurrences(of: "\n", with: " ")
    for claim in [
      "n, at most \(ColumnLimits.columns + 1)", "at most \(ColumnLimits.pathBytes)",
      "more than \(ColumnLimits.stringBytes) bytes", "each \(ColumnLimits.zoneSize) positions",
      "at most \(ColumnLimits.columns) columns", "at most \(ColumnLimits.depth) levels",
    ] { #expect(text.contains(claim), "the page does not say: \(claim)") }

    let table = try #require(section("COLS"))
    let count = Int(
      try #require(page.value("columns-header", "column_count", in: bytes, at: table.lowerBound)))
    let paths = table.lowerBound + 64 + 128 * count
    #expect(
      page.problems(
        "columns-header", in: bytes, at: table.lowerBound, length: 64,
        numbers: [
          "column_count": UInt64(count), "descriptor_size": 128, "column_rows": 40,
          "path_bytes": UInt64(table.upperBound - paths),
        ]) == [])
    let file = try ContainerFile.open(
      fileSystem: snapshot.collection.fileSystem,
      name: FileNames.segment(snapshot.manifest.segments[0].number),
      kind: .segment, collection: nil, expectedBytes: nil, expectedFooterCRC: nil)
    let columns = try ColumnSet(container: file).columns
    try #require(columns.count == count)
    var offset = 0
    for (index, column) in columns.enumerated() {
      let path = Array(column.path.utf8)
      let start = table.lowerBound + 64 + 128 * index
      func raw(_ name: String) -> UInt64 { page.value("column", name, in: bytes, at: start) ?? 0 }
      func bits(_ value: Value?) -> UInt64 {
        switch value {
        case .bool(let value)?: value ? 1 : 0
        case .int(let value)?: UInt64(bitPattern: value)
        case .double(let value)?: value.bitPattern
        default: 0
        }
      }
      let isString = column.type.element == .string
      #expect(
        page.problems(
          "column", in: bytes, at: start, length: 128,
          numbers: [
            "path_offset": UInt64(offset), "path_length": UInt64(path.count),
            "column_type": UInt64(column.type.rawValue),
            "presence": column.present == 40 ? 0 : (column.present * 16 < 40 ? 2 : 1),
            "code_width": isString ? 1 : 0,
            "offset_width": isString ? 4 : 0, "column_flags": column.isPartial ? 1 : 0,
            "present": UInt64(column.present), "values": UInt64(column.type.hasValues ? column.values : 0),
            "distinct": UInt64(column.distinct ?? 0),
            "dictionary_bytes": isString
              ? UInt64(section("CDIC", column: UInt64(column.number))?.count ?? 0) : 0,
            "long": UInt64(column.long), "smallest": bits(column.minimum), "largest": bits(column.maximum),
          ]) == [])
      #expect([UInt8](bytes[(paths + offset)..<(paths + offset + path.count)]) == path)
      offset += path.count
    }
    #expect(Set(columns.map(\.type)).count >= 9)
  }

  @Test func locksAreAsThePageSays() throws {
    let places = try #require(page.lists["lock-bytes"])
    #expect(places.map { $0[0] } == ["writing", "maintenance", "building", "pin"])
    let fs = snapshot.collection.fileSystem
    func isFree(_ byte: UInt64) throws -> Bool {
      try OpenFile(fs, FileNames.lock, .updating).lock(byte: byte, .exclusive)
    }
    let writing = try #require(UInt64(places[0][1]))
    let pin = try #require(UInt64(places[3][1].split(separator: " ")[0]))
    #expect(try isFree(writing))
    #expect(try !isFree(pin + snapshot.version))
    let writer = try CollectionWriter(snapshot.collection, origin: SampleStore.origin, creator: "test") {
      _, _ in false
    }
    #expect(try !isFree(writing))
    writer.close()
  }
}
