import CVectorKernels
import Quantization
import Testing
import VectorMath

/// Distances from 4-bit codes are right on average, err as little as they should, and never misbehave.
@Suite struct RaBitQuantizerTests {
  /// Codes and factors of all rows, side by side.
  struct Nibbles: Equatable {
    let stride: Int
    let codeBytes: Int
    var bytes: [UInt8]

    init(_ vectors: SampleVectors, _ frame: VectorFrame, threads: Int = 1, gap: Int = 0) {
      codeBytes = RaBitQuantizer.codeBytes(paddedDimension: frame.paddedDimension)
      stride = codeBytes + RaBitQuantizer.factorBytes + gap
      bytes = [UInt8](repeating: 0, count: vectors.count * stride)
      let (codeBytes, stride) = (codeBytes, stride)
      bytes.withUnsafeMutableBufferPointer { bytes in
        guard let first = bytes.baseAddress else { return }
        frame.encodeNibbles(
          vectors.source, 0..<vectors.count, threads: threads, codes: first, stride: stride,
          factors: first + codeBytes, factorsStride: stride)
      }
    }

    func factor(_ row: Int, _ which: Int) -> Float {
      bytes.withUnsafeBytes {
        $0.loadUnaligned(fromByteOffset: row * stride + codeBytes + 4 * which, as: Float.self)
      }
    }

    func code(_ row: Int, _ index: Int) -> Double {
      let byte = bytes[row * stride + index / 64 * 32 + index % 32]
      return Double(index % 64 < 32 ? byte & 15 : byte >> 4) - 7.5
    }

    func distances(_ query: RaBitQuery, _ indexes: [UInt32]) -> [Float] {
      var result = [Float](repeating: .nan, count: indexes.count)
      bytes.withUnsafeBytes { bytes in
        guard let first = bytes.baseAddress else { return }
        query.distances(
          rows: first, stride: stride, factors: first + codeBytes, factorsStride: stride, indexes: indexes,
          count: indexes.count, into: &result)
      }
      return result
    }
  }

  struct Errors {
    var mean = 0.0
    var deviation = 0.0
    var outside = 0.0
    /// The deviation as a multiple of `2 |r| |q| / √dimension`.
    var factor = 0.0
  }

  static func errors(_ shape: SampleVectors.Shape, dimension: Int, seed: UInt64) -> Errors {
    let vectors = SampleVectors(shape, dimension: dimension, count: 400, seed: seed)
    let frame = VectorFrame.fit(vectors.source, metric: .l2, seed: seed, threads: 1)
    let nibbles = Nibbles(vectors, frame)
    var coordinates = [Float](repeating: 0, count: 400 * frame.paddedDimension)
    frame.transform(vectors.source, 0..<400, threads: 1, into: &coordinates)
    var result = Errors()
    var count = 0.0
    for query in SampleVectors(.normal, dimension: dimension, count: 20, seed: seed + 1).rows {
      let placed = FrameQuery(query, in: frame)
      let rabit = RaBitQuery(placed)
      let estimates = nibbles.distances(rabit, (0..<400).map { UInt32($0) })
      for row in 0..<400 {
        let exact = Double(vectors.distance(.l2, query, row))
        let error = Double(estimates[row]) - exact * exact
        let unit =
          2 * Double(nibbles.factor(row, 0)).squareRoot() * Double(rabit.length)
          / Double(frame.paddedDimension).squareRoot()
        guard unit > 0 else { continue }
        count += 1
        result.mean += error / unit
        result.factor += error * error / (unit * unit)
        if -error > 1.9 * Double(nibbles.factor(row, 2) * rabit.length) + 1e-4 * exact * exact {
          result.outside += 1
        }
      }
    }
    result.mean /= count
    result.factor = (result.factor / count).squareRoot()
    result.outside /= count
    return result
  }

  @Test func estimatesAreUnbiasedAndErrAsTheyShould() {
    for dimension in [64, 128, 200, 384, 768, 1536] {
      for shape in [SampleVectors.Shape.normal, .clustered, .uneven, .oneHot] {
        let found = Self.errors(shape, dimension: dimension, seed: UInt64(dimension))
        let label = "\(shape) dimension \(dimension): \(found)"
        #expect(abs(found.mean) < 0.02, "\(label)")
        #expect(found.factor < 0.14 && found.factor > 0.02, "\(label)")
        #expect(found.outside < 0.05, "\(label)")
      }
    }
  }

  /// The steps find nearly the best direction there is, which trying every step that changes a code would find.
  @Test func directionsAreNearlyTheBest() {
    for (shape, seed) in [(SampleVectors.Shape.normal, UInt64(1)), (.oneHot, 2), (.uneven, 3)] {
      var misses = (found: 0.0, best: 0.0)
      let vectors = SampleVectors(shape, dimension: 96, count: 40, seed: seed)
      let frame = VectorFrame.fit(vectors.source, metric: .l2, seed: seed, threads: 1)
      let padded = frame.paddedDimension
      let nibbles = Nibbles(vectors, frame)
      var coordinates = [Float](repeating: 0, count: 40 * padded)
      frame.transform(vectors.source, 0..<40, threads: 1, into: &coordinates)
      for row in 0..<40 {
        let r = coordinates[row * padded..<(row + 1) * padded].map { Double($0) }
        func cosine(_ x: [Double]) -> Double {
          let product = zip(r, x).reduce(0) { $0 + $1.0 * $1.1 }
          let squares = x.reduce(0) { $0 + $1 * $1 } * r.reduce(0) { $0 + $1 * $1 }
          return product / squares.squareRoot()
        }
        var best = 0.0
        for number in r where number != 0 {
          for size in 1...7 {
            let inverse = Double(size) / number.magnitude * (1 + 1e-12)
            best = max(
              best,
              cosine(
                r.map { ($0 < 0 ? -1 : 1) * (min(7, ($0.magnitude * inverse).rounded(.down)) + 0.5) }))
          }
        }
        let found = cosine((0..<padded).map { nibbles.code(row, $0) })
        #expect(found > 0.98 && found <= best + 1e-9)
        #expect(1 - found < 1.5 * (1 - best), "\(shape) row \(row): \(found) \(best)")
        misses.found += 1 - found
        misses.best += 1 - best
      }
      #expect(misses.found < 1.05 * misses.best, "\(shape): \(misses)")
    }
  }

