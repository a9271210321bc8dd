/// The shape of a binary floating-point format, as the conversions need it.
struct BinaryFormat {
  /// Stored bits of the significand, without the leading one.
  let explicitBits: Int
  /// The exponent of the stored value 0, for normal numbers counted from 1.
  let minimumExponent: Int
  /// The stored exponent of infinity.
  let infinitePower: Int
  /// Powers of ten below this give zero for every 64-bit mantissa.
  let smallestPowerOfTen: Int
  /// Powers of ten above this give infinity for every mantissa but zero.
  let largestPowerOfTen: Int
  /// The least power of ten for which a number can lie exactly between two neighbours.
  let firstTie: Int
  /// The greatest such power of ten.
  let lastTie: Int

  /// IEEE 754 binary32.
  static let float = BinaryFormat(
    explicitBits: 23, minimumExponent: -127, infinitePower: 0xFF, smallestPowerOfTen: -65,
    largestPowerOfTen: 38,
    firstTie: -17, lastTie: 10)
  /// IEEE 754 binary64.
  static let double = BinaryFormat(
    explicitBits: 52, minimumExponent: -1023, infinitePower: 0x7FF, smallestPowerOfTen: -342,
    largestPowerOfTen: 308, firstTie: -4, lastTie: 23)
}

extension DecimalFloat {
  /// Rounds a scanned number to the nearest `Float`; infinite when it is too great.
  ///
  /// `base` and `start` say where its text stands, `table` is `PowersOfFive.shared.words`.
  @inline(__always)
  static func float(
    _ scanned: ScannedDecimal, _ base: UnsafePointer<UInt8>, from start: Int, _ table: UnsafePointer<UInt64>
  ) -> Float {
    var bits = unsafe nearest(scanned.mantissa, scanned.exponent, .float, table)
    if scanned.isTruncated {
      // The digits cut off move the value by less than one unit of the mantissa.
      let above = unsafe nearest(scanned.mantissa &+ 1, scanned.exponent, .float, table)
      if above != bits { unsafe bits = exact(base, from: start, to: scanned.end, .float) }
    }
    return Float(bitPattern: UInt32(truncatingIfNeeded: bits) | (scanned.isNegative ? 0x8000_0000 : 0))
  }

  /// Rounds a scanned number to the nearest `Double`; infinite when it is too great.
  ///
  /// `base` and `start` say where its text stands, `table` is `PowersOfFive.shared.words`.
  @inline(__always)
  static func double(
    _ scanned: ScannedDecimal, _ base: UnsafePointer<UInt8>, from start: Int, _ table: UnsafePointer<UInt64>
  ) -> Double {
    var bits = unsafe nearest(scanned.mantissa, scanned.exponent, .double, table)
    if scanned.isTruncated {
      let above = unsafe nearest(scanned.mantissa &+ 1, scanned.exponent, .double, table)
      if above != bits { unsafe bits = exact(base, from: start, to: scanned.end, .double) }
    }
    return Double(bitPattern: bits | (scanned.isNegative ? 0x8000_0000_0000_0000 : 0))
  }

  /// The bits of the value nearest to `mantissa · 10^exponent`, ties to even.
  ///
  /// - Source: Eisel and Lemire, doi:10.1002/spe.2984; that no case is left open: Mushtak and Lemire, doi:10.1002/spe.3198.
  @inline(__always)
  private static func nearest(
    _ mantissa: UInt64, _ exponent: Int, _ format: BinaryFormat, _ table: UnsafePointer<UInt64>
  ) -> UInt64 {
    let infinity = UInt64(format.infinitePower) << UInt64(format.explicitBits)
    if mantissa == 0 || exponent < format.smallestPowerOfTen { return 0 }
    if exponent > format.largestPowerOfTen { return infinity }
    let zeros = mantissa.leadingZeroBitCount
    let digits = mantissa << UInt64(zeros)
    let entry = 2 &* (exponent &- PowersOfFive.smallest)
    var product = unsafe digits.multipliedFullWidth(by: table[entry])
    let mask = UInt64.max >> UInt64(format.explicitBits &+ 3)
    if product.high & mask == mask {
      let second = unsafe digits.multipliedFullWidth(by: table[entry &+ 1])
      product.low = product.low &+ second.high
      if second.high > product.low { product.high = product.high &+ 1 }
    }
    let upperBit = Int(product.high >> 63)
    let shift = upperBit &+ 64 &- format.explicitBits &- 3
    var result = product.high >> UInt64(shift)
    var power =
      (((152_170 &+ 65_536) &* exponent) >> 16) &+ 63 &+ upperBit &- zeros &- format.minimumExponent
    if power <= 0 {
      // A subnormal number, or zero.
      if 1 &- power >= 64 { return 0 }
      result >>= UInt64(1 &- power)
      result = (result &+ (result & 1)) >> 1
      return result
    }
    if product.low <= 1, exponent >= format.firstTie, exponent <= format.lastTie, result & 3 == 1,
      result << UInt64(shift) == product.high
    {
      result &= ~1
    }
    result = (result &+ (result & 1)) >> 1
    if result >= 2 << UInt64(format.explicitBits) {
      result = 1 << UInt64(format.explicitBits)
      power &+= 1
    }
    if power >= format.infinitePower { return infinity }
    return (result & ~(1 << UInt64(format.explicitBits))) | UInt64(power) << UInt64(format.explicitBits)
  }

