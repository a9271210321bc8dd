import FileStorage
import Synchronization
import TestSupport
import Testing

/// Small containers for tests: made in a simulated file system, opened from arrays.
enum SampleContainer {
  static let collection = UUID16(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)

  /// A container with a streamed, an added and two spilled sections of the given sizes.
  static func make(
    _ fileSystem: SimulatedFileSystem, name: String = "tmp/c", sizes: [Int], seed: UInt64,
    blockSize: Int = 16384
  ) throws -> (finished: FinishedFile, contents: [[UInt8]]) {
    var random = SeededGenerator(seed: seed)
    let contents = sizes.map { random.bytes($0) }
    let writer = try ContainerWriter(
      fileSystem: fileSystem, temporaryName: name, kind: .segment, collection: collection,
      features: FeatureBits(),
      headerFields: [1, 2, 3], blockSize: blockSize)
    let spilled = (2..<max(2, sizes.count)).map {
      writer.spilled("SPIL", column: UInt32($0), elementSize: 1, bufferSize: 64)
    }
    try writer.beginStreamed("VECT", elementSize: 1, alignment: 4096)
    // Pieces of odd lengths, interleaved with the spilled sections.
    var starts = [Int](repeating: 0, count: sizes.count)
    while zip(starts, sizes).contains(where: { $0 < $1 }) {
      for index in sizes.indices where index != 1 {
        let end = min(sizes[index], starts[index] + 1 + random.below(700))
        let piece = Array(contents[index][starts[index]..<end])
        if index == 0 { try writer.append(piece) } else { try spilled[index - 2].append(piece) }
        starts[index] = end
      }
      if sizes.count > 1 { starts[1] = sizes[1] }
    }
    writer.end()
    if sizes.count > 1 { try writer.add("PLUS", elementSize: 0, count: 7, contents[1]) }
    return (try writer.finish(footerFields: [9, 8, 7, 6]), contents)
  }

  static func open(_ bytes: [UInt8], footerCRC: UInt32? = nil) throws -> ContainerFile {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 4096)
    copy.copyBytes(from: bytes)
    return try ContainerFile(
      MappedBytes(UnsafeRawBufferPointer(copy)) { $0.deallocate() }, name: "c", kind: .segment,
      collection: collection, expectedFooterCRC: footerCRC)
  }

  static func bytes(_ fileSystem: any FileSystem, _ name: String) throws -> [UInt8] {
    let file = try OpenFile(fileSystem, name, .reading)
    return try file.readBytes(at: 0, count: Int(try file.size()))
  }

  static func fileSystem() throws -> SimulatedFileSystem {
    let fileSystem = SimulatedFileSystem()
    try fileSystem.makeFolder("tmp")
    return fileSystem
  }
}

@Suite struct ContainerTests {
  @Test(arguments: [
    [0], [1], [4096], [16384], [16385, 0], [100, 5000, 0, 1], [70000, 63, 64, 65], [1 << 20, 3],
    [3_000_000, 1, 200_000, 7], [4_190_208, 5], [4_190_209, 2_097_152, 6_300_000],
  ])
  func sectionsReadBackAsWritten(sizes: [Int]) throws {
    for blockSize in [4096, 16384] {
      let fileSystem = try SampleContainer.fileSystem()
      let (finished, contents) = try SampleContainer.make(
        fileSystem, sizes: sizes, seed: UInt64(sizes[0]), blockSize: blockSize)
      let bytes = try SampleContainer.bytes(fileSystem, "tmp/c")
      #expect(UInt64(bytes.count) == finished.bytes)
      #expect(SHA256.digest(of: bytes) == finished.sha256)
      #expect(try fileSystem.list("tmp") == ["c"], "temporary files are gone")
      let file = try ContainerFile.open(
        fileSystem: fileSystem, name: "tmp/c", kind: .segment, collection: SampleContainer.collection,
        expectedBytes: finished.bytes, expectedFooterCRC: finished.footerCRC)
      #expect(file.headerFields == [1, 2, 3] && file.footerFields == [9, 8, 7, 6])
      #expect(file.checkedBlockCount == 0, "opening touches no block")
      let names: [(SectionName, UInt32)] = [("VECT", 0), ("PLUS", 0), ("SPIL", 2), ("SPIL", 3)]
      for (index, content) in contents.enumerated() {
        let entry = try #require(file.section(names[index].0, column: names[index].1))
        #expect(entry.offset % (index == 0 ? 4096 : 64) == 0)
        #expect(try [UInt8](file.bytes(entry)) == content)
        #expect(entry.count == (index == 1 ? 7 : UInt64(content.count)))
      }
      #expect(file.section("NONE") == nil)
      var damages = 0
      file.verify(sha256: finished.sha256) { _ in damages += 1 }
      #expect(damages == 0)
    }
  }

