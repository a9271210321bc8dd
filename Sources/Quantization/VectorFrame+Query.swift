internal import VectorMath

extension VectorFrame {
  /// Brings a query into the frame, into memory of the caller's.
  ///
  /// - Parameters:
  ///   - query: `dimension` finite floats.
  ///   - coordinates: Room for `paddedDimension` floats.
  /// - Returns: False for a zero vector under cosine, whose coordinates are zeros then.
  package func coordinates(
    ofQuery query: UnsafePointer<Float>, into coordinates: UnsafeMutablePointer<Float>
  ) -> Bool {
    unsafe placeQuery(query, into: coordinates)
  }

  /// The squared distance, in the frame, of a row that has this distance from a query.
  ///
  /// Not for dot without augmentation.
  ///
  /// - Parameters:
  ///   - distance: As users see it: l2 the root, cosine 1 - cos, dot the negative product.
  ///   - querySquares: The query's own squared length; used under dot.
  /// - Returns: At least 0.
  package func squaredDistance(of distance: Float, querySquares: Double) -> Float {
    switch metric {
    case .cosine: 2 * distance
    case .l2, .l1, .hamming: distance * distance
    case .dot: Float(max(0, querySquares + greatestNorm * greatestNorm + 2 * Double(distance)))
    }
  }

  /// The distance, as users see it, of a row that has this squared distance from a query in the frame.
  ///
  /// The inverse of `squaredDistance(of:querySquares:)`.
  package func distance(ofSquared squared: Float, querySquares: Double) -> Float {
    switch metric {
    case .cosine: squared / 2
    case .l2, .l1, .hamming: max(0, squared).squareRoot()
    case .dot: Float((Double(squared) - querySquares - greatestNorm * greatestNorm) / 2)
    }
  }
}
