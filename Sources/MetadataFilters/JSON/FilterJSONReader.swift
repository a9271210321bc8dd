/// Reads the JSON form of a filter.
///
/// ```
/// true  false  {"and": […]}  {"or": […]}  {"not": …}
/// {"any": {"path": "items", "where": …}}, also "all" and "none"
/// {"path": "lang", "op": "=", "value": "en"}, also "length" or "lower" for "path", or "left" and a value
/// ```
///
/// A path is the text that a filter has for it. Inside "where" it starts at the element, "." is the element itself, and
/// `{"record": "lang"}` starts at the record. A value is a JSON scalar, `{"ts": "2026-11-21T01:20:03Z"}`,
/// `{"duration": "5m"}`, `{"now": "-7d"}`, `{"param": "q"}`, or an operand such as `{"path": "b"}`.
struct FilterJSONReader {
  /// Keys that join filters.
  static let logic = ["and", "or", "not", "any", "all", "none"]

  /// Quantifiers around this place.
  private var quantifiers = 0

  /// The expression that a value spells.
  static func filter(_ value: FilterJSONValue) throws(FilterError) -> FilterExpression {
    var reader = FilterJSONReader()
    return try reader.filter(value)
  }

  // MARK: Logic

  private mutating func filter(_ value: FilterJSONValue) throws(FilterError) -> FilterExpression {
    if case .bool(let constant) = value.kind { return .constant(constant) }
    guard let members = value.members, let first = members.first else {
      throw value.unexpected(
        "true, false or an object such as {\"path\": \"lang\", \"op\": \"=\", \"value\": \"en\"}")
    }
    if members.contains(where: { ["op", "path", "length", "lower", "left"].contains($0.key) }) {
      return try predicate(value)
    }
    switch first.key {
    case "and":
      try value.check(["and"])
      return .and(try parts(first.value))
    case "or":
      try value.check(["or"])
      return .or(try parts(first.value))
    case "not":
      try value.check(["not"])
      return .not(try filter(first.value))
    case _: break
    }
    guard let quantifier = FilterJSONWords.quantifiers.first(where: { $0.word == first.key })?.quantifier
    else {
      throw FilterError(
        .syntax, at: .text(first.range),
        expected: "\"and\", \"or\", \"not\", \"any\", \"all\", \"none\" or \"path\"",
        found: "\"\(first.key)\"",
        misspelt: FilterError.Misspelt(first.key, candidates: FilterJSONReader.logic + ["path"]))
    }
    try value.check([first.key])
    try first.value.check(["path", "where"])
    let path = try path(try first.value.required("path"))
    quantifiers += 1
    let condition = try filter(try first.value.required("where"))
    quantifiers -= 1
    return .quantified(quantifier, path, condition)
  }

  private mutating func parts(_ value: FilterJSONValue) throws(FilterError) -> [FilterExpression] {
    guard let elements = value.elements, !elements.isEmpty else {
      throw value.unexpected("an array of filters")
    }
    var parts: [FilterExpression] = []
    for element in elements { parts.append(try filter(element)) }
    return parts
  }

  // MARK: Predicates

  private func predicate(_ object: FilterJSONValue) throws(FilterError) -> FilterExpression {
    let operation = try object.required("op")
    guard let word = operation.text?.lowercased() else {
      throw operation.unexpected("an operator as a string")
    }
    try object.check(["path", "length", "lower", "left", "op", "value"])
    let left = try operand(object)
    if let comparison = comparison(word) {
      return .compare(left, comparison, try operandValue(try object.required("value")))
    }
    let isNegated = word.hasPrefix("not_")
    let plain = isNegated ? String(word.dropFirst(4)) : word
    switch plain {
    case "between":
      let value = try object.required("value")
      guard let bounds = value.elements, bounds.count == 2 else {
        throw value.unexpected("an array of two bounds")
      }
      return .between(
        left, low: try operandValue(bounds[0]), high: try operandValue(bounds[1]), isNegated: isNegated)
    case "in": return .member(left, try list(try object.required("value")), isNegated: isNegated)
    case _: break
    }
    guard case .path(let path) = left else { throw object.unexpected("\"path\" for this operator") }
    if let text = FilterJSONWords.texts.first(where: { $0.word == plain })?.operation {
      return try textPredicate(path, text, try object.required("value"), isNegated)
    }
    if let mode = FilterJSONWords.contains.first(where: { $0.word == plain })?.mode {
      let value = try object.required("value")
      let list = mode == .one ? .values([try self.value(value)]) : try list(value)
      return .contains(path, mode, list, isNegated: isNegated)
    }
    return try pathPredicate(object, operation, word, path)
  }

