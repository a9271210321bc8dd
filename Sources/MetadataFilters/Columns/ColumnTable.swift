package import FileStorage

// Section `COLS`: the table of a segment's metadata columns. All numbers little-endian.
//
//   0    4  u32 columns n, at most 1,025
//   4    4  u32 bytes of a descriptor: 128
//   8    8  u64 rows of the segment
//   16   8  u64 bytes of all paths
//   24  40  zero
//   64   128 n  descriptors, sorted by the bytes of their paths, then by type; no two the same
//   ..      paths, UTF-8
//
// Descriptor of the column with number i + 1, the i-th of the table
//   0    4  u32 offset of the path in the paths
//   4    4  u32 bytes of the path; 0 only for the column of rows with values left out
//   8    1  u8 type (`ColumnType`)
//   9    1  u8 presence: 0 all rows, 1 bitset, 2 sorted rows
//   10   1  u8 bytes of a code: 1, 2 or 4 for strings, else 0
//   11   1  u8 bytes of a dictionary offset: 4 or 8 for strings, else 0
//   12   4  u32 flags: 1 = rows hold more under this path than its columns do
//   16   8  u64 rows present
//   24   8  u64 values: rows present, elements of arrays, 0 for types without values
//   32   8  u64 distinct strings in the dictionary
//   40   8  u64 bytes of the dictionary
//   48   8  u64 values that are strings over 256 bytes
//   56   8  smallest value: i64, f64 or 0 and 1 for booleans; 0 for strings or without values
//   64   8  largest value, likewise
//   72  56  zero
//
// Sections of one column carry its number. P is the number of positions: the rows present when presence is
// "sorted rows", else the rows of the segment. A section of length 0 is left out.
//   CPRS  presence. Bitset: u64 for each 64 rows, row r is bit r % 64 of word r / 64, other bits zero. Sorted: u32
//         for each row present, ascending. All rows: no section.
//   COFF  arrays: P + 1 u32. The elements of position p are values [p] ..< [p + 1].
//   CVAL  values, one for each position, for arrays one for each element. Booleans: u64 for each 64. Integers:
//         i64. Doubles: f64. Strings: codes; code c is the c-th string of the dictionary, and the code equal
//         to the number of its strings stands for any string over 256 bytes. Zero where a row has no value.
//   CZON  integers and doubles that are no arrays: the smallest and the largest value of each 8,192 positions, 8
//         bytes each; smallest > largest when none is present.
//   CDIX  strings: offsets of the dictionary's strings in CDIC and its length, distinct + 1 u32 or u64.
//   CDIC  strings: the distinct strings in ascending order of their bytes.

/// Names of the column sections.
package enum ColumnSection {
  /// The table of columns.
  package static let table: SectionName = "COLS"
  /// Which rows a column has.
  package static let presence: SectionName = "CPRS"
  /// Where each array begins.
  package static let offsets: SectionName = "COFF"
  /// Values or codes.
  package static let values: SectionName = "CVAL"
  /// Smallest and largest value of each stretch.
  package static let zones: SectionName = "CZON"
  /// Where each string of the dictionary begins.
  package static let dictionaryOffsets: SectionName = "CDIX"
  /// The strings of the dictionary.
  package static let dictionaryBytes: SectionName = "CDIC"
}

/// One entry of the table of columns, as stored.
struct ColumnDescriptor: Equatable {
  var path: [UInt8]
  var type: ColumnType
  var presence: PresenceEncoding
  var codeWidth: Int = 0
  var dictionaryOffsetWidth: Int = 0
  var isPartial: Bool
  var present: UInt64
  var values: UInt64 = 0
  var distinct: UInt64 = 0
  var dictionaryBytes: UInt64 = 0
  var long: UInt64 = 0
  var minimum: UInt64 = 0
  var maximum: UInt64 = 0

  static let size = 128

