import VectorIndexes
import VectorMath

/// How far a graph is searched for a request that may find all of its rows.
struct GraphUse: Sendable {
  /// The index.
  let index: GraphIndex
  /// How far its walks go.
  let effort: GraphEffort
  /// The recall that was measured for this effort; nil when nothing was measured.
  let promised: Float?
  /// The recall that was asked for and that no measured effort reaches.
  let unreached: Double?
  /// Lists that are likely to be read.
  private let hops: Double

  /// The recall that is kept unless another is asked for.
  static let usualRecall = 0.95

  /// Chooses the effort for a segment.
  ///
  /// - Parameters:
  ///   - index: Its graph.
  ///   - request: What is asked for; not an exact search.
  init(_ index: GraphIndex, _ request: SearchRequest) {
    let k = max(1, request.capacity)
    var effort: GraphEffort
    var promised: Float?
    var unreached: Double?
    var hops: Double?
    switch request.method {
    case .effort(let breadth):
      effort = GraphEffort(breadth: max(k, breadth))
      promised = index.calibration.promise(k: k, breadth: effort.breadth)
    case .automatic, .exact, .recall:
      var recall = Self.usualRecall
      if case .recall(let asked) = request.method { recall = asked }
      if let choice = index.calibration.choice(k: k, recall: recall) {
        effort = choice.effort
        hops = Double(choice.measured.hops)
        promised = choice.promised
        if !choice.isReached { unreached = recall }
      } else {
        // A segment too small to be measured.
        effort = GraphEffort(breadth: max(2 * k, 64))
      }
    }
    effort.breadth = min(effort.breadth, max(1, index.nodes))
    self.index = index
    self.effort = effort
    self.promised = promised
    self.unreached = unreached
    self.hops = hops ?? Double(effort.breadth)
  }

  /// Candidates that a walk keeps at least, for their exact distances.
  func kept(wanted: Int) -> Int {
    GraphWalk.kept(breadth: effort.slack < .infinity ? max(1, wanted) : effort.breadth)
  }

  /// Nodes whose distance is likely to be estimated: about half of each list is known already.
  var estimates: Int { min(index.nodes, Int(hops * Double(index.maximumNeighbors) / 2)) }

  /// About how many nanoseconds a query takes.
  var nanoseconds: Double {
    // An estimate reads a record from memory that is far away in a large graph.
    let estimate = index.nodes > 200_000 ? 45.0 : 25.0
    return 3000 + hops * Double(index.maximumNeighbors) * 0.6 * estimate
  }

  /// The effort as reports name it.
  var text: String {
    guard effort.slack < .infinity else { return "ef \(effort.breadth)" }
    return "ef \(effort.breadth), early end \(Self.rounded(effort.slack))"
  }

  /// A factor with three decimals.
  static func rounded(_ slack: Float) -> Double { (Double(slack) * 1000).rounded() / 1000 }
}
