/// A set of code points as sequences of byte ranges: what its members look like in UTF-8.
enum UTF8Ranges {
  /// Hands out the sequences of one range of code points, each of 1 to 4 byte ranges; surrogates are left out.
  static func sequences(_ range: ClosedRange<UInt32>) -> [[ClosedRange<UInt8>]] {
    var result: [[ClosedRange<UInt8>]] = []
    var open: [ClosedRange<UInt32>] = [range]
    while let range = open.popLast() {
      let (low, high) = (range.lowerBound, range.upperBound)
      if low < 0xD800, high >= 0xD800 {
        if high > 0xDFFF { open.append(0xE000...high) }
        open.append(low...0xD7FF)
        continue
      }
      if low >= 0xD800, low <= 0xDFFF {
        if high > 0xDFFF { open.append(0xE000...high) }
        continue
      }
      guard let (first, second) = split(low, high) else {
        result.append(encode(low, high))
        continue
      }
      open.append(second)
      open.append(first)
    }
    return result
  }

  /// Cuts a range in two unless all its members have one length and independent bytes.
  private static func split(_ low: UInt32, _ high: UInt32) -> (ClosedRange<UInt32>, ClosedRange<UInt32>)? {
    for limit: UInt32 in [0x7F, 0x7FF, 0xFFFF] where low <= limit && high > limit {
      return (low...limit, limit + 1...high)
    }
    guard low > 0x7F else { return nil }
    for shift: UInt32 in [6, 12, 18] {
      let mask: UInt32 = (1 << shift) - 1
      guard low & ~mask != high & ~mask else { continue }
      if low & mask != 0 { return (low...(low | mask), (low | mask) + 1...high) }
      if high & mask != mask { return (low...(high & ~mask) - 1, (high & ~mask)...high) }
    }
    return nil
  }

  private static func encode(_ low: UInt32, _ high: UInt32) -> [ClosedRange<UInt8>] {
    let first = bytes(low)
    let last = bytes(high)
    return zip(first, last).map { $0...$1 }
  }

  /// The UTF-8 form of a code point that is no surrogate.
  static func bytes(_ codePoint: UInt32) -> [UInt8] {
    guard let scalar = Unicode.Scalar(codePoint) else { return [] }
    return Array(String(scalar).utf8)
  }
}
