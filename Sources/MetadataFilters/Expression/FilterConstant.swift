/// A scalar that can be compared: what a bound filter compares with.
///
/// Two values are *comparable* when both are booleans (false before true), both numbers (as exact real numbers), both
/// strings (by bytes, which is by code point), both instants, or an instant and a string that spells one: RFC 3339 with
/// an offset, or a date alone. Values that are not comparable satisfy no comparison, `!=` neither.
package enum FilterConstant: Sendable, Equatable {
  /// True or false.
  case bool(Bool)
  /// An integer.
  case int(Int64)
  /// A finite number.
  case double(Double)
  /// UTF-8 bytes.
  case string([UInt8])
  /// An instant.
  case time(FilterInstant)

  /// How `self` stands to `other`; nil when the two are not comparable.
  package func compare(_ other: FilterConstant) -> ValueOrder? {
    switch (self, other) {
    case (.bool(let left), .bool(let right)): left == right ? .equal : (right ? .less : .greater)
    case (.int(let left), .int(let right)): left < right ? .less : (left == right ? .equal : .greater)
    case (.double(let left), .double(let right)):
      left < right ? .less : (left == right ? .equal : (left > right ? .greater : nil))
    case (.int(let left), .double(let right)): Value.compare(left, right)
    case (.double(let left), .int(let right)): Value.compare(right, left)?.reversed
    case (.string(let left), .string(let right)): compareBytes(left, right)
    case (.time(let left), .time(let right)): left.compare(right)
    case (.time(let left), .string(let right)): FilterInstant(right).map { left.compare($0) }
    case (.string(let left), .time(let right)): FilterInstant(left)?.compare(right)
    case (.bool, _), (.int, _), (.double, _), (.string, _), (.time, _): nil
    }
  }
}
