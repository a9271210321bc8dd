/// Reads the filters that Qdrant takes, each condition as the expression that is TRUE on the same payloads.
///
/// Ranges that leave a bound out (`gt`, `lt`) beside another bound become BETWEEN with the next number there is, so that
/// both bounds speak of one element of an array. Text matches are those without a text index: substrings.
enum QdrantReader {
  /// Keys of a filter.
  static let clauses = ["must", "should", "must_not", "min_should"]
  /// Keys of a condition beside "key".
  private static let conditions = [
    "match", "range", "datetime_range", "geo_radius", "geo_bounding_box", "geo_polygon", "values_count",
  ]
  /// Most ways to choose the conditions of "min_should".
  private static let maximumChoices = 1_000

  /// Whether an object is a condition by itself.
  static func isCondition(_ value: FilterJSONValue) -> Bool {
    guard let keys = value.members?.map(\.key) else { return false }
    if keys.contains("key"), keys.contains(where: conditions.contains) { return true }
    guard keys.count == 1, let inner = value.members?[0].value else { return false }
    switch keys[0] {
    case "is_null", "is_empty", "nested": return inner["key"] != nil
    case "has_id": return inner.elements != nil
    case _: return false
    }
  }

  /// The expression of a filter or a condition.
  static func filter(_ value: FilterJSONValue, inElement: Bool) throws(FilterError) -> FilterExpression {
    guard let members = value.members else { throw value.unexpected("a Qdrant filter") }
    guard members.contains(where: { clauses.contains($0.key) }) else {
      return try condition(value, inElement)
    }
    try value.check(clauses)
    var parts: [FilterExpression] = []
    for member in members {
      switch member.key {
      case "must": parts += try list(member.value, inElement)
      case "must_not": parts += try list(member.value, inElement).map { .not($0) }
      case "should":
        let choices = try list(member.value, inElement)
        if !choices.isEmpty { parts.append(join(choices, isAnd: false)) }
      case _: parts.append(try minimum(member.value, inElement))
      }
    }
    return join(parts, isAnd: true)
  }

  private static func join(_ parts: [FilterExpression], isAnd: Bool) -> FilterExpression {
    if parts.count == 1 { return parts[0] }
    return parts.isEmpty ? .constant(isAnd) : (isAnd ? .and(parts) : .or(parts))
  }

  private static func list(_ value: FilterJSONValue, _ inElement: Bool) throws(FilterError)
    -> [FilterExpression]
  {
    if case .null = value.kind { return [] }
    var parts: [FilterExpression] = []
    for element in value.elements ?? [value] { parts.append(try filter(element, inElement: inElement)) }
    return parts
  }

  private static func minimum(_ value: FilterJSONValue, _ inElement: Bool) throws(FilterError)
    -> FilterExpression
  {
    try value.check(["conditions", "min_count"])
    let conditions = try list(try value.required("conditions"), inElement)
    let least = try value.required("min_count")
    guard case .int(let count) = least.kind, count >= 0 else {
      throw least.unexpected("a number of conditions")
    }
    guard count > 0 else { return .constant(true) }
    guard count <= Int64(conditions.count) else { return .constant(false) }
    var choices: [[FilterExpression]] = [[]]
    // All subsets of that size, in order; counted before they are made.
    var ways = 1
    for index in 0..<Int(count) {
      ways = ways * (conditions.count - index) / (index + 1)
      guard ways <= maximumChoices else {
        throw value.unexpected(
          "at most \(maximumChoices) ways to choose \(count) of \(conditions.count)", code: .limit)
      }
    }
    choices = subsets(conditions[...], Int(count))
    return join(choices.map { join($0, isAnd: true) }, isAnd: false)
  }

  private static func subsets(_ all: ArraySlice<FilterExpression>, _ count: Int) -> [[FilterExpression]] {
    guard count > 0 else { return [[]] }
    guard let first = all.first, all.count >= count else { return [] }
    return subsets(all.dropFirst(), count - 1).map { [first] + $0 } + subsets(all.dropFirst(), count)
  }

  // MARK: Conditions

  private static func condition(_ value: FilterJSONValue, _ inElement: Bool) throws(FilterError)
    -> FilterExpression
  {
    guard let members = value.members, let first = members.first else {
      throw value.unexpected("a condition")
    }
    switch first.key {
    case "is_null": return .kind(try key(first.value, inElement), .null, isNegated: false)
    case "is_empty": return empty(try key(first.value, inElement))
    case "has_id":
      guard let ids = first.value.elements else { throw first.value.unexpected("an array of ids") }
      return ids.isEmpty
        ? .constant(false) : .member(.path(FilterPath(.id)), try scalars(ids), isNegated: false)
    case "nested":
      let path = try key(first.value, inElement)
      let isEach = path.steps.last == .each
      return .quantified(
        .any, isEach ? FilterPath(path.root, path.steps.dropLast()) : path,
        try filter(try first.value.required("filter"), inElement: true))
    case _: break
    }
    let path = try key(value, inElement)
    guard let kind = members.first(where: { conditions.contains($0.key) }) else {
      throw value.unexpected("a condition with \"match\", \"range\" or the like")
    }
    try value.check(["key", kind.key])
    switch kind.key {
    case "match": return try match(path, kind.value)
    case "range", "datetime_range":
      return try range(path, kind.value, isTime: kind.key == "datetime_range")
    case "values_count": return try count(path, kind.value)
    case _: return .geo(path, try QdrantGeo.shape(kind.key, kind.value))
    }
  }

