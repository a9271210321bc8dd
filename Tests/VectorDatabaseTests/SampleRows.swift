import FileStorage
import MetadataFilters
import TestSupport
import VectorDatabase
import VectorMath

/// Random rows of one shape, and what must come back when they are read.
struct SampleRows {
  let identity: CollectionIdentity
  let idType: IDType
  var ids: [RecordID] = []
  var vectors: [[Float]] = []
  var metadata: [[UInt8]] = []

  init(
    _ count: Int, dimension: Int, elementType: ElementType = .f32, metric: Metric = .cosine,
    idType: IDType = .string, seed: UInt64, metadataSize: Int = 40
  ) {
    self.idType = idType
    identity = CollectionIdentity(
      uuid: UUID16(high: seed, low: 99), createdNanoseconds: 1, dimension: UInt32(dimension),
      elementType: elementType.rawValue, metric: metric.rawValue, idType: idType.rawValue, creator: "test")
    var random = TestSupport.SeededGenerator(seed: seed)
    for row in 0..<count {
      switch idType {
      case .string:
        let tail = String(repeating: "ä", count: random.below(20))
        ids.append(RecordID(bytes: Array("row \(row) \(tail)".utf8), type: .string))
      case .int64:
        ids.append(RecordID(int64: Int64(bitPattern: UInt64(row + 1) &* 0x9E37_79B9_7F4A_7C15)))
      case .uuid:
        let tail = [UInt8(truncatingIfNeeded: row >> 8), UInt8(truncatingIfNeeded: row)]
        ids.append(RecordID(bytes: random.bytes(14) + tail, type: .uuid))
      }
      vectors.append(
        (0..<dimension).map { _ in
          switch elementType {
          // Halves keep these values exactly.
          case .f32, .f16: Float(random.below(2047) - 1023) / 64
          case .i8: Float(random.below(256) - 128)
          case .u8: Float(random.below(256))
          case .bit: Float(random.below(2))
          }
        })
      if random.oneIn(4) {
        metadata.append([])
      } else {
        let text = String(repeating: "x", count: random.below(metadataSize))
        metadata.append(Array(#"{"n":\#(random.below(9)),"t":"\#(text)"}"#.utf8))
      }
    }
  }

  var count: Int { ids.count }

  func batch() -> RecordBatch {
    var batch = RecordBatch(dimension: Int(identity.dimension), idType: idType)
    for row in 0..<count { batch.append(id: ids[row], vector: vectors[row], metadata: metadata[row]) }
    return batch
  }

  /// The vector's bytes as they are stored.
  func elements(_ row: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    for (index, value) in vectors[row].enumerated() {
      switch identity.elementType {
      case 0: bytes.appendLittleEndian(value.bitPattern)
      case 1: bytes.appendLittleEndian(halfFromFloat([value])[0])
      case 3: bytes.append(UInt8(bitPattern: Int8(value)))
      case 4: bytes.append(UInt8(value))
      default:
        if index % 8 == 0 { bytes.append(0) }
        bytes[index / 8] |= UInt8(value) << UInt8(index % 8)
      }
    }
    return bytes
  }

  func append(
    to builder: SegmentBuilder, _ row: Int, lsn: UInt64, created: Int64, updated: Int64,
    arrival: UInt32? = nil
  ) throws {
    try ids[row].bytes.withUnsafeBytes { id in
      try elements(row).withUnsafeBytes { vector in
        try metadata[row].withUnsafeBytes { metadata in
          try builder.append(
            id: id, vector: vector, metadata: metadata, lsn: lsn, created: created, updated: updated,
            arrival: arrival)
        }
      }
    }
  }

  static func fileSystem() throws -> SimulatedFileSystem {
    let fileSystem = SimulatedFileSystem()
    try fileSystem.makeFolder("tmp")
    return fileSystem
  }

  func build(
    _ fileSystem: any FileSystem, name: String = "tmp/s", threads: Int = 1, homeBits: Int? = nil,
    windowBits: Int? = nil
  ) throws -> SegmentBuilder.Result {
    let builder = try SegmentBuilder(
      fileSystem, identity, temporaryName: name, homeBits: homeBits, windowBits: windowBits)
    try builder.append(batch(), rows: 0..<count, lsn: 5, created: 6, updated: 7, threads: threads)
    return try builder.finish()
  }

  static func bytes(_ fileSystem: any FileSystem, _ name: String) throws -> [UInt8] {
    let file = try OpenFile(fileSystem, name, .reading)
    return try file.readBytes(at: 0, count: Int(try file.size()))
  }

  /// Everything that can be read of a segment, as a list of answers; an answer that fails is nil.
  func answers(_ segment: Segment) -> [[UInt8]?] {
    var answers: [[UInt8]?] = []
    func add(_ body: () throws -> [UInt8]) { answers.append(try? body()) }
    func number(_ value: some FixedWidthInteger) -> [UInt8] {
      var bytes: [UInt8] = []
      bytes.appendLittleEndian(value)
      return bytes
    }
    for row in 0..<segment.rows {
      add { try [UInt8](segment.idBytes(row)) }
      add { try [UInt8](segment.vectors(row..<row + 1)) }
      add { try [UInt8](segment.metadataBytes(row)) }
      add { number(try segment.norm(row).bitPattern) }
      add { number(try segment.lsn(row)) }
      add { number(try segment.created(row)) + number(try segment.updated(row)) }
      add { number(try segment.arrival(row)) }
      if row < ids.count { add { number(try segment.row(forID: ids[row]) ?? .max) } }
    }
    add { number(try segment.row(forID: RecordID(bytes: Array("none".utf8), type: .string)) ?? .max) }
    return answers
  }
}
