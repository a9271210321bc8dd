/// What `(?i)` takes as the same letter: code points whose lower-case mappings are one and the same code point.
///
/// That is how `ILIKE` and `LOWER` compare, but for the single letter whose lower-case form is two code points.
enum CaseFolding {
  /// Every code point that differs from its lower-case form, with that form.
  private static let pairs: [(upper: UInt32, lower: UInt32)] = {
    var pairs: [(UInt32, UInt32)] = []
    // No letter with case lies beyond the Adlam block; planes between are skipped.
    for range: ClosedRange<UInt32> in [0x41...0xD7FF, 0xF900...0x1_FFFF] {
      for value in range {
        guard let scalar = Unicode.Scalar(value), scalar.properties.changesWhenLowercased else { continue }
        let mapped = scalar.properties.lowercaseMapping.unicodeScalars
        guard mapped.count == 1, let lower = mapped.first, lower != scalar else { continue }
        pairs.append((value, lower.value))
      }
    }
    return pairs
  }()

  /// The set with every code point that some member is the same letter as.
  static func closure(_ set: CodePointSet) -> CodePointSet {
    // Anything that is wholly ASCII is known by heart: the Kelvin sign is the only outsider.
    if (set.ranges.last?.upperBound ?? 0) < 0x80 { return asciiClosure(set) }
    var lower: [ClosedRange<UInt32>] = []
    for pair in pairs where set.contains(pair.upper) { lower.append(pair.lower...pair.lower) }
    var lowered = set
    lowered.insert(lower)
    var upper: [ClosedRange<UInt32>] = []
    for pair in pairs where lowered.contains(pair.lower) { upper.append(pair.upper...pair.upper) }
    lowered.insert(upper)
    return lowered
  }

  private static func asciiClosure(_ set: CodePointSet) -> CodePointSet {
    var more: [ClosedRange<UInt32>] = []
    for range in set.ranges {
      // Letters are 32 apart in their two forms.
      let upper = max(range.lowerBound, 0x41)...max(min(range.upperBound, 0x5A), max(range.lowerBound, 0x41))
      if range.overlaps(0x41...0x5A) { more.append(upper.lowerBound + 32...upper.upperBound + 32) }
      let lower = max(range.lowerBound, 0x61)...max(min(range.upperBound, 0x7A), max(range.lowerBound, 0x61))
      if range.overlaps(0x61...0x7A) { more.append(lower.lowerBound - 32...lower.upperBound - 32) }
      if range.contains(0x4B) || range.contains(0x6B) { more.append(0x212A...0x212A) }
    }
    var result = set
    result.insert(more)
    return result
  }
}