  /// A long file is written in pieces that end at multiples of two megabytes, until its tables begin.
  @Test func longFilesAreWrittenInAlignedPieces() throws {
    let fileSystem = try SampleContainer.fileSystem()
    let ends = Mutex<[UInt64]>([])
    fileSystem.observe { fileSystem, call in
      guard call.name == "write", call.path == "tmp/c" else { return }
      guard let size = try? OpenFile(fileSystem, "tmp/c", .reading).size() else { return }
      ends.withLock { $0.append(size) }
    }
    let writer = try ContainerWriter(
      fileSystem: fileSystem, temporaryName: "tmp/c", kind: .segment, collection: SampleContainer.collection,
      features: FeatureBits(), headerFields: [])
    try writer.beginStreamed("VECT", elementSize: 1, alignment: 4096)
    for _ in 0..<900 { try writer.append([UInt8](repeating: 7, count: 10_001)) }
    writer.end()
    _ = try writer.finish(footerFields: [])
    let pieces: [UInt64] = [4096] + (1...4).map { $0 << 21 }
    #expect(ends.withLock { Array($0.prefix(5)) } == pieces)
  }

  @Test func aRangeTouchesOnlyItsBlocks() throws {
    let fileSystem = try SampleContainer.fileSystem()
    _ = try SampleContainer.make(fileSystem, sizes: [200_000], seed: 1)
    let file = try SampleContainer.open(SampleContainer.bytes(fileSystem, "tmp/c"))
    let entry = try #require(file.section("VECT"))
    _ = try file.bytes(entry, 16384..<16385)
    #expect(file.checkedBlockCount == 1)
    _ = try file.bytes(entry, 16383..<16385)
    #expect(file.checkedBlockCount == 2)
    _ = try file.bytes(entry, 5..<5)
    #expect(file.checkedBlockCount == 2)
    _ = try file.bytes(entry)
    #expect(file.checkedBlockCount == 13)
    #expect(throws: StorageError.self) { try file.bytes(entry, 0..<200_001) }
  }

  @Test func aDamagedBlockIsRefusedAndOthersAreRead() throws {
    let fileSystem = try SampleContainer.fileSystem()
    let (_, contents) = try SampleContainer.make(fileSystem, sizes: [100_000], seed: 2)
    var bytes = try SampleContainer.bytes(fileSystem, "tmp/c")
    bytes[4096 + 40_000] ^= 0xFF
    bytes[4096 + 41_000] ^= 0xFF
    let file = try SampleContainer.open(bytes)
    let entry = try #require(file.section("VECT"))
    #expect(try [UInt8](file.bytes(entry, 0..<32768)) == Array(contents[0][..<32768]))
    for _ in 0..<2 {
      #expect(throws: StorageError.self) { try file.bytes(entry, 40_000..<40_001) }
      #expect(throws: StorageError.self) { try file.bytes(entry, 0..<100_000) }
    }
    var damages: [ContainerDamage] = []
    file.verify { damages.append($0) }
    #expect(damages.count == 1)
    #expect(damages.first?.block == 2 && damages.first?.section == "VECT" && damages.first?.flippedBit == nil)
    let range: Range<UInt64> = 36864..<53248
    #expect(damages.first?.range == range)
  }

