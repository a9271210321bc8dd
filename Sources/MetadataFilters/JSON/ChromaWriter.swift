import FileStorage

/// Writes an expression as a filter that Chroma takes, when there is one with exactly that meaning.
enum ChromaWriter {
  /// The JSON text, on one line without spaces.
  static func text(_ expression: FilterExpression) throws(FilterError) -> String {
    var json = JSONWriter()
    json.value(try filter(expression))
    return String(decoding: json.bytes, as: UTF8.self)
  }

  private static func filter(_ expression: FilterExpression) throws(FilterError) -> JSONValue {
    switch expression {
    case .and(let parts): return object("$and", .array(try all(parts)))
    case .or(let parts): return object("$or", .array(try all(parts)))
    case .compare(.path(let path), let comparison, .value(let value)):
      guard let word = word(comparison) else { break }
      return object(try key(path), object(word, try scalar(value)))
    case .member(.path(let path), .values(let values), false):
      return object(try key(path), object("$in", .array(try scalars(values))))
    case .contains(let path, .one, .values(let values), false):
      guard let value = values.first else { break }
      return object(try key(path), object("$contains", try scalar(value)))
    case .not(.compare(.path(let path), .equal, .value(let value))):
      return object(try key(path), object("$ne", try scalar(value)))
    case .not(.member(.path(let path), .values(let values), false)):
      return object(try key(path), object("$nin", .array(try scalars(values))))
    case .not(.contains(let path, .one, .values(let values), false)):
      guard let value = values.first else { break }
      return object(try key(path), object("$not_contains", try scalar(value)))
    case .constant, .not, .compare, .between, .member, .text, .kind, .exists, .contains, .quantified, .geo:
      break
    }
    throw unsupported(expression)
  }

  private static func all(_ parts: [FilterExpression]) throws(FilterError) -> [JSONValue] {
    var result: [JSONValue] = []
    for part in parts { result.append(try filter(part)) }
    return result
  }

  private static func word(_ comparison: FilterComparison) -> String? {
    switch comparison {
    case .equal: "$eq"
    case .less: "$lt"
    case .lessOrEqual: "$lte"
    case .greater: "$gt"
    case .greaterOrEqual: "$gte"
    case .notEqual, .distinct, .notDistinct: nil
    }
  }

  private static func key(_ path: FilterPath) throws(FilterError) -> String {
    if path.root == .id, path.steps.isEmpty { return "#id" }
    // Names that begin with these marks are Chroma's own.
    guard path.root == .metadata, path.steps.count == 1, case .name(let name) = path.steps[0],
      name.first != UInt8(ascii: "$"), name.first != UInt8(ascii: "#")
    else {
      throw FilterError(
        .unsupported, at: .nowhere, expected: "names of fields, which Chroma has on one level only",
        found: FilterPrinter.text(path))
    }
    return String(decoding: name, as: UTF8.self)
  }

  private static func scalar(_ value: FilterValue) throws(FilterError) -> JSONValue {
    switch value {
    case .bool(let bool): return .bool(bool)
    case .int(let int): return .int(int)
    case .double(let double): return .double(double)
    case .string(let bytes): return .string(String(decoding: bytes, as: UTF8.self))
    case .null, .time, .duration, .now, .parameter:
      throw FilterError(
        .unsupported, at: .nowhere,
        expected: "booleans, numbers and strings, which is all that Chroma compares with",
        found: FilterPrinter.text(value))
    }
  }

  private static func scalars(_ values: [FilterValue]) throws(FilterError) -> [JSONValue] {
    var result: [JSONValue] = []
    for value in values { result.append(try scalar(value)) }
    return result
  }

  private static func unsupported(_ expression: FilterExpression) -> FilterError {
    var hint: String?
    switch expression {
    case .between(_, _, _, false):
      hint = "two bounds of Chroma may be met by two elements of an array: write a >= … AND a <= …"
    case .compare(_, .notEqual, _): hint = "Chroma's $ne is TRUE without the field too: write NOT (a = …)"
    case .member(_, _, true): hint = "Chroma's $nin is TRUE without the field too: write NOT (a IN …)"
    case .contains(_, .one, _, true):
      hint = "Chroma's $not_contains is TRUE without the field too: write NOT (a CONTAINS …)"
    case _: break
    }
    return FilterError(
      .unsupported, at: .nowhere, expected: "a filter that Chroma can express",
      found: FilterPrinter.text(expression), hint: hint)
  }
}

/// An object with one member.
func object(_ key: String, _ value: JSONValue) -> JSONValue {
  .object(JSONObject(members: [JSONObject.Member(key: key, value: value)]))
}
