import FileStorage
import Foundation
import TestSupport
import Testing
import VectorDatabase
import VectorIndexes

/// The tables of vdb-format(5) about index files against a file that the engine writes.
struct IndexPageTests {
  let page: FormatPage
  let folder: TemporaryFolder
  let snapshot: Snapshot
  let bytes: [UInt8]
  let entry: IndexEntry

  init() throws {
    page = try FormatPage()
    folder = try TemporaryFolder("vdb-page")
    let store = try #require(SampleStore.all.first { $0.name == "string-f32-l2-flat-index" })
    try store.write(to: folder.path)
    snapshot = try StoreAnswers.open(folder.path)
    entry = try #require(snapshot.manifest.indexes.first)
    bytes = try folder.read(FileNames.index(entry.number))
  }

  private func section(_ name: String) -> FormatPage.Section? { page.section(name, in: bytes) }

  @Test func headerAndFooterAreAsThePageSays() throws {
    let segment = try #require(snapshot.manifest.segments.first { $0.number == entry.segment })
    #expect(
      page.problems(
        "index-header", in: bytes, at: 64, length: 128,
        numbers: [
          "index_segment": segment.number, "index_rows": 30, "index_layout": 1, "index_dimension": 70,
          "index_element_type": 0, "index_metric": 2, "index_seed": 5,
        ],
        blobs: [
          "index_segment_sha256": segment.sha256.bytes, "index_content_hash": segment.contentHash.bytes,
          "index_kind": Array("flat".utf8) + [UInt8](repeating: 0, count: 12),
        ]) == [])
    #expect(page.value("flat-header", "flat_dimension", in: bytes, at: 64) == 128)
    #expect(page.value("flat-header", "zero_132", in: bytes, at: 64) == 0)
    #expect(
      page.problems(
        "flat-footer", in: bytes, at: bytes.count - 4096 + 128, length: 16,
        numbers: ["flat_rows": 30, "unknown_rows": 0]) == [])
    #expect(page.value("footer-page", "block_bits", in: bytes, at: bytes.count - 4096) == 12)
    #expect(FlatIndex.layout == 1)
  }

  @Test func sectionsAndFrameAreAsThePageSays() throws {
    let rows = try #require(page.lists["flat-sections"])
    #expect(rows.map { $0[0] } == ["FRAM", "CODE", "CSQR", "RESD"])
    let frame = try #require(section("FRAM"))
    let codes = try #require(section("CODE"))
    let squares = try #require(section("CSQR"))
    let residuals = try #require(section("RESD"))
    #expect(codes.elementSize == 128 && codes.count == 30 && codes.range.lowerBound % 4096 == 0)
    #expect(squares.elementSize == 4 && squares.count == 30)
    #expect(residuals.elementSize == 4 && residuals.count == 30)
    #expect(frame.range.count == 64 + 4 * 70 + 128 / 2)
    let at = frame.range.lowerBound
    #expect(page.value("frame", "frame_version", in: bytes, at: at) == 1)
    #expect(page.value("frame", "frame_metric", in: bytes, at: at) == 2)
    #expect(page.value("frame", "augmented", in: bytes, at: at) == 0)
    #expect(page.value("frame", "frame_dimension", in: bytes, at: at) == 70)
    #expect(page.value("frame", "padded_dimension", in: bytes, at: at) == 128)
    #expect(page.value("frame", "frame_seed", in: bytes, at: at) == 5)
    #expect(page.value("frame", "sample_rows", in: bytes, at: at) == 30)
    let scale = Double(Float(bitPattern: bytes.littleEndian(at: at + 12, as: UInt32.self)))
    for row in 0..<30 {
      let start = codes.range.lowerBound + 128 * row
      let codes = bytes[start..<start + 128].map { Int32(Int8(bitPattern: $0)) }
      #expect(codes.allSatisfy { (-127...127).contains($0) })
      let sum = Int32(
        bitPattern: bytes.littleEndian(at: squares.range.lowerBound + 4 * row, as: UInt32.self))
      #expect(sum == codes.reduce(0) { $0 + $1 * $1 })
      // Moved to the mean and turned, a row of this sample is at most as long as twice its greatest length; the codes say
      // the same to within the residual.
      let residual = Float(
        bitPattern: bytes.littleEndian(at: residuals.range.lowerBound + 4 * row, as: UInt32.self))
      #expect(residual >= 0 && Double(residual) < 3 * scale * 128.squareRoot())
    }
  }

  /// The map of the page, followed in double, leads to the stored codes.
  @Test func codesAreThoseOfThePagesOwnWords() throws {
    let frame = try #require(section("FRAM")).range
    let codes = try #require(section("CODE")).range
    let (d, p) = (70, 128)
    let scale = Double(Float(bitPattern: bytes.littleEndian(at: frame.lowerBound + 12, as: UInt32.self)))
    let mean = (0..<d).map {
      Double(Float(bitPattern: bytes.littleEndian(at: frame.lowerBound + 64 + 4 * $0, as: UInt32.self)))
    }
    let signs = [UInt8](bytes[(frame.lowerBound + 64 + 4 * d)..<frame.upperBound])
    let position = try #require(snapshot.manifest.segments.firstIndex { $0.number == entry.segment })
    for row in [0, 7, 29] {
      let stored = try snapshot.state.vector(at: .segment(position, row: row))
      var x = (0..<p).map { $0 < d ? Double(stored[$0]) - mean[$0] : 0 }
      for round in 0..<4 {
        for i in 0..<p where signs[(round * p + i) / 8] >> UInt8(i % 8) & 1 == 1 { x[i].negate() }
        // 128 is a power of two: one block, no pairs.
        var half = 1
        while half < p {
          for block in stride(from: 0, to: p, by: 2 * half) {
            for i in block..<block + half {
              (x[i], x[i + half]) = (x[i] + x[i + half], x[i] - x[i + half])
            }
          }
          half *= 2
        }
        for i in 0..<p { x[i] /= Double(p).squareRoot() }
      }
      for i in 0..<p {
        let code = Double(Int8(bitPattern: bytes[codes.lowerBound + p * row + i]))
        #expect(abs(max(-127, min(127, x[i] / scale)) - code) < 0.51)
      }
    }
  }
}
