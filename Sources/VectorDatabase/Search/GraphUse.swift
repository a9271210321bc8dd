import VectorIndexes
import VectorMath

/// How far a graph is searched for a request.
struct GraphUse: Sendable {
  /// The index.
  let index: GraphIndex
  /// Candidates that are kept (`ef`).
  let breadth: Int
  /// Candidates of the walk itself, which passes rows that may not be found.
  let frontier: Int
  /// Whether some rows may not be found: dead ones, or those that a filter leaves out.
  let isFiltered: Bool
  /// The recall that was measured for this effort; nil when nothing was measured.
  let promised: Float?
  /// The recall that was asked for and that no measured effort reaches.
  let unreached: Double?

  /// The recall that is kept unless another is asked for.
  static let usualRecall = 0.95

  /// Chooses the effort for a segment.
  ///
  /// - Parameters:
  ///   - index: Its graph.
  ///   - request: What is asked for; not an exact search.
  ///   - wanted: Rows that may be found.
  ///   - isFiltered: Whether others are there.
  init(_ index: GraphIndex, _ request: SearchRequest, wanted: Int, isFiltered: Bool) {
    let k = max(1, request.capacity)
    var breadth: Int
    var promised: Float?
    var unreached: Double?
    switch request.method {
    case .effort(let effort):
      breadth = max(k, effort)
      promised = index.calibration.promise(k: k, breadth: breadth)
    case .automatic, .exact, .recall:
      var recall = Self.usualRecall
      if case .recall(let asked) = request.method { recall = asked }
      if let choice = index.calibration.choice(k: k, recall: recall) {
        breadth = choice.breadth
        promised = choice.promised
        if !choice.isReached { unreached = recall }
      } else {
        // A segment too small to be measured.
        breadth = max(2 * k, 64)
      }
    }
    breadth = min(breadth, max(1, index.nodes))
    self.index = index
    self.breadth = breadth
    self.promised = promised
    self.unreached = unreached
    self.isFiltered = isFiltered
    // What is promised was measured with just this breadth.
    let passed = isFiltered ? max(1, min(64, 1.2 * Double(index.rows) / Double(max(1, wanted)))) : 1
    frontier = min(max(1, index.nodes), Int(Double(breadth) * passed))
  }

  /// About how many nanoseconds a query takes.
  var nanoseconds: Double {
    let lists = Double(min(frontier, breadth * 4))
    // A list of 32 is half known; an estimate reads a record from memory that is far away in a large graph.
    let estimate = index.nodes > 200_000 ? 45.0 : 25.0
    return 3000 + lists * Double(index.maximumNeighbors) * 0.6 * estimate
  }
}
