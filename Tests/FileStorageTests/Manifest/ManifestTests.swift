import FileStorage
import Foundation
import TestSupport
import Testing

enum Manifests {
  static let identity = CollectionIdentity(
    uuid: UUID16(high: 7, low: 9), createdNanoseconds: 1, dimension: 8, elementType: 0, metric: 0, idType: 0,
    creator: "vdb 0.1.0")

  static func digest(_ generator: inout SeededGenerator) -> Digest256 {
    Digest256(words: (generator.next(), generator.next(), generator.next(), generator.next()))
  }

  static func text(_ generator: inout SeededGenerator) -> String {
    let pieces = [
      "a", "import", "\"", "\\", "\n", "\t", "\u{1}", "\u{1F}", "é", "漢", "🙂", "/", "\u{7F}", " ",
    ]
    return (0..<generator.below(6)).map { _ in pieces[generator.below(pieces.count)] }.joined()
  }

  /// A manifest that keeps all rules.
  static func random(_ generator: inout SeededGenerator, segments: Int) -> Manifest {
    var m = Manifest(firstVersionOf: identity, identityHash: identity.hash)
    m.version = 2 + generator.next() >> 2
    m.parentVersion = m.version - 1
    m.parentHash = digest(&generator)
    m.nanoseconds = Int64(truncatingIfNeeded: generator.next())
    m.walStartLSN = 1 + generator.next() >> 3
    m.lastLSN = m.walStartLSN - 1 + UInt64(generator.below(1000))
    m.flags = UInt32(generator.below(8))
    m.nextNumber = UInt64(segments * 2 + 1)
    m.firstLog = 1 + UInt64(generator.below(segments * 2 + 1))
    m.features = FeatureBits(
      incompat: UInt64(generator.below(2)), readOnlyCompat: 0, compat: generator.next())
    m.operation = text(&generator)
    m.writer = WriterInfo(
      vdb: text(&generator), host: text(&generator), userID: Int64(generator.below(70000)),
      processID: -Int64(generator.below(2)), command: text(&generator))
    for _ in 0..<generator.below(6) { m.settings[text(&generator)] = text(&generator) }
    for number in (0..<segments).map({ UInt64($0 + 1) }) {
      let rows = 1 + generator.next() % SegmentEntry.maximumRows
      var entry = SegmentEntry(
        number: number, bytes: 1 + generator.next() >> 1, sha256: digest(&generator),
        footerCRC: UInt32(truncatingIfNeeded: generator.next()), rows: rows, live: rows, minLSN: 0,
        maxLSN: m.walStartLSN - 1, contentHash: digest(&generator))
      if generator.oneIn(2) {
        let count = 1 + generator.next() % rows
        entry.live = rows - count
        entry.deletion = DeletionEntry(
          generation: 1 + UInt64(generator.below(9)), bytes: 8192, sha256: digest(&generator), footerCRC: 4,
          count: count, contentHash: digest(&generator))
      }
      m.segments.append(entry)
      if generator.oneIn(2) {
        m.indexes.append(
          IndexEntry(
            number: UInt64(segments) + number, kind: "flat-1", segment: number, bytes: 4096,
            sha256: digest(&generator),
            footerCRC: UInt32.max))
      }
    }
    m.liveRows = m.segments.reduce(0) { $0 + $1.live }
    m.totalRows = m.segments.reduce(0) { $0 + $1.rows }
    return m
  }

  static func decode(_ bytes: [UInt8]) throws -> Manifest {
    try ManifestCodec.decode(bytes, path: "manifest/m", collection: identity.uuid)
  }

  /// A manifest file with another body and, after `change`, right checksums.
  static func signed(body: String, from file: [UInt8], _ change: (inout [UInt8]) -> Void = { _ in })
    -> [UInt8]
  {
    let text = [UInt8](body.utf8)
    var bytes = [UInt8](file.prefix(256)) + text
    while bytes.count % 64 != 0 { bytes.append(0) }
    for index in 0..<8 { bytes[120 + index] = UInt8(truncatingIfNeeded: text.count >> (8 * index)) }
    change(&bytes)
    sign(&bytes, 256..<(256 + text.count), at: 152)
    sign(&bytes, 0..<60, at: 60)
    sign(&bytes, 0..<252, at: 252)
    return bytes + SHA256.digest(of: bytes).bytes
  }

  static func body(_ file: [UInt8]) -> String {
    String(decoding: file[256..<(file.count - 32)].prefix { $0 != 0 }, as: UTF8.self)
  }

  /// A small manifest with all kinds of entries, and its bytes.
  static func small() -> (Manifest, [UInt8]) {
    var generator = SeededGenerator(seed: 1)
    var m = random(&generator, segments: 1)
    m.version = 5
    m.parentVersion = 4
    m.walStartLSN = 20
    m.lastLSN = 22
    m.settings = ["k": "v"]
    m.segments = [
      SegmentEntry(
        number: 1, bytes: 100, sha256: .zero, footerCRC: 3, rows: 10, live: 8, minLSN: 1, maxLSN: 9,
        contentHash: .zero,
        deletion: DeletionEntry(
          generation: 1, bytes: 10, sha256: .zero, footerCRC: 1, count: 2, contentHash: .zero))
    ]
    m.indexes = [IndexEntry(number: 2, kind: "flat", segment: 1, bytes: 1, sha256: .zero, footerCRC: 1)]
    (m.liveRows, m.totalRows, m.nextNumber, m.firstLog) = (8, 10, 3, 3)
    let (bytes, hash) = ManifestCodec.encode(m, collection: identity.uuid)
    m.hash = hash
    return (m, bytes)
  }
}

