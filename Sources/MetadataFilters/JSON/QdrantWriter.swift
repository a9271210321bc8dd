import FileStorage

/// Writes an expression as a filter that Qdrant takes, when there is one with exactly that meaning.
enum QdrantWriter {
  /// The JSON text, on one line without spaces.
  static func text(_ expression: FilterExpression) throws(FilterError) -> String {
    var json = JSONWriter()
    json.value(try filter(expression))
    return String(decoding: json.bytes, as: UTF8.self)
  }

  /// A filter: an object of clauses.
  private static func filter(_ expression: FilterExpression) throws(FilterError) -> JSONValue {
    switch expression {
    case .and(let parts):
      if let counted = try valuesCount(expression) { return object("must", .array([counted])) }
      // Complements go into a clause of their own.
      var must: [JSONValue] = []
      var mustNot: [JSONValue] = []
      for part in parts {
        if case .not(let inner) = part {
          mustNot.append(try condition(inner))
        } else {
          must.append(try condition(part))
        }
      }
      var clauses = JSONObject()
      if !must.isEmpty { clauses["must"] = .array(must) }
      if !mustNot.isEmpty { clauses["must_not"] = .array(mustNot) }
      return .object(clauses)
    case .or(let parts):
      if let path = emptied(expression) {
        return object("must", .array([object("is_empty", object("key", try key(path)))]))
      }
      if let counted = try valuesCount(expression) { return object("must", .array([counted])) }
      var should: [JSONValue] = []
      for part in parts { should.append(try condition(part)) }
      return object("should", .array(should))
    case .not(let inner): return object("must_not", .array([try condition(inner)]))
    case .constant(true): return object("must", .array([]))
    case .constant, .compare, .between, .member, .text, .kind, .exists, .contains, .quantified, .geo:
      return object("must", .array([try condition(expression)]))
    }
  }

  /// A condition, or a filter in its place.
  private static func condition(_ expression: FilterExpression) throws(FilterError) -> JSONValue {
    switch expression {
    case .or:
      if let path = emptied(expression) { return object("is_empty", object("key", try key(path))) }
      if let counted = try valuesCount(expression) { return counted }
      return try filter(expression)
    case .and:
      if let counted = try valuesCount(expression) { return counted }
      return try filter(expression)
    case .not: return try filter(expression)
    case .compare(.path(let path), let comparison, .value(let value)):
      if path.root == .id { return try identifier(path, comparison, [value], expression) }
      return try compare(path, comparison, value, expression)
    case .between(.path(let path), .value(let low), .value(let high), let isNegated):
      let (least, most, isTime) = (try bound(low, expression), try bound(high, expression), isTime(low))
      guard isTime == self.isTime(high) else { break }
      if isNegated {
        return object(
          "should",
          .array([
            try range(path, [(key: "lt", value: least)], isTime),
            try range(path, [(key: "gt", value: most)], isTime),
          ]))
      }
      return try range(path, [(key: "gte", value: least), (key: "lte", value: most)], isTime)
    case .member(.path(let path), .values(let values), let isNegated):
      if path.root == .id, !isNegated { return try identifier(path, .equal, values, expression) }
      return try match(path, isNegated ? "except" : "any", .array(try keywords(values, expression)))
    case .text(let path, .like, .string(let pattern), false):
      guard let text = LikePattern(pattern).substring else { break }
      return try match(path, "text", .string(String(decoding: text, as: UTF8.self)))
    case .kind(let path, .null, false): return object("is_null", object("key", try key(path)))
    case .quantified(.any, let path, let condition):
      // In a nested filter every key starts at the element, and brackets at the end of its own key are idle.
      guard path.steps.last != .each, !readsRecord(condition) else { break }
      return object(
        "nested",
        .object([(key: "key", value: try key(path)), (key: "filter", value: try filter(condition))]))
    case .geo(let path, let shape): return try geo(path, shape)
    case .constant, .compare, .between, .member, .text, .kind, .exists, .contains, .quantified: break
    }
    throw unsupported(expression)
  }

  /// Whether some path starts at the record; predicates of several paths are refused anyway.
  private static func readsRecord(_ expression: FilterExpression) -> Bool {
    switch expression {
    case .and(let parts), .or(let parts): parts.contains(where: readsRecord)
    case .not(let inner): readsRecord(inner)
    case .quantified(_, let path, let condition): path.root == .metadata || readsRecord(condition)
    case .constant, .compare, .between, .member, .text, .kind, .exists, .contains, .geo:
      expression.firstPath?.root == .metadata
    }
  }

  // MARK: Conditions

  private static func compare(
    _ path: FilterPath, _ comparison: FilterComparison, _ value: FilterValue, _ expression: FilterExpression
  ) throws(FilterError) -> JSONValue {
    switch (comparison, value) {
    case (.equal, .bool(let bool)): return try match(path, "value", .bool(bool))
    case (.equal, .int(let int)): return try match(path, "value", .int(int))
    case (.equal, .string(let text)):
      return try match(path, "value", .string(String(decoding: text, as: UTF8.self)))
    case (.equal, .double), (.equal, .time):
      let bound = try bound(value, expression)
      return try range(path, [(key: "gte", value: bound), (key: "lte", value: bound)], isTime(value))
    case (.notEqual, .int), (.notEqual, .string):
      return try match(path, "except", .array(try keywords([value], expression)))
    case (.less, _): return try range(path, [(key: "lt", value: try bound(value, expression))], isTime(value))
    case (.lessOrEqual, _):
      return try range(path, [(key: "lte", value: try bound(value, expression))], isTime(value))
    case (.greater, _):
      return try range(path, [(key: "gt", value: try bound(value, expression))], isTime(value))
    case (.greaterOrEqual, _):
      return try range(path, [(key: "gte", value: try bound(value, expression))], isTime(value))
    case (.equal, _), (.notEqual, _), (.distinct, _), (.notDistinct, _): throw unsupported(expression)
    }
  }

