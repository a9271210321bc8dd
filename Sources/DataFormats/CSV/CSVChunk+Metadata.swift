import FileStorage
import MetadataFilters

/// What is worth telling of a table, gathered over all its records.
struct CSVNotes: Sendable {
  /// What the cells of a text column were so far.
  struct Column: OptionSet, Sendable {
    let rawValue: UInt8
    static let sawInteger = Column(rawValue: 1)
    static let sawFloat = Column(rawValue: 2)
    static let sawText = Column(rawValue: 4)
  }

  var columns: [Column] = []
  var wrapped: (count: UInt64, line: UInt64) = (0, 0)
  var spaced: (count: UInt64, line: UInt64) = (0, 0)
  var json = CanonicalWarnings()

  init(fieldCount: Int = 0) { columns = [Column](repeating: [], count: fieldCount) }

  /// Forgets everything.
  mutating func clear() { self = CSVNotes(fieldCount: columns.count) }

  /// Adds what was seen in later records.
  mutating func merge(_ other: CSVNotes) {
    for index in columns.indices where index < other.columns.count {
      columns[index].formUnion(other.columns[index])
    }
    if other.wrapped.count > 0 {
      wrapped = (wrapped.count + other.wrapped.count, wrapped.count == 0 ? other.wrapped.line : wrapped.line)
    }
    if other.spaced.count > 0 {
      spaced = (spaced.count + other.spaced.count, spaced.count == 0 ? other.spaced.line : spaced.line)
    }
    json.numbersKeptAsText += other.json.numbersKeptAsText
  }

  mutating func add(_ notes: VectorText.Notes, _ line: UInt64) {
    if notes.contains(.wrapped) { wrapped = (wrapped.count + 1, wrapped.count == 0 ? line : wrapped.line) }
    if notes.contains(.spaced) { spaced = (spaced.count + 1, spaced.count == 0 ? line : spaced.line) }
  }
}

extension CSVChunk {
  /// Appends the record's metadata as a canonical object; nothing where all its cells are empty.
  func takeMetadata(_ base: UnsafePointer<UInt8>, _ record: CSVRecord, _ number: UInt64) throws(FormatError) {
    if let column = plan.payloadColumn {
      try unsafe takePayload(base, record, number, column)
      return
    }
    var isFirst = true
    for (place, column) in plan.fieldColumns.enumerated() {
      let cell = unsafe cells[column]
      let field = plan.fields[place]
      // An empty cell is missing; a pair of quotes is an empty text.
      if cell.isEmpty, !cell.isQuoted || field.isCast && field.cast != .string { continue }
      try appendMetadata { (bytes) throws(FormatError) in
        bytes.append(isFirst ? UInt8(ascii: "{") : UInt8(ascii: ","))
        bytes.append(contentsOf: field.key)
      }
      isFirst = false
      try unsafe withText(base, cell) { (text) throws(FormatError) in
        if field.isCast {
          try unsafe takeCast(base, record, number, column, field.cast, text)
        } else {
          if !notes.columns[place].contains(.sawText) {
            notes.columns[place].insert(unsafe CSVChunk.kind(text))
          }
          try appendMetadata { (bytes) throws(FormatError) in unsafe CSVChunk.appendText(text, to: &bytes) }
        }
      }
    }
    if !isFirst { try appendMetadata { (bytes) throws(FormatError) in bytes.append(UInt8(ascii: "}")) } }
  }

  /// Takes the one cell that holds a JSON object.
  private func takePayload(
    _ base: UnsafePointer<UInt8>, _ record: CSVRecord, _ number: UInt64, _ column: Int
  ) throws(FormatError) {
    let cell = unsafe cells[column]
    guard !cell.isEmpty else { return }
    try unsafe withText(base, cell) { (text) throws(FormatError) in
      guard let first = unsafe text.first(where: { $0 > 0x20 }), first == UInt8(ascii: "{") else {
        throw unsafe fail(
          .payloadNotObject, base, record, number, at: cell.start, column, expected: "a JSON object",
          found: Excerpt.quoted(text),
          hint: "take columns as fields with --payload-fields, or name the payload with --payload-field")
      }
      try unsafe takeJSON(base, record, number, column, text)
    }
  }

  private func takeJSON(
    _ base: UnsafePointer<UInt8>, _ record: CSVRecord, _ number: UInt64, _ column: Int,
    _ text: UnsafeRawBufferPointer
  ) throws(FormatError) {
    try appendMetadata { (bytes) throws(FormatError) in
      do throws(JSONError) {
        var found = CanonicalWarnings()
        try unsafe CanonicalJSON.append(text, to: &bytes, warnings: &found)
        notes.json.numbersKeptAsText += found.numbersKeptAsText
      } catch {
        let place = unsafe cells[column].start + error.offset
        throw unsafe fail(
          FormatErrorCode(error.code), base, record, number, at: place, column, expected: error.expected,
          found: error.found, hint: error.hint)
      }
    }
  }

