/// Rewrites an expression into a shorter one that is TRUE and FALSE on the same records.
///
/// AND and OR are flattened and lose what is constant or there twice; NOT moves inwards as far as two-valued logic lets
/// it, which is through AND, OR, NOT, EXISTS and IS DISTINCT FROM, but not into `=` or `IN`, whose negated forms are
/// FALSE on missing values; comparisons of constants are decided; the field stands on the left; patterns without
/// wildcards become `=`, `STARTS WITH` and `ENDS WITH`. Parameters, NOW and files are left alone.
package enum FilterNormalizer {
  /// Most parts of an AND or OR that are compared with each other.
  private static let maximumCompared = 64

  /// The shorter expression.
  package static func normalize(_ expression: FilterExpression) -> FilterExpression {
    switch expression {
    case .constant, .exists, .kind, .contains, .geo: expression
    case .and(let parts): join(parts.map(normalize), isAnd: true)
    case .or(let parts): join(parts.map(normalize), isAnd: false)
    case .not(let inner): negate(normalize(inner))
    case .compare(let left, let comparison, let right): compare(left, comparison, right)
    case .between(let operand, let low, let high, let isNegated): between(operand, low, high, isNegated)
    case .member(let operand, let list, let isNegated): member(operand, list, isNegated)
    case .text(let path, let operation, let pattern, let isNegated): text(path, operation, pattern, isNegated)
    case .quantified(let quantifier, let path, let condition):
      quantified(quantifier, path, normalize(condition))
    }
  }

  // MARK: Logic

  private static func join(_ parts: [FilterExpression], isAnd: Bool) -> FilterExpression {
    var flat: [FilterExpression] = []
    for part in parts {
      switch part {
      case .and(let inner) where isAnd: flat += inner
      case .or(let inner) where !isAnd: flat += inner
      case .constant(let constant):
        if constant != isAnd { return part }
      case _: flat.append(part)
      }
    }
    if flat.count <= maximumCompared {
      var distinct: [FilterExpression] = []
      for part in flat where !distinct.contains(part) { distinct.append(part) }
      flat = distinct
    }
    if flat.count == 1 { return flat[0] }
    return flat.isEmpty ? .constant(isAnd) : (isAnd ? .and(flat) : .or(flat))
  }

  /// The complement of an expression that is normal already.
  private static func negate(_ expression: FilterExpression) -> FilterExpression {
    switch expression {
    case .constant(let constant): .constant(!constant)
    case .not(let inner): inner
    case .and(let parts): join(parts.map(negate), isAnd: false)
    case .or(let parts): join(parts.map(negate), isAnd: true)
    case .exists(let path, let isNegated): .exists(path, isNegated: !isNegated)
    case .compare(let left, .distinct, let right): .compare(left, .notDistinct, right)
    case .compare(let left, .notDistinct, let right): .compare(left, .distinct, right)
    case .compare, .between, .member, .text, .kind, .contains, .quantified, .geo: .not(expression)
    }
  }

  private static func quantified(
    _ quantifier: Quantifier, _ path: FilterPath, _ condition: FilterExpression
  ) -> FilterExpression {
    if case .constant(false) = condition, quantifier == .any { return .constant(false) }
    return .quantified(quantifier, path, condition)
  }

  // MARK: Comparisons

  private static func compare(
    _ left: FilterOperand, _ comparison: FilterComparison, _ right: FilterOperand
  ) -> FilterExpression {
    let isNullSafe = comparison == .distinct || comparison == .notDistinct
    switch (left, right) {
    case (.value(let a), .value(let b)):
      guard a.isBound, b.isBound else { return .compare(left, comparison, right) }
      if isNullSafe {
        let isEqual = a == .null ? b == .null : decide(a, .equal, b)
        return .constant(isEqual == (comparison == .notDistinct))
      }
      return .constant(decide(a, comparison, b))
    case (.value, _): return compare(right, comparison.reversed, left)
    case (_, .value(.null)) where !isNullSafe: return .constant(false)
    case _: return .compare(left, comparison, right)
    }
  }

  private static func decide(_ left: FilterValue, _ comparison: FilterComparison, _ right: FilterValue)
    -> Bool
  {
    guard let left = left.constant, let right = right.constant, let order = left.compare(right) else {
      return false
    }
    return comparison.holds(order)
  }

  private static func between(
    _ operand: FilterOperand, _ low: FilterOperand, _ high: FilterOperand, _ isNegated: Bool
  ) -> FilterExpression {
    for side in [operand, low, high] { if case .value(.null) = side { return .constant(false) } }
    if case .value(let value) = operand, case .value(let low) = low, case .value(let high) = high,
      value.isBound,
      low.isBound, high.isBound
    {
      guard let value = value.constant, let low = low.constant, let high = high.constant,
        let below = value.compare(low), let above = value.compare(high)
      else { return .constant(false) }
      return .constant((below != .less && above != .greater) != isNegated)
    }
    return .between(operand, low: low, high: high, isNegated: isNegated)
  }

  private static func member(_ operand: FilterOperand, _ list: FilterList, _ isNegated: Bool)
    -> FilterExpression
  {
    let plain = FilterExpression.member(operand, list, isNegated: isNegated)
    guard case .values(let values) = list else {
      if case .value(.null) = operand { return .constant(false) }
      return plain
    }
    guard values.allSatisfy(\.isBound) else { return plain }
    let present = values.filter { $0 != .null }
    if case .value(let value) = operand {
      guard value.isBound else { return plain }
      guard value != .null else { return .constant(false) }
      let isIn = present.contains { decide(value, .equal, $0) }
      guard isNegated else { return .constant(isIn) }
      let isComparable =
        present.isEmpty || present.contains { decide(value, .equal, $0) || decide(value, .notEqual, $0) }
      return .constant(!isIn && isComparable)
    }
    switch present.count {
    case 0: return isNegated ? .member(operand, .values([.null]), isNegated: true) : .constant(false)
    case 1: return .compare(operand, isNegated ? .notEqual : .equal, .value(present[0]))
    case _: return .member(operand, .values(present), isNegated: isNegated)
    }
  }

  // MARK: Patterns

  private static func text(
    _ path: FilterPath, _ operation: TextOperator, _ pattern: FilterValue, _ isNegated: Bool
  ) -> FilterExpression {
    guard operation == .like, case .string(let bytes) = pattern else {
      return .text(path, operation, pattern, isNegated: isNegated)
    }
    let like = LikePattern(bytes)
    switch like.plain {
    case .whole(let text): return .compare(.path(path), isNegated ? .notEqual : .equal, .value(.string(text)))
    case .start(let text): return .text(path, .startsWith, .string(text), isNegated: isNegated)
    case .end(let text): return .text(path, .endsWith, .string(text), isNegated: isNegated)
    case .other: return .text(path, operation, pattern, isNegated: isNegated)
    }
  }
}

