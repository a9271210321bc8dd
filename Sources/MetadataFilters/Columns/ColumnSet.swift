package import FileStorage
import Synchronization

/// The metadata columns of one segment.
///
/// Opening reads the table; a column's sections are checked when it is first asked for. Safe to use from several
/// threads.
package final class ColumnSet: Sendable {
  /// Rows of the segment.
  package let rows: Int
  /// All columns, sorted by path and type; column number n is the element n - 1.
  package let columns: [ColumnInfo]

  private let container: ContainerFile
  private let table: ColumnTable
  private let opened: Mutex<[Column?]>

  /// Opens the columns of a segment file.
  ///
  /// - Parameters:
  ///   - container: The segment's file.
  ///   - expectedRows: Rows that the segment has; nil when nothing is known.
  /// - Throws: `.corruption` when there is no table, or one that breaks the format or has another number of rows.
  package init(container: ContainerFile, rows expectedRows: Int? = nil) throws(StorageError) {
    guard let entry = container.section(ColumnSection.table) else {
      throw .corruption(
        CorruptionError(
          path: container.name, section: "COLS", offset: nil, expected: "a table of columns", found: "none"))
    }
    let table = try unsafe ColumnTable(decoding: container.bytes(entry), path: container.name)
    rows = Int(table.rows)
    if let expectedRows, expectedRows != rows {
      throw .corruption(
        CorruptionError(
          path: container.name, section: "COLS", offset: entry.offset, expected: "\(expectedRows) rows",
          found: "\(rows)"))
    }
    self.container = container
    self.table = table
    var infos: [ColumnInfo] = []
    infos.reserveCapacity(table.columns.count)
    var start = 0
    while start < table.columns.count {
      var end = start + 1
      while end < table.columns.count, table.columns[end].path == table.columns[start].path { end += 1 }
      let nulls = table.columns[start..<end].first { $0.type == .nullOnly }?.present ?? 0
      for index in start..<end {
        infos.append(ColumnInfo(table.columns[index], number: UInt32(index + 1), nulls: Int(nulls)))
      }
      start = end
    }
    columns = infos
    opened = Mutex([Column?](repeating: nil, count: infos.count))
  }

  /// The columns of one path, one of each type that its values take; empty when no row has a column there.
  ///
  /// The path is text as `ColumnPath.text` makes it.
  package func columns(path: String) -> ArraySlice<ColumnInfo> {
    let bytes = Array(path.utf8)
    var low = 0
    var high = table.columns.count
    while low < high {
      let middle = (low + high) / 2
      if compareBytes(table.columns[middle].path, bytes) == .less { low = middle + 1 } else { high = middle }
    }
    var end = low
    while end < table.columns.count, table.columns[end].path == bytes { end += 1 }
    return columns[low..<end]
  }

  /// Opens the column of a path and a type; nil when no row has such a value in a column.
  package func column(path: String, type: ColumnType) throws(StorageError) -> Column? {
    guard let info = columns(path: path).first(where: { $0.type == type }) else { return nil }
    return try column(info)
  }

  /// Opens a column of this set.
  ///
  /// The first call checks the blocks and the contents of its sections, in time linear in their size; later calls give
  /// the same object.
  package func column(_ info: ColumnInfo) throws(StorageError) -> Column {
    let index = Int(info.number) - 1
    precondition(index >= 0 && index < columns.count, "the column belongs to another set")
    if let column = opened.withLock({ $0[index] }) { return column }
    // Two threads may open the same column; the first to finish wins.
    let column = try Column(container, info: columns[index], descriptor: table.columns[index], rows: rows)
    return opened.withLock { opened in
      if let other = opened[index] { return other }
      opened[index] = column
      return column
    }
  }

  /// The rows that hold a value which found no column; nil when there are none.
  package func leftOut() throws(StorageError) -> Column? { try column(path: "", type: .rowOnly) }

  /// Whether the columns of a path tell everything that rows hold at it and below it, but for long strings and for
  /// the rows of its own `rowOnly` and `mixedArray` columns.
  ///
  /// When it is false, the rows of `leftOut()` must be read as well.
  package func isComplete(path: String) -> Bool {
    guard let first = columns.first, first.path.isEmpty else { return true }
    // Without a column, the path itself may be what was left out.
    guard let column = columns(path: path).first else { return false }
    return !column.isPartial
  }
}

extension ColumnInfo {
  /// What a descriptor says, for readers.
  init(_ column: ColumnDescriptor, number: UInt32, nulls: Int) {
    func value(_ bits: UInt64) -> Value? {
      switch column.type.element {
      case .bool: .bool(bits != 0)
      case .int64: .int(Int64(bitPattern: bits))
      case .double: .double(Double(bitPattern: bits))
      case .string, .boolArray, .int64Array, .doubleArray, .stringArray, .nullOnly, .emptyArray, .emptyObject,
        .mixedArray, .rowOnly:
        nil
      }
    }
    self.init(
      number: number, path: String(decoding: column.path, as: UTF8.self), type: column.type,
      present: Int(column.present), nulls: nulls, values: Int(column.values),
      distinct: column.type.element == .string ? Int(column.distinct) : nil, long: Int(column.long),
      minimum: value(column.minimum), maximum: value(column.maximum), isPartial: column.isPartial)
  }
}
