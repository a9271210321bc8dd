import CVectorKernels
import Testing
import VectorMath

/// The map of a frame: a fixed orthonormal one, and the same floats at every level.
@Suite struct RotationKernelTests {
  static let dimensions = Array(stride(from: 64, through: 2112, by: 64)) + [4096, 10_048, 65_472, 65_536]

  static func signs(_ dimension: Int, _ random: inout VectorMath.SeededGenerator) -> [UInt8] {
    (0..<dimension / 2).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }

  /// The map as its description says, in double.
  static func reference(_ vector: [Double], _ signs: [UInt8]) -> [Double] {
    let dimension = vector.count
    var vector = vector
    let powers = (6...16).map { 1 << $0 }.filter { dimension & $0 != 0 }
    for round in 0..<4 {
      for index in 0..<dimension {
        let bit = round * dimension + index
        if signs[bit / 8] >> UInt8(bit % 8) & 1 == 1 { vector[index] = -vector[index] }
      }
      var start = 0
      for power in round % 2 == 0 ? powers.reversed() : powers {
        var width = 1
        while width < power {
          for index in 0..<power where index & width == 0 {
            let (a, b) = (vector[start + index], vector[start + index + width])
            (vector[start + index], vector[start + index + width]) = (a + b, a - b)
          }
          width *= 2
        }
        for index in start..<start + power { vector[index] /= Double(power).squareRoot() }
        start += power
      }
      if powers.count == 1 { continue }
      for index in 0..<dimension / 2 {
        let (a, b) = (vector[index], vector[index + dimension / 2])
        let root = 0.5.squareRoot()
        (vector[index], vector[index + dimension / 2]) = ((a + b) * root, (a - b) * root)
      }
    }
    return vector
  }

  @Test func everyLevelGivesTheSameFloatsAndTheyAreRight() {
    let seed: UInt64 = 61
    var random = VectorMath.SeededGenerator(seed: seed)
    for dimension in Self.dimensions {
      let vector = (0..<dimension).map { _ in random.nextUnitFloat() * 2 - 1 }
      let signs = Self.signs(dimension, &random)
      let exact = Self.reference(vector.map { Double($0) }, signs)
      let length = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      var first: [Float]?
      for level in KernelLevel.all {
        var turned = vector
        level.table.rotate(&turned, dimension, signs)
        if let first {
          #expect(first.map(\.bitPattern) == turned.map(\.bitPattern), "\(level) dimension \(dimension)")
          continue
        }
        first = turned
        let error = zip(turned, exact).reduce(0.0) { sum, pair in
          let difference = Double(pair.0) - pair.1
          return sum + difference * difference
        }.squareRoot()
        // The bound of VectorFrame, without its two roundings before the map.
        let log = Int.bitWidth - 1 - dimension.leadingZeroBitCount
        #expect(error <= Double(4 * log + 14) * 0x1p-24 * length, "dimension \(dimension) seed \(seed)")
        let turnedLength = turned.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        #expect(abs(turnedLength / length - 1) < 1e-5)
      }
    }
  }

  /// One number spreads over all coordinates, whichever it is.
  @Test func aSingleNumberSpreads() {
    var random = VectorMath.SeededGenerator(seed: 62)
    for dimension in [64, 128, 192, 320, 448, 768, 832, 960, 1536] {
      let signs = Self.signs(dimension, &random)
      for index in 0..<dimension {
        var vector = [Float](repeating: 0, count: dimension)
        vector[index] = 1
        vk_rotate(&vector, dimension, signs)
        let greatest = vector.reduce(0) { max($0, $1.magnitude) }
        #expect(greatest < 6 / Float(dimension).squareRoot(), "dimension \(dimension) index \(index)")
      }
    }
  }

  @Test(arguments: ElementType.floats)
  func centringAndCodingGiveTheSameBitsAtEveryLevel(type: ElementType) {
    let seed: UInt64 = 63
    var random = VectorMath.SeededGenerator(seed: seed)
    for dimension in Array(1...200) + [384, 1000] {
      let padded = (dimension + 63) / 64 * 64
      let mean = (0..<dimension).map { _ in random.nextUnitFloat() }
      let block = Block(dimension: dimension, count: 1, type: type, offset: dimension % 5, gap: 0) {
        random.nextUnitFloat() * 2 - 1
      }
      for factor in [1, 0.37] {
        let expected =
          zip(block.rows[0], mean).map { Float(Double($0) * factor) - $1 }
          + [Float](repeating: 0, count: padded - dimension)
        for level in KernelLevel.all {
          var placed = [Float](repeating: .nan, count: padded)
          let centre = type == .f32 ? level.table.centre.0 : level.table.centre.1
          block.withPointers { _, row in centre(row, factor, mean, dimension, padded, &placed) }
          #expect(placed.map(\.bitPattern) == expected.map(\.bitPattern), "\(level) dimension \(dimension)")
          var codes = [Int8](repeating: 0, count: padded)
          var codeSquares: Int32 = 0
          var squares = 0.0
          var rest = 0.0
          let scale: Float = 0.011
          level.table.encode(placed, padded, scale, 1 / scale, &codes, &codeSquares, &squares, &rest)
          let wanted = placed.map { Int8(max(-127, min(127, ($0 * (1 / scale)).rounded(.toNearestOrEven)))) }
          #expect(codes == wanted, "\(level) dimension \(dimension) seed \(seed)")
          #expect(codeSquares == wanted.reduce(Int32(0)) { $0 + Int32($1) * Int32($1) })
          let left = zip(placed, codes).map { Double($0) - Double(scale) * Double($1) }
          #expect(squares == ScalarReference.sum(padded) { Double(placed[$0]) * Double(placed[$0]) })
          #expect(rest == ScalarReference.sum(padded) { left[$0] * left[$0] })
        }
      }
    }
  }
}
