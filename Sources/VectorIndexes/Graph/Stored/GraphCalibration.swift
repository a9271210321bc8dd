internal import FileStorage

// Section CALB, numbers little-endian.
//
//   0   4  u32 entries e, at most 512
//   4   4  u32 queries that were measured
//   8   1  u8 source: 0 rows of the segment, each left out of its own search; 1 queries of the user
//   9   1  u8 1 when rows left traces in the graph, 0 otherwise
//   10  6  zero
//   16 32e entries
//
// An entry: u32 k, u32 breadth, f32 recall, f32 its lower bound, f32 recall of the worst tenth, f32 hops, f32 estimates, f32 slack, 0
// for a search that does not end early

/// What searches of a graph find, measured when it was built: so a wanted recall can be turned into an effort.
package struct GraphCalibration: Equatable, Sendable {
  /// Where the measured queries came from.
  package enum Source: UInt8, Sendable {
    /// Rows of the segment, each left out of its own search.
    case rows = 0
    /// Queries that the user gave.
    case queries = 1
  }

  /// What one effort finds.
  package struct Entry: Equatable, Sendable {
    /// Neighbours wanted.
    package var k: Int
    /// Candidates kept, at most.
    package var breadth: Int
    /// Where the search ends early (`GraphEffort.slack`).
    package var slack: Float
    /// Share of the true neighbours that were found, on average.
    package var recall: Float
    /// A bound that the true average stays above with a confidence of 97 of a hundred.
    package var lower: Float
    /// The recall that nine of ten queries reach.
    package var worstTenth: Float
    /// Mean number of lists read.
    package var hops: Float
    /// Mean number of distances estimated.
    package var estimates: Float

    package init(
      k: Int, breadth: Int, slack: Float = .infinity, recall: Float, lower: Float, worstTenth: Float,
      hops: Float, estimates: Float
    ) {
      self.k = k
      self.breadth = breadth
      self.slack = slack
      self.recall = recall
      self.lower = lower
      self.worstTenth = worstTenth
      self.hops = hops
      self.estimates = estimates
    }
  }

  /// An effort, and what it promises.
  package struct Choice: Equatable, Sendable {
    /// How far to go.
    package var effort: GraphEffort
    /// The recall that is promised.
    package var promised: Float
    /// False when no measured effort reaches what was asked for: this is the greatest.
    package var isReached: Bool
    /// What was measured of the least effort that is not below this one.
    package var measured: Entry
  }

  /// The k that are measured.
  package static let measured = [1, 10, 100]
  /// The breadths that are measured, ascending.
  package static let breadths = [
    1, 2, 3, 4, 6, 8, 10, 12, 14, 17, 20, 24, 29, 35, 42, 50, 60, 72, 86, 100, 120, 145, 175, 210, 250, 300,
    360, 430, 520, 620, 750, 900,
  ]
  private static let entrySize = 32
  private static let mostEntries = 512

  /// Searches that look at all candidates of a breadth, ascending by k, then by breadth; lower bounds do not fall as breadth grows.
  package private(set) var entries: [Entry]
  /// Searches that end early, ascending by k, then by effort, likewise.
  package private(set) var earlyEntries: [Entry]
  /// Queries measured.
  package let queryCount: Int
  /// Where they came from.
  package let source: Source
  /// Whether rows that are queries left traces in the graph, so that a search that passes by one of them finds more than one for a
  /// query that the graph has never seen: so in a graph that was healed, since other rows were the queries of the one before.
  package var hasTraces = false

  /// A calibration of such entries; lower bounds are made to ascend.
  package init(_ entries: [Entry], queryCount: Int, source: Source) {
    self.entries = Self.ascending(entries.filter { $0.slack == .infinity })
    earlyEntries = Self.ascending(entries.filter { $0.slack < .infinity })
    self.queryCount = queryCount
    self.source = source
  }

  private static func ascending(_ entries: [Entry]) -> [Entry] {
    var entries = entries.sorted { ($0.k, $0.slack, $0.breadth) < ($1.k, $1.slack, $1.breadth) }
    for index in entries.indices.dropFirst() where entries[index].k == entries[index - 1].k {
      entries[index].lower = max(entries[index].lower, entries[index - 1].lower)
    }
    return entries
  }

  /// The least effort that promises a recall.
  ///
  /// Between measured k the effort is taken from both neighbours, in proportion; beyond the greatest it grows with k.
  ///
  /// - Parameters:
  ///   - k: Neighbours wanted, at least 1.
  ///   - recall: Above 0 and below 1.
  ///   - endsEarly: Whether the search may end early where that keeps the promise, which it does with less work.
  /// - Returns: Nil when nothing was measured.
  package func choice(k: Int, recall: Double, endsEarly: Bool = true) -> Choice? {
    let known = Set(entries.map(\.k)).sorted()
    guard let least = known.first, let greatest = known.last else { return nil }
    let below = known.last { $0 <= k } ?? least
    let above = known.first { $0 >= k } ?? greatest
    if endsEarly, let low = Self.exact(earlyEntries, k: below, recall), low.isReached,
      let high = Self.exact(earlyEntries, k: above, recall), high.isReached
    {
      return Self.between(low, high, k: k)
    }
    guard let low = Self.exact(entries, k: below, recall), let high = Self.exact(entries, k: above, recall)
    else { return nil }
    return Self.between(low, high, k: k)
  }

  /// From the efforts of two measured k that of one between them, or beyond.
  private static func between(_ low: Choice, _ high: Choice, k: Int) -> Choice {
    let (below, above) = (low.measured.k, high.measured.k)
    var choice = high
    var breadth = Double(high.effort.breadth)
    if below < above {
      let share = Double(k - below) / Double(above - below)
      breadth = Double(low.effort.breadth) + share * (breadth - Double(low.effort.breadth))
      if low.effort.slack < .infinity, high.effort.slack < .infinity {
        choice.effort.slack += (low.effort.slack - high.effort.slack) * Float(1 - share)
      }
    } else if k > above {
      breadth *= Double(k) / Double(above)
    }
    choice.effort.breadth = max(k, Int(breadth.rounded(.up)))
    choice.promised = min(low.promised, high.promised)
    choice.isReached = low.isReached && high.isReached
    return choice
  }

  private static func exact(_ entries: [Entry], k: Int, _ recall: Double) -> Choice? {
    let own = entries.filter { $0.k == k }
    guard let last = own.last else { return nil }
    func effort(_ entry: Entry) -> GraphEffort { GraphEffort(breadth: entry.breadth, slack: entry.slack) }
    guard let place = own.firstIndex(where: { Double($0.lower) >= recall }) else {
      return Choice(effort: effort(last), promised: last.lower, isReached: false, measured: last)
    }
    let high = own[place]
    guard place > 0 else {
      return Choice(effort: effort(high), promised: high.lower, isReached: true, measured: high)
    }
    let low = own[place - 1]
    let share = (recall - Double(low.lower)) / max(1e-9, Double(high.lower) - Double(low.lower))
    let breadth = Double(low.breadth) + share * Double(high.breadth - low.breadth)
    var between = GraphEffort(breadth: Int(breadth.rounded(.up)), slack: high.slack)
    if high.slack < .infinity { between.slack = low.slack + Float(share) * (high.slack - low.slack) }
    return Choice(effort: between, promised: Float(recall), isReached: true, measured: high)
  }

  /// The recall that a search of such a breadth, which does not end early, promises for `k`; nil when nothing was measured.
  package func promise(k: Int, breadth: Int) -> Float? {
    let nearest = Set(entries.map(\.k)).sorted().first { $0 >= k } ?? entries.last?.k
    let own = entries.filter { $0.k == nearest }
    guard let first = own.first else { return nil }
    return own.last { $0.breadth <= breadth }?.lower ?? (breadth >= first.breadth ? first.lower : 0)
  }

  /// The same of a graph in which the measured rows left traces: nothing is promised that an earlier measurement does not promise for
  /// as great an effort, unless the queries are a user's.
  package func withTraces(_ earlier: GraphCalibration) -> GraphCalibration {
    func limited(_ own: [Entry], _ known: [Entry]) -> [Entry] {
      own.map { entry in
        let same = known.filter { $0.k == entry.k && $0.breadth <= entry.breadth && $0.slack <= entry.slack }
        var allowed = same.last?.lower ?? 0
        // Between two efforts that end early, in proportion.
        if let low = same.last, entry.slack < .infinity,
          let high = known.first(where: { $0.k == entry.k && $0.slack > entry.slack })
        {
          allowed += (high.lower - low.lower) * (entry.slack - low.slack) / (high.slack - low.slack)
        }
        var entry = entry
        entry.lower = min(entry.lower, allowed)
        return entry
      }
    }
    var all = entries + earlyEntries
    if source == .rows {
      all = limited(entries, earlier.entries) + limited(earlyEntries, earlier.earlyEntries)
    }
    var calibration = GraphCalibration(all, queryCount: queryCount, source: source)
    calibration.hasTraces = true
    return calibration
  }

  // MARK: Rows as queries

  /// Rows that are queries of a segment with so many, when no others are given.
  static func queryCount(rows: Int) -> Int { min(2000, max(1, rows / 20)) }

  /// The row of a segment that is the query of that number: rows at even distances.
  static func queryRow(_ index: Int, of rows: Int) -> Int {
    (2 * index + 1) * rows / (2 * queryCount(rows: rows))
  }

  /// Whether a row of a segment with so many is one of its queries.
  package static func isQuery(row: Int, of rows: Int) -> Bool {
    guard rows > 0 else { return false }
    let near = row * queryCount(rows: rows) / rows
    return (max(0, near - 1)...near + 1).contains { queryRow($0, of: rows) == row }
  }

  /// Whether a row proves what is promised: halfway between two queries, behind every fourth, or every second where they are few.
  ///
  /// Like the queries such rows leave no traces in a graph, so searches for them find what searches for new vectors find.
  package static func isProof(row: Int, of rows: Int) -> Bool {
    guard rows > 0 else { return false }
    let queries = queryCount(rows: rows)
    let step = queries < 1600 ? 2 : 4
    let near = row * queries / rows
    return (max(0, near - 1)...near + 1).contains { index in
      index % step == step - 1 && index < queries - 1 && (index + 1) * rows / queries == row
        && !isQuery(row: row, of: rows)
    }
  }

  /// The section's bytes.
  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    let all = entries + earlyEntries
    bytes.appendLittleEndian(UInt32(all.count))
    bytes.appendLittleEndian(UInt32(queryCount))
    bytes += [source.rawValue, hasTraces ? 1 : 0, 0, 0, 0, 0, 0, 0]
    for entry in all {
      bytes.appendLittleEndian(UInt32(truncatingIfNeeded: entry.k))
      bytes.appendLittleEndian(UInt32(truncatingIfNeeded: entry.breadth))
      for value in [entry.recall, entry.lower, entry.worstTenth, entry.hops, entry.estimates] {
        bytes.appendLittleEndian(value.bitPattern)
      }
      bytes.appendLittleEndian(entry.slack < .infinity ? entry.slack.bitPattern : 0)
    }
    return bytes
  }

  /// Reads the section; nil when it cannot be one.
  package init?(bytes: [UInt8]) {
    guard bytes.count >= 16 else { return nil }
    let count = Int(bytes.littleEndian(at: 0, as: UInt32.self))
    guard count <= Self.mostEntries, bytes.count == 16 + Self.entrySize * count,
      let source = Source(rawValue: bytes[8]), bytes[9] <= 1, bytes[10..<16].allSatisfy({ $0 == 0 })
    else { return nil }
    var entries: [Entry] = []
    for index in 0..<count {
      let offset = 16 + Self.entrySize * index
      func number(_ place: Int) -> Int { Int(bytes.littleEndian(at: offset + 4 * place, as: UInt32.self)) }
      func float(_ place: Int) -> Float {
        Float(bitPattern: bytes.littleEndian(at: offset + 4 * place, as: UInt32.self))
      }
      let entry = Entry(
        k: number(0), breadth: number(1), slack: number(7) == 0 ? .infinity : float(7), recall: float(2),
        lower: float(3), worstTenth: float(4), hops: float(5), estimates: float(6))
      guard entry.k >= 1, entry.k <= 1 << 24, entry.breadth >= 1, entry.breadth <= 1 << 24, entry.slack >= 1,
        [entry.recall, entry.lower, entry.worstTenth].allSatisfy({ $0 >= 0 && $0 <= 1 }),
        entry.hops.isFinite, entry.estimates.isFinite
      else { return nil }
      entries.append(entry)
    }
    self.init(entries, queryCount: Int(bytes.littleEndian(at: 4, as: UInt32.self)), source: source)
    hasTraces = bytes[9] == 1
  }
}
