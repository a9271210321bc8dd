import FileStorage

/// Writes the sections of one column after another from their runs, a few thousand values at a time.
final class ColumnMerger {
  let area: SpillArea
  let rows: Int
  let memoryBudget: Int
  let output: SectionOutput

  private static let chunkSize = 4096
  private var rowChunk = [UInt32](repeating: 0, count: chunkSize)
  private var wideChunk = [UInt64](repeating: 0, count: chunkSize)
  private var narrowChunk = [UInt32](repeating: 0, count: chunkSize)

  init(area: SpillArea, rows: Int, memoryBudget: Int, output: SectionOutput) {
    self.area = area
    self.rows = rows
    self.memoryBudget = memoryBudget
    self.output = output
  }

  /// Writes one column and returns its entry in the table.
  ///
  /// `number` counts from 1.
  func merge(_ source: ColumnSource, number: UInt32) throws(StorageError) -> ColumnDescriptor {
    let column = source.column
    let present = column.presentTotal
    let presence: PresenceEncoding =
      present == UInt64(rows) ? .all : (present * 16 < UInt64(rows) ? .sorted : .bitset)
    var descriptor = ColumnDescriptor(
      path: source.path, type: column.type, presence: presence, isPartial: source.isPartial, present: present)
    try writePresence(column, descriptor, number)
    guard column.type.hasValues else { return descriptor }
    descriptor.values = column.valueTotal
    if column.type.isArray { try writeOffsets(column, descriptor, number) }
    switch column.type.element {
    case .bool: try writeBooleans(column, &descriptor, number)
    case .int64: try writeNumbers(column, &descriptor, number, IntegerOrder.self)
    case .double: try writeNumbers(column, &descriptor, number, DoubleOrder.self)
    case .string: try writeStrings(column, &descriptor, number)
    case .boolArray, .int64Array, .doubleArray, .stringArray, .nullOnly, .emptyArray, .emptyObject,
      .mixedArray,
      .rowOnly:
      break
    }
    return descriptor
  }

  // MARK: Runs

  /// Gives the rows of a column in chunks, in `rowChunk`.
  private func forEachRowChunk(
    _ column: LiveColumn, _ body: (_ run: ColumnRun, _ count: Int) throws(StorageError) -> Void
  ) throws(StorageError) {
    for run in column.runs {
      var cursor = SpillCursor(area, run.rows)
      var done = 0
      while done < run.present {
        let count = min(Self.chunkSize, run.present - done)
        try readRows(run, done, count, &cursor)
        try body(run, count)
        done += count
      }
    }
  }

  /// Fills `rowChunk` with the next rows of a run.
  ///
  /// They are ascending and below `rows`, or it throws.
  private func readRows(_ run: ColumnRun, _ done: Int, _ count: Int, _ cursor: inout SpillCursor)
    throws(StorageError)
  {
    if run.rows.length > 0 {
      try cursor.read(count, into: &rowChunk)
    } else {
      for index in 0..<count { rowChunk[index] = run.firstRow + UInt32(done + index) }
    }
  }

  /// A row that came back from the temporary file out of order.
  private func disorder() -> StorageError {
    area.damage(at: 0, expected: "ascending rows below \(rows)", found: "other rows")
  }

  /// Gives the values of a column in chunks, with the position of each in `rowChunk` and the values in
  /// `wideChunk` or `narrowChunk`.
  ///
  /// Positions ascend and are below `limit`.
  private func forEachValueChunk(
    _ column: LiveColumn, _ descriptor: ColumnDescriptor, wide: Bool, limit: Int,
    _ body: (_ run: Int, _ count: Int) throws(StorageError) -> Void
  ) throws(StorageError) {
    let byRow = !column.type.isArray && descriptor.presence == .bitset
    var next = 0
    for (index, run) in column.runs.enumerated() {
      var rowCursor = SpillCursor(area, run.rows)
      var cursor = SpillCursor(area, run.content)
      var done = 0
      while done < run.values {
        let count = min(Self.chunkSize, run.values - done)
        if byRow {
          try readRows(run, done, count, &rowCursor)
          for position in 0..<count {
            guard Int(rowChunk[position]) >= next, Int(rowChunk[position]) < limit else { throw disorder() }
            next = Int(rowChunk[position]) + 1
          }
        } else {
          guard next + count <= limit else { throw disorder() }
          for position in 0..<count { rowChunk[position] = UInt32(truncatingIfNeeded: next + position) }
          next += count
        }
        if wide {
          try cursor.read(count, into: &wideChunk)
        } else {
          try cursor.read(count, into: &narrowChunk)
        }
        try body(index, count)
        done += count
      }
    }
  }

