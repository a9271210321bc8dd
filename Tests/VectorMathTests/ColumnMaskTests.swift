import CVectorKernels
import Testing
import VectorMath

/// The comparing kernels give, with every instruction set, the bits of a loop over the values.
@Suite struct ColumnMaskTests {
  static let counts = [0, 1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 1000]

  func check<Number: Comparable & BitwiseCopyable>(
    _ level: KernelLevel, _ kernel: vk_in_ranges, ranges: Int, offset: Int, _ what: String,
    _ value: () -> Number
  ) {
    for count in Self.counts {
      let values = (0..<count).map { _ in value() }
      var bounds: [Number] = []
      for _ in 0..<ranges {
        let (a, b) = (value(), value())
        bounds += [min(a, b), max(a, b)]
      }
      // Never empty, so that there is always an address.
      var bytes = [UInt8](repeating: 0xFF, count: offset)
      for value in values { withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) } }
      bytes.append(0)
      var words = [UInt64](repeating: 0xDEAD, count: count / 64 + 2)
      let limits = bounds + [value()]
      bytes.withUnsafeBytes { bytes in
        limits.withUnsafeBytes { bounds in
          guard let base = bytes.baseAddress, let limit = bounds.baseAddress else { preconditionFailure() }
          kernel(base + offset, count, limit, ranges, &words)
        }
      }
      var expected = [UInt64](repeating: 0, count: (count + 63) / 64)
      for (index, value) in values.enumerated() {
        let isInside = (0..<ranges).contains { value >= bounds[2 * $0] && value <= bounds[2 * $0 + 1] }
        if isInside { expected[index / 64] |= 1 << UInt64(index % 64) }
      }
      #expect(Array(words.prefix(expected.count)) == expected, "\(what), \(level), \(count) values")
      #expect(words[expected.count] == 0xDEAD, "writes no word too many")
    }
  }

  @Test(arguments: KernelLevel.all, [0, 1, 2, 5, 9])
  func findsValuesInRanges(level: KernelLevel, ranges: Int) {
    var random = VectorMath.SeededGenerator(seed: 880 + UInt64(ranges))
    let kernels = level.table.in_ranges
    for offset in [0, 1, 7] {
      check(level, kernels.0, ranges: ranges, offset: offset, "u8") {
        UInt8(truncatingIfNeeded: random.next())
      }
      check(level, kernels.1, ranges: ranges, offset: offset, "u16") {
        UInt16(truncatingIfNeeded: random.next())
      }
      check(level, kernels.2, ranges: ranges, offset: offset, "u32") {
        UInt32(truncatingIfNeeded: random.next())
      }
      check(level, kernels.3, ranges: ranges, offset: offset, "i64") {
        // Small numbers, so that values meet bounds, and the ends of the range.
        switch random.next() % 8 {
        case 0: Int64.min
        case 1: Int64.max
        case 2: Int64(bitPattern: random.next())
        default: Int64(random.next() % 9) - 4
        }
      }
      check(level, kernels.4, ranges: ranges, offset: offset, "f64") {
        switch random.next() % 8 {
        case 0: -0.0
        case 1: Double.infinity
        case 2: Double.leastNonzeroMagnitude
        case 3: -Double.greatestFiniteMagnitude
        default: Double(Int(random.next() % 9) - 4)
        }
      }
    }
  }

  @Test(arguments: KernelLevel.all)
  func findsCodesInASet(level: KernelLevel) {
    var random = VectorMath.SeededGenerator(seed: 881)
    for (codes, width) in [(1, 1), (7, 1), (256, 1), (257, 2), (65_536, 2), (65_537, 4), (200_000, 4)] {
      for count in Self.counts {
        let set = (0..<(codes + 31) / 32).map { _ in UInt32(truncatingIfNeeded: random.next()) }
        let values = (0..<count).map { _ in Int(random.next() % UInt64(codes)) }
        var bytes: [UInt8] = []
        for value in values {
          for byte in 0..<width { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * byte))) }
        }
        bytes.append(0)
        var words = [UInt64](repeating: 0xDEAD, count: count / 64 + 2)
        let kernel =
          width == 1 ? level.table.in_set.0 : width == 2 ? level.table.in_set.1 : level.table.in_set.2
        bytes.withUnsafeBytes { bytes in
          guard let base = bytes.baseAddress else { preconditionFailure() }
          kernel(base, count, set, &words)
        }
        var expected = [UInt64](repeating: 0, count: (count + 63) / 64)
        for (index, value) in values.enumerated() where set[value / 32] >> UInt32(value % 32) & 1 == 1 {
          expected[index / 64] |= 1 << UInt64(index % 64)
        }
        #expect(Array(words.prefix(expected.count)) == expected, "\(level), \(codes) codes, \(count) values")
        #expect(words[expected.count] == 0xDEAD, "writes no word too many")
      }
    }
  }
}
