/// Whether `count` bytes at two addresses are the same.
///
/// Both must be readable that far.
@inline(__always)
func equalBytes(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer, _ count: Int) -> Bool {
  var at = 0
  // Safe: every load ends at or before `count`.
  while at &+ 8 <= count {
    if unsafe left.loadUnaligned(fromByteOffset: at, as: UInt64.self)
      != right.loadUnaligned(fromByteOffset: at, as: UInt64.self)
    {
      return false
    }
    at &+= 8
  }
  while at < count {
    if unsafe left.load(fromByteOffset: at, as: UInt8.self)
      != right.load(fromByteOffset: at, as: UInt8.self)
    {
      return false
    }
    at &+= 1
  }
  return true
}

/// Compares two byte strings, byte by byte, a proper prefix first.
package func compareBytes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> ValueOrder {
  let shared = min(left.count, right.count)
  if shared > 0, let leftBase = left.baseAddress, let rightBase = right.baseAddress {
    var at = 0
    // Safe: every load ends at or before `shared`, the shorter of the two lengths.
    while at &+ 8 <= shared {
      let a = unsafe UInt64(bigEndian: leftBase.loadUnaligned(fromByteOffset: at, as: UInt64.self))
      let b = unsafe UInt64(bigEndian: rightBase.loadUnaligned(fromByteOffset: at, as: UInt64.self))
      if a != b { return a < b ? .less : .greater }
      at &+= 8
    }
    while at < shared {
      let a = unsafe leftBase.load(fromByteOffset: at, as: UInt8.self)
      let b = unsafe rightBase.load(fromByteOffset: at, as: UInt8.self)
      if a != b { return a < b ? .less : .greater }
      at &+= 1
    }
  }
  return left.count < right.count ? .less : (left.count == right.count ? .equal : .greater)
}

/// Compares two byte strings, byte by byte, a proper prefix first.
package func compareBytes(_ left: [UInt8], _ right: [UInt8]) -> ValueOrder {
  unsafe left.withUnsafeBytes { left in
    unsafe right.withUnsafeBytes { right in unsafe compareBytes(left, right) }
  }
}

/// The first eight bytes as a number that orders as the bytes do; missing bytes count as zero.
@inline(__always)
func orderingPrefix(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
  if bytes.count >= 8, let base = bytes.baseAddress {
    return unsafe UInt64(bigEndian: base.loadUnaligned(as: UInt64.self))
  }
  var prefix: UInt64 = 0
  for index in 0..<bytes.count {
    prefix |= unsafe UInt64(bytes[index]) << UInt64(56 - 8 * index)
  }
  return prefix
}

/// A hash of byte strings for tables in memory, keyed by a secret of this process.
///
/// Input is untrusted: without the secret nobody can choose strings that all collide. Nothing on disk
/// depends on it.
struct SecretHash: Sendable {
  private let key: UInt64
  private let mixer: UInt64

  /// Draws a new secret.
  init() {
    var generator = SystemRandomNumberGenerator()
    key = generator.next()
    mixer = generator.next() | 1
  }

  /// Hashes `count` readable bytes together with a number.
  @inline(__always)
  func callAsFunction(_ bytes: UnsafeRawPointer, _ count: Int, with seed: UInt64 = 0) -> UInt64 {
    var state = key ^ (seed &* 0x9E37_79B9_7F4A_7C15) ^ (UInt64(truncatingIfNeeded: count) << 32)
    var at = 0
    // Safe: every load ends at or before `count`.
    while at &+ 8 <= count {
      state = fold(state ^ (unsafe bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)))
      at &+= 8
    }
    var tail: UInt64 = 0
    while at < count {
      tail = tail << 8 | UInt64(unsafe bytes.load(fromByteOffset: at, as: UInt8.self))
      at &+= 1
    }
    return fold(fold(state ^ tail) ^ key)
  }

  @inline(__always)
  private func fold(_ value: UInt64) -> UInt64 {
    let product = (value ^ 0xA076_1D64_78BD_642F).multipliedFullWidth(by: mixer)
    return product.high ^ product.low
  }
}
