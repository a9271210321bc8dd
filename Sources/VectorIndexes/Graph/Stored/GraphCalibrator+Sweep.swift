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
    let workers = (0..<max(1, threads)).map { _ in SweepWorker(work.view, frame) }
    let most = ladders.flatMap(\.steps).reduce(1) { max($0, $1.breadth) }
    ParallelLoop.run(blocks: blocks, threads: threads) { block, worker in
      var found: [Outcomes] = []
      for place in block * atOnce..<min(range.count, (block + 1) * atOnce) {
        if isCancelled() { return }
        do throws(StorageError) {
          let outcomes = try measure(
            range.lowerBound + place, work, ladders, most, workers[worker], notesFactors)
          if let outcomes { found.append(outcomes) }
        } catch {
          // There is no file that could be damaged, or it was checked.
        }
      }
      results.set(block, found)
    }
    return results.all.flatMap { $0 }
  }

  /// Searches for one query; nil when nothing can be estimated for it.
  private func measure(
    _ index: Int, _ work: CalibrationWork, _ ladders: [GraphLadder], _ most: Int, _ worker: SweepWorker,
    _ notesFactors: Bool
  ) throws(StorageError) -> Outcomes? {
    let (walk, truth) = (worker.walk, work.truths[index])
    let isKnown = unsafe work.vectors.withUnsafeBufferPointer { all in
      guard let first = all.baseAddress else { return false }
      return unsafe walk.target.set(first + index * source.dimension)
    }
    guard isKnown, !truth.nodes.isEmpty else { return nil }
    let seeds = work.router.seeds(walk.target, wanted: GraphWalk.usualSeeds, worker.router)
    for (rank, node) in truth.nodes.enumerated() { worker.ranks[Int(node)] = UInt8(rank) }
    defer { for node in truth.nodes { worker.ranks[Int(node)] = SweepWorker.noRank } }
    var outcomes = Outcomes()
    let count = Int32(truth.nodes.count)
    outcomes.wanted = (min(1, count), min(10, count), min(100, count))
    outcomes.all = ladders.map { ladder in
      var empty: [Outcome] = []
      empty.reserveCapacity(ladder.steps.count)
      return empty
    }
    if notesFactors { outcomes.factors = GraphCalibration.measured.map { _ in [] } }
    try unsafe walk.begin(
      seeds: UnsafeBufferPointer(start: worker.router.seeds, count: seeds), GraphEffort(breadth: most),
      wanted: most, kept: GraphWalk.kept(breadth: most), hidden: work.hidden[index])
    try walk.run(passing: ladders) { ladder, step in
      let effort = ladders[ladder].steps[step]
      var outcome = hits(walk, work.view, truth, effort, wanted: ladders[ladder].wanted, worker)
      outcome.hops = Int32(clamping: walk.work.hops)
      outcome.estimates = Int32(clamping: walk.work.estimates)
      outcomes.all[ladder].append(outcome)
      guard notesFactors else { return }
      for (place, k) in GraphCalibration.measured.enumerated() {
        outcomes.factors[place].append(factor(walk, k, effort.breadth))
      }
    }
    return outcomes
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
    _ walk: GraphWalk, _ view: GraphView, _ truth: Truth, _ effort: GraphEffort, wanted: Int,
    _ worker: SweepWorker
  ) -> Outcome {
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
      let rank = worker.ranks[node]
      guard rank != SweepWorker.noRank else { continue }
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

/// Memory of one worker of a sweep; a worker uses its own only.
private final class SweepWorker: @unchecked Sendable {
  static let noRank = UInt8.max

  let walk: GraphWalk
  let router = RouterScratch()
  /// For each node its rank among the nearest of the present query, at most 99.
  let ranks: WorkArray<UInt8>

  init(_ view: GraphView, _ frame: VectorFrame) {
    walk = GraphWalk(view, GraphQuery(frame))
    ranks = WorkArray(count: view.count, repeating: Self.noRank)
  }
}
