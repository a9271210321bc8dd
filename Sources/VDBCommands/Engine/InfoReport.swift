import CommandLineParsing
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

/// What `info` prints of a collection.
struct InfoReport {
  private let context: CommandContext
  private let info: CollectionInfo
  private let contentHash: Digest256?
  private let promises: [RecallPromise]

  init(
    _ context: CommandContext, _ info: CollectionInfo, contentHash: Digest256?, promises: [RecallPromise]
  ) {
    self.context = context
    self.info = info
    self.contentHash = contentHash
    self.promises = promises
  }

  /// One file that the newest version needs.
  private struct NamedFile {
    let name: String
    let kind: String
    let bytes: UInt64
    let sha256: Digest256?
  }

  private var files: [NamedFile] {
    var files = [
      NamedFile(
        name: CollectionIdentity.fileName, kind: "identity", bytes: UInt64(CollectionIdentity.fileSize),
        sha256: info.manifest.identityHash),
      NamedFile(
        name: FileNames.manifest(info.manifest.version), kind: "manifest", bytes: info.manifestBytes,
        sha256: nil),
    ]
    for log in info.logs {
      files.append(NamedFile(name: FileNames.log(log.number), kind: "log", bytes: log.bytes, sha256: nil))
    }
    for entry in info.manifest.segments {
      files.append(
        NamedFile(
          name: FileNames.segment(entry.number), kind: "segment", bytes: entry.bytes, sha256: entry.sha256))
      guard let deletion = entry.deletion else { continue }
      files.append(
        NamedFile(
          name: FileNames.deletion(entry.number, deletion.generation), kind: "deletions",
          bytes: deletion.bytes,
          sha256: deletion.sha256))
    }
    for index in info.manifest.indexes {
      files.append(
        NamedFile(
          name: FileNames.index(index.number), kind: "index", bytes: index.bytes, sha256: index.sha256))
    }
    return files
  }

  /// Bytes that one search reads: every vector and, for cosine and dot, its norm.
  private var searchBytes: UInt64 {
    let norms = info.settings.metric == .cosine ? info.liveRows * 4 : 0
    return info.vectorBytes + norms
  }

  /// Bytes of dead rows, about what `compact` gives back.
  private var reclaimableBytes: UInt64 {
    info.manifest.segments.reduce(0) { sum, entry in
      guard entry.rows > 0, entry.rows > entry.live else { return sum }
      let share = Double(entry.rows - entry.live) / Double(entry.rows)
      return sum + UInt64(Double(entry.bytes) * share)
    }
  }

  private var logState: String {
    switch info.logState {
    case .sealed: "sealed"
    case .unsealed: "unsealed: its writer is at work, or was stopped"
    case .suspectTail: "unsealed, the last record is not whole"
    case .badSeal: "its seal is damaged, nothing is lost"
    }
  }

  private var formatText: String { "1.0" }

  /// For people on a terminal, as TSV elsewhere.
  func write() throws(CommandFailure) {
    let format = context.arguments.text(InfoCommand.format)
    let manifest = info.manifest
    let settings = info.settings
    var list = PropertyList()
    let total = info.liveRows + info.deadRows
    let share = total == 0 ? 0 : Double(info.deadRows) / Double(total) * 100
    list.add("collection", context.collectionPath)
    list.add("uuid", info.identity.uuid.description)
    list.add("format", formatText)
    list.add("root", "sha256:" + manifest.hash.hex)
    list.add("records", NumberText.grouped(info.liveRows), "\(info.liveRows)")
    list.add(
      "deleted", "\(NumberText.grouped(info.deadRows)) (\(NumberText.fixed(share, 1)) %)", "\(info.deadRows)")
    list.add("dims", "\(settings.dimension)")
    list.add("type", settings.elementType.name)
    list.add("metric", settings.metric.name)
    list.add("id type", settings.idType.name)
    list.add("version", "\(manifest.version)")
    list.add("committed", TimeParsing.text(nanoseconds: manifest.nanoseconds))
    list.add("lsn", "\(info.lastLSN)")
    list.add("versions kept", "\(info.versions.count)")
    list.add("size", NumberText.bytes(info.storedBytes), "\(info.storedBytes)")
    list.add("vectors", NumberText.bytes(info.vectorBytes), "\(info.vectorBytes)")
    list.add(
      "log",
      "\(NumberText.bytes(info.logBytes)), \(NumberText.grouped(UInt64(info.logTransactions))) transactions, \(NumberText.grouped(UInt64(info.logRecords))) changes",
      "\(info.logBytes)")
    list.add(
      "reclaimable", NumberText.bytes(reclaimableBytes) + (reclaimableBytes > 0 ? " (vdb compact)" : ""),
      "\(reclaimableBytes)")
    if coverage.isEmpty { list.add("index", "none: searches scan all vectors", "none") }
    for part in coverage { list.add("index", part.sentence, part.kind) }
    for promise in promises { list.add("recall@\(promise.k)", text(promise), fixed(promise.promised)) }
    for advice in UpkeepAdvice.all(info) { list.add("advice", text(advice)) }
    for (key, value) in manifest.settings.sorted(by: { $0.key < $1.key }) {
      list.add("setting " + key, value)
    }
    if context.arguments.flag(InfoCommand.estimateMemory) {
      list.add(
        "search memory", "\(NumberText.bytes(searchBytes)) of files are read by an exact search",
        "\(searchBytes)")
    }
    if let contentHash { list.add("content hash", contentHash.hex) }
    try list.write(format, to: context)
    try writeTables(format)
  }

