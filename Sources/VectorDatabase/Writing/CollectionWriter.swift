import FileStorage
import MetadataFilters
import VectorMath

/// What a command demands of the state it is about to change.
package struct StateCondition: Equatable, Sendable {
  package var version: UInt64?
  package var lsn: UInt64?

  package init(version: UInt64? = nil, lsn: UInt64? = nil) {
    self.version = version
    self.lsn = lsn
  }

  func check(version found: UInt64, lsn foundLSN: UInt64) throws(DatabaseError) {
    if let version, version != found {
      throw .conditionFailed(what: "version", expected: version, found: found)
    }
    if let lsn, lsn != foundLSN { throw .conditionFailed(what: "LSN", expected: lsn, found: foundLSN) }
  }
}

/// What a durable change did.
package struct CommitReceipt: Equatable, Sendable {
  /// LSN of the last transaction.
  package var lsn: UInt64
  package var version: UInt64
  /// Rows that did not exist before.
  package var inserted: UInt64 = 0
  /// Rows that took the place of an older one.
  package var replaced: UInt64 = 0
  /// Rows left out because their id existed.
  package var ignored: UInt64 = 0
  package var deleted: UInt64 = 0

  package init(lsn: UInt64, version: UInt64) {
    self.lsn = lsn
    self.version = version
  }
}

