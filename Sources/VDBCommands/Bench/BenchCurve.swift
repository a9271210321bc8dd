#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Recall against speed for one way of asking, as the candidates kept grow.
struct BenchCurve {
  let suite: BenchSuite
  /// Points without those that another one beats in both, recall rising and speed falling.
  let points: [(recall: Double, rate: Double)]

  /// The curves among some results.
  static func all(_ results: [BenchResult]) -> [BenchCurve] {
    var curves: [BenchCurve] = []
    for suite in [BenchSuite.search, .batch] {
      var points: [(recall: Double, rate: Double)] = []
      for result in results where result.suite == suite && result.effort != nil {
        if let recall = result.recall { points.append((recall: recall, rate: result.rate)) }
      }
      if !points.isEmpty { curves.append(BenchCurve(suite: suite, points)) }
    }
    return curves
  }

  init(suite: BenchSuite, _ all: [(recall: Double, rate: Double)]) {
    self.suite = suite
    var front: [(recall: Double, rate: Double)] = []
    for point in all.sorted(by: { ($0.recall, $0.rate) > ($1.recall, $1.rate) }) {
      if point.rate > front.last?.rate ?? 0 { front.append(point) }
    }
    points = front.reversed()
  }

  /// The speed at a recall, its logarithm taken as a straight line between two points; nil where the curve ends below.
  func rate(at recall: Double) -> Double? {
    guard let after = points.firstIndex(where: { $0.recall >= recall }) else { return nil }
    guard after > 0, points[after].recall > recall else { return points[after].rate }
    let (low, high) = (points[after - 1], points[after])
    let share = (recall - low.recall) / (high.recall - low.recall)
    return exp(log(low.rate) * (1 - share) + log(high.rate) * share)
  }
}
