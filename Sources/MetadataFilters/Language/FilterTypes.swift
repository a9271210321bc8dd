/// What is known about the fields of a collection before its rows are read.
package struct FilterTypes: Sendable {
  /// The type that a field's values have.
  package enum FieldType: Sendable, Hashable {
    /// Booleans.
    case bool
    /// Integers.
    case int
    /// Numbers.
    case float
    /// Strings.
    case text
    /// Strings that spell instants.
    case time
    /// Objects that are places.
    case geo
    /// UUIDs; of identifiers only.
    case uuid
    /// Nothing is known, or several types occur.
    case any
  }

  /// The types of fields, by their path as in `ColumnInfo.path`, without array steps; fields left out are `any`.
  package var fields: [String: FieldType]
  /// The type of identifiers; nil when it is not known.
  package var idType: IDType?

  /// Makes a description.
  package init(fields: [String: FieldType] = [:], idType: IDType? = nil) {
    self.fields = fields
    self.idType = idType
  }

  /// The type of the values that a path finds, or of their elements.
  ///
  /// `element` is what the path of the innermost quantifier is, from the record down; nil outside of quantifiers.
  func type(of path: FilterPath, element: FilterPath?) -> FieldType {
    switch path.root {
    case .created, .updated: return .time
    case .id:
      switch idType {
      case .string: return .text
      case .int64: return .int
      case .uuid: return .uuid
      case nil: return .any
      }
    case .metadata: break
    case .element: guard element != nil else { return .any }
    }
    guard !fields.isEmpty else { return .any }
    let steps = path.root == .element ? (element?.steps ?? []) + path.steps : path.steps
    var text: [UInt8] = []
    for step in steps { if case .name(let name) = step { ColumnPath.append(name, to: &text) } }
    return fields[String(decoding: text, as: UTF8.self)] ?? .any
  }
}

/// A file of values that a filter names, and what its lines mean.
package struct FilterFile: Hashable, Sendable {
  /// The name as it is written.
  package let name: String
  /// The type of the field that is looked up in it.
  package let type: FilterTypes.FieldType
}