  /// The bits of the value nearest to the number whose text is given, by exact integers.
  ///
  /// Precondition: the text was accepted by `ScannedDecimal`.
  @inline(never)
  static func exact(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int, _ format: BinaryFormat)
    -> UInt64
  {
    // No number needs more than 767 digits to be told from a tie; more are replaced by a digit that only says "greater".
    let most = 800
    var digits = WideInteger(0)
    var taken = 0
    var exponent = 0
    var isBehindPoint = false
    var hasMore = false
    var hasExponent = false
    var position = start
    scan: while position < end {
      let byte = unsafe base[position]
      position += 1
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        if taken < most {
          digits.multiply(by: 10, adding: UInt64(byte - 48))
          if digits.bitWidth > 0 { taken += 1 }
          if isBehindPoint { exponent -= 1 }
        } else {
          hasMore = hasMore || byte != 48
          if !isBehindPoint { exponent += 1 }
        }
      case UInt8(ascii: "."): isBehindPoint = true
      case UInt8(ascii: "-"), UInt8(ascii: "+"): break
      default:
        hasExponent = true
        break scan
      }
    }
    if hasExponent {
      var isNegative = false
      var written = 0
      while position < end {
        let byte = unsafe base[position]
        position += 1
        if byte == UInt8(ascii: "-") { isNegative = true }
        if byte >= 48, byte <= 57, written < 1_000_000_000 { written = written * 10 + Int(byte - 48) }
      }
      exponent += isNegative ? -written : written
    }
    if hasMore {
      digits.multiply(by: 10, adding: 1)
      exponent -= 1
      taken += 1
    }
    let infinity = UInt64(format.infinitePower) << UInt64(format.explicitBits)
    if digits.bitWidth == 0 || taken + exponent < -330 { return 0 }
    if taken + exponent > 320 { return infinity }
    return round(digits, exponent, format)
  }

  /// Rounds `digits · 10^exponent`, which is neither zero nor absurdly large or small.
  private static func round(_ digits: WideInteger, _ exponent: Int, _ format: BinaryFormat) -> UInt64 {
    var numerator = digits
    var denominator = WideInteger(1)
    for _ in 0..<max(0, exponent) { numerator.multiply(by: 5, adding: 0) }
    for _ in 0..<max(0, -exponent) { denominator.multiply(by: 5, adding: 0) }
    // Scaled so that the quotient has 63 or 64 bits.
    let shift = 63 - numerator.bitWidth + denominator.bitWidth
    if shift > 0 { numerator.shiftLeft(by: shift) } else { denominator.shiftLeft(by: -shift) }
    denominator.shiftLeft(by: 63)
    var quotient: UInt64 = 0
    for step in 0..<64 {
      if step > 0 { numerator.shiftLeft(by: 1) }
      quotient <<= 1
      if numerator.subtractIfPossible(denominator) { quotient |= 1 }
    }
    let hasRemainder = numerator.bitWidth > 0

    // The value is (quotient + remainder) · 2^lowest.
    let lowest = exponent - shift
    let width = 64 - quotient.leadingZeroBitCount
    let leading = lowest + width - 1
    let leastNormal = format.minimumExponent + 1
    let precision = format.explicitBits + 1 - max(0, leastNormal - leading)
    if precision < 0 { return 0 }
    let dropped = width - precision
    var kept: UInt64 = dropped >= 64 ? 0 : quotient >> UInt64(dropped)
    let half: UInt64 = 1 << UInt64(dropped - 1)
    let rest = dropped >= 64 ? quotient : quotient & ((1 << UInt64(dropped)) - 1)
    if rest > half || (rest == half && (hasRemainder || kept & 1 == 1)) { kept += 1 }

    // Adding the kept bits to the exponent's field carries into it by itself.
    if leading < leastNormal { return kept }
    let power = UInt64(leading - format.minimumExponent)
    let bits = ((power - 1) << UInt64(format.explicitBits)) + kept
    let infinity = UInt64(format.infinitePower) << UInt64(format.explicitBits)
    return min(bits, infinity)
  }
}
