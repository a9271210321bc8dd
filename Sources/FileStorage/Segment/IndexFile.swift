// An index file: a container of kind INDX with 4 KiB blocks, derived from one segment. It holds no vectors and no ids:
// without it every answer is the same, only slower.
//
// Header fields (128 bytes, then the kind's own)
//   0    8  u64 segment number
//   8    8  u64 rows of the segment
//   16  32  SHA-256 of the segment file
//   48  32  content hash of the segment's rows
//   80  16  the kind in ASCII, zeros behind it
//   96   4  u32 version of the kind's layout
//   100  4  u32 dimensions
//   104  1  u8 element type
//   105  1  u8 metric
//   106  6  zero
//   112  8  u64 seed of everything random in the file
//   120  8  zero
//   128  n  the kind's own fields

/// What the header of an index file says: what it was made of, and how.
package struct IndexHeader: Equatable, Sendable {
  /// Bytes of the fields that every kind has.
  package static let commonSize = 128
  /// The longest name of a kind.
  static let kindSize = 16

  /// Number, rows, SHA-256 and content hash of the segment that the file was derived from.
  package var segment: UInt64
  package var rows: UInt64
  package var segmentHash: Digest256
  package var contentHash: Digest256
  /// 1 to 16 of the characters `a-z0-9-`.
  package var kind: String
  /// Version of the kind's layout; a reader refuses one that it does not know.
  package var layout: UInt32
  package var dimension: UInt32
  package var elementType: UInt8
  package var metric: UInt8
  package var seed: UInt64
  /// The kind's own fields, at most 3,896 bytes.
  package var ownFields: [UInt8]

  /// Makes the header of an index of a segment.
  package init(
    _ segment: SegmentEntry, _ identity: CollectionIdentity, kind: String, layout: UInt32, seed: UInt64,
    ownFields: [UInt8] = []
  ) {
    self.segment = segment.number
    rows = segment.rows
    segmentHash = segment.sha256
    contentHash = segment.contentHash
    self.kind = kind
    self.layout = layout
    dimension = identity.dimension
    elementType = identity.elementType
    metric = identity.metric
    self.seed = seed
    self.ownFields = ownFields
  }

  /// The fields as they stand behind the prefix.
  package func encode() -> [UInt8] {
    var fields: [UInt8] = []
    fields.reserveCapacity(Self.commonSize + ownFields.count)
    fields.appendLittleEndian(segment)
    fields.appendLittleEndian(rows)
    fields += segmentHash.bytes
    fields += contentHash.bytes
    let name = Array(kind.utf8.prefix(Self.kindSize))
    fields += name + [UInt8](repeating: 0, count: Self.kindSize - name.count)
    fields.appendLittleEndian(layout)
    fields.appendLittleEndian(dimension)
    fields += [elementType, metric, 0, 0, 0, 0, 0, 0]
    fields.appendLittleEndian(seed)
    fields.appendLittleEndian(UInt64(0))
    return fields + ownFields
  }

  /// Reads the fields of a container's header; nil when they are none of an index file.
  package init?(_ fields: [UInt8]) {
    guard fields.count >= Self.commonSize, fields[106..<112].allSatisfy({ $0 == 0 }),
      fields[120..<128].allSatisfy({ $0 == 0 }),
      let segmentHash = Digest256(bytes: [UInt8](fields[16..<48])),
      let contentHash = Digest256(bytes: [UInt8](fields[48..<80]))
    else { return nil }
    let name = fields[80..<96].prefix { $0 != 0 }
    guard !name.isEmpty, fields[(80 + name.count)..<96].allSatisfy({ $0 == 0 }),
      name.allSatisfy({ ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2D })
    else { return nil }
    segment = fields.littleEndian(at: 0, as: UInt64.self)
    rows = fields.littleEndian(at: 8, as: UInt64.self)
    self.segmentHash = segmentHash
    self.contentHash = contentHash
    kind = String(decoding: name, as: UTF8.self)
    layout = fields.littleEndian(at: 96, as: UInt32.self)
    dimension = fields.littleEndian(at: 100, as: UInt32.self)
    elementType = fields[104]
    metric = fields[105]
    seed = fields.littleEndian(at: 112, as: UInt64.self)
    ownFields = [UInt8](fields[Self.commonSize...])
  }
}

/// Opens and begins index files.
package enum IndexFile {
  /// The size of a block in an index file: what is read with one touch of a random place is checked with it.
  static let blockSize = 4096

  /// Begins an index file under a temporary name; the kind's builder adds its sections and finishes it.
  package static func begin(
    _ fileSystem: any FileSystem, temporaryName: String, collection: UUID16, _ header: IndexHeader
  ) throws(StorageError) -> ContainerWriter {
    try ContainerWriter(
      fileSystem: fileSystem, temporaryName: temporaryName, kind: .index, collection: collection,
      features: FeatureBits(), headerFields: header.encode(), blockSize: blockSize)
  }

  /// Opens the index file that a manifest entry names, and proves that it was derived from the segment as it is.
  ///
  /// `newestLayout` is the newest version of the kind's layout that the caller reads; `name` stands in for the file's
  /// own name while it is still in `tmp/`.
  /// - Throws: `.corruption` for damage and for an index of other rows, `.unsupported` for a newer layout.
  package static func open(
    _ fileSystem: any FileSystem, _ entry: IndexEntry, of segment: SegmentEntry,
    _ identity: CollectionIdentity, newestLayout: UInt32, name: String? = nil
  ) throws(StorageError) -> (file: ContainerFile, header: IndexHeader) {
    let file = try ContainerFile.open(
      fileSystem: fileSystem, name: name ?? FileNames.index(entry.number), kind: .index,
      collection: identity.uuid, expectedBytes: entry.bytes, expectedFooterCRC: entry.footerCRC)
    func damage(_ expected: String, _ found: String) -> StorageError {
      .corruption(
        CorruptionError(path: file.name, section: "header", offset: 64, expected: expected, found: found))
    }
    guard let header = IndexHeader(file.headerFields) else {
      throw damage("the fields of an index file", "other bytes")
    }
    guard header.kind == entry.kind else { throw damage("an index of kind \(entry.kind)", header.kind) }
    guard header.layout >= 1, header.layout <= newestLayout else {
      throw .unsupported(
        UnsupportedFormat(
          path: file.name, reason: .indexLayout(kind: header.kind, found: header.layout, newest: newestLayout)
        ))
    }
    guard header.segment == segment.number, header.rows == segment.rows,
      header.segmentHash == segment.sha256, header.contentHash == segment.contentHash
    else {
      throw damage(
        "an index of segment \(segment.number) with SHA-256 \(segment.sha256.hex)",
        "one of segment \(header.segment) with SHA-256 \(header.segmentHash.hex)")
    }
    guard header.dimension == identity.dimension, header.elementType == identity.elementType,
      header.metric == identity.metric
    else { throw damage("the collection's dimension, element type and metric", "others") }
    return (file, header)
  }
}
