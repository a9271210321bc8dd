/// The kind of a JSON value, known from its first byte.
package enum JSONKind: Sendable {
  case object, array, string, number, bool, null
}

/// Reads JSON (RFC 8259) from left to right without allocating, and checks all of it on the way.
///
/// The caller asks what comes (`peekKind`) and takes it; what is not wanted is skipped and checked just the same.
/// Strings come as ranges of the text. Nothing in the text can trap. After an error the scanner is of no more use.
///
/// The bytes must stay valid while the scanner is used; that is the caller's duty.
@safe
package struct JSONScanner {
  /// How deep arrays and objects may lie in each other.
  package static let maximumDepth = 64

  let base: UnsafePointer<UInt8>
  /// Bytes in the text.
  package let count: Int
  /// The next byte to read.
  package var position: Int

  /// Makes a scanner that begins at the first byte.
  package init(_ bytes: UnsafeRawBufferPointer) {
    unsafe base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? JSONScanner.nothing
    count = bytes.count
    position = 0
  }

  /// A readable address for empty texts; never freed, never written after this.
  private nonisolated(unsafe) static let nothing: UnsafePointer<UInt8> = {
    let byte = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)
    unsafe byte.initialize(to: 0)
    return unsafe UnsafePointer(byte)
  }()

  /// Skips white space and returns the next byte without taking it; 0 at the end.
  @inline(__always)
  mutating func peek() -> UInt8 {
    while position < count {
      let byte = unsafe base[position]
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
      position &+= 1
    }
    return 0
  }

  /// Skips white space and tells whether nothing is left.
  package mutating func isAtEnd() -> Bool {
    _ = peek()
    return position >= count
  }

  /// Fails unless nothing but white space is left.
  package mutating func expectEnd() throws(JSONError) {
    guard isAtEnd() else { throw unexpected("the end of the text", .trailingData) }
  }

  /// The kind of the next value, without taking it.
  package mutating func peekKind() throws(JSONError) -> JSONKind {
    switch peek() {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
    case UInt8(ascii: "n"):
      if isSpecialNumber() { throw unexpected("a JSON value", .nanOrInfinity) }
      return .null
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
    default: throw unexpectedValue("a JSON value")
    }
  }

  /// Takes `{`.
  package mutating func beginObject() throws(JSONError) {
    guard peek() == UInt8(ascii: "{") else { throw unexpectedValue("an object") }
    position &+= 1
  }

  /// Takes the next key and its colon, or the end of the object, which gives nil.
  ///
  /// `isFirst` starts as true for each object and is kept by this function. The value must be taken before the next key.
  package mutating func nextKey(_ isFirst: inout Bool) throws(JSONError) -> JSONText? {
    var byte = peek()
    if byte == UInt8(ascii: "}") {
      position &+= 1
      return nil
    }
    if !isFirst {
      guard byte == UInt8(ascii: ",") else { throw unexpected("',' or '}'") }
      position &+= 1
      byte = peek()
    }
    isFirst = false
    guard byte == UInt8(ascii: "\"") else { throw unexpected("a key in double quotes") }
    let key = try readString()
    guard peek() == UInt8(ascii: ":") else { throw unexpected("':'") }
    position &+= 1
    return key
  }

  /// Takes `[`.
  package mutating func beginArray() throws(JSONError) {
    guard peek() == UInt8(ascii: "[") else { throw unexpectedValue("an array") }
    position &+= 1
  }

  /// Goes to the next element, or takes the end of the array, which gives false.
  ///
  /// `isFirst` starts as true for each array and is kept by this function.
  package mutating func nextElement(_ isFirst: inout Bool) throws(JSONError) -> Bool {
    let byte = peek()
    if isFirst {
      isFirst = false
      guard byte == UInt8(ascii: "]") else { return true }
      position &+= 1
      return false
    }
    if byte == UInt8(ascii: "]") {
      position &+= 1
      return false
    }
    guard byte == UInt8(ascii: ",") else { throw unexpected("',' or ']'") }
    position &+= 1
    if peek() == UInt8(ascii: "]") { throw unexpected("a JSON value") }
    return true
  }

  /// Takes `true` or `false`.
  package mutating func readBool() throws(JSONError) -> Bool {
    if peek() == UInt8(ascii: "t") {
      try take("true")
      return true
    }
    guard peek() == UInt8(ascii: "f") else { throw unexpectedValue("true or false") }
    try take("false")
    return false
  }

  /// Takes `null`.
  package mutating func readNull() throws(JSONError) {
    guard peek() == UInt8(ascii: "n"), !isSpecialNumber() else { throw unexpectedValue("null") }
    try take("null")
  }

  /// Takes and checks any value; `depth` counts the arrays and objects around it.
  ///
  /// Keys are not compared: duplicates are found by those that keep the value.
  package mutating func skipValue(depth: Int = 0) throws(JSONError) {
    switch try peekKind() {
    case .string: _ = try readString()
    case .number: _ = try scanNumber()
    case .bool: _ = try readBool()
    case .null: try readNull()
    case .array:
      try checkDepth(depth)
      position &+= 1
      var isFirst = true
      while try nextElement(&isFirst) { try skipValue(depth: depth + 1) }
    case .object:
      try checkDepth(depth)
      position &+= 1
      var isFirst = true
      while try nextKey(&isFirst) != nil { try skipValue(depth: depth + 1) }
    }
  }

  /// Fails when an array or object that lies in `depth` others would be too deep.
  func checkDepth(_ depth: Int) throws(JSONError) {
    guard depth < JSONScanner.maximumDepth else {
      throw JSONError(
        .depthExceeded, at: position,
        expected: "at most \(JSONScanner.maximumDepth) levels of arrays and objects",
        found: "one more")
    }
  }

  private mutating func take(_ word: StaticString) throws(JSONError) {
    let length = word.utf8CodeUnitCount
    let start = position
    guard count - start >= length else { throw unexpected(word.description) }
    for index in 0..<length {
      guard unsafe base[start + index] == word.utf8Start[index] else { throw unexpected(word.description) }
    }
    position = start + length
  }
}

