package import FileStorage
package import VectorMath

/// Takes the values of a field of many rows: counts them, or orders the rows by them.
package protocol FieldGathering {
  /// Takes the values of some rows of a segment.
  mutating func gather(_ rows: RowSet, of scan: FieldScan) throws(StorageError)
  /// Takes the values of one row that stands in the log; its number is one of another segment.
  mutating func gather(row: Int, _ values: [Value])
}

/// Takes the values that a `FieldScan` finds.
///
/// Specialised for each type: no call is dynamic.
protocol FieldSink: FieldGathering {
  /// Codes that follow are those of this column.
  mutating func begin(_ column: Column)
  /// A boolean of a row.
  mutating func add(row: Int, bool: Bool)
  /// An integer of a row.
  mutating func add(row: Int, int: Int64)
  /// A double of a row.
  mutating func add(row: Int, double: Double)
  /// A string of a row, by its code, which has a string.
  mutating func add(row: Int, code: UInt32)
  /// A string of a row that was read.
  mutating func add(row: Int, text: [UInt8])
}

/// Finds the scalars that some rows of a segment have at a path of names, and those in their arrays.
///
/// Values come column by column, within a column by row; a row that must be read gives all its values at once. A null, an
/// object and a value that is not there give nothing.
package struct FieldScan {
  private let columns: ColumnSet
  private let source: any FilterRowSource
  private let names: [[UInt8]]
  private let infos: [ColumnInfo]
  private let leftOut: [ColumnInfo]
  /// Whether elements of arrays are values.
  private let takesElements: Bool

  /// Prepares for the rows of a segment.
  ///
  /// `path` is a path of names through the metadata. `takesElements` says whether elements of arrays count as values.
  package init(
    _ path: FilterPath, columns: ColumnSet, source: any FilterRowSource, takesElements: Bool
  ) {
    self.columns = columns
    self.source = source
    self.takesElements = takesElements
    names = path.steps.compactMap { if case .name(let name) = $0 { name } else { nil } }
    let text = path.columnPath ?? ""
    infos = Array(columns.columns(path: text))
    leftOut = columns.isComplete(path: text) ? [] : Array(columns.columns(path: ""))
  }

  /// Hands the values of the rows of `rows` to a sink.
  ///
  /// - Throws: `.corruption` when a column or a row that is needed is damaged.
  func run<Sink: FieldSink>(_ rows: RowSet, into sink: inout Sink) throws(StorageError) {
    var unread = RowSet(count: rows.rowCount)
    for info in leftOut { unread.formUnion(Self.present(try columns.column(info))) }
    if takesElements {
      for info in infos where info.type == .rowOnly {
        unread.formUnion(Self.present(try columns.column(info)))
      }
    }
    unread.formIntersection(rows)
    let wanted = unread.isEmpty ? rows : rows.subtracting(unread)
    var long: [UInt32] = []
    for info in infos where info.type.hasValues && (takesElements || !info.type.isArray) {
      let column = try columns.column(info)
      sink.begin(column)
      if info.type.isArray {
        scanArrays(column, wanted, into: &sink, &long)
      } else {
        scanScalars(column, wanted, into: &sink, &long)
      }
    }
    // A row with several long strings, or with a long one among others, gives only its long ones when it is read.
    for row in long.uniqued() { try read(Int(row), longOnly: true, into: &sink) }
    var next = unread.first(from: 0)
    while let row = next {
      try read(Int(row), longOnly: false, into: &sink)
      next = unread.first(from: Int(row) + 1)
    }
  }

  /// The rows that a column has, as a set.
  static func present(_ column: Column) -> RowSet {
    switch unsafe column.presence {
    case .all: return RowSet(allRows: column.rows)
    case .bitset(let words): return unsafe RowSet(words: Array(words), count: column.rows) ?? RowSet(count: 0)
    case .sorted(let rows): return unsafe RowSet(ascending: Array(rows), count: column.rows)
    }
  }

  private func scanScalars<Sink: FieldSink>(
    _ column: Column, _ rows: RowSet, into sink: inout Sink, _ long: inout [UInt32]
  ) {
    var taker = ValueTaker(column)
    if case .sorted(let present) = unsafe column.presence {
      for position in 0..<present.count {
        let row = unsafe present[position]
        if rows.contains(row) { taker.take(position, row: Int(row), into: &sink, &long) }
      }
      return
    }
    var set = rows
    if case .bitset = unsafe column.presence { set.formIntersection(Self.present(column)) }
    if set.isFull {
      for row in 0..<column.rows { taker.take(row, row: row, into: &sink, &long) }
    } else {
      set.forEach { row in taker.take(Int(row), row: Int(row), into: &sink, &long) }
    }
  }

  private func scanArrays<Sink: FieldSink>(
    _ column: Column, _ rows: RowSet, into sink: inout Sink, _ long: inout [UInt32]
  ) {
    var taker = ValueTaker(column)
    let offsets = unsafe column.offsets
    // Safe: there is one offset more than positions.
    for position in 0..<column.positions {
      let first = unsafe Int(offsets[position])
      let last = unsafe Int(offsets[position + 1])
      guard first < last else { continue }
      let row: Int
      if case .sorted(let present) = unsafe column.presence {
        row = unsafe Int(present[position])
      } else {
        row = position
      }
      guard rows.contains(UInt32(truncatingIfNeeded: row)) else { continue }
      for element in first..<last { taker.take(element, row: row, into: &sink, &long) }
    }
  }

  /// Hands on the values of a row that must be read.
  private func read<Sink: FieldSink>(
    _ row: Int, longOnly: Bool, into sink: inout Sink
  ) throws(StorageError) {
    let metadata = try unsafe source.metadataBytes(row)
    for value in try unsafe FieldReader.values(names, metadata, takesElements: takesElements, row: row) {
      if longOnly {
        guard case .string(let bytes) = value, bytes.count > ColumnLimits.stringBytes else { continue }
      }
      sink.add(row: row, [value])
    }
  }
}

