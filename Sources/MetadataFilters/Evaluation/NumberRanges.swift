/// The numbers that a test lets pass, as closed ranges: ascending, apart from each other.
///
/// Integers and doubles are compared as exact real numbers, so a bound of one type becomes the nearest bound of the other
/// that changes nothing.
enum NumberRanges {
  /// More ranges than this are left to a look-up in the list itself.
  static let limit = 8
  /// Lists longer than this are not sorted to see whether they are few ranges.
  private static let longestList = 1024

  /// The integers that pass; nil when they are too many ranges.
  static func ints(_ test: ScalarTest) -> [ClosedRange<Int64>]? {
    guard !test.isLowered else { return [] }
    switch test.question {
    case .compare(let comparison, let constant):
      guard let cut = IntCut(constant) else { return [] }
      switch comparison {
      case .equal, .notDistinct: return range(cut.atLeast, cut.atMost)
      case .notEqual, .distinct: return range(Int64.min, cut.below) + range(cut.above, Int64.max)
      case .less: return range(Int64.min, cut.below)
      case .lessOrEqual: return range(Int64.min, cut.atMost)
      case .greater: return range(cut.above, Int64.max)
      case .greaterOrEqual: return range(cut.atLeast, Int64.max)
      }
    case .between(let low, let high, let isNegated):
      guard let low = IntCut(low), let high = IntCut(high) else { return [] }
      guard isNegated else { return range(low.atLeast, high.atMost) }
      return joined(range(Int64.min, low.below) + range(high.above, Int64.max))
    case .member(let set, let isNegated):
      if isNegated, set.count > 0, !set.comparesWithNumbers { return [] }
      guard set.ints.count <= longestList else { return nil }
      let ranges = joined(set.ints.sorted().map { $0...$0 })
      return isNegated ? complement(ranges) : (ranges.count <= limit ? ranges : nil)
    case .text: return []
    }
  }

  /// The nanoseconds since 1970 whose instants pass; nil when they are too many ranges, or another way to ask.
  static func times(_ test: ScalarTest) -> [ClosedRange<Int64>]? {
    guard !test.isLowered else { return [] }
    switch test.question {
    case .compare(let comparison, .time(let instant)):
      let cut = IntCut(instant)
      switch comparison {
      case .equal, .notDistinct: return range(cut.atLeast, cut.atMost)
      case .notEqual, .distinct: return range(Int64.min, cut.below) + range(cut.above, Int64.max)
      case .less: return range(Int64.min, cut.below)
      case .lessOrEqual: return range(Int64.min, cut.atMost)
      case .greater: return range(cut.above, Int64.max)
      case .greaterOrEqual: return range(cut.atLeast, Int64.max)
      }
    case .between(.time(let low), .time(let high), let isNegated):
      let (low, high) = (IntCut(low), IntCut(high))
      guard isNegated else { return range(low.atLeast, high.atMost) }
      return joined(range(Int64.min, low.below) + range(high.above, Int64.max))
    case .compare, .between, .member, .text: return nil
    }
  }

  /// The doubles that pass; nil when they are too many ranges.
  static func doubles(_ test: ScalarTest) -> [ClosedRange<Double>]? {
    guard !test.isLowered else { return [] }
    switch test.question {
    case .compare(let comparison, let constant):
      guard let cut = DoubleCut(constant) else { return [] }
      switch comparison {
      case .equal, .notDistinct: return range(cut.atLeast, cut.atMost)
      case .notEqual, .distinct: return range(-Double.infinity, cut.below) + range(cut.above, .infinity)
      case .less: return range(-Double.infinity, cut.below)
      case .lessOrEqual: return range(-Double.infinity, cut.atMost)
      case .greater: return range(cut.above, .infinity)
      case .greaterOrEqual: return range(cut.atLeast, .infinity)
      }
    case .between(let low, let high, let isNegated):
      guard let low = DoubleCut(low), let high = DoubleCut(high) else { return [] }
      guard isNegated else { return range(low.atLeast, high.atMost) }
      return joined(range(-Double.infinity, low.below) + range(high.above, .infinity))
    case .member(let set, let isNegated):
      if isNegated, set.count > 0, !set.comparesWithNumbers { return [] }
      guard set.ints.count + set.doubles.count <= longestList else { return nil }
      let numbers = (set.doubles + set.ints.compactMap { Double(exactly: $0) }).sorted()
      let ranges = joined(numbers.map { $0...$0 })
      return isNegated ? complement(ranges) : (ranges.count <= limit ? ranges : nil)
    case .text: return []
    }
  }

