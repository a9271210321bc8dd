package import FileStorage

/// Guesses a schema from records.
///
/// A field is as wide as its values: integers and other numbers make `float`, several kinds make `json`. Strings that all
/// spell instants make `time`; strings of which there are few different ones make `keyword`. A field that every record has
/// is required.
package struct SchemaInference {
  private struct Seen {
    var records = 0
    var bools = 0
    var ints = 0
    var floats = 0
    var strings = 0
    var times = 0
    var others = 0
    var places = 0
    var arrays = 0
    var scalars = 0
    var texts: Set<[UInt8]> = []
    var hasManyTexts = false
  }

  private var fields: [String: Seen] = [:]
  private var records = 0

  /// Different strings up to which a field may be a keyword.
  private static let keywordTexts = 1000

  /// Has seen nothing yet.
  package init() {}

  /// Takes one record.
  ///
  /// - Throws: `JSONError` when the metadata is no JSON object.
  package mutating func add(_ metadata: UnsafeRawBufferPointer) throws(JSONError) {
    records += 1
    guard metadata.count > 0 else { return }
    let value = try unsafe JSONParser.parse(metadata)
    if case .object(let object) = value { walk(object, "") }
  }

  private mutating func walk(_ object: JSONObject, _ path: String) {
    for member in object.members {
      var text = Array(path.utf8)
      ColumnPath.append(member.key.utf8, to: &text)
      let field = String(decoding: text, as: UTF8.self)
      switch member.value {
      case .null: continue
      case .object(let inner):
        guard SchemaInference.isPlace(inner) else {
          walk(inner, field)
          continue
        }
        fields[field, default: Seen()].places += 1
        fields[field, default: Seen()].scalars += 1
      case .array(let elements):
        fields[field, default: Seen()].arrays += 1
        for element in elements { note(element, field) }
      case .bool, .int, .double, .string:
        fields[field, default: Seen()].scalars += 1
        note(member.value, field)
      }
      fields[field, default: Seen()].records += 1
    }
  }

  private mutating func note(_ value: JSONValue, _ field: String) {
    var seen = fields.removeValue(forKey: field) ?? Seen()
    switch value {
    case .bool: seen.bools += 1
    case .int: seen.ints += 1
    case .double: seen.floats += 1
    case .string(let text):
      seen.strings += 1
      let bytes = Array(text.utf8)
      if FilterInstant(bytes) != nil { seen.times += 1 }
      if !seen.hasManyTexts {
        seen.texts.insert(bytes)
        if seen.texts.count > Self.keywordTexts || bytes.count > ColumnLimits.stringBytes {
          seen.hasManyTexts = true
          seen.texts = []
        }
      }
    case .null, .array, .object: seen.others += 1
    }
    fields[field] = seen
  }

  private static func isPlace(_ object: JSONObject) -> Bool {
    func number(_ key: String) -> Double? {
      switch object[key] {
      case .int(let int)?: Double(int)
      case .double(let double)?: double
      case .null?, .bool?, .string?, .array?, .object?, nil: nil
      }
    }
    guard object.members.count == 2, let latitude = number("lat"), let longitude = number("lon") else {
      return false
    }
    return GeoPoint(latitude: latitude, longitude: longitude) != nil
  }

  /// The schema of what was seen; at most as many fields as a schema may have, the most frequent ones.
  package var schema: CollectionSchema {
    let kept = fields.sorted {
      $0.value.records != $1.value.records ? $0.value.records > $1.value.records : $0.key < $1.key
    }
    .prefix(CollectionSchema.maximumFields)
    // A field that is an object in some records and something else in others is one field of any kind.
    let paths = Set(kept.map(\.key))
    let outer = kept.filter { path, _ in !SchemaInference.ancestors(path).contains { paths.contains($0) } }
    return CollectionSchema(
      fields: outer.map { path, seen in
        var field = CollectionSchema.Field(path: path, type: type(seen), isArray: seen.arrays > 0)
        if seen.arrays > 0, seen.scalars > 0 { field = CollectionSchema.Field(path: path, type: .json) }
        if paths.contains(where: { $0.hasPrefix(path + ".") }) {
          field = CollectionSchema.Field(path: path, type: .json)
        }
        field.isRequired = seen.records == records
        return field
      })
  }

  /// The paths of the objects around a field.
  private static func ancestors(_ path: String) -> [String] {
    let names = SchemaPath.names(path) ?? []
    return (1..<max(names.count, 1)).map { ColumnPath.text(Array(names.prefix($0))) }
  }

  private func type(_ seen: Seen) -> CollectionSchema.FieldType {
    let kinds = [seen.bools, seen.ints + seen.floats, seen.strings, seen.places, seen.others].filter {
      $0 > 0
    }
    guard kinds.count == 1, seen.others == 0 else { return .json }
    if seen.bools > 0 { return .bool }
    if seen.places > 0 { return .geo }
    if seen.floats > 0 { return .float }
    if seen.ints > 0 { return .int }
    if seen.times == seen.strings { return .time }
    return seen.hasManyTexts || seen.texts.count * 2 > max(seen.strings, 16) ? .text : .keyword
  }
}