  private func takeCast(
    _ base: UnsafePointer<UInt8>, _ record: CSVRecord, _ number: UInt64, _ column: Int,
    _ cast: ReadOptions.Cast,
    _ text: UnsafeRawBufferPointer
  ) throws(FormatError) {
    let expected: String
    switch cast {
    case .string:
      try appendMetadata { (bytes) throws(FormatError) in unsafe CSVChunk.appendText(text, to: &bytes) }
      return
    case .json: return try unsafe takeJSON(base, record, number, column, text)
    case .int:
      if let value = unsafe CSVChunk.integer(text) {
        try appendMetadata { (bytes) throws(FormatError) in bytes.append(contentsOf: value.description.utf8) }
        return
      }
      expected = "a 64-bit integer"
    case .float:
      let (value, status) = unsafe DecimalFloat.parseDouble(text)
      if status == .ok || status == .underflow {
        try appendMetadata { (bytes) throws(FormatError) in DecimalFloat.appendShortest(value, to: &bytes) }
        return
      }
      expected = "a finite number"
    case .bool:
      if let value = unsafe CSVChunk.boolean(text) {
        try appendMetadata { (bytes) throws(FormatError) in
          bytes.append(contentsOf: (value ? "true" : "false").utf8)
        }
        return
      }
      expected = "true, false, 1 or 0"
    }
    throw unsafe fail(
      .castFailed, base, record, number, at: cells[column].start, column, expected: expected,
      found: Excerpt.quoted(text), hint: "an empty cell is missing; leave out --cast to keep the text")
  }

  /// Appends a text as JSON; the usual text, without escapes, in one piece.
  static func appendText(_ text: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
    var needsEscapes = false
    for index in 0..<text.count {
      let byte = unsafe text[index]
      needsEscapes = needsEscapes || byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }
    if needsEscapes { return unsafe JSONWriter.appendQuoted(text, to: &bytes) }
    bytes.append(UInt8(ascii: "\""))
    unsafe bytes.append(contentsOf: text)
    bytes.append(UInt8(ascii: "\""))
  }

  /// An integer, also with a fraction of zeros, as pandas writes integers of a column with gaps.
  static func integer(_ text: UnsafeRawBufferPointer) -> Int64? {
    var index = 0
    var value: Int64 = 0
    let isNegative = unsafe text.first == UInt8(ascii: "-")
    if isNegative || (unsafe text.first == UInt8(ascii: "+")) { index = 1 }
    let first = index
    while index < text.count, unsafe text[index] &- 48 <= 9 {
      let digit = unsafe Int64(text[index] &- 48)
      let (tens, carried) = value.multipliedReportingOverflow(by: 10)
      let (next, overflow) =
        isNegative ? tens.subtractingReportingOverflow(digit) : tens.addingReportingOverflow(digit)
      guard !carried, !overflow else { return nil }
      value = next
      index += 1
    }
    guard index > first else { return nil }
    if index < text.count {
      guard unsafe text[index] == UInt8(ascii: ".") else { return nil }
      for place in (index + 1)..<text.count where unsafe text[place] != UInt8(ascii: "0") { return nil }
    }
    return value
  }

  private static func boolean(_ text: UnsafeRawBufferPointer) -> Bool? {
    guard text.count <= 5 else { return nil }
    switch unsafe String(decoding: text.map { $0 >= 65 && $0 <= 90 ? $0 | 0x20 : $0 }, as: UTF8.self) {
    case "true", "1": return true
    case "false", "0": return false
    default: return nil
    }
  }

  /// Whether a cell spells a number as JSON does, or is text.
  ///
  /// Digits with a zero in front are text.
  static func kind(_ text: UnsafeRawBufferPointer) -> CSVNotes.Column {
    let number = unsafe DecimalFloat.scanFloat(text, grammar: .json)
    guard number.length > 0, number.length == text.count else { return .sawText }
    let isFloat = unsafe text.contains { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }
    return isFloat ? .sawFloat : .sawInteger
  }
}

extension CSVPlan {
  /// What the notes say of text columns that hold numbers only.
  func numericWarning(_ columns: [CSVNotes.Column]) -> FormatWarning? {
    var casts: [String] = []
    for (field, seen) in zip(fields, columns) where !seen.contains(.sawText) && seen != [] {
      casts.append("--cast \(field.name)=\(seen.contains(.sawFloat) ? "float" : "int")")
    }
    guard !casts.isEmpty else { return nil }
    return FormatWarning(
      .looksNumeric,
      message: "cells are kept as text; columns that hold numbers only can be read as such: "
        + casts.joined(separator: " "),
      count: UInt64(casts.count))
  }
}
