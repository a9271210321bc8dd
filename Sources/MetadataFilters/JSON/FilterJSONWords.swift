/// The words of the JSON form.
enum FilterJSONWords {
  /// Comparisons by their word.
  static let comparisons: [(word: String, comparison: FilterComparison)] = [
    ("=", .equal), ("!=", .notEqual), ("<", .less), ("<=", .lessOrEqual), (">", .greater),
    (">=", .greaterOrEqual),
    ("is_distinct_from", .distinct), ("is_not_distinct_from", .notDistinct),
  ]
  /// Text predicates by their word.
  static let texts: [(word: String, operation: TextOperator)] = [
    ("like", .like), ("ilike", .ilike), ("matches", .matches), ("starts_with", .startsWith),
    ("ends_with", .endsWith),
  ]
  /// Ways to contain by their word.
  static let contains: [(word: String, mode: ContainsMode)] = [
    ("contains", .one), ("contains_any", .any), ("contains_all", .all),
  ]
  /// Quantifiers by their word.
  static let quantifiers: [(word: String, quantifier: Quantifier)] = [
    ("any", .any), ("all", .all), ("none", .none),
  ]
  /// Every value of "op".
  static let operators =
    comparisons.map(\.word) + ["==", "<>"]
    + (["between", "in"] + texts.map(\.word) + contains.map(\.word)).flatMap { [$0, "not_" + $0] }
    + ["is", "is_not", "exists", "missing", "geo_radius", "geo_bbox", "geo_polygon"]
}
