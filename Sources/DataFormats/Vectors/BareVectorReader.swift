import FileStorage
import VectorMath
package import MetadataFilters

/// Reads a file of bare vectors, with identifiers and metadata from the files beside it.
///
/// Without a file of identifiers the options say where they come from; `field` then means the row's number from 0.
package final class BareVectorReader: RecordReader {
  private let rows: any VectorRows
  private let source: any ByteSource
  private let options: ReadOptions
  private let rules: VectorRules
  private let idSource: ReadOptions.IDSource
  private let idPrefix: [UInt8]
  private let outputDimension: Int
  private var ids: CompanionIDs?
  private var payload: CompanionPayload?
  private var scratch: [Float] = []
  private var generated: [UInt8] = []
  /// Rows of the source passed so far.
  private var row: UInt64 = 0
  private var delivered: UInt64 = 0
  private var pending: FormatError?
  private var isAtEnd = false
  package private(set) var skippedRows: UInt64 = 0

  init(rows: any VectorRows, source: any ByteSource, options: ReadOptions) throws(FormatError) {
    self.rows = rows
    self.source = source
    self.options = options
    rules = VectorRules(options)
    idSource = options.idSource == .field ? .row : options.idSource
    idPrefix = Array(options.idPrefix.utf8)
    outputDimension = try BareVectorReader.checkedDimension(rows.dimension, source.name, options)
    if let companion = options.idsSource {
      ids = try CompanionIDs(companion, options: options, rowCount: rows.rowCount)
    }
    if let companion = options.payloadSource { payload = try CompanionPayload(companion, options: options) }
  }

  package var dimension: Int? { outputDimension }
  package var bytesRead: UInt64 { rows.bytesRead }

  package var warnings: [FormatWarning] {
    guard let payload else { return [] }
    return payload.warnings.formatWarnings
  }

  /// Compares the dimension of the source with what is wanted; returns the dimension that is delivered.
  private static func checkedDimension(
    _ found: Int, _ file: String, _ options: ReadOptions
  ) throws(FormatError) -> Int {
    guard found <= options.maximumDimension else {
      throw FormatError(
        .dimensionsLimit, file: file, expected: "at most \(options.maximumDimension) numbers in a vector",
        found: "\(found)")
    }
    let wanted = options.truncatedDimension ?? options.dimension ?? found
    guard options.truncatedDimension == nil ? found == wanted : found >= wanted, wanted > 0 else {
      throw FormatError(
        .dimensionsMismatch, file: file,
        expected: "vectors of \(wanted) numbers" + (options.dimensionOrigin.map { ", as \($0) has" } ?? ""),
        found: "vectors of \(found)")
    }
    return wanted
  }

  package func next(_ batch: inout RecordBatch, maximumRows: Int) throws(FormatError) -> Bool {
    batch.removeAll(keepingCapacity: true)
    batch.dimension = outputDimension
    batch.idType = options.idType
    if let pending { throw pending }
    while batch.isEmpty, !isAtEnd {
      do throws(FormatError) {
        try fill(&batch, maximumRows: maximumRows)
      } catch {
        pending = error
        if batch.isEmpty { throw error }
      }
    }
    return !batch.isEmpty
  }

  private func fill(_ batch: inout RecordBatch, maximumRows: Int) throws(FormatError) {
    let width = rows.dimension
    var wanted = max(1, min(maximumRows, (options.blockBytes / 4) / width))
    if let limit = options.limit {
      guard delivered < limit else {
        isAtEnd = true
        return
      }
      wanted = Int(min(UInt64(wanted), limit - delivered))
    }
    if scratch.count < wanted * width {
      scratch.append(contentsOf: repeatElement(0, count: wanted * width - scratch.count))
    }
    let count = try unsafe scratch.withUnsafeMutableBufferPointer { (all) throws(FormatError) -> Int in
      guard let base = all.baseAddress else { return 0 }
      return try unsafe rows.read(wanted, into: base)
    }
    guard count > 0 else {
      isAtEnd = true
      try checkEnd()
      return
    }
    batch.vectors.reserveCapacity(batch.vectors.count + count * outputDimension)
    for index in 0..<count { try append(index, to: &batch) }
  }

  /// Appends row `index` of `scratch`, unless the options leave it out.
  private func append(_ index: Int, to batch: inout RecordBatch) throws(FormatError) {
    defer { row += 1 }
    let idStart = batch.idBytes.count
    let metadataStart = batch.metadataBytes.count
    var isComplete = false
    defer {
      if !isComplete {
        batch.idBytes.removeSubrange(idStart...)
        batch.metadataBytes.removeSubrange(metadataStart...)
      }
    }
    if ids != nil, try ids?.append(to: &batch.idBytes) == false, let ids {
      throw ids.ended(rowCount: rows.rowCount)
    }
    if payload != nil, try payload?.append(to: &batch.metadataBytes) == false, let payload {
      throw payload.ended(rowCount: rows.rowCount)
    }
    guard row >= options.skip else { return }
    let start = index * rows.dimension
    let refusal: VectorRules.Refusal? = unsafe scratch.withUnsafeMutableBufferPointer { all in
      guard let base = all.baseAddress else { return nil }
      do throws(VectorRules.Refusal) {
        unsafe try rules.apply(base + start, count: outputDimension)
        return nil
      } catch { return error }
    }
    if let refusal {
      if case .notFinite = refusal, rules.skipsNotFinite {
        skippedRows += 1
        return
      }
      if case .notFinite(let place, false) = refusal, rows.wasFinite(row: row, index: place) == true {
        throw FormatError(
          .floatOverflow, file: source.name, record: row + 1, byteOffset: rows.offset(ofRow: row),
          column: "vector[\(place)]", expected: "a number within ±3.4028235e38", found: "a greater one")
      }
      throw FormatError(
        refusal, file: source.name, line: nil, record: row + 1, byteOffset: rows.offset(ofRow: row),
        column: "vector")
    }
    batch.vectors.append(contentsOf: scratch[start..<start + outputDimension])
    if ids == nil {
      let (idSource, type, prefix, row) = (idSource, options.idType, idPrefix, row)
      generated.removeAll(keepingCapacity: true)
      unsafe batch.metadataBytes.withUnsafeBytes { metadata in
        unsafe scratch.withUnsafeBytes { floats in
          unsafe GeneratedID.append(
            idSource, type: type, prefix: prefix, row: row,
            vector: UnsafeRawBufferPointer(rebasing: floats[start * 4..<(start + outputDimension) * 4]),
            metadata: UnsafeRawBufferPointer(rebasing: metadata[metadataStart...]), to: &generated)
        }
      }
      batch.idBytes.append(contentsOf: generated)
    }
    batch.endRow(position: SourcePosition(line: 0, record: row + 1))
    delivered += 1
    isComplete = true
  }

  private func checkEnd() throws(FormatError) {
    try ids?.checkEnd(count: row)
    try payload?.checkEnd(count: row)
    do throws(FileError) {
      try source.checkUnchanged()
    } catch { throw FormatError(changed: source.name, error) }
  }
}

