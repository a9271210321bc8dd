import FileStorage
import MetadataFilters

/// Writes the identifiers and the metadata beside a file of bare vectors: one a line each.
struct CompanionWriter {
  private var ids: OutputBuffer?
  private var payload: OutputBuffer?

  init(ids: (any ByteSink)?, payload: (any ByteSink)?) {
    self.ids = ids.map { OutputBuffer($0) }
    self.payload = payload.map { OutputBuffer($0) }
  }

  mutating func write(_ batch: RecordBatch) throws(FormatError) {
    for row in 0..<batch.count {
      if ids != nil {
        let id = batch.idBytes[batch.idRange(row)]
        if batch.idType == .string, let end = id.firstIndex(where: { $0 == 10 || $0 == 13 }) {
          throw FormatError(
            .notRepresentable, file: ids?.sink.name ?? "", byteOffset: nil, column: "id",
            expected: "ids without line ends, as they stand one a line",
            found: "\(Excerpt.quoted(id)) with one at byte \(end - id.startIndex)",
            hint: "export JSON Lines, which can hold any id")
        }
        if var buffer = ids {
          ids = nil
          IDText.append(id, type: batch.idType, to: &buffer.bytes)
          buffer.bytes.append(10)
          try buffer.flushIfFull()
          ids = buffer
        }
      }
      if var buffer = payload {
        payload = nil
        let metadata = batch.metadataBytes[batch.metadataRange(row)]
        if metadata.isEmpty {
          buffer.bytes.append(contentsOf: "{}".utf8)
        } else {
          buffer.bytes.append(contentsOf: metadata)
        }
        buffer.bytes.append(10)
        try buffer.flushIfFull()
        payload = buffer
      }
    }
  }

  mutating func finish() throws(FormatError) {
    try ids?.flush()
    try payload?.flush()
  }
}

/// The checks that all files of bare vectors share.
enum BareVectors {
  /// Refuses a row without a vector.
  static func check(_ batch: RecordBatch, dimension: Int, file: String) throws(FormatError) {
    guard batch.dimension == dimension else {
      throw FormatError(
        .dimensionsMismatch, file: file, expected: "vectors of \(dimension) numbers",
        found: "vectors of \(batch.dimension)")
    }
    if let row = batch.hasVector.firstIndex(of: false) {
      throw FormatError(
        .notRepresentable, file: file, record: UInt64(row) + 1, expected: "a vector in every record",
        found: "none")
    }
  }
}
