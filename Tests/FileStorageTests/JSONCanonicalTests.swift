import FileStorage
import Foundation
import TestSupport
import Testing

@Suite struct JSONCanonicalTests {
  private func canonical(_ text: String) throws -> String {
    String(decoding: try CanonicalJSON.encode(Array(text.utf8)), as: UTF8.self)
  }

  @Test func writesEachValueInOneSpelling() throws {
    let cases: [(String, String)] = [
      (#" { "b" : 1 , "a" : [ 1 , 2 ] } "#, #"{"a":[1,2],"b":1}"#),
      (#"{"b":1,"a":2,"c":{"z":1,"y":2}}"#, #"{"a":2,"b":1,"c":{"y":2,"z":1}}"#),
      (#"{"é":1,"z":2,"\u0000":3,"":4}"#, #"{"":4,"\u0000":3,"z":2,"é":1}"#),
      (#"{"😀":1,"￿":2}"#, #"{"￿":2,"😀":1}"#),
      (#"{"a\n":1,"a":2,"a\u0001":3,"a\"":4,"a!":5}"#, #"{"a":2,"a\u0001":3,"a\n":1,"a!":5,"a\"":4}"#),
      (#""\u0041\/\u00e9\u001F\u007f\b\f""#, "\"A/é\\u001f\u{7F}\\b\\f\""),
      (#""\ud83d\ude00""#, "\"😀\""), ("-0", "0"), ("0", "0"), ("-0.0", "-0.0"), ("1.0", "1.0"),
      ("1e2", "100.0"),
      ("10e-1", "1.0"), ("1E22", "1e+22"), ("0.1000", "0.1"), ("9223372036854775807", "9223372036854775807"),
      ("-9223372036854775808", "-9223372036854775808"), ("9223372036854775808", "\"9223372036854775808\""),
      ("-9223372036854775809", "\"-9223372036854775809\""),
      ("18446744073709551616", "\"18446744073709551616\""),
      ("1e400", "\"1e400\""), ("-1e400", "\"-1e400\""), ("1e-400", "\"1e-400\""), ("0e-400", "0.0"),
      ("5e-324", "5e-324"),
      ("9007199254740993", "9007199254740993"), ("null", "null"), ("[ true , false ]", "[true,false]"),
      ("{ }", "{}"),
    ]
    for (text, wanted) in cases { #expect(try canonical(text) == wanted, "\(text)") }
  }

  @Test func countsNumbersThatBecomeText() throws {
    var output: [UInt8] = []
    var warnings = CanonicalWarnings()
    let text = Array(#"{"a":1e400,"b":[99999999999999999999,1]}"#.utf8)
    try text.withUnsafeBytes { try CanonicalJSON.append($0, to: &output, warnings: &warnings) }
    #expect(warnings.numbersKeptAsText == 2)
    #expect(warnings.firstOffset == 5)
  }

  @Test func leavesTheOutputAloneWhenItFails() {
    var output: [UInt8] = [1, 2, 3]
    var warnings = CanonicalWarnings()
    let text = Array(#"{"a":1,"b":[1,2,"#.utf8)
    #expect(throws: JSONError.self) {
      try text.withUnsafeBytes { try CanonicalJSON.append($0, to: &output, warnings: &warnings) }
    }
    #expect(output == [1, 2, 3])
  }

  @Test func sortsManyKeys() throws {
    let seed: UInt64 = 21
    var dice = SeededGenerator(seed: seed)
    for count in [0, 1, 2, 3, 31, 32, 33, 1000] {
      let keys = Set((0..<count).map { _ in String(dice.next() % 100_000, radix: 36) })
      let text = "{" + keys.shuffled(using: &dice).map { "\"\($0)\":1" }.joined(separator: ",") + "}"
      let wanted =
        "{"
        + keys.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }.map { "\"\($0)\":1" }
        .joined(separator: ",") + "}"
      #expect(try canonical(text) == wanted, "seed \(seed)")
    }
  }

  /// A random value; `written` is one of its spellings.
  static func random(_ dice: inout SeededGenerator, depth: Int) -> JSONValue {
    switch UInt8.random(in: 0..<(depth > 4 ? 6 : 8), using: &dice) {
    case 0: return .null
    case 1: return .bool(Bool.random(using: &dice))
    case 2: return .int(Int64(truncatingIfNeeded: dice.next()) >> Int64.random(in: 0..<64, using: &dice))
    case 3:
      let value = Double(bitPattern: dice.next())
      return .double(value.isFinite ? value : 0.5)
    case 4, 5: return .string(randomString(&dice))
    case 6:
      return .array((0..<Int.random(in: 0..<5, using: &dice)).map { _ in random(&dice, depth: depth + 1) })
    default:
      var object = JSONObject()
      for _ in 0..<Int.random(in: 0..<6, using: &dice) {
        object[randomString(&dice)] = random(&dice, depth: depth + 1)
      }
      return .object(object)
    }
  }

  static func randomString(_ dice: inout SeededGenerator) -> String {
    var text = ""
    for _ in 0..<Int.random(in: 0..<12, using: &dice) {
      let limit: UInt32 =
        [0x20, 0x80, 0x80, 0x80, 0x800, 0x10000, 0x110000].randomElement(using: &dice) ?? 0x80
      if let scalar = Unicode.Scalar(UInt32.random(in: 0..<limit, using: &dice)) {
        text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  /// One of many spellings of a value: spaces, escapes and the order of keys vary.
  static func spell(_ value: JSONValue, _ dice: inout SeededGenerator) -> String {
    func space() -> String { ["", "", " ", "\n", "\t \r"].randomElement(using: &dice) ?? "" }
    func quoted(_ text: String) -> String {
      var result = "\""
      for unit in text.utf16 {
        let isPlain = unit >= 0x20 && unit != 0x22 && unit != 0x5C && unit & 0xF800 != 0xD800
        if isPlain, UInt8.random(in: 0..<4, using: &dice) > 0, let scalar = Unicode.Scalar(UInt32(unit)) {
          result.unicodeScalars.append(scalar)
        } else {
          result += String(format: Bool.random(using: &dice) ? "\\u%04x" : "\\u%04X", Int(unit))
        }
      }
      return result + "\""
    }
    let text: String
    switch value {
    case .null: text = "null"
    case .bool(let flag): text = flag ? "true" : "false"
    case .int(let number): text = "\(number)"
    case .double(let number): text = Bool.random(using: &dice) ? "\(number)" : String(format: "%.20e", number)
    case .string(let string): text = quoted(string)
    case .array(let elements):
      text =
        "[" + elements.map { spell($0, &dice) }.joined(separator: ",") + (elements.isEmpty ? space() : "")
        + "]"
    case .object(let object):
      let members = object.members.shuffled(using: &dice)
      text =
        "{"
        + members.map { space() + quoted($0.key) + space() + ":" + spell($0.value, &dice) }.joined(
          separator: ",") + "}"
    }
    return space() + text + space()
  }

  @Test func givesAllSpellingsOfAValueTheSameBytes() throws {
    let seed: UInt64 = 22
    var dice = SeededGenerator(seed: seed)
    for round in 0..<3000 {
      let value = Self.random(&dice, depth: 0)
      let canonical = try CanonicalJSON.encode(value)
      for _ in 0..<3 {
        let text = Self.spell(value, &dice)
        #expect(try CanonicalJSON.encode(Array(text.utf8)) == canonical, "seed \(seed), round \(round)")
      }
      #expect(try CanonicalJSON.encode(canonical) == canonical, "seed \(seed), round \(round)")
    }
  }

  @Test func bringsBackRandomValues() throws {
    let seed: UInt64 = 23
    var dice = SeededGenerator(seed: seed)
    for round in 0..<3000 {
      let value = Self.random(&dice, depth: 0)
      var writer = JSONWriter()
      writer.value(value)
      #expect(try JSONParser.parse(writer.bytes) == value, "seed \(seed), round \(round)")
    }
  }

  @Test func refusesOrReadsDamagedTextWithoutATrap() throws {
    let seed: UInt64 = 24
    var dice = SeededGenerator(seed: seed)
    for round in 0..<400 {
      let text = Array(Self.spell(Self.random(&dice, depth: 0), &dice).utf8)
      for _ in 0..<20 {
        var damaged = text
        if !damaged.isEmpty {
          damaged[Int.random(in: 0..<damaged.count, using: &dice)] ^=
            1 << UInt8.random(in: 0..<8, using: &dice)
        }
        if Bool.random(using: &dice) { damaged.removeLast(Int.random(in: 0...damaged.count, using: &dice)) }
        let parsed = try? JSONParser.parse(damaged)
        let canonical = try? CanonicalJSON.encode(damaged)
        #expect((parsed == nil) == (canonical == nil), "seed \(seed), round \(round)")
        if let canonical { #expect(try CanonicalJSON.encode(canonical) == canonical) }
      }
    }
  }
}
