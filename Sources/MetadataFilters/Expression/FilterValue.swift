/// A value as a filter writes it.
///
/// Equality is that of the spelling: 1 and 1.0 are two values here. How values compare is the matter of
/// `FilterConstant`.
package enum FilterValue: Hashable, Sendable {
  /// `NULL`. Nothing equals it: use `IS NULL`, or `IS NOT DISTINCT FROM NULL`.
  case null
  /// `TRUE` or `FALSE`.
  case bool(Bool)
  /// A number without point and exponent, in the range of 64 signed bits.
  case int(Int64)
  /// Any other finite number.
  case double(Double)
  /// `'text'`, as UTF-8 bytes.
  case string([UInt8])
  /// `TS '2026-11-21T01:20:03Z'` or `DATE '2026-11-21'`, which is midnight UTC.
  case time(FilterInstant)
  /// `5m`: a number of seconds when compared; nanoseconds here, not negative.
  case duration(Int64)
  /// `NOW()`, `NOW() - 7d`, `NOW() + 1h`: nanoseconds from now. Binding makes it a `time`.
  case now(Int64)
  /// `:name`. Binding puts a value, or a list, in its place.
  case parameter(String)
}

/// What one side of a comparison is.
///
/// An operand *yields* values: a value itself; the candidates of a path; the length of each value that the path finds
/// and that is a string (code points) or an array (elements); the lower-case form of each candidate that is a string.
package enum FilterOperand: Hashable, Sendable {
  /// A literal or something that binding replaces by one.
  case value(FilterValue)
  /// The candidates of a path.
  case path(FilterPath)
  /// `LENGTH(path)`.
  case length(FilterPath)
  /// `LOWER(path)`.
  case lower(FilterPath)
}

/// How two values are compared.
package enum FilterComparison: UInt8, Hashable, Sendable, CaseIterable {
  /// `=` (also `==`).
  case equal
  /// `!=` (also `<>`): both of one kind, and different.
  case notEqual
  /// `<`.
  case less
  /// `<=`.
  case lessOrEqual
  /// `>`.
  case greater
  /// `>=`.
  case greaterOrEqual
  /// `IS DISTINCT FROM`: the exact complement of `notDistinct`.
  case distinct
  /// `IS NOT DISTINCT FROM`: as `equal`, and also TRUE when both sides are missing or null.
  case notDistinct

  /// Whether two values in this order satisfy the comparison; `distinct` and `notDistinct` count as != and = here.
  package func holds(_ order: ValueOrder) -> Bool {
    switch self {
    case .equal, .notDistinct: order == .equal
    case .notEqual, .distinct: order != .equal
    case .less: order == .less
    case .lessOrEqual: order != .greater
    case .greater: order == .greater
    case .greaterOrEqual: order != .less
    }
  }

  /// The same comparison with its sides exchanged.
  package var reversed: FilterComparison {
    switch self {
    case .equal, .notEqual, .distinct, .notDistinct: self
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    }
  }
}

/// The values between the parentheses of `IN` and `CONTAINS`.
package enum FilterList: Equatable, Sendable {
  /// `('a', 'b')`, or one value of `CONTAINS`; never empty when it comes from text.
  case values([FilterValue])
  /// `:name`, which binding replaces by an array's values.
  case parameter(String)
  /// `@'ids.txt'`: one JSON value or bare line each. Binding reads it.
  case file(String)
  /// The values of a file that has been read, with its name.
  case loaded(String, FilterValueSet)
}
