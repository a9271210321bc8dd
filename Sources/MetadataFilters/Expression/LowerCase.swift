/// Lower case as `LOWER` and `ILIKE` mean it: each code point by its Unicode mapping, without regard to language.
enum LowerCase {
  /// The lower-case form of UTF-8 bytes.
  static func of(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    unsafe bytes.withUnsafeBytes { unsafe append($0, to: &result) }
    return result
  }

  /// Appends the lower-case form of UTF-8 bytes; bytes that are no UTF-8 stay as they are.
  static func append(_ bytes: UnsafeRawBufferPointer, to result: inout [UInt8]) {
    result.reserveCapacity(result.count + bytes.count)
    var at = 0
    while at < bytes.count {
      let byte = unsafe bytes[at]
      if byte < 0x80 {
        result.append(byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte)
        at += 1
        continue
      }
      let (scalar, length) = unsafe UTF8Decoding.scalar(bytes, at: at)
      guard let scalar else {
        result.append(byte)
        at += 1
        continue
      }
      at += length
      result.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
    }
  }
}

/// Reading single code points of UTF-8.
enum UTF8Decoding {
  /// The code point at `at` and its length in bytes; nil and 1 where the bytes are no UTF-8.
  ///
  /// Precondition: `at` is in the bytes.
  @inline(__always)
  static func scalar(_ bytes: UnsafeRawBufferPointer, at: Int) -> (scalar: Unicode.Scalar?, length: Int) {
    let first = unsafe UInt32(bytes[at])
    if first < 0x80 { return (Unicode.Scalar(UInt8(truncatingIfNeeded: first)), 1) }
    let length = first >= 0xF0 ? 4 : (first >= 0xE0 ? 3 : 2)
    guard first >= 0xC2, first <= 0xF4, bytes.count - at >= length else { return (nil, 1) }
    var value = first & (0x7F >> UInt32(length))
    for index in 1..<length {
      let next = unsafe UInt32(bytes[at + index])
      guard next & 0xC0 == 0x80 else { return (nil, 1) }
      value = value << 6 | next & 0x3F
    }
    guard value >= (length == 2 ? 0x80 : (length == 3 ? 0x800 : 0x1_0000)) else { return (nil, 1) }
    return Unicode.Scalar(value).map { ($0, length) } ?? (nil, 1)
  }
}

/// Finding bytes in bytes.
enum ByteSearch {
  /// The first place at or after `start` where `needle` stands; `start` itself when it is empty.
  static func find(_ needle: [UInt8], in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
    guard let first = needle.first else { return start <= bytes.count ? start : nil }
    var at = start
    let last = bytes.count - needle.count
    while at <= last {
      if unsafe bytes[at] == first, unsafe TextMatcher.equal(bytes, at: at, needle) { return at }
      at += 1
    }
    return nil
  }
}
