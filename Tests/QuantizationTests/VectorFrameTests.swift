import CVectorKernels
import Quantization
import Testing
import VectorMath

/// What codes say about distances is never wrong, and of use.
@Suite struct VectorFrameTests {
  struct Products {
    var dots: [Int32]
    var lows: [Int32]

    init(_ query: FrameQuery, _ coded: CodedRows) {
      let padded = query.paddedDimension
      dots = [Int32](repeating: 0, count: coded.squares.count)
      lows = dots
      vk_code_dots(query.codes, coded.codes, padded, dots.count, padded, &dots)
      vk_code_dots(query.lows, coded.codes, padded, lows.count, padded, &lows)
    }
  }

  /// Checks every row's bounds, and the rows kept for several limits; returns the mean width of the bounds.
  static func check(_ vectors: SampleVectors, _ metric: Metric, queries: [[Float]], _ label: String) -> Float
  {
    let frame = VectorFrame.fit(vectors.source, metric: metric, seed: 7, threads: 1)
    let coded = CodedRows(vectors, frame)
    #expect(!coded.codes.contains(-128), "\(label)")
    var width: Float = 0
    for query in queries {
      let placed = FrameQuery(query, in: frame)
      let products = Products(placed, coded)
      let exact = (0..<vectors.count).map { vectors.distance(metric, query, $0) }
      for row in 0..<vectors.count {
        for low in [nil, products.lows[row]] {
          let (least, most) = placed.bounds(
            dot: products.dots[row], low: low, squares: coded.squares[row], residual: coded.residuals[row])
          if !(least <= exact[row] && exact[row] <= most) {
            Issue.record("\(label) \(metric) row \(row): \(least) \(exact[row]) \(most) low \(low as Any)")
            return width
          }
          if low != nil, most.isFinite, least.isFinite { width = max(width, most - least) }
        }
      }
      let sorted = exact.sorted()
      for place in [0, vectors.count / 10, vectors.count / 2] {
        var kept = [UInt32](repeating: 0, count: vectors.count)
        let count = placed.survivors(
          dots: products.dots, squares: coded.squares, residuals: coded.residuals, count: vectors.count,
          limit: sorted[place], into: &kept)
        let found = kept[0..<count]
        #expect(zip(found, found.dropFirst()).allSatisfy { $0 < $1 })
        let set = Set(found)
        for row in 0..<vectors.count where exact[row] <= sorted[place] && !set.contains(UInt32(row)) {
          Issue.record("\(label) \(metric): row \(row) at \(exact[row]) lost, limit \(sorted[place])")
          return width
        }
      }
    }
    return width
  }

  @Test(arguments: VectorFrame.metrics, [ElementType.f32, .f16, .i8, .u8])
  func boundsHoldForEveryShapeOfData(metric: Metric, type: ElementType) {
    for shape in SampleVectors.Shape.allCases {
      for dimension in [1, 2, 3, 31, 64, 65, 100, 128, 200, 384, 513, 1000] {
        let seed = UInt64(dimension)
        let vectors = SampleVectors(
          shape, dimension: dimension, count: 150, elementType: type, seed: seed, gap: dimension % 3)
        let others = SampleVectors(.normal, dimension: dimension, count: 2, seed: seed + 1)
        let queries = [vectors.rows[5], others.rows[0], others.rows[1].map { $0 * 1000 }]
        let label = "\(shape) \(type) dimension \(dimension) seed \(seed)"
        _ = Self.check(vectors, metric, queries: queries, label)
      }
    }
  }

  /// The bounds are narrow where data is ordinary: a scan reads few vectors.
  @Test func boundsAreNarrow() {
    let vectors = SampleVectors(.normal, dimension: 384, count: 400, seed: 3)
    let queries = SampleVectors(.normal, dimension: 384, count: 5, seed: 4).rows
    #expect(Self.check(vectors, .cosine, queries: queries, "") < 0.1)
    #expect(Self.check(vectors, .l2, queries: queries, "") < 1.5)
    #expect(Self.check(vectors, .dot, queries: queries, "") < 30)
  }

  @Test(arguments: VectorFrame.metrics)
  func extremeNumbersAreKeptAndNeverWrong(metric: Metric) {
    let numbers: [Float] = [
      0, -0.0, 1, -1, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude,
      .leastNormalMagnitude, 1e-30, 1e-15, 3e18, -1e-10, 1e19, -1e19, 1e36,
    ]
    var random = VectorMath.SeededGenerator(seed: 11)
    for round in 0..<300 {
      let few = (0...round % 3).map { _ in numbers.randomElement(using: &random) ?? 0 }
      let dimension = 1 + round % 70
      let rows = (0..<12).map { _ in (0..<dimension).map { _ in few.randomElement(using: &random) ?? 0 } }
      let other = (0..<dimension).map { _ in numbers.randomElement(using: &random) ?? 0 }
      let queries = [rows[0], rows[11], other]
      _ = Self.check(SampleVectors(rows), metric, queries: queries, "round \(round) numbers \(few)")
    }
  }

