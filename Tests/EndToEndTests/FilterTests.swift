import Foundation
import TestSupport
import Testing

@Suite struct FilterTests {
  @Test func `filter explains a filter and says what may surprise`() throws {
    let scene = try Scene()
    let result = try scene.succeed("filter", "NOT (a = 1 AND b != 2)")
    #expect(
      result.output == """
        filter\tNOT (a = 1 AND b != 2)
        evaluated\tNOT a = 1 OR NOT b != 2
        json\t{"not":{"and":[{"path":"a","op":"=","value":1},{"path":"b","op":"!=","value":2}]}}
        field\ta
        field\tb

        """)
    #expect(
      result.errors.contains(
        "note: NOT a = 1 is TRUE where a is missing, null or of another type; a != 1 is FALSE there"))
    #expect(try scene.succeed("filter", "a != 1").errors.contains("a != 1 is FALSE where a is missing"))
    #expect(
      try scene.succeed("filter", "a = NULL").errors.contains("a = NULL is never TRUE; write a IS NULL"))
    #expect(try scene.succeed("filter", "a = 1").errors.isEmpty)
    let json = try scene.json("filter", "a = 1 OR a = 1")
    #expect(json["schema"] as? String == "vdb.filter/1" && json["evaluated"] as? String == "a = 1")
    #expect(((json["json"] as? [String: Any])?["or"] as? [Any])?.count == 2)
  }

  @Test func `filter looks up fields and points at names that no record has`() throws {
    let scene = try Scene.small()
    let result = try scene.succeed("filter", "lang = 'en' AND old.x != 1 AND langg = 'de'", "a.vdb")
    #expect(result.output.contains("field\tlang: string, 2 of 3 rows\n"))
    #expect(result.output.contains("field\told.x: int, 1 of 3 rows\n"))
    #expect(result.errors.contains("no record has a field langg; did you mean lang?"))
    #expect(result.errors.contains("\n  lang = 'en' AND old.x != 1 AND langg = 'de'\n"))
    #expect(result.errors.contains("\n                                 ^~~~~\n"))
    // A name that is like a field's is taken for that field, any other for text without its quotes.
    #expect(try scene.succeed("filter", "lang = en", "a.vdb").errors.contains("did you mean n?"))
    #expect(
      try scene.succeed("filter", "lang = german", "a.vdb").errors.contains("for text write 'german'"))
    try scene.fail(6, "filter", "a = 1", "missing.vdb")
    // A number for ids that are strings.
    try scene.fail(2, "filter", "$id = 5", "a.vdb", "--test", "rows.jsonl", says: "write '5' in quotes")
  }

  @Test func `filter converts between forms`() throws {
    let scene = try Scene()
    let text = "ANY(items: .price < 9 AND .name LIKE '%x%') OR at > NOW() - 7d"
    let json = try scene.succeed("filter", text, "--to", "json").output.trimmingCharacters(in: .newlines)
    #expect(
      try scene.succeed("filter", json, "--to", "text").output == text.replacing("7d", with: "1w") + "\n")
    #expect(
      try scene.succeed("filter", "a > NOW() - 1h", "--now", "2026-11-21T01:00:00Z", "--to", "text").output
        == "a > TS '2026-11-21T00:00:00Z'\n")
    #expect(
      try scene.succeed("filter", "a IN :l", "--param", "l=[1,2]", "--to", "chroma").output
        == "{\"a\":{\"$in\":[1,2]}}\n")
    try scene.fail(2, "filter", "a != 1", "--to", "chroma", says: "write NOT (a = …)")
    try scene.fail(2, "filter", "a = :p", "--test", "-", says: "a value for :p")
    try scene.fail(
      2, "filter", "a = 1", "--param", "p=1", "--to", "text", says: "parameters that the filter uses")
    try scene.fail(2, "filter", "{\"must\":[{\"key\":\"a\",\"match\":{\"regex\":\"x\"}}]}", says: "column 30")
    try scene.fail(2, "filter", "EXIST(a)", says: "did you mean EXISTS?")
    try scene.fail(2, "filter", "a = 1", "--to", "text", "--test", "x")
    try scene.fail(2, "filter")
  }

  @Test func `filter tests one record`() throws {
    let scene = try Scene()
    let record = "{\"id\":\"k7\",\"payload\":{\"n\":1},\"meta\":{\"created\":\"2026-01-01T00:00:00Z\"}}"
    let filter = "n = 1 AND $id = 'k7' AND $created = '2026-01-01' AND vector IS MISSING"
    #expect(try scene.succeed("filter", filter, "--test", "-", stdin: record).output == "true\n")
    let no = try scene.run("filter", "n = 2", "--test", "-", stdin: record)
    #expect(no.status == 1 && no.output == "false\n" && no.errors.isEmpty)
    #expect(try scene.json("filter", "n = 1", "--test", "-", stdin: "{\"n\":1}")["matches"] as? Bool == true)
    try scene.folder.write("ids.txt", "k7\n\"k8\"\n9\n")
    #expect(try scene.succeed("filter", "$id IN @'ids.txt'", "--test", "-", stdin: record).output == "true\n")
    #expect(
      try scene.succeed("filter", "n NOT IN @'ids.txt'", "--test", "-", stdin: record).output == "true\n")
    try scene.fail(6, "filter", "n IN @'none.txt'", "--test", "-", stdin: record)
    try scene.fail(4, "filter", "n = 1", "--test", "-", stdin: "[1]", says: "a record is a JSON object")
    try scene.fail(4, "filter", "n = 1", "--test", "-", stdin: "{\"n\":", says: "byte 5")
    try scene.fail(6, "filter", "n = 1", "--test", "none.json")
  }

  @Test func `errors carry their place for programs`() throws {
    let result = try Scene().fail(2, "filter", "a = 1 AND", "--json")
    let line = try #require(result.errors.split(separator: "\n").last)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(object["code"] as? String == "filter-syntax")
    #expect((object["message"] as? String)?.contains("column 10") == true)
    #expect(object["details"] as? [String] == ["a = 1 AND", "         ^"])
  }
}

