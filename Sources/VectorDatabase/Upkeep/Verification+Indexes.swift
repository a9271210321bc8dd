import FileStorage
import VectorIndexes
import VectorMath

extension Verifier {
  private static let indexRemedy = "vdb rebuild-index makes it anew; until then searches are exact and slower"

  /// Checks one index file: derived, so its damage loses nothing.
  mutating func checkIndex(
    _ entry: IndexEntry, _ manifest: Manifest, _ seen: inout Set<String>
  ) throws(DatabaseError) {
    if isCancelled() { throw .cancelled }
    let name = FileNames.index(entry.number)
    needed.insert(name)
    guard isWanted(name), seen.insert(name).inserted else { return }
    count(name)
    guard let segment = manifest.segments.first(where: { $0.number == entry.segment }) else { return }
    do throws(StorageError) {
      let index = try OpenIndex.open(fs, entry, of: segment, collection)
      guard level != .quick else { return }
      let before = report.findings.count
      for damage in index.file.verify(threads: threads) { addIndexDamage(damage) }
      if level == .deep, report.findings.count == before {
        try checkMeaning(index, entry, segment)
      }
    } catch {
      try addIndexError(error, name)
    }
  }

  /// Compares an index whose bits are right with the rows that it was derived from.
  private mutating func checkMeaning(
    _ index: OpenIndex, _ entry: IndexEntry, _ segment: SegmentEntry
  ) throws(StorageError) {
    let name = FileNames.index(entry.number)
    if !index.file.matches(entry.sha256) { addIndexFinding("index-damaged", name, "its SHA-256 is another") }
    do throws(IndexBuildError) {
      let source = try IndexVerification.open(fs, segment, collection)
      let damages = try index.verifyContents(
        source, threads: threads, limit: 100, isCancelled: isCancelled)
      for damage in damages {
        addIndexFinding(
          "index-wrong", name, "expected \(damage.expected), found \(damage.found)", section: damage.section)
      }
    } catch {
      switch error {
      case .storage(let error): throw error
      // The next file asks again and ends the run.
      case .cancelled, .memory: return
      }
    }
  }

  private mutating func addIndexError(_ error: StorageError, _ name: String) throws(DatabaseError) {
    switch error {
    case .corruption(let damage) where damage.path != name:
      // Damage of the segment, which is reported as such.
      return
    case .corruption(let damage):
      addIndexFinding(
        "index-damaged", name,
        "the index cannot be used: expected \(damage.expected), found \(damage.found)",
        section: damage.section,
        range: damage.offset.map { $0..<($0 + 1) })
    case .unsupported:
      report.findings.append(
        Finding("index-newer", .notice, name, error.description, remedy: error.hint ?? Self.indexRemedy))
    case .file(let error):
      let isLink = error.code == ErrorCode.symbolicLink
      addIndexFinding(
        isLink ? "symbolic-link" : "index-unreadable", name,
        isLink ? Self.linkMessage : "the file cannot be read: \(error.reason)")
    case .poisoned: throw .storage(error)
    }
  }

  private mutating func addIndexFinding(
    _ code: String, _ name: String, _ message: String, section: String? = nil, range: Range<UInt64>? = nil
  ) {
    report.findings.append(
      Finding(
        code, .derived, name, section: section, range: range, message, remedy: Self.indexRemedy))
  }

  private mutating func addIndexDamage(_ damage: ContainerDamage) {
    var finding = Finding(
      "block-damaged", .derived, damage.path, section: damage.section, range: damage.range,
      "expected \(damage.expected), found \(damage.found)", remedy: Self.indexRemedy)
    finding.block = damage.block
    finding.flippedBit = damage.flippedBit
    report.findings.append(finding)
  }

  // MARK: What the rows of a segment mean

  /// Checks every row by itself, and the file's SHA-256.
  mutating func checkContents(_ segment: Segment, _ entry: SegmentEntry) {
    guard !report.findings.contains(where: { $0.path == segment.file.name && $0.isDamage }) else { return }
    let remedy = "restore this file from a backup"
    if !segment.file.matches(entry.sha256) {
      report.findings.append(
        Finding("segment-damaged", .data, segment.file.name, "its SHA-256 is another", remedy: remedy))
    }
    let deleted = entry.deletion.flatMap { deletion in
      try? DeletionFile.readRows(fs, entry, deletion, collection: collection.identity.uuid)
    }
    var findings: [Finding] = []
    segment.verifyContents(deleted: deleted, threads: threads) { damage in
      findings.append(
        Finding(
          "row-wrong", .data, damage.path, section: damage.section,
          "expected \(damage.expected), found \(damage.found)", remedy: remedy))
    }
    report.findings += findings
  }
}

/// What the verification of an index needs of its segment.
enum IndexVerification {
  static func open(
    _ fs: any FileSystem, _ segment: SegmentEntry, _ collection: Collection
  ) throws(IndexBuildError) -> Segment {
    do throws(StorageError) {
      return try Segment.open(fs, segment, collection.identity)
    } catch {
      throw .storage(error)
    }
  }
}
