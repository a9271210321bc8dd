package import FileStorage
package import MetadataFilters
import Synchronization
import VectorIndexes
import VectorMath

/// A segment file open for reading: vectors, ids, metadata, times and columns of rows 0 ..< `rows`.
///
/// Opening reads the pages and tables; every other block is checked on first touch. Numbers read from the file are
/// bounded before use, so a damaged or hostile file ends in `.corruption`. Pointers stay valid as long as this object
/// lives. Row numbers passed in must be below `rows`. Safe to use from several threads at once.
package final class Segment: Sendable {
  /// The container that holds everything.
  package let file: ContainerFile
  /// Dimension, element type, metric and id type.
  package let shape: SegmentShape
  /// Number of rows, deleted ones included.
  package let rows: Int
  /// Sum of the content hashes of all rows.
  package let contentHash: Digest256
  /// Least and greatest LSN of the rows.
  package let sequenceNumbers: ClosedRange<UInt64>

  let key: UUID16
  let vectorEntry: SectionEntry
  let normEntry: SectionEntry?
  let idOffsetEntry: SectionEntry?
  let idEntry: SectionEntry
  let index: IDHashIndexReader
  private let lsnColumn: ShrunkColumn
  private let createdColumn: ShrunkColumn
  private let updatedColumn: ShrunkColumn
  let arrivalEntry: SectionEntry?
  let payload: PayloadReader?
  private let columnSet = Mutex<ColumnSet?>(nil)

  /// Opens the segment that a manifest entry names, or the same file under another name.
  package static func open(
    _ fileSystem: any FileSystem, _ entry: SegmentEntry, _ identity: CollectionIdentity, name: String? = nil
  ) throws(StorageError) -> Segment {
    let file = try ContainerFile.open(
      fileSystem: fileSystem, name: name ?? FileNames.segment(entry.number), kind: .segment,
      collection: identity.uuid, expectedBytes: entry.bytes, expectedFooterCRC: entry.footerCRC)
    let segment = try Segment(file, SegmentShape(identity))
    guard UInt64(segment.rows) == entry.rows, segment.contentHash == entry.contentHash else {
      throw .corruption(
        CorruptionError(
          path: file.name, section: "footer", offset: file.byteCount - 4096, expected: "\(entry.rows) rows",
          found: "\(segment.rows) rows of other content"))
    }
    return segment
  }

  /// Takes a container whose pages and tables are checked, and fits its sections together.
  package init(_ file: ContainerFile, _ shape: SegmentShape) throws(StorageError) {
    func damage(_ section: String, _ expected: String) -> StorageError {
      .corruption(
        CorruptionError(
          path: file.name, section: section, offset: nil, expected: expected, found: "another size"))
    }
    guard file.headerFields == shape.headerFields() else {
      throw damage("header", "the collection's dimension, element type, metric and id type")
    }
    guard let footer = SegmentFooter(file.footerFields), footer.minimumLSN <= footer.maximumLSN else {
      throw damage("footer", "the facts of a segment")
    }
    self.file = file
    self.shape = shape
    let rows = Int(footer.rows)
    self.rows = rows
    contentHash = footer.contentHash
    sequenceNumbers = footer.minimumLSN...footer.maximumLSN
    key = file.prefix.collection

    func column(_ name: SectionName, of size: Int, count: Int) throws(StorageError) -> SectionEntry {
      let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
      guard !overflow, let entry = file.section(name), entry.elementSize == UInt32(size),
        entry.length == UInt64(bytes), entry.count == UInt64(count)
      else { throw damage(name.description, "\(count) elements of \(size) bytes") }
      return entry
    }
    vectorEntry = try column(.vectors, of: shape.stride, count: rows)
    guard vectorEntry.alignment == 4096 else { throw damage("VECT", "alignment to 4096 bytes") }
    normEntry = shape.metric == .cosine ? try column(.norms, of: 4, count: rows) : nil
    if let size = shape.idType.fixedSize {
      idEntry = try column(.ids, of: size, count: rows)
      idOffsetEntry = nil
    } else {
      guard let entry = file.section(.ids), entry.elementSize == 0 else { throw damage("IDS0", "text") }
      idEntry = entry
      idOffsetEntry = try column(
        .idOffsets, of: entry.length > UInt64(UInt32.max) ? 8 : 4, count: rows + 1)
    }
    guard let index = IDHashIndexReader(file.section(.idIndex), homeBits: footer.homeBits, rows: rows) else {
      throw damage("IDHX", "a hash index of \(rows) rows")
    }
    self.index = index
    guard let lsns = ShrunkColumn(file.section(.sequenceNumbers), rows: rows),
      let created = ShrunkColumn(file.section(.times, column: 0), rows: rows),
      let updated = ShrunkColumn(file.section(.times, column: 1), rows: rows)
    else { throw damage("LSNS, TIME", "one value, or one for each of \(rows) rows") }
    lsnColumn = lsns
    createdColumn = created
    updatedColumn = updated
    arrivalEntry = file.section(.arrival) == nil ? nil : try column(.arrival, of: 4, count: rows)
    switch (file.section(.payloadDirectory), file.section(.payload)) {
    case (nil, nil): payload = nil
    case (let directory?, let blocks?):
      guard let reader = PayloadReader(directory: directory, blocks: blocks, rows: rows) else {
        throw damage("PAYO", "a directory of payload blocks")
      }
      payload = reader
    default: throw damage("PAYO, PAYL", "both or neither")
    }
  }

  // MARK: Vectors

  /// The stored vectors of some rows, each `shape.stride` bytes, their blocks checked.
  package func vectors(_ rows: Range<Int>) throws(StorageError) -> UnsafeRawBufferPointer {
    try unsafe file.bytes(vectorEntry, rows.lowerBound * shape.stride..<rows.upperBound * shape.stride)
  }

  /// All vectors without any check: only for rows whose blocks `vectors` has passed before.
  package var uncheckedVectors: UnsafeRawBufferPointer { unsafe file.uncheckedBytes(vectorEntry) }

  /// The Euclidean norm of a row's stored vector; stored for cosine, otherwise computed.
  package func norm(_ row: Int) throws(StorageError) -> Float {
    guard let normEntry else { return unsafe storedNorm(try vectors(row..<row + 1), shape) }
    return Float(
      bitPattern: try unsafe file.bytes(normEntry, 4 * row..<4 * row + 4).littleEndian(at: 0, as: UInt32.self)
    )
  }

  /// The stored norms of some rows as f32 values; nil unless the metric is cosine.
  package func norms(_ rows: Range<Int>) throws(StorageError) -> UnsafeRawBufferPointer? {
    guard let normEntry else { return nil }
    return try unsafe file.bytes(normEntry, 4 * rows.lowerBound..<4 * rows.upperBound)
  }

  // MARK: Ids

  /// The stored bytes of a row's id.
  package func idBytes(_ row: Int) throws(StorageError) -> UnsafeRawBufferPointer {
    if let size = shape.idType.fixedSize {
      return try unsafe file.bytes(idEntry, row * size..<(row + 1) * size)
    }
    guard let idOffsetEntry else { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
    let width = Int(idOffsetEntry.elementSize)
    let pair = try unsafe file.bytes(idOffsetEntry, row * width..<(row + 2) * width)
    let begin: UInt64
    let end: UInt64
    if width == 4 {
      begin = unsafe UInt64(pair.littleEndian(at: 0, as: UInt32.self))
      end = unsafe UInt64(pair.littleEndian(at: 4, as: UInt32.self))
    } else {
      begin = unsafe pair.littleEndian(at: 0, as: UInt64.self)
      end = unsafe pair.littleEndian(at: 8, as: UInt64.self)
    }
    guard begin <= end, end <= idEntry.length else {
      throw .corruption(
        CorruptionError(
          path: file.name, section: idOffsetEntry.label, offset: idOffsetEntry.offset + UInt64(row * width),
          expected: "rising offsets up to \(idEntry.length)", found: "\(begin), \(end)"))
    }
    return try unsafe file.bytes(idEntry, Int(begin)..<Int(end))
  }

  /// Asks for the memory where it is said where a row's id lies; the row must exist.
  func prefetchIDPlace(_ row: Int) {
    guard let idOffsetEntry, let base = unsafe file.uncheckedBytes(idOffsetEntry).baseAddress else { return }
    unsafe prefetch(base + row * Int(idOffsetEntry.elementSize), bytes: 8)
  }

  /// Asks for the memory of a row's id, which `prefetchIDPlace` has prepared; the row must exist.
  func prefetchID(_ row: Int) {
    let ids = unsafe file.uncheckedBytes(idEntry)
    guard let base = ids.baseAddress else { return }
    guard let idOffsetEntry else {
      return unsafe prefetch(base + row * (shape.idType.fixedSize ?? 0), bytes: 8)
    }
    // A block that was not checked may say anything: nothing is read there, only asked for.
    let offsets = unsafe file.uncheckedBytes(idOffsetEntry)
    guard idOffsetEntry.elementSize == 4, 4 * row + 4 <= offsets.count else { return }
    let offset = unsafe Int(offsets.littleEndian(at: 4 * row, as: UInt32.self))
    guard offset < ids.count else { return }
    unsafe prefetch(base + offset, bytes: 8)
  }

  /// The id of a row.
  package func id(_ row: Int) throws(StorageError) -> RecordID {
    try unsafe RecordID(bytes: [UInt8](idBytes(row)), type: shape.idType)
  }

  /// The row of an id, nil when the segment has none; deleted rows are found too.
  package func row(forID id: RecordID) throws(StorageError) -> UInt32? {
    guard id.type == shape.idType else { return nil }
    var row: UInt32?
    try unsafe id.bytes.withBytes { (bytes) throws(StorageError) in row = try unsafe self.row(forID: bytes) }
    return row
  }

  /// The row of an id's stored bytes, nil when the segment has none; deleted rows are found too.
  package func row(forID id: UnsafeRawBufferPointer) throws(StorageError) -> UInt32? {
    try unsafe row(forID: id, hash: sipHash13(id, key: key))
  }

  /// The row of an id whose SipHash-1-3, keyed by the collection's UUID, is known.
  package func row(forID id: UnsafeRawBufferPointer, hash: UInt64) throws(StorageError) -> UInt32? {
    try index.row(hash: hash, file) { (row) throws(StorageError) in
      let stored = try unsafe idBytes(Int(row))
      return unsafe stored.count == id.count && stored.elementsEqual(id)
    }
  }

  // MARK: Metadata and times

  /// The canonical JSON of a row's metadata, without copying; empty when the row has none.
  package func metadataBytes(_ row: Int) throws(StorageError) -> UnsafeRawBufferPointer {
    guard let payload else { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
    return try unsafe payload.metadata(row, file)
  }

  /// The canonical JSON of a row's metadata; empty when the row has none.
  package func metadata(_ row: Int) throws(StorageError) -> [UInt8] { try unsafe [UInt8](metadataBytes(row)) }

  /// LSN of the change that made the row what it is.
  package func lsn(_ row: Int) throws(StorageError) -> UInt64 { try lsnColumn.value(row, file) }

  /// Nanoseconds since 1970 when the row's id was first stored.
  package func created(_ row: Int) throws(StorageError) -> Int64 {
    Int64(bitPattern: try createdColumn.value(row, file))
  }

  /// Nanoseconds since 1970 when the row was last changed.
  package func updated(_ row: Int) throws(StorageError) -> Int64 {
    Int64(bitPattern: try updatedColumn.value(row, file))
  }

  /// The times of creation, or of the last change, of some rows.
  package func times(isCreation: Bool, _ rows: Range<Int>) throws(StorageError) -> RowTimes {
    try unsafe (isCreation ? createdColumn : updatedColumn).values(rows, file)
  }

  /// The row's place in the order of arrival among the rows of this segment.
  package func arrival(_ row: Int) throws(StorageError) -> UInt32 {
    guard let arrivalEntry else { return UInt32(truncatingIfNeeded: row) }
    return try unsafe file.bytes(arrivalEntry, 4 * row..<4 * row + 4).littleEndian(at: 0, as: UInt32.self)
  }

  /// Whether rows stand in the order of arrival.
  package var isInArrivalOrder: Bool { arrivalEntry == nil }

  /// SHA-256 of a row's id, vector and metadata, of which the content hash is the sum.
  package func contentHash(ofRow row: Int) throws(StorageError) -> Digest256 {
    try unsafe RowContent.hash(
      idType: shape.idType, id: idBytes(row), elements: vectors(row..<row + 1), metadata: metadataBytes(row))
  }

  /// The metadata columns, opened on first use.
  package func columns() throws(StorageError) -> ColumnSet {
    if let known = columnSet.withLock({ $0 }) { return known }
    let opened = try ColumnSet(container: file, rows: rows)
    return columnSet.withLock { set in
      if let known = set { return known }
      set = opened
      return opened
    }
  }
}

/// The Euclidean norm of a stored vector, as `NORM` holds it.
func storedNorm(_ elements: UnsafeRawBufferPointer, _ shape: SegmentShape) -> Float {
  guard let base = elements.baseAddress, elements.count == shape.stride else { return 0 }
  return unsafe Float(vectorNorm(base, elementType: shape.elementType, dimension: shape.dimension))
}
