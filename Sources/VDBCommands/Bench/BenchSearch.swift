import CommandLineParsing
import FileStorage
import VectorDatabase
import VectorMath

/// One way to search, as a line of the report.
struct BenchMethod {
  let name: String
  let method: SearchMethod
  /// Candidates kept, for a point of a curve.
  var effort: Int?
  /// Whether users get it without asking for another.
  var isDefault = false

  /// What can be measured on a snapshot: the exact search, and where an index is approximate also what users get, one
  /// search for each recall asked for, and a curve over the candidates kept.
  static func all(_ snapshot: Snapshot, _ options: BenchOptions, hasCurve: Bool) -> [BenchMethod] {
    var methods = [BenchMethod(name: "exact" + kind(snapshot, .exact, options), method: .exact)]
    guard isApproximate(snapshot, .automatic, options) || isApproximate(snapshot, .effort(options.k), options)
    else {
      methods[0].isDefault = true
      return methods
    }
    methods.append(BenchMethod(name: "default", method: .automatic, isDefault: true))
    guard hasCurve else { return methods }
    methods += options.recallTargets.filter { $0 > 0 && $0 < 1 }.map {
      BenchMethod(name: "recall \(NumberText.plain($0))", method: .recall($0))
    }
    methods += options.efforts.map { BenchMethod(name: "effort \($0)", method: .effort($0), effort: $0) }
    return methods
  }

  private static func request(_ method: SearchMethod, _ options: BenchOptions) -> SearchRequest {
    var request = SearchRequest(k: options.k)
    request.method = method
    return request
  }

  /// Whether some rows are looked for in a way that can miss them.
  private static func isApproximate(
    _ snapshot: Snapshot, _ method: SearchMethod, _ options: BenchOptions
  ) -> Bool {
    snapshot.plan(request(method, options)).parts.contains { ![.scan, .codes].contains($0.strategy) }
  }

  /// " (codes)": how most rows are looked for.
  private static func kind(_ snapshot: Snapshot, _ method: SearchMethod, _ options: BenchOptions) -> String {
    let parts = snapshot.plan(request(method, options)).parts
    guard let largest = parts.max(by: { $0.rows < $1.rows }) else { return "" }
    return " (\(largest.strategy.rawValue))"
  }
}

/// Measures searches in this process.
struct BenchSearch {
  let context: CommandContext
  let options: BenchOptions
  let snapshot: Snapshot
  let queries: BenchQueries

  /// Everything that one way of searching gave in several runs.
  private struct Measured {
    var answers: [[Float]] = []
    var seconds: [Double] = []
    var cpuSeconds: [Double] = []
    var latencies: [Int64] = []
    var work = SearchWork()
    var peakBytes: UInt64?
  }

  /// Answers one query after the other.
  func single(_ method: BenchMethod, _ truth: BenchTruth, condition: String = "") throws(CommandFailure)
    -> BenchResult
  {
    let request = request(method, threads: 1)
    let measured = try measure { (measured) throws(CommandFailure) in
      for query in 0..<queries.count {
        if query & 15 == 0 { try context.checkForStop() }
        let start = MonotonicClock.now()
        let result = try engine { () throws(DatabaseError) in
          try snapshot.search(queries: queries[query], count: 1, request)
        }
        measured.latencies.append(MonotonicClock.now() - start)
        measured.work.add(result.work)
        measured.answers += result.answers.map { $0.map(\.distance) }
      }
    }
    return report(.search, method, measured, truth, threads: 1, condition)
  }

  /// Answers all queries in one call.
  func batch(_ method: BenchMethod, _ truth: BenchTruth) throws(CommandFailure) -> BenchResult {
    let request = request(method, threads: options.threads)
    let measured = try measure { (measured) throws(CommandFailure) in
      let result = try engine { () throws(DatabaseError) in
        try snapshot.search(queries: queries.all, count: queries.count, request)
      }
      measured.work.add(result.work)
      measured.answers += result.answers.map { $0.map(\.distance) }
    }
    return report(.batch, method, measured, truth, threads: options.threads, "")
  }

  private func request(_ method: BenchMethod, threads: Int) -> SearchRequest {
    var request = SearchRequest(k: options.k)
    request.method = method.method
    request.threads = threads
    let deadline = context.deadline
    request.isCancelled = {
      if Signals.requested != nil { return true }
      guard let deadline else { return false }
      return MonotonicClock.now() >= deadline
    }
    return request
  }

  /// Runs `body` once to warm up, then as often as asked for.
  private func measure(_ body: (inout Measured) throws(CommandFailure) -> Void) throws(CommandFailure)
    -> Measured
  {
    var warmUp = Measured()
    try body(&warmUp)
    var measured = Measured()
    measured.latencies.reserveCapacity(queries.count * options.runs)
    ProcessMeter.resetPeak()
    for _ in 0..<options.runs {
      measured.answers.removeAll(keepingCapacity: true)
      measured.work = SearchWork()
      let (start, cpu) = (MonotonicClock.now(), ProcessMeter.cpuNanoseconds())
      try body(&measured)
      measured.seconds.append(Double(MonotonicClock.now() - start) / 1e9)
      measured.cpuSeconds.append(Double(ProcessMeter.cpuNanoseconds() - cpu) / 1e9)
    }
    measured.peakBytes = ProcessMeter.peakBytes()
    return measured
  }

  private func report(
    _ suite: BenchSuite, _ method: BenchMethod, _ measured: Measured, _ truth: BenchTruth, threads: Int,
    _ condition: String
  ) -> BenchResult {
    let count = Double(queries.count)
    let plan = snapshot.plan(request(method, threads: threads))
    let scanned = plan.parts.reduce(UInt64(0)) { $0 + ($1.strategy == .scan ? $1.bytes : 0) }
    let vectorBytes = Double(snapshot.collection.identity.vectorBytes)
    var result = BenchResult(
      suite: suite, method: method.name, condition: condition, proof: .recall(truth.recall(measured.answers)),
      rate: count / median(measured.seconds))
    result.ratePerCPU = count / max(median(measured.cpuSeconds), 1e-9)
    result.latency = Percentiles(measured.latencies)
    result.threads = threads
    result.rowsCompared = Double(measured.work.scanned) / count
    result.rowsScored = Double(measured.work.scored) / count
    result.bytesTouched =
      Double(scanned) + (Double(measured.work.codeBytes) + Double(measured.work.scored) * vectorBytes) / count
    result.peakBytes = measured.peakBytes
    result.effort = method.effort
    result.isDefault = method.isDefault
    return result
  }

  /// The k nearest rows of every query, and their distances.
  func exact() throws(CommandFailure) -> [[SearchHit]] {
    let request = request(BenchMethod(name: "", method: .exact), threads: options.threads)
    return try engine { () throws(DatabaseError) in
      try snapshot.search(queries: queries.all, count: queries.count, request).answers
    }
  }
}
