import FileStorage
import Foundation
import TestSupport
import Testing

/// The tables of vdb-format(5) against bytes that the code writes from known values.
struct FormatPageTests {
  let page: FormatPage
  let uuid = UUID16(high: 0x0102_0304_0506_0708, low: 0x090A_0B0C_0D0E_0F10)

  init() throws { page = try FormatPage() }

  private func folders() throws -> SimulatedFileSystem {
    let fs = SimulatedFileSystem()
    for folder in FileNames.folders { try fs.makeFolder(folder) }
    return fs
  }

  private func bytes(_ fs: SimulatedFileSystem, _ name: String) throws -> [UInt8] {
    let file = try OpenFile(fs, name, .reading)
    return try file.readBytes(at: 0, count: Int(try file.size()))
  }

  private func crc(_ bytes: [UInt8], _ range: Range<Int>) -> UInt64 { UInt64(crc32c([UInt8](bytes[range]))) }

  @Test func prefixIsAsThePageSays() {
    for (index, kind) in FileKind.allCases.enumerated() {
      let features = FeatureBits(incompat: 0x11, readOnlyCompat: 0x2200, compat: 0x33_0000)
      let bytes = FilePrefix(
        kind: kind, features: features, collection: uuid, headerLength: UInt32(64 * (index + 1)), minor: 7
      ).encode()
      let problems = page.problems(
        "prefix", in: bytes, length: FilePrefix.byteCount,
        numbers: [
          "kind": UInt64(kind.rawValue), "major": 1, "minor": 7, "incompat": 0x11, "ro_compat": 0x2200,
          "compat": 0x33_0000, "header_length": UInt64(64 * (index + 1)), "prefix_crc": crc(bytes, 0..<60),
        ], blobs: ["magic": FilePrefix.magic, "uuid": uuid.bytes])
      #expect(problems == [])
    }
    #expect(FilePrefix.currentMajor == 1 && FilePrefix.currentMinor == 0)
    #expect(page.text.contains("It describes format 1.0"))
  }

