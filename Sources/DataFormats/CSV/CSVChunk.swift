import FileStorage
import MetadataFilters

/// Turns records of a table into rows of a batch; one for each piece of work, so that pieces run at the same time.
///
/// `Sendable`: used by one thread at a time. Safe: `cells` and `vector` are its own, of the sizes that `init` gave them.
@safe final class CSVChunk: @unchecked Sendable {
  let plan: CSVPlan
  let options: ReadOptions
  let rules: VectorRules
  let file: String
  let delimiter: UInt8
  /// Whether the text came in another encoding, so that offsets in the source are not known.
  let isDecoded: Bool
  /// Numbers in each vector of the source.
  let sourceDimension: Int
  let dimension: Int
  let idPrefix: [UInt8]

  /// The rows up to the first failure.
  private(set) var batch: RecordBatch
  private(set) var failure: FormatError?
  private(set) var skippedRows: UInt64 = 0
  var notes = CSVNotes()

  /// Room for `plan.header.count` cells, and for one vector.
  let cells: UnsafeMutablePointer<CSVCell>
  let vector: UnsafeMutablePointer<Float>
  /// A cell without its doubled quotes.
  var unescaped: [UInt8] = []
  /// Where the buffer begins in the source.
  private var bufferOffset: UInt64 = 0

  init(_ reader: CSVReader, plan: CSVPlan, sourceDimension: Int, dimension: Int) {
    self.plan = plan
    options = reader.options
    rules = VectorRules(reader.options)
    file = reader.name
    delimiter = reader.delimiter
    isDecoded = reader.isDecoded
    self.sourceDimension = sourceDimension
    self.dimension = dimension
    idPrefix = Array(reader.options.idPrefix.utf8)
    batch = RecordBatch(dimension: dimension, idType: reader.options.idType)
    unsafe cells = .allocate(capacity: max(1, plan.header.count))
    unsafe cells.initialize(repeating: CSVCell(), count: max(1, plan.header.count))
    unsafe vector = .allocate(capacity: max(1, sourceDimension))
    unsafe vector.initialize(repeating: 0, count: max(1, sourceDimension))
    notes = CSVNotes(fieldCount: plan.fields.count)
  }

  deinit {
    unsafe cells.deallocate()
    unsafe vector.deallocate()
  }

  /// Reads `records[range]`; stops at the first that is refused.
  ///
  /// `base` is the buffer that the records stand in, `first` the number of the first of them, from 1.
  func parse(
    _ base: UnsafePointer<UInt8>, _ records: [CSVRecord], _ range: Range<Int>, first: UInt64,
    bufferOffset: UInt64
  ) {
    batch.removeAll(keepingCapacity: true)
    failure = nil
    skippedRows = 0
    notes.clear()
    self.bufferOffset = bufferOffset
    for index in range {
      let number = first + UInt64(index - range.lowerBound)
      do throws(FormatError) {
        unsafe try parse(base, records[index], number: number)
      } catch {
        // What the bad record has left behind goes, so that the batch stays whole.
        batch.idBytes.removeSubrange((batch.idOffsets.last ?? 0)...)
        batch.metadataBytes.removeSubrange((batch.metadataOffsets.last ?? 0)...)
        batch.vectors.removeSubrange((batch.count * dimension)...)
        failure = error
        if isDecoded { failure?.byteOffset = nil }
        return
      }
    }
  }

  private func parse(_ base: UnsafePointer<UInt8>, _ record: CSVRecord, number: UInt64) throws(FormatError) {
    try unsafe cut(base, record, number)
    // Columns are looked at in a fixed order, so that the error does not depend on theirs.
    if let column = plan.idColumn { try unsafe takeID(base, record, number, cells[column]) }
    let hasVector = try unsafe takeVector(base, record, number)
    try unsafe takeMetadata(base, record, number)
    if hasVector {
      do throws(VectorRules.Refusal) {
        unsafe try rules.apply(vector, count: dimension)
      } catch {
        if case .notFinite = error, rules.skipsNotFinite {
          skippedRows += 1
          batch.idBytes.removeSubrange((batch.idOffsets.last ?? 0)...)
          batch.metadataBytes.removeSubrange((batch.metadataOffsets.last ?? 0)...)
          return
        }
        throw refusal(error, record, number)
      }
    } else {
      unsafe vector.update(repeating: 0, count: dimension)
    }
    unsafe batch.vectors.append(contentsOf: UnsafeBufferPointer(start: vector, count: dimension))
    if plan.idColumn == nil {
      let start = batch.metadataOffsets.last ?? 0
      unsafe batch.metadataBytes.withUnsafeBytes { metadata in
        unsafe GeneratedID.append(
          options.idSource, type: options.idType, prefix: idPrefix, row: number - 1,
          vector: UnsafeRawBufferPointer(start: vector, count: dimension * 4),
          metadata: UnsafeRawBufferPointer(rebasing: metadata[start...]), to: &batch.idBytes)
      }
    }
    batch.endRow(hasVector: hasVector, position: SourcePosition(line: record.line, record: number))
  }

