package import FileStorage
package import VectorMath

/// Counts the rows that have each value of a field.
///
/// A row with an array counts once for each distinct element. Numbers that are equal are one value.
package struct FieldCounts: FieldSink, FieldGathering {
  /// Rows of each value, as far as the columns before the last one and the rows that were read are concerned; see `finish`.
  private var totals: [Value: Int] = [:]
  private var column: Column?
  private var codes: [Int] = []
  private var codeRows: [Int] = []
  private var numbers = NumberCounts()
  private var bools = [0, 0]
  private var boolRows = [-1, -1]

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
    guard boolRows[index] != row else { return }
    boolRows[index] = row
    bools[index] += 1
  }

  @inline(__always)
  mutating func add(row: Int, int: Int64) { numbers.add(.int(int), row: row) }

  @inline(__always)
  mutating func add(row: Int, double: Double) {
    if let int = Int64(exactly: double) {
      numbers.add(.int(int), row: row)
    } else {
      numbers.add(.double(double), row: row)
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
    column = nil
    lastText = nil
  }

  private mutating func flush() {
    if let column {
      for code in codes.indices where codes[code] > 0 {
        if let text = unsafe column.string(code: UInt32(code)) {
          totals[.string(unsafe [UInt8](text)), default: 0] += codes[code]
        }
      }
    }
    codes = []
    for (value, count) in numbers.counts { totals[value, default: 0] += count }
    numbers = NumberCounts()
    for index in 0...1 where bools[index] > 0 { totals[.bool(index == 1), default: 0] += bools[index] }
    bools = [0, 0]
    boolRows = [-1, -1]
  }

  /// The values and how many rows have each: most rows first, then booleans, numbers and strings in their order.
  package mutating func finish() -> [(value: Value, count: Int)] {
    endSegment()
    return totals.map { (value: $0.key, count: $0.value) }.sorted { left, right in
      left.count != right.count ? left.count > right.count : FieldOrder.precedes(left.value, right.value)
    }
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

  var counts: [(value: Value, count: Int)] {
    slots.filter { $0.count != 0 }.map {
      ($0.isInt ? .int(Int64(bitPattern: $0.bits)) : .double(Double(bitPattern: $0.bits)), $0.count)
    }
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

/// Counts the instants of a field in intervals of equal length; values that spell no instant are left out.
///
/// Intervals are counted from 1970-01-01T00:00:00Z, those of whole weeks from Monday, 1969-12-29.
package struct FieldIntervals: FieldSink, FieldGathering {
  private let length: Int128
  private let shift: Int128
  private var totals: [Int128: Int] = [:]
  private var column: Column?
  /// The interval of each code: 0 not looked at, 1 none, otherwise its place in `known` and 2.
  private var codes: [UInt32] = []
  private var known: [Int128] = []
  private var counts: [Int] = []

  private static let week = Int128(7 * 86_400) * 1_000_000_000

  /// Prepares for intervals of so many nanoseconds, at least 1.
  package init(nanoseconds: Int64) {
    length = Int128(max(1, nanoseconds))
    shift = length % Self.week == 0 ? Int128(-3 * 86_400) * 1_000_000_000 : 0
  }

  mutating func begin(_ column: Column) {
    self.column = column
    codes = [UInt32](repeating: 0, count: column.dictionary.count)
  }
  mutating func add(row: Int, bool: Bool) {}
  mutating func add(row: Int, int: Int64) {}
  mutating func add(row: Int, double: Double) {}

  mutating func add(row: Int, code: UInt32) {
    let place = codes[Int(code)]
    if place >= 2 {
      counts[Int(place) - 2] += 1
      return
    }
    if place == 1 { return }
    guard let text = unsafe column?.string(code: code), let instant = unsafe FilterInstant(text) else {
      codes[Int(code)] = 1
      return
    }
    codes[Int(code)] = UInt32(known.count) + 2
    known.append(interval(of: instant))
    counts.append(1)
  }

  mutating func add(row: Int, text: [UInt8]) {
    if let instant = FilterInstant(text) { add(instant) }
  }

  package mutating func gather(_ rows: RowSet, of scan: FieldScan) throws(StorageError) {
    try scan.run(rows, into: &self)
  }
  package mutating func gather(row: Int, _ values: [Value]) { add(row: row, values) }

  /// Counts an instant.
  package mutating func add(_ instant: FilterInstant) { totals[interval(of: instant), default: 0] += 1 }

  private func interval(of instant: FilterInstant) -> Int128 {
    let time = Int128(instant.seconds) * 1_000_000_000 + Int128(instant.nanoseconds) - shift
    let quotient = time / length
    return time % length < 0 ? quotient - 1 : quotient
  }

  /// The beginning of each interval with instants, and how many there are; in the order of time.
  package func finish() -> [(start: FilterInstant, count: Int)] {
    var all = totals
    for (index, interval) in known.enumerated() { all[interval, default: 0] += counts[index] }
    return all.sorted { $0.key < $1.key }.map { interval, count in
      let time = interval * length + shift
      var seconds = time / 1_000_000_000
      var rest = time % 1_000_000_000
      if rest < 0 {
        rest += 1_000_000_000
        seconds -= 1
      }
      return (
        FilterInstant(seconds: Int64(clamping: seconds), nanoseconds: Int64(clamping: rest)), count
      )
    }
  }
}