  /// Missing, null or an empty array.
  static func empty(_ path: FilterPath) -> FilterExpression {
    .or([
      .exists(path, isNegated: true), .kind(path, .null, isNegated: false),
      .and([.kind(path, .array, isNegated: false), .kind(path, .empty, isNegated: false)]),
    ])
  }

  private static func match(_ path: FilterPath, _ value: FilterJSONValue) throws(FilterError)
    -> FilterExpression
  {
    guard let member = value.members?.first, value.members?.count == 1 else {
      throw value.unexpected("\"value\", \"any\", \"except\" or \"text\"")
    }
    switch member.key {
    case "value":
      guard let literal = member.value.literal else { throw member.value.unexpected("a scalar") }
      return .compare(.path(path), .equal, .value(literal))
    case "any", "except":
      guard let elements = member.value.elements else { throw member.value.unexpected("an array of scalars") }
      let isNegated = member.key == "except"
      if elements.isEmpty {
        return isNegated ? .member(.path(path), .values([.null]), isNegated: true) : .constant(false)
      }
      return .member(.path(path), try scalars(elements), isNegated: isNegated)
    case "text", "phrase":
      guard let text = member.value.text else { throw member.value.unexpected("a string") }
      return .text(path, .like, .string(substring(text)), isNegated: false)
    case _:
      throw FilterError(
        .unsupported, at: .text(member.range), expected: "\"value\", \"any\", \"except\" or \"text\"",
        found: "\"\(member.key)\"")
    }
  }

  /// The pattern of `LIKE` for texts that hold this one.
  private static func substring(_ text: String) -> [UInt8] {
    var pattern = [UInt8(ascii: "%")]
    for byte in text.utf8 {
      if byte == UInt8(ascii: "%") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "\\") {
        pattern.append(UInt8(ascii: "\\"))
      }
      pattern.append(byte)
    }
    return pattern + [UInt8(ascii: "%")]
  }

  private static func scalars(_ elements: [FilterJSONValue]) throws(FilterError) -> FilterList {
    var values: [FilterValue] = []
    for element in elements {
      guard let literal = element.literal else { throw element.unexpected("a scalar") }
      values.append(literal)
    }
    return .values(values)
  }

  // MARK: Ranges

  private static func range(
    _ path: FilterPath, _ value: FilterJSONValue, isTime: Bool
  ) throws(FilterError) -> FilterExpression {
    try value.check(["gt", "gte", "lt", "lte"])
    var bounds: [(comparison: FilterComparison, value: FilterValue)] = []
    let keys: [(String, FilterComparison)] = [
      ("gt", .greater), ("gte", .greaterOrEqual), ("lt", .less), ("lte", .lessOrEqual),
    ]
    for (key, comparison) in keys {
      guard let bound = value[key] else { continue }
      if case .null = bound.kind { continue }
      if isTime {
        guard let text = bound.text, let instant = FilterInstant(Array(text.utf8)) else {
          throw bound.unexpected("a time with offset, or a date")
        }
        bounds.append((comparison, .time(instant)))
      } else {
        guard bound.number != nil, let literal = bound.literal else { throw bound.unexpected("a number") }
        bounds.append((comparison, literal))
      }
    }
    if bounds.count == 1 { return .compare(.path(path), bounds[0].comparison, .value(bounds[0].value)) }
    guard !bounds.isEmpty else {
      return .kind(path, isTime ? .time : .number, isNegated: false)
    }
    let lower = bounds.filter { $0.comparison == .greater || $0.comparison == .greaterOrEqual }
    let upper = bounds.filter { $0.comparison == .less || $0.comparison == .lessOrEqual }
    guard lower.count == 1, upper.count == 1 else { throw value.unexpected("one lower and one upper bound") }
    guard let low = lower[0].comparison == .greater ? FilterSteps.next(lower[0].value) : lower[0].value,
      let high = upper[0].comparison == .less ? FilterSteps.previous(upper[0].value) : upper[0].value
    else { return .constant(false) }
    return .between(.path(path), low: .value(low), high: .value(high), isNegated: false)
  }

  /// Qdrant counts the elements of an array and takes anything else that is not null for one value.
  private static func count(_ path: FilterPath, _ value: FilterJSONValue) throws(FilterError)
    -> FilterExpression
  {
    try value.check(["gt", "gte", "lt", "lte"])
    var (low, high) = (Int64(0), Int64.max)
    for member in value.members ?? [] {
      guard case .int(let bound) = member.value.kind, bound >= 0, bound < Int64.max else {
        throw member.value.unexpected("a number of values")
      }
      switch member.key {
      case "gt": low = max(low, bound + 1)
      case "gte": low = max(low, bound)
      case "lt": high = min(high, bound - 1)
      case _: high = min(high, bound)
      }
    }
    guard low <= high else { return .constant(false) }
    return counted(path, low, high)
  }

  /// An array of so many elements, or one value that is no array.
  static func counted(_ path: FilterPath, _ low: Int64, _ high: Int64) -> FilterExpression {
    let array = FilterExpression.and([
      .kind(path, .array, isNegated: false),
      .between(.length(path), low: .value(.int(low)), high: .value(.int(high)), isNegated: false),
    ])
    return low <= 1 && high >= 1 ? .or([array, .kind(path, .array, isNegated: true)]) : array
  }

  // MARK: Keys

  /// The path of an object's "key": names between dots, `[]`, `[0]`, names in double quotes.
  private static func key(_ object: FilterJSONValue, _ inElement: Bool) throws(FilterError) -> FilterPath {
    let value = try object.required("key")
    guard let text = value.text, let steps = DottedKey.steps(text) else {
      throw value.unexpected("a key such as \"a.b[].c\"")
    }
    return FilterPath(inElement ? .element : .metadata, steps)
  }
}
