import FileStorage
import Foundation
import Testing

/// What a JSON text must be taken or refused, in the manner of well-known collections of such cases.
@Suite struct JSONGrammarTests {
  static let accepted: [String] = [
    "[]", "{}", " [ ] ", "\t{\n}\r", "null", "true", "false", "0", "-0", "-1", "1.5", "1e5", "1E+5", "1e-5",
    "-0.0e0",
    "\"\"", "\"a\"", "[[]]", "[1,2]", "[1 , 2]", "{\"a\":1}", "{\"a\":{\"b\":[]}}", "{\"\":0}",
    "[\"\\u0000\"]",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\ud83d\\ude00\"", "\"\\uD83D\\uDE00\"", "\"é\"", "\"\u{10FFFF}\"",
    "\"\u{7F}\"",
    "\"\u{FFFE}\"", "\"\\uFFFF\"", "\"\u{2028}\"", "[123456789012345678901234567890]", "[1e400]", "[-1e-400]",
    "{\"a\":1,\"A\":2}", "{\"é\":1,\"e\\u0301\":2}",
    "[" + String(repeating: "[", count: 63) + String(repeating: "]", count: 64),
    "\"\\u00e9\"", "[0.1e1, 10, 20.5]", "{\"a\\u0062\":1}", "\"\u{FEFF}\"", "[null,true,false]",
  ]

  static let rejected: [(text: String, code: JSONError.Code)] = [
    ("", .unexpectedEnd), (" ", .unexpectedEnd), ("[", .unexpectedEnd), ("{", .unexpectedEnd),
    ("[1", .unexpectedEnd),
    ("[1,", .unexpectedEnd), ("[1,]", .invalidSyntax), ("[,1]", .invalidSyntax), ("[1 2]", .invalidSyntax),
    ("[1,,2]", .invalidSyntax), ("]", .invalidSyntax), ("}", .invalidSyntax), ("{\"a\"}", .invalidSyntax),
    ("{\"a\":}", .invalidSyntax), ("{\"a\":1,}", .invalidSyntax), ("{,}", .invalidSyntax),
    ("{1:2}", .invalidSyntax),
    ("{a:1}", .invalidSyntax), ("{'a':1}", .invalidSyntax), ("{\"a\":1 \"b\":2}", .invalidSyntax),
    ("{\"a\"", .unexpectedEnd), ("{\"a\":", .unexpectedEnd), ("{\"a\":1", .unexpectedEnd),
    ("[1}", .invalidSyntax),
    ("{\"a\":1]", .invalidSyntax), ("[] []", .trailingData), ("1 2", .trailingData), ("{}x", .trailingData),
    ("nul", .invalidSyntax), ("nulL", .invalidSyntax), ("tru", .invalidSyntax), ("truE", .invalidSyntax),
    ("False", .invalidSyntax), ("undefined", .invalidSyntax), ("01", .invalidSyntax), ("-01", .invalidSyntax),
    ("1.", .unexpectedEnd), ("[1.]", .invalidSyntax), (".5", .invalidSyntax), ("+1", .invalidSyntax),
    ("-", .unexpectedEnd),
    ("[-]", .invalidSyntax), ("1e", .unexpectedEnd), ("[1e]", .invalidSyntax), ("[1e+]", .invalidSyntax),
    ("--1", .invalidSyntax),
    ("0x10", .trailingData), ("1_000", .trailingData), ("1a", .trailingData), ("[1a]", .invalidSyntax),
    ("NaN", .nanOrInfinity), ("[NaN]", .nanOrInfinity), ("[-Infinity]", .nanOrInfinity),
    ("{\"a\":Infinity}", .nanOrInfinity),
    ("[nan]", .nanOrInfinity), ("[-NaN]", .nanOrInfinity), ("[inf]", .nanOrInfinity),
    ("NaNa", .invalidSyntax),
    ("\"", .unexpectedEnd), ("\"a", .unexpectedEnd), ("\"\\", .unexpectedEnd), ("\"\\\"", .unexpectedEnd),
    ("\"\\x41\"", .invalidEscape), ("\"\\'\"", .invalidEscape), ("\"\\u12\"", .invalidEscape),
    ("\"\\u12g4\"", .invalidEscape),
    ("\"\\U0041\"", .invalidEscape), ("'a'", .invalidSyntax), ("\"\t\"", .controlCharacter),
    ("\"\n\"", .controlCharacter),
    ("\"\u{0}\"", .controlCharacter), ("\"\u{1F}\"", .controlCharacter), ("\"\\ud800\"", .loneSurrogate),
    ("\"\\udc00\"", .loneSurrogate), ("\"\\ud83d\\u0041\"", .loneSurrogate), ("\"\\ud83dx\"", .loneSurrogate),
    ("\"\\ud83d\\ud83d\"", .loneSurrogate), ("\"\\ude00\\ud83d\"", .loneSurrogate),
    ("\"\\ud83d\\", .loneSurrogate),
    ("{\"a\":1,\"a\":2}", .duplicateKey), ("{\"a\":1,\"b\":3,\"\\u0061\":2}", .duplicateKey),
    ("[{\"x\":{\"k\":0,\"k\":0}}]", .duplicateKey), ("// c\n1", .invalidSyntax), ("[1/*c*/]", .invalidSyntax),
    ("\u{FEFF}1", .invalidSyntax), ("\u{A0}1", .invalidSyntax), ("1\u{0}", .trailingData),
    ("\u{0}", .invalidSyntax),
    (String(repeating: "[", count: 65) + String(repeating: "]", count: 65), .depthExceeded),
    (String(repeating: "{\"a\":", count: 65) + "1" + String(repeating: "}", count: 65), .depthExceeded),
    (String(repeating: "[", count: 1_000_000), .depthExceeded),
  ]

