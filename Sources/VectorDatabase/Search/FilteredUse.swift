import Quantization
import VectorIndexes
import VectorMath

/// How a graph is used when not all rows of its segment may be found: by a walk, or by looking at every match.
///
/// A walk is expected to go as far as a search without a filter for as many neighbours as there must be before the last match
/// wanted, if matches are spread evenly. Where they lie otherwise it notices, and goes less far or farther; when it has cost as
/// much as looking at every match would, it gives up and that is done.
struct FilteredUse: Sendable {
  /// The index.
  let index: GraphIndex
  /// Whether a walk is tried.
  let walks: Bool
  /// How far it goes.
  let effort: FilteredEffort
  /// Live rows that may be found.
  let matches: Int
  /// What things cost.
  let costs: FilteredCosts
  /// The recall that is asked for and that no measured effort reaches; a walk is not tried then.
  let unreached: Double?
  /// Why: a phrase.
  let reason: String

  /// Chooses; nil when reading the vectors of all matches is best whatever the queries are.
  ///
  /// - Parameters:
  ///   - index: The segment's graph.
  ///   - request: What is asked for; not an exact search.
  ///   - matches: Rows that may be found, more than ten times as many as wanted.
  ///   - vectorBytes: Bytes of a stored vector.
  init?(_ index: GraphIndex, _ request: SearchRequest, matches: Int, vectorBytes: Int) {
    let k = max(1, request.capacity)
    // The row that is left out must not take the place of one that counts.
    let wanted = request.excluded == nil ? k : k + 1
    let calibration = index.calibration
    var points: [RankedBreadths.Point] = []
    var unreached: Double?
    switch request.method {
    case .effort(let effort):
      points = [RankedBreadths.Point(rank: wanted, breadth: max(wanted, effort))]
    case .automatic, .exact, .recall:
      var recall = GraphUse.usualRecall
      if case .recall(let asked) = request.method { recall = asked }
      for rank in [wanted] + GraphCalibration.measured where rank >= wanted {
        guard let choice = calibration.choice(k: rank, recall: recall, endsEarly: false) else { continue }
        if choice.isReached {
          points.append(RankedBreadths.Point(rank: rank, breadth: Self.wide(choice.effort.breadth)))
        } else if rank == wanted {
          unreached = recall
        }
      }
    }
    let breadths = RankedBreadths(points)
    let costs = FilteredCosts(index, vectorBytes: vectorBytes, queries: request.expectedQueries)
    // Where the last match wanted stands among all rows, if matches are spread evenly.
    let rank = min(index.nodes, Int(Double(wanted) * Double(index.rows) / Double(max(1, matches))))
    let hops = costs.hops(breadth: min(index.nodes, breadths.breadth(max(wanted, rank))))
    let walk = costs.walk(hops: hops)
    let look = costs.look(matches)
    self.index = index
    self.matches = matches
    self.costs = costs
    self.unreached = unreached
    walks = unreached == nil && (!request.tuning.weighsGraphs || walk < look)
    let affordable = request.tuning.weighsGraphs ? Int(min(look, 1e12) / costs.hop) : index.nodes
    effort = FilteredEffort(
      wanted: wanted,
      // Matches that take many more lists than if they were spread evenly lie apart, where a walk misses some.
      mostHops: request.tuning.weighsGraphs ? max(64, 2 * hops, min(8 * hops, affordable)) : affordable,
      doubtfulHops: request.tuning.weighsGraphs ? max(hops / 2, min(2 * hops, affordable / 8)) : .max,
      evenRank: max(wanted, rank), breadths: breadths)
    let share = Self.share(matches, of: index.rows)
    if walks {
      reason =
        "\(share) may be found, so the walk goes on to about the nearest \(breadths.breadth(max(wanted, rank))) of all"
        + (request.method == .automatic ? " for recall \(GraphUse.usualRecall)" : "")
        + "; that is about \(Self.ratio(look, walk)) times as fast as looking at every match, which is done where it goes astray"
    } else if let unreached {
      reason =
        "\(share) may be found; no walk is sure to reach recall \(unreached), so every match is looked at"
    } else if costs.readsVectors(matches) {
      return nil
    } else {
      reason =
        "\(share) may be found; looking at every match takes about \(Self.ratio(walk, look)) times less than a walk past the others"
    }
  }

  /// A breadth with something to spare: the rank of the last match is itself only what the walk has seen.
  private static func wide(_ breadth: Int) -> Int { breadth + breadth / 4 + 2 }

