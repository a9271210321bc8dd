import FileStorage
package import MetadataFilters
import VectorMath

/// By what rows are ordered.
package struct RowOrder: Sendable {
  /// A path of names, or one of the record's own: its id, its times.
  package let field: FilterPath
  /// Whether the greatest value comes first; rows without a value come last all the same.
  package let isDescending: Bool

  package init(_ field: FilterPath, isDescending: Bool) {
    self.field = field
    self.isDescending = isDescending
  }
}

/// A row with what it was ordered by.
package struct OrderedRow: Sendable {
  package let location: RowLocation
  package let id: RecordID
  /// The scalar of the field, an integer of nanoseconds for times; null when the row has none.
  package let value: Value
}

extension Snapshot {
  /// Hands the values that some rows have in a field to `gatherer`.
  ///
  /// `field`: A path of names through the metadata.
  /// `takesElements`: Whether the elements of an array count as values.
  package func gather<Gatherer: FieldGathering>(
    _ field: FilterPath, of rows: FilteredRows, takesElements: Bool, into gatherer: inout Gatherer
  ) throws(DatabaseError) {
    let names = field.steps.compactMap { if case .name(let name) = $0 { name } else { nil } }
    for (index, live) in state.segments.enumerated() {
      let wanted = rows.segments[index].subtracting(live.dead)
      guard !wanted.isEmpty else { continue }
      try lifted { () throws(StorageError) in
        let scan = FieldScan(
          field, columns: try live.segment.columns(), source: live.segment, takesElements: takesElements)
        try gatherer.gather(wanted, of: scan)
      }
    }
    for (index, entry) in state.tail.entries.enumerated()
    where entry.isLiveRow && rows.tail.contains(UInt32(index)) {
      let values = try tailValues(names, index, takesElements: takesElements)
      gatherer.gather(row: index, values)
    }
  }

  /// Counts the times of creation, or of the last change, of some rows.
  package func gatherTimes(
    isCreation: Bool, of rows: FilteredRows, into intervals: inout FieldIntervals
  ) throws(DatabaseError) {
    for (index, live) in state.segments.enumerated() {
      let wanted = rows.segments[index].subtracting(live.dead)
      guard !wanted.isEmpty else { continue }
      let times = try unsafe lifted { () throws(StorageError) in
        try unsafe live.segment.times(isCreation: isCreation, 0..<live.segment.rows)
      }
      unsafe intervals.add(times, of: wanted)
    }
    for (index, entry) in state.tail.entries.enumerated()
    where entry.isLiveRow && rows.tail.contains(UInt32(index)) {
      intervals.add(FilterInstant(nanoseconds: isCreation ? entry.created : entry.updated))
    }
  }

  private func tailValues(
    _ names: [[UInt8]], _ index: Int, takesElements: Bool
  ) throws(DatabaseError) -> [Value] {
    try unsafe state.tail.withEntry(index) { (_, _, metadata) throws(DatabaseError) -> [Value] in
      do throws(StorageError) {
        return try unsafe FieldReader.values(names, metadata, takesElements: takesElements, row: index)
      } catch { throw .storage(error) }
    }
  }

  /// Rows in the order of a field, ties by id, ascending also when the order of the field is descending.
  ///
  /// Values come in the order of `FieldOrder`: booleans, numbers, strings; rows without a scalar come last.
  ///
  /// `after`: Only rows behind this value and id.
  /// `limit`: So many at most.
  package func ordered(
    _ rows: FilteredRows, by order: RowOrder, after: (value: Value, id: RecordID)? = nil, limit: Int
  ) throws(DatabaseError) -> [OrderedRow] {
    var sorting = RowSorting(self, order, after: after, limit: limit)
    for (index, live) in state.segments.enumerated() {
      let wanted = rows.segments[index].subtracting(live.dead)
      if !wanted.isEmpty { try sorting.add(segment: index, live.segment, wanted) }
    }
    try sorting.addTail(rows.tail)
    return try sorting.finish()
  }
}

/// Gathers keys of rows and sorts them; keeps about as many as are wanted.
private struct RowSorting {
  private struct Entry {
    let key: FieldKey
    let location: RowLocation
  }

  private let snapshot: Snapshot
  private let order: RowOrder
  private let names: [[UInt8]]
  private let limit: Int
  private let after: (key: FieldKey, id: RecordID)?
  private var keys = FieldKeys()
  private var entries: [Entry] = []
  private var room: Int

  init(_ snapshot: Snapshot, _ order: RowOrder, after: (value: Value, id: RecordID)?, limit: Int) {
    self.snapshot = snapshot
    self.order = order
    self.limit = max(0, limit)
    names = order.field.steps.compactMap { if case .name(let name) = $0 { name } else { nil } }
    var keys = FieldKeys()
    self.after = after.map { (keys.key($0.value), $0.id) }
    self.keys = keys
    room = max(4096, limit < Int.max / 4 ? limit * 4 : Int.max)
  }

