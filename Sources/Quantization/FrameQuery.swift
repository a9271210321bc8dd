internal import CVectorKernels
package import VectorMath

/// A query in a frame, with codes of its own.
///
/// The coordinates are about `128 * step * codes`, and more nearly `step * (128 * codes + lows)`: products with a row's codes
/// are taken once or twice. A scan takes `codes`, and `lows` too of the few rows that those do not leave out. Both have a
/// residual, by the rule of `VectorFrame`; no coordinate of a query is clipped, since its step is its own.
///
/// A graph that wants whole numbers takes the query's codes in the scale of the frame: `VectorFrame.encode(coordinates:codes:)`.
package struct FrameQuery: Sendable {
  /// What distances mean.
  package let metric: Metric
  /// Whether the frame is augmented.
  package let isAugmented: Bool
  /// Coordinates of the frame.
  package let paddedDimension: Int
  /// The query, moved, padded and turned.
  package private(set) var coordinates: [Float]
  /// Its coarse codes.
  package private(set) var codes: [Int8]
  /// What they leave, in steps a 128th as wide: -64...64.
  package private(set) var lows: [Int8]
  /// What the codes leave of the coordinates.
  private var rest: [Float]
  /// True when codes say nothing: for a zero vector under cosine, and where floats overflow.
  ///
  /// Every row is kept then.
  package private(set) var isUnknown = true
  /// Coordinates that a step of `lows` is worth.
  private(set) var step = 0.0
  /// Coordinates that a step of a row's codes is worth.
  let rowScale: Double
  /// Of the codes alone, and of both, in coordinates.
  private(set) var codeSquares = (coarse: 0.0, fine: 0.0)
  private(set) var residual = (coarse: 0.0, fine: 0.0)
  /// Under dot without augmentation the product of query and mean, and by how much it may be wrong.
  private(set) var offset = 0.0
  private(set) var offsetError = 0.0
  /// At least the lengths of the query and of the mean.
  private(set) var norm = 0.0
  let meanNorm: Double

  /// Room for a query in the frame; nothing is known of it until `set`.
  package init(in frame: VectorFrame) {
    metric = frame.metric
    isAugmented = frame.isAugmented
    paddedDimension = frame.paddedDimension
    rowScale = Double(frame.scale)
    coordinates = [Float](repeating: 0, count: frame.paddedDimension)
    rest = coordinates
    codes = [Int8](repeating: 0, count: frame.paddedDimension)
    lows = codes
    meanNorm = unsafe vk_squares(.F32, frame.mean, frame.mean.count).squareRoot() * (1 + 1e-12)
  }

  /// Takes a query of `dimension` finite floats into the frame.
  package init(_ query: UnsafePointer<Float>, in frame: VectorFrame) {
    self.init(in: frame)
    unsafe set(query, in: frame)
  }

  /// Takes another query of `dimension` finite floats into the same frame; allocates nothing.
  package mutating func set(_ query: UnsafePointer<Float>, in frame: VectorFrame) {
    let padded = paddedDimension
    // Safe: every buffer has `padded` elements, as the kernels want.
    let isPlaced = unsafe coordinates.withUnsafeMutableBufferPointer { buffer in
      guard let first = buffer.baseAddress else { return false }
      return unsafe frame.placeQuery(query, into: first)
    }
    var greatest: Float = 0
    for coordinate in coordinates { greatest = max(greatest, coordinate.magnitude) }
    let wide = min(max(greatest / 127, 1e-30), 1e36)
    step = Double(wide) / 128
    var sums: (Int32, Int32, Int32) = (0, 0, 0)
    var squares = 0.0
    var left = (0.0, 0.0)
    var ignored = 0.0
    unsafe vk_encode(coordinates, padded, wide, 1 / wide, &codes, &sums.0, &squares, &left.0)
    isUnknown = !isPlaced || !squares.isFinite || !(greatest <= 1e36)
    if isUnknown {
      for index in 0..<padded {
        codes[index] = 0
        lows[index] = 0
      }
    } else {
      for index in 0..<padded {
        rest[index] = Float(Double(coordinates[index]) - Double(wide) * Double(codes[index]))
      }
      unsafe vk_encode(rest, padded, wide / 128, 128 / wide, &lows, &sums.1, &ignored, &left.1)
      unsafe vk_code_dots(codes, lows, padded, 1, padded, &sums.2)
    }
    let coarse = Double(sums.0) * 16384
    codeSquares = (
      coarse * step * step, (coarse + 256 * Double(sums.2) + Double(sums.1)) * step * step
    )
    // What was left of a coordinate was rounded once, to a fraction of at most 127 steps of `codes`.
    let rounding = Double(wide) * Double(padded).squareRoot() * 0x1p-24
    residual = (
      Double(frame.residual(squares: squares, residualSquares: left.0)),
      Double(frame.residual(squares: squares, residualSquares: left.1)) + rounding
    )
    norm = unsafe vk_squares(.F32, query, frame.dimension).squareRoot() * (1 + 1e-12)
    (offset, offsetError) = (0, 0)
    guard metric == .dot, !isAugmented else { return }
    for index in 0..<frame.dimension { offset += unsafe Double(query[index]) * Double(frame.mean[index]) }
    offsetError = Double(frame.dimension) * 0x1p-52 * norm * meanNorm
  }

  /// Takes a query of the frame's dimension into the frame.
  ///
  /// Precondition: it has as many elements.
  package init(_ query: [Float], in frame: VectorFrame) {
    precondition(query.count == frame.dimension)
    self = unsafe query.withUnsafeBufferPointer { query in
      guard let first = query.baseAddress else { preconditionFailure() }
      return unsafe FrameQuery(first, in: frame)
    }
  }
}
