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
  /// The places of the members in their source.
  private let homes: WorkArray<UInt32>
  private let products: WorkArray<Int32>
  private let places: WorkArray<UInt32>
  /// Of each point, its nearest so far, ascending: distance in the upper half, place in the lower.
  private let nearest: WorkArray<UInt64>
  /// Of each point, the greatest distance that may still enter.
  private let limits: WorkArray<Int32>
  private let sketches: WorkArray<Int16>
  /// Those that have a point among their nearest, point after point, in the form of `nearest`; and where each point's begin.
  private let chosenBy: WorkArray<UInt64>
  private let starts: WorkArray<UInt32>
  /// What is offered to one point.
  private let offers: WorkArray<UInt64>
  private let sides: WorkArray<UInt16>

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
    homes = WorkArray(count: capacity, repeating: 0)
    products = WorkArray(count: Self.blockRows * capacity, repeating: 0)
    places = WorkArray(count: capacity + 16, repeating: 0)
    nearest = WorkArray(count: capacity * neighbors, repeating: 0)
    limits = WorkArray(count: capacity, repeating: 0)
    sketches = WorkArray(count: capacity * Sketches.width, repeating: 0)
    chosenBy = WorkArray(count: capacity * neighbors, repeating: 0)
    starts = WorkArray(count: capacity + 1, repeating: 0)
    offers = WorkArray(count: capacity + neighbors, repeating: 0)
    sides = WorkArray(count: capacity + neighbors, repeating: 0)
  }

  /// Offers each point of a leaf to its nearest ones, and these to it.
  ///
  /// Members are places among `source`, which may carry the primary bit; the numbers of their points ascend, so that of equally
  /// near ones the lower is taken.
  ///
  /// `later`: Keeps the offers, if given, to places of the source.
  func join(
    _ leaf: ArraySlice<UInt32>, of source: PointPlaces, into reservoirs: Reservoirs, later: CellOffers?
  ) {
    let count = leaf.count
    guard count > 1 else { return }
    let dimension = points.dimension
    for place in 0..<count {
      let member = leaf[leaf.startIndex + place] & ~Partition.primaryBit
      members[place] = source.number(member)
      homes[place] = member
      // Safe: members are places of the source.
      squares[place] = unsafe source.squares[Int(member)]
      unsafe sketches.pointer(place * Sketches.width, Sketches.width).update(
        from: source.sketches + Int(member) * Sketches.width, count: Sketches.width)
      limits[place] = .max
      if place + 8 < count {
        source.prefetch(leaf[leaf.startIndex + place + 8] & ~Partition.primaryBit, dimension: dimension)
      }
      unsafe codes.pointer(place * dimension, dimension).update(
        from: source.codes + Int(member) * dimension, count: dimension)
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
      if neighbors <= 3 {
        _ = unsafe vk_lower_limits(
          products.pointer(0, rows * columns), squares.pointer(0, count), first, rows, columns,
          limits.pointer(0, count))
      }
      for row in 0..<rows { meet(first + row, products: row * columns - first, count: count) }
      first += rows
    }
    if let lonely {
      offerToLonely(lonely, count: count, reservoirs, later)
    } else {
      offerBothWays(count: count, reservoirs, later)
    }
  }

  /// Offers each point its nearest and those whose nearest it is: all of one point at once, as its candidates are far away.
  private func offerBothWays(count: Int, _ reservoirs: Reservoirs, _ later: CellOffers?) {
    for place in 0...count { starts[place] = 0 }
    for index in 0..<count * neighbors where nearest[index] != .max {
      starts[Int(nearest[index] & 0xFFFF_FFFF) + 1] += 1
    }
    for place in 0..<count { starts[place + 1] += starts[place] }
    for place in 0..<count {
      for rank in 0..<neighbors {
        let entry = nearest[place * neighbors + rank]
        if entry == .max { break }
        let other = Int(entry & 0xFFFF_FFFF)
        // A start moves to the end of its own part.
        chosenBy[Int(starts[other])] = entry & 0xFFFF_FFFF_0000_0000 | UInt64(place)
        starts[other] += 1
      }
    }
    var first = 0
    let ahead = Reservoirs.ahead
    if later == nil {
      for place in 0..<min(count, ahead) { reservoirs.prefetch(members[place]) }
    }
    for place in 0..<count {
      if later == nil, place + ahead < count { reservoirs.prefetch(members[place + ahead]) }
      var found = prepareNearest(of: place)
      let end = Int(starts[place])
      let own = found
      choices: for index in first..<end {
        let entry = chosenBy[index]
        // Two that chose each other are offered once.
        for rank in 0..<own where nearest[place * neighbors + rank] == entry { continue choices }
        prepare(entry, for: place, at: found)
        found += 1
      }
      first = end
      offer(found, to: place, reservoirs, later)
    }
  }

  /// Makes the offers that were prepared for a place, or keeps them.
  @inline(__always)
  private func offer(_ count: Int, to place: Int, _ reservoirs: Reservoirs, _ later: CellOffers?) {
    if let later {
      if reservoirs.range.contains(Int(members[place])) {
        later.add(offers, sides, count: count, to: homes[place])
      }
    } else {
      unsafe reservoirs.offer(offers.base, sides.base, count: count, to: members[place])
    }
  }

  /// Offers those points that need more their nearest.
  private func offerToLonely(
    _ lonely: WorkArray<Bool>, count: Int, _ reservoirs: Reservoirs, _ later: CellOffers?
  ) {
    for place in 0..<count where lonely[Int(members[place])] {
      reservoirs.prefetch(members[place])
      offer(prepareNearest(of: place), to: place, reservoirs, later)
    }
  }

  /// Writes the offers of the nearest of a place; returns how many.
  @inline(__always)
  private func prepareNearest(of place: Int) -> Int {
    var found = 0
    for rank in 0..<neighbors {
      let entry = nearest[place * neighbors + rank]
      if entry == .max { break }
      prepare(entry, for: place, at: found)
      found += 1
    }
    return found
  }

  /// Writes an offer: of a place with its distance it becomes a point with its distance and its side.
  @inline(__always)
  private func prepare(_ entry: UInt64, for place: Int, at index: Int) {
    let other = Int(entry & 0xFFFF_FFFF)
    offers[index] = entry & 0xFFFF_FFFF_0000_0000 | UInt64(members[other])
    sides[index] = unsafe Sketches.side(
      of: sketches.pointer(other * Sketches.width, Sketches.width),
      from: sketches.pointer(place * Sketches.width, Sketches.width))
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
      if distance <= limits[place] { insert(key | UInt64(other), at: place) }
      if distance <= limits[other] { insert(key | UInt64(place), at: other) }
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
    if last != .max { limits[place] = min(limits[place], Int32(truncatingIfNeeded: last >> 32)) }
  }
}
