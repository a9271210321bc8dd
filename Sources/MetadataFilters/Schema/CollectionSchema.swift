/// What the metadata of a collection's records must be: the types of fields and rules for their values.
///
/// Fields that are not named may be anything. A field that is missing or null is accepted unless it is required.
package struct CollectionSchema: Equatable, Sendable {
  /// What values of a field are.
  package enum FieldType: String, Sendable, CaseIterable {
    /// True or false.
    case bool
    /// Integers of 64 bits.
    case int
    /// Numbers.
    case float
    /// Strings that are text.
    case text
    /// Strings that are names or codes.
    case keyword
    /// Strings that spell an instant: RFC 3339 with an offset, or a date.
    case time
    /// Objects with numbers `lat` and `lon`, the latitude in -90...90.
    case geo
    /// Anything.
    case json
  }

  /// The rules for one field.
  package struct Field: Equatable, Sendable {
    /// The field's path, spelled as `ColumnPath` does.
    package var path: String
    /// What values are, or the elements of arrays.
    package var type: FieldType
    /// Whether values are arrays of that type.
    package var isArray: Bool
    /// Whether every record must have a value that is not null.
    package var isRequired = false
    /// The only values allowed, in their order; empty for no such rule.
    package var allowed: [Value] = []
    /// The smallest value allowed.
    package var minimum: Value?
    /// The greatest value allowed.
    package var maximum: Value?

    /// Makes a field without rules.
    package init(path: String, type: FieldType, isArray: Bool = false) {
      self.path = path
      self.type = type
      self.isArray = isArray
    }

    /// `int`, or `int[]` for arrays.
    package var typeName: String { type.rawValue + (isArray ? "[]" : "") }
  }

  /// The fields, sorted by the bytes of their paths, each path once.
  package private(set) var fields: [Field]
  /// Counts the changes of the schema, from 1.
  package var version: UInt64

  /// The most fields.
  package static let maximumFields = 1024
  /// The most bytes of a schema as JSON.
  package static let maximumBytes = 1 << 20

  /// Makes a schema of fields with different paths.
  package init(fields: [Field] = [], version: UInt64 = 1) {
    self.fields = fields.sorted { compareBytes(Array($0.path.utf8), Array($1.path.utf8)) == .less }
    self.version = version
  }

  /// The field at a path, nil when the schema has none.
  package func field(_ path: String) -> Field? { fields.first { $0.path == path } }

  /// Adds a field, or replaces the one at its path.
  package mutating func set(_ field: Field) {
    self = CollectionSchema(fields: fields.filter { $0.path != field.path } + [field], version: version)
  }

  /// Takes a field out; false when there was none.
  package mutating func remove(_ path: String) -> Bool {
    guard field(path) != nil else { return false }
    fields.removeAll { $0.path == path }
    return true
  }

  /// What filters may take for granted about literals.
  package var filterTypes: [String: FilterTypes.FieldType] {
    var types: [String: FilterTypes.FieldType] = [:]
    for field in fields {
      switch field.type {
      case .bool: types[field.path] = .bool
      case .int: types[field.path] = .int
      case .float: types[field.path] = .float
      case .text, .keyword: types[field.path] = .text
      case .time: types[field.path] = .time
      case .geo: types[field.path] = .geo
      case .json: break
      }
    }
    return types
  }
}

/// Why a schema is none.
package struct SchemaError: Error, Equatable, Sendable {
  /// The field concerned; empty for the whole.
  package let field: String
  /// What was wanted, as a noun phrase.
  package let expected: String
  /// What was found, as a noun phrase.
  package let found: String

  /// Makes an error from its parts.
  package init(_ field: String, expected: String, found: String) {
    self.field = field
    self.expected = expected
    self.found = found
  }
}

extension SchemaError: CustomStringConvertible {
  /// One sentence.
  package var description: String {
    (field.isEmpty ? "" : "field \(field): ") + "expected \(expected), found \(found)"
  }
}
