import CVectorKernels

/// The CRC-32C (Castagnoli) of some bytes; `crc32c("123456789")` is `0xE3069283`.
///
/// Uses the processor's CRC instructions where there are any; the result never depends on that.
/// `seed` is the CRC of the bytes that come before these, 0 for none.
package func crc32c(_ bytes: UnsafeRawBufferPointer, seed: UInt32 = 0) -> UInt32 {
  // Safe: the kernel reads exactly `count` bytes.
  guard let base = bytes.baseAddress else { return seed }
  return unsafe vk_crc32c(seed, base, bytes.count)
}

/// The CRC-32C of an array of bytes.
package func crc32c(_ bytes: [UInt8], seed: UInt32 = 0) -> UInt32 {
  unsafe bytes.withUnsafeBytes { unsafe crc32c($0, seed: seed) }
}

/// The CRC-32C of the bytes of a span.
package func crc32c(_ bytes: RawSpan, seed: UInt32 = 0) -> UInt32 {
  unsafe bytes.withUnsafeBytes { unsafe crc32c($0, seed: seed) }
}

/// Appends the CRC-32C of each block of `blockSize` bytes; the last block may be shorter.
///
/// Nothing is appended for no bytes. Precondition: `blockSize > 0`.
package func crc32cBlocks(_ bytes: UnsafeRawBufferPointer, blockSize: Int, into result: inout [UInt32]) {
  precondition(blockSize > 0)
  var start = 0
  while start < bytes.count {
    let end = min(bytes.count, start + blockSize)
    result.append(unsafe crc32c(UnsafeRawBufferPointer(rebasing: bytes[start..<end])))
    start = end
  }
}

/// The CRC-32C of two byte strings one after the other, from the CRC of each and the length of the second.
package func crc32cCombined(_ first: UInt32, _ second: UInt32, secondCount: UInt64) -> UInt32 {
  vk_crc32c_combine(first, second, secondCount)
}
