package import FileStorage
package import VectorMath

/// Counts the instants of a field in intervals of equal length; values that spell no instant are left out.
///
/// Intervals are counted from 1970-01-01T00:00:00Z, those of whole weeks from Monday, 1969-12-29.
package struct FieldIntervals: FieldSink, FieldGathering {
  private let length: Int128
  private let shift: Int128
  private var totals: [Int128: Int] = [:]
  private var column: Column?
  /// Rows with each code of the column.
  private var codes: [Int] = []

  private static let week = Int128(7 * 86_400) * 1_000_000_000

  /// Prepares for intervals of so many nanoseconds, at least 1.
  package init(nanoseconds: Int64) {
    length = Int128(max(1, nanoseconds))
    shift = length % Self.week == 0 ? Int128(-3 * 86_400) * 1_000_000_000 : 0
  }

  mutating func begin(_ column: Column) {
    flush()
    self.column = column
    codes = [Int](repeating: 0, count: column.dictionary.count)
  }

  /// Takes in the rows of the column: strings come in their order, so most lie in the interval of the one before.
  private mutating func flush() {
    guard let column else { return }
    var last: Int128?
    var run = 0
    for code in codes.indices where codes[code] > 0 {
      guard let text = unsafe column.string(code: UInt32(code)), let instant = unsafe FilterInstant(text)
      else {
        continue
      }
      let next = interval(of: instant)
      if next != last, let previous = last {
        totals[previous, default: 0] += run
        run = 0
      }
      last = next
      run += codes[code]
    }
    if let last { totals[last, default: 0] += run }
    self.column = nil
    codes = []
  }

  mutating func add(row: Int, bool: Bool) {}
  mutating func add(row: Int, int: Int64) {}
  mutating func add(row: Int, double: Double) {}

  @inline(__always)
  mutating func add(row: Int, code: UInt32) { codes[Int(code)] += 1 }

  mutating func add(row: Int, text: [UInt8]) {
    if let instant = FilterInstant(text) { add(instant) }
  }

  package mutating func gather(_ rows: RowSet, of scan: FieldScan) throws(StorageError) {
    try scan.run(rows, into: &self)
  }
  package mutating func gather(row: Int, _ values: [Value]) { add(row: row, values) }

  /// Counts an instant.
  package mutating func add(_ instant: FilterInstant) { totals[interval(of: instant), default: 0] += 1 }

  /// Counts the times of some rows of a segment.
  package mutating func add(_ times: RowTimes, of rows: RowSet) {
    switch unsafe times {
    case .same(let time):
      if !rows.isEmpty { totals[interval(of: FilterInstant(nanoseconds: time)), default: 0] += rows.count }
    case .each(let values):
      // Rows that came together lie in one interval.
      var low: Int64 = 0
      var high: Int64 = -1
      var run = 0
      var last: Int128 = 0
      rows.forEach { row in
        guard Int(row) < values.count else { return }
        let time = unsafe values[Int(row)]
        if time >= low, time <= high {
          run += 1
          return
        }
        if run > 0 { totals[last, default: 0] += run }
        run = 1
        last = interval(of: FilterInstant(nanoseconds: time))
        low = Int64(clamping: last * length + shift)
        high = Int64(clamping: (last + 1) * length + shift - 1)
      }
      if run > 0 { totals[last, default: 0] += run }
    }
  }

  private func interval(of instant: FilterInstant) -> Int128 {
    let time = Int128(instant.seconds) * 1_000_000_000 + Int128(instant.nanoseconds) - shift
    let quotient = time / length
    return time % length < 0 ? quotient - 1 : quotient
  }

  /// The beginning of each interval with instants, and how many there are; in the order of time.
  package mutating func finish() -> [(start: FilterInstant, count: Int)] {
    flush()
    return totals.sorted { $0.key < $1.key }.map { interval, count in
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
