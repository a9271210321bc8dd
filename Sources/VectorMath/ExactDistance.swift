internal import CVectorKernels

/// The distances that results are ordered by and that users see.
///
/// Sums over floats run in double over 16 lanes (element *i* goes to lane *i* mod 16) that a fixed tree adds up; nothing is
/// contracted to a fused multiply-add, and the result is rounded once to float. Sums over i8, u8 and bits are sums of integers
/// without any rounding, finished in the same way; the query must then hold numbers of the element type. So a distance has the same bits on every processor, in
/// every block size and for every number of threads. Zero is never negative zero. A distance beyond the range of a float
/// becomes the largest finite one. Vectors must be finite; they need no alignment.
///
/// Cosine is `1 - cos`, the cosine held in -1...1, and 1 when either vector is zero. Dot is the negative product. L2 is the
/// root of the summed squares, l1 the sum of the absolute differences, hamming the number of bits that differ.
package struct ExactDistance: Sendable {
  /// The distance of one stored vector from a query.
  ///
  /// - Parameters:
  ///   - metric: Which distance.
  ///   - query: `dimension` floats; numbers of the element type where that holds whole numbers only.
  ///   - row: `dimension` elements.
  ///   - elementType: How `row` is written.
  ///   - dimension: At least 1.
  /// - Returns: The distance, never NaN for finite vectors.
  package static func distance(
    metric: Metric, query: UnsafePointer<Float>, row: UnsafeRawPointer, elementType: ElementType,
    dimension: Int
  ) -> Float {
    let squares =
      metric == .cosine
      ? unsafe vectorSquares(UnsafeRawPointer(query), elementType: .f32, dimension: dimension) : 0
    return unsafe distance(
      metric: metric, query: query, querySquares: squares, row: row, elementType: elementType,
      dimension: dimension)
  }

  /// The same with the query's `vectorSquares` given, which only cosine uses.
  package static func distance(
    metric: Metric, query: UnsafePointer<Float>, querySquares: Double, row: UnsafeRawPointer,
    elementType: ElementType, dimension: Int
  ) -> Float {
    var result: Float = 0
    unsafe distances(
      metric: metric, query: query, querySquares: querySquares, rows: row, elementType: elementType,
      dimension: dimension, count: 1, stride: 0, into: &result)
    return result
  }

  /// The distances of several stored vectors from one query.
  ///
  /// - Parameters:
  ///   - metric: Which distance.
  ///   - query: `dimension` floats.
  ///   - querySquares: The query's `vectorSquares`; only cosine uses it.
  ///   - rows: `count` vectors of `dimension` elements.
  ///   - elementType: How rows are written.
  ///   - dimension: At least 1.
  ///   - count: Rows, 0 or more.
  ///   - stride: Bytes from one row to the next.
  ///   - result: Room for `count` distances.
  package static func distances(
    metric: Metric, query: UnsafePointer<Float>, querySquares: Double, rows: UnsafeRawPointer,
    elementType: ElementType, dimension: Int, count: Int, stride: Int,
    into result: UnsafeMutablePointer<Float>
  ) {
    guard elementType.wholeNumbers != nil else {
      return unsafe vk_exact(
        elementType.kernelElement, metric.kernelMetric, query, querySquares, rows, dimension, count, stride,
        result)
    }
    let bytes = elementType.storedBytes(dimension: dimension)
    unsafe withUnsafeTemporaryAllocation(byteCount: bytes, alignment: 1) { stored in
      guard let address = stored.baseAddress else { return }
      unsafe elementType.store(query, count: dimension, to: address)
      unsafe distances(
        metric: metric, storedQuery: address, querySquares: querySquares, rows: rows,
        elementType: elementType,
        dimension: dimension, count: count, stride: stride, into: result)
    }
  }

  /// The same for a type of whole numbers and a query that is written like the rows.
  static func distances(
    metric: Metric, storedQuery: UnsafeRawPointer, querySquares: Double, rows: UnsafeRawPointer,
    elementType: ElementType, dimension: Int, count: Int, stride: Int,
    into result: UnsafeMutablePointer<Float>
  ) {
    unsafe vk_stored(
      elementType.kernelElement, metric.kernelMetric, storedQuery, querySquares, rows, dimension, count,
      stride, result)
  }
}

/// The sum of a vector's squares in double, added up as `ExactDistance` does: 0 only for the zero vector.
package func vectorSquares(_ vector: UnsafeRawPointer, elementType: ElementType, dimension: Int) -> Double {
  unsafe vk_squares(elementType.kernelElement, vector, dimension)
}

/// A vector's length (Euclidean norm), rounded once to float: 0 only for the zero vector, at most the largest finite float.
package func vectorNorm(_ vector: UnsafeRawPointer, elementType: ElementType, dimension: Int) -> Float {
  let norm = unsafe vectorSquares(vector, elementType: elementType, dimension: dimension).squareRoot()
  return Float(min(norm, Double(Float.greatestFiniteMagnitude)))
}