@Test(arguments: [0, 1, 2, 17, 500])
func manifestsSurviveARoundTrip(segments: Int) throws {
  var generator = SeededGenerator(seed: UInt64(segments) + 100)
  for round in 0..<10 {
    var manifest = Manifests.random(&generator, segments: segments)
    let (bytes, hash) = ManifestCodec.encode(manifest, collection: Manifests.identity.uuid)
    manifest.hash = hash
    #expect(try Manifests.decode(bytes) == manifest, "round \(round)")
    #expect(SHA256.digest(of: [UInt8](bytes.dropLast(32))) == hash)
    #expect([UInt8](bytes.suffix(32)) == hash.bytes)
  }
}

@Test func theBodyOfAManifestIsJSONThatOthersRead() throws {
  let (manifest, bytes) = Manifests.small()
  let object = try #require(
    try JSONSerialization.jsonObject(with: Data(Manifests.body(bytes).utf8)) as? [String: Any])
  #expect(object["schema"] as? String == "vdb.manifest/1")
  #expect(object["operation"] as? String == manifest.operation)
  #expect((object["writer"] as? [String: Any])?["host"] as? String == manifest.writer.host)
  #expect((object["segments"] as? [[String: Any]])?.first?["rows"] as? Int == 10)
}

@Test func everyFlippedBitOfAManifestIsFound() throws {
  let (_, bytes) = Manifests.small()
  for bit in 0..<(bytes.count * 8) {
    var damaged = bytes
    damaged[bit / 8] ^= 1 << UInt8(bit % 8)
    let error = #expect(throws: StorageError.self, "bit \(bit)") { try Manifests.decode(damaged) }
    #expect(isCorruption(error), "bit \(bit): \(String(describing: error))")
  }
}

@Test func everyTruncationAndExtensionOfAManifestIsFound() throws {
  let (_, bytes) = Manifests.small()
  for length in 0..<bytes.count {
    let error = #expect(throws: StorageError.self, "length \(length)") {
      try Manifests.decode([UInt8](bytes.prefix(length)))
    }
    #expect(isCorruption(error))
  }
  for extra in 1...200 {
    #expect(throws: StorageError.self) { try Manifests.decode(bytes + [UInt8](repeating: 0, count: extra)) }
  }
}

@Test func signedManifestsThatBreakARuleAreRefused() throws {
  let (_, bytes) = Manifests.small()
  let body = Manifests.body(bytes)
  #expect(throws: Never.self) { try Manifests.decode(Manifests.signed(body: body, from: bytes)) }
  let replacements: [(String, String)] = [
    ("\"rows\":10", "\"rows\":11"), ("\"rows\":10", "\"rows\":1e1"), ("\"rows\":10", "\"rows\":10.0"),
    ("\"rows\":10", "\"rows\":\"10\""), ("\"rows\":10", "\"rows\":-10"), ("\"rows\":10", "\"rows\":010"),
    ("\"rows\":10", "\"rows\":99999999999999999999"), ("\"rows\":10", "\"rows\":0"), ("\"rows\":10,", ""),
    ("\"live\":8", "\"live\":9"), ("\"live_rows\":8", "\"live_rows\":7"),
    ("\"total_rows\":10", "\"total_rows\":9"),
    ("\"next\":3", "\"next\":1"), ("\"next\":3", "\"next\":2"), ("\"id\":2", "\"id\":1"),
    ("\"id\":2", "\"id\":0"),
    ("\"segment\":1", "\"segment\":2"), ("\"kind\":\"flat\"", "\"kind\":\"\""),
    ("\"kind\":\"flat\"", "\"kind\":\"../x\""), ("\"gen\":1", "\"gen\":0"),
    ("\"gen\":1", "\"gen\":4294967296"),
    ("\"count\":2", "\"count\":11"), ("\"max_lsn\":9", "\"max_lsn\":20"), ("\"min_lsn\":1", "\"min_lsn\":10"),
    ("\"footer_crc\":3", "\"footer_crc\":4294967296"), ("\"k\":\"v\"", "\"k\":1"),
    ("\"k\":\"v\"", "\"k\":\"\\x\""),
    ("\"k\":\"v\"", "\"k\":\"\\ud800\""), ("\"k\":\"v\"", "\"k\":\"v\",\"k\":\"v\""),
    ("\"k\":\"v\"", "\"k\":\"v\",\"a\":\"v\""), ("\"k\":\"v\"", "\"k\":\"v\","),
    ("vdb.manifest/1", "vdb.manifest/2"),
    ("{", " {"), ("\"next\":3", "\"next\": 3"), ("\"segments\":[", "\"segments\":[,"),
  ]
  for (old, new) in replacements {
    let range = try #require(body.range(of: old), "\(old)")
    let changed = body.replacingCharacters(in: range, with: new)
    let error = #expect(throws: StorageError.self, "\(old) to \(new)") {
      try Manifests.decode(Manifests.signed(body: changed, from: bytes))
    }
    #expect(isCorruption(error))
  }
  let hostile = [
    "", "{}", "[]", "{", "null", "{\"ident_sha256\":", body + "x", body + body, String(body.dropLast()),
    String(repeating: "[", count: 100_000), "{\"a\":" + String(repeating: "[", count: 100_000),
    "{\"a\":" + String(repeating: "{\"a\":", count: 100_000), "{\"a\":\"\\", "{\"a\":\"\\u00",
  ]
  for text in hostile {
    #expect(throws: StorageError.self, "\(text.prefix(20))") {
      try Manifests.decode(Manifests.signed(body: text, from: bytes))
    }
  }
}

