/// What a column holds.
///
/// The raw value is the code on disk.
///
/// One path may have several columns, one of each type that its values take:
///
/// | value at the path | where it goes |
/// |---|---|
/// | true, false; integer; other number; string of at most 256 bytes | `bool`, `int64`, `double`, `string` |
/// | longer string | `string`, with the code "long": read it from the row |
/// | null | `nullOnly`: only which rows |
/// | object with members | nothing at this path; its members have their own, longer paths |
/// | `{}` | `emptyObject`: only which rows |
/// | `[]` | `emptyArray`: only which rows |
/// | array of scalars of one type | `boolArray`, `int64Array`, `doubleArray` or `stringArray` |
/// | array of scalars of several types, or with nulls | the elements of each type, in order, in that type's array column; `mixedArray` says which rows: positions, length and nulls must be read from the row |
/// | array that holds an array or an object | as above for its scalars; `rowOnly` says which rows |
/// | anything that finds no column, because a limit is reached | row in the `rowOnly` column of the empty path |
package enum ColumnType: UInt8, Sendable, CaseIterable, Hashable {
  /// JSON booleans, one bit each.
  case bool = 1
  /// Integers, 8 bytes each.
  case int64 = 2
  /// Other numbers, 8 bytes each.
  case double = 3
  /// Strings as codes into a sorted dictionary.
  case string = 4
  /// The boolean elements of arrays.
  case boolArray = 5
  /// The integer elements of arrays.
  case int64Array = 6
  /// The other numbers in arrays.
  case doubleArray = 7
  /// The string elements of arrays.
  case stringArray = 8
  /// Rows whose value is null.
  case nullOnly = 9
  /// Rows whose value is `[]`.
  case emptyArray = 10
  /// Rows whose value is `{}`.
  case emptyObject = 11
  /// Rows whose array holds scalars of several types, or nulls.
  case mixedArray = 12
  /// Rows that must be read to know the value: arrays that hold arrays or objects; at the empty path, rows
  /// with a value that found no column.
  case rowOnly = 13

  /// Whether a row has any number of elements.
  package var isArray: Bool {
    switch self {
    case .boolArray, .int64Array, .doubleArray, .stringArray: true
    case .bool, .int64, .double, .string, .nullOnly, .emptyArray, .emptyObject, .mixedArray, .rowOnly: false
    }
  }

  /// The type of one element of an array column, and of one value of any other.
  package var element: ColumnType {
    switch self {
    case .boolArray: .bool
    case .int64Array: .int64
    case .doubleArray: .double
    case .stringArray: .string
    case .bool, .int64, .double, .string, .nullOnly, .emptyArray, .emptyObject, .mixedArray, .rowOnly: self
    }
  }

  /// Whether the column holds values and not just which rows it concerns.
  package var hasValues: Bool { rawValue <= ColumnType.stringArray.rawValue }
}

/// The bounds of the column format.
package enum ColumnLimits {
  /// Columns in one segment, not counting the one that lists the rows left out.
  package static let columns = 1_024
  /// Bytes of the longest string with a code of its own.
  package static let stringBytes = 256
  /// Bytes of the longest path, as text.
  package static let pathBytes = 1_024
  /// Nested objects and arrays in one record.
  package static let depth = 64
  /// Values that one zone summarises.
  package static let zoneSize = 8_192
}

/// How a column says which rows it has.
package enum PresenceEncoding: UInt8, Sendable {
  /// Every row; nothing is stored. A value's position is its row.
  case all = 0
  /// One bit a row, in 64-bit words. A value's position is its row; rows without one hold zero.
  case bitset = 1
  /// The rows, ascending, 32 bits each, when fewer than one row in 16 has a value. Position `i` is the `i`th.
  case sorted = 2
}

/// What the table of columns says of one column.
package struct ColumnInfo: Sendable {
  /// Number of the column's sections in the file, and its place in `ColumnSet.columns`.
  package let number: UInt32
  /// Names joined by dots; see `ColumnPath`.
  ///
  /// Empty for the column that lists the rows left out.
  package let path: String
  /// What the column holds.
  package let type: ColumnType
  /// Rows that have a value in this column.
  package let present: Int
  /// Rows whose value at this path is null.
  package let nulls: Int
  /// Values: `present`, or the elements of an array column.
  package let values: Int
  /// Distinct strings with a code; nil for other types.
  package let distinct: Int?
  /// Values that are strings without a code, to be read from the row.
  package let long: Int
  /// The smallest value; nil for strings, for columns without values and for arrays without elements.
  package let minimum: Value?
  /// The largest value; nil as `minimum`.
  package let maximum: Value?
  /// Whether rows hold more under this path than its columns do, so that the `rowOnly` rows of the empty
  /// path must be read as well.
  package let isPartial: Bool
}
