package import FileStorage

/// Makes the columns of one segment from its records, one after another, in bounded memory.
///
/// Memory stays about at `memoryBudget` for any number of rows: when it is reached, the values of all columns so
/// far are moved to a temporary file as one run, with the distinct strings of each column sorted, and
/// `finish` merges the runs. The columns on disk do not depend on the budget. Besides, each column keeps some hundred bytes
/// for each of its runs.
///
/// After an error the builder must be dropped; dropping it removes the temporary file. Not for use by several threads at
/// once.
package final class ColumnSetBuilder {
  private let area: SpillArea
  private let memoryBudget: Int
  private var collector = ColumnCollector()
  private var runStart = 0
  private var finished = false

  /// Records so far.
  package private(set) var rows = 0

  /// Makes a builder for a segment without rows.
  ///
  /// - Parameters:
  ///   - memoryBudget: Bytes that may be held; less than 64 KiB counts as given, but makes many small runs.
  ///   - fileSystem: Where the temporary file is made, if one is needed.
  ///   - spillName: Name of the temporary file, in `tmp/`.
  package init(memoryBudget: Int, fileSystem: any FileSystem, spillName: String) {
    self.memoryBudget = min(max(memoryBudget, 1), 1 << 32)
    area = SpillArea(fileSystem: fileSystem, name: spillName, memoryLimit: self.memoryBudget / 4)
  }

  /// Bytes of memory held now, as an estimate.
  package var memory: Int { collector.memory * 2 + area.memoryInUse }

  /// Adds the next row.
  ///
  /// - Parameter metadata: The record as canonical JSON object; no bytes stand for `{}`.
  /// - Throws: `.corruption` when it is no such object, with the row and the offset in it; `.file` when the
  ///   temporary file cannot be written.
  package func append(row metadata: UnsafeRawBufferPointer) throws(StorageError) {
    precondition(!finished && rows < Int(UInt32.max))
    try unsafe collector.collect(metadata, row: UInt32(rows))
    rows += 1
    // Arrays may be twice as large as what they hold, and a flush copies one column.
    if collector.memory > memoryBudget / 4 { try flush() }
  }

  /// Adds the next row from an array.
  package func append(row metadata: [UInt8]) throws(StorageError) {
    try unsafe metadata.withBytes { (bytes) throws(StorageError) in try unsafe append(row: bytes) }
  }

  /// Writes the sections of all columns and `COLS`.
  ///
  /// No section may be open in `writer`.
  ///
  /// The builder has no rows to give any more afterwards.
  package func finish(into writer: ContainerWriter) throws(StorageError) {
    precondition(!finished)
    finished = true
    try flush()
    defer { area.remove() }
    var sources: [ColumnSource] = []
    for (index, column) in collector.columns.enumerated() where index > 0 || column.presentTotal > 0 {
      sources.append(
        ColumnSource(
          path: collector.paths.path(column.node), column: column,
          isPartial: collector.paths.nodes[Int(column.node)].isPartial))
    }
    collector = ColumnCollector()
    sources.sort { left, right in
      switch compareBytes(left.path, right.path) {
      case .less: true
      case .greater: false
      case .equal: left.column.type.rawValue < right.column.type.rawValue
      }
    }
    let merger = ColumnMerger(
      area: area, rows: rows, memoryBudget: memoryBudget, output: SectionOutput(writer: writer))
    var table = ColumnTable(rows: UInt64(rows))
    for (number, source) in sources.enumerated() {
      table.append(try merger.merge(source, number: UInt32(number + 1)))
    }
    try writer.add("COLS", elementSize: 0, count: UInt64(sources.count), table.encode())
  }

  private func flush() throws(StorageError) {
    for index in collector.columns.indices {
      try collector.columns[index].flush(to: area, firstRow: UInt32(runStart), rowCount: rows - runStart)
    }
    runStart = rows
    collector.memory = 0
  }
}

/// One column that is ready to be written.
struct ColumnSource {
  let path: [UInt8]
  let column: LiveColumn
  let isPartial: Bool
}
