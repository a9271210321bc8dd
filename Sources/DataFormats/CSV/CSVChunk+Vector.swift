import FileStorage
import MetadataFilters

extension CSVChunk {
  /// Reads the vector of the record at hand into `vector`; false when it has none and need not.
  func takeVector(_ base: UnsafePointer<UInt8>, _ record: CSVRecord, _ number: UInt64) throws(FormatError)
    -> Bool
  {
    guard let column = plan.vectorColumn else {
      guard !plan.elements.isEmpty else { return false }
      return try unsafe takeElements(base, record, number)
    }
    let cell = unsafe cells[column]
    guard !cell.isEmpty else {
      if options.vectorIsOptional { return false }
      throw unsafe fail(
        .vectorMissing, base, record, number, at: cell.start, column, expected: "a vector",
        found: "an empty cell")
    }
    var found = VectorText.Notes()
    let text = unsafe UnsafeRawBufferPointer(start: base + cell.start, count: cell.end - cell.start)
    let count: Int
    do throws(VectorText.Failure) {
      count = try unsafe VectorText.parse(
        text, encoding: options.vectorEncoding, elementType: options.elementType,
        dimension: options.truncatedDimension == nil ? sourceDimension : nil, into: vector,
        capacity: sourceDimension, notes: &found)
    } catch {
      var failure = unsafe fail(
        error.code, base, record, number, at: cell.start + error.offset, column, expected: error.expected,
        found: error.found, hint: error.hint)
      if let index = error.index { failure.column = "\(plan.header[column])[\(index)]" }
      throw failure
    }
    let isRight = options.truncatedDimension == nil ? count == sourceDimension : count >= dimension
    guard isRight else {
      throw unsafe fail(
        count == 0 ? .vectorEmpty : .dimensionsMismatch, base, record, number, at: cell.start, column,
        expected: wantedDimension, found: "\(count)")
    }
    if found != [] { notes.add(found, record.line) }
    return true
  }

  private var wantedDimension: String {
    if options.truncatedDimension != nil { return "at least \(dimension) numbers" }
    return "\(sourceDimension) numbers, as \(options.dimensionOrigin ?? "the first record") has"
  }

  private func takeElements(
    _ base: UnsafePointer<UInt8>, _ record: CSVRecord, _ number: UInt64
  ) throws(FormatError) -> Bool {
    var filled = 0
    for (index, column) in plan.elements.enumerated() {
      let cell = unsafe cells[column]
      let (start, end) = unsafe CSVChunk.trimmed(base, cell)
      guard start < end else { continue }
      filled += 1
      let text = unsafe UnsafeRawBufferPointer(start: base + start, count: end - start)
      let (value, status) = unsafe DecimalFloat.parseFloat(text)
      switch status {
      case .ok, .underflow, .notFinite: unsafe vector[index] = value
      case .overflow:
        throw unsafe fail(
          .floatOverflow, base, record, number, at: start, column, expected: "a number within ±3.4028235e38",
          found: Excerpt.quoted(text))
      case .invalid:
        throw unsafe fail(
          .vectorNumber, base, record, number, at: start, column, expected: "a number",
          found: Excerpt.quoted(text))
      }
    }
    guard filled < plan.elements.count else { return true }
    if filled == 0, options.vectorIsOptional { return false }
    let column = plan.elements.first { unsafe CSVChunk.isBlank(base, cells[$0]) } ?? 0
    throw unsafe fail(
      .vectorMissing, base, record, number, at: cells[column].start, column, expected: "a number",
      found: "an empty cell", hint: "pandas leaves NaN empty")
  }

  private static func isBlank(_ base: UnsafePointer<UInt8>, _ cell: CSVCell) -> Bool {
    let (start, end) = unsafe trimmed(base, cell)
    return start == end
  }

  /// A cell's range without spaces around it.
  static func trimmed(_ base: UnsafePointer<UInt8>, _ cell: CSVCell) -> (Int, Int) {
    var (start, end) = (cell.start, cell.end)
    while start < end, unsafe base[start] == 0x20 { start += 1 }
    while end > start, unsafe base[end - 1] == 0x20 { end -= 1 }
    return (start, end)
  }

  /// Reads the identifier.
  func takeID(
    _ base: UnsafePointer<UInt8>, _ record: CSVRecord, _ number: UInt64, _ cell: CSVCell
  ) throws(FormatError) {
    guard !cell.isEmpty else {
      throw unsafe fail(
        .idMissing, base, record, number, at: cell.start, plan.idColumn, expected: "an id",
        found: "an empty cell",
        hint: "number the rows with --id-from row")
    }
    let isText = options.idType == .string
    let error: IDError? = try unsafe withText(base, cell) { (text) throws(FormatError) -> IDError? in
      if isText, !cell.isQuoted, unsafe CSVChunk.isConvertedNumber(text) {
        return unsafe IDError(.float, expected: "an id", found: Excerpt.quoted(text))
      }
      do throws(IDError) {
        try appendID { (bytes) throws(IDError) in
          let start = bytes.count
          if isText { bytes.append(contentsOf: idPrefix) }
          unsafe try RecordID.append(text: text, type: options.idType, to: &bytes)
          guard bytes.count - start <= RecordID.maximumLength else {
            throw IDError(
              .tooLong, expected: "an id of 1 to 1024 bytes", found: "\(bytes.count - start) bytes")
          }
        }
        return nil
      } catch { return error }
    }
    guard let error else { return }
    var failure = unsafe fail(
      .idType, base, record, number, at: cell.start, plan.idColumn, expected: error.expected,
      found: error.found,
      hint: error.hint)
    failure.code = FormatErrorCode(rawValue: error.code.rawValue) ?? .idType
    if error.code == .float, isText {
      failure.hint =
        "a program has turned the ids into floats, often because one was missing; write them as integers, or in "
        + "quotes if they are text"
    }
    throw failure
  }

  /// Whether an id was a number that a program spelled anew: `1.0`, `12.000`, `1E+05`, `1.5e+17`.
  ///
  /// Version numbers such as `1.2.3` and digits with a letter such as `12e45` are text.
  static func isConvertedNumber(_ text: UnsafeRawBufferPointer) -> Bool {
    var index = 0
    func digits() -> Int {
      let start = index
      while index < text.count, unsafe text[index] &- 48 <= 9 { index += 1 }
      return index - start
    }
    if unsafe text.first == UInt8(ascii: "-") { index = 1 }
    guard digits() > 0, index < text.count else { return false }
    var hasPoint = false
    var isWhole = true
    if unsafe text[index] == UInt8(ascii: ".") {
      hasPoint = true
      index += 1
      let start = index
      guard digits() > 0 else { return false }
      for place in start..<index where unsafe text[place] != UInt8(ascii: "0") { isWhole = false }
      if index == text.count { return isWhole }
    }
    guard unsafe text[index] | 0x20 == UInt8(ascii: "e") else { return false }
    index += 1
    guard index < text.count else { return false }
    let hasSign = unsafe text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-")
    if hasSign { index += 1 }
    return digits() > 0 && index == text.count && (hasSign || hasPoint)
  }
}