/// The manual page of the language says what the tool does.
@Suite struct FilterManualTests {
  /// Lines of the page with the escapes of roff replaced.
  private func lines() throws -> [String] {
    try String(contentsOfFile: PackageFolder.path + "/man/vdb-filter.7", encoding: .utf8)
      .replacing("\\(aq", with: "'").replacing("\\(dq", with: "\"").replacing("\\-", with: "-").replacing(
        "\\e", with: "\\"
      ).replacing("\\&", with: "")
      .components(separatedBy: "\n")
  }

  @Test func everyFilterOfThePageIsOne() throws {
    let scene = try Scene()
    let filters = try lines().filter { $0.hasPrefix(".Dl ") }.map { String($0.dropFirst(4)) }
    #expect(filters.count > 25)
    for filter in filters { try scene.succeed("filter", filter, "--to", "json") }
    // The block of the JSON form.
    let text = try lines()
    let start = try #require(text.firstIndex { $0.hasPrefix("{\"and\"") })
    let json = text[start...].prefix { !$0.hasPrefix(".") }.joined(separator: "\n")
    try scene.succeed("filter", json, "--to", "text")
  }

  @Test func everyExampleOfThePageGivesWhatItShows() throws {
    let scene = try Scene()
    let text = try lines()
    var blocks: [[String]] = []
    var block: [String]?
    for line in text {
      if line.hasPrefix(".Bd -literal") {
        block = []
      } else if line == ".Ed" {
        if let block, block.first?.hasPrefix("$ ") == true { blocks.append(block) }
        block = nil
      } else {
        block?.append(line)
      }
    }
    #expect(blocks.count >= 5)
    let tools = String(Tool.path.prefix(upTo: Tool.path.lastIndex(of: "/") ?? Tool.path.endIndex))
    for block in blocks {
      var rest = block[...]
      while let command = rest.popFirst() {
        var wanted: [String] = []
        while let line = rest.first, !line.hasPrefix("$ ") {
          wanted.append(line)
          rest.removeFirst()
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", String(command.dropFirst(2))]
        process.currentDirectoryURL = URL(fileURLWithPath: scene.folder.path)
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("VDB_") }
        environment["PATH"] = tools + ":" + (environment["PATH"] ?? "/usr/bin:/bin")
        process.environment = environment
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(command): \(output)")
        #expect(output == wanted.map { $0 + "\n" }.joined(), "\(command)")
      }
    }
  }
}
