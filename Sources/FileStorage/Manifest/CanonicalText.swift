/// Reads canonical JSON (sorted keys, no spaces, whole numbers only) one value after the other, without building a tree.
///
/// The caller asks for the members of an object in the order of their keys; members it does not know are passed over.
/// Every step is bounded by the bytes, and nesting by `maximumDepth`, so a hostile text costs no more memory than its size.
struct CanonicalTextReader {
  /// The deepest nesting.
  static let maximumDepth = 16

  private let bytes: ArraySlice<UInt8>
  private let path: String
  private let fileOffset: UInt64
  private var position: Int
  /// The last key read in each open object, nil before the first; its count is the depth.
  private var lastKeys: [String?] = []

  /// A reader of text that begins `fileOffset` bytes into the file at `path`.
  init(_ bytes: ArraySlice<UInt8>, path: String, fileOffset: UInt64) {
    self.bytes = bytes
    self.path = path
    self.fileOffset = fileOffset
    position = bytes.startIndex
  }

  /// An error at the next byte.
  func damage(_ expected: String, _ found: String? = nil) -> StorageError {
    .corruption(
      CorruptionError(
        path: path, section: "body", offset: fileOffset + UInt64(position - bytes.startIndex),
        expected: expected,
        found: found ?? next.map { "byte \($0)" } ?? "the end"))
  }

  private var next: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

  private mutating func take(_ byte: UInt8) throws(StorageError) {
    guard next == byte else { throw damage("'\(Unicode.Scalar(byte))'") }
    position += 1
  }

  private mutating func takeSeparator(after opening: UInt8) throws(StorageError) {
    // `position` is behind at least the opening byte here.
    if bytes[position - 1] != opening { try take(UInt8(ascii: ",")) }
  }

  /// Reads `{`.
  mutating func beginObject() throws(StorageError) {
    guard lastKeys.count < CanonicalTextReader.maximumDepth else { throw damage("at most 16 levels", "more") }
    try take(UInt8(ascii: "{"))
    lastKeys.append(nil)
  }

  /// Passes over the members that are left, and reads `}`.
  mutating func endObject() throws(StorageError) {
    while next != UInt8(ascii: "}") {
      _ = try key()
      try skipValue(depth: lastKeys.count)
    }
    position += 1
    lastKeys.removeLast()
  }

  /// The next member's key, which must come after the one before; the value follows.
  mutating func key() throws(StorageError) -> String {
    try takeSeparator(after: UInt8(ascii: "{"))
    let start = self
    let key = try string()
    // An object is open, so there is a last element.
    if let last = lastKeys[lastKeys.count - 1], !key.isAfter(last) {
      throw start.damage("sorted keys", "another order")
    }
    lastKeys[lastKeys.count - 1] = key
    try take(UInt8(ascii: ":"))
    return key
  }

  /// Goes to the value of `wanted`, passing over members that sort before it.
  mutating func member(_ wanted: String) throws(StorageError) {
    while next != UInt8(ascii: "}") {
      let found = try key()
      if found == wanted { return }
      guard wanted.isAfter(found) else { break }
      try skipValue(depth: lastKeys.count)
    }
    throw damage("the key \"\(wanted)\"", "another key or the end of the object")
  }

  /// True while the object has another member; used with `key`.
  var hasMember: Bool { next != UInt8(ascii: "}") && next != nil }

  /// Reads `[`.
  mutating func beginArray() throws(StorageError) { try take(UInt8(ascii: "[")) }

  /// Moves to the next element; false after reading `]`.
  mutating func nextElement() throws(StorageError) -> Bool {
    if next == UInt8(ascii: "]") {
      position += 1
      return false
    }
    try takeSeparator(after: UInt8(ascii: "["))
    return true
  }

  /// Reads `null` if it is next.
  mutating func null() -> Bool {
    guard bytes[position...].starts(with: "null".utf8) else { return false }
    position += 4
    return true
  }

