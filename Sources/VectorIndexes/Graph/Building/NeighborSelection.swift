internal import VectorMath

/// Turns candidates into neighbours: prunes those that lie behind others, then fills the list again.
///
/// Not safe to share: each worker has its own.
@safe
final class NeighborSelection {
  private let points: GraphPoints
  private let codes: WorkArray<Int8>
  private let panels: WorkArray<UInt8>
  private let products: WorkArray<Int32>
  private let room: Int
  private var candidates: [UInt64] = []
  private var kept: [Int] = []
  /// Those kept for which others fall.
  private var pruners: [Int] = []
  private var isKept: [Bool] = []

  /// Room for `room` candidates at a time.
  init(_ points: GraphPoints, room: Int) {
    self.points = points
    self.room = room
    codes = WorkArray(count: room * points.dimension, repeating: 0)
    panels = WorkArray(
      count: CodeKernels.panelBytes(count: room, dimension: points.dimension), repeating: 0)
    products = WorkArray(count: room * room, repeating: 0)
    candidates.reserveCapacity(room)
  }

  /// Chooses the neighbours of a node among what its reservoir holds.
  ///
  /// A candidate falls when a kept one is so near to it that 6 d(kept, candidate) <= 5 d(node, candidate), in squared distances:
  /// an exact comparison. For a `silent` one no other falls. Those that fell fill the free places, nearest first, because searching reads a fixed number anyway.
  ///
  /// - Source: Subramanya et al. 2019, DiskANN (robust prune with alpha 1.2 on squared distances).
  func prune(_ node: Int, _ reservoirs: Reservoirs, into lists: NeighborLists, silent: [Bool]? = nil) {
    reservoirs.sorted(node, into: &candidates)
    let count = candidates.count
    guard count > 0 else { return }
    precondition(count <= room)
    let dimension = points.dimension
    for place in 0..<count {
      let point = Int(candidates[place] & 0xFFFF_FFFF)
      unsafe codes.pointer(place * dimension, dimension).update(from: points.code(point), count: dimension)
    }
    unsafe CodeKernels.pack(codes.base, dimension: dimension, count: count, into: panels.base)
    unsafe CodeKernels.tile(
      queries: codes.base, queryCount: count, panels: panels.base, rowCount: count, dimension: dimension,
      into: products.base, resultStride: count)
    kept.removeAll(keepingCapacity: true)
    pruners.removeAll(keepingCapacity: true)
    isKept.removeAll(keepingCapacity: true)
    for place in 0..<count {
      let own = Int64(candidates[place] >> 32)
      let square = points.square(Int(candidates[place] & 0xFFFF_FFFF))
      var stays = kept.count < lists.capacity
      if stays {
        for other in pruners {
          let product = products[other * count + place]
          let otherSquare = points.square(Int(candidates[other] & 0xFFFF_FFFF))
          let between = Int64(otherSquare &+ square &- 2 &* product)
          if 6 * between <= 5 * own {
            stays = false
            break
          }
        }
      }
      isKept.append(stays)
      guard stays else { continue }
      kept.append(place)
      if let silent, silent[Int(candidates[place] & 0xFFFF_FFFF)] { continue }
      pruners.append(place)
    }
    for place in kept { lists.append(UInt32(truncatingIfNeeded: candidates[place]), to: node) }
    for place in 0..<count where !isKept[place] {
      if !lists.append(UInt32(truncatingIfNeeded: candidates[place]), to: node) { break }
    }
  }

  /// Fills free places of a node with the nearest of its neighbours' neighbours.
  ///
  /// - Parameters:
  ///   - node: The node to fill.
  ///   - lists: Where it stands; only the first `degrees` neighbours of each node are read.
  ///   - degrees: How many neighbours each node had before anything was filled.
  ///   - silent: Nodes whose lists are not read; nil for none.
  func fill(
    _ node: Int, _ lists: NeighborLists, degrees: WorkArray<UInt8>, silent: [Bool]? = nil
  ) {
    let known = Int(degrees[node])
    let missing = lists.capacity - known
    guard missing > 0, known > 0 else { return }
    var found: [UInt32] = []
    let wanted = min(2 * missing, room)
    search: for rank in 0..<lists.capacity {
      for place in 0..<known {
        let neighbor = Int(lists[node, place])
        guard rank < Int(degrees[neighbor]) else { continue }
        if let silent, silent[neighbor] { continue }
        let candidate = lists[neighbor, rank]
        if Int(candidate) == node || lists.contains(candidate, at: node) || found.contains(candidate) {
          continue
        }
        found.append(candidate)
        if found.count == wanted { break search }
      }
    }
    candidates.removeAll(keepingCapacity: true)
    for candidate in found {
      let distance = points.squaredDistance(node, Int(candidate))
      candidates.append(UInt64(UInt32(truncatingIfNeeded: distance)) << 32 | UInt64(candidate))
    }
    candidates.sort()
    for entry in candidates.prefix(missing) { lists.append(UInt32(truncatingIfNeeded: entry), to: node) }
  }
}
