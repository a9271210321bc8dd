package import FileStorage
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
  /// The effort: candidates kept at most (`ef`).
  package let breadth: Int
  /// Where a search ends early: a factor of the squared distance of the k-th; nil when it does not.
  package let earlyEnd: Double?
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
        guard let choice = calibration.choice(k: k, recall: recall) else { continue }
        rows.append(
          GraphMeasurement(
            segment: live.entry.number, k: k, breadth: choice.effort.breadth,
            earlyEnd: choice.earlyEnd, promised: Double(choice.promised), isReached: choice.isReached,
            hops: Double(choice.measured.hops), estimates: Double(choice.measured.estimates),
            isFromRows: calibration.source == .rows))
      }
    }
    return rows
  }
}

/// What the graphs of a collection promise together, for one number of neighbours.
package struct RecallPromise: Equatable, Sendable {
  /// Neighbours wanted.
  package let k: Int
  /// The recall that was asked for.
  package let asked: Double
  /// The least that a graph promises for it.
  package internal(set) var promised: Double
  /// The least that a graph was found to have when it was last measured.
  package internal(set) var measured: Double
  /// The greatest effort that it takes: candidates kept at most (`ef`).
  package internal(set) var breadth: Int
  /// Where searches end early, the latest: a factor of the squared distance of the k-th; nil when one does not.
  package internal(set) var earlyEnd: Double?
  /// The fewest queries that a graph was measured with.
  package internal(set) var queries: Int
  /// Whether rows were the queries, not those of a user, in every graph.
  package internal(set) var isFromRows: Bool
}

extension Collection {
  /// What the graphs of a version promise for the usual recall, for each k that is measured; nothing without a graph.
  ///
  /// Reads the measurements alone. A graph that cannot be read is left out, as searches leave it out.
  package func promises(_ manifest: Manifest) -> [RecallPromise] {
    var promises: [RecallPromise] = []
    for entry in manifest.indexes {
      guard let segment = manifest.segments.first(where: { $0.number == entry.segment }),
        let calibration = try? OpenIndex.calibration(fileSystem, entry, of: segment, self)
      else { continue }
      for k in GraphCalibration.measured {
        guard let choice = calibration.choice(k: k, recall: GraphUse.usualRecall) else { continue }
        let one = RecallPromise(
          k: k, asked: GraphUse.usualRecall, promised: Double(choice.promised),
          measured: Double(choice.measured.recall), breadth: choice.effort.breadth,
          earlyEnd: choice.earlyEnd, queries: calibration.queryCount, isFromRows: calibration.source == .rows)
        guard let place = promises.firstIndex(where: { $0.k == k }) else {
          promises.append(one)
          continue
        }
        promises[place].promised = min(promises[place].promised, one.promised)
        promises[place].measured = min(promises[place].measured, one.measured)
        promises[place].breadth = max(promises[place].breadth, one.breadth)
        promises[place].earlyEnd = promises[place].earlyEnd.flatMap { known in
          one.earlyEnd.map { max(known, $0) }
        }
        promises[place].queries = min(promises[place].queries, one.queries)
        promises[place].isFromRows = promises[place].isFromRows && one.isFromRows
      }
    }
    return promises.sorted { $0.k < $1.k }
  }
}

extension GraphCalibration.Choice {
  /// Where the search ends early, with three decimals; nil when it does not.
  fileprivate var earlyEnd: Double? { effort.slack < .infinity ? GraphUse.rounded(effort.slack) : nil }
}
