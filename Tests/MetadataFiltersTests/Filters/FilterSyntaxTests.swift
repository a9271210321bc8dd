import FileStorage
import MetadataFilters
import Testing

@Suite struct FilterSyntaxTests {
  /// Spellings that mean the same are printed the same.
  @Test(arguments: [
    ("a=1", "a = 1"), ("a==1", "a = 1"), ("a<>1", "a != 1"),
    ("A = 1 or b=2 AND c = 3", "A = 1 OR b = 2 AND c = 3"),
    ("(a = 1 OR b = 2) AND c = 3", "(a = 1 OR b = 2) AND c = 3"), ("((a = 1))", "a = 1"),
    ("not a = 1 and b = 2", "NOT a = 1 AND b = 2"), ("NOT (a = 1 AND b = 2)", "NOT (a = 1 AND b = 2)"),
    ("NOT NOT TRUE", "NOT NOT TRUE"), ("a -- comment\n = -- another\n 'x'", "a = 'x'"),
    ("a = 'it''s'", "a = 'it''s'"),
    ("\"a b\" = 1", "\"a b\" = 1"), ("\"q\"\"q\" = 1", "\"q\"\"q\" = 1"), ("\"and\" = 1", "\"and\" = 1"),
    (
      "text = 'a' AND date = 'b' AND all = 1 AND now = 2", "text = 'a' AND date = 'b' AND all = 1 AND now = 2"
    ),
    ("a . b [ 0 ] [] . c = 1", "a.b[0][].c = 1"), ("a.and = 1", "a.\"and\" = 1"), ("$ID = 'x'", "$id = 'x'"),
    ("$created > ts '2026-11-21'", "$created > TS '2026-11-21T00:00:00Z'"),
    ("a = DATE '2026-11-21'", "a = TS '2026-11-21T00:00:00Z'"), ("a > NOW() - 7d", "a > NOW() - 1w"),
    ("a > now()+1.5h", "a > NOW() + 90m"), ("a = 250ms", "a = 250ms"), ("a > -5", "a > -5"),
    ("a > - 5", "a > -5"),
    ("a = 1e3", "a = 1000.0"), ("a = 9223372036854775807", "a = 9223372036854775807"),
    ("a = -9223372036854775808", "a = -9223372036854775808"),
    ("a = 9223372036854775808", "a = 9.223372036854776e+18"),
    ("a IN (1,'b',true,null)", "a IN (1, 'b', TRUE, NULL)"), ("a not in :p", "a NOT IN :p"),
    ("a IN @'ids.txt'", "a IN @'ids.txt'"),
    ("a between 1 and 5 and b = 2", "a BETWEEN 1 AND 5 AND b = 2"),
    ("a NOT BETWEEN b AND LENGTH(c)", "a NOT BETWEEN b AND LENGTH(c)"),
    ("a starts  with 'x'", "a STARTS WITH 'x'"), ("a is not missing", "EXISTS(a)"),
    ("a IS MISSING", "a IS MISSING"),
    ("a is distinct from null", "a IS DISTINCT FROM NULL"), ("a is integer", "a IS INT"),
    ("tags contains ('x')", "tags CONTAINS 'x'"), ("tags CONTAINS ANY 'x'", "tags CONTAINS ANY ('x')"),
    ("tags NOT CONTAINS ALL ('x','y')", "tags NOT CONTAINS ALL ('x', 'y')"),
    ("any(items:.price<9 and . is object)", "ANY(items: .price < 9 AND . IS OBJECT)"),
    ("none(items: any(.tags: . = 'x') or lang = 'en')", "NONE(items: ANY(.tags: . = 'x') OR lang = 'en')"),
    ("geo_radius(loc, 52.52, 13.4, '5km')", "GEO_RADIUS(loc, 52.52, 13.4, 5000)"),
    ("GEO_BBOX(loc, 60, -10.50, -5, 190)", "GEO_BBOX(loc, 60, -10.5, -5, 190)"),
    ("GEO_POLYGON(loc,'polygon ((0 0,1.0 0,1 1,0 0))')", "GEO_POLYGON(loc, 'POLYGON((0 0, 1 0, 1 1, 0 0))')"),
    ("5 < a", "5 < a"), ("TRUE = a", "TRUE = a"), ("TRUE", "TRUE"), ("LOWER(a) = 'x'", "LOWER(a) = 'x'"),
    ("é = 1", "\"é\" = 1"), ("a NOT MATCHES '(?i)x'", "a NOT MATCHES '(?i)x'"),
  ])
  func isPrinted(_ text: String, _ canonical: String) throws {
    let parsed = try FilterParser.parse(text)
    #expect(FilterPrinter.text(parsed.expression) == canonical)
    #expect(try FilterParser.parse(canonical).expression == parsed.expression)
    let json = try FilterText.write(parsed.expression, as: .json)
    #expect(try FilterText.parse(json).expression == parsed.expression, "\(json)")
  }

