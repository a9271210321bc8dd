import Foundation
import TestSupport
import Testing

@Suite struct SchemaTests {
  private let schema =
    #"{"fields":{"year":{"type":"int","required":true,"min":1900,"max":2100},"lang":{"type":"keyword","enum":["en","de"]},"tags":"keyword[]","at":"time","loc":"geo","a.b":"float"}}"#

  @Test func `records that break the schema are refused with their place`() throws {
    let scene = try Scene()
    try scene.folder.write("schema.json", schema)
    try scene.succeed("create", "a.vdb", "--dims", "1", "--metric", "l2", "--schema", "schema.json", "-q")
    try scene.succeed(
      "insert", "a.vdb", "--id", "ok", "--vector", "[1]", "--payload",
      #"{"year":2000,"lang":"en","tags":["x"],"at":"2026-11-21","loc":{"lat":1,"lon":200},"a":{"b":1},"free":[{}]}"#,
      "-q")
    for (payload, says) in [
      ("{}", "year"), (#"{"year":"2000"}"#, "an integer"), (#"{"year":1899}"#, "at least 1900"),
      (#"{"year":2101}"#, "at most 2100"), (#"{"year":2000,"lang":"fr"}"#, "one of 'en', 'de'"),
      (#"{"year":2000,"tags":"x"}"#, "an array"), (#"{"year":2000,"tags":[1]}"#, "a string"),
      (#"{"year":2000,"at":"yesterday"}"#, "a time"), (#"{"year":2000,"loc":{"lat":91,"lon":0}}"#, "lat"),
      (#"{"year":2000,"a":{"b":"x"}}"#, "a.b"), (#"{"year":null}"#, "required"),
    ] {
      let result = try scene.fail(
        2, "insert", "a.vdb", "--id", "bad", "--vector", "[1]", "--payload", payload, "--errors-json",
        says: says)
      #expect(result.errors.contains("schema-violation"))
    }
    try scene.folder.write(
      "rows.jsonl",
      #"{"id":"a","vector":[1],"payload":{"year":2000}}"# + "\n"
        + #"{"id":"b","vector":[1],"payload":{"year":1.5}}"# + "\n")
    // An import moves the log into a segment before it reads anything.
    try scene.succeed("checkpoint", "a.vdb", "-q")
    try scene.fail(4, "import", "a.vdb", "rows.jsonl", says: "rows.jsonl:2")
    try scene.fail(4, "upsert", "a.vdb", "rows.jsonl", says: "rows.jsonl:2")
    try scene.fail(2, "update", "a.vdb", "--id", "ok", "--set", #"{"year":5}"#, says: "at least 1900")
    #expect(try scene.count() == 1)
    try scene.succeed("update", "a.vdb", "--id", "ok", "--set", #"{"year":1901}"#, "-q")
    #expect(try scene.run("verify", "a.vdb").status == 0)
  }

  @Test func `an import tells of every record that the schema refuses`() throws {
    let scene = try Scene()
    try scene.folder.write("schema.json", schema)
    try scene.succeed("create", "a.vdb", "--dims", "1", "--metric", "l2", "--schema", "schema.json", "-q")
    // More records than are read at a time, so that bad ones are found behind the first batch too.
    let lines = (0..<9000).map { row in
      let year = row % 500 == 7 ? "\"x\"" : "2000"
      return #"{"id":"k\#(row)","vector":[1],"payload":{"year":\#(year)}}"# + "\n"
    }
    try scene.folder.write("rows.jsonl", lines.joined())
    let result = try scene.fail(4, "import", "a.vdb", "rows.jsonl", says: "rows.jsonl:8")
    for line in [8, 508, 4508] {
      #expect(
        result.errors.contains(
          "rows.jsonl:\(line) (record \(line)): the field year of 'k\(line - 1)': expected an integer"))
    }
    #expect(result.errors.contains("… and 8 more records that the schema refuses"))
    #expect(try scene.count() == 0)
  }

  @Test func `every change of the schema is a version, and literals are checked against it`() throws {
    let scene = try Scene.small()
    #expect(try scene.run("schema", "a.vdb", "show").status == 1)
    try scene.fail(2, "schema", "a.vdb", "add", "n", "integer", says: "int")
    try scene.fail(2, "schema", "a.vdb", "add", "n", "keyword", "--min", "1", says: "min")
    try scene.fail(2, "schema", "a.vdb", "add", "n", "int", "--min", "2", "--max", "1")
    try scene.fail(0, "schema", "a.vdb", "add", "n", "int", "--dry-run", says: "would")
    let version = try scene.json("schema", "a.vdb", "add", "n", "int", "--min", "0")["version"] as? Int
    let next =
      try scene.json("schema", "a.vdb", "add", "lang", "keyword", "--enum", #"["en","de"]"#)["version"]
      as? Int
    #expect(try #require(next) == (try #require(version)) + 1)
    let shown = try scene.json("schema", "a.vdb", "show")
    let definition = try #require(shown["definition"] as? [String: Any])
    #expect(definition["version"] as? Int == 2)
    #expect(Set((definition["fields"] as? [String: Any] ?? [:]).keys) == ["n", "lang"])
    // Adding the same again changes nothing.
    #expect(try scene.json("schema", "a.vdb", "add", "n", "int", "--min", "0")["changed"] as? Bool == false)
    let wrong = try scene.fail(2, "count", "a.vdb", "--filter", "n = '1'", says: "an integer")
    #expect(wrong.errors.contains("hint: write 1 without quotes"))
    #expect(try scene.run("count", "a.vdb", "--filter", "n = 1").output == "1\n")
    #expect(try scene.run("validate").status == 2)
    #expect(try scene.run("schema", "a.vdb", "validate").status == 0)
    try scene.succeed("schema", "a.vdb", "add", "n", "int", "--required", "-q")
    let faults = try scene.run("schema", "a.vdb", "validate")
    #expect(faults.status == 1)
    #expect(faults.output.split(separator: "\n").count == 2)
    #expect(faults.output.contains(#""id":"b","field":"n","rule":"required""#))
    let strict = try scene.run("schema", "a.vdb", "validate", "--strict")
    #expect(strict.output.contains(#""field":"old","rule":"unknown""#))
    try scene.succeed("schema", "a.vdb", "drop", "n", "-q")
    #expect(try scene.run("schema", "a.vdb", "drop", "n").status == 1)
    try scene.succeed("checkpoint", "a.vdb", "-q")
    try scene.succeed("compact", "a.vdb", "--full", "-q")
    let kept = try scene.json("schema", "a.vdb", "show")
    #expect((kept["definition"] as? [String: Any])?["version"] as? Int == 4)
    #expect(try scene.run("verify", "a.vdb").status == 0)
  }

  @Test func `an inferred schema fits the records that it was inferred from`() throws {
    let selection = try SelectionScene()
    let scene = selection.scene
    let text = try scene.succeed("schema", "s.vdb", "infer").output
    try scene.folder.write("inferred.json", text)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let fields = try #require(object["fields"] as? [String: [String: Any]])
    #expect(fields["year"]?["type"] as? String == "int")
    #expect(fields["year"]?["required"] as? Bool == true)
    #expect(fields["lang"]?["type"] as? String == "keyword")
    #expect(fields["lang"]?["required"] == nil)
    #expect(fields["tags"]?["type"] as? String == "keyword[]")
    #expect(fields["price"]?["type"] as? String == "float")
    #expect(fields["published"]?["type"] as? String == "time")
    try scene.succeed("schema", "s.vdb", "set", "inferred.json", "-q")
    #expect(try scene.run("schema", "s.vdb", "validate", "--strict").status == 0)
    // Now a text is enough for a time.
    #expect(
      try scene.run("count", "s.vdb", "--filter", "published >= '2015-01-01'").output
        == "\(selection.ids { $0.published >= "2015-01-01" }.count)\n")
    try scene.folder.write("bad.json", #"{"fields":{"a":"int","a.b":"int"}}"#)
    try scene.fail(4, "schema", "s.vdb", "set", "bad.json", says: "inside")
    try scene.fail(2, "schema", "s.vdb", "set", says: "file")
  }
}
