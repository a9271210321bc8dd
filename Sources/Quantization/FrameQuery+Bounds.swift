internal import CVectorKernels
internal import VectorMath

// Bounds of distances from products of codes.
//
// With a and b the codes of query and row in coordinates, e and f their residuals, and t the true distance in the frame:
// | t - |a - b| | <= e + f. The exact product under dot differs from <q, mean> + <a, b> by at most e |b| + |q| f. Doubles are
// rounded a few times on the way, each time by 2^-53 of |a|² + |b|² or of what is added: less than the 4e-15 and 1e-14 given
// below. Distances as users see them are rounded once to float after an error of less than 10^-12 of |q| |x|.

extension FrameQuery {
  /// Finds the rows whose distance may be at most `limit`.
  ///
  /// A row is left out only if its exact distance is greater. Not for augmented frames.
  ///
  /// - Parameters:
  ///   - dots: The products of `codes` with each row's codes.
  ///   - squares: The rows' sums of squared codes.
  ///   - residuals: The rows' residuals.
  ///   - count: Rows.
  ///   - limit: A distance; infinity keeps every row.
  ///   - result: Room for `count` numbers: the rows kept, ascending.
  /// - Returns: How many they are.
  package func survivors(
    dots: UnsafePointer<Int32>, squares: UnsafePointer<Int32>, residuals: UnsafePointer<Float>, count: Int,
    limit: Float, into result: UnsafeMutablePointer<UInt32>
  ) -> Int {
    var bound = bound(limit: limit)
    return unsafe Int(vk_code_survivors(&bound, dots, squares, residuals, count, result))
  }

  /// The least and the greatest distance that a row may have.
  ///
  /// Not for augmented frames.
  ///
  /// - Parameters:
  ///   - dot: The product of `codes` with the row's codes.
  ///   - low: That of the query's `lows`, or nil when only `codes` were taken.
  ///   - squares: The row's sum of squared codes.
  ///   - residual: The row's residual.
  /// - Returns: The two distances; neither is NaN.
  package func bounds(dot: Int32, low: Int32?, squares: Int32, residual: Float) -> (
    lower: Float, upper: Float
  ) {
    let unknown: (Float, Float) =
      switch metric {
      case .cosine: (0, 2)
      case .l2, .l1, .hamming: (0, .infinity)
      case .dot: (-.infinity, .infinity)
      }
    guard !isUnknown, residual.isFinite else { return unknown }
    let product = step * rowScale * (Double(dot) * 128 + Double(low ?? 0))
    let own = low == nil ? self.residual.coarse : self.residual.fine
    let rowLength = rowScale * Double(squares).squareRoot()
    let lower: Double
    let upper: Double
    if metric == .dot {
      let slack =
        (own + 1e-11 * norm) * rowLength + norm * Double(residual) * (1 + 1e-11) + offsetError
        + 1e-11 * norm * meanNorm
      (lower, upper) = (-offset - product - slack, -offset - product + slack)
    } else {
      let both = (low == nil ? codeSquares.coarse : codeSquares.fine) + rowLength * rowLength
      let squared = both - 2 * product
      let reach = (own + Double(residual)) * (1 + 1e-14)
      let least = max(0, max(0, squared - 4e-15 * both).squareRoot() - reach)
      let most = (max(0, squared) + 4e-15 * both).squareRoot() + reach
      if metric == .l2 {
        (lower, upper) = (least * (1 - 1e-11), most * (1 + 1e-11))
      } else {
        (lower, upper) = (max(0, least * least / 2 - 1e-11), min(2, most * most / 2 + 1e-11))
      }
    }
    guard !lower.isNaN, !upper.isNaN else { return unknown }
    return (Self.roundedDown(lower), Self.roundedUp(upper))
  }

  @inline(__always)
  private static func roundedDown(_ value: Double) -> Float {
    let float = Float(value)
    return Double(float) > value ? float.nextDown : float
  }

  @inline(__always)
  private static func roundedUp(_ value: Double) -> Float {
    let float = Float(value)
    return Double(float) < value ? float.nextUp : float
  }

  func bound(limit: Float) -> vk_code_bound {
    var bound = vk_code_bound()
    bound.limit = .infinity
    bound.is_euclidean = 1
    guard !isUnknown, limit < .greatestFiniteMagnitude else { return bound }
    let distance = Double(limit)
    let own = residual.coarse
    let unit = step * 128 * rowScale
    if metric == .dot {
      bound.is_euclidean = 0
      bound.base = -offset - offsetError - 1e-11 * norm * meanNorm
      bound.dot_factor = unit
      bound.root_factor = (own + 1e-11 * norm) * rowScale
      bound.residual_factor = norm * (1 + 1e-11)
      // Minus infinity keeps nothing.
      bound.limit = distance + distance.magnitude * 0x1p-22
      if bound.limit.isNaN { bound.limit = -.infinity }
      return bound
    }
    let furthest: Double
    if metric == .l2 {
      furthest = distance * (1 + 0x1p-22)
    } else {
      furthest = (2 * (distance * (1 + 0x1p-22) + 1e-11)).squareRoot()
    }
    bound.base = codeSquares.coarse * (1 - 4e-15)
    bound.row_factor = rowScale * rowScale * (1 - 4e-15)
    bound.dot_factor = 2 * unit
    bound.limit = ((distance < 0 ? 0 : furthest) + own) * (1 + 1e-14)
    return bound
  }
}
