import CommandLineParsing
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

/// What the options of `search` say about each query.
enum SearchArguments {
  /// Rows in one pass from which on threads pay for being started.
  private static let rowsForThreads = 20_000

  /// The request for a collection.
  ///
  /// - Throws: a usage failure for a score under a metric that has none, or a malformed place to go on from.
  static func request(_ context: CommandContext, _ snapshot: Snapshot) throws(CommandFailure) -> SearchRequest
  {
    let arguments = context.arguments
    let settings = snapshot.collection.settings
    var request = SearchRequest(k: arguments.integer(SearchCommand.k).map { Int(clamping: $0) })
    request.offset = Int(clamping: arguments.integer(SearchCommand.offset) ?? 0)
    if let distance = arguments.number(SearchCommand.maxDistance) {
      request.maximumDistance = Float(distance)
    }
    if let score = arguments.number(SearchCommand.minScore) {
      guard Score.exists(settings.metric) else {
        throw CommandFailure(
          .usage, code: "no-score", "--min-score: the \(settings.metric.name) metric has no score",
          hint: "use --max-distance")
      }
      request.maximumDistance = Score.maximumDistance(minimumScore: Float(score), settings.metric)
    }
    if let cursor = arguments.text(SearchCommand.after) {
      request.after = try place(cursor, settings.idType)
    }
    if arguments.flag(SearchCommand.exact) {
      request.method = .exact
    } else if let effort = arguments.integer(SearchCommand.effort) {
      request.method = .effort(Int(clamping: effort))
    } else if arguments.isGiven(SearchCommand.recall), let recall = arguments.number(SearchCommand.recall) {
      request.method = .recall(recall)
    }
    let deadline = context.deadline
    request.isCancelled = {
      if Signals.requested != nil { return true }
      guard let deadline else { return false }
      return MonotonicClock.now() >= deadline
    }
    return request
  }

  /// Threads for `queries` queries: few rows are not worth starting any.
  static func threads(_ context: CommandContext, rows: Int, queries: Int) -> Int {
    if context.arguments.isGiven(SharedOptions.threads) { return context.threadCount }
    let (work, overflow) = rows.multipliedReportingOverflow(by: min(max(queries, 1), 16))
    return !overflow && work < rowsForThreads ? 1 : context.threadCount
  }

  /// Reads `DISTANCE,ID`.
  private static func place(_ text: String, _ type: IDType) throws(CommandFailure) -> (
    distance: Float, id: RecordID
  ) {
    func malformed(_ why: String) -> CommandFailure {
      CommandFailure(
        .usage, code: "invalid-cursor", "--after: \(why)",
        hint: "write DISTANCE,ID as an earlier page printed them")
    }
    guard let comma = text.firstIndex(of: ",") else { throw malformed("'\(text)' has no comma") }
    let number = text[..<comma]
    let isDecimal = number.utf8.allSatisfy { "0123456789+-.eE".utf8.contains($0) }
    guard isDecimal, let distance = Float(number), distance.isFinite else {
      throw malformed("'\(number)' is no distance")
    }
    do throws(IDError) {
      return (distance, try RecordID.parse(text: String(text[text.index(after: comma)...]), type: type))
    } catch { throw malformed("expected \(error.expected), found \(error.found)") }
  }
}

/// The score of a distance: the cosine, or the inner product.
enum Score {
  /// Whether the metric has scores.
  static func exists(_ metric: Metric) -> Bool { of(distance: 0, metric) != nil }

  /// Nil for a metric without one.
  static func of(distance: Float, _ metric: Metric) -> Float? {
    switch metric {
    case .cosine: Float(1 - Double(distance))
    case .dot: -distance
    case .l2, .l1, .hamming: nil
    }
  }

  /// The greatest distance whose score is at least `score`, so that a printed score selects its own row.
  static func maximumDistance(minimumScore score: Float, _ metric: Metric) -> Float {
    guard metric == .cosine else { return -score }
    // The score falls with the distance: the border is found among all floats in their order.
    var low = key(-Float.greatestFiniteMagnitude)
    var high = key(Float.greatestFiniteMagnitude)
    while low < high {
      let middle = low + (high - low + 1) / 2
      if Float(1 - Double(float(middle))) >= score { low = middle } else { high = middle - 1 }
    }
    return float(low)
  }

  /// Numbers the floats in ascending order.
  private static func key(_ value: Float) -> Int64 {
    let bits = Int64(value.bitPattern)
    return bits < 0x8000_0000 ? bits : 0x7FFF_FFFF - bits
  }

  private static func float(_ key: Int64) -> Float {
    Float(bitPattern: UInt32(truncatingIfNeeded: key >= 0 ? key : 0x7FFF_FFFF - key))
  }
}
