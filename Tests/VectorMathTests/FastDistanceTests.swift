import Testing
import VectorMath

/// Bounds never exceed the exact distance, and are near enough to be of use.
@Suite struct FastDistanceTests {
  /// Exact distances and the bounds with and without stored norms.
  static func compare(_ block: Block, _ metric: Metric) -> (exact: [Float], bounds: [[Float]]) {
    var exact = [Float](repeating: .nan, count: block.count)
    var with = exact
    var without = exact
    var scratch = exact
    block.withPointers { query, rows in
      let fast = FastDistance(
        metric: metric, elementType: block.type, dimension: block.dimension, query: query)
      ExactDistance.distances(
        metric: metric, query: query, querySquares: fast.querySquares, rows: rows, elementType: block.type,
        dimension: block.dimension, count: block.count, stride: block.stride, into: &exact)
      let norms = (0..<block.count).map {
        vectorNorm(rows + $0 * block.stride, elementType: block.type, dimension: block.dimension)
      }
      fast.lowerBounds(
        query: query, rows: rows, count: block.count, stride: block.stride, norms: norms, into: &with,
        scratch: &scratch)
      fast.lowerBounds(
        query: query, rows: rows, count: block.count, stride: block.stride, norms: nil, into: &without,
        scratch: &scratch)
    }
    var prepared = [Float](repeating: .nan, count: block.count)
    block.withPointers { query, rows in
      let fast = FastDistance(
        metric: metric, elementType: block.type, dimension: block.dimension, query: query)
      fast.exactDistances(query: query, rows: rows, count: block.count, stride: block.stride, into: &prepared)
      #expect(prepared.map(\.bitPattern) == exact.map(\.bitPattern))
      let last = rows + (block.count - 1) * block.stride
      #expect(fast.exactDistance(query: query, row: last).bitPattern == exact.last?.bitPattern)
    }
    return (exact, [with, without])
  }

