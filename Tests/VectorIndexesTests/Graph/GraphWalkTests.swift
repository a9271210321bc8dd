import Quantization
import TestSupport
import Testing
import VectorIndexes
import VectorMath

/// Searches through graphs in memory, against brute force.
struct GraphWalkTests {
  /// Both codecs: 8 bits up to 192 padded dimensions, 4 bits above.
  static let dimensions = [3, 64, 190, 200, 384]

  @Test(arguments: [Metric.cosine, .dot, .l2], dimensions)
  func findsWhatIsNear(metric: Metric, dimension: Int) throws {
    let vectors = SampleVectors.clustered(2500, dimension: dimension, metric: metric, seed: 4)
    let (contents, _) = try vectors.contents()
    #expect(contents.graph.brokenInvariants() == [])
    let search = try #require(SampleSearch(vectors, contents))
    var hits = 0
    for index in stride(from: 3, to: 2500, by: 50) {
      let query = vectors.rows[index].map { $0 * 1.01 + 0.01 }
      #expect(try search.begin(query, breadth: 80))
      try search.walk.run()
      let truth = vectors.nearest(query, 10)
      let limit = vectors.distance(query, truth[9])
      hits += search.rows(query, 10).count { vectors.distance(query, $0) <= limit }
    }
    #expect(hits >= 475, "\(metric), \(dimension) dimensions: \(hits) of 500, seed 4")
  }

  @Test(arguments: [Metric.cosine, .dot, .l2])
  func aBreadthOfAllNodesFindsAllAndEachOnce(metric: Metric) throws {
    let vectors = SampleVectors.clustered(700, dimension: 20, metric: metric, seed: 6)
    let (contents, _) = try vectors.contents()
    let search = try #require(SampleSearch(vectors, contents))
    for index in [0, 13, 699] {
      #expect(try search.begin(vectors.rows[index], breadth: 700))
      try search.walk.run()
      #expect(Set(search.nodes()).count == contents.graph.count)
      #expect(search.nodes().count == contents.graph.count)
      let estimates = (0..<search.walk.candidateCount).map { search.walk.candidate($0).squared }
      #expect(estimates == estimates.sorted())
      #expect(search.rows(vectors.rows[index], 700) == vectors.nearest(vectors.rows[index], 700))
    }
  }

  /// A query far from the middle of all rows loses more by its code than the rows near it are apart: the bound must know that.
  @Test(arguments: [2, 24, 64])
  func whatIsNearIsNotRuledOutByItsBound(dimension: Int) throws {
    var random = TestSupport.SeededGenerator(seed: 31)
    func point(_ place: Int) -> [Float] {
      (0..<dimension).map { _ in Float(place) * 60 + Float(random.below(2001) - 1000) / 500 }
    }
    let rows = (0..<2000).map { point($0 % 4) }
    let vectors = SampleVectors(rows, dimension: dimension, metric: .l2)
    let (contents, _) = try vectors.contents()
    let search = try #require(SampleSearch(vectors, contents))
    var (kept, wanted) = (0, 0)
    for number in 0..<40 {
      let query = point(number % 4)
      #expect(try search.begin(query, breadth: 2000))
      try search.walk.run()
      let truth = Set(vectors.nearest(query, 10))
      let farthest = truth.map { vectors.distance(query, $0) }.max() ?? 0
      let squares = query.reduce(0.0) { $0 + Double($1) * Double($1) }
      let limit = contents.frame.squaredDistance(of: farthest, querySquares: squares) * 1.0001
      for place in 0..<search.walk.candidateCount {
        let node = search.walk.candidate(place).node
        let near = contents.nodeRows.places(of: node).map { Int(contents.nodeRows.row(at: $0)) }
          .filter { truth.contains($0) }
        guard !near.isEmpty else { continue }
        wanted += near.count
        if search.walk.mayReach(place, limit) { kept += near.count }
      }
    }
    #expect(wanted == 400)
    // The residuals of one row in a hundred are greater than the one that is reckoned with.
    #expect(kept >= 390, "\(kept) of \(wanted) in \(dimension) dimensions, seed 31")
  }

