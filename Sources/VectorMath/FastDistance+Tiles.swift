extension FastDistance {
  /// How far a product of a float tile may be from the true one, as a fraction of the product of the two lengths.
  ///
  /// There no element takes part in more than min(n, 256) + n/256 + 1 additions; numbers too small for a float count apart.
  package static func tileErrorBound(dimension: Int) -> Double {
    let steps = Double(min(dimension, 256) + dimension / 256 + 2) * 0x1p-24
    return steps / (1 - steps) + 1e-12
  }

  /// For each row a float that its exact distance is never below, from products of a float tile.
  ///
  /// For batches: `vk_float_tile` gives the products of many queries with many rows. Terms as for `lowerBounds` of a query;
  /// for l2 two vectors that are nearly equal get a bound of about `√(2 · tileErrorBound)` of their length below the distance.
  /// Metrics other than cosine, dot and l2 get a bound that says nothing.
  ///
  /// - Parameters:
  ///   - products: The query's product with each row.
  ///   - norms: The rows' `vectorNorm`.
  ///   - count: Rows, 0 or more.
  ///   - result: Room for `count` bounds.
  package func lowerBounds(
    products: UnsafePointer<Float>, norms: UnsafePointer<Float>, count: Int,
    into result: UnsafeMutablePointer<Float>
  ) {
    let queryNorm = querySquares.squareRoot()
    let fraction = FastDistance.tileErrorBound(dimension: dimension) * (1 + 0x1p-22)
    let vanished = Double(dimension) * 0x1p-146
    let metric = metric
    // Safe: the caller gives `count` numbers, and room for as many.
    for row in 0..<count {
      let norm = Double(unsafe norms[row])
      let product = Double(unsafe products[row])
      let size = norm * queryNorm
      let isOrdinary = norm <= 1e18 && size <= 1e37
      var bound = 0.0
      if metric == .dot {
        bound = -product - fraction * size - vanished
        bound = isOrdinary ? bound : -.infinity
      } else if metric == .cosine, isOrdinary, norm >= 1e-15, size >= 1e-30 {
        bound = 1 - product / size - fraction - 0x1p-22 - 1e-10
      } else if metric == .l2, isOrdinary {
        let squared =
          querySquares + norm * norm * (1 - 0x1p-22) - 2 * product - 2 * fraction * size - vanished
        bound = max(0, squared).squareRoot() * (1 - 1e-11)
      }
      if metric != .dot { bound = max(0, bound) }
      unsafe result[row] = Float(bound - bound.magnitude * 0x1p-23)
    }
  }
}