  private func refusal(_ refusal: VectorRules.Refusal, _ record: CSVRecord, _ number: UInt64) -> FormatError {
    var error = FormatError(
      refusal, file: file, line: record.line, record: number, byteOffset: bufferOffset + UInt64(record.start),
      column: plan.vectorColumn.map { plan.header[$0] } ?? options.vectorColumns ?? "vector")
    switch refusal {
    case .notFinite(let index, _), .notHeld(let index, _, _):
      if index < plan.elements.count { error.column = plan.header[plan.elements[index]] }
    case .zero: break
    }
    return error
  }

  /// Cuts a record into cells and checks that they are UTF-8 and as many as the header has.
  private func cut(_ base: UnsafePointer<UInt8>, _ record: CSVRecord, _ number: UInt64) throws(FormatError) {
    let wanted = plan.header.count
    let count: Int
    do throws(CSVCellFailure) {
      count = try unsafe CSVCells.cut(
        base, start: record.start, end: record.end, delimiter: delimiter, into: cells, capacity: wanted)
    } catch {
      if case .afterQuote(let offset, _) = error, unsafe base[offset] == 10 || base[offset] == 13 {
        throw unsafe strayLineEnd(base, record, number)
      }
      throw unsafe CSVChunk.failure(
        error, base, record, file: file, number: number, bufferOffset: bufferOffset)
    }
    if record.hasStrayLineEnd { throw unsafe strayLineEnd(base, record, number) }
    guard count == wanted else {
      throw unsafe fail(
        .csvRagged, base, record, number, at: record.start, nil,
        expected: "\(wanted) cells, as the header has", found: "\(count)",
        hint: raggedHint(base, record, count, wanted))
    }
    let text = unsafe UnsafeRawBufferPointer(start: base + record.start, count: record.end - record.start)
    if let invalid = unsafe UTF8Check.firstInvalid(text) {
      let column = (0..<wanted).first { unsafe cells[$0].end > record.start + invalid }
      throw unsafe fail(
        .invalidUTF8, base, record, number, at: record.start + invalid, column, expected: "UTF-8",
        found: "the byte 0x" + String(text[invalid], radix: 16, uppercase: true),
        hint: isDecoded
          ? "the UTF-16 text is cut off or holds half of a surrogate pair"
          : "if the file is from an old Windows program: --encoding latin1")
    }
    for column in stride(from: wanted - 1, through: 0, by: -1) {
      guard plan.roles[column] == .void else { break }
      guard unsafe cells[column].isEmpty else {
        throw unsafe fail(
          .csvHeader, base, record, number, at: cells[column].start, nil, expected: "a name for every column",
          found: "a value in column \(column + 1), which has none")
      }
    }
  }

  private func strayLineEnd(
    _ base: UnsafePointer<UInt8>, _ record: CSVRecord, _ number: UInt64
  ) -> FormatError {
    unsafe fail(
      .csvLineEnding, base, record, number, at: record.start, nil,
      expected: "one kind of line end throughout",
      found: "a carriage return without a line feed, or the reverse, outside quotes",
      hint: "convert the line ends, or quote cells that hold them")
  }

