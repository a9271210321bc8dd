package import FileStorage
package import MetadataFilters
import VectorMath

/// Writes the rows of one new segment, in the order in which they are appended, to a file in `tmp/`.
///
/// Vectors stream straight into the file. Everything else (ids, norms, hashes, payload, columns) waits in one or two
/// temporary files and is copied behind the vectors by `finish`, so that memory does not depend on the number of rows.
/// Rows are first staged, then hashed and measured in groups on several threads. Not for use by several threads at once.
package final class SegmentBuilder {
  /// What a finished builder leaves.
  package struct Result {
    /// The file's name; the caller renames it.
    package let temporaryName: String
    /// The manifest entry, with the number 0 that the caller replaces.
    package let entry: SegmentEntry
    /// Pairs of rows with the same id, ordered by the later row; each row is named at most once as the later one.
    package let duplicates: [(earlier: UInt32, later: UInt32)]
    let fileSystem: any FileSystem
    let identity: CollectionIdentity

    /// Opens the finished file under its temporary name.
    package func reader() throws(StorageError) -> Segment {
      try Segment.open(fileSystem, entry, identity, name: temporaryName)
    }
  }

  /// Which of several rows with one id the hash index names.
  package enum Preference: Sendable { case first, last }

  /// The most rows that a segment may have.
  package static let maximumRows = Int(UInt32.max) - 1
  /// Rows and bytes staged before they are worked on.
  static let stagedRows = 1024
  static let stagedBytes = 4 << 20

  let fileSystem: any FileSystem
  let identity: CollectionIdentity
  let shape: SegmentShape
  private let temporaryName: String
  private let preference: Preference
  private let threads: Int
  private let forcedHomeBits: Int?
  private let windowBits: Int
  private let writer: ContainerWriter
  private let columns: ColumnSetBuilder
  private let norms: SpillStream?
  private let idLengths: SpillStream?
  private let ids: SpillStream
  private var hashes: IDHashIndexWriter
  private var payload: PayloadWriter
  private var sequenceNumbers: ShrinkingColumn
  private var created: ShrinkingColumn
  private var updated: ShrinkingColumn
  private var arrival: ArrivalColumn
  private var contentHash = Digest256.zero
  private var minimumLSN = UInt64.max
  private var maximumLSN: UInt64 = 0
  private var written = 0
  var staged: RowStaging
  private var work = RowWork()

  /// Begins a segment in the file `temporaryName`.
  ///
  /// `memoryBudget` bounds what the metadata columns hold in memory; `preference` says which row of several with one
  /// id is found by it; `threads` is used by single appends. Tests force a small hash table by `homeBits`.
  package init(
    _ fileSystem: any FileSystem, _ identity: CollectionIdentity, temporaryName: String,
    memoryBudget: Int = 32 << 20, preference: Preference = .last, threads: Int = 1, homeBits: Int? = nil,
    windowBits: Int? = nil
  ) throws(StorageError) {
    self.fileSystem = fileSystem
    self.identity = identity
    self.temporaryName = temporaryName
    self.preference = preference
    self.threads = threads
    forcedHomeBits = homeBits
    self.windowBits = windowBits ?? IDHashIndexWriter.defaultWindowBits
    shape = try SegmentShape(identity)
    writer = try ContainerWriter(
      fileSystem: fileSystem, temporaryName: temporaryName, kind: .segment, collection: identity.uuid,
      features: identity.features, headerFields: shape.headerFields())
    let spill = writer.spill
    columns = ColumnSetBuilder(
      memoryBudget: memoryBudget, fileSystem: fileSystem, spillName: temporaryName + ".columns")
    norms = shape.metric == .cosine ? spill.stream() : nil
    idLengths = shape.idType == .string ? spill.stream() : nil
    ids = spill.stream()
    hashes = IDHashIndexWriter(spill: spill)
    payload = PayloadWriter(spill: spill)
    sequenceNumbers = ShrinkingColumn(spill: spill)
    created = ShrinkingColumn(spill: spill)
    updated = ShrinkingColumn(spill: spill)
    arrival = ArrivalColumn(spill: spill)
    staged = RowStaging(stride: shape.stride)
    try writer.beginStreamed(.vectors, elementSize: UInt32(truncatingIfNeeded: shape.stride), alignment: 4096)
  }

  /// Rows appended so far.
  package var rowCount: Int { written + staged.count }

  /// Bytes of memory that the builder holds, without the metadata columns' own budget.
  package var memory: Int {
    writer.memory + (norms?.memory ?? 0) + (idLengths?.memory ?? 0) + ids.memory + hashes.memory
      + payload.memory
      + sequenceNumbers.memory + created.memory + updated.memory + arrival.memory + staged.memory
      + work.memory
  }

  // MARK: Appending

  /// Appends one row; `vector` holds element bytes, `metadata` canonical JSON, or nothing for `{}`.
  ///
  /// `arrival` is the row's place in the order of arrival, by default its row number.
  package func append(
    id: UnsafeRawBufferPointer, vector: UnsafeRawBufferPointer, metadata: UnsafeRawBufferPointer, lsn: UInt64,
    created: Int64, updated: Int64, arrival: UInt32? = nil
  ) throws(StorageError) {
    precondition(vector.count == shape.stride, "a vector has the collection's dimension")
    try requireRoom(1)
    unsafe staged.append(
      id: id, vector: vector, metadata: metadata, lsn: lsn, created: created, updated: updated,
      arrival: arrival ?? UInt32(truncatingIfNeeded: rowCount))
    if staged.isFull { try flushStaged() }
  }

  /// Appends one row of another segment, with its times and its LSN.
  package func append(row: Int, of segment: Segment, arrival: UInt32? = nil) throws(StorageError) {
    let id = try unsafe segment.idBytes(row)
    let vector = try unsafe segment.vectors(row..<row + 1)
    let metadata = try unsafe segment.metadataBytes(row)
    try unsafe append(
      id: id, vector: vector, metadata: metadata, lsn: segment.lsn(row), created: segment.created(row),
      updated: segment.updated(row), arrival: arrival)
    withExtendedLifetime(segment) {}
  }

  /// Appends rows of a batch, which all get the same LSN and times.
  ///
  /// Every row must have a vector.
  package func append(
    _ batch: RecordBatch, rows: Range<Int>, lsn: UInt64, created: Int64, updated: Int64, threads: Int
  ) throws(StorageError) {
    precondition(batch.dimension == shape.dimension && batch.idType == shape.idType)
    precondition(rows.lowerBound >= 0 && rows.upperBound <= batch.count)
    try requireRoom(rows.count)
    try flushStaged()
    var first = rows.lowerBound
    let group = max(1, min(16384, Self.stagedBytes / max(1, shape.stride)))
    while first < rows.upperBound {
      let end = min(first + group, rows.upperBound)
      try work.load(batch, first..<end, shape)
      try unsafe batch.withRowBlock(first..<end, shape, stored: work.elements) {
        (block) throws(StorageError) in try unsafe write(block, threads: threads)
      }
      for row in written - (end - first)..<written {
        try append(times: lsn, created, updated, UInt32(truncatingIfNeeded: row))
      }
      first = end
    }
  }

  private func requireRoom(_ rows: Int) throws(StorageError) {
    guard rows <= Self.maximumRows - rowCount else {
      throw .file(FileError(.write, temporaryName, ErrorCode.fileTooBig))
    }
  }

  private func flushStaged() throws(StorageError) {
    guard staged.count > 0 else { return }
    var staged = RowStaging(stride: 0)
    swap(&staged, &self.staged)
    try unsafe staged.withRowBlock { (block) throws(StorageError) in try unsafe write(block, threads: threads)
    }
    for row in 0..<staged.count {
      try append(
        times: staged.sequenceNumbers[row], staged.created[row], staged.updated[row], staged.arrival[row])
    }
    staged.removeAll()
    swap(&staged, &self.staged)
  }

  private func append(times lsn: UInt64, _ created: Int64, _ updated: Int64, _ arrival: UInt32)
    throws(StorageError)
  {
    try sequenceNumbers.append(lsn)
    try self.created.append(UInt64(bitPattern: created))
    try self.updated.append(UInt64(bitPattern: updated))
    try self.arrival.append(arrival)
    minimumLSN = min(minimumLSN, lsn)
    maximumLSN = max(maximumLSN, lsn)
  }

  /// Hashes and measures the rows of a block in parallel, then streams and spills their parts in order.
  private func write(_ block: RowBlock, threads: Int) throws(StorageError) {
    unsafe work.measure(block, shape, key: identity.uuid, threads: threads)
    contentHash = contentHash + work.sum
    try unsafe writer.append(block.elements)
    if let norms {
      try unsafe work.norms.withRawBytes { (bytes) throws(StorageError) in try unsafe norms.append(bytes) }
    }
    try unsafe ids.append(block.idBytes)
    for row in unsafe 0..<block.count {
      try hashes.append(hash: work.hashes[row])
      if let idLengths { try unsafe idLengths.append(UInt32(truncatingIfNeeded: block.id(row).count)) }
      let metadata = unsafe block.metadata(row)
      try unsafe payload.append(metadata)
      try unsafe columns.append(row: metadata)
    }
    written += unsafe block.count
  }

  // MARK: End

  /// Appends everything that waits, and flushes the file.
  package func finish() throws(StorageError) -> Result {
    try flushStaged()
    writer.end()
    if let norms { try writer.add(.norms, elementSize: 4, norms) }
    try writeIDOffsets()
    try writer.add(.ids, elementSize: UInt32(shape.idType.fixedSize ?? 0), count: UInt64(written), ids)
    let homeBits = forcedHomeBits ?? IDHashIndexWriter.homeBits(rows: UInt64(written))
    let duplicates = try hashes.write(
      to: writer, homeBits: homeBits, windowBits: windowBits, keepsLast: preference == .last,
      sameID: { (one, other) throws(StorageError) in try self.writtenID(one) == self.writtenID(other) })
    try sequenceNumbers.write(to: writer, .sequenceNumbers)
    try created.write(to: writer, .times, column: 0)
    try updated.write(to: writer, .times, column: 1)
    try arrival.write(to: writer)
    try payload.write(to: writer)
    try columns.finish(into: writer)
    let footer = SegmentFooter(
      rows: UInt64(written), minimumLSN: written == 0 ? 0 : minimumLSN, maximumLSN: maximumLSN,
      contentHash: contentHash, homeBits: UInt8(truncatingIfNeeded: homeBits))
    let file = try writer.finish(footerFields: footer.encode())
    let entry = SegmentEntry(
      number: 0, bytes: file.bytes, sha256: file.sha256, footerCRC: file.footerCRC, rows: footer.rows,
      live: footer.rows, minLSN: footer.minimumLSN, maxLSN: footer.maximumLSN, contentHash: contentHash,
      deletion: nil)
    return Result(
      temporaryName: temporaryName, entry: entry, duplicates: duplicates, fileSystem: fileSystem,
      identity: identity)
  }

  private func writeIDOffsets() throws(StorageError) {
    guard let idLengths else { return }
    let isWide = ids.byteCount > UInt64(UInt32.max)
    try writer.beginStreamed(.idOffsets, elementSize: isWide ? 8 : 4)
    var offset: UInt64 = 0
    var bytes: [UInt8] = []
    func put() {
      if isWide {
        bytes.appendLittleEndian(offset)
      } else {
        bytes.appendLittleEndian(UInt32(truncatingIfNeeded: offset))
      }
    }
    put()
    try unsafe idLengths.forEachPiece { (piece) throws(StorageError) in
      for start in stride(from: 0, to: piece.count, by: 4) {
        offset += unsafe UInt64(piece.littleEndian(at: start, as: UInt32.self))
        put()
      }
      try writer.append(bytes)
      bytes.removeAll(keepingCapacity: true)
    }
    try writer.append(bytes)
    writer.end()
  }

  /// The id of a row, read back from the file that is being written.
  private func writtenID(_ row: UInt32) throws(StorageError) -> [UInt8] {
    guard let ids = writer.written(.ids) else { return [] }
    if let size = shape.idType.fixedSize {
      return try writer.readBack(ids, Int(row) * size..<Int(row) * size + size)
    }
    guard let offsets = writer.written(.idOffsets) else { return [] }
    let width = Int(offsets.elementSize)
    let pair = try writer.readBack(offsets, Int(row) * width..<(Int(row) + 2) * width)
    func offset(_ index: Int) -> Int {
      width == 8
        ? Int(truncatingIfNeeded: pair.littleEndian(at: 8 * index, as: UInt64.self))
        : Int(pair.littleEndian(at: 4 * index, as: UInt32.self))
    }
    return try writer.readBack(ids, offset(0)..<offset(1))
  }
}
