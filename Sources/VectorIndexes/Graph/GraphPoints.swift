/// The codes of the points that a graph joins: 8-bit codes whose integer distances decide everything about its shape.
///
/// The squared distance of two points is `squares[a] + squares[b] - 2 * dot(a, b)`, an exact integer below 2^31 for codes of
/// -127...127 in at most 32,768 dimensions. So the graph is the same on every instruction set.
@safe
package struct GraphPoints: @unchecked Sendable {
  /// How many points there are, at most 2^31 - 1.
  package let count: Int
  /// Length of each code, a multiple of 64.
  package let dimension: Int
  /// `count × dimension` codes, row-major.
  package let codes: UnsafePointer<Int8>
  /// The sum of squares of each code.
  package let squares: UnsafePointer<Int32>
  /// Keeps the memory alive.
  private let owner: any AnyObject & Sendable

  /// Points whose codes lie in memory that `owner` keeps alive and unchanged.
  package init(
    count: Int, dimension: Int, codes: UnsafePointer<Int8>, squares: UnsafePointer<Int32>,
    owner: any AnyObject & Sendable
  ) {
    precondition(count >= 0 && count < Int32.max && dimension > 0 && dimension <= 32_768)
    self.count = count
    self.dimension = dimension
    unsafe self.codes = codes
    unsafe self.squares = squares
    self.owner = owner
  }

  /// The code of a point, which must exist.
  @inline(__always)
  func code(_ point: Int) -> UnsafePointer<Int8> {
    precondition(point >= 0 && point < count)
    return unsafe codes + point * dimension
  }

  /// The sum of squares of a point's code.
  @inline(__always)
  func square(_ point: Int) -> Int32 {
    precondition(point >= 0 && point < count)
    return unsafe squares[point]
  }

  /// The squared distance of two points.
  func squaredDistance(_ first: Int, _ second: Int) -> Int32 {
    var dot: Int32 = 0
    unsafe CodeKernels.dots(
      query: code(first), rows: code(second), dimension: dimension, count: 1, into: &dot)
    return square(first) &+ square(second) &- 2 &* dot
  }
}
