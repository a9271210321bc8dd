package import FileStorage
package import MetadataFilters
import VectorMath

/// One segment as a reader or writer sees it: its file and the rows in it that are no longer there.
struct LiveSegment: Sendable {
  var entry: SegmentEntry
  let segment: Segment
  /// Rows deleted by the manifest's deletion file or replaced by the log.
  var dead: RowSet
  /// How many rows of `dead` the manifest's deletion file holds.
  var recordedDead: Int

  var liveCount: Int { segment.rows - dead.count }
}

/// Where the current version of a row lies.
package enum RowLocation: Equatable, Sendable {
  case segment(Int, row: Int)
  case tail(Int)
}

/// A manifest, its open segments and the log's tail: the rows of one state of a collection.
///
/// Each id is live in at most one place: a put or delete in the tail marks the row that it replaces in its segment as dead.
package struct CollectionState: Sendable {
  package internal(set) var manifest: Manifest
  var segments: [LiveSegment]
  package internal(set) var tail: LogTail
  /// LSN of the last committed transaction.
  package internal(set) var lastLSN: UInt64
  package let settings: CollectionSettings

  /// Rows that searches see.
  package var liveCount: Int { segments.reduce(tail.liveCount) { $0 + $1.liveCount } }

  /// Opens the segments and deletion files that a manifest names.
  static func open(
    _ manifest: Manifest, _ collection: Collection, reusing old: CollectionState? = nil
  ) throws(DatabaseError) -> CollectionState {
    let fs = collection.fileSystem
    let identity = collection.identity
    var segments: [LiveSegment] = []
    segments.reserveCapacity(manifest.segments.count)
    for entry in manifest.segments {
      let known = old?.segments.first { $0.entry.number == entry.number }?.segment
      let segment: Segment
      if let known {
        segment = known
      } else {
        segment = try lifted { () throws(StorageError) in try Segment.open(fs, entry, identity) }
      }
      var dead = RowSet(count: segment.rows)
      if let deletion = entry.deletion {
        dead = try lifted { () throws(StorageError) in
          try DeletionFile.readRows(fs, entry, deletion, collection: identity.uuid)
        }
      }
      segments.append(LiveSegment(entry: entry, segment: segment, dead: dead, recordedDead: dead.count))
    }
    let tail = LogTail(key: identity.uuid, vectorBytes: identity.vectorBytes)
    return CollectionState(
      manifest: manifest, segments: segments, tail: tail, lastLSN: manifest.lastLSN,
      settings: collection.settings)
  }

  /// Applies the transactions of one log file.
  mutating func apply(_ log: LogContents) throws(DatabaseError) {
    guard !log.transactions.isEmpty else { return }
    let base = tail.addBytes(log.bytes)
    for transaction in log.transactions {
      for (lsn, operation) in transaction.operations {
        try apply(operation, base: base, lsn: lsn, updated: transaction.nanoseconds)
      }
      lastLSN = transaction.lsn
    }
  }

  /// Applies one operation whose bytes were added to the tail at `base`.
  mutating func apply(_ operation: LogOperation, base: Int, lsn: UInt64, updated: Int64) throws(DatabaseError)
  {
    tail.append(operation, base: base, lsn: lsn, updated: updated)
    let index = tail.entries.count - 1
    let hash = tail.entries[index].hash
    let found = try unsafe tail.withEntry(index) { (id, _, _) throws(DatabaseError) in
      try unsafe findInSegments(id, hash: hash)
    }
    if let (segment, row) = found { segments[segment].dead.insert(row) }
  }

  /// The row of an id in a segment, unless it is dead.
  func findInSegments(_ id: UnsafeRawBufferPointer, hash: UInt64) throws(DatabaseError) -> (Int, Int)? {
    for index in segments.indices.reversed() {
      let live = segments[index]
      let row = try lifted { () throws(StorageError) in try unsafe live.segment.row(forID: id, hash: hash) }
      if let row, !live.dead.contains(row) { return (index, Int(row)) }
    }
    return nil
  }

  /// Where an id's current row lies; nil when there is none.
  package func find(_ id: UnsafeRawBufferPointer) throws(DatabaseError) -> RowLocation? {
    let hash = unsafe tail.hash(of: id)
    if let index = unsafe tail.find(id, hash: hash) {
      return tail.entries[index].isLiveRow ? .tail(index) : nil
    }
    guard let (segment, row) = try unsafe findInSegments(id, hash: hash) else { return nil }
    return .segment(segment, row: row)
  }

  /// Where an id's current row lies; nil when there is none.
  package func find(_ id: RecordID) throws(DatabaseError) -> RowLocation? {
    try unsafe id.bytes.withUnsafeBufferPointer { (bytes) throws(DatabaseError) in
      try unsafe find(UnsafeRawBufferPointer(bytes))
    }
  }
}

extension CollectionIdentity {
  /// Bytes of one stored vector.
  package var vectorBytes: Int {
    (ElementType(rawValue: elementType) ?? .f32).storedBytes(dimension: Int(dimension))
  }
}

extension CollectionState {
  /// Takes over a log's tail, marking the segment rows that it replaces.
  mutating func reapply(_ tail: LogTail) throws(DatabaseError) {
    self.tail = tail
    for index in tail.entries.indices where tail.entries[index].isCurrent {
      let hash = tail.entries[index].hash
      let found = try unsafe tail.withEntry(index) { (id, _, _) throws(DatabaseError) in
        try unsafe findInSegments(id, hash: hash)
      }
      if let (segment, row) = found { segments[segment].dead.insert(row) }
    }
  }
}
