package import FileStorage
package import VectorMath

/// Counts the rows that have each value of a field.
///
/// A row with an array counts once for each distinct element. Numbers that are equal are one value.
package struct FieldCounts: FieldSink, FieldGathering {
  /// Rows of each text that was read from a row.
  private var totals: [Value: Int] = [:]
  private var column: Column?
  private var codes: [Int] = []
  private var codeRows: [Int] = []
  /// The columns of strings that are done, with the rows of each code.
  private var done: [(column: Column, codes: [Int])] = []
  private var numbers = NumberCounts()
  private var bools = [0, 0]
  private var boolRows = [-1, -1]
  /// Makes the numbers of rows of one segment others than those of the next.
  private var firstRow = 0

  /// Counts nothing yet.
  package init() {}

  mutating func begin(_ column: Column) {
    flush()
    self.column = column
    codes = [Int](repeating: 0, count: column.dictionary.count)
    // Only a row with an array can have a value twice.
    codeRows = column.info.type.isArray ? [Int](repeating: -1, count: column.dictionary.count) : []
  }

  @inline(__always)
  mutating func add(row: Int, bool: Bool) {
    let index = bool ? 1 : 0
    guard boolRows[index] != firstRow &+ row else { return }
    boolRows[index] = firstRow &+ row
    bools[index] += 1
  }

  @inline(__always)
  mutating func add(row: Int, int: Int64) { numbers.add(.int(int), row: firstRow &+ row) }

  @inline(__always)
  mutating func add(row: Int, double: Double) {
    if let int = Int64(exactly: double) {
      numbers.add(.int(int), row: firstRow &+ row)
    } else {
      numbers.add(.double(double), row: firstRow &+ row)
    }
  }

  @inline(__always)
  mutating func add(row: Int, code: UInt32) {
    if !codeRows.isEmpty {
      guard codeRows[Int(code)] != row else { return }
      codeRows[Int(code)] = row
    }
    codes[Int(code)] += 1
  }

  mutating func add(row: Int, text: [UInt8]) {
    // Rows that are read come one after the other, and a long string that stands in an array twice is the same twice.
    let key = Value.string(text)
    if let last = lastText, last.row == row, last.seen.contains(key) { return }
    if lastText?.row == row { lastText?.seen.insert(key) } else { lastText = (row, [key]) }
    totals[key, default: 0] += 1
  }

  private var lastText: (row: Int, seen: Set<Value>)?

  package mutating func gather(_ rows: RowSet, of scan: FieldScan) throws(StorageError) {
    endSegment()
    try scan.run(rows, into: &self)
    endSegment()
  }

  package mutating func gather(row: Int, _ values: [Value]) { add(row: row, values) }

  /// Ends the rows of a segment: rows that follow are others.
  private mutating func endSegment() {
    flush()
    lastText = nil
    firstRow &+= 1 << 33
  }

  private mutating func flush() {
    if let column, !codes.isEmpty { done.append((column, codes)) }
    column = nil
    codes = []
  }

  /// The values and how many rows have each: most rows first, then booleans, numbers and strings in their order.
  ///
  /// `least`: Values of fewer rows are left out. `limit`: So many at most.
  package mutating func finish(least: Int = 1, limit: Int = .max) -> [(value: Value, count: Int)] {
    endSegment()
    if done.count != 1 || !totals.isEmpty { mergeTexts() }
    var rows = RowsOfValues()
    numbers.count(into: &rows)
    for (_, codes) in done { for count in codes { rows.add(count) } }
    for (_, count) in totals { rows.add(count) }
    // Booleans are two at most.
    let bar = max(1, least, rows.bar(limit))
    var result: [(value: Value, count: Int)] = []
    for index in 0...1 where bools[index] >= max(1, least) {
      result.append((.bool(index == 1), bools[index]))
    }
    result += numbers.values(ofAtLeast: bar)
    for (column, codes) in done {
      for code in codes.indices where codes[code] >= bar {
        if let text = unsafe column.string(code: UInt32(code)) {
          result.append((.string(unsafe [UInt8](text)), codes[code]))
        }
      }
    }
    for (value, count) in totals where count >= bar { result.append((value, count)) }
    result.sort { left, right in
      left.count != right.count ? left.count > right.count : FieldOrder.precedes(left.value, right.value)
    }
    return limit < result.count ? Array(result.prefix(max(0, limit))) : result
  }

  /// Brings the strings of several columns together.
  private mutating func mergeTexts() {
    for (column, codes) in done {
      for code in codes.indices where codes[code] > 0 {
        if let text = unsafe column.string(code: UInt32(code)) {
          totals[.string(unsafe [UInt8](text)), default: 0] += codes[code]
        }
      }
    }
    done = []
  }
}

/// How many values have so many rows: to know which of them can be among those with the most.
private struct RowsOfValues {
  private static let most = 4096
  private var values = [Int](repeating: 0, count: RowsOfValues.most + 1)

  mutating func add(_ rows: Int) { values[min(max(0, rows), Self.most)] += 1 }