  /// Each error names its column and what was expected there.
  @Test(arguments: [
    ("", "column 1", "a field or a value"), ("a", "column 2", "a comparison"),
    ("a =", "column 4", "a field or a value"),
    ("year >= AND lang = 'en'", "column 9", "a field or a value"), ("a = 'x", "column 5", "ends with '"),
    ("a = 1 b = 2", "column 7", "AND, OR or the end"), ("(a = 1", "column 7", "AND, OR or ')'"),
    ("a = 1)", "column 6", "the end"),
    ("a BETWEEN 1 OR 2", "column 13", "AND"), ("a IN ()", "column 7", "a value"),
    ("a IN (1,)", "column 9", "a value"),
    ("a IN (x)", "column 7", "a value"), ("a LIKE 5", "column 8", "a pattern"),
    ("5 LIKE 'x'", "column 1", "a field"),
    ("a IS NOTHING", "column 6", "NULL, MISSING"), ("a STARTS 'x'", "column 10", "WITH"),
    ("a & b", "column 3", "an operator"),
    ("a = 2026-11-21", "column 9", "AND, OR or the end"), ("a = 5x", "column 5", "a duration"),
    ("a = 007", "column 5", "zeros"),
    ("a = 1e999", "column 5", "the range of a double"), ("a = TS '2026-13-01'", "column 8", "a time"),
    (".x = 1", "column 1", "a field or a value"),
    ("a = :", "column 6", "the name of a parameter"), ("a = : p", "column 7", "right after ':'"),
    ("a[x] = 1", "column 3", "the number of an element"),
    ("$when = 1", "column 2", "$id"), ("EXIST(a)", "column 1", "a predicate"),
    ("a NOT = 1", "column 7", "BETWEEN, IN"),
    ("tags CONTAINS ('a','b')", "column 15", "CONTAINS ANY or"), ("a MATCHES '('", "column 11", "')'"),
    ("ANY(a, . = 1)", "column 6", "':'"),
    ("TEXT(a, 'x')", "column 1", "this version"), ("a =\n  b ~ c", "line 2, column 5", "an operator"),
    ("é = ö ~", "column 7", "an operator"), ("é = ö §", "column 7", "AND, OR or the end"),
    ("a > NOW() - 7", "column 13", "a duration"), ("content-type = 'x'", "column 8", "a comparison"),
    ("a = 300y", "column 5", "a duration"),
    ("a > 9999999w", "column 5", "292 years"), ("GEO_RADIUS(loc, 1, 2)", "column 21", "','"),
    ("a = 'x' AND", "column 12", "a field"),
  ])
  func errorsPoint(_ text: String, _ place: String, _ expected: String) {
    do throws(FilterError) {
      _ = try FilterParser.parse(text)
      Issue.record("\(text) must be an error")
    } catch {
      #expect(error.placeName(in: text) == place, "\(text): \(error)")
      #expect(error.expected.contains(expected), "\(text): \(error)")
      #expect(error.pointer(in: text) != nil)
    }
  }

