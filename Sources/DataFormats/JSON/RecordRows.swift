import FileStorage
import MetadataFilters

/// What is wrong with a record, with places relative to the piece of the source that was being read.
struct RecordFailure: Error, Sendable {
  var code: FormatErrorCode
  /// Bytes from the start of the record.
  var offset: Int
  var column: String?
  var expected: String
  var found: String
  var hint: String?

  init(
    _ code: FormatErrorCode, at offset: Int, column: String? = nil, expected: String, found: String,
    hint: String? = nil
  ) {
    self.code = code
    self.offset = offset
    self.column = column
    self.expected = expected
    self.found = found
    self.hint = hint
  }

  init(_ error: JSONError, column: String? = nil) {
    self.init(
      FormatErrorCode(error.code), at: error.offset, column: column, expected: error.expected,
      found: error.found,
      hint: error.hint)
  }
}

/// The rows that a parser has made of a piece of a source.
struct RecordRows: Sendable {
  /// The rows; its dimension counts only when `hasDimension`.
  var batch = RecordBatch(dimension: 0)
  /// Whether the dimension is known, from the options or a row.
  var hasDimension = false
  /// Where the vector that gave the dimension stands in its record, which is the first.
  private(set) var dimensionOffset = 0
  /// Whether the dimension is known from the options or an earlier piece.
  private var isDimensionGiven = false
  /// Rows left out because of NaN or infinity.
  var skipped: UInt64 = 0
  /// What is worth telling.
  var warnings: [FormatWarning] = []

  /// Forgets everything for another piece.
  mutating func reset(dimension: Int?, idType: IDType) {
    batch.removeAll()
    batch.dimension = dimension ?? 0
    batch.idType = idType
    hasDimension = dimension != nil
    isDimensionGiven = hasDimension
    skipped = 0
    warnings.removeAll()
  }

  /// Notes the dimension of the first vector.
  mutating func setDimension(_ dimension: Int, at offset: Int) {
    batch.dimension = dimension
    dimensionOffset = offset
    hasDimension = true
  }

  /// Takes back a dimension that came from a vector which was not one after all.
  mutating func forgetDimension() {
    guard !isDimensionGiven else { return }
    batch.dimension = 0
    hasDimension = false
  }

  /// Takes back what was appended for a row that is not ended.
  mutating func dropOpenRow() {
    let count = batch.count
    batch.idBytes.removeSubrange(batch.idOffsets[count]...)
    batch.metadataBytes.removeSubrange(batch.metadataOffsets[count]...)
    batch.vectors.removeSubrange((count * batch.dimension)...)
    if batch.isEmpty { forgetDimension() }
  }
}
