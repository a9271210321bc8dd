internal import CVectorKernels

/// A block of rows laid out for being multiplied with many queries at once, for one worker; memory is allocated once.
///
/// For cosine, dot and l2 on vectors of floats. Not for use by several threads at once.
@safe
package final class VectorTile {
  /// Rows of a block at most, a multiple of 16.
  package let rows: Int
  /// Queries that are multiplied with a block at most.
  package let queries: Int

  private let elementType: ElementType
  private let dimension: Int
  /// The rows as the kernel wants them, 16 side by side.
  private let panels: UnsafeMutablePointer<Float>
  /// The rows as floats, where they are stored as something else.
  private let floats: UnsafeMutablePointer<Float>
  private let norms: UnsafeMutablePointer<Float>
  /// For each query `rows` products.
  private let products: UnsafeMutablePointer<Float>
  private var count = 0

  /// Whether blocks of such vectors can be multiplied.
  package static func supports(_ metric: Metric, _ elementType: ElementType) -> Bool {
    switch metric {
    case .cosine, .dot, .l2: elementType == .f32 || elementType == .f16
    case .l1, .hamming: false
    }
  }

  /// Room for blocks of at least `rows` vectors and for `queries` queries, both at least 1.
  package init(_ elementType: ElementType, dimension: Int, rows: Int, queries: Int) {
    self.elementType = elementType
    self.dimension = dimension
    self.rows = (rows + 15) / 16 * 16
    self.queries = queries
    unsafe panels = .allocate(capacity: self.rows * dimension)
    unsafe floats = .allocate(capacity: elementType == .f32 ? 1 : self.rows * dimension)
    unsafe norms = .allocate(capacity: self.rows)
    unsafe products = .allocate(capacity: self.rows * queries)
  }

  deinit {
    unsafe panels.deallocate()
    unsafe floats.deallocate()
    unsafe norms.deallocate()
    unsafe products.deallocate()
  }

  /// Takes a block of rows.
  ///
  /// - Parameters:
  ///   - block: `count` vectors, `stride` bytes apart, aligned for their elements.
  ///   - count: At most `rows`, not 0.
  ///   - stride: A multiple of the element's size.
  ///   - known: The rows' `vectorNorm` where they are stored; computed otherwise.
  package func load(
    _ block: UnsafeRawPointer, count: Int, stride: Int, norms known: UnsafePointer<Float>?
  ) {
    precondition(count <= rows)
    self.count = count
    if let known = unsafe known {
      unsafe norms.update(from: known, count: count)
    } else {
      for row in 0..<count {
        unsafe norms[row] = vectorNorm(block + row * stride, elementType: elementType, dimension: dimension)
      }
    }
    // Safe: the panels have room for `rows` vectors, as have the floats where they are used.
    if elementType == .f32 {
      unsafe vk_pack_floats(
        block.assumingMemoryBound(to: Float.self), dimension, count, stride / MemoryLayout<Float>.size, panels
      )
      return
    }
    for row in 0..<count {
      unsafe elementType.load(block + row * stride, count: dimension, to: floats + row * dimension)
    }
    unsafe vk_pack_floats(floats, dimension, count, dimension, panels)
  }

  /// Multiplies the block with some queries.
  ///
  /// `vectors`: `count` queries, at most `queries`, of `dimension` floats, one behind the other.
  package func multiply(_ vectors: UnsafePointer<Float>, count queryCount: Int) {
    precondition(queryCount <= queries)
    unsafe vk_float_tile(vectors, queryCount, dimension, panels, count, dimension, products, rows)
  }

  /// For each row of the block a float that its exact distance to a query is never below.
  ///
  /// `place`: Which of the queries that were multiplied; `scan` was prepared for it. `result`: room for the block.
  package func lowerBounds(_ scan: FastDistance, at place: Int, into result: UnsafeMutablePointer<Float>) {
    precondition(place < queries)
    unsafe scan.lowerBounds(products: products + place * rows, norms: norms, count: count, into: result)
  }
}
