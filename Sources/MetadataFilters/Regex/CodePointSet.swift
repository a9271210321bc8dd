/// A set of code points as ranges.
struct CodePointSet: Equatable, Sendable {
  /// The greatest code point.
  static let last: UInt32 = 0x10_FFFF

  /// Sorted, apart from each other by at least one code point once `normalize` was called.
  private(set) var ranges: [ClosedRange<UInt32>]

  /// Makes a set from ranges in any order.
  init(_ ranges: [ClosedRange<UInt32>] = []) {
    self.ranges = ranges
    normalize()
  }

  /// Makes a set of one code point.
  init(_ codePoint: UInt32) { ranges = [codePoint...codePoint] }

  /// The only code point; nil when there are several or none.
  var single: UInt32? {
    guard ranges.count == 1, ranges[0].lowerBound == ranges[0].upperBound else { return nil }
    return ranges[0].lowerBound
  }

  /// Adds the members of another set.
  mutating func formUnion(_ other: CodePointSet) {
    ranges += other.ranges
    normalize()
  }

  /// Adds ranges.
  mutating func insert(_ more: [ClosedRange<UInt32>]) {
    ranges += more
    normalize()
  }

  /// Every code point that is not in the set.
  var complement: CodePointSet {
    var result: [ClosedRange<UInt32>] = []
    var next: UInt32 = 0
    for range in ranges {
      if range.lowerBound > next { result.append(next...range.lowerBound - 1) }
      next = range.upperBound + 1
    }
    if next <= CodePointSet.last { result.append(next...CodePointSet.last) }
    return CodePointSet(result)
  }

  /// Whether a code point is in the set.
  func contains(_ codePoint: UInt32) -> Bool {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < codePoint { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].lowerBound <= codePoint
  }

  private mutating func normalize() {
    guard ranges.count > 1 else { return }
    ranges.sort { $0.lowerBound < $1.lowerBound }
    var merged: [ClosedRange<UInt32>] = [ranges[0]]
    for range in ranges.dropFirst() {
      let last = merged[merged.count - 1]
      if range.lowerBound <= last.upperBound + 1 {
        merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        merged.append(range)
      }
    }
    ranges = merged
  }
}

extension CodePointSet {
  /// `\d`: the ASCII digits.
  static let digits = CodePointSet([0x30...0x39])
  /// `\w`: ASCII letters, digits and the underscore.
  static let word = CodePointSet([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
  /// `\s`: tab, line feed, form feed, carriage return, space.
  static let space = CodePointSet([0x09...0x0A, 0x0C...0x0D, 0x20...0x20])
  /// Everything.
  static let all = CodePointSet([0...CodePointSet.last])
  /// Everything but the line feed.
  static let notNewline = CodePointSet([0...0x09, 0x0B...CodePointSet.last])

  /// The POSIX class of that name, as in `[[:alpha:]]`; nil when there is none.
  static func posix(_ name: String) -> CodePointSet? {
    switch name {
    case "alnum": CodePointSet([0x30...0x39, 0x41...0x5A, 0x61...0x7A])
    case "alpha": CodePointSet([0x41...0x5A, 0x61...0x7A])
    case "ascii": CodePointSet([0...0x7F])
    case "blank": CodePointSet([0x09...0x09, 0x20...0x20])
    case "cntrl": CodePointSet([0...0x1F, 0x7F...0x7F])
    case "digit": .digits
    case "graph": CodePointSet([0x21...0x7E])
    case "lower": CodePointSet([0x61...0x7A])
    case "print": CodePointSet([0x20...0x7E])
    case "punct": CodePointSet([0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E])
    case "space": CodePointSet([0x09...0x0D, 0x20...0x20])
    case "upper": CodePointSet([0x41...0x5A])
    case "word": .word
    case "xdigit": CodePointSet([0x30...0x39, 0x41...0x46, 0x61...0x66])
    case _: nil
    }
  }
}