  // MARK: Presence and offsets

  private func writePresence(_ column: LiveColumn, _ descriptor: ColumnDescriptor, _ number: UInt32)
    throws(StorageError)
  {
    switch descriptor.presence {
    case .all: return
    case .sorted:
      try output.begin(ColumnSection.presence, column: number, elementSize: 4)
      var next: UInt32 = 0
      try forEachRowChunk(column) { (_, count) throws(StorageError) in
        for index in 0..<count {
          guard rowChunk[index] >= next, Int(rowChunk[index]) < rows else { throw disorder() }
          next = rowChunk[index] + 1
          try output.append(rowChunk[index])
        }
      }
      try output.end(count: descriptor.present)
    case .bitset:
      try output.begin(ColumnSection.presence, column: number, elementSize: 8)
      var bits = BitOutput(output)
      try forEachRowChunk(column) { (_, count) throws(StorageError) in
        for index in 0..<count {
          let row = Int(rowChunk[index])
          guard row >= bits.next, row < rows else { throw disorder() }
          try bits.set(row)
        }
      }
      try bits.finish(count: rows)
      try output.end(count: UInt64((rows + 63) / 64))
    }
  }

  private func writeOffsets(_ column: LiveColumn, _ descriptor: ColumnDescriptor, _ number: UInt32)
    throws(StorageError)
  {
    let positions = Int(descriptor.positions(rows: UInt64(rows)))
    try output.begin(ColumnSection.offsets, column: number, elementSize: 4)
    var position = 0
    var total: UInt32 = 0
    for run in column.runs {
      var rowCursor = SpillCursor(area, run.rows)
      var cursor = SpillCursor(area, run.counts)
      var done = 0
      while done < run.present {
        let count = min(Self.chunkSize, run.present - done)
        try readRows(run, done, count, &rowCursor)
        try cursor.read(count, into: &narrowChunk)
        for index in 0..<count {
          let own = descriptor.presence == .sorted ? position : Int(rowChunk[index])
          guard own >= position, own < positions else { throw disorder() }
          while position <= own {
            try output.append(total)
            position += 1
          }
          let (sum, overflow) = total.addingReportingOverflow(narrowChunk[index])
          guard !overflow else { throw disorder() }
          total = sum
        }
        done += count
      }
    }
    while position <= positions {
      try output.append(total)
      position += 1
    }
    guard UInt64(total) == column.valueTotal else { throw disorder() }
    try output.end(count: UInt64(positions) + 1)
  }

  // MARK: Values

  private func writeBooleans(_ column: LiveColumn, _ descriptor: inout ColumnDescriptor, _ number: UInt32)
    throws(StorageError)
  {
    let positions = Int(descriptor.valuePositions(rows: UInt64(rows)))
    try output.begin(ColumnSection.values, column: number, elementSize: 8)
    var bits = BitOutput(output)
    var trues: UInt64 = 0
    try forEachValueChunk(column, descriptor, wide: false, limit: positions) {
      (_, count) throws(StorageError) in
      for index in 0..<count where narrowChunk[index] != 0 {
        try bits.set(Int(rowChunk[index]))
        trues += 1
      }
    }
    try bits.finish(count: positions)
    try output.end(count: UInt64((positions + 63) / 64))
    descriptor.minimum = trues == column.valueTotal ? 1 : 0
    descriptor.maximum = trues > 0 ? 1 : 0
  }

