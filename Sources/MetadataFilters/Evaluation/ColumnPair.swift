import FileStorage

/// Compares the values of two columns, of one value a row and without long strings, in each row that has both.
///
/// For one thread.
struct ColumnPair {
  private let left: Column
  private let right: Column
  private let comparison: FilterComparison

  init(_ left: Column, _ comparison: FilterComparison, _ right: Column) {
    self.left = left
    self.right = right
    self.comparison = comparison
  }

  /// Whether values of two types of columns can be compared.
  static func compares(_ left: ColumnType, _ right: ColumnType) -> Bool {
    func isNumber(_ type: ColumnType) -> Bool { type == .int64 || type == .double }
    return left == right || isNumber(left) && isNumber(right)
  }

  /// Adds to `found` those rows of `both`, which have a value in each column, whose values compare so.
  func add(_ rows: Range<Int>, _ both: [UInt64], into found: inout [UInt64]) {
    for index in both.indices {
      var word = both[index] & ~found[index]
      while word != 0 {
        let bit = word.trailingZeroBitCount
        word &= word - 1
        if holds(rows.lowerBound + index * 64 + bit) { found[index] |= 1 << UInt64(bit) }
      }
    }
  }

  private func holds(_ row: Int) -> Bool {
    guard let first = left.position(ofRow: row), let second = right.position(ofRow: row) else { return false }
    // Safe: positions lie inside the values of their columns.
    switch unsafe (left.values, right.values) {
    case (.int64s(let a), .int64s(let b)):
      let (one, other) = unsafe (a[first], b[second])
      return comparison.holds(one < other ? .less : (one == other ? .equal : .greater))
    case (.doubles(let a), .doubles(let b)):
      let (one, other) = unsafe (a[first], b[second])
      return comparison.holds(one < other ? .less : (one == other ? .equal : .greater))
    case (.int64s(let a), .doubles(let b)):
      return unsafe Value.compare(a[first], b[second]).map { comparison.holds($0) } ?? false
    case (.doubles(let a), .int64s(let b)):
      return unsafe Value.compare(b[second], a[first]).map { comparison.holds($0.reversed) } ?? false
    case (.bools(let a), .bools(let b)):
      let one = unsafe a[first >> 6] >> UInt64(first & 63) & 1
      let other = unsafe b[second >> 6] >> UInt64(second & 63) & 1
      return comparison.holds(one < other ? .less : (one == other ? .equal : .greater))
    case (_, _):
      guard let one = unsafe text(left, first), let other = unsafe text(right, second) else { return false }
      return unsafe comparison.holds(compareBytes(one, other))
    }
  }

  private func text(_ column: Column, _ position: Int) -> UnsafeRawBufferPointer? {
    switch unsafe column.values {
    case .codes8(let codes): unsafe column.string(code: UInt32(codes[position]))
    case .codes16(let codes): unsafe column.string(code: UInt32(codes[position]))
    case .codes32(let codes): unsafe column.string(code: codes[position])
    case .none, .bools, .int64s, .doubles: nil
    }
  }
}
