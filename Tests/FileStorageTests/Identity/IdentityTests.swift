import FileStorage
import TestSupport
import Testing

private let uuid = UUID16(high: 0x0123_4567_89AB_4DEF, low: 0x8123_4567_89AB_CDEF)

private func sample(elementType: UInt8 = 0, metric: UInt8 = 2, creator: String = "vdb 0.1.0")
  -> CollectionIdentity
{
  CollectionIdentity(
    uuid: uuid, createdNanoseconds: -5, dimension: 384, elementType: elementType, metric: metric, idType: 1,
    creator: creator)
}

private func resigned(_ bytes: [UInt8], _ change: (inout [UInt8]) -> Void) -> [UInt8] {
  var copy = [UInt8](bytes.prefix(CollectionIdentity.copySize))
  change(&copy)
  sign(&copy, 0..<60, at: 60)
  sign(&copy, 0..<2044, at: 2044)
  return copy + copy
}

/// Puts the CRC-32C of a range where it belongs.
func sign(_ bytes: inout [UInt8], _ range: Range<Int>, at offset: Int) {
  let crc = crc32c([UInt8](bytes[range]))
  for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: crc >> UInt32(8 * index)) }
}

@Test func identitySurvivesARoundTrip() throws {
  for identity in [
    sample(), sample(elementType: 1), sample(elementType: 3), sample(elementType: 4, metric: 3),
    sample(elementType: 5, metric: 4), sample(creator: ""),
    sample(creator: String(repeating: "é", count: 90)),
  ] {
    let bytes = identity.encode()
    #expect(bytes.count == CollectionIdentity.fileSize)
    let (again, intact) = try CollectionIdentity.decode(bytes, path: "VDB")
    #expect(again == identity)
    #expect(intact == 2)
    #expect(again.hash == SHA256.digest(of: bytes))
  }
  #expect(sample(elementType: 1).features.incompat == FeatureBits.halfVectors)
  #expect(sample(elementType: 3).features.incompat == FeatureBits.byteVectors)
  #expect(sample(elementType: 5, metric: 4).features.incompat == FeatureBits.bitVectors)
  #expect(sample(metric: 3).features.incompat == FeatureBits.absoluteDifferences)
}

@Test func everyFlippedBitOfAnIdentityLeavesTheOtherCopy() throws {
  let bytes = sample().encode()
  for bit in 0..<(bytes.count * 8) {
    var damaged = bytes
    damaged[bit / 8] ^= 1 << UInt8(bit % 8)
    let (identity, intact) = try CollectionIdentity.decode(damaged, path: "VDB")
    #expect(identity == sample() && intact == 1, "bit \(bit)")
    // The same bit in both copies leaves nothing to trust.
    if bit < CollectionIdentity.copySize * 8 {
      damaged[CollectionIdentity.copySize + bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(throws: StorageError.self, "bit \(bit) twice") {
        try CollectionIdentity.decode(damaged, path: "VDB")
      }
    }
  }
}

@Test func aTruncatedIdentityIsUsableWhileOneCopyIsWhole() throws {
  let bytes = sample().encode()
  for length in 0...bytes.count {
    let part = [UInt8](bytes.prefix(length))
    if length < CollectionIdentity.copySize {
      #expect(throws: StorageError.self, "length \(length)") {
        try CollectionIdentity.decode(part, path: "VDB")
      }
    } else {
      let (identity, intact) = try CollectionIdentity.decode(part, path: "VDB")
      #expect(identity == sample() && intact == (length == bytes.count ? 2 : 1), "length \(length)")
    }
  }
  #expect(try CollectionIdentity.decode(bytes + [0], path: "VDB").intactCopies == 1)
}

@Test func contradictingCopiesOfAnIdentityAreDamage() throws {
  let other = CollectionIdentity(
    uuid: uuid, createdNanoseconds: -5, dimension: 385, elementType: 0, metric: 2, idType: 1,
    creator: "vdb 0.1.0")
  let bytes = [UInt8](sample().encode().prefix(2048) + other.encode().suffix(2048))
  #expect(throws: StorageError.self) { try CollectionIdentity.decode(bytes, path: "VDB") }
}

@Test func hostileFieldsOfAnIdentityAreRefused() throws {
  let bytes = sample().encode()
  let changes: [(String, (inout [UInt8]) -> Void)] = [
    (
      "no dimension",
      {
        $0[72] = 0; $0[73] = 0
      }
    ), ("too many dimensions", { $0[75] = 1 }),
    ("element type", { $0[76] = 2 }), ("f16 without its bit", { $0[76] = 1 }), ("metric", { $0[77] = 5 }),
    ("another element type", { $0[76] = 6 }), ("l1 without its bit", { $0[77] = 3 }),
    ("i8 without its bit", { $0[76] = 3 }), ("u8 without its bit", { $0[76] = 4 }),
    (
      "bits without their bit",
      {
        $0[76] = 5; $0[77] = 4
      }
    ),
    (
      "bits with another metric",
      {
        $0[76] = 5; $0[16] = 8
      }
    ), ("hamming without bits", { $0[77] = 4 }),
    ("id type", { $0[78] = 3 }), ("reserved byte", { $0[79] = 1 }), ("creator not UTF-8", { $0[80] = 0xFF }),
    ("bytes behind the creator", { $0[127] = 65 }), ("reserved bytes", { $0[1000] = 1 }),
    (
      "header length",
      {
        $0[56] = 64; $0[57] = 0
      }
    ), ("kind", { $0[8] = 77 }),
  ]
  for (name, change) in changes {
    #expect(throws: StorageError.self, "\(name)") {
      try CollectionIdentity.decode(resigned(bytes, change), path: "VDB")
    }
  }
}

