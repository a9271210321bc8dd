/// Writes JSON without spaces, byte by byte, with commas where they belong.
///
/// The caller opens and closes arrays and objects in order and gives a key before each value of an object.
package struct JSONWriter: Sendable {
  /// What has been written so far.
  package var bytes: [UInt8] = []
  private var needsComma = false

  /// Makes an empty writer.
  package init() {}

  /// Makes a writer that takes over the storage of `bytes`, emptied.
  package init(reusing bytes: [UInt8]) {
    self.bytes = bytes
    self.bytes.removeAll(keepingCapacity: true)
  }

  /// Opens an object, as a value.
  package mutating func beginObject() { open(UInt8(ascii: "{")) }

  /// Closes the object.
  package mutating func endObject() { close(UInt8(ascii: "}")) }

  /// Opens an array, as a value.
  package mutating func beginArray() { open(UInt8(ascii: "[")) }

  /// Closes the array.
  package mutating func endArray() { close(UInt8(ascii: "]")) }

  /// Writes the key of the next value.
  package mutating func key(_ name: String) {
    separate()
    JSONWriter.appendQuoted(name, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  /// Writes a string.
  package mutating func value(_ text: String) {
    separate()
    JSONWriter.appendQuoted(text, to: &bytes)
  }

  /// Writes an integer.
  package mutating func value(_ number: Int64) {
    separate()
    JSONWriter.appendDecimal(number, to: &bytes)
  }

  /// Writes an integer.
  package mutating func value(_ number: Int) { value(Int64(number)) }

  /// Writes an integer.
  package mutating func value(_ number: UInt64) {
    separate()
    bytes.append(contentsOf: number.description.utf8)
  }

  /// Writes a number as the shortest text that reads back the same; null when it is not finite.
  package mutating func value(_ number: Double) {
    guard number.isFinite else { return null() }
    separate()
    DecimalFloat.appendShortest(number, to: &bytes)
  }

  /// Writes a number as the shortest text that reads back the same float; null when it is not finite.
  package mutating func value(_ number: Float) {
    guard number.isFinite else { return null() }
    separate()
    DecimalFloat.appendShortest(number, to: &bytes)
  }

  /// Writes true or false.
  package mutating func value(_ flag: Bool) {
    separate()
    bytes.append(contentsOf: (flag ? "true" : "false").utf8)
  }

  /// Writes null.
  package mutating func null() {
    separate()
    bytes.append(contentsOf: "null".utf8)
  }

  /// Writes text that is one JSON value already.
  package mutating func raw(_ json: [UInt8]) {
    separate()
    bytes.append(contentsOf: json)
  }

  /// Writes text that is one JSON value already.
  package mutating func raw(_ json: UnsafeRawBufferPointer) {
    separate()
    unsafe bytes.append(contentsOf: json)
  }

  /// Writes a value with its keys in the order they have.
  package mutating func value(_ json: JSONValue) {
    switch json {
    case .null: null()
    case .bool(let flag): value(flag)
    case .int(let number): value(number)
    case .double(let number): value(number)
    case .string(let text): value(text)
    case .array(let elements):
      beginArray()
      for element in elements { value(element) }
      endArray()
    case .object(let object):
      beginObject()
      for member in object.members {
        key(member.key)
        value(member.value)
      }
      endObject()
    }
  }

  /// Ends a line.
  package mutating func newline() {
    bytes.append(0x0A)
    needsComma = false
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  private mutating func open(_ bracket: UInt8) {
    separate()
    bytes.append(bracket)
    needsComma = false
  }

  private mutating func close(_ bracket: UInt8) {
    bytes.append(bracket)
    needsComma = true
  }
}

extension JSONWriter {
  /// Appends a string in quotes with the fewest escapes: quote, backslash and controls.
  package static func appendQuoted(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 { appendEscaped(byte, to: &bytes) }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Appends UTF-8 bytes as a string in quotes with the fewest escapes.
  package static func appendQuoted(_ text: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    for index in 0..<text.count { appendEscaped(unsafe text[index], to: &bytes) }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Appends one byte of a string's UTF-8.
  static func appendEscaped(_ byte: UInt8, to bytes: inout [UInt8]) {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"):
      bytes.append(UInt8(ascii: "\\"))
      bytes.append(byte)
    case 0x20...: bytes.append(byte)
    case 0x08: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "b")])
    case 0x09: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "t")])
    case 0x0A: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
    case 0x0C: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "f")])
    case 0x0D: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "r")])
    default:
      let digits = Array("0123456789abcdef".utf8)
      bytes.append(contentsOf: "\\u00".utf8)
      bytes.append(digits[Int(byte >> 4)])
      bytes.append(digits[Int(byte & 15)])
    }
  }

  /// Appends an integer in decimal.
  package static func appendDecimal(_ number: Int64, to bytes: inout [UInt8]) {
    var rest = number.magnitude
    if number < 0 { bytes.append(UInt8(ascii: "-")) }
    let start = bytes.count
    repeat {
      bytes.append(48 + UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    } while rest > 0
    bytes[start...].reverse()
  }

  /// Appends the shortest decimal text that reads back as `value`; null when it is not finite.
  package mutating func appendFloat(_ value: Float) { self.value(value) }
}
