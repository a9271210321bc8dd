import FileStorage
import MetadataFilters
import TestSupport
import Testing
import VectorDatabase
import VectorMath

@Suite struct SegmentDamageTests {
  private struct Sample {
    let rows: SampleRows
    let shape: SegmentShape
    let footerCRC: UInt32
    let bytes: [UInt8]

    init(_ count: Int, seed: UInt64) throws {
      rows = SampleRows(count, dimension: 3, seed: seed)
      shape = try SegmentShape(rows.identity)
      let fileSystem = try SampleRows.fileSystem()
      let result = try rows.build(fileSystem)
      footerCRC = result.entry.footerCRC
      bytes = try SampleRows.bytes(fileSystem, "tmp/s")
    }

    func open(_ bytes: UnsafeRawBufferPointer, checksFooter: Bool = true) throws(StorageError) -> Segment {
      let file = try ContainerFile(
        MappedBytes(bytes) { _ in }, name: "s", kind: .segment, collection: rows.identity.uuid,
        expectedFooterCRC: checksFooter ? footerCRC : nil)
      return try Segment(file, shape)
    }
  }

  @Test func everyFlippedBitIsFoundAndNeverReadAsAnotherAnswer() throws {
    let sample = try Sample(4, seed: 21)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: sample.bytes.count, alignment: 4096)
    defer { buffer.deallocate() }
    buffer.copyBytes(from: sample.bytes)
    let right = sample.rows.answers(try sample.open(UnsafeRawBufferPointer(buffer)))
    #expect(!right.contains { $0 == nil })
    var refused = 0
    for offset in 0..<sample.bytes.count {
      for bit in 0..<8 {
        buffer[offset] ^= 1 << UInt8(bit)
        defer { buffer[offset] ^= 1 << UInt8(bit) }
        guard let segment = try? sample.open(UnsafeRawBufferPointer(buffer)) else { continue }
        // Every bit by the checks, one bit of each byte by reading, which touches each block in many ways.
        var damages: [ContainerDamage] = []
        segment.file.verify { damages.append($0) }
        guard damages.count == 1, damages[0].flippedBit == FlippedBit(offset: UInt64(offset), bit: bit) else {
          Issue.record("bit \(bit) of byte \(offset): \(damages)")
          return
        }
        guard bit == offset % 8 else { continue }
        for (answer, rightAnswer) in zip(sample.rows.answers(segment), right) where answer != rightAnswer {
          refused += 1
          if answer != nil {
            Issue.record("bit \(bit) of byte \(offset) is read as another answer")
            return
          }
        }
      }
    }
    #expect(refused > 0)
  }

  @Test func everyTruncationIsRefused() throws {
    let sample = try Sample(2, seed: 22)
    sample.bytes.withUnsafeBytes { bytes in
      for length in 0..<bytes.count {
        #expect(throws: StorageError.self) {
          try sample.open(UnsafeRawBufferPointer(rebasing: bytes[..<length]), checksFooter: false)
        }
      }
    }
  }

  /// Files whose checksums are right and whose contents lie must end in errors, not in traps.
  @Test func lyingFilesNeverTrap() throws {
    let seed: UInt64 = 23
    let sample = try Sample(40, seed: seed)
    var random = TestSupport.SeededGenerator(seed: seed)
    var opened = 0
    for _ in 0..<4000 {
      var bytes = sample.bytes
      let table = Int(bytes.littleEndian(at: bytes.count - 4096 + 16, as: UInt64.self))
      for _ in 0...random.below(4) {
        let place: Int
        switch random.below(12) {
        case 0: place = table + random.below(1000)
        case 1: place = bytes.count - 4096 + 128 + random.below(64)
        default: place = 4096 + random.below(table - 4096)
        }
        let value: UInt8 =
          random.oneIn(3) ? 0xFF : random.oneIn(3) ? 0 : UInt8(truncatingIfNeeded: random.next())
        // Whole numbers go wild as often as single bytes.
        for index in 0..<(random.oneIn(2) ? 4 : 1) where place + index < bytes.count {
          bytes[place + index] = value
        }
      }
      reseal(&bytes)
      bytes.withUnsafeBytes { raw in
        guard let segment = try? sample.open(raw, checksFooter: false) else { return }
        opened += 1
        _ = sample.rows.answers(segment)
        segment.verifyContents { _ in }
        segment.file.verify { _ in }
        for row in 0..<segment.rows { _ = try? segment.contentHash(ofRow: row) }
      }
    }
    #expect(opened > 1000)
  }

  /// Makes all checksums right again.
  private func reseal(_ bytes: inout [UInt8]) {
    let footer = bytes.count - 4096
    func number(_ offset: Int) -> Int {
      Int(truncatingIfNeeded: bytes.littleEndian(at: footer + offset, as: UInt64.self))
    }
    func put(_ value: UInt32, _ offset: Int) {
      for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index)) }
    }
    let table = number(16)
    let blockTable = number(32)
    let chunkTable = number(48)
    for block in 0..<(table - 4096 + 16383) / 16384 {
      let start = 4096 + 16384 * block
      put(crc32c(Array(bytes[start..<min(start + 16384, table)])), blockTable + 4 * block)
    }
    put(crc32c(Array(bytes[blockTable..<chunkTable])), chunkTable)
    put(crc32c(Array(bytes[table..<blockTable])), footer + 28)
    put(crc32c(Array(bytes[chunkTable..<footer])), footer + 56)
    put(crc32c(Array(bytes[footer..<footer + 4092])), footer + 4092)
  }

  @Test func aDamagedBlockNamesTheRowsThatItTakes() throws {
    let seed: UInt64 = 25
    var random = TestSupport.SeededGenerator(seed: seed)
    let rows = SampleRows(3000, dimension: 16, seed: seed)
    let fileSystem = try SampleRows.fileSystem()
    let result = try rows.build(fileSystem)
    let original = try SampleRows.bytes(fileSystem, "tmp/s")
    let shape = try SegmentShape(rows.identity)
    let whole = try result.reader()
    for name: SectionName in ["VECT", "NORM", "IDOF", "IDS0", "PAYL"] {
      let entry = try #require(whole.file.section(name))
      for _ in 0..<4 {
        var bytes = original
        let place = Int(entry.offset) + random.below(Int(entry.length) - 1)
        bytes[place] ^= 0xFF
        try bytes.withUnsafeBytes { raw in
          let file = try ContainerFile(
            MappedBytes(raw) { _ in }, name: "s", kind: .segment, collection: rows.identity.uuid,
            expectedFooterCRC: result.entry.footerCRC)
          let segment = try Segment(file, shape)
          let damages = segment.verify(threads: 2)
          #expect(damages.count == 1)
          let taken = try #require(damages.first?.rows, "seed \(seed), \(name)")
          // Vectors of 64 bytes: a block that holds nothing else takes 256 rows.
          let block = (place - 4096) / 16384
          if (block + 1) * 16384 <= Int(whole.file.section("VECT")?.length ?? 0) {
            #expect(taken == 256 * block..<256 * (block + 1), "seed \(seed)")
          }
          #expect(damages.first?.damage.range.contains(UInt64(place)) == true)
          for row in 0..<3000 {
            let isRead =
              (try? segment.contentHash(ofRow: row)) != nil && (try? segment.norm(row)) != nil
            #expect(isRead || taken.contains(row), "seed \(seed), \(name), row \(row)")
          }
        }
      }
    }
  }

  @Test func contentsThatChecksumsCannotProveAreChecked() throws {
    let sample = try Sample(40, seed: 24)
    func reports(_ change: (inout [UInt8], Segment) -> Void) throws -> [String] {
      var bytes = sample.bytes
      try sample.bytes.withUnsafeBytes { change(&bytes, try sample.open($0)) }
      reseal(&bytes)
      var reports: [String] = []
      try bytes.withUnsafeBytes { raw in
        try sample.open(raw, checksFooter: false).verifyContents { reports.append($0.section) }
      }
      return reports
    }
    func change(_ name: SectionName, _ offset: Int, _ value: UInt8) throws -> [String] {
      try reports { bytes, segment in
        if let entry = segment.file.section(name) { bytes[Int(entry.offset) + offset] = value }
      }
    }
    #expect(try reports { _, _ in }.isEmpty)
    #expect(try change("VECT", 12 * 7 + 3, 0x7F).first.map { ["VECT", "NORM"].contains($0) } == true)
    #expect(try change("NORM", 4 * 3 + 1, 0x55) == ["NORM"])
    #expect(try change("IDS0", 1, 0xFF) == ["IDS0"])
    #expect(try change("IDS0", 1, 0x41) == ["IDHX"])
    #expect(try change("LSNS", 0, 9).first == "LSNS")
    let spelling = try reports { bytes, segment in
      guard let entry = segment.file.section("PAYL") else { return }
      let range = Int(entry.offset)..<Int(entry.offset + entry.length)
      if let quote = bytes[range].firstIndex(of: UInt8(ascii: "\"")) { bytes[quote] = 0x20 }
    }
    #expect(spelling == ["PAYL"])
  }
}
