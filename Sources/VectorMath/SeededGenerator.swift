/// Random numbers that are the same for the same seed, on every machine (SplitMix64).
///
/// - Source: Steele, Lea & Flood 2014, doi:10.1145/2660193.2660195.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
  @usableFromInline var state: UInt64

  /// The sequence that belongs to `seed`.
  @inlinable
  package init(seed: UInt64) { state = seed }

  /// The next 64 bits.
  @inlinable
  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  /// A float from 0 up to but not including 1, a multiple of 2^-24.
  @inlinable
  package mutating func nextUnitFloat() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// A double from 0 up to but not including 1, a multiple of 2^-53.
  @inlinable
  package mutating func nextUnitDouble() -> Double { Double(next() >> 11) * 0x1p-53 }
}
