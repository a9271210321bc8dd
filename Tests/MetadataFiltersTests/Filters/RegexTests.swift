import Foundation
import MetadataFilters
import TestSupport
import Testing

/// A regular expression as the tests make it, with a matcher that only follows its definition.
indirect enum PlainRegex {
  case empty
  case character(Unicode.Scalar)
  case any(newline: Bool)
  case set([ClosedRange<UInt32>], isNegated: Bool, text: String)
  case sequence([PlainRegex])
  case choice([PlainRegex])
  case repetition(PlainRegex, Int, Int?, isLazy: Bool)
  case place(String)

  /// The pattern.
  var text: String {
    switch self {
    case .empty: return "(?:)"
    case .character(let scalar):
      let special = "\\.+*?()|[]{}^$"
      return (special.unicodeScalars.contains(scalar) ? "\\" : "") + String(scalar)
    case .any(let newline): return newline ? "(?s:.)" : "."
    case .set(_, _, let text): return text
    case .sequence(let parts): return parts.map(\.text).joined()
    case .choice(let parts): return "(?:" + parts.map(\.text).joined(separator: "|") + ")"
    case .repetition(let inner, let least, let most, let isLazy):
      let bounds: String =
        switch (least, most) {
        case (0, nil): "*"
        case (1, nil): "+"
        case (0, 1?): "?"
        case (_, nil): "{\(least),}"
        case (_, let most?): most == least ? "{\(least)}" : "{\(least),\(most)}"
        }
      return "(" + inner.text + ")" + bounds + (isLazy ? "?" : "")
    case .place(let text): return text
    }
  }

  /// Where a match that begins at `start` can end.
  func ends(_ text: [UInt32], _ start: Int) -> Set<Int> {
    switch self {
    case .empty: return [start]
    case .character(let scalar): return start < text.count && text[start] == scalar.value ? [start + 1] : []
    case .any(let newline): return start < text.count && (newline || text[start] != 10) ? [start + 1] : []
    case .set(let ranges, let isNegated, _):
      guard start < text.count, ranges.contains(where: { $0.contains(text[start]) }) != isNegated else {
        return []
      }
      return [start + 1]
    case .sequence(let parts):
      return parts.reduce([start]) { places, part in Set(places.flatMap { part.ends(text, $0) }) }
    case .choice(let parts): return Set(parts.flatMap { $0.ends(text, start) })
    case .repetition(let inner, let least, let most, _):
      var places: Set<Int> = [start]
      for _ in 0..<least { places = Set(places.flatMap { inner.ends(text, $0) }) }
      var all = places
      // More rounds than characters reach nothing new.
      for _ in 0..<min((most ?? Int.max) - least, text.count + 1) {
        places = Set(places.flatMap { inner.ends(text, $0) })
        all.formUnion(places)
      }
      return all
    case .place(let mark):
      func isWord(_ at: Int) -> Bool {
        guard text.indices.contains(at), let scalar = Unicode.Scalar(text[at]), scalar.isASCII else {
          return false
        }
        return scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
      }
      let holds: Bool =
        switch mark {
        case "^", "\\A": start == 0
        case "$", "\\z": start == text.count
        case "(?m:^)": start == 0 || text[start - 1] == 10
        case "(?m:$)": start == text.count || text[start] == 10
        case "\\b": isWord(start - 1) != isWord(start)
        case _: isWord(start - 1) == isWord(start)
        }
      return holds ? [start] : []
    }
  }

  func matches(_ text: String) -> Bool {
    let scalars = text.unicodeScalars.map(\.value)
    return (0...scalars.count).contains { !ends(scalars, $0).isEmpty }
  }
}

extension RegexMatcher {
  func matches(_ text: String) -> Bool { Array(text.utf8).withUnsafeBytes { matches($0) } }
}

private func matcher(_ pattern: String) throws -> RegexMatcher {
  RegexMatcher(try RegularExpression(Array(pattern.utf8)))
}

@Suite struct RegexTests {
  private struct Maker {
    var generator: SeededGenerator

    mutating func pick<T>(_ choices: [T]) -> T { choices[generator.below(choices.count)] }

    mutating func regex(_ depth: Int) -> PlainRegex {
      guard depth > 0 else { return atom() }
      switch generator.below(6) {
      case 0: return .sequence((0..<generator.below(4)).map { _ in regex(depth - 1) })
      case 1: return .choice((0...generator.below(3)).map { _ in regex(depth - 1) })
      case 2...3:
        let least = generator.below(3)
        return .repetition(
          regex(depth - 1), least, generator.oneIn(2) ? nil : least + generator.below(3),
          isLazy: generator.oneIn(3))
      case _: return atom()
      }
    }

