import VectorMath

/// Sets of rows that a caller chooses itself.
extension Snapshot {
  /// Some rows as a search takes them, in any order and each at most once.
  package func rows(at places: [RowLocation]) -> FilteredRows {
    var segments = state.segments.map { _ in [UInt32]() }
    var tail: [UInt32] = []
    for place in places {
      switch place {
      case .segment(let segment, let row): segments[segment].append(UInt32(row))
      case .tail(let entry): tail.append(UInt32(entry))
      }
    }
    return FilteredRows(
      segments: segments.enumerated().map { index, rows in
        RowSet(ascending: rows.sorted(), count: state.segments[index].segment.rows)
      }, tail: RowSet(ascending: tail.sorted(), count: state.tail.entries.count))
  }

  /// Whether two sets hold the same live rows.
  package func areSame(_ first: FilteredRows, _ second: FilteredRows) -> Bool {
    for (index, live) in state.segments.enumerated() {
      let own = first.segments[index].subtracting(live.dead)
      let other = second.segments[index].subtracting(live.dead)
      guard own.count == other.count, own.subtracting(other).isEmpty else { return false }
    }
    for (entry, row) in state.tail.entries.enumerated() where row.isLiveRow {
      if first.tail.contains(entry) != second.tail.contains(entry) { return false }
    }
    return true
  }
}
