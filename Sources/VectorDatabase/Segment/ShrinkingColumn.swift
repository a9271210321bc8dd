import FileStorage
import MetadataFilters

/// A column of 64-bit values, one a row, that costs a single value as long as all rows have the same.
struct ShrinkingColumn {
  private let stream: SpillStream
  private var value: UInt64 = 0
  private var isConstant = true
  /// Rows so far.
  private(set) var count: UInt64 = 0

  init(spill: SpillFile) { stream = spill.stream(bufferSize: 32768) }

  /// Whether all rows so far have the same value.
  var isShrunk: Bool { isConstant }
  var memory: Int { stream.memory }

  mutating func append(_ next: UInt64) throws(StorageError) {
    if count == 0 { value = next }
    if isConstant, next != value {
      isConstant = false
      for _ in 0..<count { try stream.append(value) }
    }
    if !isConstant { try stream.append(next) }
    count += 1
  }

  /// Adds the section: `count` values, or one.
  func write(to writer: ContainerWriter, _ name: SectionName, column: UInt32 = 0) throws(StorageError) {
    guard isConstant else {
      try writer.add(name, column: column, elementSize: 8, count: count, stream)
      return
    }
    var bytes: [UInt8] = []
    if count > 0 { bytes.appendLittleEndian(value) }
    try writer.add(name, column: column, elementSize: 8, bytes)
  }
}

/// Reads what `ShrinkingColumn` wrote.
struct ShrunkColumn {
  let entry: SectionEntry

  /// Nil when the section does not fit `rows` rows.
  init?(_ entry: SectionEntry?, rows: Int) {
    guard let entry, entry.elementSize == 8,
      entry.length == entry.count.multipliedReportingOverflow(by: 8).partialValue,
      entry.count == UInt64(rows) || (entry.count == 1 && rows > 0)
    else { return nil }
    self.entry = entry
  }

  func value(_ row: Int, _ file: ContainerFile) throws(StorageError) -> UInt64 {
    let index = entry.count == 1 ? 0 : row
    return try unsafe file.bytes(entry, 8 * index..<8 * index + 8).littleEndian(at: 0, as: UInt64.self)
  }
}

extension ShrunkColumn {
  /// The values of some rows as signed numbers; `rows` are rows of the segment.
  func values(_ rows: Range<Int>, _ file: ContainerFile) throws(StorageError) -> RowTimes {
    guard entry.count > 1 else {
      return unsafe .same(Int64(bitPattern: rows.isEmpty ? 0 : try value(0, file)))
    }
    let bytes = try unsafe file.bytes(entry, 8 * rows.lowerBound..<8 * rows.upperBound)
    // Safe: sections begin at multiples of 64 of a mapping that begins on a page.
    return unsafe .each(bytes.assumingMemoryBound(to: Int64.self))
  }
}

/// The arrival number of each row: nothing as long as it is the row's own number.
struct ArrivalColumn {
  private let stream: SpillStream
  private var isIdentity = true
  private var count: UInt32 = 0

  init(spill: SpillFile) { stream = spill.stream(bufferSize: 32768) }

  var memory: Int { stream.memory }

  mutating func append(_ arrival: UInt32) throws(StorageError) {
    if isIdentity, arrival != count {
      isIdentity = false
      for row in 0..<count { try stream.append(row) }
    }
    if !isIdentity { try stream.append(arrival) }
    count &+= 1
  }

  func write(to writer: ContainerWriter) throws(StorageError) {
    if !isIdentity { try writer.add(.arrival, elementSize: 4, stream) }
  }
}
