/// Reads a filter in any of its forms and tells them apart.
package enum FilterText {
  /// The forms that a filter can have.
  package enum Form: String, Sendable, CaseIterable {
    /// `lang = 'en' AND year >= 2020`.
    case text
    /// `{"and": [{"path": "lang", "op": "=", "value": "en"}, …]}`: the same tree as JSON.
    case json
    /// `{"must": [{"key": "lang", "match": {"value": "en"}}]}`, as Qdrant takes it.
    case qdrant
    /// `{"$and": [{"lang": {"$eq": "en"}}, …]}`, as Chroma takes it.
    case chroma
  }

  /// Reads a filter; text that begins with a brace is JSON, of the dialect that its keys show.
  ///
  /// - Throws: `FilterError` with its place in the text.
  package static func parse(_ text: String) throws(FilterError) -> ParsedFilter {
    switch firstByte(text) {
    case UInt8(ascii: "{"): try parseJSON(text)
    case _: try FilterParser.parse(text)
    }
  }

  /// Reads a filter that is JSON, of the dialect that its keys show.
  package static func parseJSON(_ text: String) throws(FilterError) -> ParsedFilter {
    let value = try FilterJSONValue.parse(text)
    let expression: FilterExpression
    switch form(of: value) {
    case .qdrant: expression = try QdrantReader.filter(value, inElement: false)
    case .chroma: expression = try ChromaReader.filter(value)
    case .text, .json: expression = try FilterJSONReader.filter(value)
    }
    guard FilterDepth.of(expression) <= FilterLimits.depth else {
      throw FilterError(
        .limit, at: .nowhere, expected: "at most \(FilterLimits.depth) levels of parentheses and NOT",
        found: "more")
    }
    return ParsedFilter(expression, text: text, paths: [], predicates: [])
  }

  /// The form of a text.
  package static func form(of text: String) -> Form {
    guard firstByte(text) == UInt8(ascii: "{"), let value = try? FilterJSONValue.parse(text) else {
      return .text
    }
    return form(of: value)
  }

  /// Writes a filter in a form.
  ///
  /// - Throws: `FilterError` of code `unsupported` where the form has nothing with exactly that meaning.
  package static func write(_ expression: FilterExpression, as form: Form) throws(FilterError) -> String {
    switch form {
    case .text: FilterPrinter.text(expression)
    case .json: FilterJSONWriter.text(expression)
    case .qdrant: try QdrantWriter.text(expression)
    case .chroma: try ChromaWriter.text(expression)
    }
  }

  private static func firstByte(_ text: String) -> UInt8 {
    text.utf8.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D } ?? 0
  }

  private static func form(of value: FilterJSONValue) -> Form {
    guard let members = value.members, let first = members.first else { return .json }
    let keys = members.map(\.key)
    if keys.contains(where: { $0.hasPrefix("$") }) { return .chroma }
    if members.count == 1, let inner = first.value.members, inner.contains(where: { $0.key.hasPrefix("$") }) {
      return .chroma
    }
    if keys.contains(where: QdrantReader.clauses.contains) || QdrantReader.isCondition(value) {
      return .qdrant
    }
    let isTwin = FilterJSONReader.logic.contains(first.key) && members.count == 1 || keys.contains("op")
    return isTwin ? .json : (members.contains { $0.value.literal != nil } ? .chroma : .json)
  }
}

/// How deep the text of an expression nests.
enum FilterDepth {
  /// The most parentheses, `NOT` and quantifiers inside each other.
  static func of(_ expression: FilterExpression) -> Int { of(expression, binding: 0) }

  /// `binding` is how tightly what stands around the expression binds: 0 not at all, 1 AND, 2 NOT.
  private static func of(_ expression: FilterExpression, binding: Int) -> Int {
    switch expression {
    case .and(let parts) where parts.count > 1:
      (binding > 1 ? 1 : 0) + (parts.map { of($0, binding: 2) }.max() ?? 0)
    case .or(let parts) where parts.count > 1:
      (binding > 0 ? 1 : 0) + (parts.map { of($0, binding: 1) }.max() ?? 0)
    case .and(let parts), .or(let parts): parts.first.map { of($0, binding: binding) } ?? 0
    case .not(let inner): 1 + of(inner, binding: 2)
    case .quantified(_, _, let condition): 1 + of(condition, binding: 0)
    case .constant, .compare, .between, .member, .text, .kind, .exists, .contains, .geo: 0
    }
  }
}
