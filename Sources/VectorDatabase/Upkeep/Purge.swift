import FileStorage
import MetadataFilters
import VectorMath

/// What a purge looked for, and where.
package struct PurgeProof: Equatable, Sendable {
  /// Ids of removed rows that no row has any more: none was found in any segment or log.
  package var removedIDs: UInt64 = 0
  /// Vectors of removed rows that no row has any more: none was found in any file.
  package var removedVectors: UInt64 = 0
  /// Those of them that are too short or too plain to be told from other bytes; only rows were searched for them.
  package var plainVectors: UInt64 = 0
  package var filesSearched: UInt64 = 0
  package var bytesSearched: UInt64 = 0
}

extension Compactor {
  /// Rewrites everything, removes all old versions and logs, and proves that no trace of removed rows is left.
  ///
  /// - Throws: `.purgeIncomplete` when a reader still holds an old version or a trace was found; the collection is
  ///   whole then and the purge can be run again.
  package static func purge(
    _ collection: Collection, _ request: CompactionRequest, patience: LockPatience,
    openWriter: () throws(DatabaseError) -> CollectionWriter
  ) throws(DatabaseError) -> (report: CompactionReport, proof: PurgeProof) {
    let first = try openWriter()
    try first.checkpoint()
    let removed = try RemovedRows(first)
    first.close()
    var request = request
    request.full = true
    request.healsGraphs = false
    request.maximumNanoseconds = nil
    var report = try run(collection, request, patience: patience, openWriter: openWriter)
    let last = try openWriter()
    try last.checkpoint()
    let garbage = try last.collectGarbage(keepParent: false, dryRun: false, patience: patience)
    if let pinned = garbage.pinnedVersions.first {
      last.close()
      throw .purgeIncomplete(
        path: collection.fileSystem.rootPath, detail: "version \(pinned) is in use by a reader")
    }
    report.version = last.version
    let proof = try removed.prove(last)
    last.close()
    return (report, proof)
  }
}

/// Ids and vectors that stand in files of a collection and belong to no live row.
struct RemovedRows {
  /// Where the searched word of a vector lies in it, and the hash of the whole.
  private struct Pattern {
    let offset: Int
    let hash: UInt64
  }

  private var ids: Set<RecordID> = []
  private var hashes: Set<UInt64> = []
  private var patterns: [UInt64: [Pattern]] = [:]
  private var plain: UInt64 = 0
  private let key: UUID16
  private let vectorBytes: Int

  /// Collects the removed rows of all versions and logs that are still there; the writer's log is empty.
  init(_ writer: CollectionWriter) throws(DatabaseError) {
    key = writer.collection.identity.uuid
    vectorBytes = writer.collection.identity.vectorBytes
    let live = try RemovedRows.liveHashes(writer.state, key)
    let store = writer.store
    var seenSegments: Set<UInt64> = []
    for version in try lifted({ () throws(StorageError) in try store.versions() }) {
      let manifest = try lifted { () throws(StorageError) in try store.load(version) }
      for entry in manifest.segments where seenSegments.insert(entry.number).inserted {
        let segment = try lifted { () throws(StorageError) in
          try Segment.open(writer.fs, entry, writer.collection.identity)
        }
        for row in 0..<segment.rows {
          let id = try lifted { () throws(StorageError) in try segment.id(row) }
          let vector = unsafe try lifted { () throws(StorageError) in
            try unsafe segment.vectors(row..<(row + 1))
          }
          try unsafe add(id, vector, live, writer.state)
          withExtendedLifetime(segment) {}
        }
      }
      for log in try LogFiles.read(manifest, writer.fs, writer.collection.identity) {
        try add(log, live, writer)
      }
    }
  }

  private mutating func add(
    _ log: LogContents, _ live: Set<UInt64>, _ writer: CollectionWriter
  ) throws(DatabaseError) {
    let type = writer.collection.settings.idType
    for transaction in log.transactions {
      for (_, operation) in transaction.operations {
        guard case .put(let id, _, let vector, _) = operation else { continue }
        let recordID = RecordID(bytes: Array(log.bytes[id]), type: type)
        let bytes = Array(log.bytes[vector])
        let state = writer.state
        if try state.find(recordID) == nil { ids.insert(recordID) }
        unsafe bytes.withUnsafeBytes { unsafe addVector($0, live) }
      }
    }
  }

  private mutating func add(
    _ id: RecordID, _ vector: UnsafeRawBufferPointer, _ live: Set<UInt64>, _ state: CollectionState
  ) throws(DatabaseError) {
    if try state.find(id) == nil { ids.insert(id) }
    unsafe addVector(vector, live)
  }

  private mutating func addVector(_ vector: UnsafeRawBufferPointer, _ live: Set<UInt64>) {
    let hash = unsafe sipHash13(vector, key: key)
    guard !live.contains(hash), hashes.insert(hash).inserted else { return }
    guard let offset = unsafe RemovedRows.distinctiveOffset(vector) else {
      plain += 1
      return
    }
    let word = unsafe vector.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    patterns[word, default: []].append(Pattern(offset: offset, hash: hash))
  }

  /// The first 8 bytes of which at least 6 are not zero, in a vector of at least 32 bytes.
  private static func distinctiveOffset(_ vector: UnsafeRawBufferPointer) -> Int? {
    guard vector.count >= 32 else { return nil }
    for offset in stride(from: 0, through: vector.count - 8, by: 4) {
      var nonZero = 0
      for i in 0..<8 where unsafe vector[offset + i] != 0 { nonZero += 1 }
      if nonZero >= 6 { return offset }
    }
    return nil
  }

