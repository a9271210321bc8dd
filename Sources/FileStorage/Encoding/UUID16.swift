/// 16 bytes that name a collection, a record or a key; ordered by their bytes.
package struct UUID16: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Bytes 0...7 and 8...15, each as a big-endian number, so that numbers order as bytes do.
  package let high, low: UInt64

  /// The UUID of two big-endian halves.
  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// The UUID of 16 bytes; nil for any other count.
  package init?(bytes: [UInt8]) {
    guard bytes.count == 16 else { return nil }
    func half(_ slice: ArraySlice<UInt8>) -> UInt64 { slice.reduce(0) { $0 << 8 | UInt64($1) } }
    self.init(high: half(bytes[0..<8]), low: half(bytes[8..<16]))
  }

  /// The 16 bytes at `pointer`, which needs no alignment.
  package init(loading pointer: UnsafeRawPointer) {
    self.init(
      high: UInt64(bigEndian: unsafe pointer.loadUnaligned(as: UInt64.self)),
      low: UInt64(bigEndian: unsafe pointer.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
  }

  /// Reads `8-4-4-4-12` or 32 hexadecimal digits of either case; nil for anything else.
  package init?(parsing text: String) {
    var halves: (UInt64, UInt64) = (0, 0)
    var digits = 0
    let utf8 = text.utf8
    guard utf8.count == 36 || utf8.count == 32 else { return nil }
    for (index, byte) in utf8.enumerated() {
      if utf8.count == 36, index == 8 || index == 13 || index == 18 || index == 23 {
        guard byte == UInt8(ascii: "-") else { return nil }
        continue
      }
      guard let value = UUID16.hexValue(byte) else { return nil }
      if digits < 16 { halves.0 = halves.0 << 4 | value } else { halves.1 = halves.1 << 4 | value }
      digits += 1
    }
    self.init(high: halves.0, low: halves.1)
  }

  private static func hexValue(_ byte: UInt8) -> UInt64? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }

  /// A new random UUID (version 4) from the system's generator.
  package static func random() -> UUID16 {
    var generator = SystemRandomNumberGenerator()
    return random(using: &generator)
  }

  /// A random UUID (version 4) from the given generator.
  package static func random(using generator: inout some RandomNumberGenerator) -> UUID16 {
    let high = generator.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
    let low = generator.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    return UUID16(high: high, low: low)
  }

  /// The 16 bytes.
  package var bytes: [UInt8] {
    (0..<16).map { index in
      UInt8(truncatingIfNeeded: (index < 8 ? high : low) >> UInt64(56 - 8 * (index & 7)))
    }
  }

  /// `8-4-4-4-12` lower-case hexadecimal digits.
  package var description: String {
    var text: [UInt8] = []
    text.reserveCapacity(36)
    for (index, byte) in bytes.enumerated() {
      if index == 4 || index == 6 || index == 8 || index == 10 { text.append(UInt8(ascii: "-")) }
      appendHex(byte, to: &text)
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Whether the bytes of the first come before those of the second.
  package static func < (left: UUID16, right: UUID16) -> Bool {
    (left.high, left.low) < (right.high, right.low)
  }
}

/// Appends two lower-case hexadecimal digits.
func appendHex(_ byte: UInt8, to text: inout [UInt8]) {
  for digit in [byte >> 4, byte & 15] {
    text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
  }
}
