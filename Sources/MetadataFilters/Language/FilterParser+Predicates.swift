extension FilterParser {
  /// Reads one predicate, or a constant.
  mutating func predicate() throws(FilterError) -> FilterExpression {
    let start = token.range.lowerBound
    let number = predicates.count
    predicates.append(start..<start)
    let expression: FilterExpression
    if let function = try function() { expression = function } else { expression = try comparison() }
    predicates[number] = start..<max(start, predicateEnd ?? taken)
    predicateEnd = nil
    return expression
  }

  private mutating func function() throws(FilterError) -> FilterExpression? {
    guard following.kind == .symbol(.open) else { return nil }
    switch word {
    case "exists":
      try open()
      let path = try path()
      try expect(.close, "')'")
      return .exists(path, isNegated: false)
    case "any": return try quantified(.any)
    case "all": return try quantified(.all)
    case "none": return try quantified(.none)
    case "geo_radius", "geo_bbox", "geo_polygon": return try geo()
    case "text":
      throw FilterError(
        .unsupported, at: .text(token.range), expected: "a predicate that this version has", found: "TEXT",
        hint: "TEXT needs a text index, which does not exist yet; use LIKE, ILIKE or MATCHES")
    case "length", "lower", "now": return nil
    case "", "not", "and", "or", "in": return nil
    case _:
      throw unexpected("a predicate", candidates: FilterWord.functions.map { $0.uppercased() })
    }
  }

  /// Takes the name of a function and its parenthesis.
  mutating func open() throws(FilterError) {
    advance()
    try expect(.open, "'('")
  }

  private mutating func quantified(_ quantifier: Quantifier) throws(FilterError) -> FilterExpression {
    try enter()
    try open()
    let path = try path()
    let end = taken
    try expect(.colon, "':' and a condition on the elements")
    quantifiers += 1
    let condition = try disjunction()
    quantifiers -= 1
    guard take(.close) else { throw unexpected("AND, OR or ')'") }
    depth -= 1
    predicateEnd = end
    return .quantified(quantifier, path, condition)
  }

  private mutating func comparison() throws(FilterError) -> FilterExpression {
    let operandToken = token
    let left = try operand()
    if let comparison = comparisonOperator() {
      advance()
      return .compare(left, comparison, try operand())
    }
    let isNegated = take("not")
    switch word {
    case "between":
      advance()
      let low = try operand()
      try expect("and")
      return .between(left, low: low, high: try operand(), isNegated: isNegated)
    case "in":
      advance()
      return .member(left, try list(allowsFile: true), isNegated: isNegated)
    case "is" where !isNegated:
      advance()
      return try identity(left, operandToken)
    case "like": return try text(left, operandToken, .like, isNegated)
    case "ilike": return try text(left, operandToken, .ilike, isNegated)
    case "matches": return try text(left, operandToken, .matches, isNegated)
    case "starts", "ends":
      let operation: TextOperator = word == "starts" ? .startsWith : .endsWith
      guard word(of: following) == "with" else {
        advance()
        throw unexpected("WITH")
      }
      advance()
      return try text(left, operandToken, operation, isNegated)
    case "contains":
      advance()
      let path = try pathOnly(left, operandToken)
      let mode: ContainsMode = take("any") ? .any : (take("all") ? .all : .one)
      return .contains(path, mode, try containsList(mode), isNegated: isNegated)
    case _:
      if case .value(.bool(let constant)) = left, !isNegated { return .constant(constant) }
      throw afterOperand(left, operandToken, isNegated)
    }
  }

  /// The error that no operator follows an operand.
  private func afterOperand(_ left: FilterOperand, _ first: FilterToken, _ isNegated: Bool) -> FilterError {
    let operators = [
      "BETWEEN", "IN", "LIKE", "ILIKE", "MATCHES", "STARTS WITH", "ENDS WITH", "IS", "CONTAINS",
    ]
    if isNegated {
      return unexpected(
        "BETWEEN, IN, LIKE, ILIKE, MATCHES, STARTS WITH, ENDS WITH or CONTAINS", candidates: operators)
    }
    var hint: String?
    if case .path = left {
      let name = String(decoding: bytes[first.range.lowerBound..<taken], as: UTF8.self)
      switch token.kind {
      case .end, .symbol(.close): hint = "for a boolean field write \(name) = TRUE"
      case .symbol(.minus): hint = "a name with a hyphen goes between double quotes; there is no arithmetic"
      case _: if ["and", "or"].contains(word) { hint = "for a boolean field write \(name) = TRUE" }
      }
    }
    return unexpected("a comparison such as = or IN", hint: hint, candidates: operators)
  }

  private func comparisonOperator() -> FilterComparison? {
    guard case .symbol(let symbol) = token.kind else { return nil }
    switch symbol {
    case .equal: return .equal
    case .notEqual: return .notEqual
    case .less: return .less
    case .lessOrEqual: return .lessOrEqual
    case .greater: return .greater
    case .greaterOrEqual: return .greaterOrEqual
    case .open, .close, .openBracket, .closeBracket, .comma, .dot, .colon, .at, .dollar, .minus, .plus:
      return nil
    }
  }

  /// Reads what follows `IS`.
  private mutating func identity(
    _ left: FilterOperand, _ operandToken: FilterToken
  ) throws(FilterError) -> FilterExpression {
    let isNegated = take("not")
    if take("distinct") {
      try expect("from")
      return .compare(left, isNegated ? .notDistinct : .distinct, try operand())
    }
    if word == "missing" {
      advance()
      return .exists(try pathOnly(left, operandToken), isNegated: !isNegated)
    }
    guard let kind = FilterWord.kinds.first(where: { $0.word == word })?.kind else {
      throw unexpected(
        "NULL, MISSING, EMPTY, DISTINCT FROM or a type",
        hint: ["true", "false"].contains(word) ? "write = \(word.uppercased())" : nil,
        candidates: FilterWord.kinds.map { $0.word.uppercased() } + ["MISSING", "DISTINCT"])
    }
    advance()
    return .kind(try pathOnly(left, operandToken), kind, isNegated: isNegated)
  }

  private mutating func text(
    _ left: FilterOperand, _ operandToken: FilterToken, _ operation: TextOperator, _ isNegated: Bool
  ) throws(FilterError) -> FilterExpression {
    let path = try pathOnly(left, operandToken)
    advance()
    let patternToken = token
    guard case .string(let pattern) = token.kind else {
      if token.kind == .symbol(.colon) { return .text(path, operation, try value(), isNegated: isNegated) }
      throw unexpected("a pattern between single quotes")
    }
    advance()
    if operation == .matches {
      try RegularExpression.check(pattern, at: .text(patternToken.range))
    }
    return .text(path, operation, .string(pattern), isNegated: isNegated)
  }

  /// The path that an operand is, for predicates that take nothing else.
  private func pathOnly(_ operand: FilterOperand, _ token: FilterToken) throws(FilterError) -> FilterPath {
    guard case .path(let path) = operand else {
      throw FilterError(
        .syntax, at: .text(token.range), expected: "a field before this predicate",
        found: FilterLexer.excerpt(bytes, token.range))
    }
    return path
  }
}
