extension FilterParser {
  /// Reads a path.
  mutating func path() throws(FilterError) -> FilterPath {
    let start = token.range.lowerBound
    let path: FilterPath
    switch token.kind {
    case .symbol(.dollar): path = try systemPath()
    case .symbol(.dot): path = try elementPath()
    case .word where !FilterWord.reserved.contains(word), .name:
      var steps: [FilterPath.Step] = [.name(try name())]
      try readSteps(&steps)
      path = FilterPath(.metadata, steps)
    case .word, .string, .number, .duration, .symbol, .end:
      let isReserved = token.kind == .word
      throw unexpected(
        "a field or a value",
        hint: isReserved ? "put a name that is a word of the language between double quotes" : nil)
    }
    paths.append(ParsedFilter.LocatedPath(path: path, range: start..<taken))
    return path
  }

  private mutating func systemPath() throws(FilterError) -> FilterPath {
    let dollar = token.range
    advance()
    guard token.kind == .word, token.range.lowerBound == dollar.upperBound else {
      throw unexpected(
        "$id, $created or $updated", hint: "put a name that begins with $ between double quotes")
    }
    switch word {
    case "id":
      advance()
      return FilterPath(.id)
    case "created":
      advance()
      return FilterPath(.created)
    case "updated":
      advance()
      return FilterPath(.updated)
    case _:
      throw unexpected(
        "$id, $created or $updated", hint: "put a name that begins with $ between double quotes",
        candidates: ["id", "created", "updated"])
    }
  }

  /// Reads a path that starts at the element of a quantifier: `.`, `.name`, `.[0]`.
  private mutating func elementPath() throws(FilterError) -> FilterPath {
    guard quantifiers > 0 else {
      throw unexpected(
        "a field or a value", hint: "a dot in front stands for the element inside ANY, ALL or NONE")
    }
    let dot = token.range
    advance()
    var steps: [FilterPath.Step] = []
    if token.range.lowerBound == dot.upperBound {
      switch token.kind {
      case .word, .name: steps.append(.name(try name()))
      case .string, .number, .duration, .symbol, .end: break
      }
    }
    try readSteps(&steps)
    return FilterPath(.element, steps)
  }

  private mutating func name() throws(FilterError) -> [UInt8] {
    switch token.kind {
    case .word:
      let name = Array(bytes[token.range])
      advance()
      return name
    case .name(let name):
      advance()
      return name
    case .string:
      throw unexpected("a name", hint: "names go between double quotes, text between single quotes")
    case .number, .duration, .symbol, .end: throw unexpected("a name")
    }
  }

  private mutating func readSteps(_ steps: inout [FilterPath.Step]) throws(FilterError) {
    while token.kind == .symbol(.dot) || token.kind == .symbol(.openBracket) {
      guard steps.count < FilterPath.maximumSteps else {
        throw FilterError(
          .limit, at: .text(token.range), expected: "at most \(FilterPath.maximumSteps) steps in a path",
          found: "one more")
      }
      if take(.dot) {
        steps.append(.name(try name()))
      } else {
        advance()
        if take(.closeBracket) {
          steps.append(.each)
          continue
        }
        guard token.kind == .number, let index = Int32(String(decoding: bytes[token.range], as: UTF8.self))
        else {
          throw unexpected("the number of an element, counted from 0, or ']'")
        }
        advance()
        try expect(.closeBracket, "']'")
        steps.append(.index(Int(index)))
      }
    }
  }
}
