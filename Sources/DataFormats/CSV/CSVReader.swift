import FileStorage
package import MetadataFilters
import VectorMath

/// Reads CSV and TSV by RFC 4180: a header, then one record after another, with quotes, line ends in cells and all.
///
/// The buffer is cut into records by one thread and the records are parsed by all, in pieces whose rows are put
/// together in order. A cell is metadata text unless the options say otherwise.
package final class CSVReader: RecordReader {
  let options: ReadOptions
  let name: String
  private(set) var delimiter: UInt8
  /// Whether the text came in another encoding, so that offsets in the source are not known.
  var isDecoded: Bool { source is DecodedSource }
  private let source: any ByteSource
  private let threads: Int
  private var buffer: TextBuffer
  private var splitter = CSVSplitter()
  private var records: [CSVRecord] = []
  /// The first of `records` that is not parsed.
  private var nextRecord = 0
  /// Records passed so far, the header not counted.
  private var passed: UInt64 = 0
  private var delivered: UInt64 = 0
  private var chunks: [CSVChunk] = []
  private var plan: CSVPlan?
  private var outputDimension: Int?
  private var pending: FormatError?
  private var isDone = false
  private var notes = CSVNotes()
  package private(set) var skippedRows: UInt64 = 0

  /// Begins to read: the header and the first record are looked at.
  package init(
    _ source: any ByteSource, format: RecordFormat, options: ReadOptions, threads: Int
  ) throws(FormatError) {
    self.options = options
    self.threads = max(1, threads)
    name = source.name
    self.source = try TextOpening.open(source, options.encoding)
    delimiter = options.delimiter ?? (format == .tsv ? 9 : UInt8(ascii: ","))
    buffer = TextBuffer(capacity: max(64, options.blockBytes))
    outputDimension = options.truncatedDimension ?? options.dimension
    guard delimiter != 10, delimiter != 13, delimiter != UInt8(ascii: "\""), delimiter < 0x80 else {
      throw FormatError(
        .options, file: name, expected: "a delimiter of one ASCII character other than quote and line end",
        found: "the byte \(delimiter)")
    }
    try open()
  }

  package var dimension: Int? { outputDimension }
  package var bytesRead: UInt64 { buffer.offset + UInt64(buffer.end) }

  package var warnings: [FormatWarning] {
    guard let plan else { return [] }
    let merged = notes
    var result = notes.json.formatWarnings
    let column = plan.vectorColumn.map { plan.header[$0] }
    if merged.wrapped.count > 0 {
      result.append(
        FormatWarning(
          .numpyWrapper, line: merged.wrapped.line, column: column,
          message: "numbers stand in np.float32(...); the wrapper was stripped", count: merged.wrapped.count))
    }
    if merged.spaced.count > 0 {
      result.append(
        FormatWarning(
          .numpyRepresentation, line: merged.spaced.line, column: column,
          message: "vectors are numpy arrays printed as text; all numbers are there",
          count: merged.spaced.count))
      result.append(
        FormatWarning(
          .reducedPrecision, line: merged.spaced.line, column: column,
          message:
            "numpy prints 8 digits, too few for exact floats; write JSON lists (array.tolist()) for exact ones",
          count: merged.spaced.count))
    }
    if let numeric = plan.numericWarning(merged.columns) { result.append(numeric) }
    return result
  }

  package func next(_ batch: inout RecordBatch, maximumRows: Int) throws(FormatError) -> Bool {
    batch.removeAll(keepingCapacity: true)
    batch.dimension = outputDimension ?? 0
    batch.idType = options.idType
    if let pending { throw pending }
    while batch.isEmpty, !isDone {
      do throws(FormatError) {
        try fill(&batch, maximumRows: max(1, maximumRows))
      } catch {
        pending = error
        if batch.isEmpty { throw error }
      }
    }
    return !batch.isEmpty
  }

  /// Parses what the buffer holds, after filling it where nothing is left.
  private func fill(_ batch: inout RecordBatch, maximumRows: Int) throws(FormatError) {
    if let limit = options.limit, delivered >= limit {
      isDone = true
      return
    }
    if nextRecord == records.count, try !refill() {
      isDone = true
      do throws(FileError) {
        try source.checkUnchanged()
      } catch { throw FormatError(changed: name, error) }
      return
    }
    if passed < options.skip {
      let count = min(UInt64(records.count - nextRecord), options.skip - passed)
      nextRecord += Int(count)
      passed += count
      return
    }
    var count = min(records.count - nextRecord, maximumRows)
    if let limit = options.limit { count = Int(min(UInt64(count), limit - delivered)) }
    try parse(count, &batch)
  }

  private func parse(_ count: Int, _ batch: inout RecordBatch) throws(FormatError) {
    // A few pieces for each thread, so that none waits long for another.
    let pieces = threads == 1 ? 1 : min(count, threads * 4)
    try prepareChunks(pieces)
    let (first, start, offset) = (passed + 1, nextRecord, buffer.offset)
    let work = unsafe CSVWork(base: buffer.base, records: records, chunks: chunks)
    ParallelLoop.run(blocks: pieces, threads: threads) { piece in
      let from = start + count * piece / pieces
      let to = start + count * (piece + 1) / pieces
      unsafe work.chunks[piece].parse(
        work.base, work.records, from..<to, first: first + UInt64(from - start), bufferOffset: offset)
    }
    nextRecord += count
    passed += UInt64(count)
    for chunk in chunks[..<pieces] {
      // Pieces behind a failure do not count, so that warnings do not depend on the number of threads.
      notes.merge(chunk.notes)
      batch.append(rows: 0..<chunk.batch.count, of: chunk.batch)
      delivered += UInt64(chunk.batch.count)
      skippedRows += chunk.skippedRows
      if let failure = chunk.failure { throw failure }
    }
  }

  private func prepareChunks(_ count: Int) throws(FormatError) {
    guard let plan, let outputDimension else { return }
    let sourceDimension = options.truncatedDimension == nil ? outputDimension : options.maximumDimension
    while chunks.count < count {
      chunks.append(CSVChunk(self, plan: plan, sourceDimension: sourceDimension, dimension: outputDimension))
    }
  }

  /// Reads more of the source until at least one record is complete; false at the end.
  private func refill() throws(FormatError) -> Bool {
    records.removeAll(keepingCapacity: true)
    nextRecord = 0
    while true {
      let isAtEnd = buffer.isAtEnd && splitter.position == buffer.end
      if isAtEnd, splitter.recordStart == buffer.end { return false }
      let done = splitter.recordStart
      buffer.drop(done)
      splitter.drop(done)
      if buffer.end == buffer.capacity {
        guard buffer.capacity <= options.maximumRecordBytes else { throw tooLong() }
        buffer.grow()
      }
      do throws(FileError) {
        try buffer.fill(from: source)
      } catch { throw FormatError(reading: name, error) }
      unsafe splitter.split(
        buffer.base, end: buffer.end, isAtEnd: buffer.isAtEnd, maximum: Int.max, into: &records)
      if !records.isEmpty { return true }
    }
  }

  /// The error for a record that does not end: usually a quote that is not closed.
  private func tooLong() -> FormatError {
    let record = CSVRecord(
      start: splitter.recordStart, end: buffer.end, line: splitter.recordLine, hasStrayLineEnd: false)
    let number = plan == nil ? nil : passed + 1
    var cell = CSVCell()
    do throws(CSVCellFailure) {
      _ = try unsafe CSVCells.cut(
        buffer.base, start: record.start, end: record.end, delimiter: delimiter, into: &cell, capacity: 1)
    } catch {
      var failure = unsafe CSVChunk.failure(
        error, buffer.base, record, file: name, number: number, bufferOffset: buffer.offset)
      if case .unclosed = error { failure.found = "none in \(options.maximumRecordBytes) bytes" }
      return failure
    }
    return FormatError(
      .lineTooLong, file: name, line: record.line, record: number,
      byteOffset: buffer.offset + UInt64(record.start),
      expected: "records of at most \(options.maximumRecordBytes) bytes", found: "a longer one")
  }
}

