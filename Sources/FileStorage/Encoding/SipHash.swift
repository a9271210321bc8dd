/// SipHash-1-3 of some bytes: a 64-bit hash that nobody can aim without the key.
///
/// The key's 16 bytes are taken as SipHash takes them: two little-endian words. The result is part of the file format (id
/// hash index).
///
/// - Source: Aumasson & Bernstein 2012, with one compression round and three final rounds.
package func sipHash13(_ bytes: UnsafeRawBufferPointer, key: UUID16) -> UInt64 {
  let k0 = key.high.byteSwapped
  let k1 = key.low.byteSwapped
  var state = SipState(
    v0: 0x736F_6D65_7073_6575 ^ k0, v1: 0x646F_7261_6E64_6F6D ^ k1, v2: 0x6C79_6765_6E65_7261 ^ k0,
    v3: 0x7465_6462_7974_6573 ^ k1)
  let count = bytes.count
  var offset = 0
  while count - offset >= 8 {
    // Safe: 8 bytes remain at `offset`.
    let word = UInt64(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    state.v3 ^= word
    state.round()
    state.v0 ^= word
    offset += 8
  }
  var last = UInt64(truncatingIfNeeded: count) << 56
  var shift: UInt64 = 0
  while offset < count {
    last |= UInt64(unsafe bytes[offset]) << shift
    shift += 8
    offset += 1
  }
  state.v3 ^= last
  state.round()
  state.v0 ^= last
  state.v2 ^= 0xFF
  state.round()
  state.round()
  state.round()
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3
}

/// SipHash-1-3 of an array's bytes.
package func sipHash13(_ bytes: [UInt8], key: UUID16) -> UInt64 {
  unsafe bytes.withUnsafeBytes { unsafe sipHash13($0, key: key) }
}

private struct SipState {
  var v0, v1, v2, v3: UInt64

  @inline(__always)
  mutating func round() {
    v0 &+= v1
    v1 = (v1 << 13 | v1 >> 51) ^ v0
    v0 = v0 << 32 | v0 >> 32
    v2 &+= v3
    v3 = (v3 << 16 | v3 >> 48) ^ v2
    v0 &+= v3
    v3 = (v3 << 21 | v3 >> 43) ^ v0
    v2 &+= v1
    v1 = (v1 << 17 | v1 >> 47) ^ v2
    v2 = v2 << 32 | v2 >> 32
  }
}