  private static func identifier(
    _ path: FilterPath, _ comparison: FilterComparison, _ values: [FilterValue],
    _ expression: FilterExpression
  ) throws(FilterError) -> JSONValue {
    guard comparison == .equal, path.steps.isEmpty else { throw unsupported(expression) }
    return object("has_id", .array(try keywords(values, expression)))
  }

  private static func match(_ path: FilterPath, _ word: String, _ value: JSONValue) throws(FilterError)
    -> JSONValue
  {
    .object([(key: "key", value: try key(path)), (key: "match", value: object(word, value))])
  }

  private static func range(
    _ path: FilterPath, _ bounds: [(key: String, value: JSONValue)], _ isTime: Bool
  ) throws(FilterError) -> JSONValue {
    .object([
      (key: "key", value: try key(path)), (key: isTime ? "datetime_range" : "range", value: .object(bounds)),
    ])
  }

  private static func isTime(_ value: FilterValue) -> Bool { if case .time = value { true } else { false } }

  private static func bound(_ value: FilterValue, _ expression: FilterExpression) throws(FilterError)
    -> JSONValue
  {
    switch value {
    case .int(let int): return .int(int)
    case .double(let double): return .double(double)
    case .time(let instant): return .string(instant.text)
    case .null, .bool, .string, .duration, .now, .parameter: throw unsupported(expression)
    }
  }

  /// Strings alone or integers alone, which is what lists hold there.
  private static func keywords(
    _ values: [FilterValue], _ expression: FilterExpression
  ) throws(FilterError) -> [JSONValue] {
    var strings: [JSONValue] = []
    var ints: [JSONValue] = []
    for value in values {
      switch value {
      case .string(let text): strings.append(.string(String(decoding: text, as: UTF8.self)))
      case .int(let int): ints.append(.int(int))
      case .null, .bool, .double, .time, .duration, .now, .parameter: throw unsupported(expression)
      }
    }
    guard strings.isEmpty || ints.isEmpty else { throw unsupported(expression) }
    return strings + ints
  }

  /// The path that an expression asks to be empty in Qdrant's sense.
  private static func emptied(_ expression: FilterExpression) -> FilterPath? {
    guard case .or(let parts) = expression, case .exists(let path, true)? = parts.first,
      expression == QdrantReader.empty(path)
    else { return nil }
    return path
  }

  /// The condition on the number of values that an expression is.
  private static func valuesCount(_ expression: FilterExpression) throws(FilterError) -> JSONValue? {
    var array = expression
    if case .or(let parts) = expression, let first = parts.first { array = first }
    guard case .and(let parts) = array, parts.count == 2, case .kind(let path, .array, false) = parts[0],
      case .between(.length, .value(.int(let low)), .value(.int(let high)), false) = parts[1],
      expression == QdrantReader.counted(path, low, high)
    else { return nil }
    var bounds: [(key: String, value: JSONValue)] = [(key: "gte", value: .int(low))]
    if high < Int64.max { bounds.append((key: "lte", value: .int(high))) }
    return .object([(key: "key", value: try key(path)), (key: "values_count", value: .object(bounds))])
  }

  private static func geo(_ path: FilterPath, _ shape: GeoShape) throws(FilterError) -> JSONValue {
    let condition: (key: String, value: JSONValue)
    switch shape {
    case .radius(let center, let metres):
      condition = (
        "geo_radius",
        .object([(key: "center", value: point(center)), (key: "radius", value: .double(metres))])
      )
    case .box(let top, let left, let bottom, let right):
      condition = (
        "geo_bounding_box",
        .object([
          (key: "top_left", value: place(top, left)), (key: "bottom_right", value: place(bottom, right)),
        ])
      )
    case .polygon(let rings):
      let parts = rings.map { object("points", .array($0.map(point))) }
      var polygon = JSONObject(members: [JSONObject.Member(key: "exterior", value: parts[0])])
      if parts.count > 1 { polygon["interiors"] = .array(Array(parts.dropFirst())) }
      condition = ("geo_polygon", .object(polygon))
    }
    return .object([(key: "key", value: try key(path)), condition])
  }

  private static func point(_ point: GeoPoint) -> JSONValue { place(point.latitude, point.longitude) }

  private static func place(_ latitude: Double, _ longitude: Double) -> JSONValue {
    .object([(key: "lat", value: .double(latitude)), (key: "lon", value: .double(longitude))])
  }

  private static func key(_ path: FilterPath) throws(FilterError) -> JSONValue {
    guard path.root == .metadata || path.root == .element, !path.steps.isEmpty,
      let text = DottedKey.text(path.steps)
    else {
      throw FilterError(
        .unsupported, at: .nowhere, expected: "keys of the payload, which is all that Qdrant filters by",
        found: FilterPrinter.text(path))
    }
    return .string(text)
  }

  private static func unsupported(_ expression: FilterExpression) -> FilterError {
    FilterError(
      .unsupported, at: .nowhere, expected: "a filter that Qdrant can express",
      found: FilterPrinter.text(expression))
  }
}

extension LikePattern {
  /// The text that a pattern looks for anywhere, `%text%`; nil for other patterns.
  var substring: [UInt8]? {
    guard pieces.count == 3, pieces[0].isEmpty, pieces[2].isEmpty, pieces[1].leading == 0,
      pieces[1].gaps.isEmpty
    else { return nil }
    return pieces[1].literals[0]
  }
}
