import Foundation
import TestSupport
import Testing

/// Graphs through the executable: how they are built, searched, changed around and kept.
@Suite struct GraphTests {
  /// Two segments of made vectors with a graph each.
  private func collection(metric: String = "cosine") throws -> Scene {
    let scene = try Scene()
    try scene.succeed(
      "gen", "--rows", "5000", "--dims", "32", "--payload", "n:int:100", "-o", "rows.jsonl", "--queries",
      "30",
      "--queries-out", "queries.jsonl")
    let text = String(decoding: try scene.folder.read("rows.jsonl"), as: UTF8.self)
    let lines = text.split(separator: "\n")
    try scene.folder.write("first.jsonl", lines[..<3000].joined(separator: "\n") + "\n")
    try scene.folder.write("second.jsonl", lines[3000...].joined(separator: "\n") + "\n")
    try scene.succeed("import", "--create", "a.vdb", "first.jsonl", "--metric", metric, "--index", "graph")
    try scene.succeed("import", "a.vdb", "second.jsonl", "--index", "graph")
    return scene
  }

  /// The ids of each query's answer.
  private func answers(_ scene: Scene, _ options: String...) throws -> [[String]] {
    let result = try scene.run(["search", "a.vdb", "--queries", "queries.jsonl", "-k", "10"] + options)
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    var found: [[String]] = []
    for line in result.output.split(separator: "\n") {
      let fields = line.split(separator: "\t").map(String.init)
      let query = try #require(Int(fields[0]))
      while found.count <= query { found.append([]) }
      found[query].append(fields[2])
    }
    #expect(found.count == 30 && found.allSatisfy { $0.count == 10 && Set($0).count == 10 })
    return found
  }

  /// The share of the right ids that were found.
  private func recall(_ found: [[String]], _ right: [[String]]) -> Double {
    var hits = 0
    for (one, two) in zip(found, right) { hits += Set(one).intersection(two).count }
    return Double(hits) / Double(right.reduce(0) { $0 + $1.count })
  }

