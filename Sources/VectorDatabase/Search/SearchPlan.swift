import FileStorage
import Quantization
import VectorIndexes
import VectorMath

/// How a search looks through each part of a collection, and why.
package struct SearchPlan: Sendable {
  /// What is done with the rows of a part.
  package enum Strategy: String, Sendable, CaseIterable {
    /// Every stored vector is compared.
    case scan
    /// Codes of 8 bits leave out what cannot be near; the rest is compared.
    case codes
    /// A walk through a graph comes near the nearest rows.
    case graph
    /// Of the rows that may be found each is compared by the codes beside a graph; the nearest are compared exactly.
    case matches
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
  /// What `search` would do, without doing it; opens the index files that it would use.
  package func plan(_ request: SearchRequest) -> SearchPlan {
    var plan = SearchPlan()
    for piece in SearchPiece.all(self, request) {
      let rows: Int
      if let segment = piece.segment {
        let live = state.segments[segment]
        rows = request.filter.map { $0.segments[segment].subtracting(live.dead).count } ?? live.liveCount
      } else {
        rows = state.tail.entries.indices.reduce(0) { sum, entry in
          let isWanted = request.filter.map { $0.tail.contains(entry) } ?? true
          return sum + (state.tail.entries[entry].isLiveRow && isWanted ? 1 : 0)
        }
      }
      let (strategy, rowBytes) = piece.cost(collection)
      let read = piece.filtered?.estimates ?? piece.graph.map { min(rows, $0.estimates) } ?? rows
      plan.parts.append(
        SearchPlan.Part(
          segment: piece.segment.map { state.segments[$0].entry.number }, strategy: strategy, rows: rows,
          bytes: UInt64(read) * UInt64(rowBytes), reason: piece.reason))
    }
    plan.warnings = indexes.takeWarnings()
    return plan
  }
}

extension SearchPiece {
  /// What is done with the piece's rows, and how many bytes of each it reads.
  fileprivate func cost(_ collection: Collection) -> (SearchPlan.Strategy, rowBytes: Int) {
    switch index {
    case .graph(let index)? where filtered?.walks == false:
      (.matches, index.codec.recordBytes(index.frame.paddedDimension))
    case .flat(let flat)?: (.codes, flat.frame.paddedDimension + 8)
    case .graph(let index)?: (.graph, index.codec.recordBytes(index.frame.paddedDimension))
    case nil: (.scan, collection.identity.vectorBytes)
    }
  }
}