extension JSONScanner {
  /// An error at the next byte, for a place where a value must begin: names NaN and infinity when they stand there.
  func unexpectedValue(_ expected: String) -> JSONError {
    unexpected(expected, isSpecialNumber() ? .nanOrInfinity : .invalidSyntax)
  }

  /// An error at the next byte.
  func unexpected(_ expected: String, _ code: JSONError.Code = .invalidSyntax) -> JSONError {
    guard position < count else {
      return JSONError(.unexpectedEnd, at: count, expected: expected, found: "the end of the text")
    }
    return JSONError(code, at: position, expected: expected, found: excerpt(from: position))
  }

  /// The text at `start` up to a delimiter, shortened and in quotes, for messages.
  package func excerpt(from start: Int, limit: Int = 24) -> String {
    var end = start
    let last = Swift.min(count, start + limit)
    while end < last {
      let byte = unsafe base[end]
      let isDelimiter =
        byte <= 0x20 || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}")
      if isDelimiter, end > start { break }
      end += 1
      if isDelimiter { break }
    }
    let bytes = unsafe UnsafeBufferPointer(start: base + start, count: end - start)
    var text = ""
    for scalar in unsafe String(decoding: bytes, as: UTF8.self).unicodeScalars {
      if scalar.value < 0x20 || (scalar.value >= 0x7F && scalar.value < 0xA0) {
        text += "\\u{" + String(scalar.value, radix: 16) + "}"
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
    return "'\(text)\(end == last && last < count && end - start == limit ? "…" : "")'"
  }

  /// Whether the next bytes spell NaN or infinity as other programs print them.
  func isSpecialNumber() -> Bool {
    for word: StaticString in [
      "NaN", "Infinity", "-Infinity", "-NaN", "nan", "inf", "-inf", "-nan", "Inf", "-Inf",
    ] {
      let length = word.utf8CodeUnitCount
      guard count - position >= length else { continue }
      var isEqual = true
      for index in 0..<length where unsafe base[position + index] != word.utf8Start[index] { isEqual = false }
      guard isEqual else { continue }
      guard position + length < count else { return true }
      let next = unsafe base[position + length]
      if !(next >= 97 && next <= 122) && !(next >= 65 && next <= 90) { return true }
    }
    return false
  }
}
