internal import FileStorage

// Section CALB, numbers little-endian.
//
//   0   4  u32 entries e, at most 512
//   4   4  u32 queries that were measured
//   8   1  u8 source: 0 rows of the segment, each left out of its own search; 1 queries of the user
//   9   7  zero
//   16 32e entries
//
// An entry: u32 k, u32 breadth, f32 recall, f32 its lower bound, f32 recall of the worst tenth, f32 hops, f32 estimates, u32 zero

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
    /// Candidates kept.
    package var breadth: Int
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
      k: Int, breadth: Int, recall: Float, lower: Float, worstTenth: Float, hops: Float, estimates: Float
    ) {
      self.k = k
      self.breadth = breadth
      self.recall = recall
      self.lower = lower
      self.worstTenth = worstTenth
      self.hops = hops
      self.estimates = estimates
    }
  }

  /// An effort, and what it promises.
  package struct Choice: Equatable, Sendable {
    /// Candidates to keep.
    package var breadth: Int
    /// The recall that is promised.
    package var promised: Float
    /// False when no measured effort reaches what was asked for: this is the greatest.
    package var isReached: Bool
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

  /// Ascending by k, then by breadth; lower bounds do not fall as breadth grows.
  package private(set) var entries: [Entry]
  /// Queries measured.
  package let queryCount: Int
  /// Where they came from.
  package let source: Source

  /// A calibration of such entries; lower bounds are made to ascend.
  package init(_ entries: [Entry], queryCount: Int, source: Source) {
    self.entries = entries.sorted { ($0.k, $0.breadth) < ($1.k, $1.breadth) }
    self.queryCount = queryCount
    self.source = source
    for index in self.entries.indices.dropFirst() where self.entries[index].k == self.entries[index - 1].k {
      self.entries[index].lower = max(self.entries[index].lower, self.entries[index - 1].lower)
    }
  }

  /// The least effort that promises a recall.
  ///
  /// Between measured k the breadth is taken from both neighbours, in proportion; beyond the greatest it grows with k.
  ///
  /// - Parameters:
  ///   - k: Neighbours wanted, at least 1.
  ///   - recall: Above 0 and below 1.
  /// - Returns: Nil when nothing was measured.
  package func choice(k: Int, recall: Double) -> Choice? {
    let known = Set(entries.map(\.k)).sorted()
    guard let least = known.first, let greatest = known.last else { return nil }
    let below = known.last { $0 <= k } ?? least
    let above = known.first { $0 >= k } ?? greatest
    guard let low = exact(k: below, recall), let high = exact(k: above, recall) else { return nil }
    var breadth = Double(high.breadth)
    if below < above {
      let share = Double(k - below) / Double(above - below)
      breadth = Double(low.breadth) + share * Double(high.breadth - low.breadth)
    } else if k > greatest {
      breadth *= Double(k) / Double(greatest)
    }
    return Choice(
      breadth: max(k, Int(breadth.rounded(.up))), promised: min(low.promised, high.promised),
      isReached: low.isReached && high.isReached)
  }

  private func exact(k: Int, _ recall: Double) -> Choice? {
    let own = entries.filter { $0.k == k }
    guard let last = own.last else { return nil }
    guard let place = own.firstIndex(where: { Double($0.lower) >= recall }) else {
      return Choice(breadth: last.breadth, promised: last.lower, isReached: false)
    }
    let high = own[place]
    guard place > 0 else { return Choice(breadth: high.breadth, promised: high.lower, isReached: true) }
    let low = own[place - 1]
    let share = (recall - Double(low.lower)) / max(1e-9, Double(high.lower) - Double(low.lower))
    let breadth = Double(low.breadth) + share * Double(high.breadth - low.breadth)
    return Choice(breadth: Int(breadth.rounded(.up)), promised: Float(recall), isReached: true)
  }

  /// The recall that an effort promises for `k`; nil when nothing was measured.
  package func promise(k: Int, breadth: Int) -> Float? {
    let nearest = Set(entries.map(\.k)).sorted().first { $0 >= k } ?? entries.last?.k
    let own = entries.filter { $0.k == nearest }
    guard let first = own.first else { return nil }
    return own.last { $0.breadth <= breadth }?.lower ?? (breadth >= first.breadth ? first.lower : 0)
  }

  /// The section's bytes.
  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendLittleEndian(UInt32(entries.count))
    bytes.appendLittleEndian(UInt32(queryCount))
    bytes += [source.rawValue, 0, 0, 0, 0, 0, 0, 0]
    for entry in entries {
      bytes.appendLittleEndian(UInt32(truncatingIfNeeded: entry.k))
      bytes.appendLittleEndian(UInt32(truncatingIfNeeded: entry.breadth))
      for value in [entry.recall, entry.lower, entry.worstTenth, entry.hops, entry.estimates] {
        bytes.appendLittleEndian(value.bitPattern)
      }
      bytes.appendLittleEndian(UInt32(0))
    }
    return bytes
  }

  /// Reads the section; nil when it cannot be one.
  package init?(bytes: [UInt8]) {
    guard bytes.count >= 16 else { return nil }
    let count = Int(bytes.littleEndian(at: 0, as: UInt32.self))
    guard count <= Self.mostEntries, bytes.count == 16 + Self.entrySize * count,
      let source = Source(rawValue: bytes[8]), bytes[9..<16].allSatisfy({ $0 == 0 })
    else { return nil }
    var entries: [Entry] = []
    for index in 0..<count {
      let offset = 16 + Self.entrySize * index
      func number(_ place: Int) -> Int { Int(bytes.littleEndian(at: offset + 4 * place, as: UInt32.self)) }
      func float(_ place: Int) -> Float {
        Float(bitPattern: bytes.littleEndian(at: offset + 4 * place, as: UInt32.self))
      }
      let entry = Entry(
        k: number(0), breadth: number(1), recall: float(2), lower: float(3), worstTenth: float(4),
        hops: float(5),
        estimates: float(6))
      guard entry.k >= 1, entry.k <= 1 << 24, entry.breadth >= 1, entry.breadth <= 1 << 24, number(7) == 0,
        [entry.recall, entry.lower, entry.worstTenth].allSatisfy({ $0 >= 0 && $0 <= 1 }),
        entry.hops.isFinite, entry.estimates.isFinite
      else { return nil }
      entries.append(entry)
    }
    self.init(entries, queryCount: Int(bytes.littleEndian(at: 4, as: UInt32.self)), source: source)
  }
}
