internal import CVectorKernels

/// Finds the nearest points of each point of a leaf by computing all distances in it.
///
/// Not safe to share: each worker has its own.
@safe
final class LeafNeighbors {
  private let points: GraphPoints
  private let neighbors: Int
  private let lonely: WorkArray<Bool>?
  private let codes: WorkArray<Int8>
  private let panels: WorkArray<UInt8>
  private let squares: WorkArray<Int32>
  private let members: WorkArray<UInt32>
  private let products: WorkArray<Int32>
  private let places: WorkArray<UInt32>
  /// Of each point, its nearest so far, ascending: distance in the upper half, place in the lower.
  private let nearest: WorkArray<UInt64>
  /// Of each point, the greatest distance that may still enter.
  private let limits: WorkArray<Int32>

  private static let blockRows = 48

  /// Room for leaves of `capacity` points of which the `neighbors` nearest are wanted.
  ///
  /// `lonely`: The only points to which any are offered; nil for all, to each other.
  init(_ points: GraphPoints, capacity: Int, neighbors: Int, lonely: WorkArray<Bool>? = nil) {
    self.points = points
    self.lonely = lonely
    self.neighbors = neighbors
    codes = WorkArray(count: capacity * points.dimension, repeating: 0)
    panels = WorkArray(
      count: CodeKernels.panelBytes(count: capacity, dimension: points.dimension), repeating: 0)
    squares = WorkArray(count: capacity, repeating: 0)
    members = WorkArray(count: capacity, repeating: 0)
    products = WorkArray(count: Self.blockRows * capacity, repeating: 0)
    places = WorkArray(count: capacity + 16, repeating: 0)
    nearest = WorkArray(count: capacity * neighbors, repeating: 0)
    limits = WorkArray(count: capacity, repeating: 0)
  }

  /// Offers each point of a leaf to its nearest ones, and these to it.
  ///
  /// Members may carry the primary bit; they ascend without it, so that of equally near ones the lower is taken.
  func join(_ leaf: ArraySlice<UInt32>, into reservoirs: Reservoirs) {
    let count = leaf.count
    guard count > 1 else { return }
    let dimension = points.dimension
    for place in 0..<count {
      let point = leaf[leaf.startIndex + place] & ~Partition.primaryBit
      members[place] = point
      squares[place] = points.square(Int(point))
      limits[place] = .max
      reservoirs.prefetch(point)
      if place + 8 < count {
        let later = Int(leaf[leaf.startIndex + place + 8] & ~Partition.primaryBit)
        unsafe prefetch(points.code(later), bytes: dimension)
      }
      unsafe codes.pointer(place * dimension, dimension).update(
        from: points.code(Int(point)), count: dimension)
    }
    for index in 0..<count * neighbors { nearest[index] = .max }
    unsafe CodeKernels.pack(codes.base, dimension: dimension, count: count, into: panels.base)
    var first = 0
    while first < count {
      let rows = min(Self.blockRows, count - first)
      let columns = count - first
      // Only the upper triangle: a pair's product serves both of its points.
      unsafe CodeKernels.tile(
        queries: codes.pointer(first * dimension, rows * dimension), queryCount: rows,
        panels: panels.pointer(first * dimension, (columns + 15) / 16 * 16 * dimension), rowCount: columns,
        dimension: dimension,
        into: products.pointer(0, rows * columns), resultStride: columns)
      for row in 0..<rows { meet(first + row, products: row * columns - first, count: count) }
      first += rows
    }
    for place in 0..<count {
      let point = members[place]
      if let lonely, !lonely[Int(point)] { continue }
      for rank in 0..<neighbors {
        let entry = nearest[place * neighbors + rank]
        if entry == .max { break }
        let other = members[Int(entry & 0xFFFF_FFFF)]
        let distance = UInt32(truncatingIfNeeded: entry >> 32)
        reservoirs.offer(other, to: point, distance: distance)
        if lonely == nil { reservoirs.offer(point, to: other, distance: distance) }
      }
    }
  }

  /// Compares one point with all behind it; `products` is the offset at which its product with place 0 would stand.
  private func meet(_ place: Int, products offset: Int, count: Int) {
    let start = place + 1
    guard start < count else { return }
    let square = squares[place]
    let found = unsafe vk_pairs_below(
      products.pointer(offset + start, count - start), squares.pointer(start, count - start), count - start,
      square,
      limits[place], limits.pointer(start, count - start), places.pointer(0, count - start))
    for index in 0..<found {
      let other = start + Int(places[index])
      let distance = square &+ squares[other] &- 2 &* products[offset + other]
      let key = UInt64(UInt32(truncatingIfNeeded: distance)) << 32
      insert(key | UInt64(other), at: place)
      insert(key | UInt64(place), at: other)
    }
  }

  @inline(__always)
  private func insert(_ entry: UInt64, at place: Int) {
    // Safe: `place` is below the capacity, so its `neighbors` entries exist.
    let list = unsafe nearest.pointer(place * neighbors, neighbors)
    var index = neighbors - 1
    guard unsafe entry < list[index] else { return }
    while index > 0, unsafe entry < list[index - 1] {
      unsafe list[index] = list[index - 1]
      index -= 1
    }
    unsafe list[index] = entry
    let last = unsafe list[neighbors - 1]
    if last != .max { limits[place] = Int32(truncatingIfNeeded: last >> 32) }
  }
}