/// What the pieces of one parallel step share; nothing of it changes while they run, but each piece its own chunk.
@safe private struct CSVWork: @unchecked Sendable {
  let base: UnsafePointer<UInt8>
  let records: [CSVRecord]
  let chunks: [CSVChunk]
}

extension CSVReader {
  /// Reads the first lines: byte-order mark, `sep=` line, header; finds the dimension in the first record.
  private func open() throws(FormatError) {
    guard try refill() else { throw empty() }
    if unsafe buffer.end >= 3 && buffer.base[0] == 0xEF && buffer.base[1] == 0xBB && buffer.base[2] == 0xBF {
      records[0].start += 3
      // A mark alone on the first line is a blank line.
      if records[0].start >= records[0].end { nextRecord += 1 }
    }
    if nextRecord == records.count, try !refill() { throw empty() }
    try takeSeparatorLine()
    let header = try takeHeader()
    if options.hasHeader, nextRecord == records.count { _ = try refill() }
    let plan = try CSVPlan(header: header.names, file: name, line: header.line, options: options)
    self.plan = plan
    notes = CSVNotes(fieldCount: plan.fields.count)
    guard nextRecord < records.count else {
      // A header alone: no records, and no dimension to tell.
      isDone = true
      return
    }
    if outputDimension == nil { outputDimension = try findDimension(plan) }
    guard let outputDimension, outputDimension <= options.maximumDimension else {
      throw FormatError(
        .dimensionsLimit, file: name, expected: "at most \(options.maximumDimension) numbers in a vector",
        found: "\(outputDimension ?? 0)")
    }
    if !plan.elements.isEmpty {
      let found = plan.elements.count
      let isRight = options.truncatedDimension == nil ? found == outputDimension : found >= outputDimension
      guard isRight else {
        throw FormatError(
          .dimensionsMismatch, file: name, line: header.line, column: options.vectorColumns,
          expected: "\(outputDimension) columns"
            + (options.dimensionOrigin.map { ", as \($0) has numbers" } ?? ""),
          found: "\(found)")
      }
    }
  }