  @Test func everyFlippedBitIsNamed() throws {
    let fileSystem = try SampleContainer.fileSystem()
    let (finished, _) = try SampleContainer.make(
      fileSystem, sizes: [900, 10, 70, 300], seed: 3, blockSize: 4096)
    let original = try SampleContainer.bytes(fileSystem, "tmp/c")
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: original.count, alignment: 4096)
    defer { buffer.deallocate() }
    buffer.copyBytes(from: original)
    let entries = try SampleContainer.open(original).sections
    func section(of offset: Int) -> String {
      if offset < 4096 { return "header" }
      if offset >= original.count - 4096 { return "footer" }
      let end = entries.last.map { Int($0.offset + $0.length + 63) & ~63 } ?? 4096
      if offset >= end {
        let table = end + 64 * entries.count
        return offset < table ? "section table" : offset < table + 64 ? "block table" : "chunk table"
      }
      let entry = entries.first { $0.offset <= offset && offset < $0.offset + $0.length }
      return entry?.label ?? "padding"
    }
    for offset in 0..<original.count {
      let expected = section(of: offset)
      for bit in 0..<8 {
        buffer[offset] ^= 1 << UInt8(bit)
        defer { buffer[offset] ^= 1 << UInt8(bit) }
        do throws(StorageError) {
          let file = try ContainerFile(
            MappedBytes(UnsafeRawBufferPointer(buffer)) { _ in }, name: "c", kind: .segment,
            collection: SampleContainer.collection, expectedFooterCRC: finished.footerCRC)
          var damages: [ContainerDamage] = []
          file.verify { damages.append($0) }
          let damage = damages.first
          guard damages.count == 1, damage?.section == expected,
            damage?.flippedBit == FlippedBit(offset: UInt64(offset), bit: bit)
          else {
            Issue.record("bit \(bit) of byte \(offset) in \(expected): \(damages)")
            return
          }
        } catch {
          guard case .corruption(let damage) = error, damage.section == expected,
            damage.offset == UInt64(offset),
            damage.found.contains("bit \(bit) of byte \(offset)")
          else {
            Issue.record("bit \(bit) of byte \(offset) in \(expected): \(error)")
            return
          }
        }
      }
    }
  }

  @Test func everyTruncationIsRefused() throws {
    let fileSystem = try SampleContainer.fileSystem()
    let (finished, _) = try SampleContainer.make(fileSystem, sizes: [9000, 10], seed: 4)
    let bytes = try SampleContainer.bytes(fileSystem, "tmp/c")
    for length in 0..<bytes.count {
      #expect(throws: StorageError.self) { try SampleContainer.open(Array(bytes[..<length])) }
    }
    #expect(throws: StorageError.self) {
      try SampleContainer.open(bytes + [UInt8](repeating: 0, count: 4096))
    }
    #expect(throws: StorageError.self) {
      try ContainerFile.open(
        fileSystem: fileSystem, name: "tmp/c", kind: .segment, collection: nil,
        expectedBytes: finished.bytes + 4096,
        expectedFooterCRC: nil)
    }
  }

  @Test func aStaleFileOfTheSameSizeIsRefused() throws {
    let fileSystem = try SampleContainer.fileSystem()
    let (one, _) = try SampleContainer.make(fileSystem, name: "tmp/a", sizes: [900], seed: 5)
    let (other, _) = try SampleContainer.make(fileSystem, name: "tmp/b", sizes: [900], seed: 6)
    #expect(one.bytes == other.bytes)
    let bytes = try SampleContainer.bytes(fileSystem, "tmp/b")
    _ = try SampleContainer.open(bytes, footerCRC: other.footerCRC)
    #expect(throws: StorageError.self) { try SampleContainer.open(bytes, footerCRC: one.footerCRC) }
  }

  @Test func garbledFilesNeverTrap() throws {
    let fileSystem = try SampleContainer.fileSystem()
    _ = try SampleContainer.make(fileSystem, sizes: [5000, 10, 70], seed: 7)
    let original = try SampleContainer.bytes(fileSystem, "tmp/c")
    let seed: UInt64 = 20_250_101
    var random = SeededGenerator(seed: seed)
    for round in 0..<3000 {
      var bytes = original
      // Wild numbers in the footer and the table, with all checksums made right again.
      let footer = bytes.count - 4096
      let table = Int(bytes.littleEndian(at: footer + 16, as: UInt64.self))
      let tableLength = Int(bytes.littleEndian(at: footer + 32, as: UInt64.self)) - table
      for _ in 0...random.below(3) {
        let place = random.oneIn(2) ? footer + 8 + random.below(60) : table + random.below(tableLength)
        bytes[place] = random.oneIn(2) ? UInt8(truncatingIfNeeded: random.next()) : 0xFF
      }
      func put(_ value: UInt32, _ offset: Int) {
        for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index)) }
      }
      put(crc32c(Array(bytes[table..<table + tableLength])), footer + 28)
      put(crc32c(Array(bytes[footer..<footer + 4092])), footer + 4092)
      guard let file = try? SampleContainer.open(bytes) else { continue }
      for entry in file.sections { _ = try? file.bytes(entry) }
      file.verify { _ in }
      if round < 0 { print(seed) }
    }
  }
}

