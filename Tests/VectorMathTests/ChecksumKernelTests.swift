import CVectorKernels
import Testing
import VectorMath

/// Every way to compute a CRC or a SHA-256 against the plainest one.
@Suite struct ChecksumKernelTests {
  static func bitwise(_ bytes: ArraySlice<UInt8>, _ seed: UInt32 = 0) -> UInt32 {
    var crc = ~seed
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 != 0 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
    }
    return ~crc
  }

  @Test func checksumsAreEqualAtEveryLevelForEveryLength() {
    let seed: UInt64 = 11
    var random = VectorMath.SeededGenerator(seed: seed)
    let bytes = (0..<4200).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    for length in 0...2100 {
      let start = Int(random.next() % 17)
      let before = UInt32(truncatingIfNeeded: random.next())
      let expected = Self.bitwise(bytes[start..<start + length], before)
      for level in KernelLevel.all {
        let found = bytes.withUnsafeBytes { level.table.crc32c(before, $0.baseAddress! + start, length) }
        #expect(found == expected, "\(level) length \(length) seed \(seed)")
      }
    }
  }

  @Test func checksumsOfLongBytesAreEqualAtEveryLevel() {
    let seed: UInt64 = 12
    var random = VectorMath.SeededGenerator(seed: seed)
    let bytes = (0..<200_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    for _ in 0..<200 {
      let start = Int(random.next() % 1000)
      let length = Int(random.next() % 190_000)
      let split = length == 0 ? 0 : Int(random.next() % UInt64(length))
      let expected = bytes.withUnsafeBytes {
        vk_crc32c_combine(
          KernelLevel.all[0].table.crc32c(0, $0.baseAddress! + start, split),
          KernelLevel.all[0].table.crc32c(0, $0.baseAddress! + start + split, length - split),
          UInt64(length - split))
      }
      for level in KernelLevel.all {
        let found = bytes.withUnsafeBytes { level.table.crc32c(0, $0.baseAddress! + start, length) }
        #expect(found == expected, "\(level) start \(start) length \(length) seed \(seed)")
      }
    }
  }

  @Test func hashBlocksAreEqualAtEveryLevel() {
    let seed: UInt64 = 13
    var random = VectorMath.SeededGenerator(seed: seed)
    let bytes = (0..<5000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    for round in 0..<500 {
      let state = (0..<8).map { _ in UInt32(truncatingIfNeeded: random.next()) }
      let blocks = round % 12
      let start = Int(random.next() % 64)
      let results = KernelLevel.all.map { level in
        var copy = state
        bytes.withUnsafeBytes {
          level.table.sha256_blocks(&copy, $0.bindMemory(to: UInt8.self).baseAddress! + start, blocks)
        }
        return copy
      }
      #expect(results.allSatisfy { $0 == results[0] }, "round \(round) seed \(seed)")
      #expect(blocks == 0 || results[0] != state)
    }
  }
}