  /// Whether a key comes before another.
  private func compare(_ left: FieldKey, _ right: FieldKey) -> ValueOrder {
    let result = keys.compare(left, right)
    return order.isDescending && !left.isNone && !right.isNone ? result.reversed : result
  }

  mutating func add(segment index: Int, _ segment: Segment, _ rows: RowSet) throws(DatabaseError) {
    guard order.field.root == .metadata else {
      var next = rows.first(from: 0)
      while let row = next {
        let location = RowLocation.segment(index, row: Int(row))
        try add(try ownKey(location), location)
        next = rows.first(from: Int(row) + 1)
      }
      return
    }
    var gathered = keys
    keys = FieldKeys()
    let field = order.field
    try lifted { () throws(StorageError) in
      let scan = FieldScan(field, columns: try segment.columns(), source: segment, takesElements: false)
      try gathered.gather(rows, of: scan)
    }
    keys = gathered
    var rest = rows
    let found = keys.found
    rest.subtract(RowSet(ascending: found.map(\.row).sorted(), count: rows.rowCount))
    for (row, key) in found { try add(key, .segment(index, row: Int(row))) }
    var next = rest.first(from: 0)
    while let row = next {
      try add(.none, .segment(index, row: Int(row)))
      next = rest.first(from: Int(row) + 1)
    }
  }

  mutating func addTail(_ rows: RowSet) throws(DatabaseError) {
    for (index, entry) in snapshot.state.tail.entries.enumerated()
    where entry.isLiveRow && rows.contains(UInt32(index)) {
      let location = RowLocation.tail(index)
      guard order.field.root == .metadata else {
        try add(try ownKey(location), location)
        continue
      }
      let names = names
      let values = try unsafe snapshot.state.tail.withEntry(index) {
        (_, _, metadata) throws(DatabaseError) -> [Value] in
        do throws(StorageError) {
          return try unsafe FieldReader.values(names, metadata, takesElements: false, row: index)
        } catch { throw .storage(error) }
      }
      try add(values.first.map { keys.key($0) } ?? .none, location)
    }
  }

  /// The key of an id or a time.
  private mutating func ownKey(_ location: RowLocation) throws(DatabaseError) -> FieldKey {
    switch order.field.root {
    case .id:
      let id = try snapshot.state.id(at: location)
      if let number = id.int64 { return keys.key(.int(number)) }
      return keys.key(.string(id.bytes))
    case .created: return keys.key(.int(try snapshot.state.history(at: location).created))
    case .updated: return keys.key(.int(try snapshot.state.history(at: location).updated))
    case .metadata, .element: return .none
    }
  }

  private mutating func add(_ key: FieldKey, _ location: RowLocation) throws(DatabaseError) {
    if let after {
      switch compare(key, after.key) {
      case .less: return
      case .equal: guard after.id < (try snapshot.state.id(at: location)) else { return }
      case .greater: break
      }
    }
    entries.append(Entry(key: key, location: location))
    if entries.count >= room { prune() }
  }

  /// Drops what comes behind the last row wanted; rows of its value stay, for their ids decide.
  private mutating func prune() {
    sortByKey()
    guard limit > 0, let last = entries.prefix(limit).last else {
      entries = []
      return
    }
    var end = min(limit, entries.count)
    while end < entries.count, compare(entries[end].key, last.key) == .equal { end += 1 }
    entries.removeLast(entries.count - end)
    let (doubled, overflow) = entries.count.multipliedReportingOverflow(by: 2)
    room = max(room, overflow ? Int.max : doubled)
  }

  private mutating func sortByKey() {
    var sorted = entries
    entries = []
    sorted.sort { compare($0.key, $1.key) == .less }
    entries = sorted
  }

  mutating func finish() throws(DatabaseError) -> [OrderedRow] {
    sortByKey()
    var result: [OrderedRow] = []
    var start = 0
    while start < entries.count, result.count < limit {
      var end = start + 1
      while end < entries.count, compare(entries[start].key, entries[end].key) == .equal { end += 1 }
      var run: [OrderedRow] = []
      run.reserveCapacity(end - start)
      for entry in entries[start..<end] {
        run.append(
          OrderedRow(
            location: entry.location, id: try snapshot.state.id(at: entry.location),
            value: keys.value(entry.key)))
      }
      if run.count > 1 { run.sort { $0.id < $1.id } }
      result.append(contentsOf: run.prefix(limit - result.count))
      start = end
    }
    return result
  }
}
