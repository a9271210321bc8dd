internal import FileStorage
internal import Quantization
internal import VectorMath

extension GraphCalibrator {
  /// What one query finds with one effort.
  private struct Outcome: Sendable {
    /// For each measured k how many of the nearest were among what would be scored exactly.
    var hits: (Int32, Int32, Int32) = (0, 0, 0)
    var hops: Int32 = 0
    var estimates: Int32 = 0
  }

  /// What one query finds with every effort; empty when it could not be searched for.
  private struct Outcomes: Sendable {
    /// Ladder by ladder, step by step.
    var all: [[Outcome]] = []
    var wanted: (Int32, Int32, Int32) = (0, 0, 0)
    /// For each measured k, and each step of the first ladder, how much farther the last candidate of its breadth was than the k-th.
    ///
    /// Factors of squared distances, kept of scouts only.
    var factors: [[Float]] = []

    /// Nothing.
    init() {}

    /// Room for what a query with this truth finds.
    init(_ truth: Truth, _ ladders: [GraphLadder]) {
      let count = Int32(truth.nodes.count)
      wanted = (min(1, count), min(10, count), min(100, count))
      all = ladders.map { ladder in
        var empty: [Outcome] = []
        empty.reserveCapacity(ladder.steps.count)
        return empty
      }
    }
  }

  /// Measures every effort, each query by one walk.
  ///
  /// A walk of a lesser effort does the same steps and ends earlier. So the greatest walk shows on its way what each lesser one would
  /// have found.
  func sweep(
    _ vectors: [Float], _ hidden: [Int], _ truths: [Truth], _ view: GraphView, _ router: GraphRouter
  ) -> [GraphCalibration.Entry] {
    // Some queries show how far the others need to go: to where nearly all of the nearest are found.
    let scouts = min(hidden.count, 200)
    let plain = GraphLadder(wanted: 1, GraphCalibration.breadths.map { GraphEffort(breadth: $0) })
    let work = CalibrationWork(vectors: vectors, hidden: hidden, truths: truths, view: view, router: router)
    let first = search(0..<scouts, work, [plain], notesFactors: true)
    let known = Self.entries(first, [plain], nodes: view.count)
    func saturation(_ k: Int?) -> Int {
      known.first { $0.k == k && $0.recall >= 0.998 }?.breadth ?? plain.steps[plain.steps.count - 1].breadth
    }
    let most = saturation(known.last?.k)
    var ladders = [GraphLadder(wanted: 1, plain.steps.filter { $0.breadth <= most })]
    for (place, k) in GraphCalibration.measured.enumerated() where k == 1 || k <= view.count {
      ladders.append(Self.earlyLadder(first, plain, place, k, upTo: min(most, saturation(k))))
    }
    return Self.entries(search(0..<hidden.count, work, ladders), ladders, nodes: view.count)
  }

  /// Efforts that end early where a plain search of each breadth ends as a rule; they may look at four times as many candidates where
  /// the nearest are not so clear.
  private static func earlyLadder(
    _ scouts: [Outcomes], _ plain: GraphLadder, _ place: Int, _ k: Int, upTo most: Int
  ) -> GraphLadder {
    let greatest = plain.steps[plain.steps.count - 1].breadth
    var steps: [GraphEffort] = []
    var slack: Float = 1
    for (step, effort) in plain.steps.enumerated() where effort.breadth >= k && effort.breadth <= most {
      let factors = scouts.map { $0.factors[place][step] }.sorted()
      guard !factors.isEmpty, factors[factors.count / 2] < 1e6 else { break }
      slack = max(slack, factors[factors.count / 2])
      steps.append(
        GraphEffort(
          breadth: max(effort.breadth, min(4 * effort.breadth, greatest)), slack: slack))
    }
    return GraphLadder(wanted: k, steps)
  }

  /// What is searched for, and in what.
  private struct CalibrationWork {
    let vectors: [Float]
    let hidden: [Int]
    let truths: [Truth]
    let view: GraphView
    let router: GraphRouter
  }

  /// Searches for some queries with growing effort; gives those that could be searched for.
  private func search(
    _ range: Range<Int>, _ work: CalibrationWork, _ ladders: [GraphLadder], notesFactors: Bool = false
  ) -> [Outcomes] {
    let atOnce = 32
    let blocks = (range.count + atOnce - 1) / atOnce
    let results = ParallelResults<[Outcomes]>(blocks)
    let workers = (0..<max(1, threads)).map { _ in
      SingleOwner((0..<Self.turns).map { _ in SweepWalk(work.view, frame) })
    }
    let most = ladders.flatMap(\.steps).reduce(1) { max($0, $1.breadth) }
    ParallelLoop.run(blocks: blocks, threads: threads) { block, worker in
      let queries =
        range.lowerBound + block
        * atOnce..<min(
          range.upperBound, range.lowerBound + (block + 1) * atOnce)
      results.set(block, search(queries, work, ladders, most, workers[worker].value, notesFactors))
    }
    return results.all.flatMap { $0 }
  }

