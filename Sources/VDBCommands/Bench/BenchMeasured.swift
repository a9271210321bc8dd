import CommandLineParsing
import FileStorage
import VectorDatabase

/// Everything that one way of searching gave in several runs.
struct BenchMeasured {
  /// The distances of the last run.
  var answers: [[Float]] = []
  var seconds: [Double] = []
  var cpuSeconds: [Double] = []
  /// Of every query of every run.
  var latencies: [Int64] = []
  /// Of the last run: the same in all of them.
  var work = SearchWork()
  var peakBytes: UInt64?

  /// Runs `body` without measuring as often as the options want, then at least as often as they say, and until so much time
  /// has passed.
  ///
  /// `body`: One run over all queries; gives the seconds that count where those are not all that pass.
  static func run(
    _ options: BenchOptions, _ body: (inout BenchMeasured) throws(CommandFailure) -> Void
  ) throws(CommandFailure) -> BenchMeasured {
    for _ in 0..<options.warmups {
      var warmUp = BenchMeasured()
      try body(&warmUp)
    }
    var measured = BenchMeasured()
    ProcessMeter.resetPeak()
    let began = MonotonicClock.now()
    var runs = 0
    while runs < options.runs || MonotonicClock.now() - began < options.leastNanoseconds {
      measured.answers.removeAll(keepingCapacity: true)
      measured.work = SearchWork()
      let (start, cpu) = (MonotonicClock.now(), ProcessMeter.cpuNanoseconds())
      try body(&measured)
      measured.seconds.append(Double(MonotonicClock.now() - start) / 1e9)
      measured.cpuSeconds.append(Double(ProcessMeter.cpuNanoseconds() - cpu) / 1e9)
      runs += 1
    }
    measured.peakBytes = ProcessMeter.peakBytes()
    return measured
  }

  /// A line of the report for `count` queries a run.
  func result(
    _ suite: BenchSuite, _ method: String, _ condition: String, recall: Double, count: Int
  ) -> BenchResult {
    let queries = Double(max(1, count))
    var result = BenchResult(
      suite: suite, method: method, condition: condition, proof: .recall(recall),
      rate: queries / max(median(seconds), 1e-9))
    result.ratePerCPU = queries / max(median(cpuSeconds), 1e-9)
    result.latency = Percentiles(latencies)
    result.rowsCompared = Double(work.scanned) / queries
    result.rowsScored = Double(work.scored) / queries
    if work.hops > 0 { result.hops = Double(work.hops) / queries }
    result.bytesTouched = Double(work.bytes) / queries
    result.peakBytes = peakBytes
    return result
  }
}
