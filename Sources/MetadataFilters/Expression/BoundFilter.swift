/// A filter ready to be evaluated: parameters, NOW and files have been replaced, patterns compiled, constants folded.
///
/// The words are those of `FilterExpression`. Immutable; safe to share between threads.
package indirect enum BoundFilter: Sendable {
  /// The same for each record.
  case constant(Bool)
  /// TRUE when all are; at least two.
  case and([BoundFilter])
  /// TRUE when any is; at least two.
  case or([BoundFilter])
  /// TRUE when the other is FALSE.
  case not(BoundFilter)
  /// TRUE when some candidate of the path passes the test.
  case scalar(FilterPath, ScalarTest)
  /// TRUE when the path finds a string or an array whose length, as an int, passes the test.
  ///
  /// The length is code points or elements.
  case length(FilterPath, ScalarTest)
  /// TRUE when some value of each operand are comparable and compare so; never `distinct` or `notDistinct`.
  case pair(BoundOperand, FilterComparison, BoundOperand)
  /// As `FilterExpression.between`, where more than one side depends on the record, or a bound does.
  case range(BoundOperand, low: BoundOperand, high: BoundOperand, isNegated: Bool)
  /// TRUE when the operand is blank; see `FilterExpression.compare`.
  case blank(BoundOperand)
  /// TRUE when the path finds a value of that kind; negated as in `FilterExpression.kind`.
  case kind(FilterPath, FilterKind, isNegated: Bool)
  /// TRUE when the path finds any value, be it null. `IS MISSING` is `not` of this.
  case exists(FilterPath)
  /// TRUE when the path finds an array that passes the test.
  case contains(FilterPath, ContainsTest)
  /// As `FilterExpression.quantified`.
  case quantified(Quantifier, FilterPath, BoundFilter)
  /// TRUE when some candidate is a point in the shape.
  case geo(FilterPath, GeoTest)
}

/// One side of a comparison whose other side depends on the record too.
package enum BoundOperand: Sendable {
  /// The same for each record.
  case constant(FilterConstant)
  /// The candidates of a path.
  case path(FilterPath)
  /// The length of each string and array that the path finds.
  case length(FilterPath)
  /// The lower-case form of each candidate that is a string.
  case lower(FilterPath)
}

/// Whether an array holds what is asked for.
package struct ContainsTest: Sendable {
  /// The distinct values asked for; nulls are left out.
  package let values: FilterValueSet
  /// Whether each of the values must be there, not just one.
  ///
  /// With a null in the list `all` can never be, and the binder has folded it.
  package let needsAll: Bool
  /// Whether the array passes when it does *not* hold them.
  package let isNegated: Bool
}