  /// Fewer rows than this no value among the first `limit` has.
  func bar(_ limit: Int) -> Int {
    var above = 0
    var rows = Self.most
    while rows > 1 {
      above += values[rows]
      if above >= limit { return rows }
      rows -= 1
    }
    return 1
  }
}

/// The order of scalars of all kinds: booleans, numbers, strings.
package enum FieldOrder {
  /// Whether a value comes before another.
  package static func precedes(_ left: Value, _ right: Value) -> Bool {
    if let order = left.compare(right) { return order == .less }
    return rank(left) < rank(right)
  }

  /// The place of a value's kind.
  package static func rank(_ value: Value) -> Int {
    switch value {
    case .bool: 0
    case .int, .double: 1
    case .string: 2
    case .null: 3
    }
  }
}

/// Counts numbers in an open-addressing table; a row counts once for each number while its numbers come one after the other.
private struct NumberCounts {
  enum Number: Equatable {
    case int(Int64)
    case double(Double)

    var bits: UInt64 {
      switch self {
      case .int(let value): UInt64(bitPattern: value)
      case .double(let value): value.bitPattern
      }
    }
    var isInt: Bool { if case .int = self { true } else { false } }
  }

  private struct Slot {
    var bits: UInt64 = 0
    /// 0 for an empty slot.
    var count = 0
    var row = -1
    var isInt = false
  }

  private var slots = [Slot](repeating: Slot(), count: 64)
  private var used = 0

  @inline(__always)
  mutating func add(_ number: Number, row: Int) {
    let index = place(number.bits, number.isInt)
    if slots[index].count == 0 {
      slots[index].bits = number.bits
      slots[index].isInt = number.isInt
      used += 1
    }
    guard slots[index].row != row else { return }
    slots[index].row = row
    slots[index].count += 1
    if used * 2 > slots.count { grow() }
  }

  @inline(__always)
  private func place(_ bits: UInt64, _ isInt: Bool) -> Int {
    let mask = slots.count - 1
    let product = (bits ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
    var index = Int(truncatingIfNeeded: product.high ^ product.low) & mask
    while slots[index].count != 0, slots[index].bits != bits || slots[index].isInt != isInt {
      index = (index + 1) & mask
    }
    return index
  }

  private mutating func grow() {
    let old = slots
    slots = [Slot](repeating: Slot(), count: old.count * 2)
    for slot in old where slot.count != 0 { slots[place(slot.bits, slot.isInt)] = slot }
  }

  /// Adds the rows of each number.
  func count(into rows: inout RowsOfValues) {
    for slot in slots where slot.count != 0 { rows.add(slot.count) }
  }

  /// The numbers of at least so many rows, in no order.
  func values(ofAtLeast rows: Int) -> [(value: Value, count: Int)] {
    var result: [(value: Value, count: Int)] = []
    for slot in slots where slot.count != 0 && slot.count >= rows {
      result.append(
        (
          slot.isInt ? .int(Int64(bitPattern: slot.bits)) : .double(Double(bitPattern: slot.bits)),
          slot.count
        ))
    }
    return result
  }
}

/// Gathers the numbers of a field; other values are left out.
package struct FieldNumbers: FieldSink, FieldGathering {
  /// The numbers, as doubles.
  package private(set) var numbers: [Double] = []

  /// Gathers nothing yet.
  package init() {}
  mutating func begin(_ column: Column) {}
  mutating func add(row: Int, bool: Bool) {}
  mutating func add(row: Int, int: Int64) { numbers.append(Double(int)) }
  mutating func add(row: Int, double: Double) { numbers.append(double) }
  mutating func add(row: Int, code: UInt32) {}
  mutating func add(row: Int, text: [UInt8]) {}
  package mutating func gather(_ rows: RowSet, of scan: FieldScan) throws(StorageError) {
    try scan.run(rows, into: &self)
  }
  package mutating func gather(row: Int, _ values: [Value]) { add(row: row, values) }

  /// Equal parts of the span from the smallest to the largest number, with how many numbers lie in each.
  ///
  /// A number on a border belongs to the part that it begins, the largest one to the last part. Fewer parts come back when
  /// the numbers are all equal.
  package func bins(_ count: Int) -> [(low: Double, high: Double, count: Int)] {
    guard let low = numbers.min(), let high = numbers.max(), count > 0 else { return [] }
    guard low < high, count > 1 else { return [(low, high, numbers.count)] }
    // Halves first: the span itself may be beyond a double.
    let borders = (0...count).map { index -> Double in
      let share = Double(index) / Double(count)
      return index == count ? high : low * (1 - share) + high * share
    }
    var counts = [Int](repeating: 0, count: count)
    for number in numbers {
      var bin = min(count - 1, max(0, Int(((number / 2 - low / 2) / (high / 2 - low / 2)) * Double(count))))
      // Rounding may be off by one: the borders decide.
      while bin > 0, number < borders[bin] { bin -= 1 }
      while bin < count - 1, number >= borders[bin + 1] { bin += 1 }
      counts[bin] += 1
    }
    return (0..<count).map { (borders[$0], borders[$0 + 1], counts[$0]) }
  }
}