  private static func liveHashes(_ state: CollectionState, _ key: UUID16) throws(DatabaseError) -> Set<UInt64>
  {
    var hashes: Set<UInt64> = []
    hashes.reserveCapacity(state.liveCount)
    for live in state.segments {
      for row in 0..<live.segment.rows where !live.dead.contains(row) {
        let vector = unsafe try lifted { () throws(StorageError) in
          try unsafe live.segment.vectors(row..<(row + 1))
        }
        hashes.insert(unsafe sipHash13(vector, key: key))
        withExtendedLifetime(live.segment) {}
      }
    }
    return hashes
  }

  // MARK: Proof

  /// Searches everything that is left.
  ///
  /// - Throws: `.purgeIncomplete` with what was found.
  func prove(_ writer: CollectionWriter) throws(DatabaseError) -> PurgeProof {
    var proof = PurgeProof(
      removedIDs: UInt64(ids.count), removedVectors: UInt64(hashes.count), plainVectors: plain)
    let (fs, store, manifest) = (writer.fs, writer.store, writer.state.manifest)
    let versions = try lifted { () throws(StorageError) in try store.versions() }
    guard versions == [manifest.version] else {
      throw incomplete(fs, "old versions \(versions.dropLast()) are there")
    }
    let logs = try liftedFile { () throws(FileError) in try fs.list("wal") }
    for name in logs {
      guard case .log(let number)? = FileNames.parse("wal/" + name), number >= manifest.firstLog else {
        throw incomplete(fs, "the old log \(name) is there")
      }
    }
    for log in try LogFiles.read(manifest, fs, writer.collection.identity) where !log.transactions.isEmpty {
      throw incomplete(fs, "the log \(log.header.number) is not empty")
    }
    try searchRows(writer.state, fs)
    for folder in ["", "manifest", "wal", "seg", "del", "idx", "tmp"] {
      let names = try liftedFile { () throws(FileError) in try fs.list(folder) }
      for short in names.sorted() {
        let name = folder.isEmpty ? short : folder + "/" + short
        let status = try liftedFile { () throws(FileError) in try fs.status(name) }
        guard let status, status.kind == .file, status.size > 0 else { continue }
        try search(name, Int(clamping: status.size), writer.state, fs)
        proof.filesSearched += 1
        proof.bytesSearched += status.size
      }
    }
    return proof
  }

  /// Looks for removed ids in the hash index of every segment, and for removed vectors in every row.
  private func searchRows(_ state: CollectionState, _ fs: any FileSystem) throws(DatabaseError) {
    for live in state.segments {
      for id in ids {
        let row = try lifted { () throws(StorageError) in try live.segment.row(forID: id) }
        // Somebody may have added the id again since.
        guard let row, live.dead.contains(Int(row)) else { continue }
        throw incomplete(fs, "the id '\(id.display)' is in segment \(live.entry.number)")
      }
      for row in 0..<live.segment.rows {
        let vector = unsafe try lifted { () throws(StorageError) in
          try unsafe live.segment.vectors(row..<(row + 1))
        }
        let isRemoved = hashes.contains(unsafe sipHash13(vector, key: key))
        withExtendedLifetime(live.segment) {}
        if isRemoved, live.dead.contains(row) {
          throw incomplete(fs, "a removed vector is in row \(row) of segment \(live.entry.number)")
        }
      }
    }
  }

  /// Looks for the bytes of removed vectors anywhere in a file, but for the vectors of segments, which `searchRows` knows.
  private func search(
    _ name: String, _ size: Int, _ state: CollectionState, _ fs: any FileSystem
  ) throws(DatabaseError) {
    guard !patterns.isEmpty, size >= vectorBytes else { return }
    let mapping = try liftedFile { () throws(FileError) in try OpenFile(fs, name, .reading).map(size: size) }
    defer { withExtendedLifetime(mapping) {} }
    let known =
      state.segments.first { FileNames.segment($0.entry.number) == name }?.segment.vectorBytesInFile ?? 0..<0
    var place = 0
    while place + 8 <= size {
      if known.contains(place) {
        place = known.upperBound
        continue
      }
      let word = unsafe mapping.bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
      if word != 0, let candidates = patterns[word] {
        for pattern in candidates {
          let start = place - pattern.offset
          guard start >= 0, start + vectorBytes <= size else { continue }
          let found = unsafe sipHash13(
            UnsafeRawBufferPointer(rebasing: mapping.bytes[start..<(start + vectorBytes)]), key: key)
          if found == pattern.hash { throw incomplete(fs, "a removed vector is in \(name) at byte \(start)") }
        }
      }
      place += 1
    }
  }

  private func incomplete(_ fs: any FileSystem, _ detail: String) -> DatabaseError {
    .purgeIncomplete(path: fs.rootPath, detail: detail)
  }
}

extension Segment {
  /// Where the vectors lie in the file.
  var vectorBytesInFile: Range<Int> {
    guard let section = file.section(.vectors), let start = Int(exactly: section.offset),
      let length = Int(exactly: section.length)
    else { return 0..<0 }
    let (end, overflow) = start.addingReportingOverflow(length)
    return overflow ? 0..<0 : start..<end
  }
}
