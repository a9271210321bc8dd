import TestSupport
import Testing
import VectorIndexes
import VectorMath

/// Graphs out of which dead rows are taken, against graphs that are built anew of what is left.
struct GraphHealingTests {
  /// Which rows die.
  enum Death: CaseIterable, Sendable {
    /// Each by itself.
    case random
    /// Those nearest to a few of them in space: whole neighbourhoods.
    case clustered
    /// The longest: under the inner product what stands before all others, and what the frame was made to fit.
    case longest
  }

  /// What is left of a sample, in another order.
  struct Rest {
    let vectors: SampleVectors
    /// For each row the one that it was.
    let oldRows: [UInt32]

    init(_ sample: SampleVectors, _ death: Death, share: Double, seed: UInt64) {
      var random = TestSupport.SeededGenerator(seed: seed)
      let wanted = Int(share * Double(sample.count))
      var dead: Set<Int> = []
      while dead.count < wanted {
        let row = random.below(sample.count)
        switch death {
        case .random: dead.insert(row)
        case .clustered:
          for near in SampleVectors(sample.rows, dimension: sample.dimension, metric: .l2)
            .nearest(sample.rows[row], wanted / 4 + 1)
          where dead.count < wanted { dead.insert(near) }
        case .longest:
          let lengths = sample.rows.map { $0.reduce(0) { $0 + $1 * $1 } }
          dead = Set((0..<sample.count).sorted { lengths[$0] > lengths[$1] }.prefix(wanted))
        }
      }
      var left = (0..<sample.count).filter { !dead.contains($0) }
      for place in left.indices.dropFirst() { left.swapAt(place, random.below(place + 1)) }
      self.init(sample, left)
    }

    init(_ sample: SampleVectors, _ rows: [Int]) {
      oldRows = rows.map { UInt32($0) }
      vectors = SampleVectors(
        rows.map { sample.rows[$0] }, dimension: sample.dimension, metric: sample.metric)
    }

    func healed(
      _ old: GraphContents, _ parameters: GraphParameters = GraphParameters(), threads: Int = 1
    ) throws -> GraphContents {
      let rows = try GraphAssembly.encode(vectors.source, in: old.frame, threads: threads)
      let assembly = GraphAssembly(
        source: vectors.source, metric: vectors.metric, parameters: parameters, threads: threads)
      return try #require(try assembly.heal(rows, old.view, old.nodeRows, oldRows))
    }
  }

  /// How many of the ten nearest of some queries, near rows that are there, are found.
  private func hits(_ vectors: SampleVectors, _ contents: GraphContents, breadth: Int, seed: UInt64) throws
    -> (found: Int, wanted: Int)
  {
    let search = try #require(SampleSearch(vectors, contents))
    var random = TestSupport.SeededGenerator(seed: seed)
    var (found, wanted) = (0, 0)
    for _ in 0..<100 {
      let near = vectors.rows[random.below(vectors.count)]
      let query = near.map { $0 + Float(random.below(2001) - 1000) / 2500 }
      #expect(try search.begin(query, breadth: breadth))
      try search.walk.run()
      let truth = vectors.nearest(query, 10)
      let limit = vectors.distance(query, truth[9])
      found += search.rows(query, 10).count { vectors.distance(query, $0) <= limit }
      wanted += 10
    }
    return (found, wanted)
  }

  /// Every row in exactly one node.
  private func holdsEachRowOnce(_ contents: GraphContents, _ count: Int) -> Bool {
    var rows = contents.looseRows.map { Int($0) }
    for node in 0..<contents.graph.count {
      for place in contents.nodeRows.places(of: node) { rows.append(Int(contents.nodeRows.row(at: place))) }
    }
    return rows.sorted() == Array(0..<count)
  }

  /// Whatever dies: the graph is sound, and finds what one that is built anew finds for the same effort.
  ///
  /// Over all shares and dimensions of a kind 0.01 less at most; 0.03 in a single sample, which chance has a part in. Where the
  /// longest die under the inner product the frame, which is kept, fits the others worse: 0.02.
  @Test(arguments: [Metric.cosine, .dot, .l2], Death.allCases)
  func aHealedGraphFindsWhatANewOneFinds(metric: Metric, death: Death) throws {
    var (healed, built, wanted) = (0, 0, 0)
    // 8 and 4 bits a coordinate.
    for (dimension, breadth) in [(24, 14), (200, 24)] {
      let sample = SampleVectors.clustered(2500, dimension: dimension, metric: metric, seed: 41)
      let (old, _) = try sample.contents()
      for share in [0.05, 0.2, 0.4] {
        let rest = Rest(sample, death, share: share, seed: 42)
        let new = try rest.healed(old)
        let what = "\(metric), \(dimension) dimensions, \(death) \(share), seeds 41 to 43"
        #expect(new.graph.brokenInvariants() == [], "\(what)")
        #expect(holdsEachRowOnce(new, rest.vectors.count), "\(what)")
        let own = try hits(rest.vectors, new, breadth: breadth, seed: 43)
        let other = try hits(rest.vectors, try rest.vectors.contents().0, breadth: breadth, seed: 43)
        if metric != .dot || death != .longest {
          #expect(own.found + 3 * own.wanted / 100 >= other.found, "\(what): \(own.found), \(other.found)")
        }
        healed += own.found
        built += other.found
        wanted += own.wanted
      }
    }
    print("healed: \(metric), \(death): \(healed) of \(wanted), built \(built)")
    let bound = metric == .dot && death == .longest ? wanted / 50 : wanted / 100
    #expect(healed + bound >= built, "\(metric), \(death): \(healed) of \(wanted), built \(built)")
  }

