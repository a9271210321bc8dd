/// A filter as it is written: what the text and the JSON form spell.
///
/// Logic is two-valued: on each record an expression is TRUE or FALSE, never unknown. A predicate on a value that is
/// missing, null or of the wrong kind is FALSE, and so are the negated *infix* forms (`!=`, `NOT IN`, `NOT BETWEEN`,
/// `NOT LIKE`, `IS NOT NULL`, …): each asks for a value of the right kind that does not satisfy the predicate.
/// `not(p)` alone is the exact complement of p.
///
/// "Found" and "candidates" are defined at `FilterPath`, "yields" at `FilterOperand`, "comparable" at `FilterConstant`.
package indirect enum FilterExpression: Equatable, Sendable {
  /// `TRUE` or `FALSE`.
  case constant(Bool)
  /// TRUE when all are; TRUE when empty. Written with two or more.
  case and([FilterExpression])
  /// TRUE when any is; FALSE when empty. Written with two or more.
  case or([FilterExpression])
  /// TRUE when the other is FALSE.
  case not(FilterExpression)
  /// TRUE when some value that the left yields and some value that the right yields are comparable and compare so.
  ///
  /// `notDistinct` is TRUE as well when each side is blank: the value NULL, a path that finds nothing or finds a
  /// null, a `LENGTH` or `LOWER` that yields nothing. `distinct` is its exact complement.
  case compare(FilterOperand, FilterComparison, FilterOperand)
  /// `x BETWEEN low AND high`: TRUE when some value of x, one of low and one of high are comparable and
  /// low <= x <= high. Negated: comparable, and x < low or x > high.
  case between(FilterOperand, low: FilterOperand, high: FilterOperand, isNegated: Bool)
  /// `x IN (…)`: TRUE when some value of x equals one of the list. Negated: when some value of x is comparable with
  /// a value of the list, or the list has no values but NULL and x is a scalar, and equals none of them.
  case member(FilterOperand, FilterList, isNegated: Bool)
  /// TRUE when some candidate is a string that matches. Negated: some candidate is a string that does not.
  ///
  /// The pattern is `.string` or `.parameter`.
  case text(FilterPath, TextOperator, FilterValue, isNegated: Bool)
  /// `path IS kind`: TRUE when the path finds a value of that kind.
  ///
  /// Negated: finds a value that is not null and not of that kind; for `empty`, one that has a length and it is not 0.
  case kind(FilterPath, FilterKind, isNegated: Bool)
  /// `EXISTS(path)`, `path IS NOT MISSING`: the path finds a value, be it null. Negated: `path IS MISSING`.
  case exists(FilterPath, isNegated: Bool)
  /// TRUE when the path finds an array with elements that equal the value, any of the values, or all of them.
  ///
  /// Negated: the path finds an array for which that is not so, be it empty. The elements are taken one level deep, a
  /// scalar that is no array counts as the wrong kind. NULL in the list equals nothing.
  case contains(FilterPath, ContainsMode, FilterList, isNegated: Bool)
  /// TRUE when any, all, none of the elements of the arrays that the path finds satisfy the condition.
  ///
  /// The elements of all arrays found count together. When the path finds no array, each form is FALSE. When it finds
  /// only empty ones, `any` is FALSE, `all` and `none` are TRUE. In the condition `.` is the element; paths without a
  /// dot in front still start at the record.
  case quantified(Quantifier, FilterPath, FilterExpression)
  /// TRUE when some candidate is a point in the shape: an object with numbers `lat` in -90...90 and `lon`.
  case geo(FilterPath, GeoShape)
}
