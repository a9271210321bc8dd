/// How a string is matched with a pattern.
package enum TextOperator: UInt8, Hashable, Sendable, CaseIterable {
  /// `LIKE`: the whole string; `%` stands for any number of code points, `_` for one, `\` takes the next literally.
  case like
  /// `ILIKE`: as `LIKE`, after both sides have been put in lower case as `LOWER` does.
  case ilike
  /// `MATCHES`: a regular expression that matches anywhere in the string; see `Regex`.
  case matches
  /// `STARTS WITH`: by bytes.
  case startsWith
  /// `ENDS WITH`: by bytes.
  case endsWith
}

/// What a value can be asked to be.
package enum FilterKind: UInt8, Hashable, Sendable, CaseIterable {
  /// JSON null.
  case null
  /// The string `''`, the array `[]`, the object `{}`. `IS NOT EMPTY` asks for a string, array or object with content.
  case empty
  /// True or false.
  case bool
  /// An integer of 64 bits: written without point and exponent.
  case int
  /// Any other number.
  case float
  /// Either kind of number.
  case number
  /// A string; for `$id` also a UUID.
  case string
  /// An array.
  case array
  /// An object.
  case object
  /// A string that is an RFC 3339 time with offset, or a date; `$created` and `$updated`.
  case time
  /// An object whose `lat` and `lon` are numbers, `lat` in -90...90.
  case geo
}

/// Which of several values an array must hold.
package enum ContainsMode: UInt8, Hashable, Sendable, CaseIterable {
  /// `CONTAINS v`: as `any` with one value.
  case one
  /// `CONTAINS ANY (…)`: at least one of them.
  case any
  /// `CONTAINS ALL (…)`: each of them.
  case all
}

/// For how many elements of an array a condition must hold.
package enum Quantifier: UInt8, Hashable, Sendable, CaseIterable {
  /// `ANY(path: …)`.
  case any
  /// `ALL(path: …)`.
  case all
  /// `NONE(path: …)`.
  case none
}