extension FieldSink {
  /// Takes scalars of a row that was read.
  mutating func add(row: Int, _ values: [Value]) {
    for value in values {
      switch value {
      case .bool(let bool): add(row: row, bool: bool)
      case .int(let int): add(row: row, int: int)
      case .double(let double): add(row: row, double: double)
      case .string(let text): add(row: row, text: text)
      case .null: break
      }
    }
  }
}

/// Takes one value of a column after the other.
@safe
private struct ValueTaker {
  private let values: ColumnValues
  private let longCode: UInt32

  init(_ column: Column) {
    unsafe values = unsafe column.values
    longCode = column.longCode ?? UInt32.max
  }

  /// Hands on the value at an index of the column.
  @inline(__always)
  mutating func take<Sink: FieldSink>(
    _ index: Int, row: Int, into sink: inout Sink, _ long: inout [UInt32]
  ) {
    // Safe: the index is a position or element of the column, whose values were checked when it was opened.
    switch unsafe values {
    case .none: break
    case .bools(let words):
      sink.add(row: row, bool: unsafe words[index >> 6] >> UInt64(index & 63) & 1 == 1)
    case .int64s(let numbers): sink.add(row: row, int: unsafe numbers[index])
    case .doubles(let numbers): sink.add(row: row, double: unsafe numbers[index])
    case .codes8(let codes): take(code: unsafe UInt32(codes[index]), row, &sink, &long)
    case .codes16(let codes): take(code: unsafe UInt32(codes[index]), row, &sink, &long)
    case .codes32(let codes): take(code: unsafe codes[index], row, &sink, &long)
    }
  }

  @inline(__always)
  private func take<Sink: FieldSink>(
    code: UInt32, _ row: Int, _ sink: inout Sink, _ long: inout [UInt32]
  ) {
    if code == longCode {
      long.append(UInt32(truncatingIfNeeded: row))
    } else {
      sink.add(row: row, code: code)
    }
  }
}

extension [UInt32] {
  /// Each number once, ascending.
  fileprivate func uniqued() -> [UInt32] {
    var result: [UInt32] = []
    for row in sorted() where result.last != row { result.append(row) }
    return result
  }
}

/// Reads the scalars at a path of names from canonical metadata.
package enum FieldReader {
  /// The scalar at the path, or with `takesElements` those of the array there, nulls left out.
  ///
  /// - Throws: `.corruption` when the metadata is no JSON.
  package static func values(
    _ names: [[UInt8]], _ metadata: UnsafeRawBufferPointer, takesElements: Bool, row: Int
  ) throws(StorageError) -> [Value] {
    guard metadata.count > 0 else { return [] }
    var scanner = unsafe JSONScanner(metadata)
    do throws(JSONError) {
      for name in names {
        guard try scanner.peekKind() == .object else { return [] }
        try scanner.beginObject()
        var isFirst = true
        var isFound = false
        while !isFound, let key = try scanner.nextKey(&isFirst) {
          if scanner.matches(key, name) { isFound = true } else { try scanner.skipValue() }
        }
        if !isFound { return [] }
      }
      if takesElements, try scanner.peekKind() == .array {
        var values: [Value] = []
        try scanner.beginArray()
        var isFirst = true
        while try scanner.nextElement(&isFirst) {
          if let value = try scalar(&scanner) { values.append(value) }
        }
        return values
      }
      return try scalar(&scanner).map { [$0] } ?? []
    } catch {
      throw .corruption(
        CorruptionError(
          path: "row \(row)", section: "metadata", offset: UInt64(max(0, error.offset)),
          expected: error.expected, found: error.found))
    }
  }

  /// Takes a value; nil for null, arrays and objects.
  private static func scalar(_ scanner: inout JSONScanner) throws(JSONError) -> Value? {
    switch try scanner.peekKind() {
    case .string: return .string(Array(scanner.string(try scanner.readString()).utf8))
    case .bool: return .bool(try scanner.readBool())
    case .number:
      switch try scanner.readNumber() {
      case .int(let int): return .int(int)
      case .double(let double): return .double(double)
      case .outside: return nil
      }
    case .null, .array, .object:
      try scanner.skipValue()
      return nil
    }
  }
}