  private func comparison(_ word: String) -> FilterComparison? {
    switch word {
    case "==": .equal
    case "<>": .notEqual
    case _: FilterJSONWords.comparisons.first { $0.word == word }?.comparison
    }
  }

  private func textPredicate(
    _ path: FilterPath, _ operation: TextOperator, _ value: FilterJSONValue, _ isNegated: Bool
  ) throws(FilterError) -> FilterExpression {
    let pattern = try self.value(value)
    switch pattern {
    case .string(let bytes):
      if operation == .matches { try RegularExpression.check(bytes, at: .text(value.range)) }
    case .parameter: break
    case .null, .bool, .int, .double, .time, .duration, .now: throw value.unexpected("a pattern as a string")
    }
    return .text(path, operation, pattern, isNegated: isNegated)
  }

  private func pathPredicate(
    _ object: FilterJSONValue, _ operation: FilterJSONValue, _ word: String, _ path: FilterPath
  ) throws(FilterError) -> FilterExpression {
    switch word {
    case "exists", "missing":
      try object.check(["path", "op"])
      return .exists(path, isNegated: word == "missing")
    case "is", "is_not":
      let value = try object.required("value")
      if case .null = value.kind { return .kind(path, .null, isNegated: word == "is_not") }
      guard let kind = FilterWord.kinds.first(where: { $0.word == value.text?.lowercased() })?.kind else {
        throw value.unexpected("\"null\", \"empty\" or a type such as \"string\"")
      }
      return .kind(path, kind, isNegated: word == "is_not")
    case "geo_radius", "geo_bbox", "geo_polygon":
      return .geo(path, try shape(word, try object.required("value")))
    case _:
      var error = operation.unexpected("an operator such as \"=\" or \"in\"")
      error.misspelt = FilterError.Misspelt(word, candidates: FilterJSONWords.operators)
      throw error
    }
  }

  private func shape(_ word: String, _ value: FilterJSONValue) throws(FilterError) -> GeoShape {
    let result: FilterResult<GeoShape>
    switch word {
    case "geo_radius":
      try value.check(["lat", "lon", "radius_m"])
      result = GeoShape.radius(
        try number(value, "lat"), try number(value, "lon"), metres: try number(value, "radius_m"))
    case "geo_bbox":
      try value.check(["top", "left", "bottom", "right"])
      result = GeoShape.box(
        top: try number(value, "top"), left: try number(value, "left"), bottom: try number(value, "bottom"),
        right: try number(value, "right"))
    case _:
      guard let text = value.text else { throw value.unexpected("a WKT polygon as a string") }
      result = WKT.polygon(Array(text.utf8))
    }
    switch result {
    case .success(let shape): return shape
    case .failure(let error): throw value.placed(error)
    }
  }

  private func number(_ object: FilterJSONValue, _ key: String) throws(FilterError) -> Double {
    let value = try object.required(key)
    guard let number = value.number else { throw value.unexpected("a number for \"\(key)\"") }
    return number
  }

  // MARK: Operands and values

  /// The operand that an object's "path", "length", "lower" or "left" spells.
  private func operand(_ object: FilterJSONValue) throws(FilterError) -> FilterOperand {
    if let path = object["path"] { return .path(try self.path(path)) }
    if let path = object["length"] { return .length(try self.path(path)) }
    if let path = object["lower"] { return .lower(try self.path(path)) }
    return .value(try value(try object.required("left")))
  }