  /// Reads a whole number.
  mutating func signed() throws(StorageError) -> Int64 {
    let start = self
    let isNegative = next == UInt8(ascii: "-")
    if isNegative { position += 1 }
    let first = position
    var value: Int64 = 0
    var overflow = false
    while let byte = next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
      let (product, high) = value.multipliedReportingOverflow(by: 10)
      let digit = Int64(byte - UInt8(ascii: "0"))
      let (sum, carry) =
        isNegative
        ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
      overflow = overflow || high || carry
      value = sum
      position += 1
    }
    let digits = position - first
    guard digits > 0, !overflow, digits == 1 || bytes[first] != UInt8(ascii: "0"), !isNegative || value != 0
    else {
      throw start.damage("a whole number of 64 bits", "another value")
    }
    return value
  }

  /// Reads a whole number within bounds.
  mutating func unsigned(_ range: ClosedRange<UInt64>) throws(StorageError) -> UInt64 {
    let start = self
    let value = try signed()
    guard value >= 0, range.contains(UInt64(value)) else {
      throw start.damage("a number from \(range.lowerBound) to \(range.upperBound)", "\(value)")
    }
    return UInt64(value)
  }

  /// Reads a string.
  mutating func string() throws(StorageError) -> String {
    let start = self
    try take(UInt8(ascii: "\""))
    let first = position
    while let byte = next, byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
      position += 1
    }
    if next == UInt8(ascii: "\""), let text = String(validating: bytes[first..<position], as: UTF8.self) {
      position += 1
      return text
    }
    var plain = [UInt8](bytes[first..<position])
    while let byte = next, byte != UInt8(ascii: "\"") {
      guard byte >= 0x20 else { throw damage("an escaped control character") }
      position += 1
      plain.append(byte == UInt8(ascii: "\\") ? try escape() : byte)
    }
    try take(UInt8(ascii: "\""))
    guard let text = String(validating: plain, as: UTF8.self) else {
      throw start.damage("UTF-8 text", "other bytes")
    }
    return text
  }

  /// Reads what follows a backslash; only the escapes that canonical text has.
  private mutating func escape() throws(StorageError) -> UInt8 {
    guard let byte = next else { throw damage("an escape") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): return byte
    case UInt8(ascii: "b"): return 8
    case UInt8(ascii: "t"): return 9
    case UInt8(ascii: "n"): return 10
    case UInt8(ascii: "f"): return 12
    case UInt8(ascii: "r"): return 13
    case UInt8(ascii: "u"):
      let digits = bytes[position...].prefix(4)
      guard digits.count == 4, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16),
        value < 0x20
      else { throw damage("the escape of a control character") }
      position += 4
      return value
    default: throw damage("an escape")
    }
  }

  /// Reads 64 hexadecimal digits.
  mutating func digest() throws(StorageError) -> Digest256 {
    let start = self
    let text = try string()
    guard text.utf8.count == 64, let digest = Digest256(hex: text), digest.hex == text else {
      throw start.damage("64 lower-case hexadecimal digits", "another text")
    }
    return digest
  }

  /// Passes over one value of any kind.
  private mutating func skipValue(depth: Int) throws(StorageError) {
    guard depth <= CanonicalTextReader.maximumDepth else { throw damage("at most 16 levels", "more") }
    switch next {
    case UInt8(ascii: "{"):
      try beginObject()
      try endObject()
    case UInt8(ascii: "["):
      try beginArray()
      while try nextElement() { try skipValue(depth: depth + 1) }
    case UInt8(ascii: "\""):
      _ = try string()
    default:
      let first = position
      while let byte = next, ![UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}")].contains(byte) {
        guard byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "\"") else { throw damage("a value") }
        position += 1
      }
      guard position > first else { throw damage("a value") }
    }
  }

  /// Checks that nothing is left.
  func end() throws(StorageError) {
    guard next == nil else { throw damage("the end of the text") }
  }
}

/// Writes canonical JSON; the caller gives an object's members in the order of their keys.
struct CanonicalTextWriter {
  private(set) var bytes: [UInt8] = []

  private mutating func separate() {
    guard let last = bytes.last, last != UInt8(ascii: "{"), last != UInt8(ascii: "["),
      last != UInt8(ascii: ":")
    else {
      return
    }
    bytes.append(UInt8(ascii: ","))
  }

  /// Begins an object, as the next element or member value.
  mutating func beginObject() {
    separate()
    bytes.append(UInt8(ascii: "{"))
  }
  mutating func endObject() { bytes.append(UInt8(ascii: "}")) }

  /// Begins an array.
  mutating func beginArray() {
    separate()
    bytes.append(UInt8(ascii: "["))
  }
  mutating func endArray() { bytes.append(UInt8(ascii: "]")) }

  /// Writes a member's key.
  mutating func key(_ key: String) {
    separate()
    quote(key)
    bytes.append(UInt8(ascii: ":"))
  }

  mutating func number(_ key: String, _ value: some BinaryInteger) {
    self.key(key)
    bytes.append(contentsOf: String(value).utf8)
  }

  mutating func string(_ key: String, _ value: String) {
    self.key(key)
    quote(value)
  }

  mutating func null(_ key: String) {
    self.key(key)
    bytes.append(contentsOf: "null".utf8)
  }

  private mutating func quote(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 8: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "b")]
      case 9: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "t")]
      case 10: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
      case 12: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "f")]
      case 13: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "r")]
      case 0..<0x20:
        bytes.append(contentsOf: "\\u00".utf8)
        appendHex(byte, to: &bytes)
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}

extension String {
  /// Whether the UTF-8 bytes sort after another text's.
  func isAfter(_ other: String) -> Bool { other.utf8.lexicographicallyPrecedes(utf8) }
}
