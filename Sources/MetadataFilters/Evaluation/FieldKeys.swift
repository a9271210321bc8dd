package import FileStorage
package import VectorMath

/// A row's place in the order of a field.
package struct FieldKey: Sendable {
  /// The kind of the value, as `FieldOrder.rank`; 3 for no value.
  let rank: UInt8
  let isInt: Bool
  /// Orders most values of one kind: the nearest double of a number, the first eight bytes of a string.
  let primary: UInt64
  /// The bits of a number, the place of a string among `FieldKeys.strings`.
  let detail: UInt64

  /// The key of a row without a scalar.
  package static let none = FieldKey(rank: 3, isInt: false, primary: 0, detail: 0)
  /// Whether the row has no scalar there.
  package var isNone: Bool { rank == 3 }
}

/// Gathers the place of each row of one segment after the other in the order of a field.
///
/// The order is that of `FieldOrder`; rows without a scalar come last, ascending and descending.
package struct FieldKeys: FieldSink, FieldGathering {
  /// Rows gathered since the last segment began, with their keys, in no order.
  package private(set) var found: [(row: UInt32, key: FieldKey)] = []
  private var bytes: [UInt8] = []
  private var ends: [Int] = []
  private var column: Column?
  private var codes: [UInt32] = []

  /// Gathers nothing yet.
  package init() {}

  package mutating func gather(_ rows: RowSet, of scan: FieldScan) throws(StorageError) {
    found.removeAll(keepingCapacity: true)
    try scan.run(rows, into: &self)
    column = nil
    codes = []
  }

  package mutating func gather(row: Int, _ values: [Value]) { add(row: row, values) }

  /// Forgets the rows found; their keys stay comparable.
  package mutating func forgetRows() { found.removeAll(keepingCapacity: true) }

  mutating func begin(_ column: Column) {
    self.column = column
    codes = [UInt32](repeating: UInt32.max, count: column.dictionary.count)
  }

  mutating func add(row: Int, bool: Bool) {
    found.append((UInt32(truncatingIfNeeded: row), key(.bool(bool))))
  }
  mutating func add(row: Int, int: Int64) {
    found.append((UInt32(truncatingIfNeeded: row), key(.int(int))))
  }
  mutating func add(row: Int, double: Double) {
    found.append((UInt32(truncatingIfNeeded: row), key(.double(double))))
  }
  mutating func add(row: Int, text: [UInt8]) {
    found.append((UInt32(truncatingIfNeeded: row), key(.string(text))))
  }
  mutating func add(row: Int, code: UInt32) {
    if codes[Int(code)] == UInt32.max, let text = unsafe column?.string(code: code) {
      codes[Int(code)] = UInt32(truncatingIfNeeded: ends.count)
      unsafe bytes.append(contentsOf: text)
      ends.append(bytes.count)
    }
    found.append((UInt32(truncatingIfNeeded: row), stringKey(Int(codes[Int(code)]))))
  }

  private func stringKey(_ index: Int) -> FieldKey {
    let range = (index == 0 ? 0 : ends[index - 1])..<ends[index]
    let prefix = unsafe bytes.withUnsafeBytes {
      unsafe orderingPrefix(UnsafeRawBufferPointer(rebasing: $0[range]))
    }
    return FieldKey(rank: 2, isInt: false, primary: prefix, detail: UInt64(index))
  }

  /// The key of a value.
  package mutating func key(_ value: Value) -> FieldKey {
    switch value {
    case .null: return .none
    case .bool(let bool): return FieldKey(rank: 0, isInt: false, primary: bool ? 1 : 0, detail: 0)
    case .int(let int):
      return FieldKey(
        rank: 1, isInt: true, primary: Self.ordered(Double(int)), detail: UInt64(bitPattern: int))
    case .double(let double):
      return FieldKey(rank: 1, isInt: false, primary: Self.ordered(double), detail: double.bitPattern)
    case .string(let text):
      bytes.append(contentsOf: text)
      ends.append(bytes.count)
      return stringKey(ends.count - 1)
    }
  }

  /// A number that orders as the double does, both zeros alike.
  private static func ordered(_ double: Double) -> UInt64 {
    let bits = (double == 0 ? 0 : double).bitPattern
    return bits >> 63 == 0 ? bits | 1 << 63 : ~bits
  }

  /// How the values of two keys stand to each other; keys without a value are equal, and greater than all others.
  package func compare(_ left: FieldKey, _ right: FieldKey) -> ValueOrder {
    if left.rank != right.rank { return left.rank < right.rank ? .less : .greater }
    if left.primary != right.primary { return left.primary < right.primary ? .less : .greater }
    switch left.rank {
    case 1:
      if left.isInt, right.isInt {
        let (a, b) = (Int64(bitPattern: left.detail), Int64(bitPattern: right.detail))
        return a < b ? .less : (a == b ? .equal : .greater)
      }
      return value(left).compare(value(right)) ?? .equal
    case 2:
      if left.detail == right.detail { return .equal }
      return unsafe bytes.withUnsafeBytes { all in
        unsafe compareBytes(
          UnsafeRawBufferPointer(rebasing: all[range(left)]),
          UnsafeRawBufferPointer(rebasing: all[range(right)]))
      }
    case _: return .equal
    }
  }

  private func range(_ key: FieldKey) -> Range<Int> {
    let index = Int(key.detail)
    return (index == 0 ? 0 : ends[index - 1])..<ends[index]
  }

  /// The value of a key; null when there is none.
  package func value(_ key: FieldKey) -> Value {
    switch key.rank {
    case 0: .bool(key.primary == 1)
    case 1: key.isInt ? .int(Int64(bitPattern: key.detail)) : .double(Double(bitPattern: key.detail))
    case 2: .string(Array(bytes[range(key)]))
    case _: .null
    }
  }
}
