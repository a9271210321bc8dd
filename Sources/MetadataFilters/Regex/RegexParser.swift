/// Reads a regular expression: the part of RE2's language that asks whether a text matches.
///
/// ```
/// xy x|y (x) (?:x) (?<name>x)      x* x+ x? x{n} x{n,} x{n,m}, each also with ? behind it
/// . [abc] [^a-z] [[:alpha:]]        \d \D \w \W \s \S (all ASCII)
/// ^ $ \A \z \b \B                   (?i) (?s) (?m) (?i:x) (?-i)
/// \n \t \r \f \v \a \xFF \x{10FFFF}  \ before a mark
/// ```
struct RegexParser {
  /// Why a pattern is none: what was wanted, what was found, a hint.
  struct Failure: Error {
    let at: Int
    let expected: String
    let found: String
    let hint: String?
    let isLimit: Bool
  }

  private struct Flags {
    /// Letters of both cases are the same.
    var ignoresCase = false
    /// `^` and `$` also stand at lines.
    var isMultiline = false
    /// `.` also takes a line feed.
    var dotTakesNewline = false
  }

  /// The pattern's code points and where each begins, with the end.
  let scalars: [UInt32]
  let offsets: [Int]
  var at = 0
  private var flags = Flags()
  private var depth = 0

  /// The tree of a pattern.
  static func parse(_ pattern: [UInt8]) throws(Failure) -> RegexNode {
    var parser = RegexParser(pattern)
    let node = try parser.choice()
    guard parser.at == parser.scalars.count else {
      throw parser.failure("the end of the pattern", hint: "there is no '(' for it")
    }
    return node
  }

  private init(_ pattern: [UInt8]) {
    var scalars: [UInt32] = []
    var offsets: [Int] = []
    var offset = 0
    for scalar in String(decoding: pattern, as: UTF8.self).unicodeScalars {
      scalars.append(scalar.value)
      offsets.append(offset)
      offset += UTF8.width(scalar)
    }
    offsets.append(offset)
    self.scalars = scalars
    self.offsets = offsets
  }

  // MARK: Reading

  /// The code point at the cursor; nil at the end.
  var next: UInt32? { at < scalars.count ? scalars[at] : nil }

  /// The code point `distance` behind the cursor; nil beyond the end.
  func peek(_ distance: Int) -> UInt32? { at + distance < scalars.count ? scalars[at + distance] : nil }

  /// Takes a mark when it is next.
  mutating func take(_ mark: Unicode.Scalar) -> Bool {
    guard next == mark.value else { return false }
    at += 1
    return true
  }

  /// The error at the cursor.
  func failure(_ expected: String, hint: String? = nil, from start: Int? = nil, isLimit: Bool = false)
    -> Failure
  {
    let start = start ?? at
    let end = min(max(at, start + 1), scalars.count)
    var found = ""
    for value in scalars[min(start, scalars.count)..<end].prefix(16) {
      if let scalar = Unicode.Scalar(value) { found.unicodeScalars.append(scalar) }
    }
    return Failure(
      at: offsets[min(start, offsets.count - 1)], expected: expected,
      found: found.isEmpty ? "the end of the pattern" : "'\(found)'", hint: hint, isLimit: isLimit)
  }

  // MARK: Structure

  private mutating func choice() throws(Failure) -> RegexNode {
    var parts = [try sequence()]
    while take("|") { parts.append(try sequence()) }
    return parts.count == 1 ? parts[0] : .choice(parts)
  }

  private mutating func sequence() throws(Failure) -> RegexNode {
    var parts: [RegexNode] = []
    while let mark = next, mark != 0x7C, mark != 0x29 {
      let start = at
      guard let atom = try atom() else { continue }
      parts.append(try repeated(atom, from: start))
    }
    return parts.count == 1 ? parts[0] : (parts.isEmpty ? .empty : .sequence(parts))
  }

  /// Reads what can be repeated; nil for flags that hold from here on.
  private mutating func atom() throws(Failure) -> RegexNode? {
    let start = at
    let mark = next ?? 0
    at += 1
    switch mark {
    case 0x28:  // (
      return try group(from: start)
    case 0x2E:  // .
      return .set(flags.dotTakesNewline ? .all : .notNewline)
    case 0x5B:  // [
      return .set(try bracket(from: start))
    case 0x5E:  // ^
      return .assertion(flags.isMultiline ? .lineStart : .textStart)
    case 0x24:  // $
      return .assertion(flags.isMultiline ? .lineEnd : .textEnd)
    case 0x5C:  // \
      return try escape(from: start)
    case 0x2A, 0x2B, 0x3F:  // * + ?
      at = start
      throw failure("something to repeat", hint: "for the character itself write \\ before it")
    case _: return .set(folded(CodePointSet(mark)))
    }
  }