    mutating func atom() -> PlainRegex {
      switch generator.below(10) {
      case 0: .any(newline: generator.oneIn(2))
      case 1: .place(pick(["^", "$", "\\A", "\\z", "(?m:^)", "(?m:$)", "\\b", "\\B"]))
      case 2:
        pick([
          .set([97...98], isNegated: false, text: "[ab]"), .set([97...97], isNegated: true, text: "[^a]"),
          .set([48...57], isNegated: false, text: "\\d"),
          .set([97...0x10FFFF], isNegated: false, text: "[a-\u{10FFFF}]"),
          .set([0xE9...0xE9, 97...97], isNegated: false, text: "[éa]"),
          .set([0x3042...0x1F600], isNegated: true, text: "[^あ-😀]"),
          .set([48...57, 65...90, 95...95, 97...122], isNegated: true, text: "\\W"),
          .set([9...10, 12...13, 32...32], isNegated: false, text: "\\s"),
        ])
      case 3: .empty
      case _: .character(pick(["a", "b", "a", "b", "é", "日", "😀", ".", "_", "\n", "-"]))
      }
    }

    mutating func text() -> String {
      (0..<generator.below(7)).map { _ in
        String(pick(["a", "b", "a", "b", "é", "日", "😀", "\n", "_", " ", "1", ".", "-"]))
      }
      .joined()
    }
  }

  /// The machine agrees with the definition on random patterns and short texts.
  @Test func agreesWithTheDefinition() throws {
    let seed: UInt64 = 5_150
    var maker = Maker(generator: SeededGenerator(seed: seed))
    var matched = 0
    for number in 0..<4_000 {
      let regex = maker.regex(3)
      let matcher = try matcher(regex.text)
      for _ in 0..<20 {
        let text = maker.text()
        let wanted = regex.matches(text)
        if wanted { matched += 1 }
        guard matcher.matches(text) == wanted else {
          Issue.record(
            "seed \(seed), pattern \(number): \(regex.text) on \(text.debugDescription) must be \(wanted)")
          return
        }
      }
    }
    #expect(matched > 8_000 && matched < 72_000)
  }

