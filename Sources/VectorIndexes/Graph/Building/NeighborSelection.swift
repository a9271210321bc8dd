internal import CVectorKernels

/// Turns candidates into neighbours: prunes those that lie behind others, then fills the list again.
///
/// Not safe to share: each worker has its own.
@safe
final class NeighborSelection {
  private let points: GraphPoints
  private let room: Int
  private var candidates: [UInt64] = []
  private var kept: [UInt64] = []
  private var fallen: [UInt64] = []
  /// Candidates that nothing speaks against so far, nearest first: their distances from the node, and their points.
  private let waiting: WorkArray<Int32>
  private let waitingPoints: WorkArray<UInt32>
  private let distances: WorkArray<Int32>

  /// Room for `room` candidates at a time.
  init(_ points: GraphPoints, room: Int) {
    self.points = points
    self.room = room
    waiting = WorkArray(count: room, repeating: 0)
    waitingPoints = WorkArray(count: room + 4, repeating: 0)
    distances = WorkArray(count: room, repeating: 0)
    candidates.reserveCapacity(room)
    kept.reserveCapacity(room)
    fallen.reserveCapacity(room)
  }

  /// Chooses the neighbours of a node among what its reservoir holds.
  ///
  /// A candidate falls when a kept one is so near to it that 6 d(kept, candidate) <= 5 d(node, candidate), in squared distances:
  /// an exact comparison. For a `silent` one no other falls. Those that fell fill the free places, nearest first, because searching
  /// reads a fixed number anyway.
  ///
  /// - Source: Subramanya et al. 2019, DiskANN (robust prune with alpha 1.2 on squared distances).
  func prune(_ node: Int, _ reservoirs: Reservoirs, into lists: NeighborLists, silent: [Bool]? = nil) {
    reservoirs.sorted(node, into: &candidates)
    precondition(candidates.count <= room)
    if node + 1 < reservoirs.range.upperBound {
      reservoirs.forEach(node + 1) { point in
        unsafe prefetch(points.code(Int(point)), bytes: points.dimension)
      }
    }
    kept.removeAll(keepingCapacity: true)
    fallen.removeAll(keepingCapacity: true)
    var count = candidates.count
    for place in 0..<count {
      waiting[place] = Int32(truncatingIfNeeded: candidates[place] >> 32)
      waitingPoints[place] = UInt32(truncatingIfNeeded: candidates[place])
    }
    while count > 0, kept.count < lists.capacity {
      let nearest = Int(waitingPoints[0])
      kept.append(entry(0))
      count -= 1
      if let silent, silent[nearest] {
        for place in 0..<count {
          waiting[place] = waiting[place + 1]
          waitingPoints[place] = waitingPoints[place + 1]
        }
        continue
      }
      // Safe: the others stand behind it, and all are points.
      unsafe CodeKernels.distances(
        query: points.code(nearest), square: points.square(nearest), rows: points.codes,
        squares: points.squares, dimension: points.dimension,
        places: UnsafePointer(waitingPoints.pointer(1, count)), count: count,
        into: distances.pointer(0, count))
      var left = 0
      for place in 0..<count {
        if 6 * Int64(distances[place]) <= 5 * Int64(waiting[place + 1]) {
          fallen.append(entry(place + 1))
        } else {
          waiting[left] = waiting[place + 1]
          waitingPoints[left] = waitingPoints[place + 1]
          left += 1
        }
      }
      count = left
    }
    for place in 0..<count { fallen.append(entry(place)) }
    for entry in kept { lists.append(UInt32(truncatingIfNeeded: entry), to: node) }
    let free = lists.capacity - kept.count
    guard free > 0 else { return }
    fallen.sort()
    for entry in fallen.prefix(free) { lists.append(UInt32(truncatingIfNeeded: entry), to: node) }
  }

  private func entry(_ place: Int) -> UInt64 {
    UInt64(UInt32(bitPattern: waiting[place])) << 32 | UInt64(waitingPoints[place])
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
    var found = 0
    let wanted = min(2 * missing, room)
    search: for rank in 0..<lists.capacity {
      for place in 0..<known {
        let neighbor = Int(lists[node, place])
        guard rank < Int(degrees[neighbor]) else { continue }
        if let silent, silent[neighbor] { continue }
        let candidate = lists[neighbor, rank]
        if Int(candidate) == node || lists.contains(candidate, at: node) { continue }
        // Safe: there is room beyond what was found.
        if unsafe vk_holds(waitingPoints.base, found, candidate) != 0 { continue }
        waitingPoints[found] = candidate
        found += 1
        if found == wanted { break search }
      }
    }
    // Safe: all are points.
    unsafe CodeKernels.distances(
      query: points.code(node), square: points.square(node), rows: points.codes, squares: points.squares,
      dimension: points.dimension, places: UnsafePointer(waitingPoints.pointer(0, found)), count: found,
      into: distances.pointer(0, found))
    candidates.removeAll(keepingCapacity: true)
    for place in 0..<found {
      candidates.append(UInt64(UInt32(bitPattern: distances[place])) << 32 | UInt64(waitingPoints[place]))
    }
    candidates.sort()
    for entry in candidates.prefix(missing) { lists.append(UInt32(truncatingIfNeeded: entry), to: node) }
  }
}