  /// What the kernel says is what the formula says.
  @Test func aHopGivesTheFormula() {
    let vectors = SampleVectors(.normal, dimension: 250, count: 100, elementType: .f16, seed: 4)
    let frame = VectorFrame.fit(vectors.source, metric: .cosine, seed: 4, threads: 1)
    let nibbles = Nibbles(vectors, frame, gap: 3)
    let query = FrameQuery(SampleVectors(.normal, dimension: 250, count: 1, seed: 5).rows[0], in: frame)
    let indexes: [UInt32] = [99, 0, 5, 5, 17] + (0..<90)
    let found = nibbles.distances(RaBitQuery(query), indexes)
    for (place, index) in indexes.enumerated() {
      let row = Int(index)
      var product = 0.0
      for dimension in 0..<frame.paddedDimension {
        product += nibbles.code(row, dimension) * Double(query.coordinates[dimension])
      }
      let squares = query.coordinates.reduce(0.0) { $0 + Double($1) * Double($1) }
      let expected = Double(nibbles.factor(row, 0)) + squares + Double(nibbles.factor(row, 1)) * product
      // The query's own codes err by less than this.
      #expect(abs(Double(found[place]) - expected) < 0.02)
    }
  }

  @Test func degenerateRowsGiveFiniteNumbersOrInfinity() {
    var rows = SampleVectors(.normal, dimension: 3, count: 60, seed: 6).rows
    rows[1] = [0, 0, 0]
    rows[2] = [3e38, -3e38, 3e38]
    rows[3] = [0x1p-140, 0, 0]
    rows[4] = rows[5]
    rows[6] = [1e-19, 1e-19, 0]
    for shape in 0..<3 {
      let chosen = shape == 0 ? rows : shape == 1 ? [[Float]](repeating: rows[0], count: 5) : [[0], [0]]
      let vectors = SampleVectors(chosen)
      for metric in VectorFrame.metrics {
        let frame = VectorFrame.fit(vectors.source, metric: metric, seed: 6, threads: 1)
        let nibbles = Nibbles(vectors, frame)
        for query in chosen {
          let found = nibbles.distances(
            RaBitQuery(FrameQuery(query, in: frame)), (0..<chosen.count).map { UInt32($0) })
          for row in 0..<chosen.count {
            let isHuge = query[0].magnitude > 1e30 || chosen[row][0].magnitude > 1e30
            #expect(!found[row].isNaN || isHuge, "shape \(shape) \(metric) row \(row)")
            #expect(found[row].isFinite || isHuge, "shape \(shape) \(metric) row \(row)")
          }
        }
      }
    }
  }

  @Test func threadsAndInstructionSetsChangeNothing() {
    let before = InstructionSet.current
    defer { InstructionSet.use(before) }
    let query = SampleVectors(.normal, dimension: 333, count: 1, seed: 8).rows[0]
    for shape in SampleVectors.Shape.allCases {
      let vectors = SampleVectors(shape, dimension: 333, count: 600, seed: 7)
      var expected: (Nibbles, [UInt32], [Int32])?
      for set in InstructionSet.allCases {
        InstructionSet.use(set)
        for threads in [1, 4] {
          let frame = VectorFrame.fit(vectors.source, metric: .l2, seed: 3, threads: threads)
          let nibbles = Nibbles(vectors, frame, threads: threads)
          let coded = CodedRows(vectors, frame, threads: threads)
          let placed = FrameQuery(query, in: frame)
          let indexes = (0..<600).map { UInt32(599 - $0) }
          let bits = nibbles.distances(RaBitQuery(placed), indexes).map(\.bitPattern)
          let whole = CodeQuery(placed, in: frame)
          var distances = [Int32](repeating: 0, count: 600)
          whole.distances(
            rows: coded.codes, stride: frame.paddedDimension, squares: coded.squares, squaresStride: 4,
            indexes: indexes, count: 600, into: &distances)
          if let (codes, floats, numbers) = expected {
            #expect(codes == nibbles && floats == bits && numbers == distances, "\(shape) \(set) \(threads)")
          } else {
            expected = (nibbles, bits, distances)
          }
        }
      }
    }
  }

  /// Whole-number distances order rows as the distances do, up to the step of the codes.
  @Test func wholeNumberDistancesAreNear() {
    let vectors = SampleVectors(.clustered, dimension: 128, count: 300, seed: 12)
    let frame = VectorFrame.fit(vectors.source, metric: .l2, seed: 1, threads: 1)
    let coded = CodedRows(vectors, frame)
    let query = vectors.rows[4].map { $0 + 0.05 }
    let whole = CodeQuery(FrameQuery(query, in: frame), in: frame)
    var distances = [Int32](repeating: 0, count: 300)
    whole.distances(
      rows: coded.codes, stride: 128, squares: coded.squares, squaresStride: 4, indexes: (0..<300).map { $0 },
      count: 300, into: &distances)
    for row in 0..<300 {
      let exact = vectors.distance(.l2, query, row)
      #expect(abs(Float(distances[row]).squareRoot() * frame.scale - exact) < 0.05 * exact + 0.3)
    }
  }
}
