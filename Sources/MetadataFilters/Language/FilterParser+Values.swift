import FileStorage

extension FilterParser {
  /// Reads one side of a comparison.
  mutating func operand() throws(FilterError) -> FilterOperand {
    if following.kind == .symbol(.open) {
      switch word {
      case "length", "lower":
        let isLength = word == "length"
        try open()
        let path = try path()
        try expect(.close, "')'")
        return isLength ? .length(path) : .lower(path)
      case "now": return .value(try now())
      case _: break
      }
    }
    if startsValue { return .value(try value()) }
    return .path(try path())
  }

  /// Whether the next tokens spell a value and not a path.
  private var startsValue: Bool {
    switch token.kind {
    case .string, .number, .duration, .symbol(.minus), .symbol(.colon): true
    case .word:
      switch word {
      case "true", "false", "null": true
      case "ts", "date": if case .string = following.kind { true } else { false }
      case "now": following.kind == .symbol(.open)
      case _: false
      }
    case .name, .symbol, .end: false
    }
  }

  private mutating func now() throws(FilterError) -> FilterValue {
    try open()
    try expect(.close, "')'")
    let isBehind = token.kind == .symbol(.minus)
    guard isBehind || token.kind == .symbol(.plus) else { return .now(0) }
    advance()
    guard case .duration(let duration) = token.kind else {
      throw unexpected("a duration such as 7d, 2h or 30s")
    }
    advance()
    return .now(isBehind ? -duration : duration)
  }

  /// Reads a value.
  mutating func value() throws(FilterError) -> FilterValue {
    guard startsValue else {
      let isWord = token.kind == .word && !FilterWord.reserved.contains(word)
      throw unexpected("a value", hint: isWord ? "write text between single quotes" : nil)
    }
    switch token.kind {
    case .string(let bytes):
      advance()
      return .string(bytes)
    case .duration(let duration):
      advance()
      return .duration(duration)
    case .number: return try number(isNegative: false)
    case .symbol(.minus):
      advance()
      guard token.kind == .number else { throw unexpected("a number after the minus sign") }
      return try number(isNegative: true)
    case .symbol: return .parameter(try parameter())
    case .word, .name, .end: return try wordValue()
    }
  }

  private mutating func wordValue() throws(FilterError) -> FilterValue {
    switch word {
    case "now": return try now()
    case "true", "false":
      let isTrue = word == "true"
      advance()
      return .bool(isTrue)
    case "null":
      advance()
      return .null
    case _: return .time(try time())
    }
  }

  /// Reads `TS '…'` or `DATE '…'`.
  private mutating func time() throws(FilterError) -> FilterInstant {
    let isDate = word == "date"
    advance()
    let expected =
      isDate ? "a date such as '2026-11-21'" : "a time with offset such as '2026-11-21T01:20:03Z', or a date"
    guard case .string(let text) = token.kind else { throw unexpected(expected) }
    guard let instant = FilterInstant(text), !isDate || text.count == 10 else {
      throw FilterError(
        .literal, at: .text(token.range), expected: expected, found: FilterLexer.excerpt(bytes, token.range))
    }
    advance()
    return instant
  }

  private mutating func parameter() throws(FilterError) -> String {
    let colon = token.range
    advance()
    guard token.kind == .word, token.range.lowerBound == colon.upperBound else {
      throw unexpected("the name of a parameter right after ':'")
    }
    let name = String(decoding: bytes[token.range], as: UTF8.self)
    advance()
    return name
  }

  /// Reads a number that has no sign of its own.
  private mutating func number(isNegative: Bool) throws(FilterError) -> FilterValue {
    let range = token.range
    advance()
    let text = (isNegative ? [UInt8(ascii: "-")] : []) + bytes[range]
    if text.allSatisfy({ FilterWord.isDigit($0) || $0 == UInt8(ascii: "-") }),
      let int = Int64(String(decoding: text, as: UTF8.self))
    {
      return .int(int)
    }
    let (double, status) = DecimalFloat.parseDouble(text, from: 0, to: text.count)
    guard status == .ok, double.isFinite else {
      throw FilterError(
        .literal, at: .text(range), expected: "a number within the range of a double",
        found: FilterLexer.excerpt(bytes, range))
    }
    return .double(double)
  }

  /// Reads a number as a double, with or without sign.
  mutating func plainNumber(_ expected: String) throws(FilterError) -> Double {
    let isNegative = take(.minus)
    guard token.kind == .number else { throw unexpected(expected) }
    switch try number(isNegative: isNegative) {
    case .int(let int): return Double(int)
    case .double(let double): return double
    case .null, .bool, .string, .time, .duration, .now, .parameter: throw unexpected(expected)
    }
  }

  // MARK: Lists

  /// Reads what follows `IN`.
  mutating func list(allowsFile: Bool) throws(FilterError) -> FilterList {
    if token.kind == .symbol(.colon) { return .parameter(try parameter()) }
    if allowsFile, take(.at) {
      guard case .string(let name) = token.kind else {
        throw unexpected("the name of a file between single quotes")
      }
      advance()
      return .file(String(decoding: name, as: UTF8.self))
    }
    guard take(.open) else {
      throw unexpected(allowsFile ? "'(', a parameter, or @ and a file" : "'(' or a parameter")
    }
    return .values(try values())
  }

  /// Reads what follows `CONTAINS`, `CONTAINS ANY` or `CONTAINS ALL`.
  mutating func containsList(_ mode: ContainsMode) throws(FilterError) -> FilterList {
    guard token.kind == .symbol(.open) else {
      if mode != .one, token.kind == .symbol(.colon) { return .parameter(try parameter()) }
      return .values([try value()])
    }
    let start = token.range
    advance()
    let values = try values()
    guard mode != .one || values.count == 1 else {
      throw FilterError(
        .syntax, at: .text(start.lowerBound..<taken),
        expected: "CONTAINS ANY or CONTAINS ALL before several values",
        found: "CONTAINS")
    }
    return .values(values)
  }

  /// Reads values up to the closing parenthesis.
  private mutating func values() throws(FilterError) -> [FilterValue] {
    var values = [try value()]
    while take(.comma) {
      guard values.count < FilterLimits.listValues else {
        throw FilterError(
          .limit, at: .text(token.range), expected: "at most \(FilterLimits.listValues) values in a list",
          found: "one more", hint: "put them into a file and write IN @'file'")
      }
      values.append(try value())
    }
    guard take(.close) else { throw unexpected("',' or ')'") }
    return values
  }
}
