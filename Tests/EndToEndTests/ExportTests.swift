import Foundation
import TestSupport
import Testing

@Suite struct ExportTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let format: String
    let idType: String
    let type: String
    var testDescription: String { "\(format) \(idType) \(type)" }
  }

  static let cases: [Case] = ["jsonl", "json", "npy", "fvecs", "jsonl-base64"].flatMap { format in
    ["string", "int64", "uuid"].flatMap { ids in
      ["f32", "f16"].map { Case(format: format, idType: ids, type: $0) }
    }
  }

  private static func ids(_ type: String) -> [String] {
    switch type {
    case "int64": ["-9223372036854775808", "0", "7", "9007199254740993", "9223372036854775807"]
    case "uuid":
      (0..<5).map { "0000000\($0)-1111-4222-8333-44444444444\($0)" }
    default: ["a", "007", "1.0", "naïve \\\"q\\\"", "zeile"]
    }
  }

  private func hash(_ folder: ReadingFolder, _ name: String) throws -> String? {
    try folder.done("info", name, "--json", "--content-hash").object()["content_hash"] as? String
  }

  @Test(arguments: cases) func `what was exported and imported again has the same content`(_ item: Case)
    throws
  {
    let folder = try ReadingFolder.withSmall(ids: Self.ids(item.idType), idType: item.idType, type: item.type)
    try folder.done(
      "upsert", "s.vdb", "-", "-q",
      stdin:
        "{\"id\":\(item.idType == "int64" ? "7" : "\"\(Self.ids(item.idType)[2])\""),\"vector\":[0.1,-1e-7],\"payload\":{\"x\":[1,2.5,null,\"é\"],\"y\":{}}}\n"
    )
    let format = item.format == "jsonl-base64" ? "jsonl" : item.format
    var words = ["export", "s.vdb", "-o", "out.\(format)", "-q"]
    var back = ["import", "r.vdb", "out.\(format)", "-q"]
    if item.format == "jsonl-base64" { words += ["--vector-encoding", "base64"] }
    if format == "npy" || format == "fvecs" {
      words += ["--ids-out", "ids.txt", "--payload-out", "payload.jsonl"]
      back += ["--ids", "ids.txt", "--payload", "payload.jsonl"]
    }
    #expect(try Tool.run(words, in: folder.path).status == 0)
    try folder.done(
      "create", "r.vdb", "--dims", "2", "--metric", "l2", "--id-type", item.idType, "--type", item.type, "-q")
    let result = try Tool.run(back, in: folder.path)
    #expect(result.status == 0, "\(result.errors)")
    let hash = try hash(folder, "s.vdb")
    #expect(hash != nil)
    #expect(try self.hash(folder, "r.vdb") == hash)
  }

  @Test(arguments: ["jsonl", "json", "npy", "fvecs"])
  func `real records keep every bit on their way out and in`(_ format: String) throws {
    let folder = try ReadingFolder.withPackages()
    var words = ["export", "p.vdb", "-o", "out.\(format)", "-q"]
    var back = ["import", "r.vdb", "out.\(format)", "--create", "--id-type", "string", "-q"]
    if format == "npy" || format == "fvecs" {
      words += ["--ids-out", "ids.txt", "--payload-out", "payload.jsonl"]
      back += ["--ids", "ids.txt", "--payload", "payload.jsonl"]
    }
    #expect(try Tool.run(words, in: folder.path).status == 0)
    let result = try Tool.run(back, in: folder.path)
    #expect(result.status == 0, "\(result.errors)")
    #expect(try hash(folder, "p.vdb") == hash(folder, "r.vdb"))
  }

  @Test(arguments: ["csv", "tsv"]) func `tables keep everything when their types are given back`(
    _ format: String
  ) throws {
    let folder = try ReadingFolder.withSmall()
    try folder.done("export", "s.vdb", "-o", "out.\(format)", "-q")
    try folder.done(
      "import", "r.vdb", "out.\(format)", "--create", "--metric", "l2", "--cast", "n=int", "--cast", "a=json",
      "-q")
    #expect(try hash(folder, "s.vdb") == hash(folder, "r.vdb"))
    try folder.done("export", "s.vdb", "-o", "columns.\(format)", "--vector-columns", "e", "-q")
    let header = try #require(try folder.shell("head -1 columns.\(format)").lines.first)
    #expect(header.contains("e0") && header.contains("e1"))
    try folder.done(
      "import", "c.vdb", "columns.\(format)", "--create", "--metric", "l2", "--vector-columns", "e{0..1}",
      "--cast",
      "n=int", "--cast", "a=json", "-q")
    #expect(try hash(folder, "s.vdb") == hash(folder, "c.vdb"))
    try folder.done("export", "s.vdb", "-o", "b64.\(format)", "--vector-encoding", "base64", "-q")
    try folder.done(
      "import", "b.vdb", "b64.\(format)", "--create", "--metric", "l2", "--cast", "n=int", "--cast", "a=json",
      "-q")
    #expect(try hash(folder, "s.vdb") == hash(folder, "b.vdb"))
  }

  @Test func `the order is that of arrival, of ids or of storage`() throws {
    let folder = try ReadingFolder.withSmall(ids: ["10", "9", "-3", "100", "2"], idType: "int64")
    func ids(_ words: String...) throws -> [Int] {
      let result = try Tool.run(["export", "s.vdb"] + words, in: folder.path)
      return try result.objects().compactMap { $0["id"] as? Int }
    }
    #expect(try ids() == [10, 9, -3, 100, 2])
    #expect(try ids("--order", "id") == [-3, 2, 9, 10, 100])
    #expect(try Set(ids("--order", "storage")) == Set([10, 9, -3, 100, 2]))
    #expect(try ids("--order", "id", "--limit", "2") == [-3, 2])
    #expect(try ids("--limit", "3") == [10, 9, -3])
    #expect(try ids("--limit", "0") == [])
  }

  @Test func `parts and fields can be left out`() throws {
    let folder = try ReadingFolder.withSmall()
    #expect(
      try folder.done("export", "s.vdb", "--no-vectors", "--fields", "n", "--limit", "1").output
        == "{\"id\":\"a\",\"payload\":{\"n\":0}}\n")
    #expect(
      try folder.done("export", "s.vdb", "--to", "csv", "--no-vectors", "--fields", "a.b,n", "--limit", "1")
        .output
        == "id,a,n\r\na,\"{\"\"b\"\":\"\"t0\"\"}\",0\r\n")
    let ints = try ReadingFolder.withSmall(ids: ["1", "2", "3", "4", "5"], idType: "int64")
    #expect(
      try ints.done("export", "s.vdb", "--no-vectors", "--fields", "n", "--limit", "1", "--ids-as-strings")
        .output
        == "{\"id\":\"1\",\"payload\":{\"n\":0}}\n")
  }

  @Test func `options that have no place in a format are refused`() throws {
    let folder = try ReadingFolder.withSmall()
    let wrong: [[String]] = [
      ["--to", "npy", "--no-vectors"], ["--to", "fvecs", "--vector-encoding", "base64"],
      ["--to", "npy", "--fields", "n"],
      ["--to", "jsonl", "--ids-out", "x"], ["--to", "csv", "--payload-out", "x"],
      ["--to", "jsonl", "--vector-columns", "e"],
      ["--to", "json", "--spreadsheet-safe"], ["--to", "csv", "--ids-as-strings"], ["--json"],
      ["--to", "csv", "--no-vectors", "--vector-columns", "e"], ["--memory-limit", "1G"],
      ["--tmpdir", "/tmp"],
    ]
    for words in wrong {
      #expect(try Tool.run(["export", "s.vdb"] + words, in: folder.path).status == 2, "\(words)")
    }
  }

  @Test func `cells like formulas are told of and neutralised when asked`() throws {
    let folder = try ReadingFolder.withSmall()
    try folder.done(
      "insert", "s.vdb", "-", "-q", stdin: "{\"id\":\"f\",\"vector\":[1,1],\"payload\":{\"t\":\"=1+1\"}}\n")
    let plain = try folder.done("export", "s.vdb", "--to", "csv", "--no-vectors", "--fields", "t")
    #expect(plain.output.contains("f,=1+1\r\n"))
    #expect(plain.errors.contains("--spreadsheet-safe"))
    let safe = try folder.done(
      "export", "s.vdb", "--to", "csv", "--no-vectors", "--fields", "t", "--spreadsheet-safe")
    #expect(safe.output.contains("f,'=1+1\r\n"))
    #expect(safe.errors.isEmpty)
  }

  @Test func `a summary for programs stands on standard output`() throws {
    let folder = try ReadingFolder.withSmall()
    let result = try folder.done("export", "s.vdb", "-o", "out.jsonl", "--json")
    let object = try result.object()
    #expect(object["schema"] as? String == "vdb.export/1")
    #expect(object["records"] as? Int == 5)
    #expect(try folder.folder.read("out.jsonl").filter { $0 == 10 }.count == 5)
  }

  @Test func `a failed export leaves no file behind`() throws {
    let folder = try ReadingFolder.withSmall()
    try folder.done("insert", "s.vdb", "-", "-q", stdin: "{\"id\":\"two\\nlines\",\"vector\":[1,1]}\n")
    let result = try folder.vdb("export", "s.vdb", "-o", "out.npy", "--ids-out", "ids.txt")
    #expect(result.status == 4)
    let names = try folder.folder.names()
    #expect(!names.contains("out.npy") && !names.contains("ids.txt"))
    #expect(!names.contains { $0.hasPrefix(".vdb-") })
  }

  @Test func `binary formats are not written to a terminal`() throws {
    let folder = try ReadingFolder.withSmall()
    guard let shown = try folder.onTerminal("export s.vdb --to npy") else { return }
    #expect(shown.contains("standard output is a terminal"))
  }
}
