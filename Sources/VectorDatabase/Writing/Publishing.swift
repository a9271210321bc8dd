import FileStorage
import MetadataFilters
import VectorMath

/// A finished file in `tmp/` that the next manifest will name.
struct PendingFile {
  let temporaryName: String
  let finalName: String
}

/// A name in `tmp/` that no other file has: the clock tells attempts and processes apart, the count names within one.
func uniqueTemporaryName(_ fs: any FileSystem, _ label: String, _ count: Int) -> String {
  "tmp/\(label)-\(fs.now())-\(count)"
}

extension CollectionWriter {
  /// The next unused number: never below what the manifest promises nor what lies in the folders.
  func nextNumber() throws(DatabaseError) -> UInt64 {
    var highest: UInt64 = 0
    for folder in ["wal", "seg", "del", "idx"] {
      let names = try liftedFile { () throws(FileError) in try fs.list(folder) }
      for name in names {
        switch FileNames.parse(folder + "/" + name) {
        case .log(let number)?, .segment(let number)?, .index(let number)?: highest = max(highest, number)
        case .deletion, .manifest, nil: break
        }
      }
    }
    return max(state.manifest.nextNumber, highest + 1)
  }

  /// The next unused generation of a segment's deletion file.
  func nextGeneration(of entry: SegmentEntry) throws(DatabaseError) -> UInt64 {
    var highest = entry.deletion?.generation ?? 0
    let names = try liftedFile { () throws(FileError) in try fs.list("del") }
    for name in names {
      if case .deletion(let segment, let generation)? = FileNames.parse("del/" + name),
        segment == entry.number
      {
        highest = max(highest, generation)
      }
    }
    return highest + 1
  }

  /// Steps 3 and 4 of a manifest commit: moves the finished files into place, makes their folders durable, and commits
  /// the manifest, which is durable on return.
  ///
  /// The caller holds the writer lock and has rebased `manifest` on the newest version.
  func publish(_ files: [PendingFile], _ manifest: Manifest) throws(DatabaseError) -> Manifest {
    // The version says up to which LSN it saw the log: what another writer left unflushed there must be durable first.
    if log == nil, lastLog != nil, state.lastLSN > state.manifest.lastLSN { _ = try openLog() }
    var folders: [String] = []
    try liftedFile { () throws(FileError) in
      for file in files {
        try fs.rename(file.temporaryName, to: file.finalName)
        let folder = String(file.finalName.prefix { $0 != "/" })
        if !folders.contains(folder) { folders.append(folder) }
      }
      for folder in folders { try fs.syncFolder(folder) }
    }
    var next = manifest
    next.version = state.manifest.version + 1
    next.parentVersion = state.manifest.version
    next.parentHash = state.manifest.hash
    next.nanoseconds = fs.now()
    next.lastLSN = max(next.lastLSN, state.lastLSN)
    next.operation = origin.command
    next.writer = WriterInfo(origin, creator: creator)
    next.liveRows = next.segments.reduce(0) { $0 + $1.live }
    next.totalRows = next.segments.reduce(0) { $0 + $1.rows }
    let finished = next
    return try lifted { () throws(StorageError) in try store.commit(finished) }
  }

  /// Writes deletion files for the segments whose dead rows changed; gives the new entries and the files to move.
  ///
  /// A segment without live rows is dropped from the list.
  func deletionFiles(_ segments: [LiveSegment]) throws(DatabaseError) -> (
    entries: [SegmentEntry], files: [PendingFile]
  ) {
    var entries: [SegmentEntry] = []
    var files: [PendingFile] = []
    for live in segments {
      if live.liveCount == 0 { continue }
      guard live.dead.count != live.recordedDead else {
        entries.append(live.entry)
        continue
      }
      let generation = try nextGeneration(of: live.entry)
      let temporary = uniqueTemporaryName(fs, "del", files.count)
      let sum = try contentSum(live.segment, live.dead)
      let deletion = try lifted { () throws(StorageError) in
        try DeletionFile.write(
          fs, temporaryName: temporary, live.entry, collection: collection.identity.uuid,
          generation: generation,
          rows: live.dead, contentHash: sum)
      }
      var entry = live.entry
      entry.deletion = deletion
      entry.live = UInt64(live.liveCount)
      entries.append(entry)
      files.append(
        PendingFile(temporaryName: temporary, finalName: FileNames.deletion(entry.number, generation)))
    }
    return (entries, files)
  }

  private func contentSum(_ segment: Segment, _ rows: RowSet) throws(DatabaseError) -> Digest256 {
    var sum = Digest256.zero
    for row in rows.rowNumbers {
      let digest = try lifted { () throws(StorageError) in try segment.contentHash(ofRow: row) }
      sum = sum + digest
    }
    return sum
  }
}

extension WriterInfo {
  /// The record of a process in a manifest.
  init(_ origin: CommandOrigin, creator: String) {
    self.init(
      vdb: creator, host: origin.host, userID: origin.userID, processID: origin.processID,
      command: origin.command)
  }
}
