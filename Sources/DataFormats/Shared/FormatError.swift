package import FileStorage

/// The stable name of everything that can be wrong with a source of records.
///
/// The raw value is what JSON output shows.
package enum FormatErrorCode: String, Sendable, CaseIterable {
  // The source as a whole.
  case readFailed = "read-failed"
  case writeFailed = "write-failed"
  case emptyFile = "empty-file"
  case isFolder = "is-folder"
  case gitLFSPointer = "git-lfs-pointer"
  case htmlPage = "html-page"
  case unknownFormat = "unknown-format"
  case formatConflict = "format-conflict"
  case unsupportedFormat = "unsupported-format"
  case sourceChanged = "source-changed"
  case truncatedFile = "truncated-file"
  case encoding = "encoding"
  case invalidUTF8 = "invalid-utf8"
  case lineTooLong = "line-too-long"
  case notRepresentable = "not-representable"
  case options = "options"

  // JSON.
  case jsonSyntax = "json-syntax"
  case jsonDuplicateKey = "json-duplicate-key"
  case jsonLoneSurrogate = "json-surrogate"
  case jsonDepth = "json-depth"
  case jsonTrailing = "json-trailing"
  case recordNotObject = "record-not-object"
  case strayField = "stray-field"
  case payloadNotObject = "payload-not-object"
  case fieldMissing = "field-missing"

  // Identifiers.
  case idMissing = "id-missing"
  case idType = "id-type"
  case idEmpty = "id-empty"
  case idTooLong = "id-too-long"
  case idNul = "id-nul"
  case idUTF8 = "id-utf8"
  case idFloat = "id-float"
  case idRange = "id-range"
  case idInteger = "id-integer"
  case idUUID = "id-uuid"
  case idDuplicate = "id-duplicate"

  // Vectors.
  case vectorMissing = "vector-missing"
  case vectorEmpty = "vector-empty"
  case vectorType = "vector-type"
  case vectorNumber = "vector-number"
  case vectorEncoding = "vector-encoding"
  case dimensionsMismatch = "dims-mismatch"
  case dimensionsLimit = "dims-limit"
  case notFinite = "not-finite"
  case floatOverflow = "float-overflow"
  case zeroVector = "zero-vector"
  case vectorFraction = "vector-fraction"
  case vectorRange = "vector-range"
  case numpyElided = "numpy-elided"

  // Delimited text.
  case csvRagged = "csv-ragged"
  case csvQuote = "csv-quote"
  case csvHeader = "csv-header"
  case csvDelimiter = "csv-delimiter"
  case csvLineEnding = "csv-line-ending"
  case columnMissing = "column-missing"
  case columnGap = "column-gap"
  case castFailed = "cast-failed"

  // Arrays in files.
  case npyHeader = "npy-header"
  case npyPickle = "npy-pickle"
  case npyType = "npy-type"
  case npyShape = "npy-shape"
  case vecsDimension = "vecs-dims"
  case vecsSize = "vecs-size"
  case countMismatch = "count-mismatch"
  case hdf5Structure = "hdf5-structure"
}

/// What is wrong with a source of records, where, and what to do about it.
package struct FormatError: Error, Equatable, Sendable {
  /// The stable name.
  package var code: FormatErrorCode
  /// The source as the user named it; `-` for the standard input.
  package var file: String
  /// From 1; nil where the source has no lines.
  package var line: UInt64?
  /// From 1; nil before the first record.
  package var record: UInt64?
  /// From 0, in the source.
  package var byteOffset: UInt64?
  /// The column or the dotted field, such as `payload.year` or `vector[17]`.
  package var column: String?
  /// What was wanted there, as a noun phrase.
  package var expected: String
  /// What stood there, as a noun phrase; text of the source is shortened.
  package var found: String
  /// What a person can do about it.
  package var hint: String?
  /// The failed call, for `read-failed` and `write-failed`.
  package var cause: FileError?

  /// Makes an error from its parts.
  package init(
    _ code: FormatErrorCode, file: String, line: UInt64? = nil, record: UInt64? = nil,
    byteOffset: UInt64? = nil,
    column: String? = nil, expected: String, found: String, hint: String? = nil, cause: FileError? = nil
  ) {
    self.code = code
    self.file = file
    self.line = line
    self.record = record
    self.byteOffset = byteOffset
    self.column = column
    self.expected = expected
    self.found = found
    self.hint = hint
    self.cause = cause
  }

  /// Wraps a failed read of a source.
  package init(reading file: String, _ cause: FileError) {
    self.init(
      .readFailed, file: file, expected: "a readable source", found: "error \(cause.code)", cause: cause)
  }

  /// Wraps a failed write to an output.
  package init(writing file: String, _ cause: FileError) {
    self.init(
      .writeFailed, file: file, expected: "a writable output", found: "error \(cause.code)", cause: cause)
  }
}

/// Something worth telling that stops nothing; repeats of one kind are counted, not listed.
package struct FormatWarning: Equatable, Sendable {
  /// The stable name of each kind.
  package enum Code: String, Sendable, CaseIterable {
    /// A number outside int64 and double was kept as a string of its digits.
    case numberKeptAsText = "number-as-text"
    /// Text floats with too few digits to be exact.
    case reducedPrecision = "reduced-precision"
    /// `np.float32(…)` wrappers were stripped.
    case numpyWrapper = "numpy-wrapper"
    /// A space-separated array was read from a cell.
    case numpyRepresentation = "numpy-repr"
    /// Rows with NaN or infinite numbers were left out, as asked.
    case skippedNotFinite = "skipped-not-finite"
    /// A text column holds numbers only.
    case looksNumeric = "looks-numeric"
    /// Source bytes were decoded from another encoding than UTF-8.
    case decoded = "decoded"
    /// Anything else a reader wants to say once.
    case note = "note"
  }

  /// The stable name.
  package var code: Code
  /// Where it was first seen.
  package var line: UInt64?
  /// The column or dotted field where it was first seen.
  package var column: String?
  /// A sentence for people.
  package var message: String
  /// How often it was seen.
  package var count: UInt64

  /// Makes a warning from its parts.
  package init(_ code: Code, line: UInt64? = nil, column: String? = nil, message: String, count: UInt64 = 1) {
    self.code = code
    self.line = line
    self.column = column
    self.message = message
    self.count = count
  }
}

extension Array where Element == FormatWarning {
  /// Adds a warning, or counts it when its kind and column are known already.
  package mutating func note(_ warning: FormatWarning) {
    if let index = firstIndex(where: { $0.code == warning.code && $0.column == warning.column }) {
      self[index].count += warning.count
    } else {
      append(warning)
    }
  }
}
