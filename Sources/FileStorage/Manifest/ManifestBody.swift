// The body of a manifest: canonical JSON (keys sorted by their bytes, no spaces, whole numbers only).
//
//  {"ident_sha256":HEX,
//   "indexes":[{"bytes":N,"footer_crc":N,"id":N,"kind":TEXT,"segment":N,"sha256":HEX} ...],
//   "live_rows":N,"next":N,"operation":TEXT,"schema":"vdb.manifest/1",
//   "segments":[{"bytes":N,"content_hash":HEX,
//                "del":null | {"bytes":N,"content_hash":HEX,"count":N,"footer_crc":N,"gen":N,"sha256":HEX},
//                "footer_crc":N,"id":N,"live":N,"max_lsn":N,"min_lsn":N,"rows":N,"sha256":HEX} ...],
//   "settings":{TEXT:TEXT ...},"total_rows":N,
//   "writer":{"command":TEXT,"host":TEXT,"pid":N,"uid":N,"vdb":TEXT}}

/// Limits of a manifest.
package enum ManifestLimits {
  /// The longest body.
  package static let bodyBytes = 64 << 20
  /// The most segments.
  package static let segments = 1_000_000
  /// Every count, size, number and LSN is at most this, so that it is a whole number in JSON and in Swift.
  package static let number = UInt64(Int64.max)
}

/// Turns the lists of a manifest into text and back.
enum ManifestBody {
  static let schema = "vdb.manifest/1"
  private static let any: ClosedRange<UInt64> = 0...ManifestLimits.number
  private static let positive: ClosedRange<UInt64> = 1...ManifestLimits.number
  private static let checksum: ClosedRange<UInt64> = 0...UInt64(UInt32.max)

  /// The body's text.
  static func encode(_ manifest: Manifest) -> [UInt8] {
    var text = CanonicalTextWriter()
    text.beginObject()
    text.string("ident_sha256", manifest.identityHash.hex)
    text.key("indexes")
    text.beginArray()
    for index in manifest.indexes { encode(index, &text) }
    text.endArray()
    text.number("live_rows", manifest.liveRows)
    text.number("next", manifest.nextNumber)
    text.string("operation", manifest.operation)
    text.string("schema", schema)
    text.key("segments")
    text.beginArray()
    for segment in manifest.segments { encode(segment, &text) }
    text.endArray()
    text.key("settings")
    text.beginObject()
    for (key, value) in manifest.settings.sorted(by: { $1.key.isAfter($0.key) }) { text.string(key, value) }
    text.endObject()
    text.number("total_rows", manifest.totalRows)
    text.key("writer")
    text.beginObject()
    text.string("command", manifest.writer.command)
    text.string("host", manifest.writer.host)
    text.number("pid", manifest.writer.processID)
    text.number("uid", manifest.writer.userID)
    text.string("vdb", manifest.writer.vdb)
    text.endObject()
    text.endObject()
    return text.bytes
  }

  private static func encode(_ entry: IndexEntry, _ text: inout CanonicalTextWriter) {
    text.beginObject()
    text.number("bytes", entry.bytes)
    text.number("footer_crc", entry.footerCRC)
    text.number("id", entry.number)
    text.string("kind", entry.kind)
    text.number("segment", entry.segment)
    text.string("sha256", entry.sha256.hex)
    text.endObject()
  }

  private static func encode(_ entry: SegmentEntry, _ text: inout CanonicalTextWriter) {
    text.beginObject()
    text.number("bytes", entry.bytes)
    text.string("content_hash", entry.contentHash.hex)
    if let deletion = entry.deletion {
      text.key("del")
      text.beginObject()
      text.number("bytes", deletion.bytes)
      text.string("content_hash", deletion.contentHash.hex)
      text.number("count", deletion.count)
      text.number("footer_crc", deletion.footerCRC)
      text.number("gen", deletion.generation)
      text.string("sha256", deletion.sha256.hex)
      text.endObject()
    } else {
      text.null("del")
    }
    text.number("footer_crc", entry.footerCRC)
    text.number("id", entry.number)
    text.number("live", entry.live)
    text.number("max_lsn", entry.maxLSN)
    text.number("min_lsn", entry.minLSN)
    text.number("rows", entry.rows)
    text.string("sha256", entry.sha256.hex)
    text.endObject()
  }

