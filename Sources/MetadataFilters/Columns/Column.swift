import FileStorage

/// Which rows of a column have a value; see `PresenceEncoding`.
@unsafe
package enum ColumnPresence {
  /// Every row.
  case all
  /// One bit a row.
  case bitset(UnsafeBufferPointer<UInt64>)
  /// The rows, ascending.
  case sorted(UnsafeBufferPointer<UInt32>)
}

/// The values of a column, one for each position, of an array column one for each element.
@unsafe
package enum ColumnValues {
  /// The type has no values.
  case none
  /// One bit each; value i is bit i % 64 of word i / 64.
  case bools(UnsafeBufferPointer<UInt64>)
  /// Integers.
  case int64s(UnsafeBufferPointer<Int64>)
  /// Doubles.
  case doubles(UnsafeBufferPointer<Double>)
  /// Codes of one byte. Each is at most `longCode`, or below `dictionary.count` when that is nil.
  case codes8(UnsafeBufferPointer<UInt8>)
  /// Codes of two bytes.
  case codes16(UnsafeBufferPointer<UInt16>)
  /// Codes of four bytes.
  case codes32(UnsafeBufferPointer<UInt32>)
}

/// The smallest and the largest value of each `ColumnLimits.zoneSize` positions, in turn: two numbers a zone.
///
/// A zone without values has a smallest above its largest.
@unsafe
package enum ColumnZones {
  /// The column has none.
  case none
  /// Of integers.
  case int64s(UnsafeBufferPointer<Int64>)
  /// Of doubles.
  case doubles(UnsafeBufferPointer<Double>)
}

/// What one column says of one row.
package enum ColumnValue: Equatable, Sendable {
  /// The row has nothing in this column.
  case absent
  /// The row is in the column, whose type has no values.
  case present
  /// A scalar.
  case scalar(Value)
  /// Positions of the row's elements; read them by `element`.
  case array(Range<Int>)
  /// A string that must be read from the row.
  case long
}

/// One column of a segment, checked and ready to be scanned.
///
/// All pointers are into the mapped file and stay valid as long as this object lives. Everything that indexes
/// something has been checked when the column was opened: rows are below `rows`, offsets ascend and end inside
/// the values, codes have a string. Safe to use from several threads.
@safe
package final class Column: @unchecked Sendable {
  /// The column's entry in the table.
  package let info: ColumnInfo
  /// Rows of the segment.
  package let rows: Int
  /// Which rows have a value.
  package let presence: ColumnPresence
  /// Positions: the rows of the segment, or the rows present when presence is sorted.
  package let positions: Int
  /// Values of all positions, of array columns all elements.
  package let values: ColumnValues
  /// Array columns: `positions + 1` numbers; position p has elements [p] ..< [p + 1].
  ///
  /// Empty for other types.
  package let offsets: UnsafeBufferPointer<UInt32>
  /// The strings that codes stand for; empty for other types.
  package let dictionary: StringDictionary
  /// The code that stands for any long string; nil when the column has no such string.
  package let longCode: UInt32?
  /// Bounds of stretches of the values.
  package let zones: ColumnZones
  /// Keeps the mapping alive.
  private let container: ContainerFile

  init(
    _ container: ContainerFile, info: ColumnInfo, descriptor: ColumnDescriptor, rows: Int
  ) throws(StorageError) {
    self.container = container
    self.info = info
    self.rows = rows
    let sections = ColumnSections(container: container, number: info.number)
    unsafe presence = try sections.presence(descriptor, rows: rows)
    positions = Int(descriptor.positions(rows: UInt64(rows)))
    unsafe offsets = try sections.offsets(descriptor, positions: positions)
    dictionary = try sections.dictionary(descriptor)
    longCode = descriptor.long > 0 ? UInt32(truncatingIfNeeded: descriptor.distinct) : nil
    unsafe values = try sections.values(
      descriptor, count: Int(descriptor.valuePositions(rows: UInt64(rows))))
    unsafe zones = try sections.zones(descriptor, positions: positions)
  }

  /// The position of a row's value, nil when the row has none.
  package func position(ofRow row: Int) -> Int? {
    guard row >= 0, row < rows else { return nil }
    switch unsafe presence {
    case .all: return row
    case .bitset(let words):
      // Safe: there is a word for each 64 rows.
      return unsafe words[row >> 6] >> UInt64(row & 63) & 1 == 1 ? row : nil
    case .sorted(let present):
      var low = 0
      var high = present.count
      while low < high {
        let middle = (low + high) / 2
        if unsafe present[middle] < UInt32(row) { low = middle + 1 } else { high = middle }
      }
      return unsafe low < present.count && present[low] == UInt32(row) ? low : nil
    }
  }

  /// What the column says of a row.
  package func value(row: Int) -> ColumnValue {
    guard let position = position(ofRow: row) else { return .absent }
    guard info.type.hasValues else { return .present }
    if info.type.isArray {
      // Safe: there is one offset more than positions.
      return unsafe .array(Int(offsets[position])..<Int(offsets[position + 1]))
    }
    return value(at: position).map { .scalar($0) } ?? .long
  }

  /// The element at a position that `value` gave in `.array`; nil for a long string, to be read from the row.
  package func element(at position: Int) -> Value? { value(at: position) }

  /// The bytes that a code stands for; nil for the code of long strings.
  package func string(code: UInt32) -> UnsafeRawBufferPointer? {
    Int(code) < dictionary.count ? unsafe dictionary[Int(code)] : nil
  }

  private func value(at index: Int) -> Value? {
    switch unsafe values {
    case .none: return nil
    case .bools(let words):
      guard index >= 0, index < words.count << 6 else { return nil }
      return unsafe .bool(words[index >> 6] >> UInt64(index & 63) & 1 == 1)
    case .int64s(let numbers):
      return unsafe index >= 0 && index < numbers.count ? .int(numbers[index]) : nil
    case .doubles(let numbers):
      return unsafe index >= 0 && index < numbers.count ? .double(numbers[index]) : nil
    case .codes8(let codes):
      return unsafe index >= 0 && index < codes.count ? text(UInt32(codes[index])) : nil
    case .codes16(let codes):
      return unsafe index >= 0 && index < codes.count ? text(UInt32(codes[index])) : nil
    case .codes32(let codes):
      return unsafe index >= 0 && index < codes.count ? text(codes[index]) : nil
    }
  }

  private func text(_ code: UInt32) -> Value? {
    unsafe string(code: code).map { unsafe .string([UInt8]($0)) }
  }
}
