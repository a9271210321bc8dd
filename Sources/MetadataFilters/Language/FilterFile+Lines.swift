import FileStorage

extension FilterFile {
  /// Adds the value of one line of the file to a set; a blank line adds nothing.
  ///
  /// What a line means depends on the field that is looked up: a number where that is a number, an instant, a boolean or
  /// the canonical UUID likewise. Where it is a string, a line that is a JSON string stands for that string and any other
  /// line for itself, `7` and `true` too. Where nothing is known, a line that is a JSON scalar is that value, and any other
  /// line a string.
  /// - Throws: `FilterError` of code `file`, without a place.
  package func insert(
    _ line: UnsafeRawBufferPointer, into values: inout FilterValueSet.Builder
  ) throws(FilterError) {
    guard let first = unsafe line.first(where: { $0 != 0x20 && $0 != 0x09 }) else { return }
    guard let text = unsafe String(validating: line, as: UTF8.self) else {
      throw FilterFile.error("a line in UTF-8", "other bytes")
    }
    let json: JSONValue? =
      type == .text && first != UInt8(ascii: "\"") ? nil : try? unsafe JSONParser.parse(line)
    switch type {
    case .text:
      if case .string(let plain) = json { return values.insert(.string(Array(plain.utf8))) }
      unsafe values.insert(string: line)
    case .uuid:
      guard
        let uuid = try? RecordID.parse(text: FilterFile.plain(json) ?? FilterFile.trimmed(text), type: .uuid)
      else {
        throw FilterFile.error("a UUID", text)
      }
      values.insert(.string(Array(uuid.display.utf8)))
    case .time:
      let plain = FilterFile.plain(json) ?? FilterFile.trimmed(text)
      guard let instant = FilterInstant(Array(plain.utf8)) else {
        throw FilterFile.error("a time with offset, or a date", text)
      }
      values.insert(.time(instant))
    case .int, .float:
      switch json {
      case .int(let int): values.insert(.int(int))
      case .double(let double): values.insert(.double(double))
      case .null: values.hasNull = true
      case .bool, .string, .array, .object, nil: throw FilterFile.error("a number", text)
      }
    case .bool:
      guard case .bool(let bool) = json else { throw FilterFile.error("true or false", text) }
      values.insert(.bool(bool))
    case .geo, .any:
      switch json {
      case .null: values.hasNull = true
      case .bool(let bool): values.insert(.bool(bool))
      case .int(let int): values.insert(.int(int))
      case .double(let double): values.insert(.double(double))
      case .string(let plain): values.insert(.string(Array(plain.utf8)))
      case .array, .object: throw FilterFile.error("a scalar", text)
      case nil: unsafe values.insert(string: line)
      }
    }
  }

  private static func plain(_ json: JSONValue?) -> String? {
    if case .string(let text) = json { text } else { nil }
  }

  private static func trimmed(_ text: String) -> String {
    var bytes = Array(text.utf8)[...]
    while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
    while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func error(_ expected: String, _ found: String) -> FilterError {
    FilterError(
      .file, at: .nowhere, expected: expected,
      found: FilterLexer.excerpt(Array(found.utf8), 0..<found.utf8.count))
  }
}
