import FileStorage
import VectorMath

/// Rows that are looked at together: as many as one zone of a column has.
enum RowBlocks {
  /// Rows of a block; the last may have fewer.
  static let rows = ColumnLimits.zoneSize
  /// Words of a block's set of rows.
  static let words = rows / 64

  /// Blocks of a segment.
  static func count(_ rows: Int) -> Int { (rows + RowBlocks.rows - 1) / RowBlocks.rows }

  /// The rows of a block.
  static func range(_ block: Int, of rows: Int) -> Range<Int> {
    block * RowBlocks.rows..<min((block + 1) * RowBlocks.rows, rows)
  }

  /// No row.
  static let none = [UInt64](repeating: 0, count: words)
}

/// Finds the rows of a block whose value in a column passes a test.
///
/// Sets of rows are `RowBlocks.words` words each; row *r* of the block is bit *r* mod 64 of word *r* / 64. Not for several
/// threads at once.
struct BlockScanner {
  /// Bits of the values of one stretch of a column.
  private var bits = RowBlocks.none

  /// Adds to `found` those rows of `alive` that pass; may leave out rows that `found` has already.
  ///
  /// `element`: Of arrays only the element at this place counts; nil when any does.
  mutating func add(
    _ ready: ColumnScan.Ready, rows: Range<Int>, alive: [UInt64], usesZones: Bool, element: Int? = nil,
    into found: inout [UInt64]
  ) {
    let column = ready.column
    switch ready.test {
    case .never: return
    case .always where element == nil: addPresent(column, rows, alive, into: &found)
    case .always: addArrays(ready, rows, alive, element, into: &found)
    case .ranges, .set, .ints, .doubles, .bools, .strings, .lengths:
      if column.info.type.isArray {
        addArrays(ready, rows, alive, element, into: &found)
      } else if unsafe isSorted(column.presence) {
        addSorted(ready, rows, alive, into: &found)
      } else {
        addDense(ready, rows, alive, usesZones, into: &found)
      }
    }
  }

  private func isSorted(_ presence: ColumnPresence) -> Bool {
    if case .sorted = unsafe presence { true } else { false }
  }

  // MARK: Presence

  /// Adds the rows of `alive` that the column has.
  func addPresent(_ column: Column, _ rows: Range<Int>, _ alive: [UInt64], into found: inout [UInt64]) {
    switch unsafe column.presence {
    case .all: for index in found.indices { found[index] |= alive[index] }
    case .bitset(let words):
      let first = rows.lowerBound / 64
      // Safe: there is a word for each 64 rows.
      for index in 0..<(rows.count + 63) / 64 { found[index] |= unsafe words[first + index] & alive[index] }
    case .sorted(let present):
      for position in unsafe positions(present, rows) {
        let row = unsafe Int(present[position]) - rows.lowerBound
        found[row >> 6] |= alive[row >> 6] & 1 << UInt64(row & 63)
      }
    }
  }

  /// The positions of rows of a block in a list of rows.
  private func positions(_ present: UnsafeBufferPointer<UInt32>, _ rows: Range<Int>) -> Range<Int> {
    func first(_ row: Int) -> Int {
      var low = 0
      var high = present.count
      while low < high {
        let middle = (low + high) / 2
        if unsafe Int(present[middle]) < row { low = middle + 1 } else { high = middle }
      }
      return low
    }
    return first(rows.lowerBound)..<first(rows.upperBound)
  }

  // MARK: One value a row

