internal import VectorMath

/// The first level of recursive ball carving: leaders, and for each of them the points that have it among their nearest.
///
/// Each point is in the cells of its nearest leaders, so cells overlap; that is what joins them in the end. What a cell holds
/// depends on the seed and the points alone.
///
/// - Source: Rubel et al. 2026, PiPNN; the partition is that of Krauthgamer & Lee's ball covers, made recursive.
@safe
struct Partition {
  /// Set in a member that has this cell's leader as its nearest.
  static let primaryBit: UInt32 = 1 << 31

  /// The leaders, in an order in which neighbours are near each other.
  let leaders: [UInt32]
  /// Where the members of each cell begin; one more at the end.
  let offsets: [Int]
  /// The points of all cells, each cell ascending, `primaryBit` set where the cell is the point's own.
  let members: WorkArray<UInt32>

  /// Carves all points.
  ///
  /// - Parameters:
  ///   - points: At least one.
  ///   - parameters: Fanout, sizes and seed.
  ///   - threads: The result does not depend on it.
  init(_ points: GraphPoints, _ parameters: GraphParameters, threads: Int) {
    let count = points.count
    let fanout: Int
    if count <= parameters.leafCapacity {
      leaders = [Partition.chooseLeaders(nil, count: count, wanted: 1, key: parameters.seed)[0]]
      fanout = 1
    } else {
      let wanted = Partition.leaderCount(members: count, fanout: parameters.fanout[0], parameters)
      let chosen = Partition.chooseLeaders(nil, count: count, wanted: wanted, key: parameters.seed)
      leaders = Partition.tour(chosen, points)
      fanout = min(parameters.fanout[0], wanted)
    }
    let chosen = LeaderSet(leaders, points)
    let nearest = WorkArray<UInt32>(count: count * fanout, repeating: 0)
    let blockSize = 64
    ParallelLoop.run(blocks: (count + 4095) / 4096, threads: threads) { block in
      let products = WorkArray<Int32>(count: blockSize * chosen.count, repeating: 0)
      var first = block * 4096
      let end = min(first + 4096, count)
      while first < end {
        let size = min(blockSize, end - first)
        unsafe chosen.nearest(
          fanout, codes: points.code(first), count: size, products: products,
          into: nearest.pointer(first * fanout, size * fanout))
        first += size
      }
    }
    var counts = [Int](repeating: 0, count: leaders.count + 1)
    for index in 0..<nearest.count { counts[Int(nearest[index]) + 1] += 1 }
    for cell in 0..<leaders.count { counts[cell + 1] += counts[cell] }
    offsets = counts
    members = WorkArray(count: nearest.count, repeating: 0)
    for point in 0..<count {
      for rank in 0..<fanout {
        let cell = Int(nearest[point * fanout + rank])
        members[counts[cell]] = UInt32(point) | (rank == 0 ? Partition.primaryBit : 0)
        counts[cell] += 1
      }
    }
  }

  /// Leaders for a cell: so many that the mean child is a leaf of the wished fill.
  static func leaderCount(members: Int, fanout: Int, _ parameters: GraphParameters) -> Int {
    let size = parameters.leafCapacity * parameters.leafFillTenths / 10
    let wished = (members * fanout + size - 1) / size
    return max(fanout + 1, min(GraphParameters.maximumLeaders, wished, members / 2))
  }

  /// The `wanted` members whose hashes under `key` are least, ascending by hash.
  ///
  /// `members` may carry the primary bit; nil means 0..<count.
  static func chooseLeaders(_ members: ArraySlice<UInt32>?, count: Int, wanted: Int, key: UInt64) -> [UInt32]
  {
    var bar = UInt64.max
    if wanted < count / 4 { bar = UInt64.max / UInt64(count) &* UInt64(2 * wanted + 64) }
    while true {
      var found: [(hash: UInt64, point: UInt32)] = []
      for place in 0..<count {
        let point = members.map { $0[$0.startIndex + place] & ~primaryBit } ?? UInt32(place)
        let hash = hash(key, UInt64(point))
        if hash <= bar { found.append((hash, point)) }
      }
      if found.count >= wanted || bar == .max {
        found.sort { ($0.hash, $0.point) < ($1.hash, $1.point) }
        return found.prefix(wanted).map(\.point)
      }
      bar = .max
    }
  }

  /// A number that looks random, decided by both.
  static func hash(_ key: UInt64, _ value: UInt64) -> UInt64 {
    var generator = SeededGenerator(seed: key ^ value &* 0xD6E8_FEB8_6659_FD93)
    return generator.next()
  }

  /// The same leaders, each followed by the nearest of those that are left.
  static func tour(_ leaders: [UInt32], _ points: GraphPoints) -> [UInt32] {
    let set = LeaderSet(leaders, points)
    var left = [Bool](repeating: true, count: leaders.count)
    let products = WorkArray<Int32>(count: leaders.count, repeating: 0)
    var order = [0]
    left[0] = false
    while order.count < leaders.count {
      unsafe set.products(
        points.code(Int(leaders[order[order.count - 1]])), into: products.pointer(0, leaders.count))
      var best = -1
      var least = Int32.max
      for leader in leaders.indices where left[leader] {
        let value = set.squares[leader] &- 2 &* products[leader]
        if best < 0 || value < least {
          least = value
          best = leader
        }
      }
      left[best] = false
      order.append(best)
    }
    return order.map { leaders[$0] }
  }
}
