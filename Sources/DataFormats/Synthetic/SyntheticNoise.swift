import VectorMath

/// Random numbers of one row, the same on every machine: integer arithmetic, and products of one multiplication.
struct SyntheticNoise {
  private var generator: SeededGenerator

  init(_ seed: UInt64) { generator = SeededGenerator(seed: seed) }

  /// The generator of a row or of another numbered thing: independent of its neighbours' numbers.
  init(seed: UInt64, stream: UInt64, number: UInt64) {
    let start = SyntheticNoise.mixed(seed ^ SyntheticNoise.mixed(stream &+ 0x51ED_270B_35CE_9A1D))
    generator = SeededGenerator(seed: SyntheticNoise.mixed(start &+ number &* 0xD134_2543_DE82_EF95))
  }

  /// The next 64 bits.
  mutating func next() -> UInt64 { generator.next() }

  /// A whole number below `bound`, which is at least 1.
  mutating func below(_ bound: UInt64) -> UInt64 { generator.next().multipliedFullWidth(by: bound).high }

  /// Bits in a scale of 2^17 for one: the root of the variance 16 + 1/12 of a number below.
  private static let normalScale = Float(0x1p-17 / 4.010_403_137_508_3)

  /// Fills `result` with nearly normal numbers of mean 0 and variance 1, none beyond 8.
  ///
  /// Each is the number of ones among 64 random bits, spread evenly over its step: a binomial distribution, whose
  /// excess kurtosis is -0.03.
  mutating func normals(into result: UnsafeMutablePointer<Float>, count: Int) {
    var spread: UInt64 = 0
    for index in 0..<count {
      if index & 3 == 0 { spread = generator.next() }
      let ones = Int32(truncatingIfNeeded: generator.next().nonzeroBitCount)
      let within = Int32(truncatingIfNeeded: spread & 0xFFFF)
      spread >>= 16
      let steps = (ones - 32) << 17 + within << 1 - 0xFFFF
      // Safe: the caller gives room for `count` floats.
      unsafe result[index] = Float(steps) * SyntheticNoise.normalScale
    }
  }

  /// The same numbers as an array.
  mutating func normals(_ count: Int) -> [Float] {
    unsafe [Float](unsafeUninitializedCapacity: count) { buffer, filled in
      if let start = buffer.baseAddress { unsafe normals(into: start, count: count) }
      filled = count
    }
  }

  /// Rows of normal numbers that belong to the settings.
  static func rows(_ settings: SyntheticSettings, stream: UInt64, count: Int) -> [Float] {
    var rows: [Float] = []
    rows.reserveCapacity(count * settings.dimension)
    for row in 0..<count {
      var noise = SyntheticNoise(seed: settings.seed, stream: stream, number: UInt64(row))
      rows += noise.normals(settings.dimension)
    }
    return rows
  }

  /// The finishing function of SplitMix64: every bit of the result depends on every bit of the number.
  static func mixed(_ number: UInt64) -> UInt64 {
    var mixed = number &+ 0x9E37_79B9_7F4A_7C15
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}

/// Numbers from 0 whose frequencies fall as 1, 1/2, 1/3, ...: Zipf's law.
struct ZipfNumbers: Sendable {
  private let ends: [UInt64]

  /// Numbers below `count`, which is at least 1.
  init(count: Int) {
    var ends: [UInt64] = []
    ends.reserveCapacity(count)
    var total: UInt64 = 0
    for rank in 1...UInt64(max(1, count)) {
      total += (1 << 40) / rank
      ends.append(total)
    }
    self.ends = ends
  }

  /// The next number.
  func next(_ noise: inout SyntheticNoise) -> Int {
    let place = noise.below(ends[ends.count - 1])
    var low = 0
    var high = ends.count - 1
    while low < high {
      let middle = (low + high) / 2
      if ends[middle] > place { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
