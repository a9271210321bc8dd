import VectorMath

/// Row numbers as the engine counts them. Precondition of all: rows are from 0 to below 2^32.
extension RowSet {
  /// Whether the row is in the set.
  @inline(__always)
  func contains(_ row: Int) -> Bool { contains(UInt32(truncatingIfNeeded: row)) }

  /// Adds a row; false when it was there.
  @discardableResult
  mutating func insert(_ row: Int) -> Bool { insert(UInt32(truncatingIfNeeded: row)) }

  /// The rows in ascending order.
  var rowNumbers: [Int] {
    var rows: [Int] = []
    rows.reserveCapacity(count)
    forEach { rows.append(Int($0)) }
    return rows
  }
}
