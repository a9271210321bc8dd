import FileStorage
import MetadataFilters
import VectorMath

extension CollectionWriter {
  /// Moves what stands in the log into a segment and starts a new log.
  ///
  /// The new log exists and is durable before the manifest names it; until then it continues the old one.
  /// Does nothing when the log is empty.
  package func checkpoint() throws(DatabaseError) {
    guard !state.tail.isEmpty else { return }
    var manifest = state.manifest
    var (entries, files) = try deletionFiles(state.segments)
    var number = try nextNumber()
    if state.tail.liveCount > 0 {
      let temporary = uniqueTemporaryName(fs, "seg", 0)
      var entry = try tailSegment(temporary)
      entry.number = number
      entries.append(entry)
      files.append(PendingFile(temporaryName: temporary, finalName: FileNames.segment(number)))
      number += 1
    }
    try startNewLog(number: number, manifestVersion: manifest.version + 1)
    manifest.segments = entries
    manifest.indexes.removeAll { index in !entries.contains { $0.number == index.segment } }
    manifest.firstLog = number
    manifest.nextNumber = number + 1
    manifest.lastLSN = state.lastLSN
    manifest.walStartLSN = state.lastLSN + 1
    try adopt(try publish(files, manifest))
    GarbageCollector.collectIfFree(self)
  }

  /// Seals the log in use and goes on with a new one that follows it, durably.
  ///
  /// From here on nobody reads behind the old log's end, whether the manifest that is to name the new one comes
  /// about or not; both logs together say the same. `skipped`: An LSN that a bulk import takes without a log record; 0 for
  /// none.
  func startNewLog(
    number: UInt64, manifestVersion: UInt64, skipping skipped: UInt64 = 0
  ) throws(DatabaseError) {
    let old = try openLog()
    try lifted { () throws(StorageError) in try old.seal() }
    do throws(StorageError) {
      let new = try LogWriter.create(
        fs, number: number, firstLSN: max(old.lastLSN, skipped) + 1, collection: collection.identity.uuid,
        manifestVersion: manifestVersion, previousChain: old.chain, previousEnd: old.validEnd)
      adopt(new)
    } catch {
      // It may be there although making it failed.
      if (try? fs.status(FileNames.log(number))) != .some(nil) { old.retire() }
      throw .storage(error)
    }
  }

  /// Makes a committed manifest the state, without reading again what is already open.
  func adopt(_ manifest: Manifest) throws(DatabaseError) {
    state = try CollectionState.open(manifest, collection, reusing: state)
  }

  private func tailSegment(_ temporaryName: String) throws(DatabaseError) -> SegmentEntry {
    let builder = try lifted { () throws(StorageError) in
      try SegmentBuilder(fs, collection.identity, temporaryName: temporaryName)
    }
    for (index, entry) in state.tail.entries.enumerated() where entry.isLiveRow {
      do throws(StorageError) {
        try unsafe state.tail.withEntry(index) { (id, vector, metadata) throws(StorageError) in
          try unsafe builder.append(
            id: id, vector: vector, metadata: metadata, lsn: entry.lsn, created: entry.created,
            updated: entry.updated)
        }
      } catch {
        throw .storage(error)
      }
    }
    return try lifted { () throws(StorageError) in try builder.finish().entry }
  }
}
