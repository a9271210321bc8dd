internal import CVectorKernels

/// Calls of the integer kernels, in the shapes that building and searching a graph need.
///
/// All results are exact.
enum CodeKernels {
  /// The products of one code with `count` others, which lie side by side.
  @inline(__always)
  static func dots(
    query: UnsafePointer<Int8>, rows: UnsafePointer<Int8>, dimension: Int, count: Int,
    into result: UnsafeMutablePointer<Int32>
  ) {
    unsafe vk_code_dots(query, rows, dimension, count, dimension, result)
  }

  /// The squared distances of one code to those rows of `rows` that `places` names.
  @inline(__always)
  static func distances(
    query: UnsafePointer<Int8>, square: Int32, rows: UnsafePointer<Int8>, squares: UnsafePointer<Int32>,
    dimension: Int, places: UnsafePointer<UInt32>, count: Int, into result: UnsafeMutablePointer<Int32>
  ) {
    unsafe vk_code_distances_at(
      query, square, rows, dimension, dimension, squares, MemoryLayout<Int32>.stride, places, count, result)
  }

  /// Bytes that `pack` writes for so many codes.
  static func panelBytes(count: Int, dimension: Int) -> Int { (count + 15) / 16 * 16 * dimension }

  /// Arranges codes that lie side by side as panels of 16 for `tile`.
  @inline(__always)
  static func pack(
    _ rows: UnsafePointer<Int8>, dimension: Int, count: Int, into panels: UnsafeMutablePointer<UInt8>
  ) {
    unsafe vk_pack_codes(rows, dimension, count, dimension, panels)
  }

  /// The products of every query with every row of the panels: query *q* and row *r* give `result[q * resultStride + r]`.
  @inline(__always)
  static func tile(
    queries: UnsafePointer<Int8>, queryCount: Int, panels: UnsafePointer<UInt8>, rowCount: Int,
    dimension: Int,
    into result: UnsafeMutablePointer<Int32>, resultStride: Int
  ) {
    unsafe vk_code_tile(queries, queryCount, dimension, panels, rowCount, dimension, result, resultStride)
  }
}
