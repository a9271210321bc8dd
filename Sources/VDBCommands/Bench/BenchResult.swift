import CommandLineParsing

/// A group of measurements.
package enum BenchSuite: String, CaseIterable, Sendable {
  case search, batch, cold, insert, `import`, delete

  /// Whether the suite answers queries, and so needs their true answers.
  var needsTruth: Bool {
    switch self {
    case .search, .batch, .cold: true
    case .insert, .import, .delete: false
    }
  }
}

/// How long single operations took.
struct Percentiles {
  /// Nanoseconds that half of the operations stayed within.
  let median: Int64
  let ninetyFifth: Int64
  let ninetyNinth: Int64

  /// Nil without any operation; the value of nearest rank otherwise.
  init?(_ nanoseconds: [Int64]) {
    guard !nanoseconds.isEmpty else { return nil }
    let sorted = nanoseconds.sorted()
    func rank(_ hundredths: Int) -> Int64 { sorted[(sorted.count * hundredths + 99) / 100 - 1] }
    (median, ninetyFifth, ninetyNinth) = (rank(50), rank(95), rank(99))
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
  /// What was done: "exact", "effort 64", "1 row each".
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
  /// Counted for each query.
  var rowsCompared: Double?
  var rowsScored: Double?
  var bytesTouched: Double?
  /// The most memory that the process held, mapped files included.
  var peakBytes: UInt64?
  /// Bytes on disk for each row.
  var bytesPerRow: Double?
  /// Bytes of input a second.
  var inputRate: Double?
  /// The candidates kept, where the line is a point of a curve.
  var effort: Int?
  /// Whether users get this search unless they ask for another.
  var isDefault = false

  var recall: Double? { if case .recall(let share) = proof { share } else { nil } }
}

/// Median of numbers, 0 for none.
func median(_ numbers: [Double]) -> Double {
  let sorted = numbers.sorted()
  guard !sorted.isEmpty else { return 0 }
  return sorted.count % 2 == 1
    ? sorted[sorted.count / 2] : (sorted[sorted.count / 2 - 1] + sorted[sorted.count / 2]) / 2
}