  static let invalidUTF8: [[UInt8]] = [
    [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
    [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
    [0xF0, 0x9F, 0x98], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF], [0xE9],
  ]

  @Test(arguments: accepted) func acceptsValidText(_ text: String) throws {
    _ = try JSONParser.parse(text)
    let canonical = try CanonicalJSON.encode(Array(text.utf8))
    #expect(try CanonicalJSON.encode(canonical) == canonical)
  }

  @Test(arguments: rejected.indices) func rejectsInvalidText(_ index: Int) {
    let (text, code) = Self.rejected[index]
    do throws(JSONError) {
      _ = try JSONParser.parse(text)
      Issue.record("\(text.prefix(50)) was accepted")
    } catch {
      #expect(error.code == code, "\(text.prefix(50)): \(error)")
      #expect(error.offset >= 0 && error.offset <= text.utf8.count)
    }
    do throws(JSONError) {
      _ = try CanonicalJSON.encode(Array(text.utf8))
      Issue.record("\(text.prefix(50)) was accepted by the canonical encoder")
    } catch {
      #expect(error.code == code, "\(text.prefix(50)): \(error)")
    }
  }

  @Test(arguments: invalidUTF8) func rejectsBytesThatAreNoUTF8(_ bytes: [UInt8]) {
    for prefix in ["", "abc", "abcdefghijk"] {
      let text = Array("[\"\(prefix)".utf8) + bytes + Array("\"]".utf8)
      do throws(JSONError) {
        _ = try JSONParser.parse(text)
        Issue.record("\(bytes) was accepted")
      } catch {
        #expect(error.code == .invalidUTF8)
        #expect(error.offset == 2 + prefix.utf8.count)
      }
    }
  }

  @Test func tellsWhereAndWhat() {
    func message(_ text: String) -> String {
      do throws(JSONError) {
        _ = try JSONParser.parse(text)
        return "accepted"
      } catch { return error.description }
    }
    #expect(message(#"{"a":1 "b":2}"#) == #"byte 7: expected ',' or '}', found '"b":2'"#)
    #expect(message("[1,NaN]") == "byte 3: expected a JSON value, found 'NaN'")
    #expect(message("[01]") == "byte 1: expected a number without leading zeros, found '01'")
    #expect(message(#"["\ud800x"]"#).hasPrefix("byte 2: expected a pair of surrogate escapes"))
    #expect(message(#"{"k":1,"k":2}"#) == #"byte 7: expected each key once in an object, found "k" again"#)
  }
}
