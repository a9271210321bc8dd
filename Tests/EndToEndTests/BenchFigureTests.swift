import Foundation
import TestSupport
import Testing

#if canImport(FoundationXML)
import FoundationXML
#endif

/// What `vdb bench` says is true: its figures against what a test computes itself.
@Suite struct BenchFigureTests {
  /// Vectors of a .fvecs file.
  private static func vectors(_ bytes: [UInt8]) -> [[Float]] {
    func word(_ offset: Int) -> UInt32 {
      (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
    }
    var rows: [[Float]] = []
    var offset = 0
    while offset < bytes.count {
      let count = Int(word(offset))
      rows.append((0..<count).map { Float(bitPattern: word(offset + 4 + 4 * $0)) })
      offset += 4 + 4 * count
    }
    return rows
  }

  private static func distance(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) }.squareRoot()
  }

  /// The share of the k nearest that the positions of an .ivecs file hold, counted by distance; rows not in `among` are no rows.
  private static func recall(
    _ found: [UInt8], _ base: [[Float]], _ queries: [[Float]], k: Int, among: (Int) -> Bool = { _ in true }
  ) -> Double {
    let answers = vectors(found).map { $0.map { Int(Int32(bitPattern: $0.bitPattern)) } }
    var (hits, all) = (0, 0)
    for (query, answer) in zip(queries, answers) {
      let distances = base.indices.filter(among).map { distance(base[$0], query) }.sorted()
      let wanted = min(k, distances.count)
      guard wanted > 0 else { continue }
      let limit = distances[wanted - 1] * (1 + 1e-7)
      hits += answer.prefix(k).filter { distance(base[$0], query) <= limit }.count
      all += wanted
    }
    return Double(hits) / Double(max(1, all))
  }

  private func results(_ object: [String: Any]) throws -> [[String: Any]] {
    try #require(object["results"] as? [[String: Any]])
  }

  /// A scene with 5,000 normally distributed rows under l2, whose graph misses some, and 40 queries.
  private func graphScene() throws -> Scene {
    let scene = try Scene()
    try scene.succeed(
      "gen", "--rows", "5000", "--dims", "24", "--dist", "gauss", "--payload", "row:row,color:category:5",
      "--payload-out", "m.jsonl", "--queries", "40", "--queries-out", "q.fvecs", "-o", "a.fvecs")
    try scene.succeed("import", "--create", "a.vdb", "a.fvecs", "--payload", "m.jsonl", "--metric", "l2")
    try scene.succeed("rebuild-index", "a.vdb", "--kind", "graph")
    return scene
  }

  @Test func `recall, promises and statuses are those that a brute force gives`() throws {
    let scene = try graphScene()
    let base = Self.vectors(try scene.folder.read("a.fvecs"))
    let queries = Self.vectors(try scene.folder.read("q.fvecs"))
    let object = try scene.json(
      "bench", "a.vdb", "--queries", "q.fvecs", "--suite", "search,batch,cold", "--ef", "10,40", "--runs",
      "1", "--warmup", "0")
    let lines = try results(object)
    var checked = 0
    for (method, words) in [
      ("exact", ["--exact"]), ("default", []), ("recall 0.99", ["--recall", "0.99"]),
      ("ef 10", ["--ef", "10"]),
      ("ef 40", ["--ef", "40"]),
    ] {
      let result = try scene.run(
        [
          "search", "a.vdb", "--queries", "q.fvecs", "-k", "10", "--format", "ivecs", "--positions", "-o",
          "o",
        ]
          + ["-f"] + words)
      #expect(result.status == 0, "\(result.errors)")
      let own = Self.recall(try scene.folder.read("o"), base, queries, k: 10)
      for line in lines where (line["method"] as? String)?.hasPrefix(method) == true {
        let measured = try #require(line["recall"] as? Double)
        #expect(abs(measured - own) < 1e-9, "\(method): \(line), the test counts \(own)")
        checked += 1
      }
    }
    // In each of the suites search and batch, and a process a query for what has no effort.
    #expect(checked >= 2 * 5 + 4)
    for line in lines where line["suite"] as? String != "cold" {
      let method = try #require(line["method"] as? String)
      #expect((line["promised"] as? Double != nil) == !method.hasPrefix("exact"), "\(line)")
      #expect((line["hops_per_query"] as? Double != nil) == !method.hasPrefix("exact"), "\(line)")
    }
    let ten = try #require(lines.first { $0["method"] as? String == "ef 10" }?["recall"] as? Double)
    try #require(ten < 1, "the graph misses nothing: choose other data")
    // The gate judges what users get.
    let usual = try #require(lines.first { $0["method"] as? String == "default" }?["recall"] as? Double)
    let words = ["bench", "a.vdb", "--queries", "q.fvecs", "--suite", "search", "--runs", "1", "--json"]
    #expect(try scene.run(words + ["--min-recall", "\(usual)"]).status == 0)
    try #require(usual < 1)
    let failed = try scene.run(words + ["--min-recall", "1"])
    #expect(failed.status == 1)
    #expect(failed.output.contains("\"is_met\":false") && failed.errors.contains("--min-recall"))
  }

  @Test func `rows and bytes of a query are counted, not guessed`() throws {
    let scene = try Scene()
    try scene.succeed(
      "gen", "--rows", "4500", "--dims", "64", "--queries", "7", "--queries-out", "q.fvecs", "-o", "a.fvecs")
    func line(_ collection: String, _ suite: String) throws -> [String: Any] {
      let object = try scene.json(
        "bench", collection, "--queries", "q.fvecs", "--suite", suite, "--runs", "1", "--threads", "1")
      return try #require(try results(object).first)
    }
    try scene.succeed("import", "--create", "n.vdb", "a.fvecs", "--index", "none")
    for suite in ["search", "batch"] {
      let scan = try line("n.vdb", suite)
      #expect(scan["rows_per_query"] as? Double == 4500)
      #expect(scan["bytes_per_query"] as? Double == Double(4500 * 256))
      #expect((scan["method"] as? String) == "exact (scan)")
    }
    try scene.succeed("import", "--create", "f.vdb", "a.fvecs", "--index", "flat")
    for suite in ["search", "batch"] {
      let codes = try line("f.vdb", suite)
      let scored = try #require(codes["scored_per_query"] as? Double)
      let bytes = try #require(codes["bytes_per_query"] as? Double)
      #expect(codes["rows_per_query"] as? Double == 4500)
      #expect(scored >= 10 && scored < 450, "\(scored)")
      // 64 bytes of code and two numbers for each row, the vector of each row that was scored.
      #expect(abs(bytes - (4500 * (64 + 8) + scored * 256)) < 1, "\(codes)")
      #expect((codes["method"] as? String) == "exact (codes)")
    }
  }

  @Test func `a filtered search finds min(k, matches) rows, all of them matching and the nearest`() throws {
    let scene = try graphScene()
    let object = try scene.json(
      "bench", "a.vdb", "--queries", "q.fvecs", "--suite", "filter", "--filter", "row < 2000", "--filter",
      "row < 3 OR row = 4000", "--runs", "1", "--limit", "20")
    #expect(object["is_complete"] as? Bool == true)
    let lines = try results(object)
    let measured = lines.filter { $0["filter"] != nil }
    #expect(measured.count == 2 + 12)
    for line in measured {
      let matching = try #require(line["matching"] as? Int)
      #expect(line["wanted"] as? Int == min(10, matching))
      #expect(line["found"] as? Int == min(10, matching), "\(line)")
      #expect((line["recall"] as? Double).map { $0 > 0 && $0 <= 1 } == true, "\(line)")
      #expect((line["filter_p50_ns"] as? Int ?? 0) > 0 && (line["p50_ns"] as? Int ?? 0) > 0)
      let share = try #require(line["matching_share"] as? Double)
      #expect(abs(share - Double(matching) / 5000) < 1e-12)
    }
    func matching(_ kind: String) -> [Int] {
      measured.filter { $0["filter_kind"] as? String == kind }.compactMap { $0["matching"] as? Int }
    }
    func near(_ kind: String) -> [Double] {
      measured.filter { $0["filter_kind"] as? String == kind }.compactMap { $0["near_share"] as? Double }
    }
    for kind in ["random", "correlated", "anti-correlated"] {
      #expect(matching(kind) == [2500, 500, 50, 5], "\(kind)")
    }
    #expect(matching("given") == [2000, 4])
    // Correlation is not only a word: rows that match are near the queries, or far from them.
    for (index, share) in [0.5, 0.1, 0.01].enumerated() {
      #expect(near("correlated")[index] > near("random")[index])
      #expect(near("anti-correlated")[index] < near("random")[index] || near("random")[index] == 0)
      #expect(abs(near("random")[index] - share) < 0.1)
    }
    // The copy has the index that the collection has.
    #expect(lines.contains { ($0["method"] as? String)?.hasSuffix("graph index built") == true })
    // A filter of the user is judged against the nearest of the rows that match.
    let base = Self.vectors(try scene.folder.read("a.fvecs"))
    let queries = Array(Self.vectors(try scene.folder.read("q.fvecs")).prefix(20))
    try scene.succeed(
      "search", "a.vdb", "--queries", "q.fvecs", "-k", "10", "--filter", "row < 2000", "--format", "ivecs",
      "--positions", "-o", "o", "--threads", "1")
    let own = Self.recall(try scene.folder.read("o"), base, queries, k: 10) { $0 < 2000 }
    let line = try #require(measured.first { $0["filter"] as? String == "row < 2000" })
    #expect(abs((line["recall"] as? Double ?? 0) - own) < 1e-9, "\(line), the test counts \(own)")

    let few = try scene.json(
      "bench", "a.vdb", "--queries", "q.fvecs", "--suite", "filter", "--filter", "row < 2000",
      "--own-filters", "--runs", "1", "--limit", "2")
    #expect(try results(few).count == 1)
  }

  @Test func `every rank of the percentiles is that of the nearest rank`() throws {
    let scene = try Scene()
    try scene.succeed(
      "gen", "--rows", "50", "--dims", "4", "--queries", "3", "--queries-out", "q.npy", "-o", "a.jsonl")
    try scene.succeed("import", "--create", "a.vdb", "a.jsonl")
    for seconds in ["0", "0.05"] {
      let object = try scene.json(
        "bench", "a.vdb", "--queries", "q.npy", "--suite", "search", "--runs", "1", "--seconds", seconds)
      let line = try #require(try results(object).first)
      let ranks = try ["p50_ns", "p95_ns", "p99_ns"].map { try #require(line[$0] as? Int) }
      #expect(ranks == ranks.sorted() && ranks[0] > 0)
    }
  }

  @Test func `cold answers are whole however many there are, and cold only when nothing was cached`() throws {
    let scene = try Scene()
    try scene.succeed(
      "gen", "--rows", "4000", "--dims", "4", "--queries", "2", "--queries-out", "q.npy", "-o", "a.jsonl")
    try scene.succeed("import", "--create", "a.vdb", "a.jsonl")
    let object = try scene.json(
      "bench", "a.vdb", "--queries", "q.npy", "--suite", "cold", "-k", "4000", "--runs", "1")
    let lines = try results(object)
    #expect(lines.count == 2)
    for line in lines {
      #expect(line["recall"] as? Double == 1, "\(line)")
      let condition = try #require(line["condition"] as? String)
      guard condition != "cache warm" else { continue }
      let resident = try #require(line["resident_pages"] as? Int)
      #expect(try #require(line["pages"] as? Int) > 10)
      #expect((condition == "cache dropped") == (resident == 0), "\(line)")
    }
  }

  @Test func `a collection that does not hold the data set is refused`() throws {
    let scene = try Scene()
    try FileManager.default.createDirectory(
      atPath: scene.folder.file("set"), withIntermediateDirectories: true)
    try scene.succeed(
      "gen", "--rows", "5000", "--dims", "8", "--queries", "5", "--queries-out", "set/query.fvecs", "-o",
      "set/base.fvecs")
    let words = ["--dataset", "set", "--runs", "1", "--suite", "search,delete"]
    func bench(_ more: String...) throws -> ToolResult {
      try scene.run(["bench"] + more + words + ["--json"])
    }
    let made = try bench("whole.vdb")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(made.stdout)) as? [String: Any], "\(made.errors)")
    // Made as an import makes it: with its index, and the time that took.
    let data = try #require(object["data"] as? [String: Any])
    #expect(data["indexes"] as? [String] == ["flat"])
    #expect((data["index_bytes"] as? Int ?? 0) > 5000 * 8)
    #expect((data["index_s"] as? Double ?? 0) > 0 && (data["import_s"] as? Double ?? 0) > 0)
    #expect(try results(object).contains { $0["method"] as? String == "flat index built" })
    let graph = try bench("graph.vdb", "--index", "graph", "-k", "5")
    #expect(graph.status == 0 && graph.output.contains("\"indexes\":[\"graph\"]"), "\(graph.errors)")
    #expect(try bench("whole.vdb").status == 0)
    // One row more, one fewer, and another vector in the last row.
    func file(_ bytes: [UInt8]) throws {
      try scene.folder.write("other.fvecs", bytes)
      try? FileManager.default.removeItem(atPath: scene.folder.file("other.vdb"))
      try scene.succeed(
        "import", "--create", "other.vdb", "other.fvecs", "--metric", "l2", "--id-type", "int64")
    }
    let whole = try scene.folder.read("set/base.fvecs")
    try file(whole)
    #expect(try bench("other.vdb").status == 0)
    try file(whole + whole[..<36])
    #expect(try bench("other.vdb").status == 7)
    try file(Array(whole.dropLast(36)))
    #expect(try bench("other.vdb").status == 7)
    var changed = whole
    changed[changed.count - 2] ^= 0x40
    try file(changed)
    let refused = try bench("other.vdb")
    #expect(refused.status == 7 && refused.errors.contains("row 4999"), "\(refused.errors)")
  }

  @Test func `no speed without recall`() throws {
    let scene = try Scene.small()
    for suite in ["search", "batch", "cold", "filter", "delete"] {
      try scene.fail(2, "bench", "a.vdb", "--suite", suite, says: "no speed without recall")
    }
    try scene.succeed("create", "empty.vdb", "--dims", "3")
    try scene.folder.write("q.jsonl", "{\"vector\":[1,0,0]}\n")
    try scene.fail(4, "bench", "empty.vdb", "--queries", "q.jsonl", says: "no speed without it")
    for words in [
      ["--suite", "insert", "--plot", "p.svg"], ["--suite", "insert", "--min-recall", "0.9"],
      ["--suite", "filter", "--truth-out", "t.ivecs"], ["--suite", "cold", "--ef", "20"],
      ["--inserts", "5"], ["--records", "rows.jsonl"], ["--drop-caches"],
      ["--suite", "import", "--seconds", "1"],
      ["--filter", "n = 1"], ["--suite", "filter", "--own-filters"], ["--index", "flat"],
      ["--suite", "filter", "--filter", "n ="], ["--suite", "filter", "--filter", "n IN @'-'"],
    ] {
      let result = try scene.run(["bench", "a.vdb", "--queries", "q.jsonl"] + words)
      #expect(result.status == 2, "\(words): \(result.errors)")
      let names = try FileManager.default.contentsOfDirectory(atPath: scene.folder.path)
      #expect(Set(names) == ["a.vdb", "empty.vdb", "q.jsonl", "rows.jsonl"])
    }
  }

  @Test(arguments: [SIGINT, SIGTERM]) func `an interrupted measurement leaves nothing behind`(_ signal: Int32)
    throws
  {
    let scene = try Scene()
    try scene.succeed(
      "gen", "--rows", "2000", "--dims", "8", "--queries", "5", "--queries-out", "q.npy", "-o", "a.jsonl")
    try scene.succeed("import", "--create", "a.vdb", "a.jsonl")
    let before = try scene.contents()
    let bench = try Tool.start(
      ["bench", "a.vdb", "--queries", "q.npy", "--suite", "filter,delete", "--seconds", "600"],
      in: scene.folder.path)
    // It is at work once its folder is there.
    for _ in 0..<5000 {
      let names = try FileManager.default.contentsOfDirectory(atPath: scene.folder.path)
      if names.count > 3 { break }
      usleep(1000)
    }
    bench.send(signal)
    let result = try bench.wait()
    #expect(result.status != 0 && result.errors.contains("interrupted"), "\(result.errors)")
    #expect(try scene.contents() == before)
  }

  @Test func `the plot names every method, each with a mark of its own`() throws {
    let scene = try graphScene()
    let object = try scene.json(
      "bench", "a.vdb", "--queries", "q.fvecs", "--suite", "search,batch,cold,filter", "--ef", "10,20",
      "--recall-targets", "0.8,0.9,0.95,0.99", "--runs", "1", "--limit", "3", "--plot", "p.svg")
    let bytes = try scene.folder.read("p.svg")
    #expect(XMLParser(data: Data(bytes)).parse())
    let text = String(decoding: bytes, as: UTF8.self)
    for line in try results(object) where line["recall"] != nil && line["effort"] == nil {
      let method = try #require(line["method"] as? String)
      let kind = (line["filter_kind"] as? String).map { "filter: \($0)" }
      #expect(text.contains(kind ?? ": \(method)<"), "\(line)")
    }
    // A legend's mark is the last before its name: colour and outline together are the series'.
    var marks: Set<String> = []
    var names = 0
    let pieces = text.components(separatedBy: "<g class=\"")
    for piece in pieces where piece.contains("x=\"756\"") {
      let color = piece.prefix { $0 != "\"" }
      let look =
        piece.components(separatedBy: "d=\"").dropFirst().last.map { path in
          path.prefix { $0 != "\"" }.drop { $0 != "m" && $0 != "h" }
        } ?? ""
      let fill = piece.contains("hollow") ? "hollow" : "full"
      marks.insert("\(color) \(fill) \(look)")
      names += 1
    }
    #expect(names > 12 && marks.count == names, "\(marks.sorted())")
  }
}