@Test func signedHeadersThatBreakARuleAreRefused() throws {
  let (_, bytes) = Manifests.small()
  let body = Manifests.body(bytes)
  let changes: [(String, (inout [UInt8]) -> Void)] = [
    ("version 0", { $0[64] = 0 }), ("version past 2^63", { $0[71] = 0x80 }),
    ("parent not below", { $0[72] = 5 }),
    ("parent hash without parent", { $0[72] = 0 }), ("first LSN 0", { $0[128] = 0 }),
    ("last LSN too low", { $0[144] = 18 }), ("log 0", { $0[136] = 0 }),
    ("log past the next number", { $0[136] = 4 }),
    ("flags", { $0[156] = 8 }), ("reserved", { $0[200] = 1 }), ("body length", { $0[120] ^= 0x40 }),
    ("huge body length", { $0[127] = 0xFF }),
    (
      "header length",
      {
        $0[56] = 64; $0[57] = 0
      }
    ),
    ("padding", { if $0[$0.count - 1] == 0 { $0[$0.count - 1] = 1 } }),
  ]
  #expect(body.utf8.count % 64 != 0)
  for (name, change) in changes {
    #expect(throws: StorageError.self, "\(name)") {
      try Manifests.decode(Manifests.signed(body: body, from: bytes, change))
    }
  }
}

@Test func membersThatANewerMinorVersionAddsArePassedOver() throws {
  let (manifest, bytes) = Manifests.small()
  let body = Manifests.body(bytes)
    .replacingOccurrences(of: "\"live\":8", with: "\"kept\":[1,{\"x\":null},[]],\"live\":8")
    .replacingOccurrences(
      of: "{\"ident_sha256\"", with: "{\"aaa\":{\"b\":1.5,\"c\":\"\\u0001\"},\"ident_sha256\"")
  var read = try Manifests.decode(
    Manifests.signed(body: String(body.dropLast()) + ",\"zzz\":true}", from: bytes))
  read.hash = manifest.hash
  #expect(read == manifest)
}

@Test func unknownFeatureBitsOfAManifestAreRefused() throws {
  let (_, bytes) = Manifests.small()
  let body = Manifests.body(bytes)
  let refused = #expect(throws: StorageError.self) {
    try Manifests.decode(
      Manifests.signed(body: body, from: bytes) {
        $0[14] = 2
        $0[22] = 1
      })
  }
  #expect(
    refused?.description
      == "cannot read manifest/m: it uses feature bit 48 and needs a vdb that knows format 1.2; this one knows format 1.0"
  )
  let readable = try Manifests.decode(Manifests.signed(body: body, from: bytes) { $0[24] = 1 })
  try readable.features.check(path: "m", forWriting: false)
  #expect(throws: StorageError.self) { try readable.features.check(path: "m", forWriting: true) }
}

@Test func randomlyDamagedManifestsAreRefusedAndNeverTrap() throws {
  let (_, bytes) = Manifests.small()
  let body = [UInt8](Manifests.body(bytes).utf8)
  var generator = SeededGenerator(seed: 77)
  for _ in 0..<5000 {
    var text = body
    for _ in 0...generator.below(4) {
      let place = generator.below(text.count)
      switch generator.below(3) {
      case 0: text[place] = UInt8(truncatingIfNeeded: generator.next())
      case 1: text.remove(at: place)
      default: text.insert(body[generator.below(body.count)], at: place)
      }
    }
    var file = [UInt8](bytes.prefix(256)) + text
    while file.count % 64 != 0 { file.append(0) }
    for index in 0..<8 { file[120 + index] = UInt8(truncatingIfNeeded: text.count >> (8 * index)) }
    sign(&file, 256..<(256 + text.count), at: 152)
    sign(&file, 0..<252, at: 252)
    file += SHA256.digest(of: file).bytes
    if let manifest = try? Manifests.decode(file) {
      // What is accepted keeps the rules, so it can be written again.
      let (again, hash) = ManifestCodec.encode(manifest, collection: Manifests.identity.uuid)
      var expected = manifest
      expected.hash = hash
      #expect(try Manifests.decode(again) == expected, "seed 77")
    }
  }
}
