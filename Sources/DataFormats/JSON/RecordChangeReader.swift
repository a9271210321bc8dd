package import FileStorage
package import MetadataFilters
package import VectorMath

/// One line of a file of changes: `{"id":"a","set":{"lang":"de"},"unset":["old"],"vector":[1,0],"replace":true}`.
package struct RecordChangeLine: Sendable {
  package var id: RecordID
  /// Members to set in the metadata.
  package var set: JSONObject?
  /// Paths to remove.
  package var unset: [FieldPath] = []
  /// Whether all other metadata goes.
  package var replaces = false
  /// The new vector, each number the nearest float.
  package var vector: [Float]?
  package var position: SourcePosition
}

/// Reads changes of records, one JSON object a line; blank lines are passed over.
package struct RecordChangeReader {
  private var lines: LineReader
  private let type: IDType
  private let elementType: ElementType
  private let dimension: Int
  private let name: String
  private var record: UInt64 = 0

  /// Begins to read `source`, whose vectors are for a collection of `dimension` numbers of `elementType`.
  package init(
    _ source: any ByteSource, type: IDType, elementType: ElementType, dimension: Int
  ) throws(FormatError) {
    self.type = type
    self.elementType = elementType
    self.dimension = dimension
    name = source.name
    lines = LineReader(try TextOpening.open(source, nil), maximumLength: ReadOptions().maximumRecordBytes)
  }

  /// The next change; nil at the end.
  package mutating func next() throws(FormatError) -> RecordChangeLine? {
    while true {
      let (elementType, dimension) = (elementType, dimension)
      let (type, name, line, offset, record) = (type, name, lines.lineNumber + 1, lines.offset, record + 1)
      let found: RecordChangeLine?? = try unsafe lines.next { (text) throws(FormatError) in
        if unsafe text.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { return nil }
        let parser = ChangeParser(
          type: type, elementType: elementType, dimension: dimension, name: name, line: line, record: record,
          offset: offset)
        return unsafe try parser.parse(text)
      }
      guard let found else { return nil }
      if let change = found {
        self.record = record
        return change
      }
    }
  }
}

/// Turns the text of one change into its parts.
private struct ChangeParser {
  let type: IDType
  let elementType: ElementType
  let dimension: Int
  let name: String
  let line: UInt64
  let record: UInt64
  let offset: UInt64

  func parse(_ text: UnsafeRawBufferPointer) throws(FormatError) -> RecordChangeLine {
    var members = JSONObject()
    var vector: [UInt8]?
    do throws(JSONError) {
      var scanner = unsafe JSONScanner(text)
      guard try scanner.peekKind() == .object else {
        throw JSONError(
          .wrongType, at: 0, expected: "a JSON object with an id and changes", found: scanner.excerpt(from: 0)
        )
      }
      try scanner.beginObject()
      var isFirst = true
      var keys: Set<String> = []
      while let range = try scanner.nextKey(&isFirst) {
        let key = scanner.string(range)
        guard keys.insert(key).inserted else {
          throw JSONError(
            .duplicateKey, at: range.start - 1, expected: "each key once in an object",
            found: "\"\(key)\" again")
        }
        if key == "vector", try scanner.peekKind() != .string {
          // Kept as text, so that each number becomes the nearest float and not that of the nearest double.
          let start = scanner.position
          try scanner.skipValue(depth: 1)
          vector = unsafe Array(text[start..<scanner.position])
        } else {
          members.members.append(JSONObject.Member(key: key, value: try JSONParser.value(&scanner, depth: 1)))
        }
      }
      try scanner.expectEnd()
    } catch {
      throw FormatError(error, file: name, line: line, record: record, base: offset)
    }
    return try change(members, vector: vector)
  }

  private func change(_ members: JSONObject, vector: [UInt8]?) throws(FormatError) -> RecordChangeLine {
    guard let id = members["id"] else {
      throw failure(.idMissing, "id", "an id", "none", hint: "each line names the record that it changes")
    }
    var change = RecordChangeLine(id: try recordID(id), position: SourcePosition(line: line, record: record))
    if let vector { change.vector = try floats(vector) }
    for member in members.members {
      switch (member.key, member.value) {
      case ("id", _): continue
      case ("set", .object(let object)): change.set = object
      case ("set", _): throw failure(.payloadNotObject, "set", "a JSON object", "another value")
      case ("unset", .array(let elements)):
        for element in elements {
          guard case .string(let text) = element, let path = FieldPath(text) else {
            throw failure(.jsonSyntax, "unset", "an array of field paths", "another value in it")
          }
          change.unset.append(path)
        }
      case ("unset", _): throw failure(.jsonSyntax, "unset", "an array of field paths", "another value")
      case ("replace", .bool(let flag)): change.replaces = flag
      case ("replace", _): throw failure(.jsonSyntax, "replace", "true or false", "another value")
      case ("vector", .string(let text)): change.vector = try floats(Array(text.utf8))
      default:
        throw failure(
          .strayField, member.key, "one of id, set, unset, replace and vector", "this member",
          hint: "members of the metadata stand in \"set\"")
      }
    }
    return change
  }

  private func recordID(_ value: JSONValue) throws(FormatError) -> RecordID {
    let text: String
    switch value {
    case .string(let string): text = string
    case .int(let number): text = "\(number)"
    case .double: throw failure(.idFloat, "id", "a \(type.name) id", "a number with a fraction or exponent")
    case .null, .bool, .array, .object:
      throw failure(.idType, "id", "a \(type.name) id", "another kind of value")
    }
    do throws(IDError) {
      return try RecordID.parse(text: text, type: type)
    } catch {
      throw FormatError(error, file: name, line: line, record: record, byteOffset: offset, column: "id")
    }
  }

  private func floats(_ text: [UInt8]) throws(FormatError) -> [Float] {
    do throws(FormatError) {
      return try VectorLiteral.parse(text, source: name, elementType: elementType, dimension: dimension)
    } catch {
      var placed = error
      placed.line = line
      placed.record = record
      placed.byteOffset = offset
      placed.column = error.column ?? "vector"
      throw placed
    }
  }

  private func failure(
    _ code: FormatErrorCode, _ column: String, _ expected: String, _ found: String, hint: String? = nil
  ) -> FormatError {
    FormatError(
      code, file: name, line: line, record: record, byteOffset: offset, column: column, expected: expected,
      found: found,
      hint: hint)
  }
}
