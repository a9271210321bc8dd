import FileStorage
package import MetadataFilters
import VectorMath

/// What a filter leaves of a state of a collection.
package struct FilterOutcome: Sendable {
  /// The live rows that match.
  package let rows: FilteredRows
  /// How many they are.
  package let count: Int
  /// What each predicate did, in the order of the filter.
  package let report: [PredicateReport]
}

/// What one predicate of a filter did, summed over all segments and the log.
package struct PredicateReport: Equatable, Sendable {
  /// The predicate as the filter language writes it.
  package let text: String
  /// How its rows were found, in a few words for each segment that differs.
  package let ways: [String]
  /// Rows looked at, left, and read.
  package let counts: PredicateCounts
}

extension Segment: FilterRowSource {}

extension FilteredRows {
  /// Whether a row is among them.
  package func contains(_ location: RowLocation) -> Bool {
    switch location {
    case .segment(let index, let row): index < segments.count && segments[index].contains(row)
    case .tail(let index): tail.contains(index)
    }
  }
}

extension CollectionState {
  /// Finds the live rows that match a filter.
  ///
  /// The rows do not depend on the options. Only the columns that the filter names are touched; rows of segments are read only
  /// where columns do not tell. Rows of the log are looked at one by one.
  ///
  /// - Throws: `.storage(.corruption)` when something needed is damaged; `.cancelled` when `isCancelled` said so.
  package func rows(
    matching filter: BoundFilter, options: FilterEvaluationOptions = FilterEvaluationOptions(),
    isCancelled: @Sendable () -> Bool = { false }
  ) throws(DatabaseError) -> FilterOutcome {
    var sets: [RowSet] = []
    sets.reserveCapacity(segments.count)
    var total = 0
    var explanation = FilterExplanation(filter)
    for live in segments {
      let candidates = live.dead.complement
      guard !candidates.isEmpty else {
        sets.append(candidates)
        continue
      }
      let segment = live.segment
      let program = try lifted { () throws(StorageError) in
        try FilterProgram(
          filter, columns: segment.columns(), source: segment, idType: settings.idType, options: options)
      }
      let found = try lifted { () throws(StorageError) in
        try program.evaluate(among: candidates, isCancelled: isCancelled)
      }
      guard let found else { throw .cancelled }
      explanation.add(program)
      total += found.count
      sets.append(found)
    }
    let matching = try matchingTail(filter, &explanation, isCancelled)
    return FilterOutcome(
      rows: FilteredRows(segments: sets, tail: matching), count: total + matching.count,
      report: explanation.predicates.map {
        PredicateReport(text: $0.text, ways: $0.ways, counts: $0.counts)
      })
  }

  private func matchingTail(
    _ filter: BoundFilter, _ explanation: inout FilterExplanation, _ isCancelled: @Sendable () -> Bool
  ) throws(DatabaseError) -> RowSet {
    var found: [UInt32] = []
    var interpreter = FilterInterpreter(filter)
    for (index, entry) in tail.entries.enumerated() where entry.isLiveRow {
      if index & 1023 == 0, isCancelled() { throw .cancelled }
      let isMatch = unsafe tail.withEntry(index) { id, _, metadata in
        unsafe interpreter.matches(
          metadata: metadata, id: id, idType: settings.idType, created: entry.created, updated: entry.updated)
      }
      if isMatch { found.append(UInt32(index)) }
    }
    explanation.addRead(tail.liveCount)
    return RowSet(ascending: found, count: tail.entries.count)
  }
}

extension CollectionState {
  /// The ids of rows, in the order of segments and rows.
  package func ids(of rows: FilteredRows) throws(DatabaseError) -> [RecordID] {
    var ids: [RecordID] = []
    for (index, live) in segments.enumerated() {
      for row in rows.segments[index].subtracting(live.dead).rowNumbers {
        ids.append(try id(at: .segment(index, row: row)))
      }
    }
    for row in rows.tail.rowNumbers where tail.entries[row].isLiveRow { ids.append(try id(at: .tail(row))) }
    return ids
  }
}

extension Snapshot {
  /// Finds the live rows that match a filter; see `CollectionState.rows(matching:)`.
  package func rows(
    matching filter: BoundFilter, options: FilterEvaluationOptions = FilterEvaluationOptions(),
    isCancelled: @Sendable () -> Bool = { false }
  ) throws(DatabaseError) -> FilterOutcome {
    try state.rows(matching: filter, options: options, isCancelled: isCancelled)
  }

  /// Calls `body` with the live rows of a set in the order of arrival, or of storage, until it returns false.
  ///
  /// `skipping`: So many are left out first.
  package func forEachRow(
    in rows: FilteredRows, skipping: Int = 0, inStorageOrder: Bool = false,
    _ body: (RowLocation) throws(DatabaseError) -> Bool
  ) throws(DatabaseError) {
    var toSkip = skipping
    for (index, live) in state.segments.enumerated() {
      let wanted = rows.segments[index].subtracting(live.dead)
      if toSkip >= wanted.count {
        toSkip -= wanted.count
        continue
      }
      guard !inStorageOrder, !live.segment.isInArrivalOrder else {
        var row = wanted.first(from: 0)
        while let next = row {
          if toSkip > 0 {
            toSkip -= 1
          } else if try !body(.segment(index, row: Int(next))) {
            return
          }
          row = wanted.first(from: Int(next) + 1)
        }
        continue
      }
      for row in try Snapshot.arrivalOrder(live.segment) where wanted.contains(row) {
        if toSkip > 0 {
          toSkip -= 1
        } else if try !body(.segment(index, row: row)) {
          return
        }
      }
    }
    for (index, entry) in state.tail.entries.enumerated()
    where entry.isLiveRow && rows.tail.contains(UInt32(index)) {
      if toSkip > 0 {
        toSkip -= 1
      } else if try !body(.tail(index)) {
        return
      }
    }
  }

  /// All live rows as a set.
  package var allRows: FilteredRows {
    var tail: [UInt32] = []
    for (index, entry) in state.tail.entries.enumerated() where entry.isLiveRow { tail.append(UInt32(index)) }
    return FilteredRows(
      segments: state.segments.map(\.dead.complement),
      tail: RowSet(ascending: tail, count: state.tail.entries.count))
  }
}
