package import FileStorage

/// One thing about a record that breaks the schema.
package struct SchemaViolation: Equatable, Sendable {
  /// Which rule is broken.
  package enum Rule: String, Sendable {
    case type
    case required
    case allowed = "enum"
    case minimum = "min"
    case maximum = "max"
    /// The schema does not name the field, under strict rules.
    case unknown
  }

  /// The field.
  package let field: String
  /// The rule.
  package let rule: Rule
  /// What was wanted, as a noun phrase.
  package let expected: String
  /// What was found, shortened.
  package let found: String

  /// Makes a violation from its parts.
  package init(field: String, rule: Rule, expected: String, found: String) {
    self.field = field
    self.rule = rule
    self.expected = expected
    self.found = found
  }
}

/// Checks records against a schema.
///
/// Immutable; safe to share between threads.
package struct SchemaValidator: Sendable {
  /// A name in the tree of the schema's paths.
  private struct Node: Sendable {
    var name: [UInt8]
    /// The rules' number, -1 where no field ends.
    var field = -1
    var children: [Node] = []
  }

  private let fields: [CollectionSchema.Field]
  private let instants: [(minimum: FilterInstant?, maximum: FilterInstant?)]
  private let roots: [Node]
  private let isStrict: Bool

  /// Prepares a schema; `isStrict` also refuses fields that it does not name.
  package init(_ schema: CollectionSchema, isStrict: Bool = false) {
    fields = schema.fields
    self.isStrict = isStrict
    func instant(_ value: Value?) -> FilterInstant? {
      if case .string(let bytes)? = value { FilterInstant(bytes) } else { nil }
    }
    instants = schema.fields.map { (instant($0.minimum), instant($0.maximum)) }
    var roots: [Node] = []
    for (index, field) in schema.fields.enumerated() {
      let names = (SchemaPath.names(field.path) ?? []).map { Array($0.utf8) }
      SchemaValidator.insert(names[...], index, into: &roots)
    }
    self.roots = roots
  }

  private static func insert(_ names: ArraySlice<[UInt8]>, _ field: Int, into nodes: inout [Node]) {
    guard let name = names.first else { return }
    let index: Int
    if let known = nodes.firstIndex(where: { $0.name == name }) {
      index = known
    } else {
      index = nodes.count
      nodes.append(Node(name: name))
    }
    if names.count == 1 {
      nodes[index].field = field
    } else {
      insert(names.dropFirst(), field, into: &nodes[index].children)
    }
  }

  /// What a record's metadata breaks, in the order of the record, then what it lacks; at most `limit`.
  ///
  /// - Throws: `JSONError` when the metadata is no JSON object.
  package func violations(
    _ metadata: UnsafeRawBufferPointer, limit: Int = Int.max
  ) throws(JSONError) -> [SchemaViolation] {
    var pass = Pass(seen: [Bool](repeating: false, count: fields.count), limit: limit)
    if metadata.count > 0 {
      var scanner = unsafe JSONScanner(metadata)
      try walk(&scanner, roots, "", &pass)
    }
    for (index, field) in fields.enumerated() where field.isRequired && !pass.seen[index] {
      pass.add(field.path, .required, "a value, for the field is required", "none")
    }
    return pass.found
  }

  private struct Pass {
    var seen: [Bool]
    let limit: Int
    var found: [SchemaViolation] = []

    mutating func add(_ field: String, _ rule: SchemaViolation.Rule, _ expected: String, _ text: String) {
      guard found.count < limit else { return }
      found.append(SchemaViolation(field: field, rule: rule, expected: expected, found: text))
    }
  }

  private func walk(
    _ scanner: inout JSONScanner, _ nodes: [Node], _ path: String, _ pass: inout Pass
  ) throws(JSONError) {
    try scanner.beginObject()
    var isFirst = true
    while let key = try scanner.nextKey(&isFirst) {
      guard let node = nodes.first(where: { scanner.matches(key, $0.name) }) else {
        if isStrict {
          var text = Array(path.utf8)
          ColumnPath.append(scanner.string(key).utf8, to: &text)
          pass.add(
            String(decoding: text, as: UTF8.self), .unknown, "a field of the schema",
            scanner.excerpt(from: scanner.position))
        }
        try scanner.skipValue()
        continue
      }
      if node.field >= 0 {
        try check(&scanner, node.field, &pass)
      } else if try scanner.peekKind() == .object {
        var text = Array(path.utf8)
        ColumnPath.append(node.name, to: &text)
        try walk(&scanner, node.children, String(decoding: text, as: UTF8.self), &pass)
      } else {
        try scanner.skipValue()
      }
    }
  }

  /// Takes and checks the value of a field.
  private func check(_ scanner: inout JSONScanner, _ index: Int, _ pass: inout Pass) throws(JSONError) {
    let field = fields[index]
    let start = scanner.position
    let kind = try scanner.peekKind()
    if kind == .null {
      try scanner.skipValue()
      return
    }
    pass.seen[index] = true
    if field.type == .json, !field.isArray {
      try scanner.skipValue()
      return
    }
    guard field.isArray else { return try checkValue(&scanner, index, &pass) }
    guard kind == .array else {
      try scanner.skipValue()
      pass.add(field.path, .type, "an array of type \(field.typeName)", scanner.excerpt(from: start))
      return
    }
    try scanner.beginArray()
    var isFirst = true
    while try scanner.nextElement(&isFirst) { try checkValue(&scanner, index, &pass) }
  }

  private func checkValue(_ scanner: inout JSONScanner, _ index: Int, _ pass: inout Pass) throws(JSONError) {
    let field = fields[index]
    let start = scanner.position
    func wrongType() {
      pass.add(field.path, .type, SchemaValidator.phrase(field.type), scanner.excerpt(from: start))
    }
    let kind = try scanner.peekKind()
    let value: Value
    switch (field.type, kind) {
    case (.json, _):
      try scanner.skipValue()
      return
    case (.bool, .bool): value = .bool(try scanner.readBool())
    case (.int, .number), (.float, .number):
      switch try scanner.readNumber() {
      case .int(let int): value = .int(int)
      case .double(let double):
        if field.type == .int { return wrongType() }
        value = .double(double)
      case .outside: return wrongType()
      }
    case (.text, .string), (.keyword, .string): value = Value(scanner.string(try scanner.readString()))
    case (.time, .string):
      let bytes = Array(scanner.string(try scanner.readString()).utf8)
      guard let instant = FilterInstant(bytes) else { return wrongType() }
      if let low = instants[index].minimum, instant < low {
        pass.add(
          field.path, .minimum, "at least \(SchemaValidator.text(field.minimum))",
          "'\(String(decoding: bytes, as: UTF8.self))'")
      }
      if let high = instants[index].maximum, high < instant {
        pass.add(
          field.path, .maximum, "at most \(SchemaValidator.text(field.maximum))",
          "'\(String(decoding: bytes, as: UTF8.self))'")
      }
      value = .string(bytes)
    case (.geo, .object):
      if try !isPlace(&scanner) { wrongType() }
      return
    case (.bool, _), (.int, _), (.float, _), (.text, _), (.keyword, _), (.time, _), (.geo, _):
      try scanner.skipValue()
      return wrongType()
    }
    if !field.allowed.isEmpty, !field.allowed.contains(value) {
      let names = field.allowed.prefix(8).map { SchemaValidator.text($0) }.joined(separator: ", ")
      pass.add(
        field.path, .allowed, "one of \(names)\(field.allowed.count > 8 ? ", …" : "")",
        scanner.excerpt(from: start))
    }
    guard field.type != .time else { return }
    if let low = field.minimum, value.compare(low) == .less {
      pass.add(field.path, .minimum, "at least \(SchemaValidator.text(low))", scanner.excerpt(from: start))
    }
    if let high = field.maximum, value.compare(high) == .greater {
      pass.add(field.path, .maximum, "at most \(SchemaValidator.text(high))", scanner.excerpt(from: start))
    }
  }

  /// Takes an object and tells whether it is a place.
  private func isPlace(_ scanner: inout JSONScanner) throws(JSONError) -> Bool {
    try scanner.beginObject()
    var isFirst = true
    var latitude: Double?
    var longitude: Double?
    let (lat, lon) = (Array("lat".utf8), Array("lon".utf8))
    while let key = try scanner.nextKey(&isFirst) {
      let isLatitude = scanner.matches(key, lat)
      guard try scanner.peekKind() == .number, isLatitude || scanner.matches(key, lon) else {
        try scanner.skipValue()
        continue
      }
      let number = try scanner.readDouble()
      if isLatitude { latitude = number } else { longitude = number }
    }
    guard let latitude, let longitude else { return false }
    return GeoPoint(latitude: latitude, longitude: longitude) != nil
  }

  private static func phrase(_ type: CollectionSchema.FieldType) -> String {
    switch type {
    case .bool: "true or false"
    case .int: "an integer"
    case .float: "a number"
    case .text, .keyword: "a string"
    case .time: "a time such as '2026-11-21T01:20:03Z' or '2026-11-21'"
    case .geo: "an object with numbers lat (-90 to 90) and lon"
    case .json: "any value"
    }
  }

  private static func text(_ value: Value?) -> String {
    switch value {
    case .bool(let bool)?: "\(bool)"
    case .int(let int)?: "\(int)"
    case .double(let double)?: "\(double)"
    case .string(let bytes)?: "'\(String(decoding: bytes, as: UTF8.self))'"
    case .null?, nil: "null"
    }
  }
}