  /// Positions of a segment with that many rows.
  func positions(rows: UInt64) -> UInt64 { presence == .sorted ? present : rows }

  /// Positions for which there is a value or code.
  func valuePositions(rows: UInt64) -> UInt64 {
    type.hasValues ? (type.isArray ? values : positions(rows: rows)) : 0
  }
}

/// The table of columns, as stored.
struct ColumnTable: Equatable {
  var rows: UInt64
  private(set) var columns: [ColumnDescriptor] = []

  private static let headerSize = 64

  /// A table without columns.
  init(rows: UInt64) { self.rows = rows }

  /// Adds the next column in order.
  mutating func append(_ column: ColumnDescriptor) { columns.append(column) }

  /// The bytes of section `COLS`.
  func encode() -> [UInt8] {
    var bytes: [UInt8] = []
    var paths: [UInt8] = []
    for column in columns { paths += column.path }
    func put(_ value: some FixedWidthInteger) {
      for byte in 0..<(value.bitWidth / 8) { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * byte))) }
    }
    put(UInt32(columns.count))
    put(UInt32(ColumnDescriptor.size))
    put(rows)
    put(UInt64(paths.count))
    bytes += [UInt8](repeating: 0, count: Self.headerSize - bytes.count)
    var pathOffset: UInt32 = 0
    for column in columns {
      let start = bytes.count
      put(pathOffset)
      put(UInt32(column.path.count))
      pathOffset += UInt32(column.path.count)
      bytes += [column.type.rawValue, column.presence.rawValue]
      bytes += [UInt8(column.codeWidth), UInt8(column.dictionaryOffsetWidth)]
      put(UInt32(column.isPartial ? 1 : 0))
      for number in [
        column.present, column.values, column.distinct, column.dictionaryBytes, column.long, column.minimum,
        column.maximum,
      ] { put(number) }
      bytes += [UInt8](repeating: 0, count: ColumnDescriptor.size - (bytes.count - start))
    }
    return bytes + paths
  }

  /// Reads and checks the bytes of section `COLS`.
  ///
  /// After this every number of the table is in the range that the format allows; the sections of the columns have
  /// not been looked at.
  init(decoding bytes: UnsafeRawBufferPointer, path file: String) throws(StorageError) {
    func damage(_ offset: Int, _ expected: String, _ found: String) -> StorageError {
      .corruption(
        CorruptionError(
          path: file, section: "COLS", offset: nil, expected: expected, found: "\(found) at byte \(offset)"))
    }
    // Safe: called only for numbers that end inside `bytes`.
    func number<Number: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _: Number.Type) -> Number {
      unsafe Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
    func requireZero(_ range: Range<Int>) throws(StorageError) {
      for offset in range where unsafe bytes[offset] != 0 {
        throw damage(offset, "zero", "\(unsafe bytes[offset])")
      }
    }
    guard bytes.count >= Self.headerSize else { throw damage(0, "at least 64 bytes", "\(bytes.count)") }
    let count = Int(number(0, UInt32.self))
    guard count <= ColumnLimits.columns + 1 else { throw damage(0, "at most 1025 columns", "\(count)") }
    guard number(4, UInt32.self) == UInt32(ColumnDescriptor.size) else {
      throw damage(4, "128", "\(number(4, UInt32.self))")
    }
    rows = number(8, UInt64.self)
    guard rows <= UInt64(UInt32.max) else { throw damage(8, "at most 4294967295 rows", "\(rows)") }
    let pathsStart = Self.headerSize + count * ColumnDescriptor.size
    guard bytes.count >= pathsStart, number(16, UInt64.self) == UInt64(bytes.count - pathsStart) else {
      throw damage(16, "the bytes left for paths in \(bytes.count)", "\(number(16, UInt64.self))")
    }
    try requireZero(24..<Self.headerSize)
    let pathBytes = bytes.count - pathsStart
    for index in 0..<count {
      let start = Self.headerSize + index * ColumnDescriptor.size
      let pathOffset = Int(number(start, UInt32.self))
      let pathCount = Int(number(start + 4, UInt32.self))
      guard pathOffset <= pathBytes, pathCount <= pathBytes - pathOffset, pathCount <= ColumnLimits.pathBytes
      else { throw damage(start, "a path of at most 1024 bytes", "\(pathOffset) and \(pathCount)") }
      let pathStart = pathsStart + pathOffset
      let text = unsafe [UInt8](UnsafeRawBufferPointer(rebasing: bytes[pathStart..<pathStart + pathCount]))
      guard let type = ColumnType(rawValue: number(start + 8, UInt8.self)) else {
        throw damage(start + 8, "a type of column", "\(number(start + 8, UInt8.self))")
      }
      guard let presence = PresenceEncoding(rawValue: number(start + 9, UInt8.self)) else {
        throw damage(start + 9, "0, 1 or 2", "\(number(start + 9, UInt8.self))")
      }
      let flags = number(start + 12, UInt32.self)
      guard flags <= 1 else { throw damage(start + 12, "0 or 1", "\(flags)") }
      let column = ColumnDescriptor(
        path: text, type: type, presence: presence, codeWidth: Int(number(start + 10, UInt8.self)),
        dictionaryOffsetWidth: Int(number(start + 11, UInt8.self)), isPartial: flags == 1,
        present: number(start + 16, UInt64.self), values: number(start + 24, UInt64.self),
        distinct: number(start + 32, UInt64.self), dictionaryBytes: number(start + 40, UInt64.self),
        long: number(start + 48, UInt64.self), minimum: number(start + 56, UInt64.self),
        maximum: number(start + 64, UInt64.self))
      try requireZero(start + 72..<start + ColumnDescriptor.size)
      if let fault = column.fault(rows: rows) { throw damage(start, fault, "column \(index + 1)") }
      if let last = columns.last {
        let order = compareBytes(last.path, text)
        guard order == .less || (order == .equal && last.type.rawValue < type.rawValue) else {
          throw damage(start, "columns sorted by path and type", "column \(index + 1)")
        }
      }
      columns.append(column)
    }
  }
}

