/// Turns scanned JSON into its canonical spelling, with storage that is used again for the next value.
///
/// Objects can also be built from chosen members: `beginObject`, then `beginMember`, a value and `endMember` for each,
/// then `endObject`.
package struct CanonicalEncoder: Sendable {
  /// An object that is being written.
  package struct OpenObject: Sendable {
    /// Where its `{` stands in the output.
    fileprivate let start: Int
    /// Its first entry in the stack of members.
    fileprivate let firstMember: Int
    /// Whether the keys so far are in order.
    fileprivate var isSorted = true
  }

  private struct Member {
    /// The opening quote of the key in the output.
    var start: Int
    /// Behind the closing quote of the key.
    var keyEnd: Int
    /// Behind the value; set by `endMember`.
    var end: Int
    /// The key's opening quote in the input, for messages.
    var offset: Int
  }

  /// What was changed since this was last emptied.
  package var warnings = CanonicalWarnings()
  /// Members of all open objects, outer ones first.
  private var members: [Member] = []
  private var scratch: [UInt8] = []
  private var unescaped: [UInt8] = []

  /// Makes an encoder.
  package init() {}

  /// Forgets objects that were left open by an error.
  package mutating func reset() { members.removeAll(keepingCapacity: true) }

  /// Takes the scanner's next value and appends its canonical spelling.
  ///
  /// The value lies in `depth` arrays and objects. After an error `output` may hold a part of it.
  package mutating func value(
    _ scanner: inout JSONScanner, to output: inout [UInt8], depth: Int
  ) throws(JSONError) {
    switch try scanner.peekKind() {
    case .string: text(try scanner.readString(), scanner, to: &output)
    case .number: try number(&scanner, to: &output)
    case .bool: output.append(contentsOf: (try scanner.readBool() ? "true" : "false").utf8)
    case .null:
      try scanner.readNull()
      output.append(contentsOf: "null".utf8)
    case .array:
      try scanner.checkDepth(depth)
      try scanner.beginArray()
      output.append(UInt8(ascii: "["))
      var isFirst = true
      var needsComma = false
      while try scanner.nextElement(&isFirst) {
        if needsComma { output.append(UInt8(ascii: ",")) }
        needsComma = true
        try value(&scanner, to: &output, depth: depth + 1)
      }
      output.append(UInt8(ascii: "]"))
    case .object:
      try scanner.checkDepth(depth)
      try scanner.beginObject()
      var object = beginObject(to: &output)
      var isFirst = true
      while let key = try scanner.nextKey(&isFirst) {
        try beginMember(key, scanner, of: &object, to: &output)
        try value(&scanner, to: &output, depth: depth + 1)
        endMember(output)
      }
      try endObject(object, to: &output)
    }
  }

  /// Opens an object.
  package mutating func beginObject(to output: inout [UInt8]) -> OpenObject {
    output.append(UInt8(ascii: "{"))
    return OpenObject(start: output.count - 1, firstMember: members.count)
  }

  /// Whether an open object has no members yet.
  package func isEmpty(_ object: OpenObject) -> Bool { members.count == object.firstMember }

  /// Takes back an open object as if it had never been begun.
  package mutating func cancelObject(_ object: OpenObject, in output: inout [UInt8]) {
    output.removeSubrange(object.start...)
    members.removeSubrange(object.firstMember...)
  }

  /// Takes back the member that was begun last.
  package mutating func cancelMember(in output: inout [UInt8]) {
    guard let member = members.popLast() else { return }
    // The comma in front belongs to the member.
    let comma = member.start > 0 && output[member.start - 1] == UInt8(ascii: ",") ? 1 : 0
    output.removeSubrange((member.start - comma)...)
  }

  /// Writes the key of the next member.
  package mutating func beginMember(
    _ key: JSONText, _ scanner: JSONScanner, of object: inout OpenObject, to output: inout [UInt8]
  ) throws(JSONError) {
    if members.count > object.firstMember { output.append(UInt8(ascii: ",")) }
    let start = output.count
    text(key, scanner, to: &output)
    let member = Member(start: start, keyEnd: output.count, end: output.count, offset: key.start - 1)
    output.append(UInt8(ascii: ":"))
    if object.isSorted, members.count > object.firstMember {
      let order = CanonicalEncoder.compareKeys(output, members[members.count - 1], member)
      if order == 0 { throw duplicate(member, output) }
      if order > 0 { object.isSorted = false }
    }
    members.append(member)
  }

  /// Ends the member that was begun last and not ended.
  package mutating func endMember(_ output: [UInt8]) {
    members[members.count - 1].end = output.count
  }

  /// Closes an object: sorts its members if they are not, and finds keys that stand twice.
  package mutating func endObject(_ object: OpenObject, to output: inout [UInt8]) throws(JSONError) {
    if !object.isSorted { try sort(object, in: &output) }
    members.removeSubrange(object.firstMember...)
    output.append(UInt8(ascii: "}"))
  }

  private mutating func sort(_ object: OpenObject, in output: inout [UInt8]) throws(JSONError) {
    members[object.firstMember...].sort { left, right in
      let order = CanonicalEncoder.compareKeys(output, left, right)
      return order == 0 ? left.offset < right.offset : order < 0
    }
    scratch.removeAll(keepingCapacity: true)
    for index in object.firstMember..<members.count {
      let member = members[index]
      if index > object.firstMember {
        if CanonicalEncoder.compareKeys(output, members[index - 1], member) == 0 {
          throw duplicate(member, output)
        }
        scratch.append(UInt8(ascii: ","))
      }
      scratch.append(contentsOf: output[member.start..<member.end])
    }
    output.replaceSubrange((object.start + 1)..., with: scratch)
  }

  private func duplicate(_ member: Member, _ output: [UInt8]) -> JSONError {
    let key = String(decoding: output[member.start..<member.keyEnd], as: UTF8.self)
    return JSONError(
      .duplicateKey, at: member.offset, expected: "each key once in an object", found: "\(key) again")
  }

  private mutating func text(_ text: JSONText, _ scanner: JSONScanner, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    if text.hasEscapes {
      unescaped.removeAll(keepingCapacity: true)
      scanner.appendUnescaped(text, to: &unescaped)
      for byte in unescaped { JSONWriter.appendEscaped(byte, to: &output) }
    } else {
      scanner.appendRaw(text, to: &output)
    }
    output.append(UInt8(ascii: "\""))
  }

  private mutating func number(_ scanner: inout JSONScanner, to output: inout [UInt8]) throws(JSONError) {
    let start = scanner.position
    switch try scanner.readNumber() {
    case .int(0): output.append(UInt8(ascii: "0"))
    case .int:
      scanner.appendRaw(JSONText(start: start, end: scanner.position, hasEscapes: false), to: &output)
    case .double(let value): DecimalFloat.appendShortest(value, to: &output)
    case .outside:
      output.append(UInt8(ascii: "\""))
      scanner.appendRaw(JSONText(start: start, end: scanner.position, hasEscapes: false), to: &output)
      output.append(UInt8(ascii: "\""))
      warnings.numbersKeptAsText += 1
      if warnings.firstOffset == nil { warnings.firstOffset = start }
    }
  }

  /// Orders two written keys by the bytes that they mean: negative, zero or positive.
  private static func compareKeys(_ bytes: [UInt8], _ left: Member, _ right: Member) -> Int {
    // Both ranges are a quote, the key as written, and a quote.
    var a = left.start + 1
    var b = right.start + 1
    let aEnd = left.keyEnd - 1
    let bEnd = right.keyEnd - 1
    while a < aEnd, b < bEnd {
      let x = nextByte(bytes, &a)
      let y = nextByte(bytes, &b)
      if x != y { return x < y ? -1 : 1 }
    }
    return (a < aEnd ? 1 : 0) - (b < bEnd ? 1 : 0)
  }

  /// The byte that the written key means at `place`, which moves behind it.
  @inline(__always)
  private static func nextByte(_ bytes: [UInt8], _ place: inout Int) -> UInt8 {
    let byte = bytes[place]
    place += 1
    guard byte == UInt8(ascii: "\\") else { return byte }
    let escape = bytes[place]
    place += 1
    switch escape {
    case UInt8(ascii: "b"): return 0x08
    case UInt8(ascii: "t"): return 0x09
    case UInt8(ascii: "n"): return 0x0A
    case UInt8(ascii: "f"): return 0x0C
    case UInt8(ascii: "r"): return 0x0D
    case UInt8(ascii: "u"):
      let high = bytes[place + 2] & 15
      let low = bytes[place + 3]
      place += 4
      return high << 4 | (low <= UInt8(ascii: "9") ? low - 48 : low - 87)
    default: return escape
    }
  }
}
