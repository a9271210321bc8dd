/// Where a record stood in its source, for messages.
package struct SourcePosition: Equatable, Sendable {
  /// The line on which the record began, from 1; 0 where the source has no lines.
  package var line: UInt64
  /// The record's number in its source, from 1.
  package var record: UInt64

  /// Makes a position from its parts.
  package init(line: UInt64, record: UInt64) {
    self.line = line
    self.record = record
  }
}

/// Many records in flat arrays, meant to be filled again and again.
///
/// Invariants: `idOffsets`, `metadataOffsets` have `count + 1` entries that begin with 0 and never fall; `vectors`
/// has `count × dimension` floats; `hasVector` and `positions` have `count` entries.

package struct RecordBatch: Sendable {
  /// Floats in each vector.
  ///
  /// A reader sets it in an empty batch.
  package var dimension: Int
  /// The type of all identifiers.
  package var idType: IDType
  /// The identifiers as they are stored, one after another.
  package var idBytes: [UInt8] = []
  /// Where each identifier begins in `idBytes`, and the end of the last.
  package var idOffsets: [Int] = [0]
  /// Vectors row by row; zeros where `hasVector` is false.
  package var vectors: [Float] = []
  /// Whether a row has a vector; false only where the reader was told that vectors may be absent.
  package var hasVector: [Bool] = []
  /// Canonical JSON objects, one after another.
  ///
  /// An empty range means `{}`.
  package var metadataBytes: [UInt8] = []
  /// Where each row's metadata begins in `metadataBytes`, and the end of the last.
  package var metadataOffsets: [Int] = [0]
  /// Where each row stood in its source.
  package var positions: [SourcePosition] = []

  /// Makes an empty batch for vectors of `dimension` floats.
  package init(dimension: Int, idType: IDType = .string) {
    self.dimension = dimension
    self.idType = idType
  }

  /// Rows in the batch.
  package var count: Int { positions.count }

  /// Whether the batch has no rows.
  package var isEmpty: Bool { positions.isEmpty }

  /// Forgets all rows.
  package mutating func removeAll(keepingCapacity: Bool = true) {
    idBytes.removeAll(keepingCapacity: keepingCapacity)
    idOffsets.removeAll(keepingCapacity: keepingCapacity)
    idOffsets.append(0)
    vectors.removeAll(keepingCapacity: keepingCapacity)
    hasVector.removeAll(keepingCapacity: keepingCapacity)
    metadataBytes.removeAll(keepingCapacity: keepingCapacity)
    metadataOffsets.removeAll(keepingCapacity: keepingCapacity)
    metadataOffsets.append(0)
    positions.removeAll(keepingCapacity: keepingCapacity)
  }

  /// Bytes of the identifier of row `row`.
  ///
  /// Precondition: `row` is in `0..<count`.
  package func idRange(_ row: Int) -> Range<Int> { idOffsets[row]..<idOffsets[row + 1] }

  /// Bytes of the metadata of row `row`.
  ///
  /// Precondition: `row` is in `0..<count`.
  package func metadataRange(_ row: Int) -> Range<Int> { metadataOffsets[row]..<metadataOffsets[row + 1] }

  /// Floats of the vector of row `row`.
  ///
  /// Precondition: `row` is in `0..<count`.
  package func vectorRange(_ row: Int) -> Range<Int> { row * dimension..<(row + 1) * dimension }

  /// The identifier of row `row` as a value of its own.
  ///
  /// Precondition: `row` is in `0..<count`.
  package func id(_ row: Int) -> RecordID { RecordID(bytes: Array(idBytes[idRange(row)]), type: idType) }

  /// The identifier of row `row`, for a collection whose identifiers are of `type`.
  ///
  /// Precondition: `row` is in `0..<count`.
  package func id(_ row: Int, type: IDType) -> RecordID {
    RecordID(bytes: Array(idBytes[idRange(row)]), type: type)
  }

  /// Hands out the canonical JSON of row `row`, empty for `{}`, for the duration of the call.
  ///
  /// Precondition: `row` is in `0..<count`.
  @inlinable
  package func withMetadata<Result>(_ row: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    let range = metadataOffsets[row]..<metadataOffsets[row + 1]
    return unsafe metadataBytes.withUnsafeBytes { all in
      unsafe body(UnsafeRawBufferPointer(rebasing: all[range]))
    }
  }

  /// Ends a row whose identifier, vector and metadata bytes were appended to the flat arrays.
  ///
  /// Precondition: `vectors` grew by exactly `dimension` floats.
  package mutating func endRow(hasVector: Bool = true, position: SourcePosition) {
    precondition(
      vectors.count == (positions.count + 1) * dimension, "a row's vector must have the batch's dimension")
    idOffsets.append(idBytes.count)
    metadataOffsets.append(metadataBytes.count)
    self.hasVector.append(hasVector)
    positions.append(position)
  }

  /// Appends one row from values of its own; meant for tests and single inserts.
  ///
  /// Precondition: `vector` is nil or has `dimension` floats.
  package mutating func append(
    id: RecordID, vector: [Float]?, metadata: [UInt8] = [],
    position: SourcePosition = SourcePosition(line: 0, record: 0)
  ) {
    idBytes.append(contentsOf: id.bytes)
    if let vector {
      vectors.append(contentsOf: vector)
    } else {
      vectors.append(contentsOf: repeatElement(0, count: dimension))
    }
    metadataBytes.append(contentsOf: metadata)
    endRow(hasVector: vector != nil, position: position)
  }

  /// Appends rows of another batch of the same dimension and id type.
  ///
  /// Precondition: `rows` lies in `0..<other.count`.
  package mutating func append(rows: Range<Int>, of other: RecordBatch) {
    precondition(dimension == other.dimension && idType == other.idType, "batches must have one shape")
    guard !rows.isEmpty else { return }
    let ids = other.idOffsets[rows.lowerBound]..<other.idOffsets[rows.upperBound]
    let metadata = other.metadataOffsets[rows.lowerBound]..<other.metadataOffsets[rows.upperBound]
    let idShift = idBytes.count - ids.lowerBound
    let metadataShift = metadataBytes.count - metadata.lowerBound
    idBytes.append(contentsOf: other.idBytes[ids])
    metadataBytes.append(contentsOf: other.metadataBytes[metadata])
    vectors.append(contentsOf: other.vectors[rows.lowerBound * dimension..<rows.upperBound * dimension])
    hasVector.append(contentsOf: other.hasVector[rows])
    positions.append(contentsOf: other.positions[rows])
    for row in rows {
      idOffsets.append(other.idOffsets[row + 1] + idShift)
      metadataOffsets.append(other.metadataOffsets[row + 1] + metadataShift)
    }
  }
}
