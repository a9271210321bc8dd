import CVectorKernels
import Testing
import VectorMath

/// Distances of whole numbers and bits at every level against plain loops, for every length and odd addresses.
@Suite struct ElementKernelTests {
  static let lengths = Array(0...2100) + Array(stride(from: 2101, to: 18_000, by: 1327))
  static let pairs = ElementType.pairs.filter { $0.0.wholeNumbers != nil }

  /// The distances at a level, and the sums of squares of the rows.
  private static func run(
    _ level: KernelLevel, _ block: Block, _ metric: Metric, _ squares: Double
  ) -> (distances: [UInt32], squares: [Double]) {
    var out = [Float](repeating: .nan, count: block.count)
    var found: [Double] = []
    block.withStoredPointers { query, rows in
      level.stored(block.type)(
        VKMetric(metric), query, squares, rows, block.dimension, block.count, block.stride, &out)
      found = (0..<block.count).map { level.squares(block.type, rows + $0 * block.stride, block.dimension) }
    }
    return (out.map(\.bitPattern), found)
  }

  @Test(arguments: pairs)
  func distancesHaveTheSameBitsAtEveryLevel(type: ElementType, metric: Metric) {
    let seed: UInt64 = 51
    var random = VectorMath.SeededGenerator(seed: seed)
    var compared = 0
    for dimension in Self.lengths {
      let block = Block(
        dimension: dimension, count: 3, type: type, offset: dimension % 7, gap: dimension % 5
      ) { random.nextUnitFloat() * 2 - 1 }
      let expected = block.rows.map { ScalarReference.distance(metric, block.query, $0).bitPattern }
      let rowSquares = block.rows.map { type == .bit ? 0 : ScalarReference.squares($0) }
      for level in KernelLevel.all {
        let found = Self.run(level, block, metric, ScalarReference.squares(block.query))
        if found.distances != expected || found.squares != rowSquares {
          Issue.record("\(level) \(type) \(metric) dimension \(dimension) seed \(seed)")
          return
        }
        compared += 1
      }
    }
    #expect(compared == Self.lengths.count * KernelLevel.all.count)
  }

  /// The ends of the ranges in the longest vectors: sums that only just fit their 32 bits.
  @Test(arguments: pairs)
  func extremeNumbersDoNotOverflow(type: ElementType, metric: Metric) throws {
    let range = try #require(type.wholeNumbers)
    let ends = [Float(range.lowerBound), Float(range.upperBound)]
    for dimension in [1, 31, 32, 33, 64, 1000, 65_535, 65_536] {
      for first in ends {
        for second in ends {
          var drawn = 0
          let block = Block(dimension: dimension, count: 2, type: type, offset: 3, gap: 1) {
            defer { drawn += 1 }
            return drawn < dimension ? first : second
          }
          let expected = block.rows.map { ScalarReference.distance(metric, block.query, $0).bitPattern }
          for level in KernelLevel.all {
            let found = Self.run(level, block, metric, ScalarReference.squares(block.query))
            #expect(
              found.distances == expected,
              "\(level) \(type) \(metric) dimension \(dimension) \(first) \(second)")
            if type != .bit { #expect(found.squares == block.rows.map { ScalarReference.squares($0) }) }
          }
        }
      }
    }
  }

  /// What is not of a row must not count, whatever stands before, between and behind the rows.
  @Test(arguments: pairs)
  func neighbouringBytesDoNotCount(type: ElementType, metric: Metric) {
    let seed: UInt64 = 52
    var random = VectorMath.SeededGenerator(seed: seed)
    for dimension in Array(1...140) + [511, 512, 513] {
      for count in [1, 2, 7] {
        var block = Block(dimension: dimension, count: count, type: type, offset: 2, gap: 3) {
          random.nextUnitFloat() * 2 - 1
        }
        let squares = ScalarReference.squares(block.query)
        let before = KernelLevel.all.map { Self.run($0, block, metric, squares).distances }
        let width = type.storedBytes(dimension: dimension)
        for place in block.rowBytes.indices
        where place < 2 || (place - 2) % block.stride >= width || (place - 2) / block.stride >= count {
          block.rowBytes[place] = UInt8(truncatingIfNeeded: random.next())
        }
        #expect(KernelLevel.all.map { Self.run($0, block, metric, squares).distances } == before)
        #expect(Set(before).count == 1, "\(type) \(metric) dimension \(dimension) seed \(seed)")
      }
    }
  }

  @Test func knownDistances() {
    func distance(_ type: ElementType, _ metric: Metric, _ a: [Float], _ b: [Float]) -> Float {
      type.bytes(b).withUnsafeBytes { row in
        ExactDistance.distance(
          metric: metric, query: a, row: row.baseAddress!, elementType: type, dimension: a.count)
      }
    }
    #expect(distance(.i8, .l2, [-128, 0], [-125, 4]) == 5)
    #expect(distance(.i8, .dot, [-128, 127], [127, -128]) == 32_512)
    #expect(distance(.i8, .l1, [-128, 127], [127, -128]) == 510)
    #expect(distance(.i8, .cosine, [1, 0], [0, -1]) == 1)
    #expect(distance(.i8, .cosine, [100, -100], [-1, 1]) == 2)
    #expect(distance(.i8, .cosine, [0, 0], [1, 2]) == 1)
    #expect(distance(.u8, .dot, [255, 255], [255, 255]) == -130_050)
    #expect(distance(.u8, .l1, [0, 255], [255, 0]) == 510)
    #expect(distance(.u8, .l2, [3, 0], [0, 4]) == 5)
    #expect(distance(.bit, .hamming, [1, 0, 1, 1, 0, 0, 0, 0, 1], [1, 1, 1, 0, 0, 0, 0, 0, 0]) == 3)
    #expect(distance(.bit, .hamming, [0], [0]) == 0)
  }
}
