import VectorMath

/// The places of rows in the order of their arrival, counted from 0 over all live rows.
///
/// What a segment needs is worked out when its first row is asked for. Used by one thread at a time.
package struct ArrivalPositions {
  private let snapshot: Snapshot
  /// Live rows before each segment, and before the tail.
  private let firsts: [Int]
  /// Positions within a segment by row; empty where the row itself is the position.
  private var known: [Int: [UInt32]] = [:]
  /// Positions within the tail by entry.
  private var tail: [UInt32]?

  package init(_ snapshot: Snapshot) {
    self.snapshot = snapshot
    var firsts: [Int] = []
    var sum = 0
    for live in snapshot.state.segments {
      firsts.append(sum)
      sum += live.liveCount
    }
    firsts.append(sum)
    self.firsts = firsts
  }

  /// The position of a live row.
  package mutating func position(of location: RowLocation) throws(DatabaseError) -> Int {
    switch location {
    case .segment(let index, let row):
      let live = snapshot.state.segments[index]
      if live.segment.isInArrivalOrder, live.dead.isEmpty { return firsts[index] + row }
      if known[index] == nil { known[index] = try positions(in: live) }
      return firsts[index] + Int(known[index]?[row] ?? 0)
    case .tail(let entry):
      if tail == nil {
        var next: UInt32 = 0
        tail = snapshot.state.tail.entries.map { entry in
          defer { if entry.isLiveRow { next += 1 } }
          return next
        }
      }
      return (firsts.last ?? 0) + Int(tail?[entry] ?? 0)
    }
  }

  private func positions(in live: LiveSegment) throws(DatabaseError) -> [UInt32] {
    let order = try Snapshot.arrivalOrder(live.segment)
    var positions = [UInt32](repeating: 0, count: live.segment.rows)
    var next: UInt32 = 0
    for place in 0..<live.segment.rows {
      let row = order.isEmpty ? place : order[place]
      if live.dead.contains(row) { continue }
      positions[row] = next
      next += 1
    }
    return positions
  }
}
