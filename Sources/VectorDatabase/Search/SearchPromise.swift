import VectorIndexes
import VectorMath

/// What a search promises to find, by the measurements of the graphs that it walks through.
package struct SearchPromise: Equatable, Sendable {
  /// The share of the nearest rows over all parts, those that are searched exactly among them; nil where a graph was never
  /// measured, or where nothing can be missed.
  package let recall: Double?
  /// The greatest number of candidates that a graph keeps (`ef`); nil where no graph is used.
  package let breadth: Int?
}

extension Snapshot {
  /// What a search would promise; opens the index files that it would use.
  ///
  /// Parts count by the rows that may be found in them, since the nearest rows may lie in any of them alike.
  package func promise(_ request: SearchRequest) -> SearchPromise {
    var (weight, sum) = (0.0, 0.0)
    var isKnown = true
    var breadth: Int?
    for piece in SearchPiece.all(self, request) {
      var rows = Double(piece.rows.count)
      if let segment = piece.segment {
        let live = state.segments[segment]
        rows = Double(
          request.filter.map { $0.segments[segment].subtracting(live.dead).count } ?? live.liveCount)
      }
      weight += rows
      guard let use = piece.graph else {
        // A walk past rows that may not be found was not measured.
        if piece.filtered?.walks == true { isKnown = false }
        sum += rows
        continue
      }
      breadth = max(breadth ?? 0, use.effort.breadth)
      if let promised = use.promised { sum += rows * Double(promised) } else { isKnown = false }
    }
    // Measurements are kept as 32-bit floats: seven digits of them mean something.
    let mean = (sum / max(weight, 1) * 1e6).rounded() / 1e6
    return SearchPromise(recall: breadth != nil && isKnown && weight > 0 ? mean : nil, breadth: breadth)
  }

  /// What a search falls short of, as `SearchSession.shortfall`.
  package func shortfall(_ request: SearchRequest) -> (asked: Double, promised: Double)? {
    SearchPiece.shortfall(SearchPiece.all(self, request))
  }
}

extension SearchSession {
  /// What a search falls short of: the recall that was asked for and the least that a graph promises at its greatest measured effort;
  /// nil where every graph that it would walk through reaches it, or an effort was given.
  package var shortfall: (asked: Double, promised: Double)? { SearchPiece.shortfall(pieces) }
}

extension SearchPiece {
  fileprivate static func shortfall(_ pieces: [SearchPiece]) -> (asked: Double, promised: Double)? {
    var least: (asked: Double, promised: Double)?
    for piece in pieces {
      guard let use = piece.graph, let asked = use.unreached else { continue }
      // As it is printed: rounded down.
      let promised = (Double(use.promised ?? 0) * 1000).rounded(.down) / 1000
      if promised < least?.promised ?? .infinity { least = (asked, promised) }
    }
    return least
  }
}