/// The one process that changes a collection: holds the writer lock from `init` to `close`.
///
/// Every method that returns has made its change durable; one that throws has changed nothing, except that after a
/// failed flush the last transaction is unknown and the writer is poisoned. Not for use from several threads.
package final class CollectionWriter {
  package let collection: Collection
  package internal(set) var state: CollectionState
  let fs: any FileSystem
  let store: ManifestStore
  let origin: CommandOrigin
  let creator: String
  private var lock: LockHold?
  var log: LogWriter?
  var lastLog: LogContents?
  /// Why a checkpoint of a full log, or sealing it at the end, did not work; nil when all went well.
  ///
  /// Nothing is lost by it: what was committed is durable in the log, and the next writer tries again.
  package private(set) var upkeepFailure: DatabaseError?

  /// Takes the writer lock and brings the newest state into memory.
  ///
  /// `condition`: Checked once the lock is held; `.conditionFailed` leaves everything as it is.
  /// `isRehearsal`: Leaves even notes and leftovers of others as they are, for a run that must change nothing.
  /// `patience`: Decides how long a held lock is waited for.
  package init(
    _ collection: Collection, origin: CommandOrigin, creator: String,
    condition: StateCondition = StateCondition(), isRehearsal: Bool = false, patience: LockPatience
  ) throws(DatabaseError) {
    self.collection = collection
    self.origin = origin
    self.creator = creator
    fs = collection.fileSystem
    store = collection.manifests
    lock = try LockHold.taking(fs, .writing, patience: patience)
    let fileSystem = fs
    let manifestStore = store
    guard let version = try lifted({ () throws(StorageError) in try manifestStore.newestVersion() }) else {
      throw try Collection.withoutVersion(fs)
    }
    let manifest = try lifted { () throws(StorageError) in try manifestStore.load(version) }
    try lifted { () throws(StorageError) in
      try manifest.features.check(path: FileNames.manifest(version), forWriting: true)
    }
    try lifted { () throws(StorageError) in
      try collection.identity.features.check(path: CollectionIdentity.fileName, forWriting: true)
    }
    state = try CollectionState.open(manifest, collection)
    let logs = try LogFiles.read(manifest, fileSystem, collection.identity)
    for contents in logs { try state.apply(contents) }
    lastLog = logs.last
    try condition.check(version: version, lsn: state.lastLSN)
    if isRehearsal { return }
    try PinnedManifest.makeDurable(manifest, fileSystem)
    LockInfo.write(fs, origin)
    GarbageCollector.sweepTemporaryFiles(fs)
  }

  package var version: UInt64 { state.manifest.version }
  package var lsn: UInt64 { state.lastLSN }

  /// A receipt of the present state.
  func receipt() -> CommitReceipt { CommitReceipt(lsn: state.lastLSN, version: state.manifest.version) }

  /// The log, open for appending; a torn tail is cut first.
  func openLog() throws(DatabaseError) -> LogWriter {
    if let log { return log }
    guard let contents = lastLog else {
      throw .storage(
        .corruption(
          CorruptionError(path: "wal", section: "folder", offset: nil, expected: "a log", found: "none")))
    }
    let opened = try lifted { () throws(StorageError) in try LogWriter.resume(fs, contents) }
    adopt(opened)
    return opened
  }

  /// Makes a log the one that transactions are committed to.
  func adopt(_ opened: LogWriter) {
    opened.processID = UInt32(truncatingIfNeeded: origin.processID)
    opened.userID = UInt32(truncatingIfNeeded: origin.userID)
    log = opened
    lastLog = nil
  }

  /// Commits one transaction durably and applies it to the state.
  ///
  /// Checkpoints when the log has grown past its limits: before, if another writer left it so, and afterwards.
  func commit(_ batch: LogBatch, liveRowsAfter: Int) throws(DatabaseError) {
    let limit = Limits.largestTransaction
    guard batch.bytes.count <= limit, !batch.isTooLarge else {
      throw .transactionTooLarge(bytes: UInt64(batch.bytes.count), limit: UInt64(limit))
    }
    try requireFreeSpace(UInt64(batch.bytes.count))
    checkpointIfFull()
    let now = fs.now()
    let log = try openLog()
    let lsn = try lifted { () throws(StorageError) in
      try log.commit(
        batch, nanoseconds: now, liveRowsAfter: UInt64(liveRowsAfter), command: origin.command)
    }
    let base = state.tail.addBytes(batch.bytes)
    var next = lsn - UInt64(batch.operations.count)
    for operation in batch.operations {
      try state.apply(operation, base: base, lsn: next, updated: now)
      next += 1
    }
    state.lastLSN = lsn
    checkpointIfFull()
  }

  /// Checkpoints when the log has grown past its limits.
  ///
  /// The limits are soft, and a change that is durable does not fail because of them.
  private func checkpointIfFull() {
    let limits = Limits(state.manifest.settings)
    let size = log?.size ?? lastLog?.validEnd ?? 0
    guard upkeepFailure == nil, size > limits.logBytes || UInt64(state.tail.entries.count) > limits.logRecords
    else { return }
    do throws(DatabaseError) { try checkpoint() } catch { upkeepFailure = error }
  }

  /// Refuses a change that would leave less than `quota.min-free` on the disk, before anything is written.
  func requireFreeSpace(_ bytes: UInt64) throws(DatabaseError) {
    let limits = Limits(state.manifest.settings)
    guard limits.minimumFree > 0 else { return }
    let free = try liftedFile { () throws(FileError) in try fs.freeSpace() }
    let (wanted, overflow) = bytes.addingReportingOverflow(limits.minimumFree)
    if overflow || free < wanted {
      throw .quotaExceeded(key: "quota.min-free", limit: limits.minimumFree, wanted: bytes)
    }
  }

  /// Refuses a change after which the collection would hold more rows than `quota.max-vectors`.
  func requireQuota(rowsAfter rows: Int) throws(DatabaseError) {
    let limits = Limits(state.manifest.settings)
    if let most = limits.maximumVectors, UInt64(rows) > most, rows > state.liveCount {
      throw .quotaExceeded(key: "quota.max-vectors", limit: most, wanted: UInt64(rows))
    }
    if let most = limits.maximumBytes {
      let used = state.manifest.segments.reduce(UInt64(state.tail.byteCount)) { $0 + $1.bytes }
      if used > most { throw .quotaExceeded(key: "quota.max-bytes", limit: most, wanted: used) }
    }
  }

  /// Seals the log and gives the lock back.
  ///
  /// Changes are durable without it; a sealed log proves more. A failure is kept in `upkeepFailure`. The writer is
  /// not used afterwards.
  package func close() {
    defer { lock = nil }
    guard let log else { return }
    self.log = nil
    do throws(DatabaseError) {
      try lifted { () throws(StorageError) in try log.seal() }
    } catch {
      upkeepFailure = upkeepFailure ?? error
    }
  }
}

/// Sizes at which the engine acts, from the collection's settings.
package struct Limits: Equatable, Sendable {
  /// A transaction with more bytes is refused.
  package static let largestTransaction = 256 << 20
  package var logBytes: UInt64 = 16 << 20
  package var logRecords: UInt64 = 16_384
  package var minimumFree: UInt64 = 64 << 20
  package var maximumVectors: UInt64?
  package var maximumBytes: UInt64?

  package init(_ settings: [String: String]) {
    if let text = settings["wal.max-bytes"], let value = UInt64(text) { logBytes = value }
    if let text = settings["wal.max-records"], let value = UInt64(text) { logRecords = value }
    if let text = settings["quota.min-free"], let value = UInt64(text) { minimumFree = value }
    if let text = settings["quota.max-vectors"] { maximumVectors = UInt64(text) }
    if let text = settings["quota.max-bytes"] { maximumBytes = UInt64(text) }
  }
}
