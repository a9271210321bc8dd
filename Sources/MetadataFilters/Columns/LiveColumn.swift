import FileStorage

/// The values that one column gathered since the last flush, and where its flushed runs are.
struct LiveColumn {
  /// The path's node in the builder's `PathTable`.
  let node: Int32
  let type: ColumnType
  /// The last row with a value here, -1 for none.
  var lastRow: Int64 = -1
  /// The rows that have a value, ascending.
  private(set) var rows: [UInt32] = []
  /// Array columns: the number of elements of each of `rows`.
  private var counts: [UInt32] = []
  /// Bits of integers and doubles.
  private var wide: [UInt64] = []
  /// Booleans as 0 and 1, codes of strings in order of appearance.
  private var narrow: [UInt32] = []
  private var strings = StringInterner()

  /// Rows with a value, in all runs.
  private(set) var presentTotal: UInt64 = 0
  /// Values, in all runs.
  private(set) var valueTotal: UInt64 = 0
  /// Strings over `ColumnLimits.stringBytes`, in all runs.
  private(set) var longTotal: UInt64 = 0
  /// Flushed runs, in row order.
  private(set) var runs: [ColumnRun] = []

  /// The code of a string too long for the dictionary, in a run.
  static let longCode = UInt32.max

  init(node: Int32, type: ColumnType) {
    self.node = node
    self.type = type
  }

  /// Notes that `row` has a value; false when it had one already.
  @inline(__always)
  mutating func begin(_ row: UInt32) -> Bool {
    if lastRow == Int64(row) { return false }
    lastRow = Int64(row)
    rows.append(row)
    presentTotal &+= 1
    if type.isArray { counts.append(0) }
    return true
  }

  /// Counts one more element of the row that began last.
  @inline(__always)
  mutating func countElement() {
    if !counts.isEmpty { counts[counts.count &- 1] &+= 1 }
  }

  /// Adds the bits of an integer or a double.
  @inline(__always)
  mutating func append(wide bits: UInt64) {
    wide.append(bits)
    valueTotal &+= 1
  }

  /// Adds a boolean.
  @inline(__always)
  mutating func append(bool: Bool) {
    narrow.append(bool ? 1 : 0)
    valueTotal &+= 1
  }

  /// Adds a string of `length` readable bytes and returns the memory that it newly takes.
  @inline(__always)
  mutating func append(string: UnsafeRawPointer, _ length: Int, hash: SecretHash) -> Int {
    valueTotal &+= 1
    if length > ColumnLimits.stringBytes {
      longTotal &+= 1
      narrow.append(LiveColumn.longCode)
      return 0
    }
    let (code, new) = unsafe strings.intern(string, length, hash: hash)
    narrow.append(code)
    return new ? length &+ StringInterner.overhead : 0
  }

  /// Moves everything gathered into `area` as one run over `rowCount` rows from `firstRow`.
  mutating func flush(to area: SpillArea, firstRow: UInt32, rowCount: Int) throws(StorageError) {
    guard !rows.isEmpty else { return }
    var run = ColumnRun(
      firstRow: firstRow, present: rows.count, values: max(wide.count, narrow.count), strings: strings.count)
    if rows.count != rowCount { run.rows = try rows.spill(to: area) }
    rows = []
    if type.isArray { run.counts = try counts.spill(to: area) }
    counts = []
    if !wide.isEmpty { run.content = try wide.spill(to: area) }
    wide = []
    if type.element == .string {
      let (ranks, lengths, bytes) = strings.sorted()
      strings = StringInterner()
      for index in narrow.indices where narrow[index] != LiveColumn.longCode {
        narrow[index] = ranks[Int(narrow[index])]
      }
      run.lengths = try lengths.spill(to: area)
      run.bytes = try bytes.spill(to: area)
    }
    if !narrow.isEmpty { run.content = try narrow.spill(to: area) }
    narrow = []
    runs.append(run)
  }
}

/// One column's part of a run, in a `SpillArea`.
struct ColumnRun {
  /// First row of the run, also where this column has no value there.
  let firstRow: UInt32
  /// Rows with a value.
  let present: Int
  /// Values: `present`, or the elements of an array column; 0 for columns without values.
  let values: Int
  /// Distinct strings.
  let strings: Int
  /// u32 row each; no bytes when every row of the run has a value.
  var rows = SpillPart.none
  /// u32 number of elements of each present row.
  var counts = SpillPart.none
  /// u64 bits, or u32 booleans and ranks of strings.
  var content = SpillPart.none
  /// u16 length of each distinct string, in byte order.
  var lengths = SpillPart.none
  /// The distinct strings, in byte order.
  var bytes = SpillPart.none
}
