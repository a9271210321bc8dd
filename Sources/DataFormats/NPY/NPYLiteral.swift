/// The values that a .npy header may hold.
enum NPYLiteral: Equatable {
  case text(String)
  case bool(Bool)
  case int(UInt64)
  case tuple([NPYLiteral])
  case list([NPYLiteral])
  case dictionary([(String, NPYLiteral)])

  static func == (left: NPYLiteral, right: NPYLiteral) -> Bool {
    switch (left, right) {
    case (.text(let a), .text(let b)): a == b
    case (.bool(let a), .bool(let b)): a == b
    case (.int(let a), .int(let b)): a == b
    case (.tuple(let a), .tuple(let b)), (.list(let a), .list(let b)): a == b
    case (.dictionary(let a), .dictionary(let b)):
      a.count == b.count && zip(a, b).allSatisfy { $0.0 == $1.0 && $0.1 == $1.1 }
    case (.text, _), (.bool, _), (.int, _), (.tuple, _), (.list, _), (.dictionary, _): false
    }
  }
}

/// Reads the one Python literal of a .npy header and nothing else: no name, no call, no arithmetic.
struct NPYLiteralParser {
  /// What does not belong where.
  struct Failure: Error, Equatable {
    let offset: Int
    let expected: String
  }

  private let bytes: [UInt8]
  private var position = 0
  /// Nesting beyond this is refused.
  private static let maximumDepth = 8

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Parses all of `bytes`; spaces and newlines may follow the value.
  static func parse(_ bytes: [UInt8]) throws(Failure) -> NPYLiteral {
    var parser = NPYLiteralParser(bytes)
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    guard parser.position == bytes.count else { throw Failure(offset: parser.position, expected: "the end") }
    return value
  }

  private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 9 || byte == 10 || byte == 13 { position += 1 }
  }

  private mutating func value(depth: Int) throws(Failure) -> NPYLiteral {
    guard depth < NPYLiteralParser.maximumDepth else {
      throw Failure(offset: position, expected: "less nesting")
    }
    skipSpace()
    switch current {
    case UInt8(ascii: "'"), UInt8(ascii: "\""): return .text(try text())
    case .some(48...57): return .int(try integer())
    case UInt8(ascii: "T"):
      try word("True")
      return .bool(true)
    case UInt8(ascii: "F"):
      try word("False")
      return .bool(false)
    case UInt8(ascii: "("): return .tuple(try sequence(end: UInt8(ascii: ")"), depth: depth))
    case UInt8(ascii: "["): return .list(try sequence(end: UInt8(ascii: "]"), depth: depth))
    case UInt8(ascii: "{"): return .dictionary(try dictionary(depth: depth))
    default: throw Failure(offset: position, expected: "a text, True, False, a number, (, [ or {")
    }
  }

  private mutating func word(_ word: String) throws(Failure) {
    for byte in word.utf8 {
      guard current == byte else { throw Failure(offset: position, expected: word) }
      position += 1
    }
  }

  private mutating func integer() throws(Failure) -> UInt64 {
    var value: UInt64 = 0
    while let byte = current, byte >= 48, byte <= 57 {
      let (tens, carried) = value.multipliedReportingOverflow(by: 10)
      let (next, overflow) = tens.addingReportingOverflow(UInt64(byte - 48))
      guard !carried, !overflow else { throw Failure(offset: position, expected: "a number below 2^64") }
      value = next
      position += 1
    }
    // Python 2 wrote long integers so.
    if current == UInt8(ascii: "L") { position += 1 }
    return value
  }

  private mutating func text() throws(Failure) -> String {
    let quote = bytes[position]
    let start = position + 1
    var end = start
    while end < bytes.count, bytes[end] != quote {
      guard bytes[end] != UInt8(ascii: "\\"), bytes[end] >= 0x20 else {
        throw Failure(offset: end, expected: "a text without escapes")
      }
      end += 1
    }
    guard end < bytes.count else { throw Failure(offset: end, expected: "the closing quote") }
    position = end + 1
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  private mutating func sequence(end: UInt8, depth: Int) throws(Failure) -> [NPYLiteral] {
    position += 1
    var items: [NPYLiteral] = []
    while true {
      skipSpace()
      if current == end {
        position += 1
        return items
      }
      items.append(try value(depth: depth + 1))
      skipSpace()
      if current == UInt8(ascii: ",") {
        position += 1
      } else if current != end {
        throw Failure(offset: position, expected: "a comma or the closing bracket")
      } else if end == UInt8(ascii: ")"), items.count == 1 {
        throw Failure(offset: position, expected: "a comma, as in (5,)")
      }
    }
  }

  private mutating func dictionary(depth: Int) throws(Failure) -> [(String, NPYLiteral)] {
    position += 1
    var pairs: [(String, NPYLiteral)] = []
    while true {
      skipSpace()
      if current == UInt8(ascii: "}") {
        position += 1
        return pairs
      }
      guard current == UInt8(ascii: "'") || current == UInt8(ascii: "\"") else {
        throw Failure(offset: position, expected: "a key in quotes")
      }
      let start = position
      let key = try text()
      guard !pairs.contains(where: { $0.0 == key }) else {
        throw Failure(offset: start, expected: "each key once")
      }
      skipSpace()
      guard current == UInt8(ascii: ":") else { throw Failure(offset: position, expected: "a colon") }
      position += 1
      pairs.append((key, try value(depth: depth + 1)))
      skipSpace()
      if current == UInt8(ascii: ",") {
        position += 1
      } else if current != UInt8(ascii: "}") {
        throw Failure(offset: position, expected: "a comma or }")
      }
    }
  }
}
