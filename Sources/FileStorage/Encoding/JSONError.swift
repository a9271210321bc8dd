/// Why a text is not the JSON that was wanted, and where.
package struct JSONError: Error, Equatable, Sendable {
  /// The stable name of each reason.
  package enum Code: String, Sendable, CaseIterable {
    /// Something stands where the grammar wants something else.
    case invalidSyntax = "json-syntax"
    /// The text ends too early.
    case unexpectedEnd = "json-end"
    /// Something follows the value.
    case trailingData = "json-trailing"
    /// An object has the same key twice.
    case duplicateKey = "json-duplicate-key"
    /// Half of a surrogate pair without the other.
    case loneSurrogate = "json-surrogate"
    /// A backslash with something that is no escape.
    case invalidEscape = "json-escape"
    /// A control character that is not escaped.
    case controlCharacter = "json-control"
    /// Bytes that are no UTF-8.
    case invalidUTF8 = "json-utf8"
    /// Too many arrays and objects inside each other.
    case depthExceeded = "json-depth"
    /// `NaN`, `Infinity` or `-Infinity`, which JSON does not have.
    case nanOrInfinity = "json-nan"
    /// Another kind of value than was wanted.
    case wrongType = "json-type"
  }

  /// Where the trouble begins, in bytes from the start of the text.
  package var offset: Int
  /// The stable name of the reason.
  package var code: Code
  /// What was wanted, as a noun phrase.
  package var expected: String
  /// What was found, as a noun phrase; text is shortened.
  package var found: String

  /// Makes an error from its parts.
  package init(_ code: Code, at offset: Int, expected: String, found: String) {
    self.code = code
    self.offset = offset
    self.expected = expected
    self.found = found
  }
}

extension JSONError: CustomStringConvertible {
  /// One sentence: `byte 17: expected ',' or '}', found "x"`.
  package var description: String { "byte \(offset): expected \(expected), found \(found)" }
}