  @Test func mixedSizesDoNotSpoilTheOrdinaryRows() {
    var rows = SampleVectors(.normal, dimension: 96, count: 200, seed: 5).rows
    rows[17] = [Float](repeating: 3e38, count: 96)
    rows[18] = [Float](repeating: 0, count: 96)
    let vectors = SampleVectors(rows)
    for metric in VectorFrame.metrics {
      _ = Self.check(vectors, metric, queries: [rows[0], rows[17], rows[18]], "mixed")
    }
    for metric in VectorFrame.metrics {
      let frame = VectorFrame.fit(vectors.source, metric: metric, seed: 1, threads: 1)
      let coded = CodedRows(vectors, frame)
      if metric == .cosine {
        #expect(coded.residuals[18] == .infinity)
        #expect(coded.squares[18] == 0)
      }
      #expect(coded.residuals[0] < 0.03 * vectorNorm(vectors.rows[0], elementType: .f32, dimension: 96))
    }
  }

  @Test(arguments: VectorFrame.metrics, [false, true])
  func threadsAndInstructionSetsChangeNothing(metric: Metric, isAugmented: Bool) {
    let before = InstructionSet.current
    defer { InstructionSet.use(before) }
    let vectors = SampleVectors(.clustered, dimension: 200, count: 5000, elementType: .f16, seed: 9)
    let query = SampleVectors(.normal, dimension: 200, count: 1, seed: 2).rows[0]
    var expected: (VectorFrame, CodedRows, [Float])?
    for set in InstructionSet.allCases {
      InstructionSet.use(set)
      for threads in [1, 3] {
        let frame = VectorFrame.fit(
          vectors.source, metric: metric, isAugmented: isAugmented, seed: 3, threads: threads)
        let coded = CodedRows(vectors, frame, threads: threads)
        let coordinates = FrameQuery(query, in: frame).coordinates
        if let (known, codes, floats) = expected {
          #expect(frame.bytes == known.bytes, "\(set) threads \(threads)")
          #expect(coded == codes, "\(set) threads \(threads)")
          #expect(coordinates.map(\.bitPattern) == floats.map(\.bitPattern))
        } else {
          expected = (frame, coded, coordinates)
        }
      }
    }
  }

  /// Products order as distances do once a coordinate is added.
  @Test func anAugmentedFrameTurnsProductsIntoDistances() {
    let vectors = SampleVectors(.uneven, dimension: 50, count: 300, seed: 21)
    let query = SampleVectors(.normal, dimension: 50, count: 1, seed: 22).rows[0]
    let frame = VectorFrame.fit(vectors.source, metric: .dot, isAugmented: true, seed: 5, threads: 1)
    #expect(frame.isAugmented && frame.paddedDimension == 64)
    var coordinates = [Float](repeating: 0, count: 300 * 64)
    frame.transform(vectors.source, 0..<300, threads: 2, into: &coordinates)
    let placed = FrameQuery(query, in: frame).coordinates
    let lengths = query.reduce(0.0) { $0 + Double($1) * Double($1) } + frame.greatestNorm * frame.greatestNorm
    for row in 0..<300 {
      var squares = 0.0
      for index in 0..<64 {
        let difference = Double(placed[index]) - Double(coordinates[row * 64 + index])
        squares += difference * difference
      }
      let product = -Double(vectors.distance(.dot, query, row))
      #expect(abs(squares - (lengths - 2 * product)) < 1e-5 * lengths)
    }
  }

  @Test func everyDimensionGetsAFrame() {
    for dimension in [4096, 10_000, 32_768, 65_535, 65_536] {
      let vectors = SampleVectors(.normal, dimension: dimension, count: 6, seed: 1)
      for metric in VectorFrame.metrics {
        _ = Self.check(vectors, metric, queries: [vectors.rows[2]], "dimension \(dimension)")
      }
    }
  }

  @Test func anEmptySourceGetsAFrame() {
    let source = RowSource<Never>(elementType: .f32, dimension: 10, count: 0, stride: 40) { _ in
      preconditionFailure()
    }
    for metric in VectorFrame.metrics {
      let frame = VectorFrame.fit(source, metric: metric, isAugmented: true, seed: 1, threads: 2)
      #expect(frame.scale == 1 && frame.sampleCount == 0)
    }
  }

  @Test func aFailingSourceIsReported() {
    struct Failure: Error, Equatable { let row: Int }
    let zeros = SampleVectors([[Float]](repeating: [0, 0, 0, 0], count: 9000)).source
    let source = RowSource<Failure>(elementType: .f32, dimension: 4, count: 9000, stride: 16) {
      (range) throws(Failure) in
      if range.contains(5000) { throw Failure(row: 5000) }
      return zeros.read(range)
    }
    #expect(throws: Failure(row: 5000)) {
      try VectorFrame.fit(source, metric: .l2, seed: 1, threads: 3)
    }
  }
}
