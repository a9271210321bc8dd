/// A point in time: years 0000 to 9999 of the proleptic Gregorian calendar, to the nanosecond.
package struct FilterInstant: Hashable, Comparable, Sendable {
  /// Seconds since 1970-01-01T00:00:00Z, without leap seconds.
  package let seconds: Int64
  /// 0 to 999,999,999, counted forwards from `seconds`.
  package let nanoseconds: Int32

  /// Makes an instant; `nanoseconds` beyond a second are carried over.
  package init(seconds: Int64, nanoseconds: Int64 = 0) {
    let billion: Int64 = 1_000_000_000
    var carry = nanoseconds / billion
    var rest = nanoseconds % billion
    if rest < 0 {
      rest += billion
      carry -= 1
    }
    self.seconds = FilterInstant.clamp(seconds, plus: carry)
    self.nanoseconds = Int32(truncatingIfNeeded: rest)
  }

  /// Makes an instant from nanoseconds since 1970, as records keep their times.
  package init(nanoseconds: Int64) { self.init(seconds: 0, nanoseconds: nanoseconds) }

  /// The instant that lies this many nanoseconds later, or earlier when negative; stays at the end of the range.
  package func adding(nanoseconds delta: Int64) -> FilterInstant {
    let billion: Int64 = 1_000_000_000
    return FilterInstant(
      seconds: FilterInstant.clamp(seconds, plus: delta / billion),
      nanoseconds: Int64(nanoseconds) + delta % billion)
  }

  package static func < (left: FilterInstant, right: FilterInstant) -> Bool {
    left.seconds != right.seconds ? left.seconds < right.seconds : left.nanoseconds < right.nanoseconds
  }

  /// How `self` stands to `other`.
  package func compare(_ other: FilterInstant) -> ValueOrder {
    self < other ? .less : (self == other ? .equal : .greater)
  }

  private static func clamp(_ seconds: Int64, plus other: Int64) -> Int64 {
    let (sum, overflow) = seconds.addingReportingOverflow(other)
    return overflow ? (other < 0 ? Int64.min : Int64.max) : sum
  }
}