  private func operandValue(_ value: FilterJSONValue) throws(FilterError) -> FilterOperand {
    guard let member = value.members?.first, ["path", "length", "lower"].contains(member.key) else {
      return .value(try self.value(value))
    }
    try value.check([member.key])
    return try operand(value)
  }

  private func path(_ value: FilterJSONValue) throws(FilterError) -> FilterPath {
    if let record = value["record"], value.members?.count == 1 {
      guard let text = record.text else { throw record.unexpected("a path as a string") }
      return try path(text, record, startsAtElement: false)
    }
    guard let text = value.text else { throw value.unexpected("a path as a string") }
    return try path(text, value, startsAtElement: quantifiers > 0)
  }

  private func path(
    _ text: String, _ value: FilterJSONValue, startsAtElement: Bool
  ) throws(FilterError) -> FilterPath {
    do throws(FilterError) {
      let path = try FilterParser.parsePath(text, inElement: startsAtElement)
      guard startsAtElement, path.root == .metadata else { return path }
      return FilterPath(.element, path.steps)
    } catch { throw value.placed(error) }
  }

  private func list(_ value: FilterJSONValue) throws(FilterError) -> FilterList {
    if let member = value.members?.first {
      switch (member.key, member.value.text) {
      case ("param", let name?): return .parameter(try parameter(name, member.value))
      case ("file", let name?): return .file(name)
      case _: break
      }
    }
    guard let elements = value.elements, !elements.isEmpty else {
      throw value.unexpected("an array of values")
    }
    guard elements.count <= FilterLimits.listValues else {
      throw value.unexpected("at most \(FilterLimits.listValues) values", code: .limit)
    }
    var values: [FilterValue] = []
    for element in elements { values.append(try self.value(element)) }
    return .values(values)
  }

  private func parameter(_ name: String, _ value: FilterJSONValue) throws(FilterError) -> String {
    let bytes = Array(name.utf8)
    guard let first = bytes.first, FilterWord.isStart(first), bytes.allSatisfy(FilterWord.isPart) else {
      throw value.unexpected("the name of a parameter")
    }
    return name
  }

  private func value(_ value: FilterJSONValue) throws(FilterError) -> FilterValue {
    if let literal = value.literal { return literal }
    let expected = "a scalar, {\"ts\": …}, {\"duration\": …}, {\"now\": …} or {\"param\": …}"
    guard let member = value.members?.first, let text = member.value.text, value.members?.count == 1 else {
      throw value.unexpected(expected)
    }
    switch member.key {
    case "param": return .parameter(try parameter(text, member.value))
    case "ts":
      guard let instant = FilterInstant(Array(text.utf8)) else {
        throw member.value.unexpected("a time with offset such as \"2026-11-21T01:20:03Z\", or a date")
      }
      return .time(instant)
    case "duration":
      guard let duration = FilterDurations.parse(text), !text.hasPrefix("-") else {
        throw member.value.unexpected("a duration such as \"5m\"")
      }
      return .duration(duration)
    case "now":
      guard let offset = text.isEmpty ? 0 : FilterDurations.parse(text) else {
        throw member.value.unexpected("a duration such as \"-7d\", or nothing")
      }
      return .now(offset)
    case _: throw value.unexpected(expected)
    }
  }
}

/// Durations as text of their own.
package enum FilterDurations {
  /// Nanoseconds of `7d`, `-1.5h`, `+30s`; nil for anything else.
  package static func parse(_ text: String) -> Int64? {
    var bytes = Array(text.utf8)[...]
    let isNegative = bytes.first == UInt8(ascii: "-")
    if isNegative || bytes.first == UInt8(ascii: "+") { bytes.removeFirst() }
    guard let tokens = try? FilterLexer.tokens(Array(bytes)), tokens.count == 2,
      case .duration(let duration) = tokens[0].kind
    else { return nil }
    return isNegative ? -duration : duration
  }
}
