/// Reads the text form of a filter by recursive descent.
///
/// ```
/// filter = or      or = and { OR and }      and = not { AND not }      not = NOT not | primary
/// primary = ( or ) | TRUE | FALSE | predicate
/// ```
package struct FilterParser {
  let bytes: [UInt8]
  let tokens: [FilterToken]
  var index = 0
  var depth = 0
  /// Quantifiers around this place.
  var quantifiers = 0
  var paths: [ParsedFilter.LocatedPath] = []
  var predicates: [Range<Int>] = []
  /// Where the predicate just read ends, when that is not the token taken last.
  var predicateEnd: Int?

  /// Reads a text.
  ///
  /// - Throws: `FilterError` with its place in the text.
  package static func parse(_ text: String) throws(FilterError) -> ParsedFilter {
    let bytes = Array(text.utf8)
    guard bytes.count <= FilterLimits.textBytes else {
      throw FilterError(
        .limit, at: .nowhere, expected: "a filter of at most \(FilterLimits.textBytes) bytes",
        found: "\(bytes.count) bytes", hint: "put long lists into a file and write IN @'file'")
    }
    var parser = FilterParser(bytes: bytes, tokens: try FilterLexer.tokens(bytes))
    let expression = try parser.disjunction()
    guard parser.token.kind == .end else {
      if parser.token.kind == .symbol(.close) {
        throw parser.unexpected("the end of the filter", hint: "there is no '(' for it")
      }
      throw parser.unexpected("AND, OR or the end of the filter")
    }
    return ParsedFilter(expression, text: text, paths: parser.paths, predicates: parser.predicates)
  }

  private init(bytes: [UInt8], tokens: [FilterToken]) {
    self.bytes = bytes
    self.tokens = tokens
  }

  // MARK: Tokens

  /// The next token.
  var token: FilterToken { tokens[index] }
  /// The token after it; the end again when there is none.
  var following: FilterToken { tokens[min(index + 1, tokens.count - 1)] }
  /// The end of the token taken last.
  var taken: Int { index == 0 ? 0 : tokens[index - 1].range.upperBound }

  /// Takes the next token.
  mutating func advance() { if index < tokens.count - 1 { index += 1 } }

  /// The next token in lower case when it is a word, otherwise "".
  var word: String { word(of: token) }

  /// A token in lower case when it is a word, otherwise "".
  func word(of token: FilterToken) -> String {
    guard token.kind == .word else { return "" }
    return String(decoding: bytes[token.range], as: UTF8.self).lowercased()
  }

  /// Takes a word when it is the next token.
  mutating func take(_ wanted: String) -> Bool {
    guard word == wanted else { return false }
    advance()
    return true
  }

  /// Takes a mark when it is the next token.
  mutating func take(_ symbol: FilterToken.Symbol) -> Bool {
    guard token.kind == .symbol(symbol) else { return false }
    advance()
    return true
  }

  /// Takes a mark, which must be the next token.
  mutating func expect(_ symbol: FilterToken.Symbol, _ name: String) throws(FilterError) {
    guard take(symbol) else { throw unexpected(name) }
  }

  /// Takes a word, which must be the next token.
  mutating func expect(_ wanted: String) throws(FilterError) {
    guard take(wanted) else { throw unexpected(wanted.uppercased()) }
  }

  /// The error that something else stands where `expected` should.
  func unexpected(_ expected: String, hint: String? = nil, candidates: [String] = []) -> FilterError {
    let found = token.kind == .end ? "the end of the filter" : FilterLexer.excerpt(bytes, token.range)
    var error = FilterError(.syntax, at: .text(token.range), expected: expected, found: found, hint: hint)
    if token.kind == .word, !candidates.isEmpty {
      error.misspelt = FilterError.Misspelt(
        String(decoding: bytes[token.range], as: UTF8.self), candidates: candidates)
    }
    return error
  }

  // MARK: Logic

  /// Goes one level down; `leave` must follow.
  mutating func enter() throws(FilterError) {
    depth += 1
    guard depth <= FilterLimits.depth else {
      throw FilterError(
        .limit, at: .text(token.range),
        expected: "at most \(FilterLimits.depth) levels of parentheses and NOT",
        found: "one more")
    }
  }

  /// Reads `or`.
  mutating func disjunction() throws(FilterError) -> FilterExpression {
    var parts = [try conjunction()]
    while take("or") { parts.append(try conjunction()) }
    return parts.count == 1 ? parts[0] : .or(parts)
  }

  private mutating func conjunction() throws(FilterError) -> FilterExpression {
    var parts = [try negation()]
    while take("and") { parts.append(try negation()) }
    return parts.count == 1 ? parts[0] : .and(parts)
  }

  private mutating func negation() throws(FilterError) -> FilterExpression {
    guard word == "not" else { return try primary() }
    try enter()
    advance()
    let inner = try negation()
    depth -= 1
    return .not(inner)
  }

  private mutating func primary() throws(FilterError) -> FilterExpression {
    guard token.kind == .symbol(.open) else { return try predicate() }
    try enter()
    advance()
    let inner = try disjunction()
    guard take(.close) else { throw unexpected("AND, OR or ')'") }
    depth -= 1
    return inner
  }
}

extension FilterParser {
  /// Reads a text that is one path.
  ///
  /// `inElement` allows a dot in front, for paths that start at the element of a quantifier.
  package static func parsePath(_ text: String, inElement: Bool = false) throws(FilterError) -> FilterPath {
    let bytes = Array(text.utf8)
    var parser = FilterParser(bytes: bytes, tokens: try FilterLexer.tokens(bytes))
    parser.quantifiers = inElement ? 1 : 0
    let path = try parser.path()
    guard parser.token.kind == .end else { throw parser.unexpected("the end of the path") }
    return path
  }
}
