/// Finds bytes eight at a time.
///
/// All positions are offsets from `base`; the bytes up to `end` must be readable.
enum ByteSearch {
  @inline(__always)
  static func pattern(_ byte: UInt8) -> UInt64 { UInt64(byte) &* 0x0101_0101_0101_0101 }

  /// A word whose lowest set bit lies in the first byte equal to the pattern's; higher bits may be false alarms.
  @inline(__always)
  static func matches(_ word: UInt64, _ pattern: UInt64) -> UInt64 {
    let difference = word ^ pattern
    return (difference &- 0x0101_0101_0101_0101) & ~difference & 0x8080_8080_8080_8080
  }

  @inline(__always)
  private static func word(_ base: UnsafePointer<UInt8>, _ position: Int) -> UInt64 {
    unsafe UInt64(littleEndian: UnsafeRawPointer(base + position).loadUnaligned(as: UInt64.self))
  }

  /// The first `byte` in `start..<end`, or `end`.
  @inline(__always)
  static func first(_ byte: UInt8, _ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int {
    let wanted = pattern(byte)
    var position = start
    while position &+ 8 <= end {
      let found = unsafe matches(word(base, position), wanted)
      if found != 0 { return position &+ found.trailingZeroBitCount / 8 }
      position &+= 8
    }
    while position < end, unsafe base[position] != byte { position &+= 1 }
    return position
  }

  /// The first of two bytes in `start..<end`, or `end`.
  @inline(__always)
  static func first(_ one: UInt8, _ two: UInt8, _ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int
  {
    let (wanted1, wanted2) = (pattern(one), pattern(two))
    var position = start
    while position &+ 8 <= end {
      let bytes = unsafe word(base, position)
      let found = matches(bytes, wanted1) | matches(bytes, wanted2)
      if found != 0 { return position &+ found.trailingZeroBitCount / 8 }
      position &+= 8
    }
    while position < end, unsafe base[position] != one && base[position] != two { position &+= 1 }
    return position
  }

  /// The first of three bytes in `start..<end`, or `end`.
  @inline(__always)
  static func first(
    _ one: UInt8, _ two: UInt8, _ three: UInt8, _ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int
  ) -> Int {
    let (wanted1, wanted2, wanted3) = (pattern(one), pattern(two), pattern(three))
    var position = start
    while position &+ 8 <= end {
      let bytes = unsafe word(base, position)
      let found = matches(bytes, wanted1) | matches(bytes, wanted2) | matches(bytes, wanted3)
      if found != 0 { return position &+ found.trailingZeroBitCount / 8 }
      position &+= 8
    }
    while position < end {
      let byte = unsafe base[position]
      if byte == one || byte == two || byte == three { break }
      position &+= 1
    }
    return position
  }
}
