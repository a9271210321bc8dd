import CVectorKernels
import Testing
import VectorMath

/// Every level of the dispatch table against plain loops, for every length and odd addresses.
@Suite struct DistanceKernelTests {
  static let lengths = 0...2100

  @Test func thisMachineOffersTheBase() {
    #expect(!KernelLevel.all.isEmpty)
    #expect(KernelLevel.all.map(\.table.level).contains(vk_active_level()))
  }

  @Test(arguments: ElementType.floats, ElementType.f32.metrics)
  func exactDistancesHaveTheSameBitsAtEveryLevel(type: ElementType, metric: Metric) {
    let seed: UInt64 = 1
    var random = VectorMath.SeededGenerator(seed: seed)
    var compared = 0
    for dimension in Self.lengths {
      let block = Block(
        dimension: dimension, count: 3, type: type, offset: dimension % 7, gap: dimension % 5
      ) { random.nextUnitFloat() * 2 - 1 }
      let expected = block.rows.map { ScalarReference.distance(metric, block.query, $0).bitPattern }
      let squares = ScalarReference.squares(block.query)
      let rowSquares = block.rows.map { ScalarReference.squares($0).bitPattern }
      for level in KernelLevel.all {
        var out = [Float](repeating: .nan, count: 3)
        var found: [UInt64] = []
        block.withPointers { query, rows in
          level.exact(type)(VKMetric(metric), query, squares, rows, dimension, 3, block.stride, &out)
          found = (0..<3).map { level.squares(type, rows + $0 * block.stride, dimension).bitPattern }
        }
        if out.map(\.bitPattern) != expected || found != rowSquares {
          Issue.record("\(level) \(type) \(metric) dimension \(dimension) seed \(seed)")
          return
        }
        compared += 1
      }
    }
    #expect(compared == Self.lengths.count * KernelLevel.all.count)
  }

