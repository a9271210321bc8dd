/// Reads a whole JSON text into a value.
package enum JSONParser {
  /// Reads one value that fills `bytes`, white space around it aside.
  ///
  /// Numbers outside int64 and double become strings of their digits, as in canonical JSON.
  /// - Throws: `JSONError` for anything that is not RFC 8259, for duplicate keys, lone surrogates, bytes that are no UTF-8
  ///   and more than 64 levels.
  package static func parse(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> JSONValue {
    var scanner = unsafe JSONScanner(bytes)
    let value = try value(&scanner, depth: 0)
    try scanner.expectEnd()
    return value
  }

  /// Reads one value that fills `bytes`, white space around it aside.
  package static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
    let result: Result<JSONValue, JSONError> = unsafe bytes.withUnsafeBytes { buffer in
      do throws(JSONError) { return .success(unsafe try parse(buffer)) } catch { return .failure(error) }
    }
    return try result.get()
  }

  /// Reads one value that fills `text`, white space around it aside.
  package static func parse(_ text: String) throws(JSONError) -> JSONValue {
    try parse(Array(text.utf8))
  }

  /// Reads the scanner's next value, which lies in `depth` arrays and objects.
  package static func value(_ scanner: inout JSONScanner, depth: Int) throws(JSONError) -> JSONValue {
    switch try scanner.peekKind() {
    case .null:
      try scanner.readNull()
      return .null
    case .bool: return .bool(try scanner.readBool())
    case .string: return .string(scanner.string(try scanner.readString()))
    case .number:
      let start = scanner.position
      switch try scanner.readNumber() {
      case .int(let value): return .int(value)
      case .double(let value): return .double(value)
      case .outside:
        return .string(scanner.string(JSONText(start: start, end: scanner.position, hasEscapes: false)))
      }
    case .array:
      try scanner.checkDepth(depth)
      try scanner.beginArray()
      var elements: [JSONValue] = []
      var isFirst = true
      while try scanner.nextElement(&isFirst) { elements.append(try value(&scanner, depth: depth + 1)) }
      return .array(elements)
    case .object:
      try scanner.checkDepth(depth)
      try scanner.beginObject()
      var object = JSONObject()
      var keys: Set<[UInt8]> = []
      var isFirst = true
      while let text = try scanner.nextKey(&isFirst) {
        let key = scanner.string(text)
        // Compared as bytes: Swift strings that differ only in normalization are equal.
        guard keys.insert(Array(key.utf8)).inserted else {
          throw JSONError(
            .duplicateKey, at: text.start - 1, expected: "each key once in an object",
            found: "\"\(key)\" again")
        }
        object.members.append(JSONObject.Member(key: key, value: try value(&scanner, depth: depth + 1)))
      }
      return .object(object)
    }
  }
}
