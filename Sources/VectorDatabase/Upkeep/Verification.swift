package import FileStorage

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
  /// What is verified.
  let collection: Collection
  /// Its files.
  let fs: any FileSystem
  /// How far to go.
  let level: VerificationLevel
  /// How many threads may work.
  let threads: Int
  /// Asked now and then; true ends the work.
  let isCancelled: @Sendable () -> Bool
  /// The one file to check; nil for all.
  let only: String?
  private let expectedRoot: Digest256?
  /// What was found so far.
  var report = VerificationReport()
  /// Files that belong to the collection.
  var needed: Set<String> = Set([CollectionIdentity.fileName, FileNames.lock] + FileNames.advisory)

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
  /// `recall` asks for a measurement of what searches find, when nothing is damaged; its threads and cancellation are those
  /// of the run. `only` is the one file, relative to the collection, to check, nil for all; `expectedRoot` is the hash that
  /// the newest version must have.
  /// - Throws: `.notFound`, `.notACollection`, `.unfinishedCreation`, `.storage(.file)`, `.storage(.unsupported)`, `.cancelled`.
  package static func run(
    on fs: any FileSystem, _ level: VerificationLevel, only: String? = nil, expectedRoot: Digest256? = nil,
    recall: RecallRequest? = nil, threads: Int = 1,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(DatabaseError) -> VerificationReport {
    let collection: Collection
    do throws(DatabaseError) {
      collection = try Collection.open(on: fs)
    } catch .storage(.corruption(let damage)) {
      var report = VerificationReport()
      report.findings.append(
        Finding(
          "identity-damaged", .data, CollectionIdentity.fileName, section: damage.section,
          range: damage.offset.map { $0..<($0 + 1) },
          "both copies of the identity are damaged: expected \(damage.expected), found \(damage.found)",
          remedy: "restore the file VDB from a backup of this collection"))
      return report
    }
    var verifier = Verifier(
      collection, level, only: only, expectedRoot: expectedRoot, threads: threads, isCancelled: isCancelled)
    try verifier.checkAll()
    if let recall { try verifier.checkRecall(recall) }
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
      for index in manifest.indexes {
        // An index that only an older version names is of no use to anyone: it is neither an orphan nor damage.
        if manifest.version == newest.version {
          try checkIndex(index, manifest, &seen)
        } else {
          needed.insert(FileNames.index(index.number))
        }
      }
    }
    try checkRows(newest)
    try checkForeignFiles()
  }

  // MARK: Adding findings

  /// Whether a file is among those to check.
  func isWanted(_ name: String) -> Bool { only == nil || only == name }

  /// Counts a file as checked and as belonging to the collection.
  mutating func count(_ name: String) {
    needed.insert(name)
    guard isWanted(name) else { return }
    report.files += 1
    report.checkedFiles.append(name)
    if let status = try? fs.status(name) { report.bytes += status.size }
  }

  /// Reports damage; the range is that of what was checked unless a narrower one is given.
  mutating func add(
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
  func extent(_ damage: CorruptionError) -> Range<UInt64>? {
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

  /// What is wrong with a file that a symbolic link stands for.
  static let linkMessage = "it, or its folder, is a symbolic link, which is not followed here"

  /// Reports a file that the system does not let us read.
  mutating func add(_ error: FileError, _ name: String) {
    let isLink = error.code == ErrorCode.symbolicLink
    report.findings.append(
      Finding(
        isLink ? "symbolic-link" : "file-unreadable", .data, name,
        isLink ? Self.linkMessage : "the file cannot be read: \(error.reason)",
        remedy: isLink ? error.hint ?? "" : "restore this file from a backup"))
  }
}
