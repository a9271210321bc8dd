import FileStorage

/// Reading the tokens of one canonical record. Everything is checked: a record comes from a file.
extension ColumnCollector {
  /// The byte at the cursor, 0 at the end.
  @inline(__always)
  var peek: UInt8 {
    // Safe: the cursor is inside the record.
    at < end ? unsafe base.load(fromByteOffset: at, as: UInt8.self) : 0
  }

  /// The error for a record that is not canonical JSON.
  @inline(never)
  func malformed(_ expected: String) -> StorageError {
    let found = at < end ? "byte 0x" + String(peek, radix: 16) : "the end"
    return .corruption(
      CorruptionError(
        path: "row \(row)", section: "metadata", offset: UInt64(max(at, 0)), expected: expected, found: found)
    )
  }

  /// Reads a string; the result is valid until the next one is read.
  @inline(__always)
  mutating func readString() throws(StorageError) -> UnsafeRawBufferPointer {
    let start = at &+ 1
    var position = start
    // Safe: every load is before `end`.
    while position < end {
      let byte = unsafe base.load(fromByteOffset: position, as: UInt8.self)
      if byte == UInt8(ascii: "\"") {
        at = position &+ 1
        return unsafe UnsafeRawBufferPointer(start: base + start, count: position &- start)
      }
      if byte == UInt8(ascii: "\\") { return try unsafe readEscapedString(start) }
      position &+= 1
    }
    at = end
    throw malformed("the end of a string")
  }