  private func empty() -> FormatError {
    FormatError(.emptyFile, file: name, expected: "a header and records", found: "no line that is not blank")
  }

  /// Takes the line by which Excel is told the delimiter: `sep=;`.
  private func takeSeparatorLine() throws(FormatError) {
    let record = records[nextRecord]
    guard record.end - record.start == 5 else { return }
    let text = unsafe Array(UnsafeBufferPointer(start: buffer.base + record.start, count: 5))
    guard text.starts(with: Array("sep=".utf8)) || text.starts(with: Array("SEP=".utf8)) else { return }
    if let stated = options.delimiter, stated != text[4] {
      throw FormatError(
        .csvDelimiter, file: name, line: record.line, byteOffset: 0,
        expected: "the delimiter \(Excerpt.quoted([stated])), as --delimiter says",
        found: "the line \(Excerpt.quoted(text[...]))")
    }
    delimiter = text[4]
    nextRecord += 1
    if nextRecord == records.count, try !refill() { throw empty() }
  }

  /// The names of the columns: from the first record, or `column1`, `column2` and so on.
  private func takeHeader() throws(FormatError) -> (names: [String], line: UInt64) {
    let record = records[nextRecord]
    var cells = [CSVCell](repeating: CSVCell(), count: 1 << 8)
    var count = 0
    while true {
      let capacity = cells.count
      do throws(CSVCellFailure) {
        let (base, delimiter) = unsafe (buffer.base, delimiter)
        count = try unsafe cells.withUnsafeMutableBufferPointer { (room) throws(CSVCellFailure) -> Int in
          guard let address = room.baseAddress else { return 0 }
          return try unsafe CSVCells.cut(
            base, start: record.start, end: record.end, delimiter: delimiter, into: address,
            capacity: capacity)
        }
      } catch {
        throw unsafe CSVChunk.failure(
          error, buffer.base, record, file: name, number: nil, bufferOffset: buffer.offset)
      }
      if count <= capacity { break }
      guard count <= CSVReader.maximumColumns else {
        throw FormatError(
          .csvHeader, file: name, line: record.line, expected: "at most \(CSVReader.maximumColumns) columns",
          found: "\(count)")
      }
      cells = [CSVCell](repeating: CSVCell(), count: count)
    }
    var names: [String] = []
    for cell in cells[..<count] {
      var bytes: [UInt8] = []
      unsafe CSVCells.append(cell, buffer.base, to: &bytes)
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw FormatError(
          .invalidUTF8, file: name, line: record.line, byteOffset: buffer.offset + UInt64(cell.start),
          expected: "a header in UTF-8", found: Excerpt.quoted(bytes[...]),
          hint: "if the file is from an old Windows program: --encoding latin1")
      }
      names.append(text)
    }
    if record.hasStrayLineEnd {
      throw FormatError(
        .csvLineEnding, file: name, line: record.line, expected: "one kind of line end throughout",
        found: "a carriage return without a line feed, or the reverse, outside quotes",
        hint: "convert the line ends, or quote cells that hold them")
    }
    try checkDelimiter(names, record)
    guard options.hasHeader else { return ((1...max(1, count)).map { "column\($0)" }, record.line) }
    nextRecord += 1
    return (names, record.line)
  }

  /// The most columns of a table: the greatest dimension, and as many fields.
  private static let maximumColumns = 1 << 17

  /// Refuses a header of one column that another delimiter would cut.
  private func checkDelimiter(_ names: [String], _ record: CSVRecord) throws(FormatError) {
    guard names.count == 1, options.delimiter == nil else { return }
    for other in [UInt8(ascii: ";"), 9, UInt8(ascii: "|"), UInt8(ascii: ",")]
    where other != delimiter && names[0].utf8.contains(other) {
      let spelled = other == 9 ? "$'\\t'" : "'\(Character(UnicodeScalar(other)))'"
      throw FormatError(
        .csvDelimiter, file: name, line: record.line, byteOffset: buffer.offset + UInt64(record.start),
        expected: "columns separated by \(delimiter == 9 ? "tabs" : Excerpt.quoted([delimiter]))",
        found: "one column, \(Excerpt.quoted(Array(names[0].utf8)[...]))", hint: "try --delimiter \(spelled)")
    }
  }

  /// Counts the numbers in the first record's vector.
  ///
  /// A vector that cannot be read is reported when it is parsed.
  private func findDimension(_ plan: CSVPlan) throws(FormatError) -> Int {
    if !plan.elements.isEmpty { return plan.elements.count }
    guard let column = plan.vectorColumn else {
      throw FormatError(
        .options, file: name, expected: "the dimension of the vectors", found: "a table without vectors")
    }
    let record = records[nextRecord]
    var cells = [CSVCell](repeating: CSVCell(), count: plan.header.count)
    var notes = VectorText.Notes()
    let (base, delimiter, encoding) = unsafe (buffer.base, delimiter, options.vectorEncoding)
    let elementType = options.elementType
    let count: Int = unsafe cells.withUnsafeMutableBufferPointer { room in
      guard let address = room.baseAddress else { return 0 }
      do {
        _ = try unsafe CSVCells.cut(
          base, start: record.start, end: record.end, delimiter: delimiter, into: address,
          capacity: room.count)
        var none: Float = 0
        let cell = unsafe address[column]
        return try unsafe VectorText.parse(
          UnsafeRawBufferPointer(start: base + cell.start, count: cell.end - cell.start), encoding: encoding,
          elementType: elementType, dimension: nil, into: &none, capacity: 0, notes: &notes)
      } catch { return 0 }
    }
    return max(1, count)
  }
}