  /// The longest rows lose most by their codes, and are what is found by product.
  @Test func longRowsAreNotRuledOutByTheirBound() throws {
    var random = TestSupport.SeededGenerator(seed: 33)
    func row(_ length: Float) -> [Float] {
      (0..<48).map { _ in length * Float(random.below(2001) - 1000) / 1000 }
    }
    let rows = (0..<3000).map { row($0 % 150 == 0 ? 20 : 1) }
    let vectors = SampleVectors(rows, dimension: 48, metric: .dot)
    let (contents, _) = try vectors.contents()
    let view = try #require(contents.view)
    let search = try #require(SampleSearch(vectors, contents))
    var (kept, wanted) = (0, 0)
    for _ in 0..<40 {
      let query = row(1)
      #expect(try search.begin(query, breadth: 3000))
      try search.walk.run()
      let truth = Set(vectors.nearest(query, 10))
      let farthest = truth.map { vectors.distance(query, $0) }.max() ?? 0
      let squares = query.reduce(0.0) { $0 + Double($1) * Double($1) }
      let limit = contents.frame.squaredDistance(of: farthest, querySquares: squares) * 1.0001
      for place in 0..<search.walk.candidateCount {
        let node = search.walk.candidate(place).node
        let near = contents.nodeRows.places(of: node).map { Int(contents.nodeRows.row(at: $0)) }
        guard near.contains(where: { truth.contains($0) }) else { continue }
        wanted += 1
        if search.walk.mayReach(place, limit) { kept += 1 }
      }
    }
    #expect(view.count > 2000 && wanted > 300)
    #expect(kept == wanted, "\(kept) of \(wanted), seed 33")
  }

  /// Groups so small and dense that all their neighbours are in them, and far from everything else.
  @Test func smallDenseGroupsAreFound() throws {
    var random = TestSupport.SeededGenerator(seed: 32)
    func noise(_ size: Float) -> [Float] {
      (0..<48).map { _ in size * Float(random.below(2001) - 1000) / 1000 }
    }
    let middles = (0..<60).map { _ in noise(2).map { $0 + 4 } }
    func near(_ group: Int) -> [Float] { zip(middles[group], noise(0.2)).map { $0 + $1 } }
    let rows = (0..<3000).map { _ in noise(1) } + (0..<2400).map { near($0 % 60) }
    let vectors = SampleVectors(rows, dimension: 48, metric: .l2)
    let (contents, _) = try vectors.contents()
    #expect(contents.graph.brokenInvariants() == [])
    let search = try #require(SampleSearch(vectors, contents))
    var found = 0
    for group in 0..<60 {
      let query = near(group)
      #expect(try search.begin(query, breadth: 20))
      try search.walk.run()
      found += search.rows(query, 10).count { $0 >= 3000 && $0 % 60 == group }
    }
    #expect(found >= 540, "\(found) of 600, seed 32")
  }

  @Test(arguments: [64, 384])
  func walksThatTakeTurnsFindTheSame(dimension: Int) throws {
    let vectors = SampleVectors.clustered(1500, dimension: dimension, metric: .l2, seed: 8)
    let (contents, _) = try vectors.contents()
    let search = try #require(SampleSearch(vectors, contents))
    let view = try #require(contents.view)
    var alone: [[Int]] = []
    var work: [GraphWork] = []
    for index in 0..<8 {
      #expect(try search.begin(vectors.rows[index * 100], breadth: 30))
      try search.walk.run()
      alone.append(search.nodes())
      work.append(search.walk.work)
    }
    let walks = (0..<8).map { _ in GraphWalk(view, GraphQuery(contents.frame)) }
    for index in 0..<8 {
      #expect(try search.begin(vectors.rows[index * 100], breadth: 30, walk: walks[index]))
    }
    var isGoing = [Bool](repeating: true, count: 8)
    while isGoing.contains(true) {
      for index in 0..<8 where isGoing[index] { isGoing[index] = try walks[index].step() }
    }
    for index in 0..<8 {
      #expect(search.nodes(walks[index]) == alone[index])
      #expect(walks[index].work == work[index])
    }
  }

  @Test func aHiddenNodeIsNeverFound() throws {
    let vectors = SampleVectors.clustered(900, dimension: 40, metric: .cosine, seed: 2)
    let (contents, _) = try vectors.contents()
    let search = try #require(SampleSearch(vectors, contents))
    for node in stride(from: 0, to: contents.graph.count, by: 37) {
      let row = Int(contents.nodeRows.row(at: contents.nodeRows.places(of: node).lowerBound))
      #expect(try search.begin(vectors.rows[row], breadth: 900, hidden: node))
      try search.walk.run()
      #expect(!search.nodes().contains(node))
    }
  }