@Suite struct FlippedBitTests {
  @Test func theSyndromeFindsEveryBitAndOnlySingleBits() throws {
    var random = SeededGenerator(seed: 11)
    for count in [1, 3, 64, 4096] {
      let bytes = random.bytes(count)
      let good = crc32c(bytes)
      for _ in 0..<200 {
        let index = random.below(count)
        let bit = random.below(8)
        var bad = bytes
        bad[index] ^= 1 << UInt8(bit)
        let found = FlippedBit.locate(expected: good, found: crc32c(bad), count: count)
        #expect(found?.index == index && found?.bit == bit)
        guard count > 3 else { continue }
        bad[(index + 1 + random.below(count - 1)) % count] ^= 1 << UInt8(random.below(8))
        #expect(FlippedBit.locate(expected: good, found: crc32c(bad), count: count) == nil)
      }
    }
  }
}

@Suite struct SpillFileTests {
  @Test func streamsKeepTheirBytesAndTheirMemoryBound() throws {
    let seed: UInt64 = 77
    var random = SeededGenerator(seed: seed)
    let fileSystem = try SampleContainer.fileSystem()
    let spill = SpillFile(fileSystem: fileSystem, name: "tmp/s")
    let streams = [64, 1000, 4096, 65536].map { spill.stream(bufferSize: $0) }
    var expected = [[UInt8]](repeating: [], count: streams.count)
    for _ in 0..<3000 {
      let index = random.below(streams.count)
      let piece = random.bytes(random.oneIn(50) ? random.below(20000) : random.below(90))
      try streams[index].append(piece)
      expected[index] += piece
    }
    for (index, stream) in streams.enumerated() {
      for _ in 0..<2 {
        var found: [UInt8] = []
        try stream.forEachPiece { (piece) throws(StorageError) in found += piece }
        #expect(found == expected[index])
        #expect(stream.byteCount == UInt64(expected[index].count))
      }
    }
    #expect(try fileSystem.list("tmp") == ["s"])
    spill.remove()
    #expect(try fileSystem.list("tmp").isEmpty)
  }

  @Test func damagedTemporaryDataIsNoticed() throws {
    let fileSystem = try SampleContainer.fileSystem()
    let spill = SpillFile(fileSystem: fileSystem, name: "tmp/s")
    let stream = spill.stream(bufferSize: 64)
    for number in 0..<100 { try stream.append(UInt64(number)) }
    let file = try OpenFile(fileSystem, "tmp/s", .updating)
    try file.writeFully([0xEE], at: 70)
    #expect(throws: StorageError.self) { try stream.forEachPiece { (_) throws(StorageError) in } }
  }
}

@Suite struct DeletionFileTests {
  @Test(arguments: [1, 63, 64, 65, 1000, 100_000], [1, 2, 70, 100])
  func deletedRowsReadBack(rows: Int, percent: Int) throws {
    var random = SeededGenerator(seed: UInt64(rows * 1000 + percent))
    var words = [UInt64](repeating: 0, count: (rows + 63) / 64)
    for row in 0..<rows where random.below(100) < percent { words[row / 64] |= 1 << UInt64(row % 64) }
    words[0] |= 1
    let fileSystem = try SampleContainer.fileSystem()
    let segment = SegmentEntry(
      number: 7, bytes: 1, sha256: SHA256.digest(of: [1]), footerCRC: 2, rows: UInt64(rows),
      live: UInt64(rows),
      minLSN: 1, maxLSN: 1, contentHash: .zero)
    let entry = try DeletionFile.write(
      fileSystem, temporaryName: "tmp/d", segment, collection: SampleContainer.collection, generation: 3,
      words: words,
      contentHash: SHA256.digest(of: [3]))
    #expect(entry.count == UInt64(words.reduce(0) { $0 + $1.nonzeroBitCount }))
    let read = try DeletionFile.readWords(
      fileSystem, segment, entry, collection: SampleContainer.collection, name: "tmp/d")
    #expect(read == words)
    var other = segment
    other.sha256 = .zero
    #expect(throws: StorageError.self) {
      try DeletionFile.readWords(
        fileSystem, other, entry, collection: SampleContainer.collection, name: "tmp/d")
    }
  }
}
