import CVectorKernels
import Testing
import VectorMath

/// Products of many queries with many rows of floats, at every level, against sums in double.
@Suite struct FloatTileTests {
  struct Panels {
    let floats: [Float]

    init(_ level: KernelLevel, _ rows: [Float], dimension: Int, count: Int, stride: Int) {
      var floats = [Float](repeating: .nan, count: (count + 15) / 16 * 16 * dimension)
      level.table.pack_floats(rows, dimension, count, stride, &floats)
      self.floats = floats
    }
  }

  @Test func productsStayWithinTheStatedBound() {
    let seed: UInt64 = 71
    var random = VectorMath.SeededGenerator(seed: seed)
    for round in 0..<120 {
      let dimension = round < 70 ? round : Int(random.next() % 2100)
      let (queryCount, count) = (Int(random.next() % 20), 1 + Int(random.next() % 140))
      let (queryStride, stride) = (dimension + round % 3, dimension + round % 2)
      let queries = (0..<max(1, queryCount * queryStride)).map { _ in random.nextUnitFloat() * 2 - 0.5 }
      let rows = (0..<max(1, count * stride)).map { _ in random.nextUnitFloat() * 2 - 0.5 }
      let width = count + round % 4
      for level in KernelLevel.all {
        let panels = Panels(level, rows, dimension: dimension, count: count, stride: stride)
        // One more row than is written, which must stay as it is.
        var out = [Float](repeating: 7, count: (queryCount + 1) * width)
        level.table.float_tile(queries, queryCount, queryStride, panels.floats, count, dimension, &out, width)
        for query in 0...queryCount {
          for row in 0..<width {
            guard query < queryCount && row < count && dimension > 0 else {
              if query == queryCount || row >= count { #expect(out[query * width + row] == 7) }
              continue
            }
            var sum = 0.0
            var sizes = 0.0
            for index in 0..<dimension {
              let product = Double(queries[query * queryStride + index]) * Double(rows[row * stride + index])
              sum += product
              sizes += abs(product)
            }
            let steps = Double(min(dimension, 256) + dimension / 256 + 2)
            let error = abs(Double(out[query * width + row]) - sum)
            if error > steps * 0x1p-24 * sizes * 1.0001 {
              Issue.record("\(level) dimension \(dimension) query \(query) row \(row) seed \(seed): \(error)")
              return
            }
          }
        }
      }
    }
  }

  /// A product is the same alone as among others.
  @Test func productsDoNotDependOnTheirNeighbours() {
    var random = VectorMath.SeededGenerator(seed: 72)
    for dimension in [1, 17, 100, 384, 600] {
      let queries = (0..<13 * dimension).map { _ in random.nextUnitFloat() - 0.5 }
      let rows = (0..<150 * dimension).map { _ in random.nextUnitFloat() - 0.5 }
      for level in KernelLevel.all {
        let panels = Panels(level, rows, dimension: dimension, count: 150, stride: dimension)
        var all = [Float](repeating: 0, count: 13 * 150)
        level.table.float_tile(queries, 13, dimension, panels.floats, 150, dimension, &all, 150)
        for row in [0, 1, 63, 64, 130, 149] {
          let one = Panels(
            level, Array(rows[row * dimension..<(row + 1) * dimension]), dimension: dimension, count: 1,
            stride: dimension)
          for query in [0, 5, 6, 12] {
            var out: Float = 0
            level.table.float_tile(
              Array(queries[query * dimension..<(query + 1) * dimension]), 1, dimension, one.floats, 1,
              dimension, &out, 1)
            #expect(out.bitPattern == all[query * 150 + row].bitPattern, "\(level) dimension \(dimension)")
          }
        }
      }
    }
  }

  /// Bounds from products never exceed the exact distance, and are near enough to be of use.
  @Test(arguments: [Metric.cosine, .dot, .l2])
  func boundsFromProductsHold(metric: Metric) {
    let seed: UInt64 = 73
    var random = VectorMath.SeededGenerator(seed: seed)
    for round in 0..<400 {
      let dimension = 1 + Int(random.next() % 700)
      let count = 20
      let exponent = round % 4 == 3 ? Int(random.next() % 250) - 140 : 0
      let size = Float(sign: .plus, exponent: exponent, significand: 1)
      let query = (0..<dimension).map { _ in (random.nextUnitFloat() - 0.3) * size }
      var rows = (0..<count * dimension).map { _ in (random.nextUnitFloat() - 0.3) * size }
      // The first row is the query, nearly.
      for index in 0..<dimension {
        rows[index] = Float(bitPattern: query[index].bitPattern ^ UInt32(random.next() % 3))
      }
      let fast = FastDistance(metric: metric, elementType: .f32, dimension: dimension, query: query)
      for level in KernelLevel.all {
        let panels = Panels(level, rows, dimension: dimension, count: count, stride: dimension)
        var products = [Float](repeating: 0, count: count)
        level.table.float_tile(query, 1, dimension, panels.floats, count, dimension, &products, count)
        var norms: [Float] = []
        var exact: [Float] = []
        rows.withUnsafeBufferPointer { rows in
          for row in 0..<count {
            guard let first = rows.baseAddress else { return }
            let vector = UnsafeRawPointer(first + row * dimension)
            norms.append(vectorNorm(vector, elementType: .f32, dimension: dimension))
            exact.append(
              ExactDistance.distance(
                metric: metric, query: query, row: vector, elementType: .f32, dimension: dimension))
          }
        }
        var bounds = [Float](repeating: .nan, count: count)
        fast.lowerBounds(products: products, norms: norms, count: count, into: &bounds)
        for row in 0..<count {
          #expect(
            bounds[row] <= exact[row], "\(level) dimension \(dimension) exponent \(exponent) seed \(seed)")
          if exponent == 0, row > 0, dimension > 50, metric != .dot {
            #expect(bounds[row] > 0.98 * exact[row] - 0.001, "\(level) dimension \(dimension)")
          }
        }
      }
    }
  }
}
