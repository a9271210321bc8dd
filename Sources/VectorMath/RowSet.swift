/// A set of rows below a fixed count, in the representation that its density asks for.
///
/// | rows | kept as |
/// |---|---|
/// | none, or all | nothing |
/// | at most one in 64, and at most 16,384 | the rows, ascending, 32 bits each |
/// | otherwise | words: row *r* is bit *r* mod 64 of word *r* / 64 |
///
/// Deleted rows, the rows that a filter leaves and the rows among which a search looks are all sets of this type. Two sets are
/// equal when they have the same rows and the same `rowCount`, however they are kept.
package struct RowSet: Sendable {
  /// How the rows are kept at present.
  package enum Representation: Sendable {
    case none, sparse, dense, all
  }

  /// Rows that could be in the set: 0..<rowCount.
  package let rowCount: Int
  /// Rows in the set.
  package internal(set) var count: Int
  /// How the rows are kept.
  package internal(set) var representation: Representation
  /// The rows, ascending; empty unless the representation is sparse.
  package internal(set) var sparseRows: [UInt32]
  /// One bit a row, those beyond `rowCount` zero; empty unless the representation is dense.
  package internal(set) var denseWords: [UInt64]

  /// The empty set of rows below `count`, which is 0 to 2^32.
  package init(count: Int) {
    rowCount = count
    self.count = 0
    representation = .none
    sparseRows = []
    denseWords = []
  }

  /// The set of all rows below `count`.
  package init(allRows count: Int) {
    self.init(count: count)
    guard count > 0 else { return }
    self.count = count
    representation = .all
  }

  /// The set that words from a file spell; nil when their number is wrong or a bit beyond `count` is set.
  package init?(words: [UInt64], count: Int) {
    guard count >= 0, words.count == count / 64 + (count % 64 == 0 ? 0 : 1) else { return nil }
    if count % 64 != 0, let last = words.last, last >> UInt64(count % 64) != 0 { return nil }
    self.init(count: count)
    adopt(words)
  }

  /// The set of rows that are given in ascending order, each once.
  ///
  /// Precondition: all are below `count`, and they ascend.
  package init(ascending rows: [UInt32], count: Int) {
    self.init(count: count)
    var next = 0
    for row in rows {
      precondition(Int(row) >= next && Int(row) < count, "rows must ascend below the count")
      next = Int(row) + 1
    }
    adopt(ascending: rows)
  }

  /// The greatest number of rows that are kept one by one.
  static func sparseLimit(_ rowCount: Int) -> Int { min(rowCount / 64, 16_384) }

  /// Words that `words` has.
  package var wordCount: Int { RowSet.wordCount(rowCount) }

  /// Words that a dense set of that many rows has.
  static func wordCount(_ rowCount: Int) -> Int { (rowCount + 63) / 64 }

  /// Whether the row is in the set; false for a row beyond `rowCount`.
  @inlinable
  package func contains(_ row: UInt32) -> Bool {
    switch representation {
    case .none: return false
    case .all: return Int(row) < rowCount
    case .dense:
      let index = Int(row / 64)
      return index < denseWords.count && denseWords[index] >> UInt64(row % 64) & 1 != 0
    case .sparse:
      let place = sparsePlace(of: row)
      return place < sparseRows.count && sparseRows[place] == row
    }
  }

  /// The place of the first row kept at or after `row`.
  ///
  /// Only for the sparse representation.
  @inlinable
  package func sparsePlace(of row: UInt32) -> Int {
    var low = 0
    var high = sparseRows.count
    while low < high {
      let middle = (low &+ high) / 2
      if sparseRows[middle] < row { low = middle &+ 1 } else { high = middle }
    }
    return low
  }

  /// Calls `body` with each row, in ascending order.
  @inlinable
  package func forEach<Failure: Error>(_ body: (UInt32) throws(Failure) -> Void) throws(Failure) {
    switch representation {
    case .none: return
    case .all: for row in 0..<rowCount { try body(UInt32(truncatingIfNeeded: row)) }
    case .sparse: for row in sparseRows { try body(row) }
    case .dense:
      for index in 0..<denseWords.count {
        var word = denseWords[index]
        while word != 0 {
          try body(UInt32(truncatingIfNeeded: index &* 64 &+ word.trailingZeroBitCount))
          word &= word &- 1
        }
      }
    }
  }

  /// True when no row is in the set.
  @inlinable
  package var isEmpty: Bool { count == 0 }

  /// True when every row is in the set.
  @inlinable
  package var isFull: Bool { count == rowCount }

  /// All rows as words; in the dense representation nothing is copied.
  package var words: [UInt64] {
    if representation == .dense { return denseWords }
    var words = [UInt64](repeating: 0, count: RowSet.wordCount(rowCount))
    copyWords(0..<words.count, into: &words)
    return words
  }

  /// Writes the words of some rows to the start of `target`.
  ///
  /// Precondition: `range` counts words of this set, and `target` has room for them.
  package func copyWords(_ range: Range<Int>, into target: inout [UInt64]) {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= RowSet.wordCount(rowCount) && range.count <= target.count)
    switch representation {
    case .dense: for index in range { target[index - range.lowerBound] = denseWords[index] }
    case .none: for index in 0..<range.count { target[index] = 0 }
    case .all:
      for index in 0..<range.count { target[index] = .max }
      if rowCount % 64 != 0, range.upperBound == RowSet.wordCount(rowCount), !range.isEmpty {
        target[range.count - 1] = 1 << UInt64(rowCount % 64) &- 1
      }
    case .sparse:
      for index in 0..<range.count { target[index] = 0 }
      var place = sparsePlace(of: UInt32(clamping: range.lowerBound * 64))
      while place < sparseRows.count, Int(sparseRows[place]) < range.upperBound * 64 {
        let row = sparseRows[place]
        target[Int(row / 64) - range.lowerBound] |= 1 << UInt64(row % 64)
        place += 1
      }
    }
  }

  /// Rows of the set within `range`; looks at every word of it in the dense representation.
  package func count(in range: Range<Int>) -> Int {
    let range = range.clamped(to: 0..<rowCount)
    guard let last = range.last else { return 0 }
    switch representation {
    case .none: return 0
    case .all: return range.count
    case .sparse:
      let end = sparsePlace(of: UInt32(truncatingIfNeeded: last))
      let isLast = end < sparseRows.count && Int(sparseRows[end]) == last
      return end + (isLast ? 1 : 0) - sparsePlace(of: UInt32(truncatingIfNeeded: range.lowerBound))
    case .dense:
      var total = 0
      for index in range.lowerBound / 64...last / 64 {
        var word = denseWords[index]
        if index == range.lowerBound / 64 { word &= .max << UInt64(range.lowerBound % 64) }
        if index == last / 64 { word &= .max >> UInt64(63 - last % 64) }
        total += word.nonzeroBitCount
      }
      return total
    }
  }

  /// The first row of the set at or after `row`; nil when there is none.
  package func first(from row: Int) -> UInt32? {
    guard row < rowCount else { return nil }
    let row = max(0, row)
    switch representation {
    case .none: return nil
    case .all: return UInt32(truncatingIfNeeded: row)
    case .sparse:
      let place = sparsePlace(of: UInt32(truncatingIfNeeded: row))
      return place < sparseRows.count ? sparseRows[place] : nil
    case .dense:
      var index = row / 64
      var word = denseWords[index] & .max << UInt64(row % 64)
      while word == 0 {
        index += 1
        guard index < denseWords.count else { return nil }
        word = denseWords[index]
      }
      return UInt32(truncatingIfNeeded: index * 64 + word.trailingZeroBitCount)
    }
  }
}

extension RowSet: Equatable {
  package static func == (left: RowSet, right: RowSet) -> Bool {
    guard left.rowCount == right.rowCount, left.count == right.count else { return false }
    switch (left.representation, right.representation) {
    case (.dense, .dense): return left.denseWords == right.denseWords
    case (.sparse, .sparse): return left.sparseRows == right.sparseRows
    case (.sparse, _): return left.sparseRows.allSatisfy { right.contains($0) }
    case (_, .sparse): return right.sparseRows.allSatisfy { left.contains($0) }
    // The counts are equal: both are empty, or both are full.
    case (.none, _), (.all, _), (_, .none), (_, .all): return true
    }
  }
}