extension FormatError {
  /// The error for a vector that the rules refuse.
  init(
    _ refusal: VectorRules.Refusal, file: String, line: UInt64?, record: UInt64?, byteOffset: UInt64? = nil,
    column: String
  ) {
    switch refusal {
    case .notFinite(let index, let isNaN):
      self.init(
        .notFinite, file: file, line: line, record: record, byteOffset: byteOffset,
        column: "\(column)[\(index)]",
        expected: "a finite number", found: isNaN ? "NaN" : "an infinite number",
        hint: "repair the source, or leave such rows out with --nan skip")
    case .zero:
      self.init(
        .zeroVector, file: file, line: line, record: record, byteOffset: byteOffset, column: column,
        expected: "a vector with a direction, as the cosine metric needs", found: "only zeros",
        hint: "a failed embedding often gives zeros; keep such rows with --zero-vector allow")
    case .notHeld(let index, let number, let type):
      self.init(
        FormatErrorCode(notHeld: number), file: file, line: line, record: record, byteOffset: byteOffset,
        column: "\(column)[\(index)]", expected: type.numbers, found: ElementType.text(number),
        hint: type.notHeldHint)
    }
  }

  /// The error for a source that changed while it was read.
  init(changed file: String, _ cause: FileError) {
    self.init(
      .sourceChanged, file: file, expected: "the file that was opened",
      found: "one changed during the import",
      hint: "import again when nothing writes to it any more", cause: cause)
  }
}

extension BareVectorReader {
  /// Begins to read a .npy, .fvecs, .bvecs or .ivecs file; any other format is read as .fvecs.
  package convenience init(
    _ source: any ByteSource, format: RecordFormat, options: ReadOptions
  ) throws(FormatError) {
    var rows: any VectorRows
    if format == .npy {
      rows = try NPYRows(source, options: options)
    } else {
      rows = try VecsRows(source, format: format, maximumDimension: options.maximumDimension)
    }
    if let packed = PackedBitRows(rows, file: source.name, options: options) { rows = packed }
    try self.init(rows: rows, source: source, options: options)
  }
}
