package import FileStorage
import VectorMath

/// How a search looks through each part of a collection, and why.
package struct SearchPlan: Sendable {
  /// What is done with the rows of a part.
  package enum Strategy: String, Sendable, CaseIterable {
    /// Every stored vector is compared.
    case scan
    /// Codes of 8 bits leave out what cannot be near; the rest is compared.
    case codes
  }

  /// One segment, or the log.
  package struct Part: Sendable {
    /// The segment's number; nil for the log.
    package let segment: UInt64?
    package let strategy: Strategy
    /// Live rows that are looked at.
    package let rows: Int
    /// Bytes of vectors or codes that are read for one query, at most.
    package let bytes: UInt64
    /// Why this strategy: a phrase.
    package let reason: String
  }

  /// The segments in their order, then the log; those without live rows are left out.
  package var parts: [Part] = []
  /// Index files that cannot be used.
  package var warnings: [SearchWarning] = []

  package init() {}
}

extension Snapshot {
  /// What `search` would do, without doing it.
  package func plan(_ request: SearchRequest) -> SearchPlan {
    var plan = SearchPlan()
    let stride = collection.identity.vectorBytes
    func add(_ segment: UInt64?, rows: Int, live: Int, _ reason: String) {
      guard live > 0 else { return }
      plan.parts.append(
        SearchPlan.Part(
          segment: segment, strategy: .scan, rows: rows, bytes: UInt64(rows) * UInt64(stride), reason: reason)
      )
    }
    for (index, live) in state.segments.enumerated() {
      let rows = request.filter.map { $0.segments[index].subtracting(live.dead).count } ?? live.liveCount
      add(live.entry.number, rows: rows, live: live.liveCount, "the segment has no index")
    }
    let rows = request.filter.map { filter in
      state.tail.entries.indices.reduce(0) {
        $0 + (state.tail.entries[$1].isLiveRow && filter.tail.contains($1) ? 1 : 0)
      }
    }
    add(nil, rows: rows ?? state.tail.liveCount, live: state.tail.liveCount, "rows in the log have no index")
    return plan
  }
}