  /// Nodes whose distance is likely to be estimated.
  var estimates: Int {
    guard walks else { return matches }
    let rank = max(1, Int(Double(effort.wanted) * Double(index.rows) / Double(max(1, matches))))
    let hops = costs.hops(breadth: min(index.nodes, effort.breadths.breadth(max(effort.wanted, rank))))
    return min(index.nodes, Int(Double(hops) * costs.estimatesOfHop))
  }

  /// Two numbers' ratio with one decimal.
  private static func ratio(_ more: Double, _ less: Double) -> String {
    let tenths = Int((min(1e6, more / max(1, less)) * 10).rounded())
    return tenths >= 100 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
  }

  /// A share of rows in percent.
  private static func share(_ part: Int, of rows: Int) -> String {
    let hundredths = Int((Double(part) * 10_000 / Double(max(1, rows))).rounded())
    if hundredths < 1 { return "\(part) rows" }
    if hundredths % 100 == 0 || hundredths >= 1000 { return "\((hundredths + 50) / 100) % of the rows" }
    let digits = hundredths % 100
    return "\(hundredths / 100).\(digits < 10 ? "0" : "")\(digits) % of the rows"
  }
}

/// What the ways to find filtered rows cost, in nanoseconds of about one core.
///
/// How many lists and estimates a walk needs was measured when the graph was built and stands in its file; how long one takes
/// depends on the bytes of a record only. Clocks play no part in it, so a plan is the same on every machine and at any time.
struct FilteredCosts: Sendable {
  /// Estimates for each list that is read.
  let estimatesOfHop: Double
  /// Lists that are read for each candidate that is looked at.
  private let hopsOfBreadth: Double
  /// One list with its estimates.
  let hop: Double
  /// One match by its code.
  private let code: Double
  /// One match by its vector.
  private let vector: Double
  /// Finding the nodes of the matches, once for all queries.
  private let list: Double
  /// Queries that share it.
  private let queries: Double

  /// From so many nodes on records lie in memory that is far away.
  private static let nearNodes = 200_000
  /// Up to so many queries most blocks are touched, and checked, for the first time.
  private static let fewQueries = 8

  init(_ index: GraphIndex, vectorBytes: Int, queries: Int) {
    let last = index.calibration.entries.max { $0.breadth < $1.breadth }
    estimatesOfHop =
      last.flatMap { $0.hops > 0 ? Double($0.estimates / $0.hops) : nil } ?? Double(index.maximumNeighbors)
      / 2
    hopsOfBreadth = last.map { max(1, Double($0.hops) / Double($0.breadth)) } ?? 1
    let record = Double(index.codec.recordBytes(index.frame.paddedDimension))
    let isFar = index.nodes > Self.nearNodes
    let isFresh = queries <= Self.fewQueries
    // A block of an index file has 4 KiB, one of a segment 16 KiB; checking it and mapping its page comes on top.
    let freshRecord = isFresh ? 250.0 : 0
    let freshVector = isFresh ? 1800.0 : 0
    let estimate = 6 + record / 16 + (isFar ? 20 : 8)
    hop = 150 + (isFresh ? 350 : 0) + estimatesOfHop * (estimate + freshRecord / 2)
    code = 6 + record / 16 + (isFar ? 10 : 2) + freshRecord
    vector = 20 + Double(vectorBytes) / 20 + freshVector
    list = Double(index.nodes) * 1.5
    self.queries = Double(max(1, queries))
  }

  /// Lists that a walk reads to look at so many candidates.
  func hops(breadth: Int) -> Int { Int(Double(breadth) * hopsOfBreadth) + 8 }

  /// A walk that reads so many lists.
  func walk(hops: Int) -> Double { 3000 + Double(hops) * hop }

  /// Looking at so many matches, by the cheaper way.
  func look(_ matches: Int) -> Double { min(byVectors(matches), byCodes(matches, queries: queries)) }

  /// Whether reading the vectors of so many matches is cheaper than comparing their codes.
  func readsVectors(_ matches: Int) -> Bool { byVectors(matches) <= byCodes(matches, queries: queries) }

  /// Whether comparing codes is cheaper, for some more queries; `isListed` when the nodes of the matches are known.
  func comparesCodes(_ matches: Int, queries: Int, isListed: Bool) -> Bool {
    isListed || byCodes(matches, queries: max(self.queries, Double(queries))) < byVectors(matches)
  }

  private func byVectors(_ matches: Int) -> Double { Double(matches) * vector }

  private func byCodes(_ matches: Int, queries: Double) -> Double {
    list / queries + Double(matches) * code + 6000
  }
}

extension GraphIndex {
  /// Bytes of records and lists that so many estimates and lists touch.
  func searchedBytes(estimates: Int, hops: Int) -> Int {
    hops * 4 * maximumNeighbors + estimates * codec.recordBytes(frame.paddedDimension)
  }
}
