import CommandLineParsing
import FileStorage
import VectorDatabase

/// One line of `log`: a version, or a transaction of the log.
struct ChangeEntry {
  let version: UInt64?
  let lsn: UInt64
  let nanoseconds: Int64
  let userID: Int64
  let host: String?
  let processID: Int64
  let command: String
  /// Records added and removed; nil where the version before is no longer kept.
  let rows: (added: UInt64, removed: UInt64)?
  let bytes: UInt64
  let root: Digest256?

  /// All entries, newest first.
  static func list(_ history: [HistoryEntry]) -> [ChangeEntry] {
    var versions: [UInt64: Manifest] = [:]
    for case .version(let manifest) in history { versions[manifest.version] = manifest }
    let entries = history.map { entry in
      switch entry {
      case .version(let manifest): ChangeEntry(manifest, parent: versions[manifest.parentVersion])
      case .transaction(let transaction): ChangeEntry(transaction)
      }
    }
    // A version holds everything up to its LSN, so it comes after the transaction of that LSN.
    return entries.sorted { ($0.lsn, $0.version ?? 0) > ($1.lsn, $1.version ?? 0) }
  }

  private init(_ transaction: LogTransaction) {
    version = nil
    lsn = transaction.lsn
    nanoseconds = transaction.nanoseconds
    userID = Int64(transaction.userID)
    host = nil
    processID = Int64(transaction.processID)
    command = transaction.command
    var puts: UInt64 = 0
    var deletions: UInt64 = 0
    for (_, operation) in transaction.operations {
      switch operation {
      case .put: puts += 1
      case .delete: deletions += 1
      }
    }
    rows = (puts, deletions)
    bytes = UInt64(transaction.byteRange.count)
    root = nil
  }

  private init(_ manifest: Manifest, parent: Manifest?) {
    version = manifest.version
    lsn = manifest.lastLSN
    nanoseconds = manifest.nanoseconds
    userID = manifest.writer.userID
    host = manifest.writer.host
    processID = manifest.writer.processID
    command = manifest.operation
    root = manifest.hash
    let known = Set((parent?.segments ?? []).map(\.number))
    let new = manifest.segments.filter { !known.contains($0.number) }
    bytes = new.reduce(0) { $0 + $1.bytes }
    guard let parent else {
      rows = manifest.version == 1 ? (0, 0) : nil
      return
    }
    // A bulk import takes one LSN, a logged transaction at least two; all other versions only move rows.
    guard manifest.lastLSN == parent.lastLSN + 1 else {
      rows = (0, 0)
      return
    }
    let added = new.reduce(UInt64(0)) { $0 + $1.live }
    let (before, overflow) = parent.liveRows.addingReportingOverflow(added)
    rows = overflow || before < manifest.liveRows ? nil : (added, before - manifest.liveRows)
  }

  var cells: [String] {
    [
      version.map { "\($0)" } ?? "", "\(lsn)", TimeParsing.text(nanoseconds: nanoseconds), "\(userID)",
      host ?? "",
      "\(processID)", command, rows.map { "\($0.added)" } ?? "", rows.map { "\($0.removed)" } ?? "",
      "\(bytes)",
      root.map { "sha256:" + $0.hex } ?? "",
    ]
  }

  /// Adds the entry as an object.
  func append(to json: inout CommandLineParsing.JSONText) {
    json.beginObject()
    json.member("kind", version == nil ? "transaction" : "version")
    json.key("version")
    if let version { json.value(version) } else { json.null() }
    json.member("lsn", lsn)
    json.member("time", TimeParsing.text(nanoseconds: nanoseconds, digits: 9))
    json.member("uid", userID)
    json.key("host")
    if let host { json.value(host) } else { json.null() }
    json.member("pid", processID)
    json.member("command", command)
    json.key("added")
    if let rows { json.value(rows.added) } else { json.null() }
    json.key("removed")
    if let rows { json.value(rows.removed) } else { json.null() }
    json.member("bytes", bytes)
    json.key("root")
    if let root { json.value("sha256:" + root.hex) } else { json.null() }
    json.endObject()
  }
}
