import CVectorKernels
import Testing
import VectorMath

/// Whole-number kernels of every level against plain loops.
@Suite struct CodeKernelTests {
  static let dimensions = Array(stride(from: 64, through: 2112, by: 64)) + [4096, 32_768, 65_536]

  /// How codes are drawn: the extremes are where a sum of pairs would saturate.
  enum Codes: CaseIterable, Sendable {
    case random, allGreatest, allLeast, extremes
    func draw(_ random: inout VectorMath.SeededGenerator) -> Int8 {
      switch self {
      case .random: Int8(Int(random.next() % 255) - 127)
      case .allGreatest: 127
      case .allLeast: -127
      case .extremes: random.next() % 2 == 0 ? 127 : -127
      }
    }
  }

  struct Block {
    let dimension, stride, offset: Int
    let rows: [[Int8]]
    let bytes: [Int8]

    /// Rows `gap` bytes apart, the first at an odd address when `offset` is odd.
    init(
      _ codes: Codes, dimension: Int, count: Int, offset: Int, gap: Int,
      _ random: inout VectorMath.SeededGenerator
    ) {
      self.dimension = dimension
      self.offset = offset
      stride = dimension + gap
      rows = (0..<count).map { _ in (0..<dimension).map { _ in codes.draw(&random) } }
      bytes =
        [Int8](repeating: 1, count: offset) + rows.flatMap { $0 + [Int8](repeating: 1, count: gap) } + [1]
    }

    func withRows<Result>(_ body: (UnsafePointer<Int8>) -> Result) -> Result {
      bytes.withUnsafeBufferPointer { buffer in
        guard let first = buffer.baseAddress else { preconditionFailure() }
        return body(first + offset)
      }
    }
  }

  static func dot(_ x: [Int8], _ y: [Int8]) -> Int32 {
    var sum: Int32 = 0
    for index in x.indices { sum += Int32(x[index]) * Int32(y[index]) }
    return sum
  }

  @Test(arguments: Codes.allCases)
  func productsAreExactAtEveryLevel(codes: Codes) {
    let seed: UInt64 = 51
    var random = VectorMath.SeededGenerator(seed: seed)
    for dimension in Self.dimensions {
      let count = dimension > 4096 ? 5 : 1 + Int(random.next() % 23)
      let queries = Block(codes, dimension: dimension, count: 2, offset: 3, gap: 1, &random)
      let block = Block(
        codes, dimension: dimension, count: count, offset: dimension / 64 % 5, gap: dimension / 64 % 3,
        &random)
      let expected = queries.rows.map { query in block.rows.map { Self.dot(query, $0) } }
      let squares = block.rows.map { Self.dot($0, $0) }
      let indexes = (0..<count).map { _ in UInt32(random.next() % UInt64(count)) }
      for level in KernelLevel.all {
        var one = [Int32](repeating: 0, count: count)
        var gathered = one
        var distances = one
        queries.withRows { query in
          block.withRows { rows in
            let table = level.table
            table.code_dots(query, rows, dimension, count, block.stride, &one)
            table.code_dots_at(query, rows, dimension, block.stride, indexes, count, &gathered)
            if dimension <= 32_768 {
              table.code_distances_at(
                query, Self.dot(queries.rows[0], queries.rows[0]), rows, dimension, block.stride, squares, 4,
                indexes, count, &distances)
            }
          }
        }
        let isRight =
          one == expected[0] && gathered == indexes.map { expected[0][Int($0)] }
        #expect(isRight, "\(level) dimension \(dimension) seed \(seed)")
        if dimension <= 32_768 {
          let wanted = indexes.map { index in
            zip(queries.rows[0], block.rows[Int(index)]).reduce(Int32(0)) { sum, pair in
              let difference = Int32(pair.0) - Int32(pair.1)
              return sum + difference * difference
            }
          }
          #expect(distances == wanted, "\(level) dimension \(dimension) seed \(seed)")
        }
      }
    }
  }

  @Test(arguments: Codes.allCases)
  func tilesAreExactAtEveryLevel(codes: Codes) {
    let seed: UInt64 = 52
    var random = VectorMath.SeededGenerator(seed: seed)
    for round in 0..<60 {
      let dimension = 64 * (1 + round % 12)
      let (queryCount, count) = (Int(random.next() % 110), 1 + Int(random.next() % 150))
      let queries = Block(codes, dimension: dimension, count: queryCount, offset: 1, gap: 3, &random)
      let block = Block(codes, dimension: dimension, count: count, offset: 2, gap: 1, &random)
      let width = count + round % 4
      var panels: [UInt8]?
      for level in KernelLevel.all {
        var packed = [UInt8](repeating: 0, count: (count + 15) / 16 * 16 * dimension)
        // One more row than is written, which must stay as it is.
        var out = [Int32](repeating: 7, count: (queryCount + 1) * width)
        queries.withRows { query in
          block.withRows { rows in
            level.table.pack_codes(rows, dimension, count, block.stride, &packed)
            level.table.code_tile(
              query, queryCount, queries.stride, packed, count, dimension, &out, width)
          }
        }
        #expect(panels == nil || panels == packed, "\(level)")
        panels = packed
        var wrong = 0
        for query in 0...queryCount {
          for row in 0..<width {
            let expected =
              query < queryCount && row < count ? Self.dot(queries.rows[query], block.rows[row]) : 7
            if out[query * width + row] != expected { wrong += 1 }
          }
        }
        #expect(wrong == 0, "\(level) \(queryCount) x \(count) dimension \(dimension) seed \(seed)")
      }
    }
  }

