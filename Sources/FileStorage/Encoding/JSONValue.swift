/// A JSON value in memory.
package enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  case int(Int64)
  case double(Double)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)

  /// Makes an object from keys and values in their order.
  package static func object(_ members: [(key: String, value: JSONValue)]) -> JSONValue {
    .object(JSONObject(members))
  }

  /// The value of a key of an object; nil for other kinds and missing keys.
  package subscript(key: String) -> JSONValue? {
    guard case .object(let object) = self else { return nil }
    return object[key]
  }
}

/// The members of a JSON object in their order; keys are unique when a parser made it.
package struct JSONObject: Equatable, Sendable {
  /// One key and its value.
  package struct Member: Equatable, Sendable {
    package var key: String
    package var value: JSONValue

    /// Makes a member.
    package init(key: String, value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  /// The members in their order.
  package var members: [Member]

  /// Makes an object from members.
  package init(members: [Member] = []) { self.members = members }

  /// Makes an object from keys and values in their order.
  package init(_ members: [(key: String, value: JSONValue)]) {
    self.members = members.map { Member(key: $0.key, value: $0.value) }
  }

  /// The value of a key; setting nil removes it, setting a new key appends it.
  package subscript(key: String) -> JSONValue? {
    get { members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value }
    set {
      let index = members.firstIndex { $0.key.utf8.elementsEqual(key.utf8) }
      switch (index, newValue) {
      case (let index?, let value?): members[index].value = value
      case (let index?, nil): members.remove(at: index)
      case (nil, let value?): members.append(Member(key: key, value: value))
      case (nil, nil): break
      }
    }
  }
}