  private func writeNumbers<Order: NumberOrder>(
    _ column: LiveColumn, _ descriptor: inout ColumnDescriptor, _ number: UInt32, _: Order.Type
  ) throws(StorageError) {
    let positions = Int(descriptor.valuePositions(rows: UInt64(rows)))
    let empty = (Order.highest, Order.lowest)
    var all = empty
    let isZoned = !column.type.isArray
    var zones = [(UInt64, UInt64)](
      repeating: empty, count: isZoned ? (positions + ColumnLimits.zoneSize - 1) / ColumnLimits.zoneSize : 0)
    var next = 0
    try output.begin(ColumnSection.values, column: number, elementSize: 8)
    try forEachValueChunk(column, descriptor, wide: true, limit: positions) {
      (_, count) throws(StorageError) in
      for index in 0..<count {
        let position = Int(rowChunk[index])
        if position > next { try output.appendZeros((position - next) * 8) }
        next = position + 1
        let bits = wideChunk[index]
        try output.append(bits)
        if Order.less(bits, all.0) { all.0 = bits }
        if Order.less(all.1, bits) { all.1 = bits }
        if isZoned {
          let zone = position / ColumnLimits.zoneSize
          if Order.less(bits, zones[zone].0) { zones[zone].0 = bits }
          if Order.less(zones[zone].1, bits) { zones[zone].1 = bits }
        }
      }
    }
    try output.appendZeros((positions - next) * 8)
    try output.end(count: UInt64(positions))
    descriptor.minimum = all.0
    descriptor.maximum = all.1
    guard isZoned else { return }
    try output.begin(ColumnSection.zones, column: number, elementSize: 16)
    for zone in zones {
      try output.append(zone.0)
      try output.append(zone.1)
    }
    try output.end(count: UInt64(zones.count))
  }

  private func writeStrings(_ column: LiveColumn, _ descriptor: inout ColumnDescriptor, _ number: UInt32)
    throws(StorageError)
  {
    descriptor.long = column.longTotal
    let merged = try mergeDictionaries(column.runs, number: number)
    descriptor.distinct = merged.distinct
    descriptor.dictionaryBytes = merged.bytes
    descriptor.dictionaryOffsetWidth = merged.bytes <= UInt64(UInt32.max) ? 4 : 8
    descriptor.codeWidth = ColumnDescriptor.codeWidth(distinct: merged.distinct, long: column.longTotal)
    let width = descriptor.codeWidth
    let positions = Int(descriptor.valuePositions(rows: UInt64(rows)))
    let long = UInt32(truncatingIfNeeded: merged.distinct)
    var next = 0
    var mappedRun = -1
    var codes: [UInt32] = []
    try output.begin(ColumnSection.values, column: number, elementSize: width)
    try forEachValueChunk(column, descriptor, wide: false, limit: positions) {
      (run, count) throws(StorageError) in
      if run != mappedRun {
        mappedRun = run
        codes = try merged.codes(ofRun: run, area)
      }
      for index in 0..<count {
        let position = Int(rowChunk[index])
        if position > next { try output.appendZeros((position - next) * width) }
        next = position + 1
        let local = narrowChunk[index]
        if local == LiveColumn.longCode {
          try output.append(long, width: width)
        } else {
          guard Int(local) < codes.count else {
            throw area.damage(at: 0, expected: "a code below \(codes.count)", found: "\(local)")
          }
          try output.append(codes[Int(local)], width: width)
        }
      }
    }
    try output.appendZeros((positions - next) * width)
    try output.end(count: UInt64(positions))
  }
}

/// How the bits of a number order.
private protocol NumberOrder {
  /// Bits that no value is above.
  static var highest: UInt64 { get }
  /// Bits that no value is below.
  static var lowest: UInt64 { get }
  static func less(_ left: UInt64, _ right: UInt64) -> Bool
}

private enum IntegerOrder: NumberOrder {
  static var highest: UInt64 { UInt64(bitPattern: Int64.max) }
  static var lowest: UInt64 { UInt64(bitPattern: Int64.min) }
  static func less(_ left: UInt64, _ right: UInt64) -> Bool {
    Int64(bitPattern: left) < Int64(bitPattern: right)
  }
}

private enum DoubleOrder: NumberOrder {
  static var highest: UInt64 { Double.infinity.bitPattern }
  static var lowest: UInt64 { (-Double.infinity).bitPattern }
  static func less(_ left: UInt64, _ right: UInt64) -> Bool {
    Double(bitPattern: left) < Double(bitPattern: right)
  }
}

/// Collects single bits into 64-bit words of a section.
private struct BitOutput {
  private let output: SectionOutput
  private var word: UInt64 = 0
  private var index = 0
  /// The lowest bit that may still be set.
  private(set) var next = 0

  init(_ output: SectionOutput) { self.output = output }

  /// Sets a bit at or after `next`.
  mutating func set(_ bit: Int) throws(StorageError) {
    try advance(to: bit >> 6)
    word |= 1 << UInt64(bit & 63)
    next = bit + 1
  }

  /// Writes what is left of `count` bits.
  mutating func finish(count: Int) throws(StorageError) { try advance(to: (count + 63) >> 6) }

  private mutating func advance(to target: Int) throws(StorageError) {
    while index < target {
      try output.append(word)
      word = 0
      index += 1
    }
  }
}
