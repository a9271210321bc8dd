import Foundation
import TestSupport
import Testing

@Suite struct SearchTests {
  private static let queries = ReadingFolder.packages + "queries.jsonl"

  @Test func `search prints rank, id and distance, a table on a terminal and TSV elsewhere`() throws {
    let folder = try ReadingFolder.withSmall()
    #expect(
      try folder.done("search", "s.vdb", "--vector", "[2,1]", "-k", "3").output
        == "1\tb\t0.0\n2\ta\t1.0\n3\tc\t1.0\n")
    #expect(
      try folder.done("search", "s.vdb", "--vector", "[2,1]", "-k", "1", "--fields", "a.b,n,x").output
        == "1\tb\t0.0\tt1\t1\t\n")
    #expect(
      try folder.done("search", "s.vdb", "--vector", "[2,1]", "-k", "1", "--with", "vector,payload").output
        == "1\tb\t0.0\t[2.0,1.0]\t{\"a\":{\"b\":\"t1\",\"c\":true},\"n\":1}\n")
    #expect(
      try folder.done("search", "s.vdb", "--vector", "[2,1]", "-k", "1", "--format", "csv").output
        == "rank,id,distance\r\n1,b,0.0\r\n")
    #expect(
      try folder.done("search", "s.vdb", "--vector", "[2,1]", "-k", "2", "--format", "ids").output == "b\na\n"
    )
    #expect(
      try folder.done("search", "s.vdb", "--vector", "[2,1]", "-k", "1", "--format", "table").output
        == "rank  id  distance\n1     b   0.0\n")
    guard let shown = try folder.onTerminal("search s.vdb --vector '[2,1]' -k 1") else { return }
    #expect(shown == "rank  id  distance\n1     b   0.0\n")
  }

  @Test func `search prints one object, and with queries a line for each`() throws {
    let folder = try ReadingFolder.withSmall(metric: "cosine")
    let one = try folder.done(
      "search", "s.vdb", "--vector", "[1,1]", "-k", "2", "--json", "--with", "vector", "--fields", "n"
    ).object()
    #expect(one["schema"] as? String == "vdb.search/1")
    #expect(one["version"] as? Int == 2)
    #expect((one["lsn"] as? Int ?? 0) > 1)
    #expect(one["k"] as? Int == 2)
    let hits = try #require(one["hits"] as? [[String: Any]])
    #expect(hits.map { $0["id"] as? String } == ["a", "b"])
    #expect(hits[0]["vector"] as? [Double] == [1, 1])
    #expect((hits[1]["payload"] as? [String: Any])?["n"] as? Int == 1)
    let distance = try #require(hits[1]["distance"] as? Double)
    let score = try #require(hits[1]["score"] as? Double)
    #expect(abs(distance + score - 1) < 1e-6)
    let many = try folder.done(
      "search", "s.vdb", "--queries", "-", "--from", "jsonl", "-k", "all", "--json",
      stdin: "{\"vector\":[1,1]}\n{\"id\":\"x\",\"vector\":[5,1]}\n"
    ).objects()
    #expect(many.map { $0["query"] as? Int } == [0, 1])
    #expect(many.allSatisfy { ($0["hits"] as? [Any])?.count == 5 && $0["k"] is NSNull })
    #expect(try folder.done("search", "s.vdb", "--id", "a", "--format", "jsonl").lines.count == 1)
  }

  @Test func `the record of --id itself is left out`() throws {
    let folder = try ReadingFolder.withSmall()
    #expect(
      try folder.done("search", "s.vdb", "--id", "a", "-k", "all", "--format", "ids").output == "b\nc\nd\ne\n"
    )
    #expect(try folder.done("search", "s.vdb", "--id", "e", "-k", "1", "--format", "ids").output == "d\n")
    #expect(try folder.vdb("search", "s.vdb", "--id", "nope").status == 1)
  }

  @Test func `distances, scores, offsets and cursors choose among the rows`() throws {
    let folder = try ReadingFolder.withSmall()
    func ids(_ words: String...) throws -> String {
      let result = try Tool.run(
        ["search", "s.vdb", "--vector", "[3,1]", "--format", "ids"] + words, in: folder.path)
      #expect(result.status == 0, "\(result.errors)")
      return result.lines.joined()
    }
    #expect(try ids("-k", "all") == "cbdae")
    #expect(try ids("-k", "all", "--max-distance", "1") == "cbd")
    #expect(try ids("-k", "2", "--offset", "1") == "bd")
    #expect(try ids("-k", "2", "--after", "1.0,b") == "da")
    #expect(try ids("-k", "2", "--after", "2,e") == "")
    #expect(try ids("-k", "2", "--exact") == "cb")
    let noScore = try folder.vdb("search", "s.vdb", "--vector", "[3,1]", "--min-score", "1")
    #expect(noScore.status == 2)
    #expect(try folder.vdb("search", "s.vdb", "--vector", "[3,1]", "--after", "x").status == 2)
    #expect(try folder.vdb("search", "s.vdb", "--vector", "[3,1]", "--after", "nan,b").status == 2)
    #expect(try folder.vdb("search", "s.vdb", "--vector", "[3,1]", "-k", "0").status == 2)
  }

  @Test(arguments: ["cosine", "dot"]) func `a printed score selects its own row`(_ metric: String) throws {
    let folder = try ReadingFolder.withSmall(metric: metric)
    let all = try folder.done("search", "s.vdb", "--vector", "[0.3,0.7]", "-k", "all", "--json").object()
    let hits = try #require(all["hits"] as? [[String: Any]])
    #expect(hits.count == 5)
    for (rank, hit) in hits.enumerated() {
      let score = try #require(hit["score"] as? Double)
      let text = "\(Float(score))"
      let found = try folder.done(
        "search", "s.vdb", "--vector", "[0.3,0.7]", "-k", "all", "--min-score=\(text)", "--format", "ids")
      #expect(found.lines.count >= rank + 1 && found.lines[rank] == hit["id"] as? String)
    }
  }

  @Test func `pages by cursor are stable under ties`() throws {
    let folder = try ReadingFolder()
    try folder.done("create", "t.vdb", "--dims", "1", "--metric", "l2", "-q")
    let lines = (0..<40).map { "{\"id\":\"r\($0 * 7 % 40)\",\"vector\":[\($0 % 3)]}\n" }.joined()
    try folder.done("insert", "t.vdb", "-", "-q", stdin: lines)
    let all = try folder.done("search", "t.vdb", "--vector", "[0]", "-k", "all").lines.map {
      $0.split(separator: "\t").dropFirst().joined(separator: "\t")
    }
    #expect(all.count == 40)
    var paged: [String] = []
    while true {
      var words = ["search", "t.vdb", "--vector", "[0]", "-k", "7"]
      if let last = paged.last?.split(separator: "\t") { words += ["--after", "\(last[1]),\(last[0])"] }
      let page = try Tool.run(words, in: folder.path).lines.map {
        $0.split(separator: "\t").dropFirst().joined(separator: "\t")
      }
      if page.isEmpty { break }
      paged += page
    }
    #expect(paged == all)
  }

  @Test func `queries of every format and any number of threads give the known answers`() throws {
    let folder = try ReadingFolder.withPackages()
    let truth = try Data(contentsOf: URL(fileURLWithPath: ReadingFolder.packages + "truth-cosine-10.ivecs"))
    for threads in ["1", "2", "5"] {
      let found = try folder.done(
        "search", "p.vdb", "--queries", Self.queries, "-k", "10", "--format", "ivecs", "--positions",
        "--threads",
        threads)
      #expect(Data(found.stdout) == truth)
    }
    try folder.done("import", "q.vdb", Self.queries, "--create", "-q")
    for format in ["npy", "fvecs", "csv", "json"] {
      try folder.done("export", "q.vdb", "-o", "q.\(format)", "-q")
      let found = try folder.done(
        "search", "p.vdb", "--queries", "q.\(format)", "-k", "10", "--format", "ivecs", "--positions")
      #expect(Data(found.stdout) == truth, "\(format)")
    }
    try folder.folder.write("bad.jsonl", "{\"vector\":[1.0,2.0]}\n")
    let bad = try folder.vdb("search", "p.vdb", "--queries", "bad.jsonl")
    #expect(bad.status == 4)
    #expect(bad.errors.contains("bad.jsonl"))
  }

  @Test func `a field can be named that holds the vectors of queries`() throws {
    let folder = try ReadingFolder.withSmall()
    let query = "{\"v\":[5,1]}\n"
    #expect(
      try folder.done(
        "search", "s.vdb", "--queries", "-", "--from", "jsonl", "--vector-field", "v", "-k", "1", stdin: query
      ).output == "0\t1\te\t0.0\n")
    #expect(try folder.vdb("search", "s.vdb", "--vector", "[5,1]", "--vector-field", "v").status == 2)
    #expect(try folder.vdb("search", "s.vdb", "--vector", "[5,1]", "--from", "jsonl").status == 2)
  }

  @Test func `npy holds numbers or positions, -1 where an answer is short`() throws {
    let folder = try ReadingFolder.withSmall(ids: ["10", "20", "30", "40", "50"], idType: "int64")
    func numbers(_ words: String...) throws -> [Int64] {
      let result = try Tool.run(
        ["search", "s.vdb", "--queries", "-", "--from", "jsonl", "--format", "npy"] + words,
        stdin: "{\"vector\":[1,1]}\n{\"vector\":[5,1]}\n", in: folder.path)
      #expect(result.status == 0, "\(result.errors)")
      let bytes = Array(result.stdout)
      let start = 10 + Int(bytes[8]) + 256 * Int(bytes[9])
      return stride(from: start, to: bytes.count, by: 8).map { place in
        Int64(bitPattern: (0..<8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[place + $1]) })
      }
    }
    #expect(try numbers("-k", "2") == [10, 20, 50, 40])
    #expect(try numbers("-k", "2", "--positions") == [0, 1, 4, 3])
    #expect(try numbers("-k", "9", "--max-distance", "0.5") == [10, 50])
    #expect(try numbers("-k", "7", "--positions") == [0, 1, 2, 3, 4, 4, 3, 2, 1, 0])
    let text = try ReadingFolder.withSmall()
    #expect(try text.vdb("search", "s.vdb", "--vector", "[1,1]", "--format", "ivecs").status == 2)
    #expect(
      try text.vdb("search", "s.vdb", "--vector", "[1,1]", "--format", "ids", "--positions").status == 2)
    #expect(
      try text.vdb("search", "s.vdb", "--vector", "[1,1]", "--format", "ids", "--fields", "n").status == 2)
  }

  @Test func `bad query vectors are refused with the fitting status`() throws {
    let folder = try ReadingFolder.withSmall(metric: "cosine")
    #expect(try folder.vdb("search", "s.vdb", "--vector", "[1,2,3]").status == 2)
    #expect(try folder.vdb("search", "s.vdb", "--vector", "[0,0]").status == 2)
    #expect(try folder.vdb("search", "s.vdb", "--vector", "[1,x]").status == 2)
    #expect(try folder.vdb("search", "s.vdb", "--vector", "@none.npy").status == 6)
    try folder.folder.write("v.json", "[1,2,3]")
    #expect(try folder.vdb("search", "s.vdb", "--vector", "@v.json").status == 4)
    try folder.folder.write("v.json", "[2,1]")
    #expect(
      try folder.done("search", "s.vdb", "--vector", "@v.json", "-k", "1", "--format", "ids").output == "b\n")
    #expect(
      try folder.done("search", "s.vdb", "--vector", "@-", "-k", "1", "--format", "ids", stdin: "[2,1]")
        .output
        == "b\n")
    #expect(try folder.vdb("search", "s.vdb").status == 2)
    #expect(try folder.vdb("search", "s.vdb", "--vector", "[1,1]", "--id", "a").status == 2)
  }

  @Test func `-e says that nothing was found`() throws {
    let folder = try ReadingFolder.withSmall()
    let words = ["search", "s.vdb", "--vector", "[9,9]", "--max-distance", "0.1"]
    #expect(try Tool.run(words, in: folder.path).status == 0)
    #expect(try Tool.run(words + ["-e"], in: folder.path).status == 1)
    #expect(try folder.vdb("search", "s.vdb", "--vector", "[1,1]", "-e").status == 0)
  }

  @Test func `--explain says what would be scanned and --profile where the time went`() throws {
    let folder = try ReadingFolder.withSmall()
    let explained = try folder.done("search", "s.vdb", "--vector", "[1,1]", "--explain")
    #expect(explained.output.contains("rows\t5\n"))
    #expect(explained.output.contains("kernel\t"))
    let object = try folder.done("search", "s.vdb", "--vector", "[1,1]", "--explain", "--json").object()
    #expect(object["rows"] as? Int == 5)
    #expect(object["log_rows"] as? Int == 2)
    #expect(object["threads"] as? Int == 1)
    let threads = try folder.done(
      "search", "s.vdb", "--vector", "[1,1]", "--explain", "--json", "--threads", "3")
    #expect(try threads.object()["threads"] as? Int == 3)
    let profile = try folder.done("search", "s.vdb", "--vector", "[1,1]", "--profile")
    #expect(profile.errors.contains("1 queries, 5 rows scanned"))
    #expect(profile.errors.contains(" ms"))
    #expect(profile.lines.count == 5)
  }

  /// What --explain cannot obey it does not pass over in silence.
  @Test func `--explain refuses what only a search does`() throws {
    let folder = try ReadingFolder.withSmall()
    for options in [
      ["--profile"], ["--exit-status"], ["-e"], ["--with", "payload"], ["--fields", "a"],
      ["--format", "ids"],
    ] {
      let words = ["search", "s.vdb", "--vector", "[1,1]", "--explain"] + options
      let result = try Tool.run(words, in: folder.path)
      #expect(result.status == 2, "\(options)")
      #expect(
        result.errors.contains("'--explain' and '") || result.errors.contains("and '--explain' exclude"))
      #expect(result.errors.contains("exclude each other") && result.output.isEmpty, "\(result.errors)")
    }
  }

  @Test func `integer ids are numbers in JSON unless they are wanted as strings`() throws {
    let folder = try ReadingFolder.withSmall(ids: ["1", "2", "3", "4", "5"], idType: "int64")
    #expect(
      try folder.done("search", "s.vdb", "--vector", "[1,1]", "-k", "1", "--json").output.contains(
        "{\"id\":1,"))
    #expect(
      try folder.done("search", "s.vdb", "--vector", "[1,1]", "-k", "1", "--json", "--ids-as-strings").output
        .contains("{\"id\":\"1\","))
  }
}
