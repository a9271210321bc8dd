import CommandLineParsing

/// A group of measurements.
package enum BenchSuite: String, CaseIterable, Sendable {
  case search, batch, filter, cold, insert, `import`, delete

  /// Whether the suite answers queries, and so needs some.
  var needsQueries: Bool {
    switch self {
    case .search, .batch, .filter, .cold, .delete: true
    case .insert, .import: false
    }
  }

  /// Whether the suite compares with the nearest rows of the collection as it is.
  var needsTruth: Bool {
    switch self {
    case .search, .batch, .cold: true
    case .filter, .insert, .import, .delete: false
    }
  }
}

/// How long single operations took.
package struct Percentiles: Equatable, Sendable {
  /// Nanoseconds that half of the operations stayed within.
  package let median: Int64
  package let ninetyFifth: Int64
  package let ninetyNinth: Int64

  /// Nil without any operation; the value of nearest rank otherwise: the least that at least so many hundredths of the
  /// operations stayed within.
  package init?(_ nanoseconds: [Int64]) {
    guard !nanoseconds.isEmpty else { return nil }
    let sorted = nanoseconds.sorted()
    func rank(_ hundredths: Int) -> Int64 { sorted[(sorted.count * hundredths + 99) / 100 - 1] }
    (median, ninetyFifth, ninetyNinth) = (rank(50), rank(95), rank(99))
  }
}

/// What is known of a line of the suite `filter` beside its speed.
struct BenchFilterFigures {
  /// The filter of the first query, as it was parsed.
  let text: String
  /// How its rows lie: random, correlated, anti-correlated, or given by the user.
  let kind: String
  /// Rows that match.
  let matching: Int
  /// Their share of all rows.
  let share: Double
  /// Of the nearest rows without a filter, the share that matches.
  let nearShare: Double
  /// How long finding the matching rows took, parsing included.
  let evaluation: Percentiles?
  /// Rows that every query must find: k, or all that match where they are fewer.
  let wanted: Int
  /// Rows that the query with the fewest found.
  let least: Int
  /// Rows that were found and do not match.
  let strays: Int
  /// Queries a second when the filter is evaluated once for all queries that share it.
  let batchRate: Double
}

/// How many rows the queries of one filter found.
package struct FilteredCount {
  /// The filter.
  let filter: String
  /// Rows that each query must find: k, or all that match where they are fewer.
  let wanted: Int
  /// Rows that the query with the fewest found.
  let least: Int
  /// Rows that were found and do not match.
  let strays: Int

  /// Takes what was counted.
  package init(filter: String, wanted: Int, least: Int, strays: Int) {
    self.filter = filter
    self.wanted = wanted
    self.least = least
    self.strays = strays
  }

  /// What is wrong; nil when each query found as many rows as it must, and none that does not match.
  package var failure: CommandFailure? {
    guard least < wanted || strays > 0 else { return nil }
    let what =
      strays > 0
      ? "\(counted(UInt64(strays), "row")) that it leaves out"
      : "\(least) of \(counted(UInt64(wanted), "row"))"
    return CommandFailure(
      .bug, code: "wrong-rows", "a search with the filter \(filter) found \(what)",
      hint: "please report this; --exact answers rightly meanwhile")
  }
}

/// One line of the report.
struct BenchResult {
  /// How well the line is proved.
  enum Proof {
    /// The share of the nearest rows that was found.
    case recall(Double)
    /// What was read back: a phrase.
    case readBack(String)
  }

  var suite: BenchSuite
  /// What was done: "exact", "ef 64", "1 row a transaction".
  let method: String
  /// What else is to be known: "cache dropped", "25 % deleted".
  var condition = ""
  var proof: Proof
  /// Operations a second of the clock: queries, rows or transactions.
  var rate: Double
  /// Operations a second of processor time; nil where other processes worked.
  var ratePerCPU: Double?
  var latency: Percentiles?
  var threads = 1
  /// The recall that the indexes promise by their own measurement; nil where nothing can be missed or nothing was measured.
  var promised: Double?
  /// Counted for each query.
  var rowsCompared: Double?
  var rowsScored: Double?
  var hops: Double?
  var bytesTouched: Double?
  /// The most memory that the process held, mapped files included.
  var peakBytes: UInt64?
  /// Bytes on disk for each row.
  var bytesPerRow: Double?
  /// Bytes of input a second.
  var inputRate: Double?
  /// Seconds that the whole work took once: a median of the runs.
  var seconds: Double?
  /// Pages of the collection in memory before a query: the most that were seen.
  var residency: Residency?
  var filter: BenchFilterFigures?
  /// The candidates kept, where the line is a point of a curve.
  var effort: Int?
  /// Whether users get this search unless they ask for another.
  var isDefault = false

  var recall: Double? { if case .recall(let share) = proof { share } else { nil } }

  /// The same line in another suite.
  func moved(to suite: BenchSuite) -> BenchResult {
    var result = self
    result.suite = suite
    return result
  }
}

/// Median of numbers, 0 for none.
package func median(_ numbers: [Double]) -> Double {
  let sorted = numbers.sorted()
  guard !sorted.isEmpty else { return 0 }
  return sorted.count % 2 == 1
    ? sorted[sorted.count / 2] : (sorted[sorted.count / 2 - 1] + sorted[sorted.count / 2]) / 2
}