  @Test(arguments: ElementType.floats)
  func exactDistancesOfExtremeNumbersHaveTheSameBitsAtEveryLevel(type: ElementType) {
    let numbers: [Float] =
      type == .f32
      ? [
        0, -0.0, 1, -1, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude,
        .leastNormalMagnitude, 1e-30, 3e19, -1e-10,
      ] : [0, -0.0, 1, -1, 65504, -65504, 0x1p-24, 0x1p-14, -0.1, 1024]
    let seed: UInt64 = 2
    var random = VectorMath.SeededGenerator(seed: seed)
    for round in 0..<400 {
      let dimension = 1 + round % 70
      let block = Block(dimension: dimension, count: 2, type: type, offset: 1, gap: 0) {
        numbers.randomElement(using: &random) ?? 0
      }
      let squares = ScalarReference.squares(block.query)
      for metric in type.metrics {
        let expected = block.rows.map { ScalarReference.distance(metric, block.query, $0) }
        #expect(expected.allSatisfy { $0.isFinite })
        for level in KernelLevel.all {
          var out = [Float](repeating: .nan, count: 2)
          block.withPointers { query, rows in
            level.exact(type)(VKMetric(metric), query, squares, rows, dimension, 2, block.stride, &out)
          }
          #expect(
            out.map(\.bitPattern) == expected.map(\.bitPattern),
            "\(level) \(metric) dimension \(dimension) seed \(seed)")
        }
      }
    }
  }

  /// Sums so near to a tie of the final rounding that a single fused multiply-add anywhere would show in the float.
  @Test func aFusedMultiplyAddWouldShow() {
    let seed: UInt64 = 5
    var random = VectorMath.SeededGenerator(seed: seed)
    var sensitive = 0
    for _ in 0..<20_000 {
      // The distance shall be m, halfway between two floats: one squared difference is drawn, the other makes up the rest.
      let m = Double(1.5 + 0.4 * random.nextUnitFloat()) + 0x1p-24
      let first: [Float] = [random.nextUnitFloat() + 0.1, -random.nextUnitFloat() * 0x1p-26]
      let d = Double(first[0]) - Double(first[1])
      let rest = (m * m - d * d).squareRoot()
      let high = Float(rest)
      let second = [high, Float(Double(high) - rest)]
      var query = [Float](repeating: 0, count: 17)
      var row = query
      (query[0], row[0], query[16], row[16]) = (first[0], first[1], second[0], second[1])
      let expected = ScalarReference.distance(.l2, query, row)
      let e = Double(second[0]) - Double(second[1])
      let fused = Float((d * d).addingProduct(e, e).squareRoot())
      if fused != expected { sensitive += 1 }
      for level in KernelLevel.all {
        var out: Float = .nan
        row.withUnsafeBytes { level.exact(.f32)(.L2, query, 0, $0.baseAddress!, 17, 1, 0, &out) }
        #expect(out.bitPattern == expected.bitPattern, "\(level) seed \(seed)")
      }
    }
    #expect(sensitive > 100)
  }

  @Test(arguments: ElementType.floats)
  func fastSumsStayWithinTheStatedBound(type: ElementType) {
    let seed: UInt64 = 3
    var random = VectorMath.SeededGenerator(seed: seed)
    var worst = 0.0
    for dimension in Self.lengths {
      // Four rows go through the kernel together, the fifth alone.
      let block = Block(
        dimension: dimension, count: 5, type: type, offset: dimension % 9, gap: dimension % 3
      ) { random.nextUnitFloat() * 2 - (dimension % 2 == 0 ? 1 : 0) }
      let queryNorm = ScalarReference.squares(block.query).squareRoot()
      let fraction = FastDistance.relativeErrorBound(dimension: dimension)
      for level in KernelLevel.all {
        var dots = [Float](repeating: .nan, count: 5)
        var l2 = dots
        var l1 = dots
        var products = dots
        var squares = dots
        block.withPointers { query, rows in
          level.dot(type)(query, rows, dimension, 5, block.stride, &dots)
          level.squaredL2(type)(query, rows, dimension, 5, block.stride, &l2)
          level.l1(type)(query, rows, dimension, 5, block.stride, &l1)
          level.both(type)(query, rows, dimension, 5, block.stride, &products, &squares)
        }
        for (index, row) in block.rows.enumerated() {
          let rowSquares = ScalarReference.squares(row)
          let dot = ScalarReference.sum(dimension) { Double(block.query[$0]) * Double(row[$0]) }
          let distance = ScalarReference.sum(dimension) {
            let difference = Double(block.query[$0]) - Double(row[$0])
            return difference * difference
          }
          let absolute = ScalarReference.sum(dimension) { abs(Double(block.query[$0]) - Double(row[$0])) }
          let bound = FastDistance.errorBound(
            dimension: dimension, queryNorm: queryNorm, rowNorm: rowSquares.squareRoot())
          let isWithin =
            abs(Double(dots[index]) - dot) <= bound
            && abs(Double(l2[index]) - distance) <= fraction * distance
            && abs(Double(l1[index]) - absolute) <= fraction * absolute
            && abs(Double(squares[index]) - rowSquares) <= fraction * rowSquares
            && dots[index].bitPattern == products[index].bitPattern
          if !isWithin {
            Issue.record("\(level) \(type) dimension \(dimension) row \(index) seed \(seed)")
            return
          }
          if distance > 0 { worst = max(worst, abs(Double(l2[index]) - distance) / (fraction * distance)) }
        }
      }
    }
    #expect(worst > 0)
  }

  @Test(arguments: ElementType.floats)
  func fastSumsOfARowDoNotDependOnTheRowsBesideIt(type: ElementType) {
    var random = VectorMath.SeededGenerator(seed: 4)
    for dimension in [1, 3, 15, 16, 17, 31, 33, 100, 384, 1000] {
      let block = Block(dimension: dimension, count: 23, type: type, offset: 0, gap: 0) {
        random.nextUnitFloat() - 0.5
      }
      for level in KernelLevel.all {
        block.withPointers { query, rows in
          var all = [Float](repeating: .nan, count: 23)
          level.dot(type)(query, rows, dimension, 23, block.stride, &all)
          var l2 = all
          var l1 = all
          level.squaredL2(type)(query, rows, dimension, 23, block.stride, &l2)
          level.l1(type)(query, rows, dimension, 23, block.stride, &l1)
          for row in 0..<23 {
            var one: Float = .nan
            level.dot(type)(query, rows + row * block.stride, dimension, 1, block.stride, &one)
            #expect(one.bitPattern == all[row].bitPattern, "\(level) dimension \(dimension) row \(row)")
            level.squaredL2(type)(query, rows + row * block.stride, dimension, 1, block.stride, &one)
            #expect(one.bitPattern == l2[row].bitPattern)
            level.l1(type)(query, rows + row * block.stride, dimension, 1, block.stride, &one)
            #expect(one.bitPattern == l1[row].bitPattern)
          }
        }
      }
    }
  }
}
