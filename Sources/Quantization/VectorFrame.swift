internal import CVectorKernels
package import VectorMath

/// The space in which the codes of a segment live: stored vectors moved to their mean, padded and turned at random.
///
/// A stored vector *x* becomes T(v - mean). Here *v* is *x* itself; under cosine *x* divided by its length; in an augmented
/// frame *x* followed by √(M² - |x|²), M the greatest length in the segment. T appends zeros up to a multiple of 64 and
/// applies a fixed orthonormal map that spreads every vector evenly over the coordinates, so that one scale fits them all.
/// Codes are then `round(coordinate / scale)`, held in -127...127. A query goes the same way, except that an augmented frame
/// appends 0 to it, and that under dot without augmentation nothing is subtracted from it.
///
/// So squared distances are kept under l2; under cosine `1 - cos` is half the squared distance; under dot the product is
/// `<q, mean> + <Tq, T(x - mean)>`, or, augmented, `(|q|² + M² - d²) / 2`.
///
/// Floats are computed in a fixed order without contraction: the same vectors give the same codes on every processor and for
/// any number of threads.
///
/// **Residuals are rigorous.** Let u = 2^-24, p the greatest power of two in the padded dimension and n = 4 log2 p + 16. On the way from *v* to the
/// computed coordinates *y* each element is rounded at most n times (once dividing by the length, once subtracting, four
/// times log2 p + 3 in the map), each time to within a factor 1 ± u of an orthonormal map's stage, so that
/// |y - T(v - mean)| <= 1.01 n u |T(v - mean)|; numbers too small for a float add less than 10^-37. The residual is
/// |y - scale · codes|, in double, plus that, rounded up. Hence |T(v - mean) - scale · codes| <= residual for every row, also
/// where a coordinate was clipped, and by the triangle inequality no distance differs from the distance of the codes by more
/// than the two residuals.
///
/// A residual of infinity says that nothing is known about a row: its codes are zeros. That is so for a zero vector under
/// cosine, and where floats overflow.
///
/// - Source: Random rotations before coding follow Gao & Long, RaBitQ, 2024, arXiv:2405.12497; the map is that of
///   Ailon & Chazelle, 2009, doi:10.1137/060673096, repeated, with pairs turned between the rounds.
package struct VectorFrame: Equatable, Sendable {
  /// What distances mean.
  package let metric: Metric
  /// Numbers of a stored vector.
  package let dimension: Int
  /// Whether a coordinate was added so that products become distances; only under dot.
  package let isAugmented: Bool
  /// Coordinates of the frame, a multiple of 64.
  package let paddedDimension: Int
  /// What the signs of the map were drawn from.
  package let seed: UInt64
  /// Coordinates a code step is worth; positive.
  package let scale: Float
  /// What is subtracted: `dimension` numbers, one more in an augmented frame.
  package let mean: [Float]
  /// The greatest length of a row; 0 unless the frame is augmented.
  package let greatestNorm: Double
  /// Rows that the frame was fitted to.
  package let sampleCount: Int
  /// Those of them with a coordinate beyond 127 steps.
  package let clippedCount: Int
  /// Four rounds of a sign for each coordinate; a set bit is -1.
  let signs: [UInt8]

  /// Whether frames are made for vectors of a type under a metric: they know lengths and angles, and no bits.
  package static func supports(_ metric: Metric, _ elementType: ElementType) -> Bool {
    switch metric {
    case .cosine, .dot, .l2: elementType != .bit
    case .l1, .hamming: false
    }
  }

  /// A frame made of its parts; `signs` are drawn from the seed when they are nil.
  ///
  /// Precondition: the mean has the right number of elements.
  init(
    metric: Metric, dimension: Int, isAugmented: Bool, seed: UInt64, scale: Float, mean: [Float],
    greatestNorm: Double = 0, sampleCount: Int = 0, clippedCount: Int = 0, signs: [UInt8]? = nil
  ) {
    precondition(mean.count == dimension + (isAugmented ? 1 : 0))
    self.metric = metric
    self.dimension = dimension
    self.isAugmented = isAugmented
    self.paddedDimension = Quantization.paddedDimension(mean.count)
    self.seed = seed
    self.scale = scale
    self.mean = mean
    self.greatestNorm = greatestNorm
    self.sampleCount = sampleCount
    self.clippedCount = clippedCount
    self.signs = signs ?? Self.drawSigns(seed: seed, count: 4 * paddedDimension)
  }

  private static func drawSigns(seed: UInt64, count: Int) -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count / 8)
    for _ in 0..<count / 64 {
      let word = random.next()
      for byte in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * byte))) }
    }
    return bytes
  }

  /// By how much the computed coordinates may differ from the true ones, as a fraction of their length.
  package var relativeError: Double { Self.relativeError(paddedDimension: paddedDimension) }

  static func relativeError(paddedDimension: Int) -> Double {
    let log = Int.bitWidth - 1 - paddedDimension.leadingZeroBitCount
    return 1.01 * Double(4 * log + 16) * 0x1p-24
  }

  /// A bound of the distance between true coordinates and codes, from computed squares; infinite unless all is finite.
  ///
  /// - Parameters:
  ///   - squares: Of the computed coordinates.
  ///   - residualSquares: Of what the codes leave of them.
  /// - Returns: The bound, rounded up.
  func residual(squares: Double, residualSquares: Double) -> Float {
    let length = squares.squareRoot() * (1 + 1e-12)
    let rest = residualSquares.squareRoot() * (1 + 1e-12) + 1.0001 * relativeError * length + 1e-37
    guard length.isFinite, rest.isFinite else { return .infinity }
    let rounded = Float(rest)
    return Double(rounded) < rest ? rounded.nextUp : rounded
  }

  /// Brings one stored vector into the frame.
  ///
  /// - Parameters:
  ///   - row: `dimension` elements.
  ///   - elementType: How they are written.
  ///   - coordinates: Room for `paddedDimension` floats.
  /// - Returns: False for a zero vector under cosine, whose coordinates are zeros then.
  func place(
    _ row: UnsafeRawPointer, _ elementType: ElementType, into coordinates: UnsafeMutablePointer<Float>
  ) -> Bool {
    unsafe place(
      row, elementType, extra: extraCoordinate(row, elementType), isCentred: true, into: coordinates)
  }

  /// Brings a query into the frame, in the same way.
  func placeQuery(_ query: UnsafePointer<Float>, into coordinates: UnsafeMutablePointer<Float>) -> Bool {
    unsafe place(
      UnsafeRawPointer(query), .f32, extra: 0, isCentred: metric != .dot || isAugmented, into: coordinates)
  }

  private func place(
    _ vector: UnsafeRawPointer, _ elementType: ElementType, extra: Float, isCentred: Bool,
    into coordinates: UnsafeMutablePointer<Float>
  ) -> Bool {
    guard unsafe lay(vector, elementType, extra: extra, isCentred: isCentred, into: coordinates) else {
      return false
    }
    // Safe: `init` made four signs for each coordinate.
    unsafe signs.withUnsafeBufferPointer { signs in
      if let signs = signs.baseAddress { unsafe vk_rotate(coordinates, paddedDimension, signs) }
    }
    return true
  }

  /// The vector before it is turned; false, and zeros, for a zero vector under cosine.
  func lay(
    _ vector: UnsafeRawPointer, _ elementType: ElementType, extra: Float, isCentred: Bool,
    into coordinates: UnsafeMutablePointer<Float>
  ) -> Bool {
    let element = elementType.kernelElement
    var factor = 1.0
    if metric == .cosine {
      let squares = unsafe vk_squares(element, vector, dimension)
      guard squares > 0 else {
        unsafe coordinates.update(repeating: 0, count: paddedDimension)
        return false
      }
      factor = 1 / squares.squareRoot()
    }
    // Safe: the mean has the length that `init` checked, the caller vouches for the rest.
    unsafe mean.withUnsafeBufferPointer { mean in
      let mean = isCentred ? mean.baseAddress : nil
      if elementType == .f32 || elementType == .f16 {
        unsafe vk_centre(element, vector, factor, mean, dimension, paddedDimension, coordinates)
      } else {
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: dimension) { floats in
          guard let floats = floats.baseAddress else { return }
          unsafe elementType.load(vector, count: dimension, to: floats)
          unsafe vk_centre(.F32, floats, factor, mean, dimension, paddedDimension, coordinates)
        }
      }
      if isAugmented { unsafe coordinates[dimension] = extra - (mean?[dimension] ?? 0) }
    }
    return true
  }

  /// The coordinate that an augmented frame appends to a row.
  func extraCoordinate(_ row: UnsafeRawPointer, _ elementType: ElementType) -> Float {
    guard isAugmented else { return 0 }
    let squares = unsafe vk_squares(elementType.kernelElement, row, dimension)
    return Float(max(0, greatestNorm * greatestNorm - squares).squareRoot())
  }
}
