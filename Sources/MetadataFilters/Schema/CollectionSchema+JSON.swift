package import FileStorage

// A schema as JSON:
//
//   {"fields":{"lang":{"enum":["de","en"],"type":"keyword"},
//              "tags":{"type":"keyword[]"},
//              "year":{"max":2100,"min":1900,"required":true,"type":"int"}},
//    "version":3}
//
// "enum", "min", "max" and "required" may be left out; a text in place of a field's object is its type. "version" is left
// out in files that people write.
extension CollectionSchema {
  /// The canonical JSON.
  package var json: [UInt8] {
    var object = JSONObject()
    var members = JSONObject()
    for field in fields { members[field.path] = .object(CollectionSchema.object(field)) }
    object["fields"] = .object(members)
    object["version"] = .int(Int64(clamping: version))
    return (try? CanonicalJSON.encode(.object(object))) ?? []
  }

  /// The JSON of one field's rules.
  package static func object(_ field: Field) -> JSONObject {
    var rules = JSONObject()
    if !field.allowed.isEmpty { rules["enum"] = .array(field.allowed.map { json($0) }) }
    if let maximum = field.maximum { rules["max"] = json(maximum) }
    if let minimum = field.minimum { rules["min"] = json(minimum) }
    if field.isRequired { rules["required"] = .bool(true) }
    rules["type"] = .string(field.typeName)
    return rules
  }

  private static func json(_ value: Value) -> JSONValue {
    switch value {
    case .null: .null
    case .bool(let bool): .bool(bool)
    case .int(let int): .int(int)
    case .double(let double): .double(double)
    case .string(let bytes): .string(String(decoding: bytes, as: UTF8.self))
    }
  }

  /// Reads a schema.
  ///
  /// - Throws: `SchemaError` for anything that is no schema: unknown types and rules, bounds of another type, two spellings
  ///   of one path, too many fields.
  package init(json bytes: [UInt8]) throws(SchemaError) {
    guard bytes.count <= CollectionSchema.maximumBytes else {
      throw SchemaError("", expected: "at most 1 MiB of JSON", found: "\(bytes.count) bytes")
    }
    let value: JSONValue
    do throws(JSONError) { value = try JSONParser.parse(bytes) } catch {
      throw SchemaError("", expected: error.expected, found: "\(error.found) at byte \(error.offset)")
    }
    guard case .object(let object) = value, case .object(let members)? = object["fields"] else {
      throw SchemaError("", expected: "a JSON object with a member \"fields\"", found: "another value")
    }
    if let other = object.members.first(where: { $0.key != "fields" && $0.key != "version" }) {
      throw SchemaError("", expected: "the members \"fields\" and \"version\"", found: "\"\(other.key)\"")
    }
    var version: UInt64 = 1
    if let stated = object["version"] {
      guard case .int(let number) = stated, number >= 1 else {
        throw SchemaError("", expected: "a version from 1 on", found: "another value")
      }
      version = UInt64(number)
    }
    guard members.members.count <= CollectionSchema.maximumFields else {
      throw SchemaError(
        "", expected: "at most \(CollectionSchema.maximumFields) fields", found: "\(members.members.count)")
    }
    var fields: [Field] = []
    var known: Set<String> = []
    for member in members.members {
      let field = try CollectionSchema.field(member.key, member.value)
      guard known.insert(field.path).inserted else {
        throw SchemaError(member.key, expected: "each field once", found: "it twice")
      }
      fields.append(field)
    }
    self.init(fields: fields, version: version)
    try requireApart()
  }

  /// Refuses a field that lies inside another one.
  package func requireApart() throws(SchemaError) {
    for field in fields {
      if let inner = fields.first(where: { $0.path.hasPrefix(field.path + ".") }) {
        throw SchemaError(
          inner.path, expected: "no field inside of another", found: "it inside of \(field.path)")
      }
    }
  }

