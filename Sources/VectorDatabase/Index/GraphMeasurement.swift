import FileStorage
import VectorIndexes
import VectorMath

/// What a recall costs in the graph of one segment, as it was measured.
package struct GraphMeasurement: Sendable {
  /// The recall that searches keep unless another is asked for.
  package static let usualRecall = GraphUse.usualRecall

  /// The segment's number.
  package let segment: UInt64
  /// Neighbours wanted.
  package let k: Int
  /// The effort: candidates kept (`ef`).
  package let breadth: Int
  /// The recall that is promised for it.
  package let promised: Double
  /// False when no measured effort reaches the wanted recall.
  package let isReached: Bool
  /// Mean number of lists read by the next greater effort that was measured.
  package let hops: Double
  /// Mean number of distances estimated by it.
  package let estimates: Double
  /// Whether rows of the segment were the queries, not those of a user.
  package let isFromRows: Bool
}

extension Snapshot {
  /// What a recall costs in each graph, for each k that is measured.
  package func graphMeasurements(recall: Double) -> [GraphMeasurement] {
    var rows: [GraphMeasurement] = []
    for live in state.segments {
      guard case .graph(let index)? = indexes.index(.graph, for: live.entry) else { continue }
      let calibration = index.calibration
      for k in GraphCalibration.measured {
        guard let choice = calibration.choice(k: k, recall: recall),
          let entry = calibration.entries.first(where: { $0.k == k && $0.breadth >= choice.breadth })
            ?? calibration.entries.last(where: { $0.k == k })
        else { continue }
        rows.append(
          GraphMeasurement(
            segment: live.entry.number, k: k, breadth: choice.breadth, promised: Double(choice.promised),
            isReached: choice.isReached, hops: Double(entry.hops), estimates: Double(entry.estimates),
            isFromRows: calibration.source == .rows))
      }
    }
    return rows
  }
}
