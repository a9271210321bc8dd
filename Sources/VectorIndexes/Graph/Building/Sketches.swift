internal import CVectorKernels
internal import VectorMath

/// Where each point lies along a few random directions: enough to tell apart the directions in which two neighbours lie.
@safe
package final class Sketches: Sendable {
  /// Directions that count.
  package static let directions = 12
  /// Numbers stored for each point.
  static let width = 16

  /// `width` numbers for each point; those beyond the directions are 0, but for the mark of a silent point.
  let values: WorkArray<Int16>

  /// Where a silent point has a number that is not 0.
  private static let silentPlace = directions

  /// Projects every point on directions of -1 and +1 that `seed` decides.
  ///
  /// `silent`: Points that lie on a side of their own, wherever they are; nil for none.
  package init(_ points: GraphPoints, seed: UInt64, threads: Int, silent: [Bool]? = nil) {
    let dimension = points.dimension
    let signs = WorkArray<Int8>(count: Self.directions * dimension, repeating: 0)
    var generator = SeededGenerator(seed: seed ^ 0x5851_F42D_4C95_7F2D)
    for index in 0..<signs.count { signs[index] = generator.next() >> 63 == 0 ? 1 : -1 }
    let panels = WorkArray<UInt8>(
      count: CodeKernels.panelBytes(count: Self.directions, dimension: dimension), repeating: 0)
    unsafe CodeKernels.pack(signs.base, dimension: dimension, count: Self.directions, into: panels.base)
    // A projection is at most 127 times the dimension; scaled to at most 2^14, so that differences fit as well.
    var shift: Int32 = 0
    while 127 * dimension >> Int(shift) > 16_383 { shift += 1 }
    let values = WorkArray<Int16>(count: points.count * Self.width, repeating: 0)
    let down = shift
    ParallelLoop.run(blocks: (points.count + 1023) / 1024, threads: threads) { block in
      let size = 64
      let products = WorkArray<Int32>(count: size * Self.directions, repeating: 0)
      var first = block * 1024
      let end = min(first + 1024, points.count)
      while first < end {
        let count = min(size, end - first)
        unsafe CodeKernels.tile(
          queries: points.code(first), queryCount: count, panels: panels.base, rowCount: Self.directions,
          dimension: dimension, into: products.base, resultStride: Self.directions)
        for place in 0..<count {
          for direction in 0..<Self.directions {
            values[(first + place) * Self.width + direction] = Int16(
              truncatingIfNeeded: products[place * Self.directions + direction] >> down)
          }
          if let silent, silent[first + place] {
            values[(first + place) * Self.width + Self.silentPlace] = Int16(1 + (first + place) % 0x7FFF)
          }
        }
        first += count
      }
    }
    self.values = values
  }

  /// One bit for each direction: whether `other` lies below `point` along it.
  ///
  /// Below 2^12. A silent point has a number of its own instead, from 2^15 on, so that it takes no other's place.
  @inline(__always)
  package func side(of other: UInt32, from point: UInt32) -> UInt16 {
    // Safe: both are points, and each has `width` numbers.
    unsafe Self.side(
      of: values.pointer(Int(other) * Self.width, Self.width),
      from: values.pointer(Int(point) * Self.width, Self.width))
  }

  /// The same for the sketches of two points.
  @inline(__always)
  static func side(of other: UnsafePointer<Int16>, from point: UnsafePointer<Int16>) -> UInt16 {
    // Safe: both have `width` numbers.
    let own = unsafe other[silentPlace]
    if own != 0 { return 0x8000 | UInt16(bitPattern: own) }
    return UInt16(truncatingIfNeeded: unsafe vk_signs_below(other, point)) & (1 << directions - 1)
  }
}