  /// Walks of a thread that take turns, so that they wait for memory together.
  private static var turns: Int { 4 }

  /// Searches for some queries by some walks in turn.
  private func search(
    _ queries: Range<Int>, _ work: CalibrationWork, _ ladders: [GraphLadder], _ most: Int,
    _ walks: [SweepWalk],
    _ notesFactors: Bool
  ) -> [Outcomes] {
    var found = [Outcomes](repeating: Outcomes(), count: queries.count)
    var next = queries.lowerBound
    var under = walks.filter { begin($0, &next, queries.upperBound, work, ladders, most) }
    while !under.isEmpty {
      if isCancelled() { return [] }
      for place in under.indices.reversed() {
        let turn = under[place]
        let truth = work.truths[turn.query]
        let own = turn.query - queries.lowerBound
        var goesOn = false
        do throws(StorageError) {
          goesOn = try turn.walk.step(passing: ladders, &turn.passed) { ladder, step in
            let effort = ladders[ladder].steps[step]
            var outcome = hits(turn, work.view, truth, effort, wanted: ladders[ladder].wanted)
            outcome.hops = Int32(clamping: turn.walk.work.hops)
            outcome.estimates = Int32(clamping: turn.walk.work.estimates)
            if found[own].all.isEmpty { found[own] = Outcomes(truth, ladders) }
            found[own].all[ladder].append(outcome)
            guard notesFactors else { return }
            if found[own].factors.isEmpty { found[own].factors = GraphCalibration.measured.map { _ in [] } }
            for (place, k) in GraphCalibration.measured.enumerated() {
              found[own].factors[place].append(factor(turn.walk, k, effort.breadth))
            }
          }
        } catch {
          // There is no file that could be damaged, or it was checked.
          found[own] = Outcomes()
        }
        if goesOn { continue }
        turn.forget(truth.nodes)
        if !begin(turn, &next, queries.upperBound, work, ladders, most) { under.remove(at: place) }
      }
    }
    return found.filter { !$0.all.isEmpty }
  }

  /// Begins the next query for which anything can be estimated; false when there is none.
  private func begin(
    _ turn: SweepWalk, _ next: inout Int, _ end: Int, _ work: CalibrationWork, _ ladders: [GraphLadder],
    _ most: Int
  ) -> Bool {
    while next < end {
      let index = next
      next += 1
      let nodes = work.truths[index].nodes
      let isKnown = unsafe work.vectors.withUnsafeBufferPointer { all in
        guard let first = all.baseAddress else { return false }
        return unsafe turn.walk.target.set(first + index * source.dimension)
      }
      guard isKnown, !nodes.isEmpty else { continue }
      let seeds = work.router.seeds(turn.walk.target, wanted: GraphWalk.usualSeeds, turn.router)
      do throws(StorageError) {
        try unsafe turn.walk.begin(
          seeds: UnsafeBufferPointer(start: turn.router.seeds, count: seeds), GraphEffort(breadth: most),
          wanted: most, kept: GraphWalk.kept(breadth: most), hidden: work.hidden[index])
      } catch {
        continue
      }
      turn.query = index
      turn.passed = [Int](repeating: 0, count: ladders.count)
      turn.learn(nodes)
      return true
    }
    return false
  }

  /// How much farther than the k-th the last candidate of a breadth is; infinite when there are not as many.
  private func factor(_ walk: GraphWalk, _ k: Int, _ breadth: Int) -> Float {
    guard breadth >= k, walk.candidateCount >= breadth else { return .infinity }
    let kth = walk.candidate(k - 1).squared
    let last = walk.candidate(breadth - 1).squared
    return last <= kth ? 1 : kth > 0 ? last / kth : .infinity
  }

