package import FileStorage
import MetadataFilters
import VectorMath

/// What `info` says of one log file.
package struct LogSummary: Sendable {
  package let number: UInt64
  package let bytes: UInt64
  package let transactions: Int
  package let records: Int
  package let firstLSN: UInt64
  /// One below `firstLSN` when the log holds no transaction.
  package let lastLSN: UInt64
}

/// What a collection is and holds, from its manifest and the log's last commit; no segment is opened.
package struct CollectionInfo: Sendable {
  package let identity: CollectionIdentity
  package let settings: CollectionSettings
  package let manifest: Manifest
  /// LSN of the last committed transaction.
  package let lastLSN: UInt64
  package let liveRows: UInt64
  /// Rows in segments that are no longer live.
  package let deadRows: UInt64
  /// Transactions and bytes that stand in the log.
  package let logTransactions: Int
  package let logRecords: Int
  package let logBytes: UInt64
  package let logState: LogContents.State
  /// The logs that the newest version needs, oldest first.
  package let logs: [LogSummary]
  /// Size of the newest version's manifest.
  package let manifestBytes: UInt64
  /// Versions whose manifests are kept, oldest first.
  package let versions: [UInt64]
  /// Bytes of all files that the newest version names, the log included.
  package let storedBytes: UInt64
  /// Bytes of vectors, ids and metadata cannot be told apart here; this is rows times the size of a vector.
  package let vectorBytes: UInt64

  /// Reads what `info` and `list` show.
  ///
  /// - Complexity: O(manifest + log).
  package static func read(_ collection: Collection) throws(DatabaseError) -> CollectionInfo {
    let (manifest, pin) = try PinnedManifest.newest(collection)
    defer { withExtendedLifetime(pin) {} }
    let store = collection.manifests
    let logs = try LogFiles.read(manifest, collection.fileSystem, collection.identity)
    let last = logs.last { !$0.transactions.isEmpty }?.transactions.last
    let segmentRows = manifest.segments.reduce(UInt64(0)) { $0 + $1.rows }
    let segmentLive = manifest.segments.reduce(UInt64(0)) { $0 + $1.live }
    let logBytes = logs.reduce(UInt64(0)) { $0 + UInt64($1.bytes.count) }
    let segmentBytes = manifest.segments.reduce(UInt64(0)) { $0 + $1.bytes + ($1.deletion?.bytes ?? 0) }
    let indexBytes = manifest.indexes.reduce(UInt64(0)) { $0 + $1.bytes }
    let manifestName = FileNames.manifest(manifest.version)
    let manifestBytes = try liftedFile { () throws(FileError) in
      try collection.fileSystem.status(manifestName)?.size ?? 0
    }
    return CollectionInfo(
      identity: collection.identity, settings: collection.settings, manifest: manifest,
      lastLSN: last?.lsn ?? manifest.lastLSN, liveRows: last?.liveRows ?? segmentLive,
      deadRows: segmentRows - segmentLive, logTransactions: logs.reduce(0) { $0 + $1.transactions.count },
      logRecords: logs.reduce(0) { sum, log in sum + log.transactions.reduce(0) { $0 + $1.operations.count }
      },
      logBytes: logBytes, logState: logs.last?.state ?? .sealed,
      logs: logs.map {
        LogSummary(
          number: $0.header.number, bytes: UInt64($0.bytes.count), transactions: $0.transactions.count,
          records: $0.recordCount, firstLSN: $0.header.firstLSN, lastLSN: $0.lastLSN)
      },
      manifestBytes: manifestBytes,
      versions: try lifted { () throws(StorageError) in try store.versions() },
      storedBytes: segmentBytes + indexBytes + logBytes,
      vectorBytes: (last?.liveRows ?? segmentLive) * UInt64(collection.identity.vectorBytes))
  }
}

/// One entry of a collection's history.
package enum HistoryEntry: Sendable {
  case version(Manifest)
  case transaction(LogTransaction)
}

extension Collection {
  /// The versions whose manifests are kept and the transactions of the log, oldest first.
  package func history() throws(DatabaseError) -> [HistoryEntry] {
    let (newest, pin) = try PinnedManifest.newest(self)
    defer { withExtendedLifetime(pin) {} }
    var entries: [HistoryEntry] = []
    let store = manifests
    for version in try lifted({ () throws(StorageError) in try store.versions() }) {
      if version > newest.version { continue }
      do throws(StorageError) {
        entries.append(.version(try store.load(version)))
      } catch .file(let error) where error.code == ErrorCode.noSuchFile {
        continue
      } catch {
        throw .storage(error)
      }
    }
    for log in try LogFiles.read(newest, fileSystem, identity) {
      entries.append(contentsOf: log.transactions.map { .transaction($0) })
    }
    return entries
  }
}

extension Snapshot {
  /// The order-independent hash of all live rows: equal for equal contents, however they are stored.
  ///
  /// Sum modulo 2^256 of each row's SHA-256 over id type, id, stored vector and canonical metadata.
  /// - Complexity: O(segments) plus the rows that the log holds or replaces.
  package func contentHash() throws(DatabaseError) -> Digest256 {
    var sum = Digest256.zero
    for live in state.segments {
      sum = sum + live.entry.contentHash
      for row in live.dead.rowNumbers {
        let digest = try lifted { () throws(StorageError) in try live.segment.contentHash(ofRow: row) }
        sum = sum - digest
      }
    }
    for (index, entry) in state.tail.entries.enumerated() where entry.isLiveRow {
      let digest = unsafe state.tail.withEntry(index) { id, vector, metadata in
        unsafe RowContent.hash(
          idType: collection.settings.idType, id: id, elements: vector, metadata: metadata)
      }
      sum = sum + digest
    }
    return sum
  }

  /// Calls `body` with every live row in order of arrival until it returns false.
  ///
  /// The first `skipping` rows are passed over; with `inStorageOrder` the rows of a segment come as they lie in
  /// its file.
  package func forEachRow(
    skipping: Int = 0, inStorageOrder: Bool = false, _ body: (RowLocation) throws(DatabaseError) -> Bool
  ) throws(DatabaseError) {
    var toSkip = skipping
    for (index, live) in state.segments.enumerated() {
      if toSkip >= live.liveCount {
        toSkip -= live.liveCount
        continue
      }
      let order = inStorageOrder ? [] : try Snapshot.arrivalOrder(live.segment)
      for place in 0..<live.segment.rows {
        let row = order.isEmpty ? place : order[place]
        if live.dead.contains(row) { continue }
        if toSkip > 0 {
          toSkip -= 1
          continue
        }
        if try !body(.segment(index, row: row)) { return }
      }
    }
    for (index, entry) in state.tail.entries.enumerated() where entry.isLiveRow {
      if toSkip > 0 {
        toSkip -= 1
        continue
      }
      if try !body(.tail(index)) { return }
    }
  }

  /// The rows of a segment by their place in the order of arrival; empty when they lie in that order.
  static func arrivalOrder(_ segment: Segment) throws(DatabaseError) -> [Int] {
    guard !segment.isInArrivalOrder else { return [] }
    var places: [(arrival: UInt32, row: Int)] = []
    places.reserveCapacity(segment.rows)
    for row in 0..<segment.rows {
      places.append((try lifted { () throws(StorageError) in try segment.arrival(row) }, row))
    }
    places.sort { $0.arrival < $1.arrival }
    return places.map(\.row)
  }
}