  @Test(arguments: [1, 10, 100], [64, 384])
  func aGreaterWalkPassesWhatLesserEffortsFind(wanted: Int, dimension: Int) throws {
    let vectors = SampleVectors.clustered(2500, dimension: dimension, metric: .l2, seed: 9)
    let (contents, _) = try vectors.contents()
    let search = try #require(SampleSearch(vectors, contents))
    let plain = [1, 10, 30, 100, 400].map { GraphEffort(breadth: $0) }
    let early = [(100, 1.0), (130, 1.02), (200, 1.1), (300, 1.5), (400, 9)].map {
      GraphEffort(breadth: $0.0, slack: Float($0.1))
    }
    let ladders = [GraphLadder(wanted: wanted, plain), GraphLadder(wanted: wanted, early)]
    for index in stride(from: 0, to: 2500, by: 250) {
      let query = vectors.rows[index].map { $0 * 0.98 }
      var passed: [[(nodes: [Int], work: GraphWork)]] = [[], []]
      #expect(try search.begin(query, breadth: 400, wanted: 400))
      try search.walk.run(passing: ladders) { ladder, step in
        #expect(step == passed[ladder].count)
        passed[ladder].append((search.nodes(), search.walk.work))
      }
      for (ladder, efforts) in [plain, early].enumerated() {
        try #require(passed[ladder].count == efforts.count)
        for (effort, then) in zip(efforts, passed[ladder]) {
          #expect(try search.begin(query, breadth: effort.breadth, slack: effort.slack, wanted: wanted))
          try search.walk.run()
          let found = search.nodes()
          #expect(search.walk.work == then.work, "row \(index), \(effort)")
          #expect(found == Array(then.nodes.prefix(found.count)), "row \(index), \(effort)")
          // All candidates, or those in reach, but so many at least.
          let least = min(
            GraphWalk.kept(breadth: effort.slack < .infinity ? wanted : effort.breadth), then.nodes.count)
          #expect(found.count >= least)
          if effort.slack < .infinity {
            let reach = search.walk.candidate(wanted - 1).squared * effort.slack
            for place in least..<max(least, found.count) {
              #expect(search.walk.candidate(place).squared <= reach)
            }
          }
        }
      }
    }
  }

  @Test func rowsWithTheSameCodeAreOneNodeAndAllAreFound() throws {
    var random = TestSupport.SeededGenerator(seed: 1)
    let kinds = (0..<40).map { _ in (0..<16).map { _ in Float(random.below(200)) / 100 - 1 } }
    let vectors = SampleVectors((0..<2000).map { kinds[$0 % 40] }, dimension: 16, metric: .l2)
    let (contents, _) = try vectors.contents()
    #expect(contents.graph.count == 40)
    let search = try #require(SampleSearch(vectors, contents))
    #expect(try search.begin(kinds[7], breadth: 10))
    try search.walk.run()
    #expect(search.rows(kinds[7], 50) == (0..<50).map { 40 * $0 + 7 })
  }

  @Test func zeroVectorsAreLooseUnderCosineAndNodesElsewhere() throws {
    var rows = SampleVectors.clustered(300, dimension: 8, metric: .cosine, seed: 3).rows
    for index in stride(from: 0, to: 300, by: 30) { rows[index] = [Float](repeating: 0, count: 8) }
    for metric in [Metric.cosine, .dot, .l2] {
      let vectors = SampleVectors(rows, dimension: 8, metric: metric)
      let (contents, _) = try vectors.contents()
      #expect(contents.looseRows == (metric == .cosine ? (0..<10).map { UInt32(30 * $0) } : []))
      #expect(contents.graph.brokenInvariants() == [])
    }
    let zeros = SampleVectors(
      [[Float]](repeating: [0, 0, 0], count: 50), dimension: 3, metric: .cosine)
    let (contents, _) = try zeros.contents()
    #expect(contents.graph.count == 0)
    #expect(contents.looseRows.count == 50)
  }

  @Test(arguments: [0, 1, 2, 3, 33])
  func fewRowsMakeAGraph(count: Int) throws {
    let vectors = SampleVectors.clustered(count, dimension: 5, metric: .l2, seed: 9)
    let (contents, rows) = try vectors.contents()
    #expect(contents.graph.count == count)
    #expect(contents.graph.brokenInvariants() == [])
    let calibrator = GraphCalibrator(
      contents: contents, rows: rows, source: vectors.source, metric: .l2, threads: 1)
    _ = try calibrator.measure(nil)
  }
}
