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
    methods += options.efforts.map { BenchMethod(name: "ef \($0)", method: .effort($0), effort: $0) }
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

  /// Answers one query after the other, by one thread and one session, as `search --queries` has it.
  func single(_ method: BenchMethod, _ truth: BenchTruth, condition: String = "") throws(CommandFailure)
    -> BenchResult
  {
    let request = request(method.method, threads: 1)
    let session = SearchSession(snapshot, request)
    let measured = try BenchMeasured.run(options) { (measured) throws(CommandFailure) in
      for query in 0..<queries.count {
        if query & 15 == 0 { try context.checkForStop() }
        let start = MonotonicClock.now()
        let result = try engine { () throws(DatabaseError) in
          try session.search(queries[query], count: 1)
        }
        measured.latencies.append(MonotonicClock.now() - start)
        measured.work.add(result.work)
        measured.answers += result.answers.map { $0.map(\.distance) }
      }
    }
    return report(.search, method, measured, truth, request, condition)
  }

  /// Answers all queries in one call.
  func batch(_ method: BenchMethod, _ truth: BenchTruth) throws(CommandFailure) -> BenchResult {
    let request = request(method.method, threads: options.threads)
    let session = SearchSession(snapshot, request)
    let measured = try BenchMeasured.run(options) { (measured) throws(CommandFailure) in
      let result = try engine { () throws(DatabaseError) in
        try session.search(queries.all, count: queries.count)
      }
      measured.work.add(result.work)
      measured.answers += result.answers.map { $0.map(\.distance) }
    }
    return report(.batch, method, measured, truth, request, "")
  }

  /// A request that ends with the command.
  func request(_ method: SearchMethod, threads: Int, filter: FilteredRows? = nil) -> SearchRequest {
    var request = SearchRequest(k: options.k)
    request.method = method
    request.threads = threads
    request.filter = filter
    let deadline = context.deadline
    request.isCancelled = {
      if Signals.requested != nil { return true }
      guard let deadline else { return false }
      return MonotonicClock.now() >= deadline
    }
    return request
  }

  private func report(
    _ suite: BenchSuite, _ method: BenchMethod, _ measured: BenchMeasured, _ truth: BenchTruth,
    _ request: SearchRequest, _ condition: String
  ) -> BenchResult {
    var result = measured.result(
      suite, method.name, condition, recall: truth.recall(measured.answers), count: queries.count)
    result.threads = request.threads
    result.promised = snapshot.promise(request).recall
    result.effort = method.effort
    result.isDefault = method.isDefault
    return result
  }

  /// The k nearest rows of every query, and their distances, by a scan of the stored vectors alone: no index takes part in
  /// what all others are judged by.
  func exact() throws(CommandFailure) -> [[SearchHit]] {
    try exact(queries.all, count: queries.count, filter: nil)
  }

  /// The same for some queries; only among the rows of `filter` where there is one.
  func exact(_ vectors: [Float], count: Int, filter: FilteredRows?) throws(CommandFailure) -> [[SearchHit]] {
    var request = request(.exact, threads: options.threads, filter: filter)
    request.tuning.fewRows = Int.max
    let scan = request
    return try engine { () throws(DatabaseError) in
      try snapshot.search(queries: vectors, count: count, scan).answers
    }
  }
}
