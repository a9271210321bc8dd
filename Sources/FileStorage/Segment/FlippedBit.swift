/// The one bit whose flip explains a wrong checksum.
package struct FlippedBit: Equatable, Sendable {
  /// Offset in the file of the byte that holds the bit.
  package let offset: UInt64
  /// The bit's number, 0 the lowest.
  package let bit: Int

  /// Names a bit.
  package init(offset: UInt64, bit: Int) {
    self.offset = offset
    self.bit = bit
  }

  /// Finds the bit, among `count` bytes, whose flip turns the checksum `expected` into `found`.
  ///
  /// CRC-32C is linear: a flipped bit changes the checksum by a value (the syndrome) that depends only on the
  /// bit's distance from the end, and no two distances below 2^31 share one. So an answer is unique, and right
  /// whenever only one bit is wrong. It is nil when no single bit of these bytes explains the difference.
  ///
  /// - Returns: The byte's index, or `count` and more (up to `count + 3`) when the bit lies in the stored checksum
  ///   itself, taken as little-endian behind the bytes.
  package static func locate(expected: UInt32, found: UInt32, count: Int) -> (index: Int, bit: Int)? {
    let syndrome = expected ^ found
    guard syndrome != 0 else { return nil }
    if syndrome.nonzeroBitCount == 1 {
      let bit = syndrome.trailingZeroBitCount
      return (count + bit / 8, bit % 8)
    }
    // Bit `b` of a byte enters the register as bit `b` and is followed by 8 steps for its byte and 8 for each byte
    // behind it. Stepping back from the syndrome, a byte at a time, finds the byte where only that bit is left.
    var register = syndrome
    for bytesToEnd in stride(from: 1, through: count, by: 1) {
      register = register << 8 ^ stepsBack[Int(register >> 24)]
      if register <= 0x80, register.nonzeroBitCount == 1 {
        return (count - bytesToEnd, register.trailingZeroBitCount)
      }
    }
    return nil
  }

  /// What eight steps back make of a register's highest byte.
  private static let stepsBack: [UInt32] = (0..<256).map { byte in
    var register = UInt32(byte) << 24
    for _ in 0..<8 {
      // The polynomial has its highest bit set, so that bit tells whether the step that led here subtracted it.
      register = register >> 31 == 1 ? (register ^ 0x82F6_3B78) << 1 | 1 : register << 1
    }
    return register
  }
}

/// One damaged part of a container file: where it is, and which bit it was when only one has flipped.
package struct ContainerDamage: Equatable, Sendable {
  /// The file.
  package let path: String
  /// The part or parts of the file: section names, or "header", "footer", "section table", "block table", "padding".
  package let section: String
  /// Number of the block, nil outside the blocks.
  package let block: Int?
  /// The bytes of the file that the failed checksum covers.
  package let range: Range<UInt64>
  /// What should have been found.
  package let expected: String
  /// What was found.
  package let found: String
  /// The single flipped bit, when one explains it.
  package let flippedBit: FlippedBit?

  /// The error that reading the damaged part throws.
  package var corruption: CorruptionError {
    var text = found
    if let block { text += " in block \(block)" }
    text += ", bytes \(range.lowerBound) to \(range.upperBound - 1)"
    if let flippedBit {
      text += "; one flipped bit explains it: bit \(flippedBit.bit) of byte \(flippedBit.offset)"
    }
    return CorruptionError(
      path: path, section: section, offset: flippedBit?.offset ?? range.lowerBound, expected: expected,
      found: text)
  }

  /// Compares a checksum, and describes the damage when it is wrong.
  ///
  /// `storedAt` is the offset of the stored checksum in the file, when a flip of the stored value itself is possible;
  /// nil when another checksum has vouched for it.
  static func checking(
    _ bytes: UnsafeRawBufferPointer, at offset: UInt64, against expected: UInt32, path: String,
    section: String,
    block: Int? = nil, storedAt: UInt64? = nil
  ) -> ContainerDamage? {
    let found = unsafe crc32c(bytes)
    guard found != expected else { return nil }
    var flipped: FlippedBit?
    if let place = FlippedBit.locate(expected: expected, found: found, count: bytes.count) {
      if place.index < bytes.count {
        flipped = FlippedBit(offset: offset + UInt64(place.index), bit: place.bit)
      } else if let storedAt {
        flipped = FlippedBit(offset: storedAt + UInt64(place.index - bytes.count), bit: place.bit)
      }
    }
    return ContainerDamage(
      path: path, section: section, block: block, range: offset..<offset + UInt64(bytes.count),
      expected: "CRC-32C \(hexadecimal(expected))", found: "CRC-32C \(hexadecimal(found))",
      flippedBit: flipped)
  }
}
