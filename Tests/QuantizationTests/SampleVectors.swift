import Quantization
import VectorMath

/// Stored vectors of a test, and what they hold as floats.
final class SampleVectors: @unchecked Sendable {
  let elementType: ElementType
  let dimension: Int
  let count: Int
  let stride: Int
  let rows: [[Float]]
  private let bytes: UnsafeMutableRawPointer

  /// How vectors are drawn.
  enum Shape: CaseIterable, Sendable {
    /// Normal numbers around a mean that is not 0.
    case normal
    /// Few clusters, a few rows twice.
    case clustered
    /// Lengths from 2^-20 to 2^20.
    case uneven
    /// One number that is not 0.
    case oneHot
    /// All rows the same.
    case constant
  }

  convenience init(
    _ shape: Shape, dimension: Int, count: Int, elementType: ElementType = .f32, seed: UInt64, gap: Int = 0
  ) {
    var random = VectorMath.SeededGenerator(seed: seed)
    let centres = (0..<5).map { _ in (0..<dimension).map { _ in random.nextNormal() } }
    var rows: [[Float]] = []
    for row in 0..<count {
      var vector: [Float]
      switch shape {
      case .normal: vector = (0..<dimension).map { _ in random.nextNormal() + 0.3 }
      case .clustered:
        if row % 17 == 3 {
          vector = rows[row - 1]
        } else {
          let centre = centres[Int(random.next() % 5)]
          vector = centre.map { $0 + 0.2 * random.nextNormal() }
        }
      case .uneven:
        let size = Float(sign: .plus, exponent: Int(random.next() % 41) - 20, significand: 1)
        vector = (0..<dimension).map { _ in size * random.nextNormal() }
      case .oneHot:
        vector = [Float](repeating: 0, count: dimension)
        vector[Int(random.next() % UInt64(dimension))] = random.nextUnitFloat() + 0.5
      case .constant: vector = centres[0]
      }
      if elementType == .f16 { vector = vector.map { Float(Float16(max(-60_000, min(60_000, $0)))) } }
      if let range = elementType.wholeNumbers {
        vector = vector.map {
          max(Float(range.lowerBound), min(Float(range.upperBound), ($0 * 20).rounded()))
        }
      }
      rows.append(vector)
    }
    self.init(rows, elementType: elementType, gap: gap)
  }

  init(_ rows: [[Float]], elementType: ElementType = .f32, gap: Int = 0) {
    self.rows = rows
    self.elementType = elementType
    dimension = rows.first?.count ?? 1
    count = rows.count
    stride = elementType.storedBytes(dimension: dimension) + gap
    bytes = .allocate(byteCount: rows.count * stride + 64, alignment: 64)
    for (row, vector) in rows.enumerated() {
      elementType.store(vector, count: dimension, to: bytes + row * stride)
    }
  }

  deinit { bytes.deallocate() }

  var source: RowSource<Never> {
    RowSource(elementType: elementType, dimension: dimension, count: count, stride: stride) { [self] range in
      precondition(range.lowerBound >= 0 && range.upperBound <= count && !range.isEmpty)
      return UnsafeRawPointer(bytes + range.lowerBound * stride)
    }
  }

  func distance(_ metric: Metric, _ query: [Float], _ row: Int) -> Float {
    if elementType.wholeNumbers != nil {
      // The engine's distance takes only queries of the element type.
      let squares = vectorSquares(query, elementType: .f32, dimension: dimension)
      var distance: Float = 0
      let vector = rows[row]
      vector.withUnsafeBytes { vector in
        guard let first = vector.baseAddress else { return }
        ExactDistance.distances(
          metric: metric, query: query, querySquares: squares, rows: first, elementType: .f32,
          dimension: dimension, count: 1, stride: 0, into: &distance)
      }
      return distance
    }
    return ExactDistance.distance(
      metric: metric, query: query, row: bytes + row * stride, elementType: elementType, dimension: dimension)
  }
}

extension VectorMath.SeededGenerator {
  /// Nearly normal: the sum of twelve uniform numbers.
  mutating func nextNormal() -> Float {
    var sum: Float = -6
    for _ in 0..<12 { sum += nextUnitFloat() }
    return sum
  }
}

extension VectorFrame {
  /// The metrics that there are frames for.
  static let metrics: [Metric] = [.cosine, .dot, .l2]
}

/// The codes of all rows of a frame.
struct CodedRows: Equatable {
  var codes: [Int8]
  var squares: [Int32]
  var residuals: [Float]

  init(_ vectors: SampleVectors, _ frame: VectorFrame, threads: Int = 1) {
    codes = [Int8](repeating: 1, count: vectors.count * frame.paddedDimension)
    squares = [Int32](repeating: -1, count: vectors.count)
    residuals = [Float](repeating: .nan, count: vectors.count)
    frame.encode(
      vectors.source, 0..<vectors.count, threads: threads, codes: &codes, squares: &squares,
      residuals: &residuals)
  }
}
