import FileStorage
import VectorIndexes

/// How the graph of a rewritten segment was made from that of its source, or why it was not.
package struct GraphRenewal: Equatable, Sendable {
  /// Why a graph is built from scratch.
  package enum Reason: Equatable, Sendable {
    /// Rows of so many segments were joined; a graph knows the rows of one.
    case joined(segments: Int)
    /// More nodes were dead than healing makes good.
    case tooManyDead
    /// The old file could not be used.
    case unusable
    /// The old graph was never measured: there is nothing to compare with.
    case unmeasured
    /// What was removed shall leave no trace, and the frame of a graph is made from all rows.
    case traces
    /// The healed graph found a smaller share of the `k` nearest for the same effort than the old one promised.
    case lessRecall(k: Int, breadth: Int, found: Double, promised: Double)
    /// Searches by the healed graph found less than it promises, or did not reach a recall that the old one promises.
    case unproved(k: Int, target: Double, found: Double)
  }

  /// The number of the new segment, and its rows; 0 in a rehearsal.
  package var segment: UInt64 = 0
  package var rows: UInt64 = 0
  /// The share of the old graph's nodes that had no living row, from 0 to 1; nil when it is not known.
  package var deadShare: Double?
  /// Why the graph was built from scratch; nil when it was healed.
  package var reason: Reason?

  /// A greater share of dead nodes is not healed.
  ///
  /// Up to here healed graphs were measured to find what new ones do, by at most 0.01 less; and the more is dead, the less it takes
  /// to build what is left anew.
  package static let mostDead = 0.4
}

/// A graph that a new segment with some of the rows of its own may take over.
struct HealingSource: Sendable {
  /// The graph; the file stays readable when it has been removed.
  let index: GraphIndex
  /// For each row of the new segment the row of the old one that it was.
  let rows: [UInt32]
}

/// What is to become of the graph of a segment that is rewritten.
struct GraphOutlook {
  /// The graph to heal.
  var index: GraphIndex?
  /// How the sources' graphs were built, of several the most careful; nil when none could be read.
  var parameters: GraphParameters?
  /// What will be reported; nil when the sources have no graph.
  var renewal: GraphRenewal?
}

extension Compactor {
  /// Looks at the graph of segments with living rows that are to be rewritten as one.
  ///
  /// `joinsLog`: Whether the rows of the log are to be joined with theirs.
  static func outlook(
    _ collection: Collection, _ manifest: Manifest, _ living: [LiveSegment], joinsLog: Bool = false,
    _ request: CompactionRequest
  ) -> GraphOutlook {
    var entries: [(live: LiveSegment, index: IndexEntry)] = []
    for live in living {
      let entry = manifest.indexes.first {
        $0.segment == live.entry.number && $0.kind == IndexKind.graph.rawValue
      }
      if let entry { entries.append((live, entry)) }
    }
    guard !entries.isEmpty else { return GraphOutlook() }
    var outlook = GraphOutlook(renewal: GraphRenewal())
    var found: GraphIndex?
    var isMeasured = false
    for (live, entry) in entries {
      guard
        case .graph(let index)? = try? OpenIndex.open(
          collection.fileSystem, entry, of: live.entry, collection)
      else { continue }
      outlook.parameters =
        outlook.parameters.map { $0.moreCareful(than: index.parameters) } ?? index.parameters
      isMeasured = !index.calibration.entries.isEmpty
      found = index
    }
    let joined = living.count + (joinsLog ? 1 : 0)
    if joined > 1 {
      outlook.renewal?.reason = .joined(segments: joined)
    } else if !request.healsGraphs {
      outlook.renewal?.reason = .traces
    } else if let found, let live = living.first,
      let share = try? found.deadShare(isDead: { live.dead.contains($0) })
    {
      outlook.renewal?.deadShare = share
      if !isMeasured {
        outlook.renewal?.reason = .unmeasured
      } else if share > GraphRenewal.mostDead {
        outlook.renewal?.reason = .tooManyDead
      } else {
        outlook.index = found
      }
    } else {
      outlook.renewal?.reason = .unusable
    }
    return outlook
  }
}

extension GraphParameters {
  /// These, or with more neighbours or of higher quality where the others have that.
  fileprivate func moreCareful(than other: GraphParameters) -> GraphParameters {
    var result = self
    result.maximumNeighbors = max(maximumNeighbors, other.maximumNeighbors)
    let all = Quality.allCases
    if let own = all.firstIndex(of: quality), let others = all.firstIndex(of: other.quality), others > own {
      result.quality = other.quality
    }
    return result
  }
}
