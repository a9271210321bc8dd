internal import FileStorage
internal import Quantization
internal import VectorMath

extension GraphCalibrator {
  /// What one query finds with one breadth.
  private struct Outcome: Sendable {
    /// For each measured k how many of the nearest were among what would be scored exactly.
    var hits: (Int32, Int32, Int32) = (0, 0, 0)
    var hops: Int32 = 0
    var estimates: Int32 = 0
  }

  /// What one query finds with every breadth; empty when it could not be searched for.
  private struct Outcomes: Sendable {
    var byBreadth: [Outcome] = []
    var wanted: (Int32, Int32, Int32) = (0, 0, 0)
  }

  /// Measures every breadth, each query by one walk.
  ///
  /// A walk of a lesser breadth does the same steps and ends earlier: when none of its first candidates waits any more. So the
  /// greatest walk shows on its way what each lesser one would have found.
  func sweep(
    _ vectors: [Float], _ hidden: [Int], _ truths: [Truth], _ view: GraphView, _ router: GraphRouter
  ) -> [GraphCalibration.Entry] {
    // Some queries show how far the others need to go: to where nearly all of the hundred nearest are found.
    let scouts = min(hidden.count, 200)
    var breadths = GraphCalibration.breadths
    let first = search(0..<scouts, vectors, hidden, truths, view, router, breadths)
    let saturated = Self.entries(first, breadths, nodes: view.count).first {
      $0.k == GraphCalibration.measured.last && $0.recall >= 0.998
    }
    if let saturated { breadths.removeAll { $0 > saturated.breadth } }
    let rest = search(scouts..<hidden.count, vectors, hidden, truths, view, router, breadths)
    return Self.entries(first + rest, breadths, nodes: view.count)
  }

  /// Searches for some queries with growing breadth.
  private func search(
    _ range: Range<Int>, _ vectors: [Float], _ hidden: [Int], _ truths: [Truth], _ view: GraphView,
    _ router: GraphRouter, _ breadths: [Int]
  ) -> [Outcomes] {
    let results = ResultSlots<Outcomes>(count: range.count, initial: Outcomes())
    let atOnce = 16
    ParallelLoop.run(blocks: (range.count + atOnce - 1) / atOnce, threads: threads) { block in
      let query = GraphQuery(frame)
      let walk = GraphWalk(view, query)
      let scratch = RouterScratch()
      for place in block * atOnce..<min(range.count, (block + 1) * atOnce) {
        let index = range.lowerBound + place
        if isCancelled() { return }
        let isKnown = unsafe vectors.withUnsafeBufferPointer { all in
          guard let first = all.baseAddress else { return false }
          return unsafe query.set(first + index * source.dimension)
        }
        guard isKnown, !truths[index].nodes.isEmpty else { continue }
        let seeds = router.seeds(query, wanted: GraphWalk.usualSeeds, scratch)
        let truth = truths[index]
        var ranks: [UInt32: Int] = [:]
        for (rank, node) in truth.nodes.enumerated() { ranks[node] = rank }
        var outcomes = Outcomes()
        let count = Int32(truth.nodes.count)
        outcomes.wanted = (min(1, count), min(10, count), min(100, count))
        do throws(StorageError) {
          let most = breadths[breadths.count - 1]
          try unsafe walk.begin(
            seeds: UnsafeBufferPointer(start: scratch.seeds, count: seeds), GraphEffort(breadth: most),
            wanted: most, kept: GraphWalk.kept(breadth: most), filter: nil, hidden: hidden[index])
          try walk.run(passing: breadths) { breadth in
            var outcome = hits(walk, query, view, truth, ranks, kept: GraphWalk.kept(breadth: breadth))
            outcome.hops = Int32(clamping: walk.work.hops)
            outcome.estimates = Int32(clamping: walk.work.estimates)
            outcomes.byBreadth.append(outcome)
          }
        } catch {
          // There is no file that could be damaged, or it was checked.
          continue
        }
        results.set(place, outcomes)
      }
    }
    return results.all
  }

  /// Of the nearest nodes those that are among the first candidates and whose bound lets them be scored.
  private func hits(
    _ walk: GraphWalk, _ query: GraphQuery, _ view: GraphView, _ truth: Truth, _ ranks: [UInt32: Int],
    kept: Int
  ) -> Outcome {
    var outcome = Outcome()
    func limit(_ k: Int) -> Float { truth.squared[min(k, truth.squared.count) - 1] * 1.0001 }
    let limits = (limit(1), limit(10), limit(100))
    for place in 0..<min(kept, walk.candidateCount) {
      let (node, estimate) = walk.candidate(place)
      guard let rank = ranks[UInt32(node)] else { continue }
      let bound = view.lowerBound(node, estimate, query)
      if rank < 1, bound <= limits.0 { outcome.hits.0 += 1 }
      if rank < 10, bound <= limits.1 { outcome.hits.1 += 1 }
      if rank < 100, bound <= limits.2 { outcome.hits.2 += 1 }
    }
    return outcome
  }

  /// The entries of all k and breadths, until nothing more is gained.
  private static func entries(
    _ all: [Outcomes], _ breadths: [Int], nodes: Int
  ) -> [GraphCalibration.Entry] {
    let known = all.filter { !$0.byBreadth.isEmpty }
    var entries: [GraphCalibration.Entry] = []
    for (place, k) in GraphCalibration.measured.enumerated() where k == 1 || k <= nodes {
      for (index, breadth) in breadths.enumerated() where breadth >= k {
        var recalls: [Double] = []
        recalls.reserveCapacity(known.count)
        var hops = 0.0
        var estimates = 0.0
        for outcomes in known {
          let outcome = outcomes.byBreadth[index]
          let hits = place == 0 ? outcome.hits.0 : place == 1 ? outcome.hits.1 : outcome.hits.2
          let wanted = place == 0 ? outcomes.wanted.0 : place == 1 ? outcomes.wanted.1 : outcomes.wanted.2
          recalls.append(Double(hits) / Double(max(1, wanted)))
          hops += Double(outcome.hops)
          estimates += Double(outcome.estimates)
        }
        let entry = summary(k, breadth, &recalls, hops: hops, estimates: estimates)
        entries.append(entry)
        if entry.recall >= 0.9995 || breadth >= nodes { break }
      }
    }
    return entries
  }

  private static func summary(
    _ k: Int, _ breadth: Int, _ recalls: inout [Double], hops: Double, estimates: Double
  ) -> GraphCalibration.Entry {
    let count = Double(max(1, recalls.count))
    recalls.sort()
    let mean = recalls.reduce(0, +) / count
    return GraphCalibration.Entry(
      k: k, breadth: breadth, recall: Float(mean), lower: Float(lowerBound(recalls, mean, k: k)),
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
