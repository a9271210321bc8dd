import FileStorage
import MetadataFilters
import Testing

@Suite struct DialectTests {
  /// JSON filters and the text that means the same.
  @Test(arguments: [
    // The example of the design, word by word.
    (
      #"{"and":[{"path":"lang","op":"=","value":"en"},{"path":"price","op":"between","value":[10,50]},{"not":{"path":"tags","op":"contains_any","value":["x","y"]}},{"path":"loc","op":"geo_radius","value":{"lat":52.52,"lon":13.4,"radius_m":5000}},{"any":{"path":"items","where":{"path":"price","op":"<","value":9}}}]}"#,
      "lang = 'en' AND price BETWEEN 10 AND 50 AND NOT tags CONTAINS ANY ('x', 'y') AND GEO_RADIUS(loc, 52.52, 13.4, 5000) AND ANY(items: .price < 9)"
    ),
    (#"{"length":"tags","op":">=","value":2}"#, "LENGTH(tags) >= 2"),
    (#"{"left":5,"op":"<","value":{"path":"a"}}"#, "5 < a"),
    (#"{"path":"a","op":"is","value":null}"#, "a IS NULL"), (#"{"path":"a","op":"missing"}"#, "a IS MISSING"),
    (
      #"{"all":{"path":"a","where":{"path":".","op":"=","value":{"lower":{"record":"b"}}}}}"#,
      "ALL(a: . = LOWER(b))"
    ),
    (#"{"path":"at","op":">","value":{"now":"-7d"}}"#, "at > NOW() - 1w"),
    (#"{"path":"a","op":"in","value":{"file":"x"}}"#, "a IN @'x'"),
    // Qdrant
    (#"{"must":[{"key":"city","match":{"value":"London"}}]}"#, "city = 'London'"),
    (
      #"{"must_not":[{"key":"city","match":{"value":"London"}},{"key":"n","range":{"gt":5}}]}"#,
      "NOT city = 'London' AND NOT n > 5"
    ),
    (
      #"{"should":[{"key":"a","match":{"any":["x","y"]}},{"key":"b","match":{"except":[1,2]}}]}"#,
      "a IN ('x', 'y') OR b NOT IN (1, 2)"
    ),
    (#"{"must":{"key":"price","range":{"gte":100,"lte":450,"gt":null}}}"#, "price BETWEEN 100 AND 450"),
    (
      #"{"must":[{"key":"price","range":{"gt":1,"lt":3}}]}"#,
      "price BETWEEN 1.0000000000000002 AND 2.9999999999999996"
    ),
    (
      #"{"must":[{"key":"at","datetime_range":{"gt":"2023-02-08T10:49:00Z"}}]}"#,
      "at > TS '2023-02-08T10:49:00Z'"
    ),
    (
      #"{"must":[{"key":"country.cities[].population","range":{"gte":9.0}}]}"#,
      "country.cities[].population >= 9.0"
    ),
    (
      #"{"must":[{"nested":{"key":"diet","filter":{"must":[{"key":"food","match":{"value":"meat"}},{"key":"likes","match":{"value":true}}]}}}]}"#,
      "ANY(diet: .food = 'meat' AND .likes = TRUE)"
    ),
    (#"{"must":[{"is_empty":{"key":"r"}}]}"#, "r IS MISSING OR r IS NULL OR r IS ARRAY AND r IS EMPTY"),
    (#"{"must":[{"is_null":{"key":"r"}}]}"#, "r IS NULL"),
    (#"{"must":[{"has_id":[1,3,5]}]}"#, "$id IN (1, 3, 5)"),
    (#"{"must":[{"key":"d","match":{"text":"50%_off"}}]}"#, "d LIKE '%50\\%\\_off%'"),
    (
      #"{"must":[{"key":"c","values_count":{"gt":2}}]}"#,
      "c IS ARRAY AND LENGTH(c) BETWEEN 3 AND 9223372036854775807"
    ),
    (
      #"{"must":[{"key":"c","values_count":{"lt":3}}]}"#,
      "c IS ARRAY AND LENGTH(c) BETWEEN 0 AND 2 OR c IS NOT ARRAY"
    ),
    (
      #"{"must":[{"key":"loc","geo_bounding_box":{"top_left":{"lon":13.403683,"lat":52.520711},"bottom_right":{"lon":13.455868,"lat":52.495862}}}]}"#,
      "GEO_BBOX(loc, 52.520711, 13.403683, 52.495862, 13.455868)"
    ),
    (
      #"{"must":[{"key":"loc","geo_radius":{"center":{"lon":13.4,"lat":52.5},"radius":1000.0}}]}"#,
      "GEO_RADIUS(loc, 52.5, 13.4, 1000)"
    ),
    (
      #"{"must":[{"key":"loc","geo_polygon":{"exterior":{"points":[{"lon":0,"lat":0},{"lon":1,"lat":0},{"lon":1,"lat":1},{"lon":0,"lat":0}]}}}]}"#,
      "GEO_POLYGON(loc, 'POLYGON((0 0, 1 0, 1 1, 0 0))')"
    ),
    (
      #"{"min_should":{"conditions":[{"key":"a","match":{"value":1}},{"key":"b","match":{"value":2}},{"key":"c","match":{"value":3}}],"min_count":2}}"#,
      "a = 1 AND b = 2 OR a = 1 AND c = 3 OR b = 2 AND c = 3"
    ),
    (
      #"{"must":[{"should":[{"key":"a","match":{"value":1}},{"key":"b","match":{"value":2}}]}],"should":[]}"#,
      "a = 1 OR b = 2"
    ), (#"{"must":[]}"#, "TRUE"),
    (#"{"key":"a-b","match":{"value":1}}"#, "\"a-b\" = 1"),
    // Chroma
    (#"{"lang":{"$eq":"en"}}"#, "lang = 'en'"), (#"{"lang":"en"}"#, "lang = 'en'"),
    (#"{"lang":{"$ne":"en"}}"#, "NOT lang = 'en'"),
    (
      #"{"$and":[{"n":{"$gte":1}},{"$or":[{"a.b":{"$in":[1,2]}},{"c":{"$nin":["x"]}}]}]}"#,
      "n >= 1 AND (\"a.b\" IN (1, 2) OR NOT c IN ('x'))"
    ),
    (#"{"tags":{"$contains":"x"}}"#, "tags CONTAINS 'x'"),
    (#"{"tags":{"$not_contains":"x"}}"#, "NOT tags CONTAINS 'x'"), (#"{"not":{"$lt":1}}"#, "\"not\" < 1"),
    (##"{"#id":{"$in":["a"]}}"##, "$id IN ('a')"),
  ])
  func isRead(_ json: String, _ text: String) throws {
    #expect(FilterPrinter.text(try FilterText.parse(json).expression) == text)
  }

  /// Text and its form in a dialect, which is read back as the same filter.
  @Test(arguments: [
    (
      "city = 'London' AND NOT n > 5", FilterText.Form.qdrant,
      #"{"must":[{"key":"city","match":{"value":"London"}}],"must_not":[{"key":"n","range":{"gt":5}}]}"#
    ),
    (
      "a = 1 OR b IN ('x', 'y')", .qdrant,
      #"{"should":[{"key":"a","match":{"value":1}},{"key":"b","match":{"any":["x","y"]}}]}"#
    ),
    (
      "ANY(diet: .food = 'meat' AND .n BETWEEN 1 AND 2)", .qdrant,
      #"{"must":[{"nested":{"key":"diet","filter":{"must":[{"key":"food","match":{"value":"meat"}},{"key":"n","range":{"gte":1,"lte":2}}]}}}]}"#
    ),
    ("$id IN ('a', 'b')", .qdrant, #"{"must":[{"has_id":["a","b"]}]}"#),
    (
      "r IS MISSING OR r IS NULL OR r IS ARRAY AND r IS EMPTY", .qdrant,
      #"{"must":[{"is_empty":{"key":"r"}}]}"#
    ),
    (
      "c IS ARRAY AND LENGTH(c) BETWEEN 3 AND 9223372036854775807", .qdrant,
      #"{"must":[{"key":"c","values_count":{"gte":3}}]}"#
    ),
    ("d LIKE '%a\\%b%'", .qdrant, #"{"must":[{"key":"d","match":{"text":"a%b"}}]}"#),
    ("a != 1", .qdrant, #"{"must":[{"key":"a","match":{"except":[1]}}]}"#),
    (
      "NOT (a = 1 OR b = 2)", .qdrant,
      #"{"must_not":[{"should":[{"key":"a","match":{"value":1}},{"key":"b","match":{"value":2}}]}]}"#
    ),
    (
      "lang = 'en' AND (n > 1 OR NOT a IN (1, 2))", .chroma,
      #"{"$and":[{"lang":{"$eq":"en"}},{"$or":[{"n":{"$gt":1}},{"a":{"$nin":[1,2]}}]}]}"#
    ),
    ("NOT tags CONTAINS 'x'", .chroma, #"{"tags":{"$not_contains":"x"}}"#),
  ])
  func isWritten(_ text: String, _ form: FilterText.Form, _ json: String) throws {
    let expression = try FilterParser.parse(text).expression
    #expect(try FilterText.write(expression, as: form) == json)
    #expect(FilterText.form(of: json) == form)
    let back = try FilterText.parse(json).expression
    #expect(FilterNormalizer.normalize(back) == FilterNormalizer.normalize(expression))
  }

  /// What a dialect has no exact words for is refused.
  @Test(arguments: [
    ("a.b = 1", FilterText.Form.chroma), ("a != 1", .chroma), ("a LIKE 'x%'", .chroma),
    ("NOT (a = 1 AND b = 2)", .chroma), ("TRUE", .chroma), ("a BETWEEN 1 AND 2", .chroma),
    ("\"$a\" = 1", .chroma), ("\"#id\" = 1", .chroma), ("ANY(a: b = 1)", .qdrant),
    ("ANY(a[]: .b = 1)", .qdrant),
    ("EXISTS(a)", .qdrant), ("a STARTS WITH 'x'", .qdrant), ("a < 'x'", .qdrant),
    ("$created > NOW()", .qdrant), ("ALL(a: .x = 1)", .qdrant),
    ("LENGTH(a) = 1", .qdrant), ("a = b", .qdrant), ("a IN (1, 'x')", .qdrant), ("FALSE", .qdrant),
  ])
  func inexactFormsAreRefused(_ text: String, _ form: FilterText.Form) throws {
    let expression = try FilterParser.parse(text).expression
    do throws(FilterError) {
      let json = try FilterText.write(expression, as: form)
      Issue.record("\(text) must be refused: \(json)")
    } catch { #expect(error.code == .unsupported) }
  }

  /// Errors in JSON point into it.
  @Test(arguments: [
    (#"{"and":[{"path":"a","op":"~","value":1}]}"#, "column 26", "an operator"),
    (#"{"path":"a","op":"="}"#, "column 1", "\"value\""),
    (#"{"path":"a b","op":"=","value":1}"#, "column 9", "the end of the path"),
    (#"{"path":"a","op":"=","value":1,"x":2}"#, "column 32", "only"),
    (#"{"path":"a","op":"between","value":[1]}"#, "column 36", "two bounds"),
    (#"{"path":"a","op":"=","value":1"#, "column 31", "',' or '}'"),
    (#"{"must":[{"key":"a","match":{"regex":"x"}}]}"#, "column 30", "\"value\""),
    (#"{"a":{"$foo":1}}"#, "column 7", "$eq"),
    (#"{"$contains":"text"}"#, "column 2", "$and"),
    (#"{"any":{"path":"a","where":{"path":"b","op":"=","value":{"x":1}}}}"#, "column 57", "a scalar"),
    (#"{"nott":{"path":"a"}}"#, "column 2", "\"and\""),
    (#"{"path":"a","op":"geo_radius","value":{"lat":95,"lon":0,"radius_m":1}}"#, "column 39", "latitude"),
    (#"{}"#, "column 1", "true, false or an object"), (#"{"and":[]}"#, "column 8", "an array of filters"),
    (#"{"path":"a","op":"=","value":1e999}"#, "column 30", "range"),
  ])
  func errorsPoint(_ json: String, _ place: String, _ expected: String) {
    do throws(FilterError) {
      _ = try FilterText.parse(json)
      Issue.record("\(json) must be an error")
    } catch {
      #expect(error.placeName(in: json) == place, "\(json): \(error)")
      #expect(error.expected.contains(expected), "\(json): \(error)")
    }
  }

  /// A long integer of JSON is a number here and not the text that records keep.
  @Test func longIntegersAreNumbers() throws {
    let filter = try FilterText.parse(#"{"path":"a","op":"<","value":99999999999999999999}"#)
    #expect(FilterPrinter.text(filter.expression) == "a < 1e+20")
  }
}
