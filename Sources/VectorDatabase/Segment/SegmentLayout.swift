package import FileStorage
package import MetadataFilters
package import VectorMath

// A segment file: a container of kind SEGM with 16 KiB blocks. Row numbers run from 0 in the order of the vectors.
//
// Header fields (16 bytes)                     Footer fields (64 bytes)
//   0   4  u32 dimensions                        0   8  u64 rows, at most 2^32 - 1
//   4   1  u8 element type                       8   8  u64 least LSN of a row, 0 without rows
//   5   1  u8 metric                             16  8  u64 greatest LSN of a row, 0 without rows
//   6   1  u8 id type                            24 32  content hash: sum of the rows' hashes modulo 2^256
//   7   1  zero                                  56  1  u8 log2 of the hash index's home slots
//   8   4  u32 bytes from vector to vector       57  7  zero
//   12  4  u32 bytes a payload block may have
//
// Sections
//   VECT  the vectors, exact stride, 4096-aligned; bits behind the last of a vector of bits are zero
//   NORM  f32 Euclidean norm of each vector; cosine only
//   IDOF  string ids only: u32 (or u64) offset of each id in IDS0, and the end of the last
//   IDS0  the ids: UTF-8 text, 8-byte integers or 16-byte UUIDs
//   IDHX  hash index of the ids (see IDHashIndex)
//   LSNS  u64 LSN of each row; a single value when all are equal
//   TIME  column 0: i64 nanoseconds of creation, column 1: of the last update; a single value when all are equal
//   ARRV  u32 arrival number of each row; only when some row's differs from its row number
//   PAYO  directory of the payload blocks, PAYL the blocks (see PayloadBlocks); absent when no row has metadata
//   and the metadata columns.
//
// A row's content hash is SHA-256 of: u8 id type, u32 length of the id, the id, the vector's bytes, canonical JSON of the
// metadata (`{}` when there is none).

extension SectionName {
  static let vectors: SectionName = "VECT"
  static let norms: SectionName = "NORM"
  static let idOffsets: SectionName = "IDOF"
  static let ids: SectionName = "IDS0"
  static let idIndex: SectionName = "IDHX"
  static let sequenceNumbers: SectionName = "LSNS"
  static let times: SectionName = "TIME"
  static let arrival: SectionName = "ARRV"
  static let payloadDirectory: SectionName = "PAYO"
  static let payload: SectionName = "PAYL"
}

/// What every row of a collection looks like: dimension, element type, metric, id type.
package struct SegmentShape: Equatable, Sendable {
  /// Numbers in a vector.
  package let dimension: Int
  /// How one number is stored.
  package let elementType: ElementType
  /// What "near" means; decides whether norms are stored.
  package let metric: Metric
  /// What the ids are.
  package let idType: IDType

  /// Makes a shape from its parts.
  package init(dimension: Int, elementType: ElementType, metric: Metric, idType: IDType) {
    self.dimension = dimension
    self.elementType = elementType
    self.metric = metric
    self.idType = idType
  }

  /// Takes the shape from a collection's identity, which may hold codes that this program does not know.
  package init(_ identity: CollectionIdentity) throws(StorageError) {
    guard let elementType = ElementType(rawValue: identity.elementType),
      let metric = Metric(rawValue: identity.metric), let idType = IDType(rawValue: identity.idType),
      supportedDimensions.contains(Int(identity.dimension)), elementType.metrics.contains(metric)
    else {
      throw .corruption(
        CorruptionError(
          path: CollectionIdentity.fileName, section: "identity", offset: 72,
          expected: "known codes of dimension, element, metric and id",
          found: "\(identity.dimension), \(identity.elementType), \(identity.metric), \(identity.idType)"))
    }
    self.init(dimension: Int(identity.dimension), elementType: elementType, metric: metric, idType: idType)
  }

  /// Bytes from one vector to the next.
  package var stride: Int { elementType.storedBytes(dimension: dimension) }

  /// The header fields of a segment of this shape.
  func headerFields() -> [UInt8] {
    var fields: [UInt8] = []
    fields.appendLittleEndian(UInt32(truncatingIfNeeded: dimension))
    fields += [elementType.rawValue, metric.rawValue, idType.rawValue, 0]
    fields.appendLittleEndian(UInt32(truncatingIfNeeded: stride))
    fields.appendLittleEndian(UInt32(PayloadBlocks.sizeLimit))
    return fields
  }
}

/// The footer fields of a segment: what is known only when its last row has been written.
struct SegmentFooter: Equatable {
  var rows: UInt64
  var minimumLSN: UInt64
  var maximumLSN: UInt64
  var contentHash: Digest256
  var homeBits: UInt8

  static let size = 64

  func encode() -> [UInt8] {
    var fields: [UInt8] = []
    fields.appendLittleEndian(rows)
    fields.appendLittleEndian(minimumLSN)
    fields.appendLittleEndian(maximumLSN)
    fields += contentHash.bytes
    fields.append(homeBits)
    fields += [UInt8](repeating: 0, count: 7)
    return fields
  }

  /// Nil when the bytes are no footer fields.
  init?(_ fields: [UInt8]) {
    guard fields.count == Self.size, fields[57...].allSatisfy({ $0 == 0 }),
      let hash = Digest256(bytes: [UInt8](fields[24..<56]))
    else { return nil }
    rows = fields.littleEndian(at: 0, as: UInt64.self)
    minimumLSN = fields.littleEndian(at: 8, as: UInt64.self)
    maximumLSN = fields.littleEndian(at: 16, as: UInt64.self)
    contentHash = hash
    homeBits = fields[56]
    guard rows <= UInt64(UInt32.max), homeBits <= 33 else { return nil }
  }

  init(rows: UInt64, minimumLSN: UInt64, maximumLSN: UInt64, contentHash: Digest256, homeBits: UInt8) {
    self.rows = rows
    self.minimumLSN = minimumLSN
    self.maximumLSN = maximumLSN
    self.contentHash = contentHash
    self.homeBits = homeBits
  }
}

/// The hash of one row's content.
package enum RowContent {
  /// SHA-256 over id type, id, vector bytes and canonical JSON; empty metadata counts as `{}`.
  package static func hash(
    idType: IDType, id: UnsafeRawBufferPointer, elements: UnsafeRawBufferPointer,
    metadata: UnsafeRawBufferPointer
  ) -> Digest256 {
    var sha = SHA256()
    sha.update(idType.rawValue)
    sha.update(UInt32(truncatingIfNeeded: id.count))
    unsafe sha.update(id)
    unsafe sha.update(elements)
    if metadata.count == 0 {
      sha.update(UInt8(ascii: "{"))
      sha.update(UInt8(ascii: "}"))
    } else {
      unsafe sha.update(metadata)
    }
    return sha.finalize()
  }
}
