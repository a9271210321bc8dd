/// Candidates that the leaves of a cell offer, kept until the cell is done: then each point's candidates are fetched once, not
/// once for each leaf that the point is in.
///
/// Holds its memory for the next cell. Not safe to share: each worker has its own.
@safe
final class CellOffers {
  /// Offers that are kept at once, at most.
  static let room = 1 << 18

  private(set) var count = 0
  /// Of each offer the place within the cell of the point it is made to.
  private let places = WorkArray<UInt32>(count: room, repeating: 0)
  private let entries = WorkArray<UInt64>(count: room, repeating: 0)
  private let sides = WorkArray<UInt16>(count: room, repeating: 0)
  /// The same in the order of places.
  private let sortedEntries = WorkArray<UInt64>(count: room, repeating: 0)
  private let sortedSides = WorkArray<UInt16>(count: room, repeating: 0)
  private var starts = WorkArray<UInt32>(count: 0, repeating: 0)

  /// Offers free places.
  var isNearlyFull: Bool { Self.room - count < 1 << 15 }

  /// Keeps some offers to the point at a place; there must be room.
  @inline(__always)
  func add(_ entries: WorkArray<UInt64>, _ sides: WorkArray<UInt16>, count added: Int, to place: UInt32) {
    for index in 0..<added {
      places[count + index] = place
      self.entries[count + index] = entries[index]
      self.sides[count + index] = sides[index]
    }
    count += added
  }

  /// Makes all offers, to the points of a cell of so many places.
  func make(to cell: PointPlaces, members: Int, _ reservoirs: Reservoirs) {
    guard count > 0 else { return }
    if starts.count < members + 1 { starts = WorkArray(count: members + members / 4 + 1, repeating: 0) }
    let starts = starts
    for place in 0...members { starts[place] = 0 }
    for index in 0..<count { starts[Int(places[index]) + 1] += 1 }
    for place in 0..<members { starts[place + 1] += starts[place] }
    for index in 0..<count {
      let place = Int(places[index])
      // A start moves to the end of its own part.
      let target = Int(starts[place])
      starts[place] += 1
      sortedEntries[target] = entries[index]
      sortedSides[target] = sides[index]
    }
    let ahead = Reservoirs.ahead
    for place in 0..<min(members, ahead) { reservoirs.prefetch(cell.number(UInt32(place))) }
    var first = 0
    for place in 0..<members {
      if place + ahead < members { reservoirs.prefetch(cell.number(UInt32(place + ahead))) }
      let end = Int(starts[place])
      unsafe reservoirs.offer(
        sortedEntries.pointer(first, end - first), sortedSides.pointer(first, end - first),
        count: end - first, to: cell.number(UInt32(place)))
      first = end
    }
    count = 0
  }
}
