import FileStorage
import MetadataFilters

/// Turns the text of one JSON record into a row: identifier, vector and canonical metadata.
///
/// One pass over the text, straight into the flat arrays of a batch. Storage is kept from record to record.
///
/// Inside, a failure that is more than a fault of the JSON text is kept in `failure`, and any `JSONError` is thrown in its
/// place (see `stop`).
struct RecordParser: Sendable {
  let shape: RecordShape
  var encoder = CanonicalEncoder()

  // What is known of the record so far.
  var seen: RecordShape.Roles = []
  var failure: RecordFailure?
  /// The first metadata field of the record itself.
  var stray: JSONText?
  /// The object that holds the metadata.
  var payloadName: String?
  var payloadBytes: [UInt8] = []
  /// An `embedding` that may turn out to be metadata: its key, and where its value begins.
  var embedding: (key: JSONText, start: Int)?
  /// Why `embedding` is no vector, for when nothing else is.
  var embeddingFailure: RecordFailure?

  // Storage that is used again.
  var unescaped: [UInt8] = []
  var wideVector: [Float] = []

  init(_ shape: RecordShape) { self.shape = shape }

  /// Reads the record that `text` holds and ends a row, or leaves `rows` as they were when it throws.
  ///
  /// Identifiers that are the record's number are left empty. NaN and infinity are reported with `notFinite`; the caller
  /// decides whether that is an error.
  mutating func parse(
    _ text: UnsafeRawBufferPointer, position: SourcePosition, into rows: inout RecordRows
  ) throws(RecordFailure) {
    seen = []
    failure = nil
    stray = nil
    payloadName = nil
    payloadBytes.removeAll(keepingCapacity: true)
    embedding = nil
    embeddingFailure = nil
    encoder.reset()
    encoder.warnings = CanonicalWarnings()
    var scanner = unsafe JSONScanner(text)
    // Taken out for the time being, so that rows and metadata can be written side by side.
    var metadata: [UInt8] = []
    swap(&metadata, &rows.batch.metadataBytes)
    var found: RecordFailure?
    do throws(JSONError) {
      try record(&scanner, &metadata, &rows)
    } catch { found = failure ?? RecordFailure(error) }
    swap(&metadata, &rows.batch.metadataBytes)
    if let found {
      rows.dropOpenRow()
      throw found
    }
    for var warning in encoder.warnings.formatWarnings {
      warning.line = position.line
      rows.warnings.note(warning)
    }
    if shape.idSource != .field { generateID(&rows.batch) }
    rows.batch.endRow(hasVector: !seen.isDisjoint(with: [.vector, .embedding]), position: position)
  }

  /// Keeps a failure and returns the error to throw for it.
  mutating func stop(_ failure: RecordFailure) -> JSONError {
    self.failure = failure
    return JSONError(.wrongType, at: failure.offset, expected: "", found: "")
  }

  private mutating func record(
    _ scanner: inout JSONScanner, _ metadata: inout [UInt8], _ rows: inout RecordRows
  ) throws(JSONError) {
    guard try scanner.peekKind() == .object else {
      throw stop(
        RecordFailure(
          .recordNotObject, at: scanner.position, expected: "a record: a JSON object with id and vector",
          found: scanner.excerpt(from: scanner.position)))
    }
    let start = metadata.count
    _ = try object(&scanner, shape.roles, step: 0, level: 0, isRoot: true, &metadata, &rows)
    guard scanner.isAtEnd() else {
      throw stop(
        RecordFailure(
          .jsonTrailing, at: scanner.position, expected: "the end of the record",
          found: scanner.excerpt(from: scanner.position), hint: "one record stands on one line"))
    }
    if let payloadName {
      if let stray {
        let name = scanner.string(stray)
        throw stop(
          RecordFailure(
            .strayField, at: stray.start - 1, column: name,
            expected: "no metadata beside the object \"\(payloadName)\"", found: "field \"\(name)\"",
            hint: "put it into \"\(payloadName)\", or name another object with --payload-field"))
      }
      metadata.removeSubrange(start...)
      metadata.append(contentsOf: payloadBytes)
    }
    // No metadata and an empty object are the same.
    if metadata.count == start + 2 { metadata.removeSubrange(start...) }
    if seen.isDisjoint(with: [.vector, .embedding]) { try withoutVector(&rows) }
    guard seen.contains(.id) || shape.idSource != .field else {
      throw stop(
        RecordFailure(
          .idMissing, at: 0, column: shape.idName, expected: "an id in every record",
          found: "a record without one",
          hint: "--id-field PATH names another field, --id-from row numbers the records"))
    }
  }