  private func raggedHint(_ base: UnsafePointer<UInt8>, _ record: CSVRecord, _ count: Int, _ wanted: Int)
    -> String
  {
    if count == wanted + 1, record.end > record.start, unsafe base[record.end - 1] == delimiter {
      return "a delimiter stands at the end of the line but not of the header"
    }
    if count > wanted {
      for column in 0..<wanted where unsafe !cells[column].isQuoted && !cells[column].isEmpty {
        let first = unsafe base[cells[column].start]
        if first == UInt8(ascii: "[") || first == UInt8(ascii: "{") {
          return "a cell that holds delimiters, as arrays and objects do, must stand in quotes"
        }
      }
      return "a cell that holds a delimiter must stand in quotes"
    }
    return "a line may have been cut off, or a cell that holds a line end is not in quotes"
  }

  /// The line and offset of a place in a record.
  func fail(
    _ code: FormatErrorCode, _ base: UnsafePointer<UInt8>, _ record: CSVRecord, _ number: UInt64,
    at position: Int,
    _ column: Int?, expected: String, found: String, hint: String? = nil
  ) -> FormatError {
    unsafe FormatError(
      code, file: file, line: CSVChunk.line(of: position, base, record), record: number,
      byteOffset: bufferOffset + UInt64(position), column: column.map { plan.header[$0] }, expected: expected,
      found: found, hint: hint)
  }

  /// The line of a place in a record.
  private static func line(of position: Int, _ base: UnsafePointer<UInt8>, _ record: CSVRecord) -> UInt64 {
    var line = record.line
    var index = record.start
    while index < min(position, record.end) {
      let byte = unsafe base[index]
      index += 1
      if byte == 10 { line += 1 }
      if byte == 13, index < record.end, unsafe base[index] != 10 { line += 1 }
    }
    return line
  }

  /// The error for a record that cannot be cut into cells.
  static func failure(
    _ failure: CSVCellFailure, _ base: UnsafePointer<UInt8>, _ record: CSVRecord, file: String,
    number: UInt64?,
    bufferOffset: UInt64
  ) -> FormatError {
    let position: Int
    let expected: String
    let found: String
    let hint: String
    switch failure {
    case .strayQuote(let offset):
      position = offset
      expected = "quotes around the whole cell"
      found = "a quote inside a cell without them"
      hint = "write the cell in quotes and double the quotes in it: \"5\"\" disk\""
    case .afterQuote(let offset, let opened):
      position = offset
      expected = "a delimiter or the end of the line behind the closing quote"
      found = unsafe Excerpt.quoted(
        UnsafeRawBufferPointer(start: base + offset, count: min(16, record.end - offset)), limit: 12)
      let first = unsafe line(of: opened, base, record)
      hint =
        unsafe first < line(of: offset, base, record)
        ? "the cell began on line \(first); a closing quote may be missing there"
        : "quotes inside a quoted cell must be doubled, and no space may stand beside the quotes"
    case .unclosed(let offset):
      position = offset
      expected = "a closing quote"
      found = "the end of the file"
      hint = "the file was cut off, or a quote is missing"
    }
    return unsafe FormatError(
      .csvQuote, file: file, line: line(of: position, base, record), record: number,
      byteOffset: bufferOffset + UInt64(position), expected: expected, found: found, hint: hint)
  }

  /// A cell's bytes without doubled quotes, for the duration of the call.
  @inline(__always)
  func withText<R>(
    _ base: UnsafePointer<UInt8>, _ cell: CSVCell, _ body: (UnsafeRawBufferPointer) throws(FormatError) -> R
  ) throws(FormatError) -> R {
    guard cell.isEscaped else {
      return try unsafe body(UnsafeRawBufferPointer(start: base + cell.start, count: cell.end - cell.start))
    }
    var bytes: [UInt8] = []
    swap(&bytes, &unescaped)
    bytes.removeAll(keepingCapacity: true)
    unsafe CSVCells.append(cell, base, to: &bytes)
    defer { swap(&bytes, &unescaped) }
    return try unsafe bytes.withUnsafeBufferPointer { (all) throws(FormatError) -> R in
      try unsafe body(UnsafeRawBufferPointer(all))
    }
  }

  /// Appends to the batch's parts; for the files that take ids and metadata.
  func appendID(_ body: (inout [UInt8]) throws(IDError) -> Void) throws(IDError) { try body(&batch.idBytes) }

  /// Appends to the batch's metadata.
  func appendMetadata(_ body: (inout [UInt8]) throws(FormatError) -> Void) throws(FormatError) {
    try body(&batch.metadataBytes)
  }
}