  /// Reads the body into a manifest whose header fields are set.
  static func decode(_ text: inout CanonicalTextReader, into manifest: inout Manifest) throws(StorageError) {
    try text.beginObject()
    try text.member("ident_sha256")
    manifest.identityHash = try text.digest()
    try text.member("indexes")
    try text.beginArray()
    while try text.nextElement() { manifest.indexes.append(try decodeIndex(&text)) }
    try text.member("live_rows")
    manifest.liveRows = try text.unsigned(any)
    try text.member("next")
    manifest.nextNumber = try text.unsigned(positive)
    try text.member("operation")
    manifest.operation = try text.string()
    try text.member("schema")
    let start = text
    guard try text.string() == schema else { throw start.damage("\"\(schema)\"", "another schema") }
    try text.member("segments")
    try text.beginArray()
    while try text.nextElement() {
      guard manifest.segments.count < ManifestLimits.segments else {
        throw text.damage("at most \(ManifestLimits.segments) segments", "more")
      }
      manifest.segments.append(try decodeSegment(&text))
    }
    try text.member("settings")
    try text.beginObject()
    while text.hasMember {
      let key = try text.key()
      manifest.settings[key] = try text.string()
    }
    try text.endObject()
    try text.member("total_rows")
    manifest.totalRows = try text.unsigned(any)
    try text.member("writer")
    manifest.writer = try decodeWriter(&text)
    try text.endObject()
    try text.end()
  }

  private static func decodeWriter(_ text: inout CanonicalTextReader) throws(StorageError) -> WriterInfo {
    var writer = WriterInfo(vdb: "", host: "", userID: 0, processID: 0, command: "")
    try text.beginObject()
    try text.member("command")
    writer.command = try text.string()
    try text.member("host")
    writer.host = try text.string()
    try text.member("pid")
    writer.processID = try text.signed()
    try text.member("uid")
    writer.userID = try text.signed()
    try text.member("vdb")
    writer.vdb = try text.string()
    try text.endObject()
    return writer
  }

  private static func decodeIndex(_ text: inout CanonicalTextReader) throws(StorageError) -> IndexEntry {
    try text.beginObject()
    try text.member("bytes")
    let bytes = try text.unsigned(positive)
    try text.member("footer_crc")
    let footerCRC = UInt32(truncatingIfNeeded: try text.unsigned(checksum))
    try text.member("id")
    let number = try text.unsigned(positive)
    try text.member("kind")
    let start = text
    let kind = try text.string()
    guard (1...32).contains(kind.utf8.count),
      kind.utf8.allSatisfy({ ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2D })
    else { throw start.damage("a kind of 1 to 32 characters a-z, 0-9, -", "another text") }
    try text.member("segment")
    let segment = try text.unsigned(positive)
    try text.member("sha256")
    let sha256 = try text.digest()
    try text.endObject()
    return IndexEntry(
      number: number, kind: kind, segment: segment, bytes: bytes, sha256: sha256, footerCRC: footerCRC)
  }

  private static func decodeSegment(_ text: inout CanonicalTextReader) throws(StorageError) -> SegmentEntry {
    try text.beginObject()
    try text.member("bytes")
    let bytes = try text.unsigned(positive)
    try text.member("content_hash")
    let contentHash = try text.digest()
    try text.member("del")
    let deletion = text.null() ? nil : try decodeDeletion(&text)
    try text.member("footer_crc")
    let footerCRC = UInt32(truncatingIfNeeded: try text.unsigned(checksum))
    try text.member("id")
    let number = try text.unsigned(positive)
    try text.member("live")
    let live = try text.unsigned(any)
    try text.member("max_lsn")
    let maxLSN = try text.unsigned(any)
    try text.member("min_lsn")
    let minLSN = try text.unsigned(any)
    try text.member("rows")
    let rows = try text.unsigned(1...SegmentEntry.maximumRows)
    guard minLSN <= maxLSN else { throw text.damage("min_lsn at most max_lsn", "\(minLSN) and \(maxLSN)") }
    let deleted = deletion?.count ?? 0
    guard deleted <= rows, live == rows - deleted else {
      throw text.damage(
        "live rows that are rows less deleted rows", "\(live) of \(rows) with \(deleted) deleted")
    }
    try text.member("sha256")
    let sha256 = try text.digest()
    try text.endObject()
    return SegmentEntry(
      number: number, bytes: bytes, sha256: sha256, footerCRC: footerCRC, rows: rows, live: live,
      minLSN: minLSN,
      maxLSN: maxLSN, contentHash: contentHash, deletion: deletion)
  }

  private static func decodeDeletion(_ text: inout CanonicalTextReader) throws(StorageError) -> DeletionEntry
  {
    try text.beginObject()
    try text.member("bytes")
    let bytes = try text.unsigned(positive)
    try text.member("content_hash")
    let contentHash = try text.digest()
    try text.member("count")
    let count = try text.unsigned(1...SegmentEntry.maximumRows)
    try text.member("footer_crc")
    let footerCRC = UInt32(truncatingIfNeeded: try text.unsigned(checksum))
    try text.member("gen")
    let generation = try text.unsigned(1...FileNames.maximumGeneration)
    try text.member("sha256")
    let sha256 = try text.digest()
    try text.endObject()
    return DeletionEntry(
      generation: generation, bytes: bytes, sha256: sha256, footerCRC: footerCRC, count: count,
      contentHash: contentHash)
  }
}
