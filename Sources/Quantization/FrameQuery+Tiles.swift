internal import CVectorKernels
internal import VectorMath

// The bound of FrameQuery+Bounds.swift in float, for the many pairs of a batch.
//
// Each pair goes through at most eight roundings to a fraction of 2^-24 of the squared lengths involved, or under dot of the
// products of lengths. Every part is moved by 2^-20 of its size to the side of keeping a row, which is more; so is what the
// product of the codes can be, since it is at most half the sum of both squared lengths. Where floats could overflow or
// vanish the double bound takes over.

extension FrameQuery {
  private static let slack = 0x1p-20

  /// Fills in the number of each row that `tileSurvivors` wants, which is the same for every query of a frame.
  ///
  /// - Parameters:
  ///   - frame: The frame of the rows.
  ///   - squares: The rows' sums of squared codes.
  ///   - residuals: The rows' residuals.
  ///   - count: Rows.
  ///   - terms: Room for `count` floats.
  /// - Returns: False when a number would leave the range of a float: `tileSurvivors` must then not be used.
  package static func tileTerms(
    in frame: VectorFrame, squares: UnsafePointer<Int32>, residuals: UnsafePointer<Float>, count: Int,
    into terms: UnsafeMutablePointer<Float>
  ) -> Bool {
    // Safe: the caller gives `count` elements of each.
    if frame.metric == .dot {
      for row in 0..<count { unsafe terms[row] = unsafe Float(squares[row]).squareRoot() }
      return true
    }
    let factor = Double(frame.scale) * Double(frame.scale)
    guard factor * 127 * 127 * Double(frame.paddedDimension) < 1e30 else { return false }
    for row in 0..<count {
      let residual = Double(unsafe residuals[row])
      let term = unsafe factor * Double(squares[row]) * (1 - slack) - residual * residual * (1 + slack)
      unsafe terms[row] = Float(term)
    }
    return true
  }

  /// Finds the rows whose distance may be at most `limit`, as `survivors` does, from products of the coarse codes.
  ///
  /// A row is left out only if its exact distance is greater; a few more may be kept than by `survivors`.
  ///
  /// - Parameters:
  ///   - dots: The products of `codes` with each row's codes.
  ///   - terms: What `tileTerms` gave; nil when it returned false.
  ///   - squares: The rows' sums of squared codes.
  ///   - residuals: The rows' residuals.
  ///   - count: Rows.
  ///   - limit: A distance; infinity keeps every row.
  ///   - result: Room for `count` numbers: the rows kept, ascending.
  /// - Returns: How many they are.
  package func tileSurvivors(
    dots: UnsafePointer<Int32>, terms: UnsafePointer<Float>?, squares: UnsafePointer<Int32>,
    residuals: UnsafePointer<Float>, count: Int, limit: Float, into result: UnsafeMutablePointer<UInt32>
  ) -> Int {
    if let terms = unsafe terms, var bound = tileBound(limit: limit) {
      return unsafe Int(vk_tile_survivors(&bound, dots, terms, residuals, count, result))
    }
    return unsafe survivors(
      dots: dots, squares: squares, residuals: residuals, count: count, limit: limit,
      into: result)
  }

  /// The bound in float; nil where it cannot be told.
  private func tileBound(limit: Float) -> vk_tile_bound? {
    let exact = bound(limit: limit)
    let slack = Self.slack
    let reach = exact.limit
    guard reach.isFinite, exact.base.magnitude < 1e30, reach.magnitude < 1e15 else { return nil }
    var result = vk_tile_bound()
    if exact.is_euclidean != 0 {
      guard exact.base + reach * reach > 1e-25 else { return nil }
      result.offset = Float(exact.base * (1 - slack) - reach * reach * (1 + slack))
      result.term_factor = 1
      result.residual_factor = Float(2 * reach * (1 + slack))
    } else {
      let length = codeSquares.coarse.squareRoot() * rowScale
      let root = exact.root_factor * (1 + slack) + 2 * slack * length
      let size = exact.base.magnitude + reach.magnitude
      guard root > 1e-25, root < 1e15, exact.residual_factor > 1e-25, exact.residual_factor < 1e15,
        size > 1e-25
      else { return nil }
      result.offset = Float(exact.base - reach - slack * size)
      result.term_factor = Float(-root)
      result.residual_factor = Float(exact.residual_factor * (1 + slack))
    }
    guard exact.dot_factor > 1e-25, exact.dot_factor < 1e25 else { return nil }
    result.dot_factor = Float(exact.dot_factor)
    return result
  }
}
