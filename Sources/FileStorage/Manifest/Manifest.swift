/// One version of a collection: which files hold it, and what it was made from.
///
/// Immutable once committed. Versions form a chain: each holds the hash of the one it was made from.
package struct Manifest: Equatable, Sendable {
  /// Number of the version, at least 1; also the file's name.
  package var version: UInt64
  /// The version it was made from, below `version`; 0 for the first.
  package var parentVersion: UInt64
  /// The parent's `hash`; zero for the first.
  package var parentHash: Digest256
  /// When it was made, nanoseconds since 1970.
  package var nanoseconds: Int64
  /// Transactions with a lower LSN stand in segments, those from it on in logs; at least 1.
  package var walStartLSN: UInt64
  /// Lowest number of a log that is needed, at most `nextNumber`.
  package var firstLog: UInt64
  /// LSN of the last transaction committed when the version was made; at least `walStartLSN - 1`.
  package var lastLSN: UInt64
  /// How it was made: 1 restore, 2 repair, 4 upgrade.
  package var flags: UInt32
  /// The next number for a segment, index or log; above every number that the manifest names.
  package var nextNumber: UInt64
  /// The collection's settings.
  package var settings: [String: String]
  /// The segments, oldest rows first.
  package var segments: [SegmentEntry]
  /// The index files, at most one of each kind for a segment.
  package var indexes: [IndexEntry]
  /// What a program must know to use any of the files.
  package var features: FeatureBits
  /// SHA-256 of the file `VDB` as it was written.
  package var identityHash: Digest256
  /// Rows in segments that are not deleted: the sum over `segments`.
  ///
  /// What is in the log comes on top.
  package var liveRows: UInt64
  /// Rows in segments, deleted ones included: the sum over `segments`.
  package var totalRows: UInt64
  /// The process that made the version.
  package var writer: WriterInfo
  /// What made the version ("import", "compact").
  package var operation: String
  /// SHA-256 over the file, its last 32 bytes: names the collection's whole content at this version.
  ///
  /// Set by the codec.
  package var hash: Digest256

  /// An empty collection's first version.
  package init(firstVersionOf identity: CollectionIdentity, identityHash: Digest256) {
    version = 1
    parentVersion = 0
    parentHash = .zero
    nanoseconds = identity.createdNanoseconds
    walStartLSN = 1
    firstLog = 1
    lastLSN = 0
    flags = 0
    nextNumber = 1
    settings = [:]
    segments = []
    indexes = []
    features = identity.features
    self.identityHash = identityHash
    liveRows = 0
    totalRows = 0
    writer = WriterInfo(vdb: identity.creator, host: "", userID: 0, processID: 0, command: "")
    operation = "create"
    hash = .zero
  }
}

/// A process that wrote, as it told of itself.
///
/// Never trusted.
package struct WriterInfo: Equatable, Sendable {
  /// The program and its version.
  package var vdb: String
  /// The machine's name.
  package var host: String
  package var userID: Int64
  package var processID: Int64
  /// The command's name, without arguments.
  package var command: String

  package init(vdb: String, host: String, userID: Int64, processID: Int64, command: String) {
    self.vdb = vdb
    self.host = host
    self.userID = userID
    self.processID = processID
    self.command = command
  }
}

/// One segment file in a manifest.
package struct SegmentEntry: Equatable, Sendable {
  /// The most rows of a segment.
  package static let maximumRows = UInt64(UInt32.max)

  package var number: UInt64
  /// The file's size.
  package var bytes: UInt64
  /// SHA-256 of the file.
  package var sha256: Digest256
  /// CRC-32C of the file's footer, which open checks.
  package var footerCRC: UInt32
  /// Rows in the file, 1...2^32 - 1.
  package var rows: UInt64
  /// Rows that `deletion` leaves.
  package var live: UInt64
  /// The lowest and the highest LSN of a row.
  package var minLSN, maxLSN: UInt64
  /// Sum of all rows' content hashes.
  package var contentHash: Digest256
  /// Which rows are deleted; nil when none is.
  package var deletion: DeletionEntry?

  package init(
    number: UInt64, bytes: UInt64, sha256: Digest256, footerCRC: UInt32, rows: UInt64, live: UInt64,
    minLSN: UInt64,
    maxLSN: UInt64, contentHash: Digest256, deletion: DeletionEntry? = nil
  ) {
    self.number = number
    self.bytes = bytes
    self.sha256 = sha256
    self.footerCRC = footerCRC
    self.rows = rows
    self.live = live
    self.minLSN = minLSN
    self.maxLSN = maxLSN
    self.contentHash = contentHash
    self.deletion = deletion
  }
}

/// One deletion file in a manifest; it belongs to the segment whose entry holds it.
package struct DeletionEntry: Equatable, Sendable {
  /// 1 or more, below 2^32; part of the file's name.
  package var generation: UInt64
  /// The file's size.
  package var bytes: UInt64
  /// SHA-256 of the file.
  package var sha256: Digest256
  /// CRC-32C of the file's footer.
  package var footerCRC: UInt32
  /// Deleted rows, at least 1.
  package var count: UInt64
  /// Sum of the deleted rows' content hashes.
  package var contentHash: Digest256

  package init(
    generation: UInt64, bytes: UInt64, sha256: Digest256, footerCRC: UInt32, count: UInt64,
    contentHash: Digest256
  ) {
    self.generation = generation
    self.bytes = bytes
    self.sha256 = sha256
    self.footerCRC = footerCRC
    self.count = count
    self.contentHash = contentHash
  }
}

/// One index file in a manifest.
package struct IndexEntry: Equatable, Sendable {
  package var number: UInt64
  /// 1 to 32 of the characters `a-z0-9-`.
  package var kind: String
  /// The number of the segment that it covers.
  package var segment: UInt64
  /// The file's size.
  package var bytes: UInt64
  /// SHA-256 of the file.
  package var sha256: Digest256
  /// CRC-32C of the file's footer.
  package var footerCRC: UInt32

  package init(
    number: UInt64, kind: String, segment: UInt64, bytes: UInt64, sha256: Digest256, footerCRC: UInt32
  ) {
    self.number = number
    self.kind = kind
    self.segment = segment
    self.bytes = bytes
    self.sha256 = sha256
    self.footerCRC = footerCRC
  }
}
