/// Writes JSON as text, members in the order given.
///
/// Small and slow beside the writer for records: for help, messages and summaries.
package struct JSONText: Sendable {
  /// The text so far.
  package private(set) var text = ""
  private var needsComma = false

  /// Makes an empty text.
  package init() {}

  private mutating func separate() {
    if needsComma { text += "," }
    needsComma = false
  }

  /// Begins an object as a value.
  package mutating func beginObject() {
    separate()
    text += "{"
  }

  /// Ends the innermost object.
  package mutating func endObject() {
    text += "}"
    needsComma = true
  }

  /// Begins an array as a value.
  package mutating func beginArray() {
    separate()
    text += "["
  }

  /// Ends the innermost array.
  package mutating func endArray() {
    text += "]"
    needsComma = true
  }

  /// Begins a member; exactly one value must follow.
  package mutating func key(_ name: String) {
    value(name)
    text += ":"
    needsComma = false
  }

  /// Adds a string.
  package mutating func value(_ string: String) {
    separate()
    text += JSONText.quoted(string)
    needsComma = true
  }

  /// Adds a whole number.
  package mutating func value(_ number: some FixedWidthInteger) { raw(String(number)) }

  /// Adds a finite number; null for any other.
  package mutating func value(_ number: Double) { raw(number.isFinite ? "\(number)" : "null") }

  /// Adds true or false.
  package mutating func value(_ isTrue: Bool) { raw(isTrue ? "true" : "false") }

  /// Adds null.
  package mutating func null() { raw("null") }

  /// Adds text that is a JSON value already.
  package mutating func raw(_ json: String) {
    separate()
    text += json
    needsComma = true
  }

  /// Adds a member that is a string.
  package mutating func member(_ name: String, _ string: String) {
    key(name)
    value(string)
  }

  /// Adds a member that is a whole number.
  package mutating func member(_ name: String, _ number: some FixedWidthInteger) {
    key(name)
    value(number)
  }

  /// Adds a member that is a finite number, or null.
  package mutating func member(_ name: String, _ number: Double) {
    key(name)
    value(number)
  }

  /// Adds a member that is true or false.
  package mutating func member(_ name: String, _ isTrue: Bool) {
    key(name)
    value(isTrue)
  }

  /// Adds a member whose value is an array of strings.
  package mutating func member(_ name: String, _ strings: [String]) {
    key(name)
    beginArray()
    for string in strings { value(string) }
    endArray()
  }

  /// A JSON string with quotes; escapes quotes, backslashes and control characters.
  package static func quoted(_ string: String) -> String {
    var result = "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      default:
        if scalar.value < 0x20 || scalar.value == 0x7F {
          let digits = String(scalar.value, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }
}