  /// Takes an object, captures the fields that have a use and writes the others to `output`.
  ///
  /// `active`: Fields whose path led here; `step` is their next step.
  /// `level`: How many objects and arrays of the metadata lie around this one.
  /// `isRoot`: Whether this is the record or its payload, whose names the options choose from.
  /// - Returns: Whether nothing is left of an object from which something was captured.
  mutating func object(
    _ scanner: inout JSONScanner, _ active: RecordShape.Roles, step: Int, level: Int, isRoot: Bool,
    _ output: inout [UInt8], _ rows: inout RecordRows
  ) throws(JSONError) -> Bool {
    let isRecord = step == 0
    try scanner.beginObject()
    var object = encoder.beginObject(to: &output)
    var isFirst = true
    var hasCaptured = false
    while let key = try scanner.nextKey(&isFirst) {
      var deeper: RecordShape.Roles = []
      var captured: RecordShape.Roles = []
      if !active.isEmpty {
        for field in shape.fields where active.contains(field.role) {
          guard case .key(let name) = field.path.steps[step], scanner.matches(key, name) else { continue }
          if field.path.steps.count == step + 1 {
            captured.formUnion(field.role)
          } else {
            deeper.formUnion(field.role)
          }
        }
      }
      if !captured.isEmpty {
        if captured == .vector, isRecord, embedding != nil {
          try demoteEmbedding(scanner, &object, &output, &rows)
        }
        if try capture(captured, key, deeper, step: step, &scanner, &rows) {
          hasCaptured = true
          continue
        }
        deeper = []
      }
      if isRoot, deeper.isEmpty, !shape.keeps(key, scanner) {
        try scanner.skipValue(depth: level + 1)
        continue
      }
      let hadStray = stray != nil
      if isRecord, !hadStray { stray = key }
      try encoder.beginMember(key, scanner, of: &object, to: &output)
      if deeper.isEmpty {
        try encoder.value(&scanner, to: &output, depth: level + 1)
      } else if try container(&scanner, deeper, step: step + 1, level: level + 1, &output, &rows) {
        encoder.cancelMember(in: &output)
        if isRecord, !hadStray { stray = nil }
        hasCaptured = true
        continue
      }
      encoder.endMember(output)
    }
    let isEmpty = encoder.isEmpty(object)
    try encoder.endObject(object, to: &output)
    return isEmpty && hasCaptured
  }

  /// Takes a value through which paths lead; the result is that of `object`.
  private mutating func container(
    _ scanner: inout JSONScanner, _ active: RecordShape.Roles, step: Int, level: Int, _ output: inout [UInt8],
    _ rows: inout RecordRows
  ) throws(JSONError) -> Bool {
    switch try scanner.peekKind() {
    case .object:
      return try object(&scanner, active, step: step, level: level, isRoot: false, &output, &rows)
    case .array: return try array(&scanner, active, step: step, level: level, &output, &rows)
    case .string, .number, .bool, .null:
      try encoder.value(&scanner, to: &output, depth: level)
      return false
    }
  }

  /// Takes an array in the manner of `object`.
  private mutating func array(
    _ scanner: inout JSONScanner, _ active: RecordShape.Roles, step: Int, level: Int, _ output: inout [UInt8],
    _ rows: inout RecordRows
  ) throws(JSONError) -> Bool {
    try scanner.beginArray()
    output.append(UInt8(ascii: "["))
    let start = output.count
    var isFirst = true
    var hasCaptured = false
    var index = 0
    while try scanner.nextElement(&isFirst) {
      var deeper: RecordShape.Roles = []
      var captured: RecordShape.Roles = []
      for field in shape.fields where active.contains(field.role) && field.path.steps[step] == .index(index) {
        if field.path.steps.count == step + 1 {
          captured.formUnion(field.role)
        } else {
          deeper.formUnion(field.role)
        }
      }
      index += 1
      if !captured.isEmpty {
        let key = JSONText(from: scanner.position, to: scanner.position)
        if try capture(captured, key, deeper, step: step, &scanner, &rows) {
          hasCaptured = true
          continue
        }
      }
      let end = output.count
      if end > start { output.append(UInt8(ascii: ",")) }
      if deeper.isEmpty {
        try encoder.value(&scanner, to: &output, depth: level + 1)
      } else if try container(&scanner, deeper, step: step + 1, level: level + 1, &output, &rows) {
        output.removeSubrange(end...)
        hasCaptured = true
      }
    }
    let isEmpty = output.count == start
    output.append(UInt8(ascii: "]"))
    return isEmpty && hasCaptured
  }
}
