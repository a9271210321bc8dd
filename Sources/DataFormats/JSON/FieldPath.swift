/// The place of a value in a record: `id`, `response.body.data[0].embedding`, `"a.b".c`.
///
/// Names stand between dots; `[n]` takes element *n* of an array, from 0. A name that holds a dot, a bracket or a quote, or
/// that is empty, is written in double quotes, where a backslash stands before `"` and `\`.
package struct FieldPath: Equatable, Sendable {
  /// One step down.
  package enum Step: Equatable, Sendable {
    /// The member of an object with this name, as UTF-8.
    case key([UInt8])
    /// The element of an array.
    case index(Int)
  }

  /// The steps from the record down; never empty, and the first is a key.
  package let steps: [Step]
  /// The path as it was given, for messages.
  package let text: String

  /// Reads a path; nil when it is malformed or deeper than 64 steps.
  package init?(_ text: String) {
    let bytes = Array(text.utf8)
    var steps: [Step] = []
    var position = 0
    var wantsKey = true
    while position < bytes.count || wantsKey {
      if wantsKey {
        guard let key = FieldPath.key(bytes, &position) else { return nil }
        steps.append(.key(key))
        wantsKey = false
      } else if bytes[position] == UInt8(ascii: ".") {
        position += 1
        wantsKey = true
      } else if bytes[position] == UInt8(ascii: "[") {
        guard let index = FieldPath.index(bytes, &position) else { return nil }
        steps.append(.index(index))
      } else {
        return nil
      }
    }
    guard steps.count <= 64 else { return nil }
    self.steps = steps
    self.text = text
  }

  /// Whether a step takes an element of an array.
  package var hasIndex: Bool {
    steps.contains { if case .index = $0 { true } else { false } }
  }

  private static func key(_ bytes: [UInt8], _ position: inout Int) -> [UInt8]? {
    var key: [UInt8] = []
    guard position < bytes.count else { return nil }
    if bytes[position] != UInt8(ascii: "\"") {
      while position < bytes.count {
        let byte = bytes[position]
        if byte == UInt8(ascii: ".") || byte == UInt8(ascii: "[") { break }
        if byte == UInt8(ascii: "]") || byte == UInt8(ascii: "\"") { return nil }
        key.append(byte)
        position += 1
      }
      return key.isEmpty ? nil : key
    }
    position += 1
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: "\"") { return key }
      if byte == UInt8(ascii: "\\") {
        guard position < bytes.count else { return nil }
        key.append(bytes[position])
        position += 1
      } else {
        key.append(byte)
      }
    }
    return nil
  }

  private static func index(_ bytes: [UInt8], _ position: inout Int) -> Int? {
    guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "]")) else { return nil }
    let digits = bytes[(position + 1)..<end]
    position = end + 1
    guard !digits.isEmpty, digits.count <= 9, digits.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
    return digits.reduce(0) { $0 * 10 + Int($1 - 48) }
  }
}
