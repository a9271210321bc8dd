/// Reads the filters on metadata that Chroma takes.
///
/// `$ne` and `$nin` are also TRUE for records without the key, as they are there, and so become `NOT (a = …)` and
/// `NOT (a IN …)`. Keys are names, with dots and all.
enum ChromaReader {
  /// The expression of a filter.
  static func filter(_ value: FilterJSONValue) throws(FilterError) -> FilterExpression {
    guard let members = value.members, !members.isEmpty else { throw value.unexpected("a Chroma filter") }
    var parts: [FilterExpression] = []
    for member in members {
      switch member.key {
      case "$and": parts.append(join(try list(member.value), isAnd: true))
      case "$or": parts.append(join(try list(member.value), isAnd: false))
      case let key where key.hasPrefix("$"):
        throw FilterError(
          .unsupported, at: .text(member.range), expected: "\"$and\", \"$or\" or the name of a field",
          found: "\"\(key)\"", hint: "records have no document apart from their fields",
          misspelt: FilterError.Misspelt(key, candidates: ["$and", "$or"]))
      case let key: parts.append(try conditions(path(key, member), member.value))
      }
    }
    return join(parts, isAnd: true)
  }

  private static func join(_ parts: [FilterExpression], isAnd: Bool) -> FilterExpression {
    parts.count == 1 ? parts[0] : (isAnd ? .and(parts) : .or(parts))
  }

  private static func list(_ value: FilterJSONValue) throws(FilterError) -> [FilterExpression] {
    guard let elements = value.elements, !elements.isEmpty else {
      throw value.unexpected("an array of filters")
    }
    var parts: [FilterExpression] = []
    for element in elements { parts.append(try filter(element)) }
    return parts
  }

  private static func path(_ key: String, _ member: FilterJSONValue.Member) throws(FilterError) -> FilterPath
  {
    switch key {
    case "#id": return FilterPath(.id)
    case "#document", "#embedding", "#metadata", "#score":
      throw FilterError(
        .unsupported, at: .text(member.range), expected: "the name of a field", found: "\"\(key)\"",
        hint: "records have no document apart from their fields")
    case _: return FilterPath(names: [key])
    }
  }

  private static func conditions(
    _ path: FilterPath, _ value: FilterJSONValue
  ) throws(FilterError) -> FilterExpression {
    guard let members = value.members else {
      guard let literal = value.literal, literal != .null else {
        throw value.unexpected("a value or an object with $eq")
      }
      return .compare(.path(path), .equal, .value(literal))
    }
    guard !members.isEmpty else { throw value.unexpected("an object with $eq or the like") }
    var parts: [FilterExpression] = []
    for member in members { parts.append(try condition(path, member)) }
    return join(parts, isAnd: true)
  }

  private static func condition(
    _ path: FilterPath, _ member: FilterJSONValue.Member
  ) throws(FilterError) -> FilterExpression {
    let operand = FilterOperand.path(path)
    let value = member.value
    switch member.key {
    case "$eq": return .compare(operand, .equal, .value(try scalar(value)))
    case "$ne": return .not(.compare(operand, .equal, .value(try scalar(value))))
    case "$gt": return .compare(operand, .greater, .value(try scalar(value)))
    case "$gte": return .compare(operand, .greaterOrEqual, .value(try scalar(value)))
    case "$lt": return .compare(operand, .less, .value(try scalar(value)))
    case "$lte": return .compare(operand, .lessOrEqual, .value(try scalar(value)))
    case "$in": return .member(operand, try scalars(value), isNegated: false)
    case "$nin": return .not(.member(operand, try scalars(value), isNegated: false))
    case "$contains": return .contains(path, .one, .values([try scalar(value)]), isNegated: false)
    case "$not_contains": return .not(.contains(path, .one, .values([try scalar(value)]), isNegated: false))
    case _:
      let known = [
        "$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$contains", "$not_contains",
      ]
      throw FilterError(
        .syntax, at: .text(member.range), expected: "an operator such as \"$eq\" or \"$in\"",
        found: "\"\(member.key)\"", misspelt: FilterError.Misspelt(member.key, candidates: known))
    }
  }

  private static func scalar(_ value: FilterJSONValue) throws(FilterError) -> FilterValue {
    guard let literal = value.literal else { throw value.unexpected("a scalar") }
    return literal
  }

  private static func scalars(_ value: FilterJSONValue) throws(FilterError) -> FilterList {
    guard let elements = value.elements, !elements.isEmpty else {
      throw value.unexpected("an array of scalars")
    }
    var values: [FilterValue] = []
    for element in elements { values.append(try scalar(element)) }
    return .values(values)
  }
}
