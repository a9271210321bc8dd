import Foundation
import TestSupport
import Testing

#if canImport(FoundationXML)
import FoundationXML
#endif

/// `vdb bench`: every suite runs, no speed stands without a proof, and truths from anywhere give the same recall.
@Suite struct BenchTests {
  /// A scene with `a.vdb` of 600 embedding-like rows with metadata and 12 queries in `q.npy`.
  private func scene() throws -> Scene {
    let scene = try Scene()
    try scene.succeed(
      "gen", "--rows", "600", "--dims", "12", "--payload", "standard", "--queries", "12", "--queries-out",
      "q.npy",
      "-o", "a.jsonl")
    try scene.succeed("import", "--create", "a.vdb", "a.jsonl")
    return scene
  }

  private func results(_ object: [String: Any]) throws -> [[String: Any]] {
    try #require(object["results"] as? [[String: Any]])
  }

  @Test func `no line has a speed without recall or a read-back`() throws {
    let scene = try scene()
    let before = try scene.succeed("info", "a.vdb", "--content-hash").output
    let object = try scene.json(
      "bench", "a.vdb", "--queries", "q.npy", "--suite", "search,batch,filter,cold,insert,import,delete",
      "--runs",
      "2",
      "--inserts", "20")
    #expect(object["schema"] as? String == "vdb.bench/1")
    let machine = try #require(object["machine"] as? [String: Any])
    #expect(machine["cpu"] is String && machine["cores"] is Int && machine["instruction_set"] is String)
    let lines = try results(object)
    #expect(
      Set(lines.compactMap { $0["suite"] as? String }) == [
        "search", "batch", "filter", "cold", "insert", "import", "delete",
      ])
    for line in lines {
      #expect((line["per_second"] as? Double ?? 0) > 0, "\(line)")
      #expect(
        (line["recall"] as? Double) != nil || (line["verified"] as? String)?.isEmpty == false, "\(line)")
      if let recall = line["recall"] as? Double, (line["method"] as? String)?.hasPrefix("exact") == true {
        #expect(recall == 1, "\(line)")
      }
    }
    let search = try #require(lines.first { $0["suite"] as? String == "search" })
    #expect(search["rows_per_query"] as? Double == 600)
    for name in ["p50_ns", "p95_ns", "p99_ns", "bytes_per_query", "peak_bytes", "per_cpu_second"] {
      #expect((search[name] as? Double ?? 0) > 0, "\(name)")
    }
    // Searches after deletions, of the shares that were promised.
    let conditions = Set(lines.compactMap { $0["condition"] as? String })
    for share in ["10 %", "25 %", "50 %", "75 %"] { #expect(conditions.contains("\(share) deleted")) }
    // The collection is as it was, and nothing temporary is left.
    #expect(try scene.succeed("info", "a.vdb", "--content-hash").output == before)
    let names = try FileManager.default.contentsOfDirectory(atPath: scene.folder.path)
    #expect(Set(names) == ["a.jsonl", "a.vdb", "q.npy"])
  }

  @Test func `a truth file is read as search writes it and as bench keeps it`() throws {
    let scene = try scene()
    try scene.succeed(
      "search", "a.vdb", "--queries", "q.npy", "-k", "10", "--exact", "--format", "ivecs", "--positions",
      "-o",
      "t.ivecs")
    try scene.succeed("bench", "a.vdb", "--queries", "q.npy", "--truth-out", "own.ivecs", "--runs", "1")
    #expect(try scene.folder.read("own.ivecs") == (try scene.folder.read("t.ivecs")))
    let object = try scene.json("bench", "a.vdb", "--queries", "q.npy", "--truth", "t.ivecs", "--runs", "1")
    for line in try results(object) { #expect(line["recall"] as? Double == 1) }
    #expect(object["truth"] as? String == "t.ivecs")
  }

  @Test func `a truth that is none is refused`() throws {
    let scene = try scene()
    func file(_ rows: [[Int32]]) throws {
      var bytes: [UInt8] = []
      for row in rows {
        for number in [Int32(row.count)] + row { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }
      }
      try scene.folder.write("t.ivecs", bytes)
    }
    let cases: [[[Int32]]] = [
      Array(repeating: Array(590..<600), count: 12), Array(repeating: Array(0..<9), count: 12),
      Array(repeating: Array(0..<10), count: 11),
      Array(repeating: [0, 0, 1, 2, 3, 4, 5, 6, 7, 8], count: 12),
      Array(repeating: Array(595..<605), count: 12), Array(repeating: Array(-5..<5), count: 12),
    ]
    for rows in cases {
      try file(rows)
      try scene.fail(4, "bench", "a.vdb", "--queries", "q.npy", "--truth", "t.ivecs", "--runs", "1")
    }
    try scene.folder.write("t.ivecs", "short")
    try scene.fail(4, "bench", "a.vdb", "--queries", "q.npy", "--truth", "t.ivecs", "--runs", "1")
  }

  @Test func `data sets of both kinds are measured against their own truth`() throws {
    let scene = try Scene()
    let hdf5 = PackageFolder.path + "/Fixtures/hdf5/default.hdf5"
    let object = try scene.json("bench", "--dataset", hdf5, "-k", "5", "--runs", "1", "--tmpdir", ".")
    for line in try results(object) { #expect(line["recall"] as? Double == 1) }
    #expect(object["truth"] as? String == hdf5)
    let data = try #require(object["data"] as? [String: Any])
    #expect(data["rows"] as? Int == 12)
    #expect(data["metric"] as? String == "l2")
    #expect(data["build_s"] is Double)

    try FileManager.default.createDirectory(
      atPath: scene.folder.file("set"), withIntermediateDirectories: true)
    try scene.succeed(
      "gen", "--rows", "300", "--dims", "7", "--queries", "5", "--queries-out", "set/my_query.fvecs", "-o",
      "set/my_base.fvecs")
    let made = try scene.json(
      "bench", "--dataset", "set", "--metric", "cosine", "--suite", "search,import", "--runs", "1",
      "--tmpdir", ".")
    #expect(try results(made).count == 2)
    #expect(made["truth"] as? String == "computed exactly")
    // Kept under a name, and used again.
    try scene.succeed("bench", "set.vdb", "--dataset", "set", "--metric", "cosine", "--runs", "1")
    #expect(try scene.count("set.vdb") == 300)
    let again = try scene.json("bench", "set.vdb", "--dataset", "set", "--metric", "cosine", "--runs", "1")
    #expect((again["data"] as? [String: Any])?["build_s"] == nil)
    try scene.fail(7, "bench", "set.vdb", "--dataset", "set", "--metric", "l2", "--runs", "1")
    let names = try FileManager.default.contentsOfDirectory(atPath: scene.folder.path)
    #expect(Set(names) == ["set", "set.vdb"])
  }

  @Test func `a recall that is not reached ends with status 1`() throws {
    let scene = try scene()
    let words = ["bench", "a.vdb", "--queries", "q.npy", "--runs", "1", "--suite", "search"]
    #expect(try scene.run(words + ["--min-recall", "1"]).status == 0)
    // Of 12 queries only the first is found, by a truth that asks for nothing else.
    let object = try scene.json(
      "bench", "a.vdb", "--queries", "q.npy", "--runs", "1", "--min-recall", "0.5", "--limit", "1")
    #expect(object["is_met"] as? Bool == true)
    #expect(object["queries"] as? Int == 1)
  }

  @Test func `the plot is an image of XML whatever the collection is called`() throws {
    let scene = try scene()
    try scene.succeed("import", "--create", "<&\"'.vdb", "a.jsonl")
    try scene.succeed(
      "bench", "<&\"'.vdb", "--queries", "q.npy", "--runs", "1", "--suite", "search,batch,cold", "--plot",
      "p.svg")
    let parser = XMLParser(data: Data(try scene.folder.read("p.svg")))
    #expect(parser.parse(), "\(parser.parserError.map { "\($0)" } ?? "")")
    let text = String(decoding: try scene.folder.read("p.svg"), as: UTF8.self)
    #expect(
      text.contains("recall@10") && text.contains("per second") && text.contains("prefers-color-scheme"))
    try scene.fail(7, "bench", "a.vdb", "--queries", "q.npy", "--runs", "1", "--plot", "p.svg")
  }

  @Test(arguments: [
    ["bench"], ["bench", "a.vdb"], ["bench", "a.vdb", "--suite", "what", "--queries", "q.npy"],
    ["bench", "a.vdb", "--queries", "q.npy", "--metric", "l2"], ["bench", "--queries", "q.npy"],
    ["bench", "a.vdb", "--queries", "q.npy", "--min-recall", "2"],
    ["bench", "a.vdb", "--queries", "q.npy", "--dataset", "x"],
  ])
  func `an option without effect is refused`(_ words: [String]) throws {
    let scene = try scene()
    let result = try scene.run(words)
    #expect(result.status == 2, "\(words): \(result.errors)")
  }

  @Test func `a table is printed for people and values for programs`() throws {
    let scene = try scene()
    let table = try scene.succeed("bench", "a.vdb", "--queries", "q.npy", "--runs", "1").output
    for word in ["machine", "data", "queries", "recall", "per second", "p99", "1.0000", "exact"] {
      #expect(table.contains(word), "\(table)")
    }
    let lines = try scene.succeed(
      "bench", "a.vdb", "--queries", "q.npy", "--runs", "1", "--format", "tsv"
    ).lines
    #expect(lines.count == 2)
    let cells = lines.map { $0.split(separator: "\t", omittingEmptySubsequences: false).count }
    #expect(Set(cells).count == 1 && cells[0] > 20, "\(cells)")
    let csv = try scene.succeed(
      "bench", "a.vdb", "--queries", "q.npy", "--runs", "1", "--format", "csv"
    ).output
    #expect(
      csv.hasPrefix("suite,method,condition,effort,is_default,threads,recall,promised,per_second,p50_ns"))
    // A dropped collection ends as everywhere else.
    try scene.fail(6, "bench", "none.vdb", "--queries", "q.npy")
  }
}
