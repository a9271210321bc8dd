/// A decimal number split into sign, digits and power of ten.
package struct ScannedDecimal {
  /// What the scanner thought of the text.
  package enum Status: UInt8 {
    case ok
    /// No digit where one must be.
    case noDigit
    /// A number that begins with a needless zero, which JSON forbids.
    case leadingZero
  }

  /// The first 19 significant digits at most.
  package var mantissa: UInt64 = 0
  /// The power of ten by which `mantissa` is multiplied.
  package var exponent = 0
  /// Where the number ends.
  package var end = 0
  /// Whether a minus sign stands in front.
  package var isNegative = false
  /// Whether digits other than zero follow those in `mantissa`.
  package var isTruncated = false
  /// Whether the text has neither a point nor an exponent.
  package var isInteger = true
  /// What the scanner thought of the text; with anything but `ok`, `end` is where the trouble is.
  package var status = Status.ok

  /// Reads the longest number that begins at `start`.
  ///
  /// A strict number follows RFC 8259. One that is not strict may also begin with a plus sign, a point or zeros, and may
  /// end with a point, as numpy prints it.
  ///
  /// Precondition: the bytes from `start` to `end` of `base` are readable.
  @inline(__always)
  init(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int, isStrict: Bool) {
    var position = start
    if position < end {
      let sign = unsafe base[position]
      if sign == UInt8(ascii: "-") {
        isNegative = true
        position &+= 1
      } else if !isStrict, sign == UInt8(ascii: "+") {
        position &+= 1
      }
    }
    let first = position
    var value: UInt64 = 0
    while position < end {
      let digit = unsafe base[position] &- 48
      guard digit <= 9 else { break }
      value = value &* 10 &+ UInt64(digit)
      position &+= 1
    }
    var digits = position &- first
    if isStrict, digits != 1 {
      if digits == 0 {
        status = .noDigit
        self.end = position
        return
      }
      if unsafe base[first] == UInt8(ascii: "0") {
        status = .leadingZero
        self.end = first
        return
      }
    }
    if position < end, unsafe base[position] == UInt8(ascii: ".") {
      isInteger = false
      position &+= 1
      let point = position
      while end &- position >= 8 {
        let word = unsafe UInt64(
          littleEndian: UnsafeRawPointer(base + position).loadUnaligned(as: UInt64.self))
        guard ScannedDecimal.isEightDigits(word) else { break }
        value = value &* 100_000_000 &+ ScannedDecimal.eightDigits(word)
        position &+= 8
      }
      while position < end {
        let digit = unsafe base[position] &- 48
        guard digit <= 9 else { break }
        value = value &* 10 &+ UInt64(digit)
        position &+= 1
      }
      exponent = point &- position
      digits = digits &+ position &- point
      if isStrict, exponent == 0 {
        status = .noDigit
        self.end = position
        return
      }
    }
    if digits == 0 {
      status = .noDigit
      self.end = position
      return
    }
    mantissa = value
    if digits > 19 {
      unsafe takeLeadingDigits(base, from: first, to: position)
    }
    if position < end, unsafe base[position] | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      unsafe position = scanExponent(base, from: position &+ 1, to: end)
    }
    self.end = position
  }

  /// Scans the digits again when there may be more than 19 significant ones.
  @inline(never)
  private mutating func takeLeadingDigits(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int) {
    mantissa = 0
    exponent = 0
    var taken = 0
    var isBehindPoint = false
    for position in start..<end {
      let byte = unsafe base[position]
      if byte == UInt8(ascii: ".") {
        isBehindPoint = true
        continue
      }
      let digit = UInt64(byte &- 48)
      if taken < 19 {
        mantissa = mantissa &* 10 &+ digit
        if mantissa != 0 { taken &+= 1 }
        if isBehindPoint { exponent &-= 1 }
      } else {
        if digit != 0 { isTruncated = true }
        if !isBehindPoint { exponent &+= 1 }
      }
    }
  }

  /// Adds the written exponent; values beyond a billion are all the same.
  @inline(never)
  private mutating func scanExponent(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
    var position = start
    var isNegative = false
    if position < end {
      let sign = unsafe base[position]
      isNegative = sign == UInt8(ascii: "-")
      if isNegative || sign == UInt8(ascii: "+") { position &+= 1 }
    }
    let first = position
    var value = 0
    while position < end {
      let digit = unsafe base[position] &- 48
      guard digit <= 9 else { break }
      if value < 1_000_000_000 { value = value &* 10 &+ Int(digit) }
      position &+= 1
    }
    if position == first { status = .noDigit }
    exponent &+= isNegative ? -value : value
    return position
  }

  @inline(__always)
  private static func isEightDigits(_ word: UInt64) -> Bool {
    ((word &+ 0x4646_4646_4646_4646) | (word &- 0x3030_3030_3030_3030)) & 0x8080_8080_8080_8080 == 0
  }

  @inline(__always)
  private static func eightDigits(_ word: UInt64) -> UInt64 {
    let digits = word &- 0x3030_3030_3030_3030
    let pairs = digits &* 10 &+ (digits >> 8)
    let low = (pairs & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
    let high = ((pairs >> 16) & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001
    return (low &+ high) >> 32
  }
}
