import FileStorage

extension FormatErrorCode {
  /// The name under which a fault of JSON text is reported for records.
  init(_ code: JSONError.Code) {
    self =
      switch code {
      case .invalidSyntax, .unexpectedEnd, .invalidEscape, .controlCharacter, .wrongType: .jsonSyntax
      case .trailingData: .jsonTrailing
      case .duplicateKey: .jsonDuplicateKey
      case .loneSurrogate: .jsonLoneSurrogate
      case .invalidUTF8: .invalidUTF8
      case .depthExceeded: .jsonDepth
      case .nanOrInfinity: .notFinite
      }
  }
}

extension JSONError {
  /// What a person can do about it; nil where the sentence says it all.
  var hint: String? {
    switch code {
    case .duplicateKey: "which of the two is meant cannot be known; write each key once"
    case .loneSurrogate: "the text was cut in the middle of a character; write it as UTF-8"
    case .invalidUTF8: "say --encoding latin1 or utf-16 when the file is not UTF-8"
    case .nanOrInfinity: "JSON has no NaN and no infinity; --nan skip leaves such rows out"
    case .depthExceeded: "flatten the metadata"
    case .invalidSyntax, .unexpectedEnd, .trailingData, .invalidEscape, .controlCharacter, .wrongType: nil
    }
  }
}

extension FormatError {
  /// Places a fault of JSON text that begins `base` bytes into a source.
  init(_ error: JSONError, file: String, line: UInt64?, record: UInt64?, base: UInt64) {
    self.init(
      FormatErrorCode(error.code), file: file, line: line, record: record,
      byteOffset: base &+ UInt64(max(0, error.offset)), expected: error.expected, found: error.found,
      hint: error.hint)
  }
}

extension CanonicalWarnings {
  /// The same as warnings of a reader.
  var formatWarnings: [FormatWarning] {
    guard numbersKeptAsText > 0 else { return [] }
    return [
      FormatWarning(
        .numberKeptAsText,
        message: "numbers beyond 64-bit integers and doubles are kept as text, digit for digit",
        count: UInt64(numbersKeptAsText))
    ]
  }
}