  private static func field(_ name: String, _ value: JSONValue) throws(SchemaError) -> Field {
    guard let names = SchemaPath.names(name) else {
      throw SchemaError(name, expected: "names with dots between them", found: "'\(name)'")
    }
    let path = ColumnPath.text(names)
    var rules = JSONObject()
    switch value {
    case .string: rules["type"] = value
    case .object(let object): rules = object
    case .null, .bool, .int, .double, .array:
      throw SchemaError(path, expected: "a type or an object of rules", found: "another value")
    }
    guard case .string(let typeName)? = rules["type"] else {
      throw SchemaError(path, expected: "a member \"type\"", found: "none")
    }
    var field = try CollectionSchema.field(path, typeName: typeName)
    for rule in rules.members {
      switch (rule.key, rule.value) {
      case ("type", _): break
      case ("required", .bool(let isRequired)): field.isRequired = isRequired
      case ("enum", .array(let values)):
        var allowed: [Value] = []
        for value in values { allowed.append(try scalar(value, "enum", of: field)) }
        guard !allowed.isEmpty, Set(allowed).count == allowed.count else {
          throw SchemaError(path, expected: "different values in \"enum\"", found: "none, or one twice")
        }
        field.allowed = allowed
      case ("min", let value): field.minimum = try bound(value, "min", of: field)
      case ("max", let value): field.maximum = try bound(value, "max", of: field)
      case (let other, _):
        throw SchemaError(
          path, expected: "the rules type, required, enum, min and max with fitting values",
          found: "\"\(other)\"")
      }
    }
    if let low = field.minimum, let high = field.maximum, low.compare(high) == .greater {
      throw SchemaError(path, expected: "\"min\" at most \"max\"", found: "the other way round")
    }
    return field
  }

  /// A field of a type written as `int` or `int[]`.
  package static func field(_ path: String, typeName: String) throws(SchemaError) -> Field {
    let isArray = typeName.hasSuffix("[]")
    guard let type = FieldType(rawValue: isArray ? String(typeName.dropLast(2)) : typeName) else {
      let names = FieldType.allCases.map(\.rawValue).joined(separator: ", ")
      throw SchemaError(path, expected: "one of \(names), or one of them with []", found: "'\(typeName)'")
    }
    return Field(path: path, type: type, isArray: isArray)
  }

  /// A value of the field's type.
  package static func scalar(_ value: JSONValue, _ rule: String, of field: Field) throws(SchemaError) -> Value
  {
    let result: Value? =
      switch (field.type, value) {
      case (.bool, .bool(let bool)): .bool(bool)
      case (.int, .int(let int)), (.float, .int(let int)): .int(int)
      case (.float, .double(let double)): .double(double)
      case (.text, .string(let text)), (.keyword, .string(let text)): Value(text)
      case (.time, .string(let text)): FilterInstant(Array(text.utf8)).map { _ in Value(text) }
      case (.bool, _), (.int, _), (.float, _), (.text, _), (.keyword, _), (.time, _), (.geo, _), (.json, _):
        nil
      }
    guard let result else {
      throw SchemaError(
        field.path, expected: "values of type \(field.type.rawValue) in \"\(rule)\"", found: "another")
    }
    return result
  }

  /// A bound of the field's values.
  package static func bound(_ value: JSONValue, _ rule: String, of field: Field) throws(SchemaError) -> Value
  {
    switch field.type {
    case .int, .float, .time: return try scalar(value, rule, of: field)
    case .bool, .text, .keyword, .geo, .json:
      throw SchemaError(
        field.path, expected: "\"\(rule)\" only for int, float and time",
        found: "a field of type \(field.type.rawValue)")
    }
  }
}

/// Paths of fields in schemas.
package enum SchemaPath {
  /// The names of a path: dots between them, a name with a dot, a quote or a bracket in double quotes, inner quotes doubled.
  ///
  /// Nil for anything else.
  package static func names(_ text: String) -> [String]? {
    let bytes = Array(text.utf8)
    var names: [String] = []
    var at = 0
    while true {
      var name: [UInt8] = []
      if at < bytes.count, bytes[at] == UInt8(ascii: "\"") {
        at += 1
        while true {
          guard at < bytes.count else { return nil }
          let byte = bytes[at]
          at += 1
          if byte == UInt8(ascii: "\"") {
            guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else { break }
            at += 1
          }
          name.append(byte)
        }
      } else {
        while at < bytes.count, bytes[at] != UInt8(ascii: ".") {
          let byte = bytes[at]
          if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "[") || byte == UInt8(ascii: "]") {
            return nil
          }
          name.append(byte)
          at += 1
        }
        if name.isEmpty || name.first == UInt8(ascii: "$") { return nil }
      }
      guard let plain = String(validating: name, as: UTF8.self), names.count < ColumnLimits.depth else {
        return nil
      }
      names.append(plain)
      if at == bytes.count { return names }
      guard bytes[at] == UInt8(ascii: ".") else { return nil }
      at += 1
    }
  }
}