extension ColumnDescriptor {
  /// What the numbers of the descriptor break, nil when they agree with each other.
  fileprivate func fault(rows: UInt64) -> String? {
    guard present >= 1, present <= rows else { return "1 to \(rows) rows present" }
    if path.isEmpty, type != .rowOnly { return "a path" }
    if presence == .all, present != rows { return "all rows present" }
    let isString = type.element == .string
    if type.isArray {
      guard values >= present, values < UInt64(UInt32.max) else { return "at least one element a row" }
    } else {
      guard values == (type.hasValues ? present : 0) else { return "one value a row" }
    }
    guard isString else {
      return codeWidth == 0 && dictionaryOffsetWidth == 0 && distinct == 0 && dictionaryBytes == 0
        && long == 0
        ? nil : "no dictionary"
    }
    guard long <= values, distinct <= values - long else { return "no more strings than values" }
    // At most 2^32 strings of 256 bytes: this does not overflow.
    guard dictionaryBytes <= distinct * UInt64(ColumnLimits.stringBytes) else {
      return "strings up to 256 bytes"
    }
    guard codeWidth == ColumnDescriptor.codeWidth(distinct: distinct, long: long) else {
      return "codes as wide as \(distinct) strings need"
    }
    guard dictionaryOffsetWidth == (dictionaryBytes <= UInt64(UInt32.max) ? 4 : 8) else {
      return "offsets as wide as \(dictionaryBytes) bytes need"
    }
    return nil
  }

  /// Bytes of a code.
  static func codeWidth(distinct: UInt64, long: UInt64) -> Int {
    let codes = distinct + (long > 0 ? 1 : 0)
    return codes <= 1 << 8 ? 1 : (codes <= 1 << 16 ? 2 : 4)
  }
}
