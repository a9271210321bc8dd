import DataFormats
import FileStorage
import VectorDatabase

/// A change of a record's metadata, as the options of `update` or a line of a file say.
struct MetadataEdit: Sendable {
  /// Whether the old metadata goes first.
  var replaces = false
  /// Members to set at the top.
  var set = JSONObject()
  /// Single fields to set; objects on the way are made.
  var fields: [(path: FieldPath, value: JSONValue)] = []
  /// Fields to remove; one that is not there is fine.
  var unset: [FieldPath] = []

  /// Whether it leaves everything as it is.
  var isEmpty: Bool { !replaces && set.members.isEmpty && fields.isEmpty && unset.isEmpty }

  /// The canonical metadata of the row `id` after the change of `old`, a canonical JSON object.
  func apply(to old: [UInt8], id: String) throws(DatabaseError) -> [UInt8] {
    do throws(JSONError) {
      var object = JSONObject()
      if !replaces, case .object(let parsed) = try JSONParser.parse(old) { object = parsed }
      for path in unset { MetadataEdit.remove(path.steps[...], from: &object) }
      for member in set.members { object[member.key] = member.value }
      for (path, value) in fields { MetadataEdit.put(value, path.steps[...], into: &object) }
      return try CanonicalJSON.encode(.object(object))
    } catch {
      throw .invalidSetting(field: "the metadata of '\(id)'", value: error.found, expected: error.expected)
    }
  }

  private static func name(_ step: FieldPath.Step?) -> String? {
    guard case .key(let bytes)? = step else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Sets a field; whatever stands on the way and is no object becomes one.
  ///
  /// Paths with array elements are refused earlier.
  private static func put(
    _ value: JSONValue, _ steps: ArraySlice<FieldPath.Step>, into object: inout JSONObject
  ) {
    guard let key = name(steps.first) else { return }
    guard steps.count > 1 else {
      object[key] = value
      return
    }
    var inner = JSONObject()
    if case .object(let existing)? = object[key] { inner = existing }
    put(value, steps.dropFirst(), into: &inner)
    object[key] = .object(inner)
  }

  private static func remove(_ steps: ArraySlice<FieldPath.Step>, from object: inout JSONObject) {
    guard let key = name(steps.first) else { return }
    guard steps.count > 1 else {
      object[key] = nil
      return
    }
    guard case .object(var inner)? = object[key] else { return }
    remove(steps.dropFirst(), from: &inner)
    object[key] = .object(inner)
  }
}
