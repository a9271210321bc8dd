import FileStorage
import Testing

@Suite struct ChecksumTests {
  @Test func knownChecksums() {
    #expect(crc32c([]) == 0)
    #expect(crc32c(Array("123456789".utf8)) == 0xE306_9283)
    // RFC 3720, appendix B.4.
    #expect(crc32c([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(crc32c([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(crc32c((0..<32).map { $0 }) == 0x46DD_794E)
    #expect(crc32c((0..<32).reversed()) == 0x113F_DB5C)
  }

  @Test func checksumsOfPartsJoin() {
    let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }
    let whole = crc32c(bytes)
    for split in [0, 1, 7, 8, 4096, 50_001, 100_000] {
      let first = crc32c(Array(bytes[..<split]))
      let second = Array(bytes[split...])
      #expect(crc32c(second, seed: first) == whole)
      #expect(crc32cCombined(first, crc32c(second), secondCount: UInt64(second.count)) == whole)
    }
  }

  @Test func blocksHaveTheirOwnChecksums() {
    let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    for count in [0, 1, 4095, 4096, 4097, 8192, 10_000] {
      var blocks: [UInt32] = [9]
      bytes.withUnsafeBytes {
        crc32cBlocks(UnsafeRawBufferPointer(rebasing: $0[..<count]), blockSize: 4096, into: &blocks)
      }
      let expected = stride(from: 0, to: count, by: 4096).map {
        crc32c(Array(bytes[$0..<min(count, $0 + 4096)]))
      }
      #expect(blocks == [9] + expected)
    }
  }

  @Test func knownHashes() {
    #expect(
      SHA256.digest(of: []).hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      SHA256.digest(of: Array("abc".utf8)).hex
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      SHA256.digest(of: Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8)).hex
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    var million = SHA256()
    for _ in 0..<1000 { million.update([UInt8](repeating: UInt8(ascii: "a"), count: 1000)) }
    #expect(million.finalize().hex == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func hashesDoNotDependOnThePieces() {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    for length in [0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 1000] {
      let whole = SHA256.digest(of: Array(bytes[..<length]))
      for piece in [1, 3, 63, 64, 65, 200] {
        var hash = SHA256()
        for start in stride(from: 0, to: length, by: piece) {
          hash.update(Array(bytes[start..<min(length, start + piece)]))
        }
        var copy = hash
        #expect(hash.finalize() == whole)
        #expect(copy.finalize() == whole)
        // A finished hash starts anew.
        #expect(hash.finalize() == SHA256.digest(of: []))
      }
    }
  }

  @Test func digestsAddUpModuloTwoToThe256() {
    let one = Digest256(words: (1, 0, 0, 0))
    let last = Digest256(words: (.max, .max, .max, .max))
    #expect(last + one == .zero)
    #expect(Digest256.zero - one == last)
    #expect(Digest256(words: (.max, .max, 0, 0)) + one == Digest256(words: (0, 0, 1, 0)))
    let digests = (0..<20).map { SHA256.digest(of: [UInt8($0)]) }
    let sum = digests.reduce(.zero, +)
    #expect(digests.shuffled().reduce(.zero, +) == sum)
    #expect(digests.dropFirst().reduce(sum, -) == digests[0])
    for digest in digests {
      #expect(Digest256(bytes: digest.bytes) == digest)
      #expect(Digest256(hex: digest.hex) == digest)
      #expect(Digest256(hex: digest.hex.uppercased()) == digest)
      #expect(digest.bytes.withUnsafeBytes { Digest256(loading: $0.baseAddress!) } == digest)
    }
    #expect(one.bytes == [1] + [UInt8](repeating: 0, count: 31))
    #expect(Digest256(bytes: [1]) == nil && Digest256(hex: "ab") == nil)
    #expect(Digest256(hex: String(repeating: "g", count: 64)) == nil)
    #expect(Digest256(hex: String(repeating: "a", count: 65)) == nil)
  }

  @Test func sipHashMatchesItsReference() {
    // Made with the reference implementation's key 00 01 ... 0f, one compression round and three final rounds.
    guard let key = UUID16(bytes: (0..<16).map { $0 }) else {
      Issue.record("no key")
      return
    }
    #expect(sipHash13([], key: key) == 0xABAC_0158_050F_C4DC)
    #expect(sipHash13([0], key: key) == 0xC9F4_9BF3_7D57_CA93)
    #expect(sipHash13((0..<8).map { $0 }, key: key) == 0x3690_9511_8D29_9A8E)
    #expect(sipHash13((0..<63).map { $0 }, key: key) == 0x9D19_9062_B7BB_B3A8)
  }
}
