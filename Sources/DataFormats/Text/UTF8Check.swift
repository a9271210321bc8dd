/// Finds bytes that are no UTF-8.
enum UTF8Check {
  /// The offset of the first byte that does not begin or continue a valid scalar; nil when all bytes are UTF-8.
  ///
  /// Overlong forms, surrogates and scalars beyond U+10FFFF are invalid.
  static func firstInvalid(_ bytes: UnsafeRawBufferPointer) -> Int? {
    let count = bytes.count
    var index = 0
    while index < count {
      // Whole words of ASCII first: most text, and all numbers, end here.
      while index &+ 8 <= count,
        unsafe bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
      {
        index &+= 8
      }
      guard index < count else { return nil }
      let first = unsafe bytes[index]
      if first < 0x80 {
        index &+= 1
        continue
      }
      let length: Int
      var low: UInt8 = 0x80
      var high: UInt8 = 0xBF
      switch first {
      case 0xC2...0xDF: length = 2
      case 0xE0: (length, low) = (3, 0xA0)
      case 0xED: (length, high) = (3, 0x9F)
      case 0xE1...0xEF: length = 3
      case 0xF0: (length, low) = (4, 0x90)
      case 0xF4: (length, high) = (4, 0x8F)
      case 0xF1...0xF3: length = 4
      default: return index
      }
      guard count &- index >= length else { return index }
      var next = unsafe bytes[index &+ 1]
      guard next >= low, next <= high else { return index }
      for step in 2..<max(length, 2) {
        next = unsafe bytes[index &+ step]
        guard next & 0xC0 == 0x80 else { return index }
      }
      index &+= length
    }
    return nil
  }
}
