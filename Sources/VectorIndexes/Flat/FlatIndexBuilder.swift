package import FileStorage
import Quantization
import VectorMath

/// Derives the flat index of a segment.
package enum FlatIndexBuilder {
  /// Rows that are coded before they are written.
  private static let rowsAtOnce = 8192
  /// Bytes of codes that wait to be written, at most.
  private static let bytesAtOnce = 16 << 20

  /// Writes and flushes the index file under a temporary name; the caller renames it.
  ///
  /// The same rows and seed give the same bytes for every number of threads and on every processor. Nothing is left behind when
  /// it fails.
  /// - Throws: `.cancelled` when the options say so; `.storage` for a failed write or a damaged row.
  /// - Complexity: Three passes over the rows, two of them over a sample.
  package static func build(
    _ vectors: StoredVectors, of segment: SegmentEntry, _ identity: CollectionIdentity,
    on fileSystem: any FileSystem, temporaryName: String, _ options: IndexBuildOptions
  ) throws(IndexBuildError) -> FinishedFile {
    let source = vectors.source
    let frame = try lifted { () throws(StorageError) in
      try VectorFrame.fit(source, metric: vectors.metric, seed: options.seed, threads: options.threads)
    }
    if options.isCancelled() { throw .cancelled }
    let padded = frame.paddedDimension
    var own: [UInt8] = []
    own.appendLittleEndian(UInt32(truncatingIfNeeded: padded))
    own.appendLittleEndian(UInt32(0))
    let header = IndexHeader(
      segment, identity, kind: IndexKind.flat.rawValue, layout: FlatIndex.layout, seed: options.seed,
      ownFields: own)
    // A writer that is dropped unfinished removes its files.
    let writer = try lifted { () throws(StorageError) in
      let writer = try IndexFile.begin(
        fileSystem, temporaryName: temporaryName, collection: identity.uuid, header)
      try writer.add(.frame, elementSize: 1, frame.bytes)
      try writer.beginStreamed(.codes, elementSize: UInt32(truncatingIfNeeded: padded), alignment: 4096)
      return writer
    }
    let squares = writer.spilled(.codeSquares, elementSize: 4)
    let residuals = writer.spilled(.residuals, elementSize: 4)
    let blockRows = max(64, min(rowsAtOnce, bytesAtOnce / padded))
    let block = CodeBlock(rows: min(blockRows, max(1, vectors.rows)), dimension: padded)
    var unknown: UInt64 = 0
    var row = 0
    while row < vectors.rows {
      if options.isCancelled() { throw .cancelled }
      let rows = row..<min(vectors.rows, row + blockRows)
      try lifted { () throws(StorageError) in
        try block.encode(frame, source, rows, threads: options.threads)
        try unsafe writer.append(block.codeBytes(rows.count))
        try unsafe squares.append(block.squareBytes(rows.count))
        try unsafe residuals.append(block.residualBytes(rows.count))
      }
      unknown += block.unknownRows(rows.count)
      row = rows.upperBound
      options.progress(Double(row) / Double(vectors.rows))
    }
    writer.end()
    var footer: [UInt8] = []
    footer.appendLittleEndian(UInt64(vectors.rows))
    footer.appendLittleEndian(unknown)
    let fields = footer
    return try lifted { () throws(StorageError) in try writer.finish(footerFields: fields) }
  }
}

/// Room for the codes, squares and residuals of a block of rows.
@safe
final class CodeBlock {
  private let dimension: Int
  let codes: UnsafeMutablePointer<Int8>
  let squares: UnsafeMutablePointer<Int32>
  let residuals: UnsafeMutablePointer<Float>

  init(rows: Int, dimension: Int) {
    self.dimension = dimension
    unsafe codes = .allocate(capacity: rows * dimension)
    unsafe squares = .allocate(capacity: rows)
    unsafe residuals = .allocate(capacity: rows)
  }

  deinit {
    unsafe codes.deallocate()
    unsafe squares.deallocate()
    unsafe residuals.deallocate()
  }

  /// Codes rows, at most as many as there is room for.
  func encode(
    _ frame: VectorFrame, _ source: RowSource<StorageError>, _ rows: Range<Int>, threads: Int
  ) throws(StorageError) {
    try unsafe frame.encode(
      source, rows, threads: threads, codes: codes, squares: squares, residuals: residuals)
  }

  /// How many of the first rows have an infinite residual.
  func unknownRows(_ count: Int) -> UInt64 {
    var unknown: UInt64 = 0
    for row in 0..<count where unsafe residuals[row] == .infinity { unknown += 1 }
    return unknown
  }

  /// The bytes of the first rows' codes.
  func codeBytes(_ count: Int) -> UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: codes, count: count * dimension)
  }
  /// The bytes of the first rows' squares.
  func squareBytes(_ count: Int) -> UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: squares, count: 4 * count)
  }
  /// The bytes of the first rows' residuals.
  func residualBytes(_ count: Int) -> UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: residuals, count: 4 * count)
  }
}