  @Test func kindsAndFeatureBitsAreAsThePageSays() throws {
    let kinds = try #require(page.lists["kinds"])
    #expect(kinds.map { $0[0] } == FileKind.allCases.map(\.letters))
    #expect(kinds.map { $0[1] } == FileKind.allCases.map { "0x" + String($0.rawValue, radix: 16) })
    var reserved: UInt64 = 0
    var used: UInt64 = 0
    var usedByWriters: UInt64 = 0
    for row in try #require(page.lists["features"]) {
      let bit = try #require(UInt64(row[1].dropFirst(2), radix: 16))
      #expect(bit == 1 << UInt64(row[0].split(separator: " ")[1])!)
      let meaning = page.text.split(separator: ".It \(row[0]) Ta \(row[1]) Ta\n").last?.prefix { $0 != "\n" }
      let isReserved = meaning?.hasSuffix("(reserved)") == true
      switch row[0].prefix(while: { $0 != " " }) {
      case "incompat": if isReserved { reserved |= bit } else { used |= bit }
      case "ro_compat": if !isReserved { usedByWriters |= bit }
      default: #expect(isReserved, "\(row)")
      }
    }
    #expect(FeatureBits.known == FeatureBits(incompat: used, readOnlyCompat: usedByWriters))
    // What element types and metrics demand is what is in use.
    let required = [0, 1, 3, 4, 5].flatMap { type in
      (0...4).map { FeatureBits.required(elementType: type, metric: $0).incompat }
    }
    #expect(required.reduce(0, |) == used)
    #expect(FeatureBits.required(elementType: 1, metric: 0).incompat == 1)
    #expect(FeatureBits.required(elementType: 3, metric: 3).incompat == 0x104)
    #expect(FeatureBits.required(elementType: 4, metric: 1).incompat == 4)
    #expect(FeatureBits.required(elementType: 5, metric: 4).incompat == 8)
    #expect(used == 0x10D && reserved == 0xF2)
  }

  @Test func identityIsAsThePageSays() {
    let identity = CollectionIdentity(
      uuid: uuid, createdNanoseconds: -5, dimension: 0x0102, elementType: 1, metric: 2, idType: 1,
      creator: "maker")
    let bytes = identity.encode()
    for base in [0, CollectionIdentity.copySize] {
      let problems = page.problems(
        "identity", in: bytes, at: base, length: CollectionIdentity.copySize,
        numbers: [
          "created": UInt64(bitPattern: -5), "dimension": 0x0102, "element_type": 1, "metric": 2,
          "id_type": 1,
          "identity_crc": crc(bytes, base..<(base + 2044)),
        ],
        blobs: [
          "prefix": FilePrefix(
            kind: .identity, features: FeatureBits(incompat: 1), collection: uuid, headerLength: 2048
          ).encode(),
          "creator": Array("maker".utf8) + [UInt8](repeating: 0, count: 43),
        ])
      #expect(problems == [])
    }
    #expect(bytes.count == CollectionIdentity.fileSize)
    #expect(CollectionIdentity.maximumDimension == 65_536)
  }

  private func sampleManifest() -> Manifest {
    func digest(_ byte: UInt8) -> Digest256 { Digest256(bytes: [UInt8](repeating: byte, count: 32)) ?? .zero }
    let identity = CollectionIdentity(
      uuid: uuid, createdNanoseconds: 1, dimension: 3, elementType: 0, metric: 0, idType: 0, creator: "maker")
    var manifest = Manifest(firstVersionOf: identity, identityHash: identity.hash)
    manifest.version = 0x0A0B
    manifest.parentVersion = 0x0A0A
    manifest.parentHash = digest(7)
    manifest.nanoseconds = -77
    manifest.walStartLSN = 501
    manifest.firstLog = 31
    manifest.lastLSN = 640
    manifest.flags = 2
    manifest.nextNumber = 99
    manifest.settings = ["a.b": "c"]
    manifest.segments = [
      SegmentEntry(
        number: 12, bytes: 8192, sha256: digest(1), footerCRC: 5, rows: 10, live: 6, minLSN: 3, maxLSN: 400,
        contentHash: digest(2),
        deletion: DeletionEntry(
          generation: 2, bytes: 12288, sha256: digest(3), footerCRC: 6, count: 4, contentHash: digest(4)))
    ]
    manifest.indexes = [
      IndexEntry(number: 14, kind: "graph", segment: 12, bytes: 4096, sha256: digest(5), footerCRC: 8)
    ]
    manifest.liveRows = 6
    manifest.totalRows = 10
    return manifest
  }

  @Test func manifestIsAsThePageSays() throws {
    let manifest = sampleManifest()
    let (bytes, hash) = ManifestCodec.encode(manifest, collection: uuid)
    let length = Int(try #require(page.value("manifest", "body_length", in: bytes)))
    let start = try #require(page.tables["manifest"]?.first { $0.name == "body" }).offset
    let body = [UInt8](bytes[start..<(start + length)])
    let problems = page.problems(
      "manifest", in: bytes,
      numbers: [
        "version": 0x0A0B, "parent_version": 0x0A0A, "time": UInt64(bitPattern: -77),
        "body_length": UInt64(length),
        "wal_start_lsn": 501, "first_log": 31, "last_lsn": 640, "body_crc": UInt64(crc32c(body)), "flags": 2,
        "header_crc": crc(bytes, 0..<252),
      ],
      blobs: [
        "prefix": FilePrefix(kind: .manifest, features: FeatureBits(), collection: uuid, headerLength: 256)
          .encode(),
        "parent_hash": [UInt8](repeating: 7, count: 32), "body": body,
      ])
    #expect(problems == [])
    #expect((bytes.count - 32) % 64 == 0 && bytes.count - 32 - start - length < 64)
    #expect([UInt8](bytes.suffix(32)) == hash.bytes)
    #expect(SHA256.digest(of: [UInt8](bytes.dropLast(32))) == hash)

    func keys(_ value: Any?) -> [String]? { (value as? [String: Any])?.keys.sorted() }
    func named(_ list: String) -> [String]? { page.lists[list]?.map { $0[0] } }
    let object = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
    let segment = (object?["segments"] as? [Any])?.first
    #expect(keys(object) == named("manifest-keys"))
    #expect(keys(segment) == named("segment-keys"))
    #expect(keys((segment as? [String: Any])?["del"]) == named("deletion-keys"))
    #expect(keys((object?["indexes"] as? [Any])?.first) == named("index-keys"))
    #expect(keys(object?["writer"]) == named("writer-keys"))
    #expect(object?["schema"] as? String == "vdb.manifest/1" && page.text.contains("vdb.manifest/1"))
  }

  @Test func limitsAreAsThePageSays() {
    let claims: [(String, Int)] = [
      ("n, at most \(ManifestLimits.bodyBytes)", ManifestLimits.bodyBytes),
      ("at most \(ManifestLimits.segments)", ManifestLimits.segments),
      ("n, at most \(LogFormat.maximumPayload)", LogFormat.maximumPayload),
      ("\(LogFormat.maximumTransaction) bytes", LogFormat.maximumTransaction),
      ("\(LogFormat.maximumFileSize) bytes", LogFormat.maximumFileSize),
      ("at most \(LogFormat.maximumCommandLength)", LogFormat.maximumCommandLength),
      ("at most \(FilePrefix.maximumHeaderLength)", Int(FilePrefix.maximumHeaderLength)),
      ("1 to \(SegmentEntry.maximumRows)", Int(SegmentEntry.maximumRows)),
      ("1 to \(FileNames.maximumGeneration)", Int(FileNames.maximumGeneration)),
    ]
    let text = page.text.replacingOccurrences(of: "\n", with: " ")
    for (claim, _) in claims { #expect(text.contains(claim), "the page does not say: \(claim)") }
  }

  @Test func namesAreAsThePageSays() throws {
    let names = try #require(page.lists["files"]).map { $0[0] }
    func pattern(_ name: String) -> String {
      name.replacingOccurrences(of: "0000000000000abc", with: "%016x").replacingOccurrences(
        of: "00000def", with: "%08x")
    }
    let made = [
      CollectionIdentity.fileName, FileNames.lock, FileNames.lockInfo, FileNames.rebuildStatus,
      FileNames.rebuildLog, FileNames.manifest(0xABC), FileNames.log(0xABC),
      FileNames.segment(0xABC), FileNames.deletion(0xABC, 0xDEF), FileNames.index(0xABC), "tmp/",
    ]
    #expect(names == made.map(pattern))
    #expect(
      Set(names.compactMap { $0.contains("/") ? String($0.prefix { $0 != "/" }) : nil })
        == Set(FileNames.folders))
  }

  @Test func logIsAsThePageSays() throws {
    let fs = try folders()
    let writer = try LogWriter.create(
      fs, number: 7, firstLSN: 100, collection: uuid, manifestVersion: 3, previousChain: 0xCAFE,
      previousEnd: 0x600,
      salt: 0x5A5A_1234_5678_9ABC)
    writer.processID = 41
    writer.userID = 42
    let batch = LogBatch()
    let (id, vector, metadata): ([UInt8], [UInt8], [UInt8]) = (
      [1, 2, 3], [4, 5, 6, 7, 8], Array(#"{"a":1}"#.utf8)
    )
    id.withUnsafeBytes { id in
      vector.withUnsafeBytes { vector in
        metadata.withUnsafeBytes { batch.appendPut(id: id, created: -9, vector: vector, metadata: $0) }
      }
      batch.appendDelete(id: id)
    }
    _ = try writer.commit(batch, nanoseconds: -11, liveRowsAfter: 13, command: "write")
    let end = Int(writer.validEnd)
    try writer.seal()
    let bytes = try bytes(fs, FileNames.log(7))

    #expect(
      page.problems(
        "log", in: bytes, length: LogFormat.headerLength,
        numbers: [
          "number": 7, "first_lsn": 100, "salt": 0x5A5A_1234_5678_9ABC, "manifest_version": 3,
          "previous_chain": 0xCAFE, "previous_end": 0x600, "log_header_crc": crc(bytes, 0..<508),
        ],
        blobs: [
          "prefix": FilePrefix(kind: .log, features: FeatureBits(), collection: uuid, headerLength: 512)
            .encode()
        ]) == [])

    let seal = end + LogFormat.recordHeaderLength
    let payloads: [(name: String, numbers: [String: UInt64], blobs: [String: [UInt8]])] = [
      (
        "begin",
        [
          "sync_epoch": 1, "process": 41, "begin_time": UInt64(bitPattern: -11), "user": 42,
          "command_length": 5,
        ], ["command": Array("write".utf8)]
      ),
      (
        "put",
        [
          "id_length": 3, "metadata_length": 7, "vector_length": 5, "put_created": UInt64(bitPattern: -9),
        ], ["vector_id_metadata": vector + id + metadata]
      ),
      ("delete", ["delete_id_length": 3], ["delete_id": id]),
      ("commit", ["begin_lsn": 100, "live_rows": 13], [:]),
      (
        "seal",
        [
          "seal_offset": UInt64(end), "seal_lsn": 103, "seal_chain": UInt64(writer.chain),
          "seal_time": page.value("seal", "seal_time", in: bytes, at: seal) ?? 0,
          "seal_salt": 0x5A5A_1234_5678_9ABC,
        ], [:]
      ),
    ]
    let types = try #require(page.lists["record-types"])
    #expect(types.count == payloads.count)
    var chain = crc32c([UInt8](bytes[80..<88]))
    var offset = LogFormat.headerLength
    for (index, payload) in payloads.enumerated() {
      let length = Int(try #require(page.value("record", "payload_length", in: bytes, at: offset)))
      let next = offset + LogFormat.recordHeaderLength + (length + 7) / 8 * 8
      try #require(next <= bytes.count)
      chain = crc32c(withUnsafeBytes(of: chain.littleEndian) { [UInt8]($0) } + bytes[(offset + 4)..<next])
      let body = [UInt8](
        bytes[(offset + LogFormat.recordHeaderLength)..<(offset + LogFormat.recordHeaderLength + length)])
      #expect(types[index][0].lowercased() == payload.name)
      #expect(
        page.problems(
          "record", in: bytes, at: offset,
          numbers: [
            "chain": UInt64(chain), "payload_length": UInt64(length), "lsn": UInt64(100 + index),
            "type": try #require(UInt64(types[index][1])),
            "operation_count": payload.name == "commit" ? 2 : 0,
          ], blobs: ["payload": body]) == [])
      #expect(
        page.problems(
          payload.name, in: bytes, at: offset + LogFormat.recordHeaderLength, numbers: payload.numbers,
          blobs: payload.blobs) == [])
      offset = next
    }
    #expect(offset == bytes.count && bytes.count - end == LogFormat.sealLength)
  }

  @Test func containerAndDeletionFileAreAsThePageSays() throws {
    let fs = try folders()
    let hash = Digest256(bytes: (0..<32).map { UInt8($0) })!
    let sum = Digest256(bytes: (0..<32).map { UInt8(100 + $0) })!
    let segment = SegmentEntry(
      number: 12, bytes: 8192, sha256: hash, footerCRC: 5, rows: 500_000, live: 500_000, minLSN: 3,
      maxLSN: 400,
      contentHash: .zero)
    // Every other row: the form of words, 62,500 bytes, several blocks.
    let words = (0..<7813).map { $0 < 7812 ? UInt64(0x5555_5555_5555_5555) : 0x5555_5555 }
    let count = words.reduce(0) { $0 + $1.nonzeroBitCount }
    let entry = try DeletionFile.write(
      fs, temporaryName: "tmp/x", segment, collection: uuid, generation: 3, words: words, contentHash: sum)
    let bytes = try bytes(fs, "tmp/x")
    let footer = bytes.count - 4096
    #expect(entry.bytes == UInt64(bytes.count))

    let prefix = FilePrefix(kind: .deletion, features: FeatureBits(), collection: uuid, headerLength: 4096)
      .encode()
    let headerFields = [UInt8](bytes[64..<120])
    #expect(
      page.problems(
        "header-page", in: bytes, length: 4096,
        numbers: ["header_fields_length": 56, "header_page_crc": crc(bytes, 0..<4092)],
        blobs: ["prefix": prefix, "header_fields": headerFields]) == [])
    #expect(
      page.problems(
        "deletion-header", in: headerFields, length: 56,
        numbers: ["deletion_segment": 12, "generation": 3, "segment_rows": 500_000],
        blobs: ["segment_sha256": hash.bytes]) == [])

    func number(_ name: String) throws -> Int {
      Int(try #require(page.value("footer-page", name, in: bytes, at: footer)))
    }
    let (s, c, t) = (try number("section_table"), try number("block_table"), try number("chunk_table"))
    let body = words.count * 8
    #expect(s == 4096 + (body + 63) / 64 * 64 && c == s + 64)
    let blocks = (s - 4096 + 16383) / 16384
    #expect(t == c + (4 * blocks + 63) / 64 * 64)
    let footerFields = [UInt8](bytes[(footer + 128)..<(footer + 168)])
    #expect(
      page.problems(
        "footer-page", in: bytes, at: footer, length: 4096,
        numbers: [
          "file_length": UInt64(bytes.count), "section_table": UInt64(s), "section_count": 1,
          "section_table_crc": crc(bytes, s..<c), "block_table": UInt64(c), "block_count": UInt64(blocks),
          "chunk_table": UInt64(t), "chunk_table_crc": crc(bytes, t..<footer),
          "header_crc_copy": crc(bytes, 0..<4092), "block_bits": 14, "footer_fields_length": 40,
          "footer_page_crc": UInt64(entry.footerCRC),
        ],
        blobs: [
          "footer_magic": [0x76, 0x64, 0x62, 0x46, 0x4F, 0x4F, 0x54, 1], "footer_fields": footerFields,
        ]) == [])
    #expect(
      page.problems(
        "deletion-footer", in: footerFields, length: 40, numbers: ["deleted_rows": UInt64(count)],
        blobs: ["deleted_content_hash": sum.bytes]) == [])
    #expect(
      page.problems(
        "section-entry", in: bytes, at: s, length: 64,
        numbers: [
          "name": 0x5354_4942, "column": 0, "offset": 4096, "length": UInt64(body),
          "count": UInt64(words.count),
          "element_size": 8, "alignment": 6,
        ]) == [])
    for block in 0..<blocks {
      let range = (4096 + 16384 * block)..<min(4096 + 16384 * (block + 1), s)
      #expect(UInt64(bytes.littleEndian(at: c + 4 * block, as: UInt32.self)) == crc(bytes, range))
    }
    #expect(UInt64(bytes.littleEndian(at: t, as: UInt32.self)) == crc(bytes, c..<t))
  }

  @Test func aWrongPageFails() {
    let bytes = FilePrefix(kind: .log, features: FeatureBits(), collection: uuid, headerLength: 512).encode()
    #expect(page.problems("prefix", in: [0] + bytes, numbers: [:]).count > 5)
    #expect(page.problems("record", in: [], numbers: [:]) != [])
    #expect(page.problems("no such table", in: [], numbers: [:]) != [])
  }

  @Test func thePageIsCleanForTheManualsOwnChecker() throws {
    let path = PackageFolder.path + "/man/vdb-format.5"
    guard let run = try Golden.run("mandoc", ["-Tlint", path]) else {
      print("SKIPPED: mandoc is not installed, so man/vdb-format.5 was not checked for form")
      return
    }
    let complaints = run.output.split(separator: "\n").filter { !$0.contains("referenced manual not found") }
    #expect(complaints == [])
  }
}
