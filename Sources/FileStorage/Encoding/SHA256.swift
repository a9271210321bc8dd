internal import CVectorKernels

/// 32 bytes of a SHA-256, or a sum of several of them modulo 2^256.
///
/// As bytes, the first byte of the digest comes first. As a number, byte 0 is the least significant (little-endian): that is
/// how content hashes are added up.
package struct Digest256: Hashable, Sendable, CustomStringConvertible {
  /// Bytes 0...7, 8...15, 16...23 and 24...31, each as a little-endian number.
  private let word0, word1, word2, word3: UInt64

  /// All bytes zero: the sum of nothing.
  package static let zero = Digest256(words: (0, 0, 0, 0))

  /// A digest from its four little-endian words, least significant first.
  package init(words: (UInt64, UInt64, UInt64, UInt64)) { (word0, word1, word2, word3) = words }

  /// The four little-endian words, least significant first.
  package var words: (UInt64, UInt64, UInt64, UInt64) { (word0, word1, word2, word3) }

  /// The digest of 32 bytes; nil for any other count.
  package init?(bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    func word(_ slice: ArraySlice<UInt8>) -> UInt64 { slice.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    self.init(words: (word(bytes[0..<8]), word(bytes[8..<16]), word(bytes[16..<24]), word(bytes[24..<32])))
  }

  /// The 32 bytes at `pointer`, which needs no alignment.
  package init(loading pointer: UnsafeRawPointer) {
    func word(_ index: Int) -> UInt64 {
      UInt64(littleEndian: unsafe pointer.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
    }
    self.init(words: (word(0), word(1), word(2), word(3)))
  }

  /// The digest that 64 hexadecimal digits of either case spell; nil for anything else.
  package init?(hex text: String) {
    var bytes: [UInt8] = []
    var high: UInt8?
    for character in text.utf8 {
      guard let digit = Character(Unicode.Scalar(character)).hexDigitValue else { return nil }
      if let first = high {
        bytes.append(first << 4 | UInt8(digit))
        high = nil
      } else {
        high = UInt8(digit)
      }
    }
    guard high == nil else { return nil }
    self.init(bytes: bytes)
  }

  /// The 32 bytes.
  package var bytes: [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(32)
    for word in [word0, word1, word2, word3] {
      for index in 0..<8 { result.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * index))) }
    }
    return result
  }

  /// 64 lower-case hexadecimal digits, byte 0 first.
  package var hex: String {
    var text: [UInt8] = []
    text.reserveCapacity(64)
    for byte in bytes { appendHex(byte, to: &text) }
    return String(decoding: text, as: UTF8.self)
  }

  /// The same as `hex`.
  package var description: String { hex }

  /// The sum modulo 2^256 of two digests taken as little-endian numbers.
  package static func + (left: Digest256, right: Digest256) -> Digest256 {
    var carry = false
    func add(_ a: UInt64, _ b: UInt64) -> UInt64 {
      let (sum, first) = a.addingReportingOverflow(b)
      let (total, second) = sum.addingReportingOverflow(carry ? 1 : 0)
      carry = first || second
      return total
    }
    let w0 = add(left.word0, right.word0)
    let w1 = add(left.word1, right.word1)
    let w2 = add(left.word2, right.word2)
    return Digest256(words: (w0, w1, w2, add(left.word3, right.word3)))
  }

  /// The difference modulo 2^256 of two digests taken as little-endian numbers.
  package static func - (left: Digest256, right: Digest256) -> Digest256 {
    let negated = Digest256(words: (~right.word0, ~right.word1, ~right.word2, ~right.word3))
    return left + negated + Digest256(words: (1, 0, 0, 0))
  }

  /// Adds in place.
  package static func += (left: inout Digest256, right: Digest256) { left = left + right }

  /// Subtracts in place.
  package static func -= (left: inout Digest256, right: Digest256) { left = left - right }
}

/// SHA-256 (FIPS 180-4) of bytes that come in pieces.
///
/// A value: a copy goes on from where the original was. Allocates nothing.
package struct SHA256: Sendable {
  private var state = vk_sha256()

  /// The hash of no bytes yet.
  package init() { unsafe vk_sha256_init(&state) }

  /// Takes in more bytes.
  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    // Safe: the kernel reads exactly `count` bytes.
    unsafe vk_sha256_update(&state, bytes.baseAddress, bytes.count)
  }

  /// Takes in more bytes.
  package mutating func update(_ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBytes { unsafe update($0) }
  }

  /// Takes in one byte.
  package mutating func update(_ byte: UInt8) {
    unsafe withUnsafeBytes(of: byte) { unsafe update($0) }
  }

  /// Takes in a number as 4 little-endian bytes.
  package mutating func update(_ number: UInt32) {
    unsafe withUnsafeBytes(of: number.littleEndian) { unsafe update($0) }
  }

  /// Takes in a number as 8 little-endian bytes.
  package mutating func update(_ number: UInt64) {
    unsafe withUnsafeBytes(of: number.littleEndian) { unsafe update($0) }
  }

  /// Ends the hash; afterwards the value is as new.
  package mutating func finalize() -> Digest256 {
    var out: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    let digest = unsafe withUnsafeMutableBytes(of: &out) { buffer in
      // Safe: the buffer has 32 bytes.
      guard let base = buffer.baseAddress else { return Digest256.zero }
      unsafe vk_sha256_final(&state, base.assumingMemoryBound(to: UInt8.self))
      return unsafe Digest256(loading: base)
    }
    unsafe vk_sha256_init(&state)
    return digest
  }

  /// The SHA-256 of some bytes.
  package static func digest(of bytes: UnsafeRawBufferPointer) -> Digest256 {
    var hash = SHA256()
    unsafe hash.update(bytes)
    return hash.finalize()
  }

  /// The SHA-256 of an array's bytes.
  package static func digest(of bytes: [UInt8]) -> Digest256 {
    unsafe bytes.withUnsafeBytes { unsafe digest(of: $0) }
  }
}