  /// Patterns as people write them agree with Foundation's engine.
  @Test func agreesWithFoundation() throws {
    let patterns = [
      "abc", "^a.*b$", "[a-c]+x", "(?i)ABC", "(?i:a)B", "a{2,3}", "a{,2}", "{", "a|b|", "(a|ab)(c|bcd)",
      "[^\\d\\s]x",
      "\\x61", "\\x{1F600}", "[\\x61-\\x63]", "[[:alpha:]]+1", "(?P<name>a)b", "(?<n>a)b", "a\\.b", "[]a]",
      "[a-]", "[-a]",
      "\\bfoo\\b", "colou?r", "^\\S+@\\S+\\.[a-z]{2,}$", "(?s)a.b", "a.b", "(?m)^b", "b(?-i)c", "(?i)é",
      "[À-ÿ]+",
      "(?i)[à-ÿ]+$", "\\Aab", "ab\\z", "\\t\\n", "[.]",
    ]
    let texts = [
      "", "abc", "ABC", "aab", "a.b", "a\nb", "ab", "b", "aaa", "x", "ax", "a1", "1", "é", "É", "ÉÀ", "😀",
      "foo bar",
      "afoo", "color", "colour", "me@example.org", "{", "]", "-", "aB", "abcd", "\t\n", "ab\n",
    ]
    for pattern in patterns {
      let matcher = try matcher(pattern)
      // ICU takes { and {,2} for errors; here and in RE2 they are text. Its $ also stands before a line feed
      // that ends the text.
      let equivalent =
        switch pattern {
        case "{", "a{,2}": pattern.replacing("{", with: "\\{").replacing("}", with: "\\}")
        case _: pattern.replacing("(?P<", with: "(?<").replacing("$", with: "\\z")
        }
      guard let oracle = try? NSRegularExpression(pattern: equivalent) else {
        Issue.record("\(pattern) is no pattern for Foundation")
        continue
      }
      for text in texts {
        let wanted = oracle.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) != nil
        #expect(matcher.matches(text) == wanted, "\(pattern) on \(text.debugDescription)")
      }
    }
  }

  /// Work grows with the length of the text and no faster, for patterns that make other engines stop.
  @Test(arguments: [
    ("(a*)*b", "a"), ("(a|aa)+$", "a"), ("(a|a)*c", "a"), ("^(a+)+$", "a"), ("(.*)*x", "ab"),
    ("(x+x+)+y", "x"),
    ("((((a*)*)*)*)*b", "a"), ("(a?){20}a{20}", "a"), ("(a|b)*a(a|b){14}", "abbab"),
    ("\\b(\\w+\\s*)*\\B$", "word "),
    ("(.|\\n)*z", "q\n"), ("(é|e)*é$", "éé"), ("^(([a-z])+.)+[A-Z]([a-z])+$", "a"), ("(?i)(Σ|σ)*ς", "σΣ"),
  ])
  func workIsLinear(_ pattern: String, _ unit: String) throws {
    func work(_ length: Int) throws -> Int {
      let matcher = try matcher(pattern)
      let text = String(repeating: unit, count: length / unit.utf8.count) + "!"
      _ = matcher.matches(text)
      return matcher.work
    }
    let small = try work(20_000)
    let large = try work(80_000)
    // Four times the text; what is made once makes the factor smaller.
    #expect(large <= small * 4 + small / 10, "\(pattern): \(small) then \(large)")
  }

  /// A machine that does not fit into its room forgets and goes on, with right answers and bounded work.
  @Test func fullRoomIsEmptied() throws {
    let size = 16
    let matcher = try matcher("^(a|b)*a(a|b){\(size)}c$")
    var generator = SeededGenerator(seed: 9)
    for _ in 0..<20 {
      var text = (0..<20_000).map { _ in generator.oneIn(2) ? "a" : "b" }
      let wanted = text[text.count - size - 1] == "a"
      text.append("c")
      #expect(matcher.matches(text.joined()) == wanted)
    }
    #expect(matcher.resets > 10)
    #expect(matcher.work < 20 * 20_001 * 16 * size)
  }

  /// Parts that no text can match lead nowhere, and never to a trap.
  @Test(arguments: [
    "[^\\s\\S]", "a[^\\s\\S]", "[^\\s\\S]a", "a[^\\s\\S]b", "\\b[^\\s\\S]", "a\\b[^\\s\\S]",
    "^[^\\x{0}-\\x{10FFFF}]",
    "a[^\\w\\W]+b", "([^\\s\\S]|[^\\d\\D])a", "a([^\\s\\S]a)+$",
  ])
  func impossiblePartsNeverMatch(_ pattern: String) throws {
    for text in ["", "a", "ab", "ba", "aab aab", String(repeating: "ab", count: 40)] {
      #expect(try !matcher(pattern).matches(text), "\(pattern) on \(text)")
    }
    #expect(try matcher("(" + pattern + ")|b").matches("ab"))
    #expect(try matcher("(" + pattern + ")*b$").matches("aab"))
  }

  /// What is wrong with a pattern is said, with the place.
  @Test(arguments: [
    ("(a", "')' at character 3"), ("a)", "the end of the pattern at character 2"),
    ("*a", "something to repeat"),
    ("a**", "one quantifier at character 3"), ("a++", "one quantifier"), ("[a", "']'"),
    ("[b-a]", "ascending"),
    ("a{3,2}", "ascending"), ("a{1001}", "at most 1000"), ("(?=a)", "a group"), ("(?<!a)b", "a group"),
    ("\\1", "an escape"), ("\\p{L}", "an escape"), ("\\", "a character behind"),
    ("\\x{110000}", "hexadecimal"),
    ("(?z)", "flags"), ("[[:nope:]]", "[:alpha:]"), ("\\q", "an escape"), ("(?<>a)", "the name of a group"),
    ("\\xg", "hexadecimal"),
    ("(a{100}){101}", "10000 states"), ("((((a{10}){10}){10}){10}){10}", "10000 states"),
    ("(?s:.{0,1000}){11}", "states"),
  ])
  func errorsAreSaid(_ pattern: String, _ expected: String) {
    do throws(FilterError) {
      _ = try RegularExpression(Array(pattern.utf8))
      Issue.record("\(pattern) must be an error")
    } catch {
      #expect(error.expected.contains(expected), "\(pattern): \(error)")
      #expect(error.code == .pattern || error.code == .limit)
    }
  }

  /// Deep and long patterns end in an error or in a machine, never in a trap.
  @Test func extremePatternsEnd() throws {
    let deep = String(repeating: "(", count: 60_000) + String(repeating: ")", count: 60_000)
    #expect(throws: FilterError.self) { try RegularExpression(Array(deep.utf8)) }
    let nested = String(repeating: "(", count: 200) + "a" + String(repeating: ")*", count: 200)
    #expect(try matcher(nested).matches("b"))
    func many(_ count: Int) -> String {
      "(?:" + (0..<count).map { "w\($0)" }.joined(separator: "|") + ")$"
    }
    #expect(try matcher(many(1_800)).matches("xw1799"))
    #expect(try !matcher(many(1_800)).matches("w1800"))
    // With 10,891 states beyond the limit.
    #expect(throws: FilterError.self) { try RegularExpression(Array(many(2_000).utf8)) }
    #expect(try matcher("[\\x{0}-\\x{10FFFF}]{1000}").matches(String(repeating: "日", count: 1_000)))
    #expect(throws: FilterError.self) {
      try RegularExpression(Array(("(?i)" + String(repeating: "[à-\u{1E943}]", count: 7_000)).utf8))
    }
  }
}
