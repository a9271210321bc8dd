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
  private enum Cache: String, CaseIterable {
    case warm = "cache warm"
    case dropped = "cache dropped"
  }

  /// Measures with and without the page cache; nothing may hold the collection open meanwhile.
  func run(_ truth: BenchTruth, hasApproximate: Bool) throws(CommandFailure) -> [BenchResult] {
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
        results.append(try measure(child, queryFiles, cache, isExact: isExact, truth))
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
    for (query, file) in queryFiles.enumerated() {
      try context.checkForStop()
      let words =
        ["search", path, "--vector", "@" + file, "-k", "\(options.k)", "--format", "tsv", "-q"]
        + (isExact ? ["--exact"] : [])
      switch cache {
      case .warm: if query == 0 { _ = try child.succeed(words) }
      case .dropped:
        if context.arguments.flag(BenchCommand.dropCaches) { try PageCache.dropAll() }
        PageCache.drop(below: path)
      }
      let outcome = try child.succeed(words)
      latencies.append(outcome.nanoseconds)
      peak = max(peak, outcome.peakBytes)
      bytesRead += outcome.bytesRead
      answers.append(try distances(outcome.output))
    }
    var result = BenchResult(
      suite: .cold, method: isExact ? "exact" : "default",
      condition: cache == .dropped && context.arguments.flag(BenchCommand.dropCaches)
        ? "every cache dropped" : cache.rawValue,
      proof: .recall(truth.recall(answers)),
      rate: 1e9 * Double(latencies.count) / Double(max(1, latencies.reduce(0, +))))
    result.latency = Percentiles(latencies)
    result.peakBytes = peak
    result.bytesTouched = cache == .warm ? nil : Double(bytesRead) / Double(queries.count)
    result.isDefault = !isExact
    return result
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