  @Test func caretsStandBelowTheTrouble() throws {
    func pointer(_ text: String) throws -> [String] {
      do throws(FilterError) {
        _ = try FilterParser.parse(text)
        return []
      } catch {
        let pointer = try #require(error.pointer(in: text))
        return [pointer.line, pointer.caret]
      }
    }
    #expect(try pointer("year >= AND x = 1") == ["year >= AND x = 1", "        ^~~"])
    #expect(try pointer("a =\t\n b\t= 1 c = 2") == [" b = 1 c = 2", "   ^"])
    let long =
      String(repeating: "a = 1 AND ", count: 30) + "b ! 2" + String(repeating: " AND c = 3", count: 30)
    let lines = try pointer(long)
    let column = try #require(lines[1].firstIndex(of: "^"))
    #expect(
      lines[0][
        lines[0].index(
          lines[0].startIndex, offsetBy: lines[1].distance(from: lines[1].startIndex, to: column))] == "!")
    #expect(lines[0].count <= 76 && lines[0].hasPrefix("…") && lines[0].hasSuffix("…"))
  }

  @Test func limitsHold() throws {
    func parses(_ text: String) -> Bool { (try? FilterParser.parse(text)) != nil }
    func nested(_ depth: Int) -> String {
      String(repeating: "(", count: depth) + "a = 1" + String(repeating: ")", count: depth)
    }
    #expect(parses(nested(64)) && !parses(nested(65)))
    #expect(
      parses(String(repeating: "NOT ", count: 64) + "a = 1")
        && !parses(String(repeating: "NOT ", count: 65) + "a = 1"))
    func list(_ count: Int) -> String {
      "a IN (" + Array(repeating: "1", count: count).joined(separator: ",") + ")"
    }
    #expect(parses(list(10_000)) && !parses(list(10_001)))
    #expect(parses("a = '" + String(repeating: "x", count: 65_530) + "'"))
    #expect(!parses("a = '" + String(repeating: "x", count: 65_531) + "'"))
    func steps(_ count: Int) -> String { "a" + String(repeating: ".a", count: count - 1) + " = 1" }
    #expect(parses(steps(64)) && !parses(steps(65)))
    // The deepest text has a JSON form that is read back.
    var deep = "a = 1"
    for level in 0..<64 { deep = level % 2 == 0 ? "NOT (\(deep) OR b = 2)" : "(\(deep) AND c = 3)" }
    #expect(!parses(deep))
    deep = "a = 1"
    for level in 0..<32 {
      deep = level % 2 == 0 ? "NOT (\(deep) OR b = 2)" : "ANY(x: \(deep) AND c = 3 OR TRUE)"
    }
    let expression = try FilterParser.parse(deep).expression
    #expect(try FilterText.parse(FilterText.write(expression, as: .json)).expression == expression)
    let json = String(repeating: "{\"not\":", count: 65) + "true" + String(repeating: "}", count: 65)
    #expect(throws: FilterError.self) { try FilterText.parse(json) }
    let deeper = String(repeating: "[", count: 30_000)
    #expect(throws: FilterError.self) { try FilterText.parse("{\"and\":" + deeper) }
  }

  /// Normal forms of the rules that are easy to get wrong.
  @Test(arguments: [
    ("NOT (a = 1 AND NOT b = 2)", "NOT a = 1 OR b = 2"), ("a = 1 AND (b = 2 AND a = 1)", "a = 1 AND b = 2"),
    ("a = NULL", "FALSE"), ("NOT a = NULL", "TRUE"), ("a IS DISTINCT FROM NULL", "a IS DISTINCT FROM NULL"),
    ("NOT a IS DISTINCT FROM 1", "a IS NOT DISTINCT FROM 1"), ("5 < a", "a > 5"), ("1 = 1.0", "TRUE"),
    ("1 = '1'", "FALSE"),
    ("a IN (1)", "a = 1"), ("a NOT IN (1, NULL)", "a != 1"), ("a IN (NULL)", "FALSE"),
    ("a NOT IN (NULL)", "a NOT IN (NULL)"),
    ("a LIKE 'abc'", "a = 'abc'"), ("a LIKE 'a\\%%'", "a STARTS WITH 'a%'"),
    ("a NOT LIKE '%x'", "a NOT ENDS WITH 'x'"),
    ("a LIKE '%x%'", "a LIKE '%x%'"), ("a = 1 OR TRUE", "TRUE"), ("a = 1 AND FALSE", "FALSE"),
    ("NOT EXISTS(a)", "a IS MISSING"),
    ("NOT a IN (1, 2)", "NOT a IN (1, 2)"), ("NULL IS NOT DISTINCT FROM NULL", "TRUE"),
    ("ANY(a: FALSE)", "FALSE"),
    ("ALL(a: FALSE)", "ALL(a: FALSE)"), ("a > NOW() AND TRUE", "a > NOW()"), ("2 BETWEEN 1 AND 3", "TRUE"),
    ("NULL IN (1, NULL)", "FALSE"),
    ("NOT (a != 1)", "NOT a != 1"), ("TRUE OR a = 1 AND b = 2", "TRUE"),
  ])
  func isNormalised(_ text: String, _ normal: String) throws {
    let found = FilterNormalizer.normalize(try FilterParser.parse(text).expression)
    #expect(FilterPrinter.text(found) == normal)
    #expect(FilterNormalizer.normalize(found) == found)
  }
}