  private mutating func addDense(
    _ ready: ColumnScan.Ready, _ rows: Range<Int>, _ alive: [UInt64], _ usesZones: Bool,
    into found: inout [UInt64]
  ) {
    let column = ready.column
    if usesZones, case .ranges(let bounds) = ready.test {
      switch zone(column, rows.lowerBound / RowBlocks.rows, bounds) {
      case .outside: return
      case .inside: return addPresent(column, rows, alive, into: &found)
      case .both: break
      }
    }
    if ready.test.isExpensive {
      var present = RowBlocks.none
      addPresent(column, rows, alive, into: &present)
      var tester = ValueTester(ready)
      for index in present.indices {
        var word = present[index] & ~found[index]
        while word != 0 {
          let bit = word.trailingZeroBitCount
          word &= word - 1
          if tester.passes(rows.lowerBound + index * 64 + bit) { found[index] |= 1 << UInt64(bit) }
        }
      }
      return
    }
    let words = (rows.count + 63) / 64
    var from = 0
    while from < words {
      guard alive[from] & ~found[from] != 0 else {
        from += 1
        continue
      }
      var to = from + 1
      while to < words, alive[to] & ~found[to] != 0 { to += 1 }
      let first = rows.lowerBound + from * 64
      fill(ready, first..<min(rows.lowerBound + to * 64, rows.upperBound))
      switch unsafe column.presence {
      case .all: for index in from..<to { found[index] |= bits[index - from] & alive[index] }
      case .bitset(let present):
        for index in from..<to {
          // Safe: there is a word for each 64 rows.
          let wanted = unsafe present[rows.lowerBound / 64 + index] & alive[index]
          found[index] |= bits[index - from] & wanted
        }
      case .sorted: break
      }
      from = to
    }
  }

  private enum ZoneOutcome { case outside, inside, both }

  /// What a stretch's bounds say of its values.
  private func zone(_ column: Column, _ zone: Int, _ bounds: ColumnMasks.Bounds) -> ZoneOutcome {
    func outcome<Number: Comparable>(_ low: Number, _ high: Number, _ bounds: [Number]) -> ZoneOutcome {
      // A stretch without values.
      guard low <= high else { return .outside }
      var isMet = false
      for index in 0..<bounds.count / 2 where bounds[2 * index] <= high && bounds[2 * index + 1] >= low {
        if bounds[2 * index] <= low, bounds[2 * index + 1] >= high { return .inside }
        isMet = true
      }
      return isMet ? .both : .outside
    }
    switch (unsafe column.zones, bounds) {
    case (.int64s(let zones), .int64s(let bounds)) where 2 * zone + 1 < zones.count:
      return unsafe outcome(zones[2 * zone], zones[2 * zone + 1], bounds)
    case (.doubles(let zones), .doubles(let bounds)) where 2 * zone + 1 < zones.count:
      return unsafe outcome(zones[2 * zone], zones[2 * zone + 1], bounds)
    case (.none, _), (.int64s, _), (.doubles, _): return .both
    }
  }

  private mutating func addSorted(
    _ ready: ColumnScan.Ready, _ rows: Range<Int>, _ alive: [UInt64], into found: inout [UInt64]
  ) {
    guard case .sorted(let present) = unsafe ready.column.presence else { return }
    let range = unsafe positions(present, rows)
    let isExpensive = ready.test.isExpensive
    var tester = ValueTester(ready)
    // Fewer positions than rows of a block: they fit the bits.
    if !isExpensive { fill(ready, range) }
    for position in range {
      let row = unsafe Int(present[position]) - rows.lowerBound
      let bit = 1 << UInt64(row & 63) as UInt64
      guard alive[row >> 6] & ~found[row >> 6] & bit != 0 else { continue }
      let index = position - range.lowerBound
      let isFound =
        isExpensive ? tester.passes(position) : bits[index >> 6] >> UInt64(index & 63) & 1 == 1
      if isFound { found[row >> 6] |= bit }
    }
  }

  // MARK: Times

  /// Adds to `found` those rows of `alive` whose time passes.
  mutating func add(
    _ times: RowTimes, _ test: ScalarTest, _ rows: Range<Int>, _ alive: [UInt64], into found: inout [UInt64]
  ) {
    switch unsafe times {
    case .same(let time):
      guard ScalarTester(test).passes(instant: FilterInstant(nanoseconds: time)) else { return }
      for index in found.indices { found[index] |= alive[index] }
    case .each(let values):
      guard values.count >= rows.count, let base = values.baseAddress else { return }
      if let ranges = NumberRanges.times(test) {
        guard !ranges.isEmpty else { return }
        // Safe: there is a value for each row of the block, and a block's bits fit.
        unsafe bits.withUnsafeMutableBufferPointer { bits in
          guard let words = bits.baseAddress else { return }
          unsafe ColumnMasks.inRanges(
            base, count: rows.count, .int64s(ranges.flatMap { [$0.lowerBound, $0.upperBound] }), into: words)
        }
        for index in 0..<(rows.count + 63) / 64 { found[index] |= bits[index] & alive[index] }
        return
      }
      let tester = ScalarTester(test)
      for index in 0..<(rows.count + 63) / 64 {
        var word = alive[index] & ~found[index]
        while word != 0 {
          let bit = word.trailingZeroBitCount
          word &= word - 1
          let time = unsafe values[index * 64 + bit]
          if tester.passes(instant: FilterInstant(nanoseconds: time)) { found[index] |= 1 << UInt64(bit) }
        }
      }
    }
  }

