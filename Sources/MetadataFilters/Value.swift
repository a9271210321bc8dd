/// How one value stands to another.
package enum ValueOrder: Int8, Sendable {
  /// The left value comes first.
  case less = -1
  /// Both are the same value.
  case equal = 0
  /// The right value comes first.
  case greater = 1

  /// The same relation seen from the other side.
  package var reversed: ValueOrder {
    switch self {
    case .less: .greater
    case .equal: .equal
    case .greater: .less
    }
  }
}

/// One scalar of a record's metadata, or a literal of a filter.
///
/// Integers and doubles compare as exact real numbers, never by rounding one to the other's type.
/// Strings compare by code point, which for UTF-8 is the order of their bytes; no normalisation takes place.
/// Values of different kinds (a number and a string, anything and null) do not compare.
package enum Value: Sendable {
  /// JSON null.
  case null
  /// JSON true or false.
  case bool(Bool)
  /// A number written without fraction and exponent, in the range of 64 signed bits.
  case int(Int64)
  /// Any other finite number.
  case double(Double)
  /// UTF-8 bytes. The bytes are not checked here.
  case string([UInt8])

  /// Makes a string value from text.
  package init(_ text: String) { self = .string(Array(text.utf8)) }

  /// How `self` stands to `other`; nil when the two do not compare.
  ///
  /// Nothing compares with null, not even null, and nothing with a double that is not a number.
  package func compare(_ other: Value) -> ValueOrder? {
    switch (self, other) {
    case (.bool(let left), .bool(let right)):
      left == right ? .equal : (right ? .less : .greater)
    case (.int(let left), .int(let right)):
      left < right ? .less : (left == right ? .equal : .greater)
    case (.double(let left), .double(let right)):
      left < right ? .less : (left == right ? .equal : (left > right ? .greater : nil))
    case (.int(let left), .double(let right)): Value.compare(left, right)
    case (.double(let left), .int(let right)): Value.compare(right, left)?.reversed
    case (.string(let left), .string(let right)): compareBytes(left, right)
    case (.null, _), (.bool, _), (.int, _), (.double, _), (.string, _): nil
    }
  }

  /// Compares an integer with a double as exact real numbers; nil when the double is not a number.
  package static func compare(_ int: Int64, _ double: Double) -> ValueOrder? {
    if double.isNaN { return nil }
    // 2^63 and -2^63 are doubles; between them every truncation fits 64 bits.
    if double >= 9_223_372_036_854_775_808.0 { return .less }
    if double < -9_223_372_036_854_775_808.0 { return .greater }
    let whole = Int64(double)
    if int != whole { return int < whole ? .less : .greater }
    // `whole` is exact in a double here: either below 2^53, or taken from a double without fraction.
    let fraction = double - Double(whole)
    return fraction > 0 ? .less : (fraction < 0 ? .greater : .equal)
  }
}

/// Equal values are those that compare as equal, so 1 equals 1.0; null equals null here.
extension Value: Hashable {
  package static func == (left: Value, right: Value) -> Bool {
    if case .null = left, case .null = right { return true }
    return left.compare(right) == .equal
  }

  package func hash(into hasher: inout Hasher) {
    switch self {
    case .null: hasher.combine(0 as UInt8)
    case .bool(let bool):
      hasher.combine(1 as UInt8)
      hasher.combine(bool)
    case .int(let int):
      hasher.combine(2 as UInt8)
      hasher.combine(int)
    case .double(let double):
      // A double that equals an integer must hash like that integer.
      hasher.combine(2 as UInt8)
      if let int = Int64(exactly: double) { hasher.combine(int) } else { hasher.combine(double) }
    case .string(let bytes):
      hasher.combine(3 as UInt8)
      hasher.combine(bytes)
    }
  }
}