  @Test(arguments: ["cosine", "l2", "dot"]) func effortDecidesWhatIsFound(metric: String) throws {
    let scene = try collection(metric: metric)
    let exact = try answers(scene, "--exact")
    #expect(try recall(answers(scene, "--ef", "2000"), exact) == 1)
    #expect(try recall(answers(scene), exact) >= 0.9)
    #expect(try recall(answers(scene, "--recall", "0.99"), exact) >= 0.95)
    #expect(
      try answers(scene, "--ef", "2000", "--threads", "1") == answers(scene, "--ef", "2000", "--threads", "3")
    )
    let low = try scene.json("search", "a.vdb", "--id", "r7", "--explain", "--ef", "12")
    #expect(low["plan"] as? String == "graph" && low["segments"] as? Int == 2)
    let parts = try #require(low["parts"] as? [[String: Any]])
    #expect(
      parts.allSatisfy { ($0["reason"] as? String)?.contains("ef 12 was asked for") == true }, "\(parts)")
    let plain = try scene.json("search", "a.vdb", "--id", "r7", "--explain", "--exact")
    #expect(plain["plan"] as? String == "scan")
    try scene.fail(2, "search", "a.vdb", "--id", "r7", "--ef", "5", "--recall", "0.9")
    try scene.fail(2, "search", "a.vdb", "--id", "r7", "--recall", "1.5")
    try scene.succeed("verify", "a.vdb", "--deep", "--recall", "100")
  }

  @Test func whatChangesIsRightAtOnce() throws {
    let scene = try collection()
    let exact = try answers(scene, "--exact")
    // The nearest of every query is deleted: it is found no more, with every effort.
    let gone = Set(exact.map { $0[0] })
    try scene.run(["delete", "a.vdb"] + gone.sorted())
    for options in [[], ["--ef", "10"], ["--ef", "3000"], ["--exact"]] {
      let found = try scene.run(["search", "a.vdb", "--queries", "queries.jsonl", "-k", "10"] + options)
      #expect(found.output.split(separator: "\n").count == 300)
      for line in found.output.split(separator: "\n") {
        #expect(!gone.contains(String(line.split(separator: "\t")[2])), "\(options)")
      }
    }
    #expect(try recall(answers(scene, "--ef", "3000"), answers(scene, "--exact")) == 1)

    // A record that takes the place of another is found where it is now, and not where it was.
    let far = "[" + (0..<32).map { $0 == 31 ? "-9" : "0.01" }.joined(separator: ",") + "]"
    try scene.succeed("upsert", "a.vdb", "--id", "r77", "--vector", far)
    #expect(try scene.succeed("search", "a.vdb", "--vector", far, "-k", "1").output.hasPrefix("1\tr77\t"))
    let explained = try scene.json("search", "a.vdb", "--vector", far, "--explain")
    #expect(explained["log_rows"] as? Int == 1)
    try scene.succeed("checkpoint", "a.vdb")
    #expect(try scene.succeed("search", "a.vdb", "--vector", far, "-k", "1").output.hasPrefix("1\tr77\t"))
    #expect(try recall(answers(scene, "--ef", "3000"), answers(scene, "--exact")) == 1)
    try scene.succeed("verify", "a.vdb", "--deep", "--recall", "60")

    // Compaction makes one segment with one graph.
    let compacted = try scene.json("compact", "a.vdb", "--full")
    #expect(compacted["segments_after"] as? Int == 1 && compacted["indexes_built"] as? Int == 1)
    #expect(try scene.count() == 5000 - gone.count + (gone.contains("r77") ? 1 : 0))
    #expect(try recall(answers(scene, "--ef", "5000"), answers(scene, "--exact")) == 1)
    let plan = try scene.json("search", "a.vdb", "--vector", far, "--explain")
    #expect(plan["plan"] as? String == "graph" && plan["segments"] as? Int == 1)
    try scene.succeed("verify", "a.vdb", "--deep", "--recall", "60")
    let info = try scene.json("info", "a.vdb")
    let promises = try #require(info["recall"] as? [[String: Any]])
    #expect(promises.map { $0["k"] as? Int } == [1, 10, 100])
    #expect(promises.allSatisfy { ($0["promised"] as? Double ?? 0) > 0.5 })
  }

  /// Compaction says of every graph whether it was healed, and why if not; a rehearsal says it before.
  @Test func compactionHealsAGraph() throws {
    let scene = try collection()
    let joined = try scene.succeed("compact", "a.vdb", "--full")
    #expect(joined.errors.contains("graph rebuilt: 2 segments were joined"), "\(joined.errors)")
    try scene.run(["delete", "a.vdb", "--yes"] + (0..<5000).filter { $0 % 5 == 0 }.map { "r\($0)" })
    try scene.fail(
      0, "compact", "a.vdb", "--full", "-n", says: "graph would be healed: 20 % of its nodes are dead")
    let planned = try scene.json("compact", "a.vdb", "--full", "-n")
    let plan = try #require((planned["graphs"] as? [[String: Any]])?.first)
    #expect(plan["how"] as? String == "healed" && plan["dead_share"] as? String == "0.2000")
    #expect(plan["segment"] == nil)
    let result = try scene.succeed("compact", "a.vdb", "--full")
    #expect(result.errors.contains("graph healed: 20 % of its nodes were dead"), "\(result.errors)")
    try scene.succeed("verify", "a.vdb", "--deep", "--recall", "60")
    #expect(try recall(answers(scene), answers(scene, "--exact")) >= 0.93)
    try scene.run(
      ["delete", "a.vdb", "--yes"] + (0..<5000).filter { $0 % 5 != 0 && $0 % 2 == 0 }.map { "r\($0)" })
    let rebuilt = try scene.json("compact", "a.vdb", "--full")
    let graph = try #require((rebuilt["graphs"] as? [[String: Any]])?.first)
    #expect(graph["how"] as? String == "rebuilt" && graph["reason"] as? String == "too-many-dead")
    #expect(graph["segment"] as? Int != nil && graph["rows"] as? Int == 2000)
    try scene.succeed("delete", "a.vdb", "r1", "--yes")
    let purged = try scene.succeed("compact", "a.vdb", "--purge")
    #expect(purged.errors.contains("graph rebuilt: a healed one would keep traces"), "\(purged.errors)")
    try scene.succeed("verify", "a.vdb", "--deep")
  }

  @Test func filtersSeeTheSameRows() throws {
    let scene = try collection()
    let filter = "n < 50"
    let exact = try answers(scene, "--filter", filter, "--exact")
    #expect(try recall(answers(scene, "--filter", filter, "--ef", "3000"), exact) >= 0.99)
    #expect(try recall(answers(scene, "--filter", filter), exact) >= 0.85)
  }

  @Test func tuneSaysWhatARecallTakes() throws {
    let scene = try collection()
    let tuned = try scene.json("tune", "a.vdb", "--recall", "0.9")
    let graphs = try #require(tuned["graphs"] as? [[String: Any]])
    #expect(graphs.count == 6 && Set(graphs.compactMap { $0["k"] as? Int }) == [1, 10, 100])
    #expect(graphs.allSatisfy { $0["queries"] as? String == "records" })
    let asked = try scene.json("tune", "a.vdb", "--queries", "queries.jsonl")
    #expect((asked["graphs"] as? [[String: Any]])?.first?["queries"] as? String == "given")
    try scene.succeed("verify", "a.vdb", "--deep")
    let built = try scene.json(
      "rebuild-index", "a.vdb", "--kind", "hnsw", "--m", "8", "--ef-construction", "80")
    let indexes = try #require(built["indexes"] as? [[String: Any]])
    #expect(indexes.allSatisfy { $0["kind"] as? String == "graph" && $0["proved"] != nil })
    let shown = try scene.run("rebuild-index", "a.vdb", "--kind", "graph", "--progress", "json")
    #expect(
      shown.errors.contains("\"schema\":\"vdb.progress/1\",\"op\":\"rebuild-index\""), "\(shown.errors)")
  }
}
