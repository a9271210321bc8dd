/// A set of rows below a fixed count, one bit each.
///
/// As words, row *r* is bit *r* mod 64 of word *r* / 64; bits at and beyond `rowCount` are zero.
package struct RowSet: Equatable, Sendable {
  /// Rows that could be in the set: 0..<rowCount.
  package let rowCount: Int
  /// `rowCount / 64` words, rounded up.
  package private(set) var words: [UInt64]

  /// The empty set of rows below `count`, which is 0 to 2^32.
  package init(count: Int) {
    rowCount = count
    words = [UInt64](repeating: 0, count: (count + 63) / 64)
  }

  /// The set of all rows below `count`.
  package init(allRows count: Int) {
    rowCount = count
    words = [UInt64](repeating: .max, count: (count + 63) / 64)
    clearTail()
  }

  /// The set that words from a file spell; nil when their number is wrong or a bit beyond `count` is set.
  package init?(words: [UInt64], count: Int) {
    guard count >= 0, words.count == count / 64 + (count % 64 == 0 ? 0 : 1) else { return nil }
    if count % 64 != 0, let last = words.last, last >> UInt64(count % 64) != 0 { return nil }
    rowCount = count
    self.words = words
  }

  private mutating func clearTail() {
    if rowCount % 64 != 0 { words[words.count - 1] &= 1 << UInt64(rowCount % 64) &- 1 }
  }

  /// Whether the row is in the set; false for a row beyond `rowCount`.
  @inlinable
  package func contains(_ row: UInt32) -> Bool {
    let index = Int(row / 64)
    return index < words.count && words[index] >> UInt64(row % 64) & 1 != 0
  }

  /// Adds a row.
  ///
  /// Precondition: it is below `rowCount`.
  ///
  /// - Returns: False when it was in the set already.
  @discardableResult
  package mutating func insert(_ row: UInt32) -> Bool {
    precondition(Int(row) < rowCount)
    let bit = 1 << UInt64(row % 64) as UInt64
    let index = Int(row / 64)
    let isNew = words[index] & bit == 0
    words[index] |= bit
    return isNew
  }

  /// Takes a row out; does nothing for a row beyond `rowCount`.
  ///
  /// - Returns: False when it was not in the set.
  @discardableResult
  package mutating func remove(_ row: UInt32) -> Bool {
    guard contains(row) else { return false }
    words[Int(row / 64)] &= ~(1 << UInt64(row % 64))
    return true
  }

  /// Adds consecutive rows.
  ///
  /// Precondition: they are below `rowCount`.
  package mutating func insert(_ rows: Range<UInt32>) {
    guard let last = rows.last else { return }
    precondition(Int(last) < rowCount)
    let first = rows.lowerBound
    let low = UInt64.max << UInt64(first % 64)
    let high = UInt64.max >> UInt64(63 - last % 64)
    let from = Int(first / 64)
    let to = Int(last / 64)
    if from == to {
      words[from] |= low & high
      return
    }
    words[from] |= low
    for index in from + 1..<to { words[index] = .max }
    words[to] |= high
  }

  /// Rows in the set; looks at every word.
  package var count: Int {
    var total = 0
    for word in words { total += word.nonzeroBitCount }
    return total
  }

  /// Rows of the set within `range`; looks at every word of it.
  package func count(in range: Range<Int>) -> Int {
    let range = range.clamped(to: 0..<rowCount)
    guard let last = range.last else { return 0 }
    var total = 0
    for index in range.lowerBound / 64...last / 64 {
      var word = words[index]
      if index == range.lowerBound / 64 { word &= .max << UInt64(range.lowerBound % 64) }
      if index == last / 64 { word &= .max >> UInt64(63 - last % 64) }
      total += word.nonzeroBitCount
    }
    return total
  }

  /// True when no row is in the set.
  package var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

  /// Calls `body` with each row, in ascending order.
  @inlinable
  package func forEach<Failure: Error>(_ body: (UInt32) throws(Failure) -> Void) throws(Failure) {
    for index in 0..<words.count {
      var word = words[index]
      while word != 0 {
        try body(UInt32(truncatingIfNeeded: index &* 64 &+ word.trailingZeroBitCount))
        word &= word &- 1
      }
    }
  }

  /// The first row of the set at or after `row`; nil when there is none.
  package func first(from row: Int) -> UInt32? {
    guard row < rowCount else { return nil }
    let row = max(0, row)
    var index = row / 64
    var word = words[index] & .max << UInt64(row % 64)
    while word == 0 {
      index += 1
      guard index < words.count else { return nil }
      word = words[index]
    }
    return UInt32(truncatingIfNeeded: index * 64 + word.trailingZeroBitCount)
  }

  /// Adds every row of another set.
  ///
  /// Precondition: both have the same `rowCount`.
  package mutating func formUnion(_ other: RowSet) {
    precondition(rowCount == other.rowCount)
    for index in words.indices { words[index] |= other.words[index] }
  }

  /// Keeps only rows that are also in another set.
  ///
  /// Precondition: both have the same `rowCount`.
  package mutating func formIntersection(_ other: RowSet) {
    precondition(rowCount == other.rowCount)
    for index in words.indices { words[index] &= other.words[index] }
  }

  /// Takes out every row of another set.
  ///
  /// Precondition: both have the same `rowCount`.
  package mutating func subtract(_ other: RowSet) {
    precondition(rowCount == other.rowCount)
    for index in words.indices { words[index] &= ~other.words[index] }
  }

  /// Turns the set into the rows that were not in it.
  package mutating func formComplement() {
    for index in words.indices { words[index] = ~words[index] }
    clearTail()
  }

  /// The rows of both sets.
  ///
  /// Precondition: both have the same `rowCount`.
  package func union(_ other: RowSet) -> RowSet {
    var result = self
    result.formUnion(other)
    return result
  }

  /// The rows that are in both sets.
  ///
  /// Precondition: both have the same `rowCount`.
  package func intersection(_ other: RowSet) -> RowSet {
    var result = self
    result.formIntersection(other)
    return result
  }

  /// The rows that are not in another set.
  ///
  /// Precondition: both have the same `rowCount`.
  package func subtracting(_ other: RowSet) -> RowSet {
    var result = self
    result.subtract(other)
    return result
  }
}