  // MARK: Arrays

  private mutating func addArrays(
    _ ready: ColumnScan.Ready, _ rows: Range<Int>, _ alive: [UInt64], _ wanted: Int?,
    into found: inout [UInt64]
  ) {
    let column = ready.column
    let offsets = unsafe column.offsets
    let positions: Range<Int>
    var present: UnsafeBufferPointer<UInt32>?
    if case .sorted(let sorted) = unsafe column.presence {
      positions = unsafe self.positions(sorted, rows)
      unsafe present = sorted
    } else {
      positions = rows
      unsafe present = nil
    }
    /// The place of a position's row in the block.
    func place(_ position: Int) -> Int {
      (unsafe present.map { unsafe Int($0[position]) } ?? position) - rows.lowerBound
    }
    func isWanted(_ row: Int) -> Bool { (alive[row >> 6] & ~found[row >> 6]) >> UInt64(row & 63) & 1 == 1 }
    // Safe in all that follows: there is one offset more than positions, and offsets end inside the values.
    if case .lengths(let ranges) = ready.test {
      for position in positions {
        let length = unsafe Int64(offsets[position + 1]) - Int64(offsets[position])
        let row = place(position)
        // An array column has a row only with elements.
        if length > 0, isWanted(row), ranges.contains(where: { $0.contains(length) }) {
          found[row >> 6] |= 1 << UInt64(row & 63)
        }
      }
      return
    }
    if case .always = ready.test {
      for position in positions {
        let row = place(position)
        let length = unsafe Int(offsets[position + 1]) - Int(offsets[position])
        if length > wanted ?? 0, isWanted(row) { found[row >> 6] |= 1 << UInt64(row & 63) }
      }
      return
    }
    if ready.test.isExpensive {
      var tester = ValueTester(ready)
      for position in positions {
        let row = place(position)
        guard isWanted(row) else { continue }
        if let wanted {
          let element = unsafe Int(offsets[position]).addingReportingOverflow(wanted).partialValue
          if unsafe wanted < Int(offsets[position + 1]) - Int(offsets[position]), tester.passes(element) {
            found[row >> 6] |= 1 << UInt64(row & 63)
          }
          continue
        }
        for element in unsafe Int(offsets[position])..<Int(offsets[position + 1])
        where tester.passes(element) {
          found[row >> 6] |= 1 << UInt64(row & 63)
          break
        }
      }
      return
    }
    // All elements of the block in stretches; each that passes is followed to its row.
    guard !positions.isEmpty else { return }
    let last = unsafe Int(offsets[positions.upperBound])
    var element = unsafe Int(offsets[positions.lowerBound])
    var position = positions.lowerBound
    while element < last {
      let end = min(element + RowBlocks.rows, last)
      fill(ready, element..<end)
      for index in 0..<(end - element + 63) / 64 {
        var word = bits[index]
        while word != 0 {
          let passing = element + index * 64 + word.trailingZeroBitCount
          word &= word - 1
          while unsafe Int(offsets[position + 1]) <= passing { position += 1 }
          if let wanted, unsafe passing - Int(offsets[position]) != wanted { continue }
          let row = place(position)
          found[row >> 6] |= alive[row >> 6] & 1 << UInt64(row & 63)
        }
      }
      element = end
    }
  }

  // MARK: Kernels