  private func fixed(_ share: Double) -> String { NumberText.fixed(share, 4) }

  /// "0.950 promised for the default, 0.967 found with 1,000 records (ef 14)".
  private func text(_ promise: RecallPromise) -> String {
    let queries = promise.isFromRows ? "record" : "query"
    let number = NumberText.grouped(UInt64(promise.queries))
    let end = promise.earlyEnd.map { ", early end \(NumberText.fixed($0, 3))" } ?? ""
    let noun = promise.queries == 1 ? queries : promise.isFromRows ? "records" : "queries"
    return
      "\(RecallText.share(promise.promised)) promised by default, \(RecallText.share(promise.measured)) found with \(number) \(noun) (ef \(promise.breadth)\(end))"
  }

  private func text(_ advice: UpkeepAdvice) -> String {
    let word = context.collectionWord
    return switch advice {
    case .compactDead(let rows, let share):
      "vdb compact \(word): \(NumberText.fixed(share * 100, 0)) % of the rows of some segments, \(NumberText.grouped(rows)), are deleted"
    case .compactSegments(let count): "vdb compact \(word): \(count) segments are each searched by themselves"
    case .buildIndex(let rows):
      "vdb rebuild-index \(word) --only-missing: \(counted(rows, "row")) have no index"
    case .moveLog(let rows): "vdb rebuild-index \(word): \(counted(rows, "change")) in the log have no index"
    }
  }

  private func append(_ promises: [RecallPromise], to json: inout CommandLineParsing.JSONText) {
    func rounded(_ share: Double) -> Double { (share * 1e4).rounded() / 1e4 }
    json.key("recall")
    json.beginArray()
    for promise in promises {
      json.beginObject()
      json.member("k", promise.k)
      json.member("asked", promise.asked)
      json.member("promised", rounded(promise.promised))
      json.member("measured", rounded(promise.measured))
      json.member("ef", promise.breadth)
      if let earlyEnd = promise.earlyEnd { json.member("early_end", earlyEnd) }
      json.member("queries", promise.queries)
      json.member("source", promise.isFromRows ? "records" : "given")
      json.endObject()
    }
    json.endArray()
    json.member("advice", UpkeepAdvice.all(info).map { text($0) })
  }

  /// What the indexes of one kind cover.
  private struct IndexCoverage {
    let kind: String
    let rows: UInt64
    let bytes: UInt64
    /// Live rows of the collection.
    let all: UInt64

    /// "flat: covers 98.8 %, 12,345 rows without".
    var sentence: String {
      let share = all == 0 ? 100 : Double(min(rows, all)) / Double(all) * 100
      let rest = all - min(rows, all)
      let missing = rest == 0 ? "" : ", \(counted(rest, "row")) without"
      // Never rounded up to everything.
      let shown = rest > 0 ? min(share, 99.9) : share
      return "\(kind): covers \(NumberText.fixed(shown, 1)) %\(missing) (\(NumberText.bytes(bytes)))"
    }
  }

  private var coverage: [IndexCoverage] {
    var kinds: [String] = []
    for index in info.manifest.indexes where !kinds.contains(index.kind) { kinds.append(index.kind) }
    return kinds.sorted().map { kind in
      let indexes = info.manifest.indexes.filter { $0.kind == kind }
      let covered = Set(indexes.map(\.segment))
      let rows = info.manifest.segments.reduce(UInt64(0)) {
        $0 + (covered.contains($1.number) ? $1.live : 0)
      }
      return IndexCoverage(
        kind: kind, rows: rows, bytes: indexes.reduce(0) { $0 + $1.bytes }, all: info.liveRows)
    }
  }

  private func writeTables(_ format: String?) throws(CommandFailure) {
    let arguments = context.arguments
    if arguments.flag(InfoCommand.segments) {
      var table = Table([
        ("segment", .left), ("rows", .right), ("live", .right), ("bytes", .right), ("lsn", .left),
        ("deletions", .left),
      ])
      for entry in info.manifest.segments {
        table.add([
          FileNames.segment(entry.number), "\(entry.rows)", "\(entry.live)", "\(entry.bytes)",
          "\(entry.minLSN)-\(entry.maxLSN)",
          entry.deletion.map { FileNames.deletion(entry.number, $0.generation) } ?? "",
        ])
      }
      try write(table, format)
    }
    if arguments.flag(InfoCommand.indexes) {
      var table = Table([("index", .left), ("kind", .left), ("segment", .left), ("bytes", .right)])
      for index in info.manifest.indexes {
        table.add([
          FileNames.index(index.number), index.kind, FileNames.segment(index.segment), "\(index.bytes)",
        ])
      }
      try write(table, format)
    }
    if arguments.flag(InfoCommand.files) {
      var table = Table([("file", .left), ("kind", .left), ("bytes", .right), ("sha256", .left)])
      for file in files { table.add([file.name, file.kind, "\(file.bytes)", file.sha256?.hex ?? ""]) }
      try write(table, format)
    }
    if arguments.flag(InfoCommand.wal) {
      var table = Table([
        ("log", .left), ("bytes", .right), ("transactions", .right), ("changes", .right), ("lsn", .left),
        ("state", .left),
      ])
      for (index, log) in info.logs.enumerated() {
        table.add([
          FileNames.log(log.number), "\(log.bytes)", "\(log.transactions)", "\(log.records)",
          "\(log.firstLSN)-\(log.lastLSN)", index == info.logs.count - 1 ? logState : "closed",
        ])
      }
      try write(table, format)
    }
  }

