/// What kind of identifier the records of a collection have.
///
/// The raw value is the code on disk.
package enum IDType: UInt8, Sendable, CaseIterable {
  /// UTF-8 text of 1 to 1,024 bytes without NUL.
  case string = 0
  /// A signed 64-bit integer, 8 bytes little-endian.
  case int64 = 1
  /// A UUID, 16 bytes in the order of its text.
  case uuid = 2

  /// The name that commands and JSON use.
  package var name: String {
    switch self {
    case .string: "string"
    case .int64: "int64"
    case .uuid: "uuid"
    }
  }

  /// Finds a type by its name; nil for any other text.
  package init?(name: String) {
    guard let type = IDType.allCases.first(where: { $0.name == name }) else { return nil }
    self = type
  }

  /// Bytes of every identifier of this type, nil where they differ.
  package var fixedSize: Int? {
    switch self {
    case .string: nil
    case .int64: 8
    case .uuid: 16
    }
  }
}

/// Why a text is no identifier of the wanted type.
package struct IDError: Error, Equatable, Sendable {
  /// The stable name of each reason.
  package enum Code: String, Sendable, CaseIterable {
    case empty = "id-empty"
    case tooLong = "id-too-long"
    case nul = "id-nul"
    case invalidUTF8 = "id-utf8"
    case float = "id-float"
    case range = "id-range"
    case notInteger = "id-integer"
    case notUUID = "id-uuid"
  }

  /// The stable name of the reason.
  package let code: Code
  /// What was wanted, as a noun phrase.
  package let expected: String
  /// The text that was found, shortened.
  package let found: String

  /// Makes an error from its parts.
  package init(_ code: Code, expected: String, found: String) {
    self.code = code
    self.expected = expected
    self.found = found
  }

  /// What a person can do about it; nil where the sentence says it all.
  package var hint: String? {
    switch code {
    case .float:
      "a float in an id column usually comes from a missing id in the source; write the ids as integers or text"
    case .range: "use string ids for numbers beyond 64 bits"
    case .notInteger, .notUUID: "the id type of a collection is fixed when it is created"
    case .empty, .tooLong, .nul, .invalidUTF8: nil
    }
  }
}

/// The identifier of one record: its type and its bytes as they are stored.
package struct RecordID: Hashable, Comparable, Sendable {
  /// UTF-8 text, 8 bytes little-endian, or 16 bytes.
  package let bytes: [UInt8]
  /// What the bytes mean.
  package let type: IDType

  /// The longest string identifier in bytes.
  package static let maximumLength = 1024

  /// Takes bytes that are known to be an identifier of `type`, from a batch or a checked file.
  package init(bytes: [UInt8], type: IDType) {
    self.bytes = bytes
    self.type = type
  }

  /// Takes bytes from elsewhere; nil when they are no identifier of `type`.
  package init?(validating bytes: [UInt8], type: IDType) {
    switch type {
    case .string:
      guard !bytes.isEmpty, bytes.count <= RecordID.maximumLength, !bytes.contains(0),
        String(validating: bytes, as: UTF8.self) != nil
      else { return nil }
    case .int64, .uuid:
      guard bytes.count == type.fixedSize else { return nil }
    }
    self.init(bytes: bytes, type: type)
  }

  /// Makes an integer identifier.
  package init(int64 value: Int64) {
    let bits = UInt64(bitPattern: value)
    bytes = (0..<8).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt64($0))) }
    type = .int64
  }

  /// Reads an identifier from text as a person or a file gives it.
  ///
  /// A string id is the text itself, so `007` and `1.0` stay as they are. An int64 id is a decimal number without
  /// leading zeros; `1.0` and `1E+05` fail with `id-float`. A UUID has 32 hexadecimal digits, with or without hyphens.
  package static func parse(text: String, type: IDType) throws(IDError) -> RecordID {
    var bytes: [UInt8] = []
    let text = Array(text.utf8)
    try append(text: text, type: type, to: &bytes)
    return RecordID(bytes: bytes, type: type)
  }

  /// The integer of an int64 identifier, nil for other types.
  package var int64: Int64? {
    guard type == .int64, bytes.count == 8 else { return nil }
    return Int64(bitPattern: bytes.reversed().reduce(UInt64(0)) { ($0 << 8) | UInt64($1) })
  }

  /// The identifier as people write it: the text, the decimal number, or the UUID in lower case with hyphens.
  package var display: String {
    switch type {
    case .string: String(decoding: bytes, as: UTF8.self)
    case .int64: (int64 ?? 0).description
    case .uuid:
      bytes.indices.reduce(into: "") { text, index in
        if index == 4 || index == 6 || index == 8 || index == 10 { text += "-" }
        text += String(bytes[index] >> 4, radix: 16) + String(bytes[index] & 15, radix: 16)
      }
    }
  }

  /// Orders identifiers: by type, then integers by value, everything else by bytes.
  package static func < (left: RecordID, right: RecordID) -> Bool {
    if left.type != right.type { return left.type.rawValue < right.type.rawValue }
    if let a = left.int64, let b = right.int64 { return a < b }
    return left.bytes.lexicographicallyPrecedes(right.bytes)
  }
}
