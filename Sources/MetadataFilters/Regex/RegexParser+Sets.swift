extension RegexParser {
  /// Reads an escape outside of brackets; the backslash is taken.
  mutating func escape(from start: Int) throws(Failure) -> RegexNode {
    switch next {
    case 0x62:  // b
      at += 1
      return .assertion(.wordBoundary)
    case 0x42:  // B
      at += 1
      return .assertion(.notWordBoundary)
    case 0x41:  // A
      at += 1
      return .assertion(.textStart)
    case 0x7A:  // z
      at += 1
      return .assertion(.textEnd)
    case _: break
    }
    if let set = namedSet() { return .set(set) }
    return .set(folded(CodePointSet(try escapedCodePoint(from: start))))
  }

  /// Takes the letter of `\d` and the like; nil when it is none of them.
  private mutating func namedSet() -> CodePointSet? {
    let set: CodePointSet
    switch next {
    case 0x64: set = .digits  // d
    case 0x44: set = CodePointSet.digits.complement  // D
    case 0x77: set = .word  // w
    case 0x57: set = CodePointSet.word.complement  // W
    case 0x73: set = .space  // s
    case 0x53: set = CodePointSet.space.complement  // S
    case _: return nil
    }
    at += 1
    return set
  }

  /// Takes what stands behind a backslash as one code point.
  private mutating func escapedCodePoint(from start: Int) throws(Failure) -> UInt32 {
    guard let mark = next else {
      throw failure("a character behind the backslash", hint: "for a backslash write \\\\")
    }
    at += 1
    switch mark {
    case 0x6E: return 0x0A  // n
    case 0x74: return 0x09  // t
    case 0x72: return 0x0D  // r
    case 0x66: return 0x0C  // f
    case 0x76: return 0x0B  // v
    case 0x61: return 0x07  // a
    case 0x78: return try hexadecimal(from: start)  // x
    case 0x30...0x39:
      throw failure("an escape", hint: "references to groups cannot be matched in linear time", from: start)
    case 0x70, 0x50:  // p P
      throw failure(
        "an escape", hint: "Unicode classes do not exist here; list ranges, as in [a-zà-ÿ]", from: start)
    case 0x41...0x5A, 0x61...0x7A, 0x80...:
      throw failure("an escape", hint: "letters have no backslash unless they mean something", from: start)
    case _: return mark
    }
  }

  private mutating func hexadecimal(from start: Int) throws(Failure) -> UInt32 {
    let isBraced = take("{")
    var value: UInt32 = 0
    var digits = 0
    while let mark = next, digits < (isBraced ? 8 : 2), let digit = RegexParser.hexDigit(mark) {
      value = value << 4 | digit
      digits += 1
      at += 1
    }
    guard digits > 0, isBraced ? take("}") : digits == 2, Unicode.Scalar(value) != nil else {
      throw failure("two hexadecimal digits, or a code point in braces", from: start)
    }
    return value
  }

  private static func hexDigit(_ mark: UInt32) -> UInt32? {
    switch mark {
    case 0x30...0x39: mark - 0x30
    case 0x41...0x46: mark - 0x41 + 10
    case 0x61...0x66: mark - 0x61 + 10
    case _: nil
    }
  }

  /// Reads a set between brackets; the opening one is taken.
  mutating func bracket(from start: Int) throws(Failure) -> CodePointSet {
    let isNegated = take("^")
    var ranges: [ClosedRange<UInt32>] = []
    var isFirst = true
    while let mark = next, mark != 0x5D || isFirst {
      isFirst = false
      let itemStart = at
      if mark == 0x5B, peek(1) == 0x3A, let set = try posix() {
        ranges += set.ranges
        continue
      }
      if mark == 0x5C {
        at += 1
        if let set = namedSet() {
          ranges += set.ranges
          continue
        }
        at -= 1
      }
      let low = try bracketCodePoint()
      guard next == 0x2D, let after = peek(1), after != 0x5D else {
        ranges.append(low...low)
        continue
      }
      at += 1
      let high = try bracketCodePoint()
      guard low <= high else { throw failure("a range in ascending order", from: itemStart) }
      ranges.append(low...high)
    }
    guard take("]") else { throw failure("']'", from: scalars.count) }
    let set = folded(CodePointSet(ranges))
    return isNegated ? set.complement : set
  }

  private mutating func bracketCodePoint() throws(Failure) -> UInt32 {
    let start = at
    guard let mark = next else { throw failure("a character") }
    at += 1
    return mark == 0x5C ? try escapedCodePoint(from: start) : mark
  }

  /// Takes `[:name:]` or `[:^name:]`; nil when the brackets are no such class.
  private mutating func posix() throws(Failure) -> CodePointSet? {
    let start = at
    at += 2
    let isNegated = take("^")
    var name = ""
    while let mark = next, let scalar = Unicode.Scalar(mark), mark >= 0x61, mark <= 0x7A {
      name.unicodeScalars.append(scalar)
      at += 1
    }
    guard take(":"), take("]") else {
      at = start
      return nil
    }
    guard let set = CodePointSet.posix(name) else { throw failure("a class such as [:alpha:]", from: start) }
    return isNegated ? set.complement : set
  }
}