  @Test(arguments: Codes.allCases)
  func productsWithHalfByteCodesAreExactAtEveryLevel(codes: Codes) {
    let seed: UInt64 = 53
    var random = VectorMath.SeededGenerator(seed: seed)
    for dimension in Self.dimensions {
      let count = dimension > 4096 ? 3 : 1 + Int(random.next() % 70)
      let query = Block(codes, dimension: dimension, count: 1, offset: 1, gap: 0, &random)
      let values = (0..<count).map { _ in
        (0..<dimension).map { _ in codes == .random ? UInt8(random.next() % 16) : 15 }
      }
      let stride = dimension / 2 + dimension / 64 % 3
      var bytes = [UInt8](repeating: 0xFF, count: count * stride)
      for (row, numbers) in values.enumerated() {
        for index in 0..<dimension {
          let place = row * stride + index / 64 * 32 + index % 32
          if index % 64 < 32 { bytes[place] = numbers[index] } else { bytes[place] |= numbers[index] << 4 }
        }
      }
      let expected = values.map { numbers in
        zip(query.rows[0], numbers).reduce(Int32(0)) { $0 + Int32($1.0) * Int32($1.1) }
      }
      let indexes = (0..<count).map { _ in UInt32(random.next() % UInt64(count)) }
      let factors = (0..<2 * count).map { _ in random.nextUnitFloat() - 0.5 }
      var numbers = vk_nibble_query(add: 1.5, scale: 0.01, offset: -3)
      let distances = indexes.map { index -> Float in
        let product = numbers.scale * Float(expected[Int(index)]) + numbers.offset
        return (factors[2 * Int(index)] + numbers.add) + factors[2 * Int(index) + 1] * product
      }
      for level in KernelLevel.all {
        var all = [Int32](repeating: 0, count: count)
        var gathered = all
        var found = [Float](repeating: .nan, count: count)
        query.withRows { query in
          level.table.nibble_dots(query, bytes, dimension, count, stride, &all)
          level.table.nibble_dots_at(query, bytes, dimension, stride, indexes, count, &gathered)
          level.table.nibble_distances_at(
            query, &numbers, bytes, dimension, stride, factors, 8, indexes, count, &found)
        }
        #expect(all == expected, "\(level) dimension \(dimension) seed \(seed)")
        #expect(gathered == indexes.map { expected[Int($0)] }, "\(level) dimension \(dimension)")
        #expect(
          found.map(\.bitPattern) == distances.map(\.bitPattern), "\(level) dimension \(dimension)")
      }
    }
  }

  @Test func theSameRowsSurviveAtEveryLevel() {
    let seed: UInt64 = 54
    var random = VectorMath.SeededGenerator(seed: seed)
    for round in 0..<200 {
      let count = Int(random.next() % 300)
      let dots = (0..<count).map { _ in Int32(random.next() % 20_000) - 10_000 }
      let squares = (0..<count).map { _ in Int32(random.next() % 100_000) }
      let residuals = (0..<count).map { _ in
        random.next() % 40 == 0 ? Float.infinity : random.nextUnitFloat() * 30
      }
      var bound = vk_code_bound(
        is_euclidean: Int32(round % 2), base: 50_000, row_factor: 1, dot_factor: 2, root_factor: 0.3,
        residual_factor: 2, limit: Double(round) * (round % 2 == 0 ? 400 : 3))
      let expected = (0..<count).filter { row in
        let product = Double(dots[row])
        if bound.is_euclidean != 0 {
          let reach = bound.limit + Double(residuals[row])
          return !((bound.base + Double(squares[row])) - bound.dot_factor * product > reach * reach)
        }
        let low = (bound.base - bound.dot_factor * product) - 0.3 * Double(squares[row]).squareRoot()
        return !(low - 2 * Double(residuals[row]) > bound.limit)
      }
      for level in KernelLevel.all {
        var out = [UInt32](repeating: 0, count: count)
        let kept = level.table.code_survivors(&bound, dots, squares, residuals, count, &out)
        #expect(out[0..<kept].map { Int($0) } == expected, "\(level) round \(round) seed \(seed)")
      }
    }
  }
}