  /// Sets `bits` for a stretch of values, at most a block of them; only for tests that are not expensive.
  private mutating func fill(_ ready: ColumnScan.Ready, _ range: Range<Int>) {
    guard !range.isEmpty else { return }
    let column = ready.column
    if case .bools(let no, let yes) = ready.test {
      fillBools(column, range, no: no, yes: yes)
      return
    }
    guard let base = unsafe values(column, at: range.lowerBound) else { return }
    // Safe: the range lies inside the values, and its bits fit.
    unsafe bits.withUnsafeMutableBufferPointer { bits in
      guard let words = bits.baseAddress else { return }
      switch ready.test {
      case .ranges(let bounds): unsafe ColumnMasks.inRanges(base, count: range.count, bounds, into: words)
      case .set(let set, let width):
        unsafe ColumnMasks.inSet(base, count: range.count, width, set, into: words)
      case .never, .always, .ints, .doubles, .bools, .strings, .lengths: break
      }
    }
  }

  private mutating func fillBools(_ column: Column, _ range: Range<Int>, no: Bool, yes: Bool) {
    guard case .bools(let words) = unsafe column.values else { return }
    let shift = UInt64(range.lowerBound & 63)
    for index in 0..<(range.count + 63) / 64 {
      let at = range.lowerBound / 64 + index
      // Safe: checked against the number of words.
      var word = unsafe at < words.count ? words[at] >> shift : 0
      if shift > 0, at + 1 < words.count { word |= unsafe words[at + 1] << (64 - shift) }
      word = (yes ? word : 0) | (no ? ~word : 0)
      let left = range.count - index * 64
      if left < 64 { word &= 1 << UInt64(left) &- 1 }
      bits[index] = word
    }
  }

  private func values(_ column: Column, at index: Int) -> UnsafeRawPointer? {
    switch unsafe column.values {
    case .none, .bools: nil
    case .int64s(let numbers):
      unsafe UnsafeRawBufferPointer(numbers).baseAddress.map { unsafe $0 + 8 * index }
    case .doubles(let numbers):
      unsafe UnsafeRawBufferPointer(numbers).baseAddress.map { unsafe $0 + 8 * index }
    case .codes8(let codes): unsafe UnsafeRawBufferPointer(codes).baseAddress.map { unsafe $0 + index }
    case .codes16(let codes): unsafe UnsafeRawBufferPointer(codes).baseAddress.map { unsafe $0 + 2 * index }
    case .codes32(let codes): unsafe UnsafeRawBufferPointer(codes).baseAddress.map { unsafe $0 + 4 * index }
    }
  }
}

/// Tests one value of a column after the other.
struct ValueTester {
  private let column: Column
  private let test: ColumnTest
  private var tester: ScalarTester?

  init(_ ready: ColumnScan.Ready) {
    column = ready.column
    test = ready.test
    if case .strings(let question, _) = ready.test { tester = ScalarTester(question) }
  }

  /// Whether the value at an index, which must be one of the column, passes; only for expensive tests.
  mutating func passes(_ index: Int) -> Bool {
    switch (test, unsafe column.values) {
    case (.ints(let set, let isNegated), .int64s(let numbers)):
      return unsafe set.holds(int: numbers[index]) != isNegated
    case (.doubles(let set, let isNegated), .doubles(let numbers)):
      return unsafe set.holds(double: numbers[index]) != isNegated
    case (.strings(_, let isComplement), .codes8(let codes)):
      return unsafe passes(code: UInt32(codes[index]), isComplement)
    case (.strings(_, let isComplement), .codes16(let codes)):
      return unsafe passes(code: UInt32(codes[index]), isComplement)
    case (.strings(_, let isComplement), .codes32(let codes)):
      return unsafe passes(code: codes[index], isComplement)
    case (_, .none), (_, .bools), (_, .int64s), (_, .doubles), (_, .codes8), (_, .codes16), (_, .codes32):
      return false
    }
  }

  private mutating func passes(code: UInt32, _ isComplement: Bool) -> Bool {
    // Long strings are read from the row.
    guard let string = unsafe column.string(code: code) else { return false }
    let isPassed = unsafe tester?.passes(string: string) ?? false
    return isPassed != isComplement
  }
}