extension FilterValue {
  /// Whether binding has nothing to replace here.
  var isBound: Bool {
    switch self {
    case .null, .bool, .int, .double, .string, .time, .duration: true
    case .now, .parameter: false
    }
  }

  /// The value as something that compares; nil for NULL and for what binding must replace.
  ///
  /// A duration is its number of seconds.
  package var constant: FilterConstant? {
    switch self {
    case .null, .now, .parameter: nil
    case .bool(let bool): .bool(bool)
    case .int(let int): .int(int)
    case .double(let double): .double(double)
    case .string(let bytes): .string(bytes)
    case .time(let instant): .time(instant)
    case .duration(let nanoseconds):
      nanoseconds % 1_000_000_000 == 0
        ? .int(nanoseconds / 1_000_000_000) : .double(Double(nanoseconds) / 1_000_000_000)
    }
  }
}

extension LikePattern {
  /// What a pattern asks for when it has no wildcard but a percent sign at one end.
  enum Plain: Equatable {
    case whole([UInt8])
    case start([UInt8])
    case end([UInt8])
    case other
  }

  /// The simplest reading of the pattern.
  var plain: Plain {
    guard pieces.allSatisfy({ $0.leading == 0 && $0.gaps.isEmpty }) else { return .other }
    let texts = pieces.map { $0.literals[0] }
    switch texts.count {
    case 1: return .whole(texts[0])
    case 2 where texts[1].isEmpty: return .start(texts[0])
    case 2 where texts[0].isEmpty: return .end(texts[1])
    case _: return .other
    }
  }
}