  private mutating func repeated(_ atom: RegexNode, from start: Int) throws(Failure) -> RegexNode {
    let quantifier = at
    guard let (least, most) = try bounds() else { return atom }
    _ = take("?")
    if let mark = next, mark == 0x2A || mark == 0x2B || mark == 0x3F {
      throw failure("one quantifier", hint: "put parentheses around what is repeated twice")
    }
    let node = RegexNode.repetition(atom, least: least, most: most)
    guard node.size <= RegexLimits.states else { throw tooLarge(from: quantifier) }
    return node
  }

  /// The error for a pattern beyond the limit.
  private func tooLarge(from start: Int) -> Failure {
    failure("a pattern of at most \(RegexLimits.states) states", from: start, isLimit: true)
  }

  /// Reads a quantifier; nil when there is none.
  private mutating func bounds() throws(Failure) -> (least: Int, most: Int?)? {
    if take("*") { return (0, nil) }
    if take("+") { return (1, nil) }
    if take("?") { return (0, 1) }
    guard next == 0x7B else { return nil }
    let start = at
    at += 1
    // Braces that hold no bounds are characters, as in RE2.
    guard let least = number() else {
      at = start
      return nil
    }
    var most: Int? = least
    if take(",") { most = next == 0x7D ? nil : (number() ?? -1) }
    guard most != -1, take("}") else {
      at = start
      return nil
    }
    guard least <= RegexLimits.repetitions, (most ?? 0) <= RegexLimits.repetitions else {
      throw failure("at most \(RegexLimits.repetitions) repetitions", from: start, isLimit: true)
    }
    guard least <= most ?? least else { throw failure("bounds in ascending order", from: start) }
    return (least, most)
  }

  private mutating func number() -> Int? {
    let start = at
    var value = 0
    while let digit = next, digit >= 0x30, digit <= 0x39 {
      value = min(value * 10 + Int(digit - 0x30), 1_000_000)
      at += 1
    }
    return at > start ? value : nil
  }

  // MARK: Groups

  private mutating func group(from start: Int) throws(Failure) -> RegexNode? {
    depth += 1
    guard depth <= RegexLimits.depth else {
      throw failure("at most \(RegexLimits.depth) groups inside each other", from: start, isLimit: true)
    }
    let outer = flags
    if take("?") {
      guard try groupKind(from: start) else {
        // Flags alone hold up to the end of the group around them.
        depth -= 1
        return nil
      }
    }
    let inner = try choice()
    guard take(")") else { throw failure("')'", from: scalars.count) }
    flags = outer
    depth -= 1
    guard inner.size <= RegexLimits.states else { throw tooLarge(from: start) }
    return inner
  }

  /// Reads what follows `(?`; false when it was flags and the closing parenthesis.
  private mutating func groupKind(from start: Int) throws(Failure) -> Bool {
    if take(":") { return true }
    if next == 0x3D || next == 0x21 || (next == 0x3C && (peek(1) == 0x3D || peek(1) == 0x21)) {
      throw failure("a group", hint: "looking ahead and behind cannot be done in linear time", from: start)
    }
    if take("P") {
      guard next == 0x3C else { throw failure("'<' and the name of a group") }
    }
    if take("<") {
      let nameStart = at
      while let scalar = next, CodePointSet.word.contains(scalar) { at += 1 }
      guard at > nameStart, take(">") else { throw failure("the name of a group and '>'") }
      return true
    }
    return try flagList(from: start)
  }

  private mutating func flagList(from start: Int) throws(Failure) -> Bool {
    var isOn = true
    var count = 0
    while let mark = next {
      at += 1
      switch mark {
      case 0x69: flags.ignoresCase = isOn  // i
      case 0x73: flags.dotTakesNewline = isOn  // s
      case 0x6D: flags.isMultiline = isOn  // m
      case 0x55: break  // U: which of several matches is taken makes no difference here.
      case 0x2D where isOn:  // -
        isOn = false
        continue
      case 0x3A where count > 0: return true  // :
      case 0x29 where count > 0: return false  // )
      case _:
        at -= 1
        throw failure("flags (i, s, m), ':' or ')'")
      }
      count += 1
    }
    throw failure("flags (i, s, m), ':' or ')'")
  }

  // MARK: Sets

  /// A set as the flags want it.
  func folded(_ set: CodePointSet) -> CodePointSet { flags.ignoresCase ? CaseFolding.closure(set) : set }
}
