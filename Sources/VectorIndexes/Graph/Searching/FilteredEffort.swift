/// How many candidates a search must look at, for each number of neighbours that it is to find.
///
/// Measured for some numbers; between them in proportion to both neighbours, beyond the greatest in proportion to it.
package struct RankedBreadths: Equatable, Sendable {
  /// One measured number of neighbours.
  package struct Point: Equatable, Sendable {
    /// Neighbours, at least 1.
    package var rank: Int
    /// Candidates to look at, at least `rank`.
    package var breadth: Int

    package init(rank: Int, breadth: Int) {
      self.rank = max(1, rank)
      self.breadth = max(self.rank, breadth)
    }
  }

  private let points: [Point]

  /// Breadths of at least one point; ranks that appear twice count once.
  package init(_ points: [Point]) {
    var sorted: [Point] = []
    for point in points.sorted(by: { ($0.rank, $0.breadth) < ($1.rank, $1.breadth) })
    where sorted.last?.rank != point.rank {
      sorted.append(Point(rank: point.rank, breadth: max(point.breadth, sorted.last?.breadth ?? 1)))
    }
    self.points = sorted
  }

  /// The breadth for so many neighbours, at least as many.
  package func breadth(_ rank: Int) -> Int {
    guard let first = points.first, let last = points.last else { return max(64, 2 * rank) }
    if rank <= first.rank { return max(rank, first.breadth) }
    if rank >= last.rank {
      let (product, overflow) = last.breadth.multipliedReportingOverflow(by: rank)
      return overflow ? Int.max : max(rank, (product + last.rank - 1) / last.rank)
    }
    var index = 1
    while points[index].rank < rank { index += 1 }
    let (low, high) = (points[index - 1], points[index])
    let share = Double(rank - low.rank) / Double(high.rank - low.rank)
    return max(rank, Int((Double(low.breadth) + share * Double(high.breadth - low.breadth)).rounded(.up)))
  }
}

/// How far a search among some of a graph's nodes goes.
package struct FilteredEffort: Equatable, Sendable {
  /// Neighbours wanted, at least 1.
  package var wanted: Int
  /// Lists that are read at most; a search that needs more gives up.
  package var mostHops: Int
  /// A search that has read so many lists and not seen as many matches as wanted gives up: they lie far away.
  package var doubtfulHops: Int
  /// The rank that the last wanted match would have among all nodes if matches were spread evenly.
  package var evenRank: Int
  /// How many candidates to look at, by the rank among all nodes that the last wanted one turns out to have.
  package var breadths: RankedBreadths

  package init(
    wanted: Int, mostHops: Int, doubtfulHops: Int = .max, evenRank: Int = .max, breadths: RankedBreadths
  ) {
    self.wanted = max(1, wanted)
    self.evenRank = max(1, evenRank)
    self.doubtfulHops = doubtfulHops
    self.mostHops = max(1, mostHops)
    self.breadths = breadths
  }

  /// Candidates to look at when the last wanted match has such a rank among the nodes seen.
  ///
  /// Where it comes much later than if matches were spread evenly they lie apart, and are harder to reach than their rank says.
  func breadth(_ rank: Int) -> Int {
    let breadth = breadths.breadth(rank)
    guard rank / 2 > evenRank else { return breadth }
    return breadth.addingReportingOverflow(breadth / 2).partialValue
  }
}
