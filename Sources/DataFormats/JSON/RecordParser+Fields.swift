import FileStorage
import MetadataFilters

extension RecordParser {
  /// Takes the value of a field that has a use; false, with nothing taken, when it is metadata after all.
  mutating func capture(
    _ roles: RecordShape.Roles, _ key: JSONText, _ deeper: RecordShape.Roles, step: Int,
    _ scanner: inout JSONScanner, _ rows: inout RecordRows
  ) throws(JSONError) -> Bool {
    guard seen.isDisjoint(with: roles), !(roles == .embedding && embedding != nil) else {
      throw JSONError(
        .duplicateKey, at: key.start - 1, expected: "each key once in an object",
        found: "\"\(scanner.string(key))\" again")
    }
    if roles == .id {
      seen.insert(.id)
      try takeID(&scanner, &rows.batch)
    } else if roles == .vector {
      seen.insert(.vector)
      if try !takeVector(&scanner, &rows) { seen.remove(.vector) }
    } else if roles == .embedding {
      guard !seen.contains(.vector) else { return false }
      try takeEmbedding(key, &scanner, &rows)
    } else {
      try takePayload(roles, key, deeper, step: step, &scanner, &rows)
    }
    return true
  }

  /// Takes the identifier.
  private mutating func takeID(_ scanner: inout JSONScanner, _ batch: inout RecordBatch) throws(JSONError) {
    let kind = try scanner.peekKind()
    let start = scanner.position
    unescaped.removeAll(keepingCapacity: true)
    if shape.idType == .string { unescaped.append(contentsOf: shape.idPrefix) }
    switch kind {
    case .string: scanner.appendUnescaped(try scanner.readString(), to: &unescaped)
    case .number:
      let number = try scanner.readNumber()
      let token = JSONText(from: start, to: scanner.position)
      let isFloat = unsafe RecordID.isFloatSpelling(scanner.raw(token))
      if isFloat {
        throw stop(
          RecordFailure(
            IDError(.float, expected: "an integer or a text as id", found: scanner.string(token)), at: start,
            column: shape.idName))
      }
      if number == .int(0) {
        unescaped.append(UInt8(ascii: "0"))
      } else {
        scanner.appendRaw(token, to: &unescaped)
      }
    case .null:
      throw stop(
        RecordFailure(
          .idMissing, at: start, column: shape.idName, expected: "an id in every record", found: "null",
          hint: "--id-field PATH names another field, --id-from row numbers the records"))
    case .object, .array, .bool:
      throw stop(
        RecordFailure(
          .idType, at: start, column: shape.idName, expected: "a text or an integer as id",
          found: scanner.excerpt(from: start)))
    }
    do throws(IDError) {
      try RecordID.append(text: unescaped, type: shape.idType, to: &batch.idBytes)
    } catch { throw stop(RecordFailure(error, at: start, column: shape.idName)) }
  }

  /// Makes the identifier that the options ask for, unless it is the record's number, which is not known here.
  mutating func generateID(_ batch: inout RecordBatch) {
    guard shape.idSource != .row else { return }
    let row = batch.count
    var bytes: [UInt8] = []
    swap(&bytes, &batch.idBytes)
    unsafe batch.vectors.withUnsafeBytes { vectors in
      unsafe batch.metadataBytes.withUnsafeBytes { metadata in
        let start = row * batch.dimension * MemoryLayout<Float>.stride
        unsafe GeneratedID.append(
          shape.idSource, type: shape.idType, prefix: shape.idPrefix, row: 0,
          vector: UnsafeRawBufferPointer(rebasing: vectors[start...]),
          metadata: UnsafeRawBufferPointer(rebasing: metadata[batch.metadataOffsets[row]...]), to: &bytes)
      }
    }
    swap(&bytes, &batch.idBytes)
  }

  /// Takes the payload: an object, or null for none.
  private mutating func takePayload(
    _ roles: RecordShape.Roles, _ key: JSONText, _ deeper: RecordShape.Roles, step: Int,
    _ scanner: inout JSONScanner, _ rows: inout RecordRows
  ) throws(JSONError) {
    let name = key.end > key.start ? scanner.string(key) : "payload"
    if let other = payloadName {
      throw stop(
        RecordFailure(
          .strayField, at: key.start - 1, column: name,
          expected: "no metadata beside the object \"\(other)\"",
          found: "field \"\(name)\"", hint: "name the object that holds the metadata with --payload-field"))
    }
    seen.formUnion(roles)
    payloadName = name
    switch try scanner.peekKind() {
    case .null: try scanner.readNull()
    case .object:
      var bytes: [UInt8] = []
      swap(&bytes, &payloadBytes)
      _ = try object(&scanner, deeper, step: step + 1, level: 0, isRoot: true, &bytes, &rows)
      swap(&bytes, &payloadBytes)
    case .array, .string, .number, .bool:
      throw stop(
        RecordFailure(
          .payloadNotObject, at: scanner.position, column: name, expected: "an object with the metadata",
          found: scanner.excerpt(from: scanner.position),
          hint:
            "--payload-field NAME names another field; with a name that no record has, every field is metadata"
        ))
    }
  }

  /// Takes `embedding` as the vector, for as long as no `vector` shows up.
  private mutating func takeEmbedding(
    _ key: JSONText, _ scanner: inout JSONScanner, _ rows: inout RecordRows
  ) throws(JSONError) {
    _ = try scanner.peekKind()
    let start = scanner.position
    embedding = (key, start)
    let floats = rows.batch.vectors.count
    do throws(JSONError) {
      if try takeVector(&scanner, &rows) { seen.insert(.embedding) }
    } catch {
      let found = failure ?? RecordFailure(error, column: "embedding")
      if found.code == .notFinite { throw error }
      failure = nil
      embeddingFailure = found
      rows.batch.vectors.removeSubrange(floats...)
      scanner.position = start
      try scanner.skipValue(depth: 1)
    }
  }

  /// Writes an `embedding` that was taken before `vector` came as metadata.
  mutating func demoteEmbedding(
    _ scanner: JSONScanner, _ object: inout CanonicalEncoder.OpenObject, _ output: inout [UInt8],
    _ rows: inout RecordRows
  ) throws(JSONError) {
    guard let embedding else { return }
    if seen.contains(.embedding) {
      seen.remove(.embedding)
      rows.batch.vectors.removeSubrange((rows.batch.count * rows.batch.dimension)...)
      if rows.batch.isEmpty { rows.forgetDimension() }
    }
    embeddingFailure = nil
    guard shape.keeps(embedding.key, scanner) else { return }
    if stray == nil { stray = embedding.key }
    var earlier = scanner
    earlier.position = embedding.start
    try encoder.beginMember(embedding.key, earlier, of: &object, to: &output)
    try encoder.value(&earlier, to: &output, depth: 1)
    encoder.endMember(output)
  }
}

extension RecordFailure {
  /// Places a fault of an identifier.
  init(_ error: IDError, at offset: Int, column: String) {
    let code: FormatErrorCode =
      switch error.code {
      case .empty: .idEmpty
      case .tooLong: .idTooLong
      case .nul: .idNul
      case .invalidUTF8: .idUTF8
      case .float: .idFloat
      case .range: .idRange
      case .notInteger: .idInteger
      case .notUUID: .idUUID
      }
    self.init(
      code, at: offset, column: column, expected: error.expected, found: error.found, hint: error.hint)
  }
}