  @Test(arguments: [24, 200]) func theHealedGraphDoesNotDependOnThreads(dimension: Int) throws {
    let sample = SampleVectors.clustered(3000, dimension: dimension, metric: .l2, seed: 44)
    let (old, _) = try sample.contents()
    let rest = Rest(sample, .random, share: 0.3, seed: 45)
    let reference = try rest.healed(old)
    for threads in 2...4 {
      let other = try rest.healed(old, threads: threads)
      #expect(other.graph.numbers == reference.graph.numbers, "\(threads) threads, seeds 44, 45")
    }
  }

  /// Where nothing died lists and order stay what they were.
  @Test func nothingDeadChangesNothing() throws {
    let sample = SampleVectors.clustered(1500, dimension: 40, metric: .cosine, seed: 46)
    let (old, _) = try sample.contents()
    let new = try Rest(sample, Array(0..<1500)).healed(old)
    #expect(new.graph.count == old.graph.count)
    var different = 0
    for node in 0..<new.graph.count {
      if new.graph.point(node) != old.graph.point(node) { different += 1 }
      for place in 0..<32 where new.graph.neighbor(node, place) != old.graph.neighbor(node, place) {
        different += 1
      }
    }
    #expect(different == 0, "seed 46")
  }

  /// A node of equal rows lives as long as one of them; rows without a direction are in no node before and after.
  @Test(arguments: [Metric.cosine, .l2]) func equalRowsAreANodeAsLongAsOneLives(metric: Metric) throws {
    var random = TestSupport.SeededGenerator(seed: 47)
    let plain = SampleVectors.clustered(300, dimension: 16, metric: metric, seed: 48)
    var all = plain.rows
    for _ in 0..<500 { all.append(all[random.below(300)]) }
    for _ in 0..<20 { all.append([Float](repeating: 0, count: 16)) }
    let sample = SampleVectors(all, dimension: 16, metric: metric)
    let (old, _) = try sample.contents()
    let left = (0..<sample.count).filter { _ in !random.oneIn(3) }
    let rest = Rest(sample, left)
    let new = try rest.healed(old)
    #expect(new.graph.brokenInvariants() == [] && holdsEachRowOnce(new, left.count), "seeds 47, 48")
    let different = Set(left.map { sample.rows[$0] }).count
    let zeros = left.contains { $0 >= 800 } && metric == .cosine ? 1 : 0
    #expect(new.graph.count == different - zeros, "\(new.graph.count) of \(different), seeds 47, 48")
    #expect(new.looseRows.count == (metric == .cosine ? left.count { $0 >= 800 } : 0))
    let search = try #require(SampleSearch(rest.vectors, new))
    for row in stride(from: 0, to: 300, by: 30) {
      #expect(try search.begin(sample.rows[row], breadth: new.graph.count))
      try search.walk.run()
      let limit = rest.vectors.distance(sample.rows[row], rest.vectors.nearest(sample.rows[row], 12)[11])
      let found = search.rows(sample.rows[row], 12)
      #expect(
        found.count { rest.vectors.distance(sample.rows[row], $0) <= limit } >= 12 - new.looseRows.count)
    }
  }

  /// Whatever is left, down to nothing, and whatever died around it.
  @Test func fewSurvivorsAreJoined() throws {
    let sample = SampleVectors.clustered(900, dimension: 24, metric: .l2, seed: 49)
    let (old, _) = try sample.contents()
    var random = TestSupport.SeededGenerator(seed: 50)
    for count in [0, 1, 2, 3, 17, 33, 60] {
      var left: Set<Int> = []
      while left.count < count { left.insert(random.below(900)) }
      let new = try Rest(sample, left.sorted()).healed(old)
      #expect(new.graph.count == count && new.graph.brokenInvariants() == [], "\(count), seeds 49, 50")
    }
  }
}
