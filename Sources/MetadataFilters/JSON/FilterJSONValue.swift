import FileStorage

/// A value of a filter's JSON form, with its place in the text.
struct FilterJSONValue {
  /// What it is.
  indirect enum Kind {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    case array([FilterJSONValue])
    case object([Member])
  }

  /// A member of an object.
  struct Member {
    let key: String
    /// The bytes of the key, with its quotes.
    let range: Range<Int>
    let value: FilterJSONValue
  }

  /// Arrays and objects inside each other; each level of a filter takes up to two, and values some more.
  private static let maximumDepth = 4 * FilterLimits.depth + 16

  /// What it is.
  let kind: Kind
  /// Its bytes in the text.
  let range: Range<Int>

  /// Reads a text that is one value.
  ///
  /// - Throws: `FilterError` for anything that is no JSON, for a key twice in an object, for too many levels.
  static func parse(_ text: String) throws(FilterError) -> FilterJSONValue {
    let bytes = Array(text.utf8)
    guard bytes.count <= FilterLimits.textBytes else {
      throw FilterError(
        .limit, at: .nowhere, expected: "a filter of at most \(FilterLimits.textBytes) bytes",
        found: "\(bytes.count) bytes", hint: "put long lists into a file and write {\"file\": \"ids.txt\"}")
    }
    let result: Result<FilterJSONValue, JSONError> = unsafe bytes.withUnsafeBytes { buffer in
      var scanner = unsafe JSONScanner(buffer)
      do throws(JSONError) {
        let value = try read(&scanner, depth: 0)
        try scanner.expectEnd()
        return .success(value)
      } catch { return .failure(error) }
    }
    switch result {
    case .success(let value): return value
    case .failure(let error):
      let at = min(error.offset, bytes.count)
      throw FilterError(
        error.code == .depthExceeded ? .limit : .syntax, at: .text(at..<min(at + 1, bytes.count)),
        expected: error.expected, found: error.found)
    }
  }

  private static func read(_ scanner: inout JSONScanner, depth: Int) throws(JSONError) -> FilterJSONValue {
    let kind = try scanner.peekKind()
    let start = scanner.position
    guard depth < maximumDepth else {
      throw JSONError(
        .depthExceeded, at: start, expected: "at most \(maximumDepth) levels of arrays and objects",
        found: "one more")
    }
    let value: Kind
    switch kind {
    case .null:
      try scanner.readNull()
      value = .null
    case .bool: value = .bool(try scanner.readBool())
    case .string: value = .string(scanner.string(try scanner.readString()))
    case .number:
      switch try scanner.readNumber() {
      case .int(let int): value = .int(int)
      case .double(let double): value = .double(double)
      case .outside:
        scanner.position = start
        let double = try scanner.readDouble()
        guard double.isFinite, double != 0 else {
          throw JSONError(
            .wrongType, at: start, expected: "a number within the range of a double",
            found: scanner.excerpt(from: start))
        }
        value = .double(double)
      }
    case .array:
      try scanner.beginArray()
      var elements: [FilterJSONValue] = []
      var isFirst = true
      while try scanner.nextElement(&isFirst) { elements.append(try read(&scanner, depth: depth + 1)) }
      value = .array(elements)
    case .object:
      try scanner.beginObject()
      var members: [Member] = []
      var keys: Set<[UInt8]> = []
      var isFirst = true
      while let text = try scanner.nextKey(&isFirst) {
        let key = scanner.string(text)
        guard keys.insert(Array(key.utf8)).inserted else {
          throw JSONError(
            .duplicateKey, at: text.start - 1, expected: "each key once in an object",
            found: "\"\(key)\" again")
        }
        members.append(
          Member(key: key, range: text.start - 1..<text.end + 1, value: try read(&scanner, depth: depth + 1)))
      }
      value = .object(members)
    }
    return FilterJSONValue(kind: value, range: start..<scanner.position)
  }

  // MARK: Asking

  /// The members of an object; nil for other kinds.
  var members: [Member]? { if case .object(let members) = kind { members } else { nil } }

  /// The elements of an array; nil for other kinds.
  var elements: [FilterJSONValue]? { if case .array(let elements) = kind { elements } else { nil } }

  /// The text of a string; nil for other kinds.
  var text: String? { if case .string(let text) = kind { text } else { nil } }

  /// A number as a double; nil for other kinds.
  var number: Double? {
    switch kind {
    case .int(let int): Double(int)
    case .double(let double): double
    case .null, .bool, .string, .array, .object: nil
    }
  }

  /// The value of a member of an object; nil when there is none.
  subscript(key: String) -> FilterJSONValue? { members?.first { $0.key == key }?.value }

  /// A scalar as a literal; nil for arrays and objects.
  var literal: FilterValue? {
    switch kind {
    case .null: .null
    case .bool(let bool): .bool(bool)
    case .int(let int): .int(int)
    case .double(let double): .double(double)
    case .string(let text): .string(Array(text.utf8))
    case .array, .object: nil
    }
  }

  /// What it is, for messages.
  var name: String {
    switch kind {
    case .null: "null"
    case .bool(let bool): bool ? "true" : "false"
    case .int, .double: "a number"
    case .string(let text): "\"\(text.prefix(32))\""
    case .array: "an array"
    case .object(let members): members.isEmpty ? "{}" : "an object with \"\(members[0].key.prefix(32))\""
    }
  }

  // MARK: Errors

  /// The error that something else was wanted here.
  func unexpected(
    _ expected: String, hint: String? = nil, code: FilterError.Code = .syntax
  ) -> FilterError {
    FilterError(code, at: .text(range), expected: expected, found: name, hint: hint)
  }

  /// An error that other code made, at this place.
  func placed(_ error: FilterError) -> FilterError {
    var error = error
    error.place = .text(range)
    return error
  }

  /// The value of a member that must be there.
  func required(_ key: String) throws(FilterError) -> FilterJSONValue {
    guard let value = self[key] else { throw unexpected("an object with \"\(key)\"") }
    return value
  }

  /// Fails unless every key of the object is among those.
  func check(_ keys: [String]) throws(FilterError) {
    for member in members ?? [] where !keys.contains(member.key) {
      throw FilterError(
        .syntax, at: .text(member.range),
        expected: "only " + keys.map { "\"\($0)\"" }.joined(separator: ", ") + " here",
        found: "\"\(member.key)\"", misspelt: FilterError.Misspelt(member.key, candidates: keys))
    }
  }
}