  /// Of the nearest nodes those that a search of such an effort has among its candidates and whose bound lets them be scored.
  private func hits(
    _ turn: SweepWalk, _ view: GraphView, _ truth: Truth, _ effort: GraphEffort, wanted: Int
  ) -> Outcome {
    let walk = turn.walk
    var outcome = Outcome()
    func limit(_ k: Int) -> Float { truth.squared[min(k, truth.squared.count) - 1] * 1.0001 }
    let limits = (limit(1), limit(10), limit(100))
    for place in 0..<min(GraphWalk.kept(breadth: effort.breadth), walk.candidateCount) {
      let (node, estimate) = walk.candidate(place)
      // A search that ends early leaves out what is out of its reach.
      if place >= GraphWalk.kept(breadth: wanted), effort.slack < .infinity,
        estimate > walk.candidate(wanted - 1).squared * effort.slack
      {
        break
      }
      let rank = turn.ranks[node]
      guard rank != SweepWalk.noRank else { continue }
      let bound = view.lowerBound(node, estimate, walk.target)
      if rank < 1, bound <= limits.0 { outcome.hits.0 += 1 }
      if rank < 10, bound <= limits.1 { outcome.hits.1 += 1 }
      if rank < 100, bound <= limits.2 { outcome.hits.2 += 1 }
    }
    return outcome
  }

  /// The entries of all k and efforts, until nothing more is gained: of the first ladder for every k, of the others for their own.
  private static func entries(
    _ all: [Outcomes], _ ladders: [GraphLadder], nodes: Int
  ) -> [GraphCalibration.Entry] {
    var entries: [GraphCalibration.Entry] = []
    for (place, k) in GraphCalibration.measured.enumerated() where k == 1 || k <= nodes {
      for (number, ladder) in ladders.enumerated() where number == 0 || number == place + 1 {
        for (step, effort) in ladder.steps.enumerated() where effort.breadth >= k {
          let entry = summary(all, place, k, effort, number, step)
          entries.append(entry)
          if entry.recall >= 0.9995 || number == 0 && effort.breadth >= nodes { break }
        }
      }
    }
    return entries
  }

  private static func summary(
    _ all: [Outcomes], _ place: Int, _ k: Int, _ effort: GraphEffort, _ ladder: Int, _ step: Int
  ) -> GraphCalibration.Entry {
    var recalls: [Double] = []
    recalls.reserveCapacity(all.count)
    var hops = 0.0
    var estimates = 0.0
    for outcomes in all {
      let outcome = outcomes.all[ladder][step]
      let hits = place == 0 ? outcome.hits.0 : place == 1 ? outcome.hits.1 : outcome.hits.2
      let wanted = place == 0 ? outcomes.wanted.0 : place == 1 ? outcomes.wanted.1 : outcomes.wanted.2
      recalls.append(Double(hits) / Double(max(1, wanted)))
      hops += Double(outcome.hops)
      estimates += Double(outcome.estimates)
    }
    let count = Double(max(1, recalls.count))
    recalls.sort()
    let mean = recalls.reduce(0, +) / count
    return GraphCalibration.Entry(
      k: k, breadth: effort.breadth, slack: effort.slack, recall: Float(mean),
      lower: Float(lowerBound(recalls, mean, k: k)),
      worstTenth: Float(recalls.isEmpty ? 0 : recalls[recalls.count / 10]), hops: Float(hops / count),
      estimates: Float(estimates / count))
  }

  /// A bound of the true mean with a confidence of 97 of a hundred.
  ///
  /// Of the variance among queries; but never more sure than a share of as many trials, ten at most for each query, allows
  /// (Wilson 1927), which matters where queries hardly differ.
  private static func lowerBound(_ recalls: [Double], _ mean: Double, k: Int) -> Double {
    let count = Double(recalls.count)
    guard count > 1 else { return 0 }
    let z = 1.881
    var variance = 0.0
    for recall in recalls { variance += (recall - mean) * (recall - mean) }
    variance /= count - 1
    let byVariance = mean - z * (variance / count).squareRoot()
    let trials = count * Double(min(k, 10))
    let centre = mean + z * z / (2 * trials)
    let spread = z * (mean * (1 - mean) / trials + z * z / (4 * trials * trials)).squareRoot()
    let byTrials = (centre - spread) / (1 + z * z / trials)
    return max(0, min(byVariance, byTrials))
  }
}

/// One of the walks of a sweep that a thread takes in turn.
private final class SweepWalk {
  static let noRank = UInt8.max

  let walk: GraphWalk
  let router = RouterScratch()
  /// For each node its rank among the nearest of the present query, at most 99.
  let ranks: WorkArray<UInt8>
  /// The present query, and how many efforts of each ladder it has passed.
  var query = 0
  var passed: [Int] = []

  init(_ view: GraphView, _ frame: VectorFrame) {
    walk = GraphWalk(view, GraphQuery(frame))
    ranks = WorkArray(count: view.count, repeating: Self.noRank)
  }

  /// Takes the nearest nodes of a query.
  func learn(_ nodes: [UInt32]) {
    for (rank, node) in nodes.enumerated() { ranks[Int(node)] = UInt8(rank) }
  }

  /// Takes that back.
  func forget(_ nodes: [UInt32]) {
    for node in nodes { ranks[Int(node)] = Self.noRank }
  }
}
