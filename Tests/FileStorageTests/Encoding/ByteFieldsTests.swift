import FileStorage
import Testing

@Suite struct ByteFieldsTests {
  @Test func fieldsComeBackAsWritten() throws {
    var writer = ByteWriter()
    let uuid = UUID16.random()
    let digest = SHA256.digest(of: [1, 2, 3])
    writer.append(0x12 as UInt8)
    writer.append(0x3456 as UInt16)
    writer.append(0x789A_BCDE as UInt32)
    writer.append(0x0123_4567_89AB_CDEF as UInt64)
    writer.append(Int64.min)
    writer.append(Float(-1.5))
    writer.append(uuid)
    writer.append(digest)
    writer.append(utf8: "ä")
    writer.append([9, 8])
    writer.append(zeros: 3)
    writer.pad(toMultipleOf: 64)
    writer.pad(to: 130)
    #expect(Array(writer.bytes[..<7]) == [0x12, 0x56, 0x34, 0xDE, 0xBC, 0x9A, 0x78])
    #expect(writer.count == 130)
    var reader = ByteReader(writer.bytes, path: "file", section: "header", baseOffset: 1000)
    let readUInt8Value = try reader.readUInt8()
    #expect(readUInt8Value == 0x12)
    let readUInt16Value = try reader.readUInt16()
    #expect(readUInt16Value == 0x3456)
    let readUInt32Value = try reader.readUInt32()
    #expect(readUInt32Value == 0x789A_BCDE)
    let readUInt64Value = try reader.readUInt64()
    #expect(readUInt64Value == 0x0123_4567_89AB_CDEF)
    let readInt64Value = try reader.readInt64()
    #expect(readInt64Value == .min)
    let readFloatValue = try reader.readFloat()
    #expect(readFloatValue == -1.5)
    let readUUIDValue = try reader.readUUID()
    #expect(readUUIDValue == uuid)
    let readDigestValue = try reader.readDigest()
    #expect(readDigestValue == digest)
    let readTextValue = try reader.readText(2)
    #expect(readTextValue == "ä")
    let readBytesValue = try reader.readBytes(2)
    #expect(readBytesValue == [9, 8])
    try reader.skipZeros(3)
    let position = reader.position
    #expect(position == 82)
    try reader.skip(47)
    let offset = reader.fileOffset
    let remaining = reader.remaining
    #expect(offset == 1129)
    #expect(remaining == 1)
    try reader.skip(1)
    let isAtEnd = reader.isAtEnd
    #expect(isAtEnd)
  }

  @Test func readingPastTheEndNamesThePlaceAndMovesNothing() {
    let bytes = [UInt8](repeating: 0xFF, count: 7)
    var reader = ByteReader(bytes, path: "segments/x", section: "footer", baseOffset: 50)
    do throws(CorruptionError) {
      try reader.skip(3)
      _ = try reader.readUInt64()
      Issue.record("read 8 of 4 bytes")
    } catch {
      #expect(
        error
          == CorruptionError(
            path: "segments/x", section: "footer", offset: 53, expected: "8 more bytes", found: "4"))
    }
    let position = reader.position
    #expect(position == 3)
    for wanted in [-1, 5, .max, .min] {
      do throws(CorruptionError) {
        _ = try reader.readBytes(wanted)
        Issue.record("read \(wanted) bytes")
      } catch {
        let position = reader.position
        #expect(position == 3)
      }
    }
    do throws(CorruptionError) {
      _ = try reader.readText(2)
      Issue.record("took FF FF for text")
    } catch { #expect(error.offset == 53) }
  }

  @Test func numbersCanBeOverwritten() {
    var writer = ByteWriter(capacity: 12)
    writer.append(zeros: 12)
    writer.overwrite(0x0102_0304 as UInt32, at: 1)
    #expect(writer.bytes == [0, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0])
    writer.overwrite(0x1112_1314_1516_1718 as UInt64, at: 4)
    #expect(writer.bytes == [0, 4, 3, 2, 0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11])
    #expect(writer.checksum(from: 4) == crc32c(Array(writer.bytes[4...])))
  }

  @Test func identifiersAreReadAndPrinted() throws {
    let text = "00112233-4455-6677-8899-aabbccddeeff"
    let uuid = try #require(UUID16(parsing: text))
    #expect(uuid.bytes == (0..<16).map { UInt8($0 * 17) })
    #expect(uuid.description == text)
    #expect(UUID16(bytes: uuid.bytes) == uuid)
    #expect(UUID16(parsing: text.uppercased()) == uuid)
    #expect(UUID16(parsing: text.filter { $0 != "-" }) == uuid)
    #expect(uuid.bytes.withUnsafeBytes { UUID16(loading: $0.baseAddress!) } == uuid)
    for bad in [
      "", "0", text + "0", "00112233x4455-6677-8899-aabbccddeeff", "001122334455-6677-8899-aabbccddeeff0",
      "0011223g-4455-6677-8899-aabbccddeeff", "{0112233-4455-6677-8899-aabbccddeef}",
      "0011223344556677-8899aabbccddee-",
    ] {
      #expect(UUID16(parsing: bad) == nil, "\(bad)")
    }
    #expect(UUID16(bytes: []) == nil)
  }

  @Test func identifiersOrderByTheirBytes() {
    let uuids = (0..<200).map { _ in UUID16.random() }
    #expect(Set(uuids).count == 200)
    #expect(
      uuids.sorted().map(\.bytes) == uuids.map(\.bytes).sorted { $0.lexicographicallyPrecedes($1) })
    #expect(uuids.allSatisfy { $0.bytes[6] >> 4 == 4 && $0.bytes[8] >> 6 == 2 })
  }
}
