/// Splits a cell of the partition further and joins the points of its leaves; the work of one thread.
///
/// Not safe to share: each worker has its own.
@safe
final class CellWork {
  private let points: GraphPoints
  private let parameters: GraphParameters
  private let leaf: LeafNeighbors
  private let reservoirs: Reservoirs
  private let everywhere: PointPlaces
  private let copies = CellPoints()
  private let offers = CellOffers()
  private let copiedBytes: Int
  /// For each point, which leaf is its own: written once, by the worker that has the point's own cell.
  private let homes: WorkArray<UInt64>?
  private var products: WorkArray<Int32>
  private var codes: WorkArray<Int8>
  private var home: UInt64 = 0

  /// Points joined at once when they are assigned to leaders.
  private static let blockSize = 64
  /// Beyond this many levels a cell is cut up without regard to distances: its points cannot be told apart.
  private static let maximumDepth = 24

  /// A worker that puts edges into `reservoirs`, and the numbers of leaves into `homes` if given.
  ///
  /// `lonely`: Points that are to get as many candidates of each leaf as they can have neighbours, and no other points any; nil
  /// to join each point to its few nearest.
  init(
    _ points: GraphPoints, _ parameters: GraphParameters, _ sketches: Sketches, _ reservoirs: Reservoirs,
    homes: WorkArray<UInt64>?, lonely: WorkArray<Bool>?, copiedBytes: Int
  ) {
    self.points = points
    self.parameters = parameters
    self.reservoirs = reservoirs
    self.homes = homes
    self.copiedBytes = copiedBytes
    everywhere = PointPlaces(points, sketches)
    let isOneLeaf = points.count <= parameters.leafCapacity
    leaf = LeafNeighbors(
      points, capacity: parameters.leafCapacity,
      neighbors: isOneLeaf || lonely != nil ? parameters.maximumNeighbors : parameters.leafNeighbors,
      lonely: lonely)
    products = WorkArray(count: Self.blockSize * 64, repeating: 0)
    codes = WorkArray(count: Self.blockSize * points.dimension, repeating: 0)
  }

  /// Works through one cell of the first level.
  func run(_ cell: Int, of partition: Partition) {
    home = UInt64(cell) << 53
    let range = partition.offsets[cell]..<partition.offsets[cell + 1]
    let members = range.map { partition.members[$0] }
    let key = Partition.hash(parameters.seed &+ 0x9E37_79B9, UInt64(partition.leaders[cell]))
    descend(members[...], of: everywhere, level: 1, key: key)
  }

  /// Works through a cell whose members are places of `source`, which may carry the primary bit.
  ///
  /// `inOrder`: Whether they are all places from 0 on.
  private func descend(
    _ members: ArraySlice<UInt32>, of source: PointPlaces, inOrder: Bool = false, level: Int, key: UInt64
  ) {
    let count = members.count
    if count <= parameters.leafCapacity {
      finishLeaf(members, of: source)
      return
    }
    if unsafe source.numbers == nil, count * points.dimension <= copiedBytes {
      let near = copies.copy(members, points, source)
      let places = members.enumerated().map { UInt32($0.offset) | $0.element & Partition.primaryBit }
      descend(places[...], of: near, inOrder: true, level: level, key: key)
      offers.make(to: near, members: count, reservoirs)
      return
    }
    let fanouts = parameters.fanout
    let fanout = level < fanouts.count ? fanouts[level] : 1
    if level > Self.maximumDepth {
      var rest = members
      while !rest.isEmpty {
        finishLeaf(rest.prefix(parameters.leafCapacity), of: source)
        rest = rest.dropFirst(parameters.leafCapacity)
      }
      return
    }
    let wanted = Partition.leaderCount(members: count, fanout: fanout, parameters)
    let numbers = members.map { source.number($0 & ~Partition.primaryBit) }
    let leaders = Partition.chooseLeaders(numbers[...], count: count, wanted: wanted, key: key)
    let set = LeaderSet(leaders, points)
    if products.count < Self.blockSize * set.count {
      products = WorkArray(count: Self.blockSize * set.count, repeating: 0)
    }
    var nearest = [UInt32](repeating: 0, count: count * fanout)
    var first = 0
    while first < count {
      let size = min(Self.blockSize, count - first)
      // Safe: members are places of the source.
      var side = unsafe source.codes + first * points.dimension
      if !inOrder {
        for place in 0..<size {
          let member = Int(members[members.startIndex + first + place] & ~Partition.primaryBit)
          unsafe codes.pointer(place * points.dimension, points.dimension).update(
            from: source.codes + member * points.dimension, count: points.dimension)
        }
        unsafe side = UnsafePointer(codes.base)
      }
      unsafe nearest.withUnsafeMutableBufferPointer { all in
        guard let base = all.baseAddress else { return }
        unsafe set.nearest(
          fanout, codes: side, count: size, products: products, into: base + first * fanout)
      }
      first += size
    }
    var offsets = [Int](repeating: 0, count: set.count + 1)
    for leader in nearest { offsets[Int(leader) + 1] += 1 }
    for child in 0..<set.count { offsets[child + 1] += offsets[child] }
    var next = offsets
    var children = [UInt32](repeating: 0, count: nearest.count)
    for place in 0..<count {
      let member = members[members.startIndex + place]
      for rank in 0..<fanout {
        let child = Int(nearest[place * fanout + rank])
        children[next[child]] = rank == 0 ? member : member & ~Partition.primaryBit
        next[child] += 1
      }
    }
    for child in 0..<set.count where offsets[child] < offsets[child + 1] {
      descend(
        children[offsets[child]..<offsets[child + 1]], of: source, level: level + 1,
        key: Partition.hash(key, UInt64(leaders[child])))
    }
  }

  private func finishLeaf(_ members: ArraySlice<UInt32>, of source: PointPlaces) {
    if let homes {
      for member in members where member & Partition.primaryBit != 0 {
        let point = source.number(member & ~Partition.primaryBit)
        homes[Int(point)] = home | UInt64(point)
      }
    }
    // The number of a leaf within its cell; beyond 2^22 leaves the rest share one.
    if home >> 31 & 0x3F_FFFF != 0x3F_FFFF { home += 1 << 31 }
    let isCopied = unsafe source.numbers != nil
    leaf.join(members, of: source, into: reservoirs, later: isCopied ? offers : nil)
    if isCopied, offers.isNearlyFull { offers.make(to: source, members: source.count, reservoirs) }
  }
}
