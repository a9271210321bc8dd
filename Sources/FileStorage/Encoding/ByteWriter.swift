/// Bytes of a structure under construction; numbers are little-endian.
package struct ByteWriter: Sendable {
  /// What has been written so far.
  package var bytes: [UInt8]

  /// An empty writer with room for `capacity` bytes.
  package init(capacity: Int = 0) {
    bytes = []
    bytes.reserveCapacity(capacity)
  }

  /// Bytes written so far.
  package var count: Int { bytes.count }

  /// Appends one byte.
  package mutating func append(_ value: UInt8) { bytes.append(value) }

  /// Appends 2 bytes.
  package mutating func append(_ value: UInt16) {
    bytes.append(UInt8(truncatingIfNeeded: value))
    bytes.append(UInt8(truncatingIfNeeded: value >> 8))
  }

  /// Appends 4 bytes.
  package mutating func append(_ value: UInt32) {
    unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
  }

  /// Appends 8 bytes.
  package mutating func append(_ value: UInt64) {
    unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
  }

  /// Appends 8 bytes, two's complement.
  package mutating func append(_ value: Int64) { append(UInt64(bitPattern: value)) }

  /// Appends 4 bytes, IEEE 754 binary32.
  package mutating func append(_ value: Float) { append(value.bitPattern) }

  /// Appends 8 bytes, IEEE 754 binary64.
  package mutating func append(_ value: Double) { append(value.bitPattern) }

  /// Appends 16 bytes.
  package mutating func append(_ value: UUID16) { bytes.append(contentsOf: value.bytes) }

  /// Appends 32 bytes.
  package mutating func append(_ value: Digest256) {
    append(value.words.0)
    append(value.words.1)
    append(value.words.2)
    append(value.words.3)
  }

  /// Appends bytes as they are.
  package mutating func append(_ values: [UInt8]) { bytes.append(contentsOf: values) }

  /// Appends bytes as they are.
  package mutating func append(_ values: UnsafeRawBufferPointer) { unsafe bytes.append(contentsOf: values) }

  /// Appends the UTF-8 of a string, without a length.
  package mutating func append(utf8 text: String) { bytes.append(contentsOf: text.utf8) }

  /// Appends `count` zero bytes; nothing when `count` is negative.
  package mutating func append(zeros count: Int) {
    bytes.append(contentsOf: repeatElement(0, count: max(0, count)))
  }

  /// Appends zeros until `count` bytes have been written; nothing when there are as many already.
  package mutating func pad(to count: Int) { append(zeros: count - bytes.count) }

  /// Appends zeros until the count is a multiple of `alignment`, which is at least 1.
  package mutating func pad(toMultipleOf alignment: Int) {
    let rest = bytes.count % alignment
    if rest != 0 { append(zeros: alignment - rest) }
  }

  /// Replaces the 4 bytes at `offset`.
  ///
  /// Precondition: they have been written.
  package mutating func overwrite(_ value: UInt32, at offset: Int) {
    for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index)) }
  }

  /// Replaces the 8 bytes at `offset`.
  ///
  /// Precondition: they have been written.
  package mutating func overwrite(_ value: UInt64, at offset: Int) {
    for index in 0..<8 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
  }

  /// The CRC-32C of what has been written from `start` on.
  package func checksum(from start: Int = 0) -> UInt32 {
    unsafe bytes.withUnsafeBytes { unsafe crc32c(UnsafeRawBufferPointer(rebasing: $0[start...])) }
  }
}