  /// All integers that are in no range; nil when that is too many ranges.
  static func complement(_ ranges: [ClosedRange<Int64>]) -> [ClosedRange<Int64>]? {
    var result: [ClosedRange<Int64>] = []
    var next: Int64? = Int64.min
    for part in ranges {
      if let next, next < part.lowerBound { result.append(next...(part.lowerBound - 1)) }
      next = part.upperBound == Int64.max ? nil : part.upperBound + 1
    }
    if let next { result.append(next...Int64.max) }
    return result.count <= limit ? result : nil
  }

  /// All doubles that are in no range; nil when that is too many ranges.
  static func complement(_ ranges: [ClosedRange<Double>]) -> [ClosedRange<Double>]? {
    var result: [ClosedRange<Double>] = []
    var next: Double? = -Double.infinity
    for part in ranges {
      if let next, next < part.lowerBound { result.append(next...part.lowerBound.nextDown) }
      next = part.upperBound == .infinity ? nil : part.upperBound.nextUp
    }
    if let next { result.append(next...Double.infinity) }
    return result.count <= limit ? result : nil
  }

  /// A range, or none when a bound is missing or the bounds cross.
  private static func range<Number: Comparable>(_ low: Number?, _ high: Number?) -> [ClosedRange<Number>] {
    guard let low, let high, low <= high else { return [] }
    return [low...high]
  }

  /// Ranges that overlap or touch become one.
  private static func joined(_ ranges: [ClosedRange<Int64>]) -> [ClosedRange<Int64>] {
    var result: [ClosedRange<Int64>] = []
    for part in ranges {
      if let last = result.last, part.lowerBound == Int64.min || part.lowerBound - 1 <= last.upperBound {
        result[result.count - 1] = last.lowerBound...max(last.upperBound, part.upperBound)
      } else {
        result.append(part)
      }
    }
    return result
  }

  private static func joined(_ ranges: [ClosedRange<Double>]) -> [ClosedRange<Double>] {
    var result: [ClosedRange<Double>] = []
    for part in ranges {
      if let last = result.last, part.lowerBound.nextDown <= last.upperBound {
        result[result.count - 1] = last.lowerBound...max(last.upperBound, part.upperBound)
      } else {
        result.append(part)
      }
    }
    return result
  }
}

/// Where a number lies among the integers; nil for a neighbour beyond their range.
private struct IntCut {
  /// The greatest integer below, and at most, the number.
  let below, atMost: Int64?
  /// The least integer that is at least, and above, the number.
  let atLeast, above: Int64?

  /// Of an instant: the nanoseconds since 1970, which may be more than an integer holds.
  init(_ instant: FilterInstant) {
    let (scaled, overflow) = instant.seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, overflowToo) = scaled.addingReportingOverflow(Int64(instant.nanoseconds))
    if overflow || overflowToo {
      (below, atMost, atLeast, above) =
        instant.seconds > 0 ? (Int64.max, Int64.max, nil, nil) : (nil, nil, Int64.min, Int64.min)
      return
    }
    below = sum == Int64.min ? nil : sum - 1
    atMost = sum
    atLeast = sum
    above = sum == Int64.max ? nil : sum + 1
  }

  /// Nil for a constant that is no number.
  init?(_ constant: FilterConstant) {
    let whole: Int64
    switch constant {
    case .int(let value): whole = value
    case .double(let value):
      guard value.isFinite else { return nil }
      if value >= 0x1p63 {
        (below, atMost, atLeast, above) = (Int64.max, Int64.max, nil, nil)
        return
      }
      if value < -0x1p63 {
        (below, atMost, atLeast, above) = (nil, nil, Int64.min, Int64.min)
        return
      }
      whole = Int64(value.rounded(.down))
      if value != value.rounded(.down) {
        // Only numbers below 2^52 have a fraction.
        (below, atMost, atLeast, above) = (whole, whole, whole + 1, whole + 1)
        return
      }
    case .bool, .string, .time: return nil
    }
    below = whole == Int64.min ? nil : whole - 1
    atMost = whole
    atLeast = whole
    above = whole == Int64.max ? nil : whole + 1
  }
}

/// Where a number lies among the doubles.
private struct DoubleCut {
  let below, atMost, atLeast, above: Double

  /// Nil for a constant that is no number.
  init?(_ constant: FilterConstant) {
    let near: Double
    var order = ValueOrder.equal
    switch constant {
    case .double(let value):
      guard value.isFinite else { return nil }
      near = value
    case .int(let value):
      near = Double(value)
      order = Value.compare(value, near) ?? .equal
    case .bool, .string, .time: return nil
    }
    switch order {
    case .equal: (below, atMost, atLeast, above) = (near.nextDown, near, near, near.nextUp)
    case .greater: (below, atMost, atLeast, above) = (near, near, near.nextUp, near.nextUp)
    case .less: (below, atMost, atLeast, above) = (near.nextDown, near.nextDown, near, near)
    }
  }
}
