/// The leading 128 bits of the powers of five from 5^-342 to 5^308, as the Eisel-Lemire conversion wants them.
///
/// Entry *q* is two words, high word first, scaled so that the top bit is set. Powers from 5^0 up are truncated;
/// 5^-1 to 5^-27 are the reciprocal rounded up; smaller ones are the truncated reciprocal.
///
/// The table is computed once with exact integers, in some tens of microseconds, when the first number needs it.
/// - Source: Lemire 2021, "Number parsing at a gigabyte per second", doi:10.1002/spe.2984.
@safe
struct PowersOfFive: @unchecked Sendable {
  /// The exponent of the first entry.
  static let smallest = -342
  /// The exponent of the last entry.
  static let largest = 308
  /// The one table; its memory is never freed and never written again.
  static let shared = PowersOfFive()

  /// Two words for each exponent from `smallest` to `largest`.
  let words: UnsafePointer<UInt64>

  private init() {
    let count = PowersOfFive.largest - PowersOfFive.smallest + 1
    let table = UnsafeMutablePointer<UInt64>.allocate(capacity: 2 * count)
    unsafe table.initialize(repeating: 0, count: 2 * count)

    var power = WideInteger(1)
    for exponent in 0...PowersOfFive.largest {
      let top = power.leadingBits()
      let index = 2 * (exponent - PowersOfFive.smallest)
      unsafe table[index] = top.high
      unsafe table[index + 1] = top.low
      power.multiply(by: 5, adding: 0)
    }

    // Dividing 2^k by five again and again with truncation gives floor(2^k / 5^n) exactly.
    var reciprocal = WideInteger(1)
    reciprocal.shiftLeft(by: 1024)
    for exponent in stride(from: -1, through: PowersOfFive.smallest, by: -1) {
      reciprocal.divide(by: 5)
      var top = reciprocal.leadingBits()
      if exponent >= -27 {
        let (low, carries) = top.low.addingReportingOverflow(1)
        top = (top.high &+ (carries ? 1 : 0), low)
      }
      let index = 2 * (exponent - PowersOfFive.smallest)
      unsafe table[index] = top.high
      unsafe table[index + 1] = top.low
    }
    unsafe words = UnsafePointer(table)
  }
}

/// A natural number of any size, for the rare conversions that need exactness.
///
/// Not fast.
struct WideInteger {
  /// Least significant word first; the last word is not zero.
  private(set) var words: [UInt64]

  /// Makes a number from one word.
  init(_ value: UInt64) { words = value == 0 ? [] : [value] }

  /// Bits up to the most significant one; 0 for zero.
  var bitWidth: Int {
    guard let last = words.last else { return 0 }
    return 64 * words.count - last.leadingZeroBitCount
  }

  /// Replaces the number by itself times `factor` plus `addend`.
  mutating func multiply(by factor: UInt64, adding addend: UInt64) {
    var carry = addend
    for index in words.indices {
      let product = words[index].multipliedFullWidth(by: factor)
      let (low, carries) = product.low.addingReportingOverflow(carry)
      words[index] = low
      carry = product.high &+ (carries ? 1 : 0)
    }
    if carry != 0 { words.append(carry) }
  }

  /// Replaces the number by itself divided by `divisor`, rounded down.
  mutating func divide(by divisor: UInt64) {
    var remainder: UInt64 = 0
    for index in words.indices.reversed() {
      let (quotient, rest) = divisor.dividingFullWidth((remainder, words[index]))
      words[index] = quotient
      remainder = rest
    }
    normalize()
  }

  /// Multiplies by a power of two.
  mutating func shiftLeft(by bits: Int) {
    guard bits > 0, !words.isEmpty else { return }
    let shift = UInt64(bits % 64)
    if shift != 0 {
      var carry: UInt64 = 0
      for index in words.indices {
        let word = words[index]
        words[index] = (word << shift) | carry
        carry = word >> (64 - shift)
      }
      if carry != 0 { words.append(carry) }
    }
    words.insert(contentsOf: repeatElement(0, count: bits / 64), at: 0)
  }

  /// Takes `other` away if it is not greater; returns whether it was done.
  mutating func subtractIfPossible(_ other: WideInteger) -> Bool {
    if words.count != other.words.count {
      if words.count < other.words.count { return false }
    } else {
      for index in words.indices.reversed() where words[index] != other.words[index] {
        if words[index] < other.words[index] { return false }
        break
      }
    }
    var borrow: UInt64 = 0
    for index in words.indices {
      let subtrahend = index < other.words.count ? other.words[index] : 0
      let (first, borrowed) = words[index].subtractingReportingOverflow(subtrahend)
      let (second, borrowedAgain) = first.subtractingReportingOverflow(borrow)
      words[index] = second
      borrow = borrowed || borrowedAgain ? 1 : 0
    }
    normalize()
    return true
  }

  /// The 128 most significant bits, moved up so that the first is set; smaller numbers are padded with zeros.
  func leadingBits() -> (high: UInt64, low: UInt64) {
    let count = words.count
    guard let first = words.last else { return (0, 0) }
    let second = count > 1 ? words[count - 2] : 0
    let third = count > 2 ? words[count - 3] : 0
    let shift = UInt64(first.leadingZeroBitCount)
    if shift == 0 { return (first, second) }
    return (
      (first << shift) | (second >> (64 - shift)),
      (second << shift) | (third >> (64 - shift))
    )
  }

  private mutating func normalize() {
    while words.last == 0 { words.removeLast() }
  }
}
