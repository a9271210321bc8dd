import Foundation
import TestSupport
import Testing

/// Building graphs through the executable: names, limits, interrupts, and what is said of recall.
@Suite struct GraphBuildTests {
  /// The collection `a.vdb` of made vectors, without an index unless one is named.
  private func collection(rows: Int, dims: Int, index: String = "none", dist: String = "gauss") throws
    -> Scene
  {
    let scene = try Scene()
    try scene.succeed(
      "gen", "--rows", "\(rows)", "--dims", "\(dims)", "--dist", dist, "--seed", "3", "-o", "rows.npy",
      "--queries", "50", "--queries-out", "queries.npy")
    try scene.succeed("import", "--create", "a.vdb", "rows.npy", "--metric", "l2", "--index", index)
    return scene
  }

  @Test func hnswIsAnotherNameEverywhere() throws {
    let scene = try collection(rows: 600, dims: 8, index: "hnsw")
    func kinds(_ name: String = "a.vdb") throws -> [String] {
      let indexes = try scene.json("info", name)["index_coverage"] as? [[String: Any]] ?? []
      return indexes.compactMap { $0["kind"] as? String }
    }
    #expect(try kinds() == ["graph"])
    try scene.succeed("create", "b.vdb", "--dims", "8", "--metric", "l2", "--index", "hnsw")
    try scene.succeed("import", "b.vdb", "rows.npy")
    #expect(try kinds("b.vdb") == ["graph"])
    try scene.succeed("import", "--create", "c.vdb", "rows.npy", "--metric", "l2", "--index", "none")
    try scene.succeed("config", "c.vdb", "set", "index.kind", "hnsw")
    try scene.succeed("rebuild-index", "c.vdb", "--kind", "hnsw", "--m", "12", "--ef-construction", "300")
    #expect(try kinds("c.vdb") == ["graph"])
    #expect(
      try scene.run("search", "a.vdb", "--queries", "queries.npy", "--ef", "600").output
        == scene.run("search", "c.vdb", "--queries", "queries.npy", "--exact").output)
  }

  /// 20,000 points want 22 MB in one pass.
  @Test func aMemoryLimitChangesNoByte() throws {
    let scene = try collection(rows: 20_000, dims: 16)
    func built(_ options: String...) throws -> [UInt8] {
      let result = try scene.run(["rebuild-index", "a.vdb", "--kind", "graph", "--force"] + options)
      #expect(result.status == 0, "\(result.errors)")
      let name = try #require(try scene.names("a.vdb/idx").last)
      let bytes = try scene.folder.read("a.vdb/idx/\(name)")
      // The pages at both ends name the file; everything between them is the index.
      return Array(bytes[8192..<bytes.count - 8192])
    }
    let free = try built("--threads", "2")
    #expect(try built("--memory-limit", "16M", "--threads", "1") == free)
    #expect(try built("--memory-limit", "16M", "--threads", "3") == free)
    try scene.succeed("verify", "a.vdb", "--deep")
    let wide = try collection(rows: 20_000, dims: 1000)
    try wide.fail(10, "rebuild-index", "a.vdb", "--kind", "graph", "--memory-limit", "16M", says: "memory")
  }

  @Test(arguments: [SIGINT, SIGTERM]) func anInterruptLeavesTheOldIndexAndNoFile(signal: Int32) throws {
    let scene = try collection(rows: 20_000, dims: 200, index: "flat")
    let before = try scene.contents()
    let tool = try Tool.start(
      ["rebuild-index", "a.vdb", "--kind", "graph", "--quality", "high", "--m", "48", "--threads", "1"],
      in: scene.folder.path)
    usleep(300_000)
    #expect(try !tool.hasEnded())
    tool.send(signal)
    let result = try tool.wait(timeout: 60)
    #expect(result.signal == signal && result.errors.contains("interrupted"), "\(result.errors)")
    #expect(try scene.contents() == before)
    try scene.succeed("verify", "a.vdb", "--deep", "--strict")
  }

  /// Rows without any structure in many dimensions: no effort that is measured finds 999 of a thousand.
  @Test func aRecallThatIsNotReachedIsSaid() throws {
    let scene = try collection(rows: 12_000, dims: 96, index: "graph")
    for options in [["--vector", "@q.json"], ["--queries", "queries.npy"]] {
      try scene.folder.write("q.json", "[" + Array(repeating: "0.5", count: 96).joined(separator: ",") + "]")
      let high = try scene.run(["search", "a.vdb", "--recall", "0.9999"] + options)
      #expect(high.status == 0 && high.errors.contains("recall 0.9999 is not reached"), "\(high.errors)")
      #expect(high.errors.split(separator: "\n").count == 1)
      let usual = try scene.run(["search", "a.vdb"] + options)
      #expect(usual.status == 0 && usual.errors.isEmpty, "\(usual.errors)")
    }
    let quiet = try scene.run("search", "a.vdb", "--queries", "queries.npy", "--recall", "0.9999", "-qq")
    #expect(quiet.errors.isEmpty)
    let explained = try scene.run(
      "search", "a.vdb", "--queries", "queries.npy", "--recall", "0.9999", "--explain")
    #expect(explained.errors.contains("is not reached"))
    let tuned = try scene.json("tune", "a.vdb", "--recall", "0.9999", "-n")
    let graphs = try #require(tuned["graphs"] as? [[String: Any]])
    #expect(graphs.contains { $0["reached"] as? Bool == false }, "\(graphs)")
  }
}
