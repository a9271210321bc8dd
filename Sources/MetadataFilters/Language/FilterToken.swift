/// One token of a filter's text.
struct FilterToken: Equatable, Sendable {
  /// What the token is.
  enum Kind: Equatable, Sendable {
    /// A keyword or a name: letters, digits and underscores.
    case word
    /// A name between double quotes, without them.
    case name([UInt8])
    /// A text between single quotes, without them.
    case string([UInt8])
    /// A number without sign.
    case number
    /// A number with a unit, in nanoseconds.
    case duration(Int64)
    /// A mark or an operator.
    case symbol(Symbol)
    /// Behind the last token.
    case end
  }

  /// A mark or an operator.
  enum Symbol: Equatable, Sendable {
    case open, close, openBracket, closeBracket
    case comma, dot, colon, at, dollar, minus, plus
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
  }

  /// What it is.
  let kind: Kind
  /// Its bytes in the text.
  let range: Range<Int>
}

/// The words of the language.
enum FilterWord {
  /// Words that begin no operand, so that a name spelled so must be quoted.
  static let reserved: Set<String> = [
    "and", "or", "not", "true", "false", "null", "is", "in", "between", "like", "ilike", "matches",
    "contains",
  ]
  /// Words that are functions when `(` follows.
  static let functions = [
    "exists", "any", "all", "none", "length", "lower", "now", "geo_radius", "geo_bbox", "geo_polygon", "text",
  ]
  /// What may stand after `IS`, with what it means.
  static let kinds: [(word: String, kind: FilterKind)] = [
    ("null", .null), ("empty", .empty), ("bool", .bool), ("int", .int), ("float", .float),
    ("number", .number),
    ("string", .string), ("array", .array), ("object", .object), ("time", .time), ("geo", .geo),
    ("boolean", .bool), ("integer", .int), ("double", .float), ("text", .string), ("keyword", .string),
  ]

  /// The units of durations in nanoseconds, largest first.
  static let units: [(name: String, nanoseconds: Int64)] = [
    ("w", 604_800_000_000_000), ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000),
    ("s", 1_000_000_000), ("ms", 1_000_000),
  ]

  /// Whether a name can be written without quotes: an ASCII word that is not reserved.
  static func isPlain(_ name: [UInt8]) -> Bool {
    guard let first = name.first, isStart(first), first < 0x80 else { return false }
    guard name.allSatisfy({ $0 < 0x80 && isPart($0) }) else { return false }
    return !reserved.contains(String(decoding: name, as: UTF8.self).lowercased())
  }

  /// Whether a byte can begin a word.
  static func isStart(_ byte: UInt8) -> Bool {
    byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z") || byte == UInt8(ascii: "_")
      || byte >= 0x80
  }

  /// Whether a byte can go on in a word.
  static func isPart(_ byte: UInt8) -> Bool { isStart(byte) || isDigit(byte) }

  /// Whether a byte is a decimal digit.
  static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") <= 9 }
}
