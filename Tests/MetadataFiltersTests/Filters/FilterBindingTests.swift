import FileStorage
import MetadataFilters
import Testing

@Suite struct FilterBindingTests {
  private let types = FilterTypes(
    fields: ["year": .int, "score": .float, "lang": .text, "live": .bool, "at": .time, "items.at": .time],
    idType: .uuid)

  private func bind(_ text: String, _ parameters: [String: JSONValue] = [:]) throws -> String {
    let binder = FilterBinder(
      parameters: parameters, now: FilterInstant(seconds: 1_000_000), types: types)
    return FilterPrinter.text(try binder.bind(FilterParser.parse(text)))
  }

  /// Literals become what the field holds, once.
  @Test(arguments: [
    ("at > '1970-01-02'", "at > TS '1970-01-02T00:00:00Z'"),
    ("$created <= '1970-01-02'", "$created <= TS '1970-01-02T00:00:00Z'"),
    ("'1970-01-02' < at", "TS '1970-01-02T00:00:00Z' < at"),
    ("at IN ('1970-01-02')", "at IN (TS '1970-01-02T00:00:00Z')"),
    ("ANY(items: .at > '1970-01-02')", "ANY(items: .at > TS '1970-01-02T00:00:00Z')"),
    ("$id = '123E4567E89B12D3A456426614174000'", "$id = '123e4567-e89b-12d3-a456-426614174000'"),
    ("year = 2020.5 AND score = 3", "year = 2020.5 AND score = 3"),
    ("at > NOW() - 1d", "at > TS '1970-01-11T13:46:40Z'"),
    ("n > 1.5m AND n < 1ms", "n > 90 AND n < 0.001"), ("free = 'x' AND free = 1", "free = 'x' AND free = 1"),
  ])
  func literalsAreConverted(_ text: String, _ bound: String) throws { #expect(try bind(text) == bound) }

  /// A literal of another type is an error at the predicate.
  @Test(arguments: [
    ("lang = 'en' AND year = '2020'", "column 17", "an integer", "write 2020 without quotes"),
    ("score > 'high'", "column 1", "a number", nil),
    ("lang = 5", "column 1", "a string", "write '5' in quotes"),
    ("live = 'yes'", "column 1", "a boolean", "write TRUE or FALSE"),
    ("at > 'yesterday'", "column 1", "a time", nil),
    ("at > 5", "column 1", "a time", "write TS '2026-11-21T01:20:03Z'"),
    ("$id = 'x'", "column 1", "a UUID", nil),
    ("NOT (year LIKE 'x')", "column 6", "a field of strings", nil),
    ("LENGTH(lang) = 'x'", "column 1", "an integer", nil),
    ("TRUE AND year IN (1, 'a')", "column 10", "an integer", nil),
  ])
  func otherTypesAreErrors(_ text: String, _ place: String, _ expected: String, _ hint: String?) {
    do {
      _ = try bind(text)
      Issue.record("\(text) must be an error")
    } catch let error as FilterError {
      #expect(error.code == .type && error.expected.contains(expected), "\(error)")
      #expect(error.placeName(in: text) == place)
      #expect(error.hint == hint)
    } catch { Issue.record(error) }
  }

  /// A parameter is a value and never a piece of text.
  @Test func parametersAreBound() throws {
    #expect(try bind("lang = :q", ["q": .string("' OR TRUE --")]) == "lang = ''' OR TRUE --'")
    #expect(try bind("year IN :y", ["y": .array([.int(1), .null])]) == "year IN (1, NULL)")
    #expect(try bind("tags CONTAINS ALL :t", ["t": .array([.string("a")])]) == "tags CONTAINS ALL ('a')")
    #expect(try bind("x LIKE :p", ["p": .string("a%")]) == "x LIKE 'a%'")
    #expect(try bind("at = :t", ["t": .string("1970-01-01")]) == "at = TS '1970-01-01T00:00:00Z'")
    for (text, parameters, expected) in [
      ("lang = :q", [:], "a value for :q"),
      ("lang = 'x'", ["q": JSONValue.int(1)], "parameters that the filter uses"),
      ("lang = :q", ["q": .array([])], "a single value"), ("year IN :q", ["q": .int(1)], "an array"),
      ("year IN :q", ["q": .array([.array([])])], "an array of scalars"),
      ("x LIKE :q", ["q": .int(1)], "a string"),
      ("x MATCHES :q", ["q": .string("(")], "')'"),
    ] {
      do {
        _ = try bind(text, parameters)
        Issue.record("\(text) must be an error")
      } catch let error as FilterError { #expect(error.expected.contains(expected), "\(text): \(error)") }
    }
  }

  /// Files are asked for by the type of the field that is looked up.
  @Test func filesAreListed() throws {
    let binder = FilterBinder(now: FilterInstant(seconds: 0), types: types)
    let filter = try FilterParser.parse(
      "year IN @'a' OR NOT (lang NOT IN @'a' AND x IN @'b') OR year IN @'a'")
    let files = binder.files(of: filter.expression)
    #expect(files.map(\.name) == ["a", "a", "b"] && files.map(\.type) == [.int, .text, .any])
  }
}