@Test func unknownFeaturesAreRefusedWithTheVersionThatIsNeeded() throws {
  let newer = resigned(sample().encode()) {
    $0[14] = 3
    $0[16] = 0x10
  }
  let refused = #expect(throws: StorageError.self) { try CollectionIdentity.decode(newer, path: "VDB") }
  #expect(
    refused?.description
      == "cannot read VDB: it uses compressed metadata and needs a vdb that knows format 1.3; this one knows format 1.0"
  )
  let major = #expect(throws: StorageError.self) {
    try CollectionIdentity.decode(resigned(sample().encode()) { $0[12] = 2 }, path: "VDB")
  }
  guard case .unsupported(let reason)? = major else { Issue.record("not refused"); return }
  #expect(reason.reason == .majorVersion(found: 2, newest: 1))
  #expect(reason.description.contains("needs a vdb that reads format 2"))
}

@Test func unknownReadOnlyFeaturesAllowReadingOnly() throws {
  let newer = resigned(sample().encode()) {
    $0[24] = 2
    $0[32] = 0xFF
  }
  let (identity, _) = try CollectionIdentity.decode(newer, path: "VDB")
  #expect(identity.features.compat == 0xFF)
  try identity.features.check(path: "VDB", forWriting: false)
  let refused = #expect(throws: StorageError.self) {
    try identity.features.check(path: "VDB", forWriting: true)
  }
  #expect(refused?.description.contains("a list of idempotency keys") == true)
  #expect(refused?.description.contains("can only read it") == true)
}

@Test func aFileOfAnotherCollectionOrKindIsDamage() throws {
  let prefix = FilePrefix(kind: .segment, features: FeatureBits(), collection: uuid, headerLength: 4096)
    .encode()
  #expect(
    try FilePrefix.decode(bytes: prefix, path: "f", kind: .segment, collection: uuid, fileSize: 4096)
      .headerLength == 4096)
  #expect(throws: StorageError.self) {
    try FilePrefix.decode(bytes: prefix, path: "f", kind: .segment, collection: uuid, fileSize: 4095)
  }
  #expect(throws: StorageError.self) {
    try FilePrefix.decode(bytes: prefix, path: "f", kind: .log, collection: uuid, fileSize: 4096)
  }
  #expect(throws: StorageError.self) {
    try FilePrefix.decode(
      bytes: prefix, path: "f", kind: .segment, collection: UUID16(high: 1, low: 1), fileSize: 4096)
  }
}

@Test func fileNamesAreReadBack() {
  for number in [0, 1, 42, 0xDEAD_BEEF, UInt64.max] {
    #expect(FileNames.parse(FileNames.manifest(number)) == .manifest(number))
    #expect(FileNames.parse(FileNames.log(number)) == .log(number))
    #expect(FileNames.parse(FileNames.segment(number)) == .segment(number))
    #expect(FileNames.parse(FileNames.index(number)) == .index(number))
    #expect(
      FileNames.parse(FileNames.deletion(number, 0xFFFF_FFFF))
        == .deletion(segment: number, generation: 0xFFFF_FFFF))
  }
  #expect(FileNames.manifest(42) == "manifest/000000000000002a.vman")
  #expect(FileNames.deletion(3, 2) == "del/0000000000000003-00000002.vdel")
  #expect(FileNames.temporary(FileNames.log(7)) == "tmp/0000000000000007.vwal")
}

@Test(arguments: [
  "", "VDB", "lock", "manifest", "manifest/", "manifest/2a.vman", "manifest/000000000000002A.vman",
  "manifest/000000000000002a.vwal", "manifest/000000000000002a.vman/", "wal/000000000000002a.vwal~",
  "x/000000000000002a.vwal", "wal/+00000000000002a.vwal", "del/0000000000000003-0000002.vdel",
  "del/0000000000000003_00000002.vdel", "del/00000000000000030-0000002.vdel",
  "del/0000000000000003-00000002.vseg",
  "wal/00000000000002é.vwal", "../wal/000000000000002a.vwal",
])
func foreignNamesStandForNothing(name: String) {
  #expect(FileNames.parse(name) == nil)
}

@Test func everyStorageErrorHasASentence() {
  for operation in FileError.Operation.allCases {
    for code: Int32 in [1, 2, 5, 13, 17, 27, 28, 30, 61, 122, 9999] {
      let text = StorageError.file(FileError(operation, "docs.vdb/lock", code)).description
      #expect(text.contains("docs.vdb/lock") && text.hasPrefix("cannot ") && !text.hasSuffix("."), "\(text)")
    }
  }
  #expect(
    StorageError.file(FileError(.write, "docs.vdb/wal/1", 28)).description
      == "cannot write docs.vdb/wal/1: no space left on the disk")
  let corruption = StorageError.corruption(
    CorruptionError(path: "seg/1", section: "VECT", offset: 9, expected: "a", found: "b"))
  #expect(corruption.description == "seg/1 is damaged: VECT at byte 9: expected a, found b")
  #expect(corruption.hint?.isEmpty == false)
  let poisoned = StorageError.poisoned(path: "wal/1", lsn: 8)
  #expect(poisoned.description.contains("everything up to LSN 7 is safe"))
}
