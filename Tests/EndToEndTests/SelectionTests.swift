import Foundation
import TestSupport
import Testing

/// Every command that selects records takes filters, and takes exactly those that match.
@Suite struct SelectionTests {
  @Test func `all commands that read find the records that match`() throws {
    let selection = try SelectionScene()
    for (text, holds) in SelectionScene.filters {
      let expected = selection.ids(holds)
      #expect(try selection.lines("count", "s.vdb", "--filter", text) == ["\(expected.count)"], "\(text)")
      #expect(
        try selection.lines("scan", "s.vdb", "--ids-only", "-q", "--filter", text) == expected, "\(text)")
      #expect(
        try SelectionScene.ids(selection.lines("get", "s.vdb", "--filter", text)) == expected, "\(text)")
      #expect(
        try SelectionScene.ids(selection.lines("export", "s.vdb", "-q", "--filter", text)) == expected,
        "\(text)")
      let byID = try selection.lines(
        "export", "s.vdb", "-q", "--order", "id", "--no-vectors", "--filter", text)
      #expect(try SelectionScene.ids(byID) == expected.sorted(), "\(text)")
    }
    #expect(try selection.scene.run("get", "s.vdb", "--filter", "year > 3000").status == 1)
    #expect(try selection.scene.run("get", "s.vdb", "--filter", "year > 1", "-q").output == "")
    #expect(
      try selection.lines("count", "s.vdb", "--filter-json", #"{"path":"lang","op":"=","value":"de"}"#)
        == ["\(selection.ids { $0.lang == "de" }.count)"])
  }

  @Test func `a misspelt field is pointed at when nothing matches`() throws {
    let scene = try Scene.small()
    try scene.succeed("upsert", "a.vdb", "--id", "x", "--vector", "[1,2,3]", "--payload", #"{"lang":"de"}"#)
    // What stands in the log is in no column yet: nothing is said that may be wrong.
    #expect(!(try scene.run("count", "a.vdb", "--filter", "lnag = 'de'").errors.contains("lnag")))
    try scene.succeed("checkpoint", "a.vdb", "-q")
    let result = try scene.run("count", "a.vdb", "--filter", "lnag = 'de'")
    #expect(result.status == 0 && result.output == "0\n")
    #expect(result.errors.contains("no record has a field lnag; did you mean lang?"))
    #expect(!(try scene.run("count", "a.vdb", "--filter", "lang = 'fr'").errors.contains("field")))
  }

  @Test func `ids beside a filter must match it`() throws {
    let selection = try SelectionScene()
    let en = try #require(selection.records.first { $0.lang == "en" }?.id)
    let de = try #require(selection.records.first { $0.lang == "de" }?.id)
    let result = try selection.scene.run("get", "s.vdb", en, de, "--filter", "lang = 'en'")
    #expect(result.status == 1)
    #expect(try SelectionScene.ids(result.output.split(separator: "\n").map(String.init)) == [en])
    #expect(result.errors.contains(de))
    try selection.scene.fail(2, "get", "s.vdb", says: "--filter")
  }

  @Test func `search finds the nearest of the records that match`() throws {
    let selection = try SelectionScene()
    let query = [1.0, -0.5, 2.0, 0.25]
    func distance(_ vector: [Double]) -> Double {
      let dot = zip(query, vector).reduce(0) { $0 + $1.0 * $1.1 }
      func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
      return 1 - dot / (norm(query) * norm(vector))
    }
    for (text, holds) in SelectionScene.filters {
      for k in [1, 7, 500] {
        var ranked: [(id: String, distance: Float)] = []
        for record in selection.records where holds(record) {
          ranked.append((record.id, Float(distance(record.vector))))
        }
        ranked.sort { $0.distance != $1.distance ? $0.distance < $1.distance : $0.id < $1.id }
        let expected = ranked.prefix(k).map { $0.id }
        let found = try selection.lines(
          "search", "s.vdb", "--vector", "\(query)", "-k", "\(k)", "--format", "ids", "--filter", text)
        // min(k, matches) rows, exactly.
        #expect(found == expected, "\(text), k \(k)")
      }
    }
    let explained = try selection.scene.succeed(
      "search", "s.vdb", "--vector", "\(query)", "--explain", "--filter", "lang = 'en' AND year >= 2000")
    #expect(explained.output.contains("lang = 'en'"))
    #expect(explained.output.contains("column year"))
  }

  @Test func `a scan in the order of a field is stable, in pages too`() throws {
    let selection = try SelectionScene()
    for field in ["year", "price:desc", "lang", "lang:desc", "$id:desc", "tags"] {
      let isDescending = field.hasSuffix(":desc")
      func key(_ record: SelectionScene.Record) -> String? {
        switch field.prefix(while: { $0 != ":" }) {
        case "year": "\(record.year)"
        case "price": record.price.map { String(format: "%09.3f", $0) }
        case "lang": record.lang
        case "$id": record.id
        default: nil
        }
      }
      let expected = selection.records.sorted { left, right in
        switch (key(left), key(right)) {
        case (let a?, let b?) where a != b: isDescending ? a > b : a < b
        case (.some, nil): true
        case (nil, .some): false
        default: left.id < right.id
        }
      }.map(\.id)
      #expect(
        try selection.lines("scan", "s.vdb", "--order-by", field, "--ids-only", "-q") == expected, "\(field)")
      var found: [String] = []
      var cursor: String?
      repeat {
        var arguments = ["scan", "s.vdb", "--order-by", field, "--json", "--limit", "37", "--fields", "year"]
        if let cursor { arguments += ["--after", cursor] }
        let result = try selection.scene.run(arguments)
        #expect(result.status == 0, "\(result.errors)")
        let objects = try result.output.split(separator: "\n").map {
          try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        found += objects.dropLast().compactMap { $0["id"] as? String }
        cursor = objects.last?["next"] as? String
        // A cursor in the order of a field goes on after changes.
        if found.count == 37 { try selection.scene.succeed("checkpoint", "s.vdb", "-q") }
      } while cursor != nil
      #expect(found == expected, "\(field)")
    }
    try selection.scene.fail(2, "scan", "s.vdb", "--after", "o.5b5d", says: "cursor")
    try selection.scene.fail(2, "scan", "s.vdb", "--order-by", "year", "--after", "1.2.3", says: "cursor")
    try selection.scene.fail(2, "scan", "s.vdb", "--order-by", "a..b", says: "field")
  }

  @Test func `delete takes what matches, and nothing else`() throws {
    let selection = try SelectionScene()
    let matching = selection.ids { $0.year < 2000 }
    let dry = try selection.scene.fail(0, "delete", "s.vdb", "--filter", "year < 2000", "--dry-run")
    #expect(dry.errors.contains("would delete \(matching.count) of \(selection.records.count) rows"))
    try selection.scene.fail(
      7, "delete", "s.vdb", "--filter", "year < 2000", "--expect-count", "\(matching.count + 1)",
      says: "expected")
    try selection.scene.succeed(
      "delete", "s.vdb", "--filter", "year < 2000", "--expect-count", "\(matching.count)", "-q")
    #expect(
      try selection.lines("scan", "s.vdb", "--ids-only", "-q") == selection.ids { $0.year >= 2000 })
    #expect(try selection.scene.run("delete", "s.vdb", "--filter", "year < 2000").status == 1)
    // Ids, not filters, stand in the log: the same rows are gone after a checkpoint.
    try selection.scene.succeed("checkpoint", "s.vdb", "-q")
    #expect(
      try selection.lines("scan", "s.vdb", "--ids-only", "-q") == selection.ids { $0.year >= 2000 })
  }

  @Test func `update changes what matches in one transaction`() throws {
    let selection = try SelectionScene()
    let matching = selection.ids { $0.lang == "de" }
    try selection.scene.fail(
      7, "update", "s.vdb", "--filter", "lang = 'de'", "--set", #"{"lang":"xx"}"#, "--expect-count", "1",
      says: "expected")
    try selection.scene.fail(
      0, "update", "s.vdb", "--filter", "lang = 'de'", "--set", #"{"lang":"xx"}"#, "--dry-run",
      says: "would update \(matching.count) rows")
    try selection.scene.succeed(
      "update", "s.vdb", "--filter", "lang = 'de'", "--set", #"{"lang":"xx"}"#, "--expect-count",
      "\(matching.count)", "-q")
    #expect(try selection.lines("count", "s.vdb", "--filter", "lang = 'de'") == ["0"])
    #expect(
      Set(try selection.lines("scan", "s.vdb", "--ids-only", "-q", "--filter", "lang = 'xx'"))
        == Set(matching))
    #expect(
      try selection.scene.run("update", "s.vdb", "--filter", "year > 3000", "--unset", "lang").status == 1)
    try selection.scene.fail(2, "update", "s.vdb", "--filter", "year > 3000", says: "--set")
  }

  @Test func `parameters, the time and faults of a filter`() throws {
    let selection = try SelectionScene()
    let expected = selection.ids { $0.lang == "en" && $0.year > 2005 }
    #expect(
      try selection.lines(
        "scan", "s.vdb", "--ids-only", "-q", "--filter", "lang = :l AND year > :y", "--param", "l=\"en\"",
        "--param", "y=2005") == expected)
    #expect(
      try selection.lines(
        "count", "s.vdb", "--filter", "published > NOW() - 365d", "--now", "2019-06-01")
        == ["\(selection.ids { $0.published > "2018-06-01" }.count)"])
    try selection.scene.folder.write("langs.txt", "en\nfr\n")
    #expect(
      try selection.lines("count", "s.vdb", "--filter", "lang IN @'langs.txt'")
        == ["\(selection.ids { $0.lang == "en" || $0.lang == "fr" }.count)"])
    let caret = try selection.scene.fail(2, "count", "s.vdb", "--filter", "lang = AND", says: "--filter")
    #expect(caret.errors.contains("^"))
    try selection.scene.fail(2, "count", "s.vdb", "--filter", "a = 1", "--filter-json", "{}")
    try selection.scene.fail(2, "count", "s.vdb", "--param", "a=1", says: "--filter")
    try selection.scene.fail(2, "count", "s.vdb", "--filter", "a = :b", says: "b")
  }
}
