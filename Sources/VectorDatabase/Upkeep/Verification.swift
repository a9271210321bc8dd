package import FileStorage
import MetadataFilters
import VectorMath

/// How far verification goes.
package enum VerificationLevel: String, Sendable, CaseIterable {
  /// Structure: manifests, headers, footers, tables, the log's chain, orphans.
  case quick
  /// Every bit of every live file, ids unique, deletions in bounds, counts.
  case standard
  /// Also what the bits mean: every file's SHA-256, every row by itself, every code of an index made again.
  case deep
}

/// Checks a collection without writing anything.
///
/// Works on read-only media and while a writer runs: it pins the version that it checks. It goes on after damage, so
/// that everything damaged is named.
package struct Verifier {
  let collection: Collection
  let fs: any FileSystem
  let level: VerificationLevel
  let threads: Int
  let isCancelled: @Sendable () -> Bool
  private let only: String?
  private let expectedRoot: Digest256?
  var report = VerificationReport()
  var needed: Set<String> = ["VDB", "lock", "lock.info"]

  private init(
    _ collection: Collection, _ level: VerificationLevel, only: String?, expectedRoot: Digest256?,
    threads: Int,
    isCancelled: @escaping @Sendable () -> Bool
  ) {
    self.collection = collection
    fs = collection.fileSystem
    self.level = level
    self.only = only
    self.expectedRoot = expectedRoot
    self.threads = threads
    self.isCancelled = isCancelled
  }

  /// Verifies the collection in a folder.
  ///
  /// Damage is reported, not thrown.
  ///
  /// `only` is the one file, relative to the collection, to check, nil for all; `expectedRoot` is the hash that
  /// the newest version must have.
  /// - Throws: `.notFound`, `.notACollection`, `.unfinishedCreation`, `.storage(.file)`, `.storage(.unsupported)`, `.cancelled`.
  package static func run(
    on fs: any FileSystem, _ level: VerificationLevel, only: String? = nil, expectedRoot: Digest256? = nil,
    threads: Int = 1,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(DatabaseError) -> VerificationReport {
    let collection: Collection
    do throws(DatabaseError) {
      collection = try Collection.open(on: fs)
    } catch .storage(.corruption(let damage)) {
      var report = VerificationReport()
      report.findings.append(
        Finding(
          "identity-damaged", .data, "VDB", section: damage.section,
          range: damage.offset.map { $0..<($0 + 1) },
          "both copies of the identity are damaged: expected \(damage.expected), found \(damage.found)",
          remedy: "restore the file VDB from a backup of this collection"))
      return report
    }
    var verifier = Verifier(
      collection, level, only: only, expectedRoot: expectedRoot, threads: threads, isCancelled: isCancelled)
    try verifier.checkAll()
    if let only {
      verifier.report.findings.removeAll { $0.path != only && $0.code != "root-mismatch" }
      if !verifier.report.checkedFiles.contains(only), verifier.report.findings.isEmpty {
        throw .storage(.file(FileError(.open, fs.rootPath + "/" + only, ErrorCode.noSuchFile)))
      }
    }
    return verifier.report
  }

  private mutating func checkAll() throws(DatabaseError) {
    let newest: Manifest
    let pin: LockHold?
    do throws(DatabaseError) {
      (newest, pin) = try PinnedManifest.newest(collection)
    } catch .storage(.corruption(let damage)) {
      try checkIdentity(nil)
      add(
        "manifest-damaged", .data, damage, "the newest manifest is damaged",
        remedy:
          "restore this file from a backup; the rows themselves lie in the files it names and are untouched")
      try checkOtherManifests(newest: nil)
      return
    }
    defer { withExtendedLifetime(pin) {} }
    report.version = newest.version
    report.root = newest.hash
    try checkIdentity(newest)
    if let expectedRoot, expectedRoot != newest.hash {
      report.findings.append(
        Finding(
          "root-mismatch", .data, FileNames.manifest(newest.version),
          "version \(newest.version) has the root hash \(newest.hash.hex), not the one that was expected",
          remedy: "vdb log shows what has changed; an older root means that the folder was put back"))
    }
    count(FileNames.manifest(newest.version))
    let older = try checkOtherManifests(newest: newest)
    try checkLogs(newest, older)
    var seen: Set<String> = []
    for manifest in [newest] + older {
      for entry in manifest.segments { try checkSegment(entry, &seen) }
      for index in manifest.indexes { try checkIndex(index, manifest, &seen) }
    }
    try checkRows(newest)
    try checkForeignFiles()
  }

  // MARK: Identity and manifests

  private mutating func checkIdentity(_ manifest: Manifest?) throws(DatabaseError) {
    count("VDB")
    let bytes = try liftedFile { () throws(FileError) in
      try OpenFile(fs, "VDB", .reading).readBytes(at: 0, count: CollectionIdentity.fileSize + 1)
    }
    if collection.intactIdentityCopies < 2 {
      let size = CollectionIdentity.fileSize / 2
      let first = bytes.prefix(size)
      // A copy is whole when a file made of it twice is.
      let twice = Array(first) + Array(first)
      let isFirstWhole = (try? CollectionIdentity.decode(twice, path: "VDB"))?.intactCopies == 2
      let start = UInt64(isFirstWhole ? size : 0)
      report.findings.append(
        Finding(
          "identity-copy-damaged", .data, "VDB", section: isFirstWhole ? "second copy" : "first copy",
          range: start..<(start + UInt64(size)),
          "one of the two copies of the identity is damaged; the other is whole and used",
          remedy: "copy the whole half over the damaged one, or restore the file VDB from a backup"))
    } else if let manifest, SHA256.digest(of: bytes) != manifest.identityHash {
      report.findings.append(
        Finding(
          "identity-mismatch", .data, "VDB", range: 0..<UInt64(bytes.count),
          "the identity is not the one that the manifest names",
          remedy: "restore the file VDB from a backup of this collection"))
    }
  }

  @discardableResult
  private mutating func checkOtherManifests(newest: Manifest?) throws(DatabaseError) -> [Manifest] {
    let store = collection.manifests
    let versions = try lifted { () throws(StorageError) in try store.versions() }
    var older: [Manifest] = []
    for version in versions.reversed() where version != newest?.version {
      let name = FileNames.manifest(version)
      needed.insert(name)
      if let newest, version > newest.version { continue }
      do throws(StorageError) {
        let manifest = try store.load(version)
        count(name)
        older.append(manifest)
        if let newest, newest.parentVersion == version, newest.parentHash != manifest.hash {
          report.findings.append(
            Finding(
              "manifest-chain-broken", .data, name,
              "this version is not the parent that version \(newest.version) names",
              remedy: "restore this file from a backup, or run vdb gc --keep 0 to drop it"))
        }
      } catch .corruption(let damage) {
        count(name)
        // The newest has been reported.
        if report.findings.contains(where: { $0.path == name }) { continue }
        add(
          "manifest-damaged", .data, damage, "an older version's manifest is damaged; the newest is whole",
          remedy: "vdb gc --keep 0 removes old versions")
      } catch .file(let error) where error.code == ErrorCode.noSuchFile {
        continue
      } catch {
        throw .storage(error)
      }
    }
    return older
  }

  // MARK: Logs

  private mutating func checkLogs(_ newest: Manifest, _ older: [Manifest]) throws(DatabaseError) {
    for manifest in [newest] + older {
      do throws(DatabaseError) {
        let logs = try LogFiles.read(manifest, fs, collection.identity)
        for log in logs {
          let name = FileNames.log(log.header.number)
          if needed.insert(name).inserted {
            count(name)
            noteState(log, name, isLast: log.header.number == logs.last?.header.number)
          }
        }
        if manifest.version == newest.version {
          report.lsn = logs.last?.transactions.last?.lsn ?? newest.lastLSN
        }
      } catch .storage(.corruption(let damage)) {
        needed.insert(damage.path)
        if !report.findings.contains(where: { $0.path == damage.path && $0.range == extent(damage) }) {
          add(
            "log-damaged", .data, damage, "acknowledged records of the log are damaged",
            remedy: "restore this file from a backup; segments are untouched and vdb export reads them")
        }
      }
    }
  }

  private mutating func noteState(_ log: LogContents, _ name: String, isLast: Bool) {
    switch log.state {
    case .sealed: return
    case .badSeal:
      report.findings.append(
        Finding(
          "seal-damaged", .data, name, section: "seal", range: log.validEnd..<(log.validEnd + 64),
          "the log's seal is damaged; every record before it is whole and nothing is lost",
          remedy: "any writing command seals the log again, for example vdb checkpoint"))
    case .unsealed, .suspectTail:
      guard isLast else { return }
      report.findings.append(
        Finding(
          "log-unsealed", .notice, name, range: log.validEnd..<(log.validEnd + 1),
          "the last writer has not sealed its log (it is running, or it was killed); all committed records are whole",
          remedy: "nothing to do: the next writer seals it"))
    }
  }

  // MARK: Segments

  private mutating func checkSegment(_ entry: SegmentEntry, _ seen: inout Set<String>) throws(DatabaseError) {
    if isCancelled() { throw .cancelled }
    let name = FileNames.segment(entry.number)
    needed.insert(name)
    if isWanted(name), seen.insert(name).inserted {
      count(name)
      report.rows += entry.rows
      do throws(StorageError) {
        let segment = try Segment.open(fs, entry, collection.identity)
        if level != .quick {
          for damage in segment.verify(threads: threads) { addSegmentDamage(damage, segment) }
        }
        if level == .deep { checkContents(segment, entry) }
      } catch .corruption(let damage) {
        add("segment-damaged", .data, damage, "the segment cannot be opened", remedy: segmentRemedy)
      } catch .file(let error) {
        add(error, name)
      } catch {
        throw .storage(error)
      }
    }
    guard let deletion = entry.deletion else { return }
    let deletionName = FileNames.deletion(entry.number, deletion.generation)
    needed.insert(deletionName)
    guard isWanted(deletionName), seen.insert(deletionName).inserted else { return }
    count(deletionName)
    do throws(StorageError) {
      for damage in try DeletionFile.verify(fs, entry, deletion, collection: collection.identity.uuid) {
        add(
          "deletion-damaged", .data, damage.corruption, "the list of deleted rows is damaged",
          range: damage.range,
          remedy: "restore this file from a backup")
      }
    } catch .corruption(let damage) {
      add(
        "deletion-damaged", .data, damage, "the list of deleted rows is damaged",
        remedy: "restore this file from a backup")
    } catch .file(let error) {
      add(error, deletionName)
    } catch {
      throw .storage(error)
    }
  }

  private var segmentRemedy: String {
    "restore this file from a backup; rows outside the damaged blocks can still be read (vdb get)"
  }

  private mutating func addSegmentDamage(_ damage: SegmentDamage, _ segment: Segment) {
    var finding = Finding(
      "block-damaged", .data, damage.damage.path, section: damage.damage.section, range: damage.damage.range,
      "expected \(damage.damage.expected), found \(damage.damage.found)", remedy: segmentRemedy)
    finding.block = damage.damage.block
    finding.flippedBit = damage.damage.flippedBit
    finding.rows = damage.rows
    if let rows = damage.rows {
      for row in rows.prefix(3) {
        if let id = try? segment.id(row) { finding.ids.append(id.display) }
      }
    }
    report.findings.append(finding)
  }

  /// Ids are live in one place only, and the counts are those that the manifest names.
  private mutating func checkRows(_ manifest: Manifest) throws(DatabaseError) {
    guard level != .quick, only == nil, !report.isDamaged else { return }
    let state = try CollectionState.open(manifest, collection)
    for (index, live) in state.segments.enumerated() {
      if UInt64(live.liveCount) != live.entry.live {
        report.findings.append(
          Finding(
            "count-mismatch", .data, FileNames.manifest(manifest.version),
            "segment \(live.entry.number) has \(live.liveCount) live rows, the manifest says \(live.entry.live)",
            remedy:
              "please report this: it is a mistake of the program that wrote version \(manifest.version)"))
      }
      for row in 0..<live.segment.rows where !live.dead.contains(row) {
        if row & 4095 == 0, isCancelled() { throw .cancelled }
        let id = try lifted { () throws(StorageError) in try live.segment.id(row) }
        for other in state.segments[(index + 1)...] {
          let found = try lifted { () throws(StorageError) in try other.segment.row(forID: id) }
          guard let found, !other.dead.contains(Int(found)) else { continue }
          var finding = Finding(
            "id-twice", .data, FileNames.segment(live.entry.number),
            "the id is live in this segment and in \(FileNames.segment(other.entry.number))",
            remedy: "upsert the right record again under this id")
          finding.ids = [id.display]
          report.findings.append(finding)
        }
      }
    }
  }

  // MARK: Everything else in the folder

  private mutating func checkForeignFiles() throws(DatabaseError) {
    let names = try liftedFile { () throws(FileError) in try fs.list("") }
    for name in names.sorted() where !needed.contains(name) {
      if FileNames.folders.contains(name) {
        try checkFolder(name)
      } else {
        report.findings.append(
          Finding(
            "foreign-file", .notice, name, "this is not part of the collection and is never touched",
            remedy: "move it away"))
      }
    }
    for folder in FileNames.folders where !names.contains(folder) {
      report.findings.append(
        Finding(
          "folder-missing", .data, folder, "a folder of the collection is missing",
          remedy: "restore it from a backup, or make the empty folder if it held nothing"))
    }
    if let status = try liftedFile({ () throws(FileError) in try fs.status("lock") }) {
      if status.size > 0 {
        report.findings.append(
          Finding(
            "lock-not-empty", .notice, "lock", "the lock file holds bytes; only its locks matter",
            remedy: "nothing to do"))
      }
    } else {
      report.findings.append(
        Finding(
          "lock-missing", .data, "lock", "the lock file is missing: no command can write",
          remedy: "make an empty file named lock"))
    }
  }

  private mutating func checkFolder(_ folder: String) throws(DatabaseError) {
    let names = try liftedFile { () throws(FileError) in try fs.list(folder) }
    for short in names.sorted() {
      let name = folder + "/" + short
      if needed.contains(name) { continue }
      if folder == "tmp" || FileNames.parse(name) != nil {
        report.findings.append(
          Finding("orphan", .orphan, name, "no version needs this file", remedy: "vdb gc removes it"))
      } else {
        report.findings.append(
          Finding(
            "foreign-file", .notice, name, "this is not part of the collection and is never touched",
            remedy: "move it away"))
      }
    }
  }

  // MARK: Adding findings

  /// Whether a file is among those to check.
  func isWanted(_ name: String) -> Bool { only == nil || only == name }

  mutating func count(_ name: String) {
    needed.insert(name)
    guard isWanted(name) else { return }
    report.files += 1
    report.checkedFiles.append(name)
    if let status = try? fs.status(name) { report.bytes += status.size }
  }

  private mutating func add(
    _ code: String, _ severity: FindingSeverity, _ damage: CorruptionError, _ what: String,
    range: Range<UInt64>? = nil,
    remedy: String
  ) {
    report.findings.append(
      Finding(
        code, severity, damage.path, section: damage.section,
        range: range ?? extent(damage),
        "\(what): expected \(damage.expected), found \(damage.found)", remedy: remedy))
  }

  /// The bytes that a failed check of a manifest or log covers: any of them may be what is wrong.
  private func extent(_ damage: CorruptionError) -> Range<UInt64>? {
    switch (FileNames.parse(damage.path), damage.section) {
    case (_, "prefix"): return 0..<64
    case (.manifest?, "header"): return 0..<256
    case (.log?, "header"): return 0..<512
    case (.manifest?, _), (.log?, _):
      let offset = damage.offset ?? 0
      // The hash also covers up to 63 bytes of padding that nothing else does.
      let start = damage.section == "body" || damage.section == "hash" ? min(256, offset) : offset
      let size = (try? fs.status(damage.path))?.size ?? start
      return start..<max(size, start + 1)
    default: return damage.offset.map { $0..<($0 + 1) }
    }
  }

  private mutating func add(_ error: FileError, _ name: String) {
    report.findings.append(
      Finding(
        "file-unreadable", .data, name,
        "the file cannot be read: error \(error.code) while trying to \(error.operation.rawValue) it",
        remedy: "restore this file from a backup"))
  }
}
