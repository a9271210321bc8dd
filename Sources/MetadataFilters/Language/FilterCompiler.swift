/// Makes an expression ready to be evaluated.
package enum FilterCompiler {
  /// The evaluation form of an expression that has been bound; a parameter, NOW or file left over equals nothing.
  ///
  /// - Throws: `FilterError` for a regular expression that is wrong.
  package static func compile(_ expression: FilterExpression) throws(FilterError) -> BoundFilter {
    try bound(FilterNormalizer.normalize(expression))
  }

  /// Of an expression that is normal already.
  private static func bound(_ expression: FilterExpression) throws(FilterError) -> BoundFilter {
    switch expression {
    case .constant(let constant): return .constant(constant)
    case .and(let parts): return join(try all(parts), isAnd: true)
    case .or(let parts): return join(try all(parts), isAnd: false)
    case .not(let inner): return complement(try bound(inner))
    case .compare(let left, let comparison, let right): return compare(left, comparison, right)
    case .between(let operand, let low, let high, let isNegated):
      return between(operand, low, high, isNegated)
    case .member(let operand, let list, let isNegated):
      return scalar(operand, .member(set(list), isNegated: isNegated))
    case .text(let path, let operation, let pattern, let isNegated):
      guard case .string(let bytes) = pattern else { return .constant(false) }
      return .scalar(path, ScalarTest(.text(try TextPattern(operation, bytes), isNegated: isNegated)))
    case .kind(let path, let kind, let isNegated): return .kind(path, kind, isNegated: isNegated)
    case .exists(let path, let isNegated): return isNegated ? .not(.exists(path)) : .exists(path)
    case .contains(let path, let mode, let list, let isNegated):
      return contains(path, mode, set(list), isNegated)
    case .quantified(let quantifier, let path, let condition):
      return .quantified(quantifier, path, try bound(condition))
    case .geo(let path, let shape): return .geo(path, GeoTest(shape))
    }
  }

  private static func all(_ parts: [FilterExpression]) throws(FilterError) -> [BoundFilter] {
    var result: [BoundFilter] = []
    for part in parts { result.append(try bound(part)) }
    return result
  }

  /// Joins parts, some of which may turn out to be constant only now.
  private static func join(_ parts: [BoundFilter], isAnd: Bool) -> BoundFilter {
    var kept: [BoundFilter] = []
    for part in parts {
      guard case .constant(let constant) = part else {
        kept.append(part)
        continue
      }
      if constant != isAnd { return part }
    }
    if kept.count == 1 { return kept[0] }
    return kept.isEmpty ? .constant(isAnd) : (isAnd ? .and(kept) : .or(kept))
  }

  private static func complement(_ filter: BoundFilter) -> BoundFilter {
    switch filter {
    case .constant(let constant): .constant(!constant)
    case .not(let inner): inner
    case .and, .or, .scalar, .length, .pair, .range, .blank, .kind, .exists, .contains, .quantified, .geo:
      .not(filter)
    }
  }

  /// A test of one operand, of which a value has become false: nothing that is left unbound equals anything.
  private static func scalar(_ operand: FilterOperand, _ question: ScalarTest.Question) -> BoundFilter {
    switch operand {
    case .value: .constant(false)
    case .path(let path): .scalar(path, ScalarTest(question))
    case .lower(let path): .scalar(path, ScalarTest(question, isLowered: true))
    case .length(let path): .length(path, ScalarTest(question))
    }
  }

  private static func compare(
    _ left: FilterOperand, _ comparison: FilterComparison, _ right: FilterOperand
  ) -> BoundFilter {
    if comparison == .distinct { return complement(compare(left, .notDistinct, right)) }
    let isNullSafe = comparison == .notDistinct
    let plain: FilterComparison = isNullSafe ? .equal : comparison
    if case .value(let value) = right {
      guard let constant = value.constant else {
        guard isNullSafe, value == .null, let operand = operand(left) else { return .constant(false) }
        return .blank(operand)
      }
      return scalar(left, .compare(plain, constant))
    }
    guard let left = operand(left), let right = operand(right) else { return .constant(false) }
    let pair = BoundFilter.pair(left, plain, right)
    return isNullSafe ? .or([pair, .and([.blank(left), .blank(right)])]) : pair
  }

  private static func between(
    _ value: FilterOperand, _ low: FilterOperand, _ high: FilterOperand, _ isNegated: Bool
  ) -> BoundFilter {
    guard let left = operand(value), let below = operand(low), let above = operand(high) else {
      return .constant(false)
    }
    if case .constant(let low) = below, case .constant(let high) = above {
      guard case .value = value else {
        return scalar(value, .between(low: low, high: high, isNegated: isNegated))
      }
    }
    return .range(left, low: below, high: above, isNegated: isNegated)
  }

  private static func operand(_ operand: FilterOperand) -> BoundOperand? {
    switch operand {
    case .value(let value): value.constant.map { .constant($0) }
    case .path(let path): .path(path)
    case .length(let path): .length(path)
    case .lower(let path): .lower(path)
    }
  }

  private static func set(_ list: FilterList) -> FilterValueSet {
    switch list {
    case .values(let values):
      return FilterValueSet(values.compactMap(\.constant), hasNull: values.contains { $0.constant == nil })
    case .loaded(_, let set): return set
    case .parameter, .file: return FilterValueSet([], hasNull: true)
    }
  }

  private static func contains(
    _ path: FilterPath, _ mode: ContainsMode, _ set: FilterValueSet, _ isNegated: Bool
  ) -> BoundFilter {
    // No array holds NULL in the sense of =, so asking for it among others of ALL, or for nothing else, is in vain.
    if set.count == 0 || (mode == .all && set.hasNull) {
      return isNegated ? .kind(path, .array, isNegated: false) : .constant(false)
    }
    return .contains(path, ContainsTest(values: set, needsAll: mode == .all, isNegated: isNegated))
  }
}