  private mutating func readEscapedString(_ start: Int) throws(StorageError) -> UnsafeRawBufferPointer {
    // An escape is never shorter than what it stands for.
    scratch.reserve(end - start)
    let target = unsafe scratch.bytes
    var count = 0
    at = start
    while at < end {
      let byte = peek
      at += 1
      if byte == UInt8(ascii: "\"") { return unsafe UnsafeRawBufferPointer(start: target, count: count) }
      if byte != UInt8(ascii: "\\") {
        unsafe target[count] = byte
        count += 1
        continue
      }
      let escape = peek
      at += 1
      var plain: UInt8
      switch escape {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): plain = escape
      case UInt8(ascii: "b"): plain = 8
      case UInt8(ascii: "f"): plain = 12
      case UInt8(ascii: "n"): plain = 10
      case UInt8(ascii: "r"): plain = 13
      case UInt8(ascii: "t"): plain = 9
      case UInt8(ascii: "u"):
        guard let encoded = UTF8.encode(try readScalar()) else { throw malformed("a character") }
        for byte in encoded {
          unsafe target[count] = byte
          count += 1
        }
        continue
      case _: throw malformed("an escape")
      }
      unsafe target[count] = plain
      count += 1
    }
    throw malformed("the end of a string")
  }

  /// Reads the digits of `\u`, and a second escape when the first is half of a pair.
  private mutating func readScalar() throws(StorageError) -> Unicode.Scalar {
    let first = try readHex()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard (0xD800..<0xDC00).contains(first), peek == UInt8(ascii: "\\") else {
      throw malformed("a character")
    }
    at += 1
    guard peek == UInt8(ascii: "u") else { throw malformed("the second half of a pair") }
    at += 1
    let second = try readHex()
    guard (0xDC00..<0xE000).contains(second),
      let scalar = Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
    else { throw malformed("the second half of a pair") }
    return scalar
  }

  private mutating func readHex() throws(StorageError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      let digit: UInt8
      switch peek {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = peek - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = peek - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = peek - UInt8(ascii: "A") + 10
      case _: throw malformed("four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      at += 1
    }
    return value
  }

  /// Reads a number: `.int64` with its bits, or `.double` with its bits.
  @inline(__always)
  mutating func readNumber() throws(StorageError) -> (type: ColumnType, bits: UInt64) {
    let start = at
    let negative = peek == UInt8(ascii: "-")
    if negative { at &+= 1 }
    let digits = at
    var magnitude: UInt64 = 0
    while true {
      let digit = peek &- UInt8(ascii: "0")
      if digit > 9 { break }
      // Meaningless past 19 digits, and not used then.
      magnitude = magnitude &* 10 &+ UInt64(digit)
      at &+= 1
    }
    let count = at &- digits
    guard count > 0 else { throw malformed("a value") }
    let next = peek
    if next != UInt8(ascii: "."), next | 0x20 != UInt8(ascii: "e"), count <= 19 {
      // 19 digits are below 2^64. The range of 64 signed bits has one more negative number.
      if magnitude <= UInt64(Int64.max) {
        let value = Int64(bitPattern: magnitude)
        return (.int64, UInt64(bitPattern: negative ? 0 &- value : value))
      }
      if negative, magnitude == 1 << 63 { return (.int64, UInt64(bitPattern: Int64.min)) }
    }
    return try readDouble(from: start)
  }

  private mutating func readDouble(from start: Int) throws(StorageError) -> (type: ColumnType, bits: UInt64) {
    if peek == UInt8(ascii: ".") {
      at += 1
      guard skipDigits() else { throw malformed("a digit") }
    }
    if peek | 0x20 == UInt8(ascii: "e") {
      at += 1
      if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { at += 1 }
      guard skipDigits() else { throw malformed("a digit") }
    }
    // Safe: `start ..< at` is inside the record.
    let text = unsafe UnsafeRawBufferPointer(start: base + start, count: at - start)
    let (value, _) = unsafe DecimalFloat.parseDouble(text, grammar: .json)
    guard value.isFinite else { throw malformed("a finite number") }
    return (.double, value.bitPattern)
  }

  private mutating func skipDigits() -> Bool {
    let start = at
    while peek &- UInt8(ascii: "0") <= 9 { at += 1 }
    return at > start
  }

  /// Reads `true` or `false`.
  @inline(__always)
  mutating func readBool() throws(StorageError) -> Bool {
    // "true" and "alse" as little-endian numbers.
    if word(at) == 0x6575_7274 {
      at &+= 4
      return true
    }
    guard peek == UInt8(ascii: "f"), word(at &+ 1) == 0x6573_6C61 else { throw malformed("a value") }
    at &+= 5
    return false
  }

  /// Reads `null`.
  @inline(__always)
  mutating func readNull() throws(StorageError) {
    guard word(at) == 0x6C6C_756E else { throw malformed("a value") }
    at &+= 4
  }

  /// Four bytes as a little-endian number, 0 when there are fewer.
  @inline(__always)
  private func word(_ position: Int) -> UInt32 {
    guard position &+ 4 <= end else { return 0 }
    return unsafe UInt32(littleEndian: base.loadUnaligned(fromByteOffset: position, as: UInt32.self))
  }

  /// Reads any value and forgets it.
  mutating func skipValue(depth: Int) throws(StorageError) {
    switch peek {
    case UInt8(ascii: "\""): _ = try unsafe readString()
    case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = try readBool()
    case UInt8(ascii: "n"): try readNull()
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      guard depth < ColumnLimits.depth else { throw malformed("at most \(ColumnLimits.depth) levels") }
      let isObject = peek == UInt8(ascii: "{")
      let close = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
      at += 1
      if peek == close {
        at += 1
        return
      }
      while true {
        if isObject {
          guard peek == UInt8(ascii: "\"") else { throw malformed("a member's name") }
          _ = try unsafe readString()
          guard peek == UInt8(ascii: ":") else { throw malformed("a colon") }
          at += 1
        }
        try skipValue(depth: depth + 1)
        let next = peek
        at += 1
        if next == close { return }
        if next != UInt8(ascii: ",") {
          at -= 1
          throw malformed("a comma or the end of the value")
        }
      }
    case _: _ = try readNumber()
    }
  }
}