  /// Below the list, a blank line away on a terminal; on lines of their own elsewhere.
  private func write(_ table: Table, _ format: String?) throws(CommandFailure) {
    if table.isEmpty, !context.output.isTerminal, format != "table" { return }
    if context.output.isTerminal { try context.output.write("\n") }
    try table.write(format, to: context)
  }

  /// One object.
  func writeJSON() throws(CommandFailure) {
    let manifest = info.manifest
    let settings = info.settings
    let arguments = context.arguments
    var json = JSONOutput.begin(.info)
    json.member("path", context.collectionPath)
    json.member("uuid", info.identity.uuid.description)
    json.member("format", formatText)
    json.member("root", "sha256:" + manifest.hash.hex)
    json.member("created", TimeParsing.text(nanoseconds: info.identity.createdNanoseconds, digits: 9))
    json.member("creator", info.identity.creator)
    json.member("records", info.liveRows)
    json.member("deleted", info.deadRows)
    json.member("dims", settings.dimension)
    json.member("type", settings.elementType.name)
    json.member("metric", settings.metric.name)
    json.member("id_type", settings.idType.name)
    json.member("version", manifest.version)
    json.member("committed", TimeParsing.text(nanoseconds: manifest.nanoseconds, digits: 9))
    json.member("lsn", info.lastLSN)
    json.key("versions")
    json.beginArray()
    for version in info.versions { json.value(version) }
    json.endArray()
    json.member("bytes", info.storedBytes)
    json.member("vector_bytes", info.vectorBytes)
    json.member("log_bytes", info.logBytes)
    json.member("log_transactions", info.logTransactions)
    json.member("log_changes", info.logRecords)
    json.member("log_sealed", info.logState == .sealed)
    json.member("reclaimable_bytes", reclaimableBytes)
    json.key("index_coverage")
    json.beginArray()
    for part in coverage {
      json.beginObject()
      json.member("kind", part.kind)
      json.member("rows", part.rows)
      json.member("bytes", part.bytes)
      json.endObject()
    }
    json.endArray()
    append(promises, to: &json)
    json.key("settings")
    json.beginObject()
    for (key, value) in manifest.settings.sorted(by: { $0.key < $1.key }) { json.member(key, value) }
    json.endObject()
    if arguments.flag(InfoCommand.estimateMemory) { json.member("search_bytes", searchBytes) }
    if let contentHash { json.member("content_hash", contentHash.hex) }
    if arguments.flag(InfoCommand.segments) {
      json.key("segments")
      json.beginArray()
      for entry in manifest.segments {
        json.beginObject()
        json.member("file", FileNames.segment(entry.number))
        json.member("rows", entry.rows)
        json.member("live", entry.live)
        json.member("bytes", entry.bytes)
        json.member("min_lsn", entry.minLSN)
        json.member("max_lsn", entry.maxLSN)
        json.member("sha256", entry.sha256.hex)
        if let deletion = entry.deletion {
          json.member("deletions", FileNames.deletion(entry.number, deletion.generation))
        }
        json.endObject()
      }
      json.endArray()
    }
    if arguments.flag(InfoCommand.indexes) {
      json.key("indexes")
      json.beginArray()
      for index in manifest.indexes {
        json.beginObject()
        json.member("file", FileNames.index(index.number))
        json.member("kind", index.kind)
        json.member("segment", FileNames.segment(index.segment))
        json.member("bytes", index.bytes)
        json.endObject()
      }
      json.endArray()
    }
    if arguments.flag(InfoCommand.files) {
      json.key("files")
      json.beginArray()
      for file in files {
        json.beginObject()
        json.member("file", file.name)
        json.member("kind", file.kind)
        json.member("bytes", file.bytes)
        if let sha256 = file.sha256 { json.member("sha256", sha256.hex) }
        json.endObject()
      }
      json.endArray()
    }
    if arguments.flag(InfoCommand.wal) {
      json.key("logs")
      json.beginArray()
      for log in info.logs {
        json.beginObject()
        json.member("file", FileNames.log(log.number))
        json.member("bytes", log.bytes)
        json.member("transactions", log.transactions)
        json.member("changes", log.records)
        json.member("first_lsn", log.firstLSN)
        json.member("last_lsn", log.lastLSN)
        json.endObject()
      }
      json.endArray()
    }
    try JSONOutput.end(json, to: context)
  }
}
