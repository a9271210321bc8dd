import CommandLineParsing
import DataFormats
import FileStorage
import VectorDatabase
import VectorMath

/// Measures whole processes: one `vdb search` for every query.
struct BenchCold {
  let context: CommandContext
  let options: BenchOptions
  let path: String
  let queries: BenchQueries
  let scratch: BenchScratch

  /// What the page cache holds before a query.
  private enum Cache: CaseIterable {
    case warm, dropped
  }

  /// Measures with and without the page cache; nothing may hold the collection open meanwhile.
  ///
  /// `promised`: The recall that a search as users get it promises; nil when nothing can be missed.
  func run(_ truth: BenchTruth, hasApproximate: Bool, promised: Double?) throws(CommandFailure)
    -> [BenchResult]
  {
    let child = ChildProcess(folder: scratch.path)
    var queryFiles: [String] = []
    for query in 0..<queries.count {
      let name = scratch.path + "/query\(query).npy"
      try write(queries[query], to: name)
      queryFiles.append(name)
    }
    var results: [BenchResult] = []
    for isExact in hasApproximate ? [false, true] : [false] {
      for cache in Cache.allCases {
        var result = try measure(child, queryFiles, cache, isExact: isExact, truth)
        if !isExact { result.promised = promised }
        results.append(result)
      }
    }
    return results
  }

  private func measure(
    _ child: ChildProcess, _ queryFiles: [String], _ cache: Cache, isExact: Bool, _ truth: BenchTruth
  ) throws(CommandFailure) -> BenchResult {
    var latencies: [Int64] = []
    var answers: [[Float]] = []
    var peak: UInt64 = 0
    var bytesRead: UInt64 = 0
    var residency: Residency? = Residency()
    let dropsAll = context.arguments.flag(BenchCommand.dropCaches)
    for (query, file) in queryFiles.enumerated() {
      try context.checkForStop()
      var words = [
        "search", path, "--vector", "@" + file, "-k", "\(options.k)", "--format", "tsv", "-q",
      ]
      if isExact { words.append("--exact") }
      if context.arguments.isGiven(SharedOptions.threads) { words += ["--threads", "\(options.threads)"] }
      switch cache {
      case .warm: if query == 0 { _ = try child.succeed(words) }
      case .dropped:
        if dropsAll { try PageCache.dropAll() }
        // What was asked for is one thing, what the system did another: the fullest cache that was met counts.
        let found = PageCache.dropAndCount(below: path)
        if let known = residency, let found {
          residency = found.resident >= known.resident ? found : known
        } else {
          residency = nil
        }
      }
      let outcome = try child.succeed(words)
      latencies.append(outcome.nanoseconds)
      peak = max(peak, outcome.peakBytes)
      bytesRead += outcome.bytesRead
      answers.append(try distances(outcome.output))
    }
    var result = BenchResult(
      suite: .cold, method: isExact ? "exact" : "default",
      condition: condition(cache, residency, dropsAll: dropsAll),
      proof: .recall(truth.recall(answers)),
      rate: 1e9 * Double(latencies.count) / Double(max(1, latencies.reduce(0, +))))
    result.latency = Percentiles(latencies)
    result.threads = options.threads
    result.peakBytes = peak
    if cache == .dropped {
      result.bytesTouched = Double(bytesRead) / Double(queries.count)
      result.residency = residency
    }
    result.isDefault = !isExact
    return result
  }

  /// Only what was seen to be gone is called dropped.
  private func condition(_ cache: Cache, _ residency: Residency?, dropsAll: Bool) -> String {
    guard cache == .dropped else { return "cache warm" }
    guard let residency else { return "drop asked for, not verified" }
    if residency.isCold { return dropsAll ? "every cache dropped" : "cache dropped" }
    return "partly cached"
  }

  /// The third column of the lines of `search`.
  private func distances(_ output: String) throws(CommandFailure) -> [Float] {
    var distances: [Float] = []
    for line in output.split(separator: "\n") {
      guard let text = line.split(separator: "\t").last, let distance = Float(text) else {
        throw CommandFailure(.bug, "vdb search printed a line without a distance: \(line)")
      }
      distances.append(distance)
    }
    return distances
  }

  private func write(_ query: [Float], to path: String) throws(CommandFailure) {
    let file = BufferedOutput(try FileDestination(path, replaces: true), isTerminal: false)
    try file.write(NPYWriter.header(descr: "<f4", shape: "(\(query.count),)"))
    try file.write(
      query.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> UInt32($0 * 8)) }
      })
    try file.finish()
  }
}