  @Test(arguments: ElementType.pairs)
  func boundsHoldAndAreTight(type: ElementType, metric: Metric) {
    let seed: UInt64 = 31
    var random = VectorMath.SeededGenerator(seed: seed)
    for dimension in Array(1...70) + [127, 128, 384, 768, 1536, 4099, 65_536] {
      let block = Block(dimension: dimension, count: 9, type: type, offset: 0, gap: 0) {
        random.nextUnitFloat() * 2 - 0.7
      }
      let (exact, bounds) = Self.compare(block, metric)
      let size = ScalarReference.squares(block.query) + Double(dimension)
      let slack =
        4 * FastDistance.relativeErrorBound(dimension: dimension)
        * (metric == .cosine ? 1 : metric == .dot || metric == .l1 ? size : 2 * size.squareRoot())
      for bound in bounds {
        for (low, distance) in zip(bound, exact) {
          #expect(low <= distance, "\(metric) \(type) dimension \(dimension) seed \(seed)")
          #expect(Double(distance) - Double(low) < slack, "\(metric) \(type) dimension \(dimension)")
          if type.wholeNumbers != nil { #expect(low == distance) }
        }
      }
    }
  }

  @Test(arguments: ElementType.f32.metrics)
  func boundsHoldForNearlyEqualAndOppositeVectors(metric: Metric) {
    let seed: UInt64 = 32
    var random = VectorMath.SeededGenerator(seed: seed)
    for dimension in [1, 2, 3, 16, 100, 384] {
      for round in 0..<60 {
        let size = Float(sign: .plus, exponent: round - 30, significand: 1)
        var block = Block(dimension: dimension, count: 3, type: .f32, offset: 0, gap: 0) {
          (random.nextUnitFloat() - 0.5) * size
        }
        // The first row is the query with its last bits changed, the second its negative.
        var bytes: [UInt8] = []
        for (row, sign) in [(0, 1), (1, -1)] as [(Int, Float)] {
          for index in 0..<dimension {
            let number = Float(bitPattern: block.query[index].bitPattern ^ UInt32(random.next() % 3)) * sign
            block.rows[row][index] = number
            withUnsafeBytes(of: number) { bytes.append(contentsOf: $0) }
          }
        }
        block.rowBytes.replaceSubrange(0..<bytes.count, with: bytes)
        let (exact, bounds) = Self.compare(block, metric)
        for bound in bounds {
          for (low, distance) in zip(bound, exact) {
            #expect(low <= distance, "\(metric) dimension \(dimension) size \(size) seed \(seed)")
          }
        }
      }
    }
  }

  @Test(arguments: ElementType.pairs)
  func boundsHoldForExtremeNumbers(type: ElementType, metric: Metric) {
    let numbers: [Float] =
      type == .f32
      ? [
        0, -0.0, 1, -1, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude,
        .leastNormalMagnitude, 1e-30, 1e-15, -2e-15, 3e18, -1e-10, 1e9, 1e19, -1e19,
      ] : [0, -0.0, 1, -1, 65504, -65504, 0x1p-24, 0x1p-14, -0.1, 1024]
    let seed: UInt64 = 33
    var random = VectorMath.SeededGenerator(seed: seed)
    for round in 0..<3000 {
      // Few different numbers a block, so that whole blocks are tiny or huge too.
      let few = (0...round % 3).map { _ in numbers.randomElement(using: &random) ?? 0 }
      let block = Block(dimension: 1 + round % 40, count: 5, type: type, offset: 0, gap: 0) {
        few.randomElement(using: &random) ?? 0
      }
      let (exact, bounds) = Self.compare(block, metric)
      for bound in bounds {
        for (low, distance) in zip(bound, exact) {
          #expect(low <= distance, "\(metric) \(type) round \(round) numbers \(few) seed \(seed)")
        }
      }
    }
  }

  /// Equal elements make every rounding of a sum go the same way, which is the worst for the bounds.
  @Test(arguments: ElementType.f32.metrics)
  func boundsHoldWhereRoundingAlwaysGoesTheSameWay(metric: Metric) {
    let seed: UInt64 = 36
    var random = VectorMath.SeededGenerator(seed: seed)
    for dimension in [33, 1000, 4099, 30_000, 65_536] {
      for round in 0..<48 {
        // In the second half the rows' norms do not fit a float.
        let scales: (Float, Float) = round < 24 ? (1, 1) : (0x1p-100, 0x1.8p127)
        let constants = (0..<4).map { (random.nextUnitFloat() + 0.01) * ($0 == 0 ? scales.0 : scales.1) }
        var drawn = 0
        let block = Block(dimension: dimension, count: 3, type: .f32, offset: 0, gap: 0) {
          defer { drawn += 1 }
          return drawn < dimension && metric == .l2 || metric == .l1 ? 0 : constants[drawn / dimension]
        }
        let (exact, bounds) = Self.compare(block, metric)
        for bound in bounds {
          for (low, distance) in zip(bound, exact) {
            #expect(low <= distance, "\(metric) dimension \(dimension) seed \(seed)")
          }
        }
      }
    }
  }

  /// Every pair of sizes that a float can have, so that sums, squares and norms vanish and overflow in every combination.
  @Test(arguments: ElementType.f32.metrics)
  func boundsHoldForEveryPairOfSizes(metric: Metric) {
    let seed: UInt64 = 37
    var random = VectorMath.SeededGenerator(seed: seed)
    for queryExponent in stride(from: -149, through: 127, by: 4) {
      for rowExponent in stride(from: -149, through: 127, by: 4) {
        let dimension = 1 + Int(random.next() % 37)
        var drawn = 0
        let block = Block(dimension: dimension, count: 3, type: .f32, offset: 0, gap: 0) {
          defer { drawn += 1 }
          let exponent = drawn < dimension ? queryExponent : rowExponent
          let size = Float(sign: random.next() % 2 == 0 ? .plus : .minus, exponent: exponent, significand: 1)
          return size * (1 + random.nextUnitFloat() * 0.99)
        }
        let (exact, bounds) = Self.compare(block, metric)
        for bound in bounds {
          for (low, distance) in zip(bound, exact) where !(low <= distance) {
            Issue.record("\(metric) exponents \(queryExponent) \(rowExponent) seed \(seed)")
          }
        }
      }
    }
  }

  @Test(arguments: ElementType.pairs)
  func aPrunedScanFindsWhatAFullSortFinds(type: ElementType, metric: Metric) {
    let seed: UInt64 = 34
    var random = VectorMath.SeededGenerator(seed: seed)
    let count = 3000
    let block = Block(dimension: 48, count: count, type: type, offset: 0, gap: 0) {
      // Coarse numbers, so that many distances are equal.
      Float(Int(random.nextUnitFloat() * 5)) - 2
    }
    let (exact, bounds) = Self.compare(block, metric)
    for bound in bounds {
      var best = TopK(capacity: 20)
      var scored = 0
      for row in 0..<count where bound[row] <= best.threshold {
        best.insert(exact[row], UInt64(row))
        scored += 1
      }
      let expected = (0..<count).sorted { (exact[$0], $0) < (exact[$1], $1) }.prefix(20)
      #expect(best.sorted().map(\.row) == expected.map { UInt64($0) }, "seed \(seed)")
      #expect(scored < count / 4)
    }
  }

  @Test func knownDistances() {
    func distance(_ metric: Metric, _ a: [Float], _ b: [Float]) -> Float {
      b.withUnsafeBytes {
        ExactDistance.distance(
          metric: metric, query: a, row: $0.baseAddress!, elementType: .f32, dimension: a.count)
      }
    }
    #expect(distance(.l2, [0, 3], [4, 0]) == 5)
    #expect(distance(.l1, [0, 3], [4, 0]) == 7)
    #expect(distance(.l1, [.greatestFiniteMagnitude], [-1e38]) == .greatestFiniteMagnitude)
    #expect(distance(.dot, [1, 2, 3], [4, 5, 6]) == -32)
    #expect(distance(.dot, [1, 0], [0, 1]).sign == .plus)
    #expect(distance(.cosine, [1, 0], [0, 2]) == 1)
    #expect(distance(.cosine, [1, 2], [1, 2]) == 0)
    #expect(distance(.cosine, [1, 2], [-3, -6]) == 2)
    #expect(distance(.cosine, [0, 0], [1, 2]) == 1)
    #expect(distance(.cosine, [1, 2], [0, 0]) == 1)
    #expect(distance(.cosine, [0, 0], [0, 0]) == 1)
    #expect(distance(.cosine, [0x1p-149, 0], [0x1p-149, 0]) == 0)
  }

  @Test func forcedInstructionSetsGiveTheSameDistances() {
    let before = InstructionSet.current
    defer { InstructionSet.use(before) }
    var random = VectorMath.SeededGenerator(seed: 35)
    let block = Block(dimension: 333, count: 10, type: .f16, offset: 0, gap: 0) {
      random.nextUnitFloat() - 0.5
    }
    let expected = ElementType.f16.metrics.map { Self.compare(block, $0).exact.map(\.bitPattern) }
    for set in InstructionSet.allCases {
      let used = InstructionSet.use(set)
      #expect(used == set || !KernelLevel.all.contains { $0.name == set.name })
      #expect(ElementType.f16.metrics.map { Self.compare(block, $0).exact.map(\.bitPattern) } == expected)
    }
    #expect(InstructionSet.use(.base) == .base)
  }
}
