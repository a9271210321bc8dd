internal import CVectorKernels

/// Distances in float at the speed of the machine, with bounds that no rounding can break.
///
/// A scan asks for `lowerBounds` of a block of rows, and computes `ExactDistance` only where the bound does not exceed the
/// distance of the k-th best row so far: the answer is then the same as if every distance had been computed exactly.
///
/// Bounds follow from these facts, with u = 2^-24 and n the dimension. In the kernels no element takes part in more than
/// h = n/8 + 16 additions. So a float product sum errs by at most g(h + 1) |q| |x|, with g(k) = k u / (1 - k u), plus
/// n 2^-149 for products too small for a float; a float sum of squared differences errs by at most the fraction g(h + 3),
/// plus the same; a float sum of absolute differences errs by at most the fraction g(h + 1), since a difference of floats never
/// vanishes. The exact kernel errs by less than 10^-12 of the same quantities.
///
/// Distances of i8, u8 and bits are sums of integers, which are exact and fast: there the bound is the distance itself.
///
/// - Source: Higham, Accuracy and Stability of Numerical Algorithms, 2002, lemma 3.1 and section 3.1.
package struct FastDistance: Sendable {
  /// Which distance is bounded.
  package let metric: Metric
  /// How rows are written.
  package let elementType: ElementType
  /// Elements of the query and of every row.
  package let dimension: Int
  /// The query's `vectorSquares`.
  package private(set) var querySquares = 0.0
  private var queryNorm = 0.0
  /// The query written like the rows; empty unless rows hold whole numbers only.
  private var storedQuery: [UInt8] = []
  /// The fraction by which a sum can err.
  private let fraction: Double

  /// Prepares for one query of `dimension` floats, which the calls below must be given again.
  ///
  /// Where rows hold whole numbers only, the query must hold numbers of the element type.
  package init(metric: Metric, elementType: ElementType, dimension: Int, query: UnsafePointer<Float>) {
    self.metric = metric
    self.elementType = elementType
    self.dimension = dimension
    fraction = FastDistance.relativeErrorBound(dimension: dimension)
    unsafe set(query)
  }

  /// Prepares for another query, using the memory of the one before.
  package mutating func set(_ query: UnsafePointer<Float>) {
    querySquares = unsafe vectorSquares(UnsafeRawPointer(query), elementType: .f32, dimension: dimension)
    queryNorm = querySquares.squareRoot()
    guard elementType.wholeNumbers != nil else { return }
    storedQuery.removeAll(keepingCapacity: true)
    unsafe elementType.append(
      UnsafeBufferPointer(start: query, count: dimension), dimension: dimension, to: &storedQuery)
  }

  /// How far a sum of squared differences may be from the true one, as a fraction of it; also the factor of a product sum.
  package static func relativeErrorBound(dimension: Int) -> Double {
    let steps = Double(dimension / 8 + 16 + 3) * 0x1p-24
    return steps / (1 - steps) + 1e-12
  }

  /// How far a float product sum may be from the true one, for vectors of these lengths (or shorter).
  ///
  /// Infinite where a sum could leave the range of a float.
  package static func errorBound(dimension: Int, queryNorm: Double, rowNorm: Double) -> Double {
    let size = queryNorm * rowNorm
    guard size < 1e37 else { return .infinity }
    return relativeErrorBound(dimension: dimension) * size + Double(dimension) * 0x1p-148
  }

  /// For each row a float that its exact distance is never below.
  ///
  /// Most bounds are within a few times `errorBound` of the distance; where a float would overflow or vanish the bound says
  /// nothing (0, or minus infinity for dot). Never NaN.
  ///
  /// - Parameters:
  ///   - query: The query that `init` was given.
  ///   - rows: `count` vectors of `dimension` elements.
  ///   - count: Rows, 0 or more.
  ///   - stride: Bytes from one row to the next.
  ///   - norms: The rows' `vectorNorm`, where they are stored. Used by cosine and dot: without them the pass over the rows
  ///     also adds up their squares.
  ///   - result: Room for `count` bounds.
  ///   - scratch: Room for `count` floats.
  package func lowerBounds(
    query: UnsafePointer<Float>, rows: UnsafeRawPointer, count: Int, stride: Int,
    norms: UnsafePointer<Float>?,
    into result: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    guard elementType.wholeNumbers == nil else {
      return unsafe exactDistances(query: query, rows: rows, count: count, stride: stride, into: result)
    }
    let element = elementType.kernelElement
    // Safe below: the caller gives room for `count` floats in `result` and `scratch`.
    switch metric {
    case .l2:
      unsafe vk_squared_l2(element, query, rows, dimension, count, stride, result)
      let scale = 1 / (1 + fraction)
      let vanished = Double(dimension) * 0x1p-148
      for row in 0..<count {
        let sum = Double(min(unsafe result[row], .greatestFiniteMagnitude))
        let bound = (max(0, sum - vanished) * scale).squareRoot()
        unsafe result[row] = FastDistance.roundedDown(bound)
      }
    case .l1:
      unsafe vk_l1(element, query, rows, dimension, count, stride, result)
      let scale = 1 / (1 + fraction)
      for row in 0..<count {
        let sum = Double(min(unsafe result[row], .greatestFiniteMagnitude))
        unsafe result[row] = FastDistance.roundedDown(sum * scale)
      }
    case .hamming:
      // Floats have no such distance.
      unsafe result.update(repeating: 0, count: count)
    case .dot, .cosine:
      let rowFraction: Double
      if let norms = unsafe norms {
        unsafe vk_dot(element, query, rows, dimension, count, stride, result)
        unsafe scratch.update(from: norms, count: count)
        rowFraction = 0x1p-23
      } else {
        unsafe vk_dot_and_squares(element, query, rows, dimension, count, stride, result, scratch)
        for row in 0..<count { unsafe scratch[row] = scratch[row].squareRoot() }
        rowFraction = fraction + 0x1p-23
      }
      if metric == .dot {
        unsafe boundProducts(result, norms: scratch, rowFraction: rowFraction, count: count)
      } else {
        unsafe boundCosines(result, norms: scratch, rowFraction: rowFraction, count: count)
      }
    }
  }

  /// The rows' `ExactDistance`, with what `init` has prepared.
  ///
  /// `query`, `rows`, `count` and `stride` are as above, `result` is room for `count` distances.
  package func exactDistances(
    query: UnsafePointer<Float>, rows: UnsafeRawPointer, count: Int, stride: Int,
    into result: UnsafeMutablePointer<Float>
  ) {
    guard elementType.wholeNumbers != nil else {
      return unsafe ExactDistance.distances(
        metric: metric, query: query, querySquares: querySquares, rows: rows, elementType: elementType,
        dimension: dimension, count: count, stride: stride, into: result)
    }
    unsafe storedQuery.withUnsafeBytes { stored in
      guard let address = stored.baseAddress else { return }
      unsafe ExactDistance.distances(
        metric: metric, storedQuery: address, querySquares: querySquares, rows: rows,
        elementType: elementType,
        dimension: dimension, count: count, stride: stride, into: result)
    }
  }

  /// The `ExactDistance` of one row.
  package func exactDistance(query: UnsafePointer<Float>, row: UnsafeRawPointer) -> Float {
    var result: Float = 0
    unsafe exactDistances(query: query, rows: row, count: 1, stride: 0, into: &result)
    return result
  }

  /// From product sums to bounds; `norms` err by at most `rowFraction` of themselves, or 10^-16.
  private func boundProducts(
    _ sums: UnsafeMutablePointer<Float>, norms: UnsafePointer<Float>, rowFraction: Double, count: Int
  ) {
    let factor = fraction * (1 + rowFraction) * queryNorm
    let vanished = Double(dimension) * 0x1p-148 + fraction * queryNorm * 1e-16
    let largest = min(1e37 / queryNorm, 1e38)
    for row in 0..<count {
      let norm = Double(unsafe norms[row])
      let bound = -Double(unsafe sums[row]) - (factor * norm + vanished)
      // Within the largest norm no partial sum overflows, and the norm itself fits a float. False for NaN.
      unsafe sums[row] = norm < largest ? FastDistance.roundedDown(bound) : -.infinity
    }
  }

  /// From product sums to bounds of `1 - cos`; norms as above.
  private func boundCosines(
    _ sums: UnsafeMutablePointer<Float>, norms: UnsafePointer<Float>, rowFraction: Double, count: Int
  ) {
    // Products too small for a float count for less than 10^-10 when |q| |x| is at least 10^-30.
    let slack = fraction + 1.02 * rowFraction + 1e-10
    for row in 0..<count {
      let norm = Double(unsafe norms[row])
      let size = norm * queryNorm
      let isOrdinary = norm >= 1e-15 && norm <= 1e18 && size >= 1e-30 && size <= 1e37
      let bound = 1 - Double(unsafe sums[row]) / size - slack
      unsafe sums[row] = isOrdinary && bound > 0 ? FastDistance.roundedDown(bound) : 0
    }
  }

  /// A float that is at most `value`; 0 stays 0.
  @inline(__always)
  private static func roundedDown(_ value: Double) -> Float {
    Float(value - abs(value) * 0x1p-23)
  }
}
