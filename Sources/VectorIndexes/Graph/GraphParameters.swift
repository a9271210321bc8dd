/// How a graph is built.
///
/// Two builds of the same codes with equal parameters give the same graph.
package struct GraphParameters: Equatable, Sendable {
  /// How much work goes into finding each node's neighbours.
  package enum Quality: String, CaseIterable, Sendable {
    /// About two thirds of the time of `standard`; searches need more steps.
    case fast
    /// The measured best ratio of building time to search speed.
    case standard
    /// Half as much time again; for promises of 0.99 and more.
    case high

    /// What `--ef-construction` says in HNSW's terms: up to 100 fast, up to 300 standard, above high.
    package init(efConstruction: Int) {
      self = efConstruction <= 100 ? .fast : efConstruction <= 300 ? .standard : .high
    }
  }

  /// Neighbours of each node (R in the papers): a multiple of 8 from 8 to 128; twice the `M` of HNSW.
  package var maximumNeighbors = 32
  /// Build quality.
  package var quality = Quality.standard
  /// Decides leaders and hyperplanes.
  package var seed: UInt64 = 1

  /// The usual parameters.
  package init() {}

  /// Parameters from HNSW's `M`, 4 to 64: its lowest layer has 2 M neighbours a node.
  package init(m: Int, quality: Quality, seed: UInt64) {
    maximumNeighbors = (max(4, min(64, m)) * 2 + 7) / 8 * 8
    self.quality = quality
    self.seed = seed
  }

  /// Leaders to which a point is assigned at each level of the partition; below the last it is 1.
  var fanout: [Int] {
    switch quality {
    case .fast: [6, 3]
    case .standard: [10, 3]
    case .high: [10, 5]
    }
  }

  /// Cells of at most so many points are leaves.
  var leafCapacity: Int { quality == .high ? 256 : 512 }

  /// The mean size of leaves that the number of leaders aims at, as a share of the capacity, in tenths.
  var leafFillTenths: Int { 8 }

  /// Nearest points of its leaf that each point is joined to.
  var leafNeighbors: Int { 3 }

  /// Candidates kept for each node before pruning.
  var reservoirCapacity: Int { max(32, min(128, 2 * maximumNeighbors)) }

  /// Leaders of a level at most.
  static let maximumLeaders = 1000
}
