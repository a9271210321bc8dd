import FileStorage
package import MetadataFilters
package import VectorMath

/// How a table is written.
package struct CSVWriterOptions: Sendable {
  /// How vectors are spelled.
  package enum Vectors: Equatable, Sendable {
    /// One cell with a JSON array.
    case json
    /// One cell with base64 behind `b64:`, of little-endian f32 or of the stored bytes of i8, u8 and bits.
    case base64
    /// One column for each number.
    case columns(VectorColumnNames)
    /// Left out.
    case none
  }

  /// How vectors are spelled.
  package var vectors = Vectors.json
  /// What the vectors are stored as.
  package var elementType: ElementType = .f32
  /// `,` for CSV, a tab for TSV.
  package var delimiter = UInt8(ascii: ",")
  /// Puts `'` in front of texts that a spreadsheet would take for a formula.
  package var isSpreadsheetSafe = false
  /// The names of the first columns.
  package var idName = "id"
  /// The name of the column that holds the vector.
  package var vectorName = "vector"
  /// CR LF as RFC 4180 says, or LF alone.
  package var endsWithReturn = true

  /// Writes CSV with vectors as JSON arrays.
  package init() {}
}

/// Writes CSV or TSV by RFC 4180.
///
/// The columns are the id, the vector and one for each metadata field that the caller names. Texts stand as they are, a
/// missing field and null as an empty cell, an empty text as two quotes, arrays and objects as JSON. An id that
/// looks like a converted number is quoted, so that it is read back as it was.
package final class CSVWriter: RecordWriter {
  private var output: OutputBuffer
  private let options: CSVWriterOptions
  private let dimension: Int
  /// The fields' names with the place of their columns, sorted by name.
  private let fields: [(key: [UInt8], column: Int)]
  /// Where each column's value stands in the row's metadata.
  private var values: [Range<Int>]
  private var text: [UInt8] = []
  private var written: UInt64 = 0
  /// Texts that begin like a spreadsheet's formula, written as they are unless `isSpreadsheetSafe`.
  package private(set) var formulaCells: UInt64 = 0
  /// Nulls that were written as empty cells, so that they are missing when the file is read.
  package private(set) var nullCells: UInt64 = 0

  /// Begins a file and its header.
  ///
  /// - Parameters:
  ///   - sink: Where the table goes.
  ///   - columns: The metadata fields to write, in this order. Fields that are not named are left out.
  ///   - dimension: Numbers in each vector.
  ///   - options: How it is written.
  /// - Throws: `csv-header` when two columns would have one name, `options` when the vector columns do not fit.
  package init(
    _ sink: any ByteSink, columns: [String], dimension: Int, options: CSVWriterOptions
  ) throws(FormatError) {
    output = OutputBuffer(sink)
    self.options = options
    self.dimension = dimension
    var header = [options.idName]
    switch options.vectors {
    case .json, .base64: header.append(options.vectorName)
    case .none: break
    case .columns(let spec):
      guard let names = spec.names(dimension: dimension) else {
        throw FormatError(
          .options, file: sink.name, column: spec.text, expected: "names for \(dimension) vector columns",
          found: "another number of them")
      }
      header += names
    }
    header += columns
    var seen: Set<String> = []
    for name in header where !seen.insert(name).inserted || name.isEmpty {
      throw FormatError(
        .csvHeader, file: sink.name, column: name, expected: "each column name once, and none empty",
        found: name.isEmpty ? "a field without a name" : "a field of this name beside the column",
        hint: "leave the field out with --fields, or export JSON Lines")
    }
    fields = columns.enumerated().map { (key: Array($0.element.utf8), column: $0.offset) }
      .sorted { $0.key.lexicographicallyPrecedes($1.key) }
    values = [Range<Int>](repeating: 0..<0, count: columns.count)
    for (index, name) in header.enumerated() {
      if index > 0 { output.bytes.append(options.delimiter) }
      appendCell(Array(name.utf8), isQuoted: name.isEmpty)
    }
    endLine()
  }

  private func endLine() {
    if options.endsWithReturn { output.bytes.append(13) }
    output.bytes.append(10)
  }

  package func write(_ batch: RecordBatch) throws(FormatError) {
    guard batch.dimension == dimension || options.vectors == .none else {
      throw FormatError(
        .dimensionsMismatch, file: output.sink.name, expected: "vectors of \(dimension) numbers",
        found: "vectors of \(batch.dimension)")
    }
    for row in 0..<batch.count {
      appendID(batch.idBytes[batch.idRange(row)], batch.idType)
      appendVector(batch, row)
      try appendFields(batch, row)
      endLine()
      written += 1
      try output.flushIfFull()
    }
  }

  package func finish() throws(FormatError) { try output.flush() }

  private func appendID(_ id: ArraySlice<UInt8>, _ type: IDType) {
    text.removeAll(keepingCapacity: true)
    IDText.append(id, type: type, to: &text)
    guard type == .string else {
      output.bytes.append(contentsOf: text)
      return
    }
    neutralise()
    let isNumber = unsafe text.withUnsafeBytes { unsafe CSVChunk.isConvertedNumber($0) }
    appendCell(text, isQuoted: isNumber)
  }

  private func appendVector(_ batch: RecordBatch, _ row: Int) {
    guard options.vectors != .none else { return }
    let range = batch.vectorRange(row)
    let isPresent = batch.hasVector[row]
    switch options.vectors {
    case .none: break
    case .columns:
      for index in range {
        output.bytes.append(options.delimiter)
        if isPresent { options.elementType.appendNumber(batch.vectors[index], to: &output.bytes) }
      }
    case .json:
      output.bytes.append(options.delimiter)
      guard isPresent else { return }
      output.bytes.append(UInt8(ascii: "\""))
      options.elementType.appendArray(batch.vectors[range], to: &output.bytes)
      output.bytes.append(UInt8(ascii: "\""))
    case .base64:
      output.bytes.append(options.delimiter)
      guard isPresent else { return }
      output.bytes += "b64:".utf8
      let stored = options.elementType.spelledBytes(batch, row)
      unsafe stored.withUnsafeBytes { unsafe VectorText.appendBase64($0, to: &output.bytes) }
    }
  }

  /// Appends one cell for each field.
  private func appendFields(_ batch: RecordBatch, _ row: Int) throws(FormatError) {
    guard !fields.isEmpty else { return }
    for index in values.indices { values[index] = 0..<0 }
    let range = batch.metadataRange(row)
    do throws(JSONError) {
      try unsafe batch.metadataBytes.withUnsafeBufferPointer { (all) throws(JSONError) in
        if range.isEmpty {
          for _ in values { output.bytes.append(options.delimiter) }
          return
        }
        let json = unsafe UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(all)[range])
        try unsafe findValues(json)
        for value in values {
          output.bytes.append(options.delimiter)
          try unsafe appendValue(json, value)
        }
      }
    } catch {
      throw FormatError(error, file: output.sink.name, line: nil, record: written + 1, base: 0)
    }
  }

  /// Finds the members that have a column.
  ///
  /// Both are sorted, so one pass is enough; other orders are searched.
  private func findValues(_ json: UnsafeRawBufferPointer) throws(JSONError) {
    var scanner = unsafe JSONScanner(json)
    try scanner.beginObject()
    var isFirst = true
    var next = 0
    while let key = try scanner.nextKey(&isFirst) {
      text.removeAll(keepingCapacity: true)
      scanner.appendUnescaped(key, to: &text)
      while next < fields.count, fields[next].key.lexicographicallyPrecedes(text) { next += 1 }
      let isWanted = next < fields.count && fields[next].key == text
      _ = try scanner.peekKind()
      let start = scanner.position
      try scanner.skipValue()
      if isWanted { values[fields[next].column] = start..<scanner.position }
    }
  }

  private func appendValue(_ json: UnsafeRawBufferPointer, _ value: Range<Int>) throws(JSONError) {
    guard !value.isEmpty else { return }
    let piece = unsafe UnsafeRawBufferPointer(rebasing: json[value])
    switch unsafe piece[0] {
    case UInt8(ascii: "\""):
      var scanner = unsafe JSONScanner(piece)
      text.removeAll(keepingCapacity: true)
      scanner.appendUnescaped(try scanner.readString(), to: &text)
      neutralise()
      appendCell(text, isQuoted: text.isEmpty)
    case UInt8(ascii: "n"): nullCells += 1
    case UInt8(ascii: "["), UInt8(ascii: "{"):
      unsafe appendCell(Array(piece), isQuoted: false)
    default: unsafe output.bytes.append(contentsOf: piece)
    }
  }

  /// Deals with a text that a spreadsheet would take for a formula.
  private func neutralise() {
    switch text.first {
    case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), 9, 13, 0:
      formulaCells += 1
      if options.isSpreadsheetSafe { text.insert(UInt8(ascii: "'"), at: 0) }
    default: break
    }
  }

  /// Appends a cell, in quotes where it must be.
  private func appendCell(_ cell: [UInt8], isQuoted: Bool) {
    let needsQuotes =
      isQuoted || cell.first == 0xEF && output.bytes.isEmpty
      || cell.contains { $0 == options.delimiter || $0 == UInt8(ascii: "\"") || $0 == 10 || $0 == 13 }
    guard needsQuotes else {
      output.bytes += cell
      return
    }
    output.bytes.append(UInt8(ascii: "\""))
    for byte in cell {
      if byte == UInt8(ascii: "\"") { output.bytes.append(byte) }
      output.bytes.append(byte)
    }
    output.bytes.append(UInt8(ascii: "\""))
  }
}
