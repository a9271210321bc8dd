import Foundation
import Synchronization
import TestSupport
import Testing

/// `rebuild-index --background`, beside other processes that write, search and get in its way.
@Suite struct BackgroundBuildTests {
  /// A collection of made vectors without an index.
  private func collection(rows: Int, dims: Int = 48) throws -> Scene {
    let scene = try Scene()
    try scene.succeed("gen", "--rows", "\(rows)", "--dims", "\(dims)", "-o", "base.fvecs")
    try scene.succeed("import", "--create", "a.vdb", "base.fvecs", "--metric", "l2", "--index", "none")
    return scene
  }

  /// Starts a build and gives its process.
  private func start(_ scene: Scene, _ options: String...) throws -> Int32 {
    let begun = try scene.json(["rebuild-index", "a.vdb", "--kind", "graph", "--background"] + options)
    #expect(begun["background"] as? Bool == true)
    return Int32(try #require(begun["process"] as? Int))
  }

  private func state(_ scene: Scene) throws -> String? {
    try scene.json(["rebuild-index", "a.vdb", "--status"])["state"] as? String
  }

  /// The process is stopped before it can end: what is said while it is at work is said for certain.
  @Test func whatIsSaidWhileItIsAtWorkIsTrue() throws {
    let scene = try collection(rows: 12_000)
    #expect(try state(scene) == "none")
    #expect(try scene.run("rebuild-index", "a.vdb", "--cancel").status == 1)
    #expect(try scene.succeed("rebuild-index", "a.vdb", "--wait").errors.contains("no index has been built"))
    let process = try start(scene, "--threads", "1")
    kill(process, SIGSTOP)
    let status = try scene.run("rebuild-index", "a.vdb", "--status")
    #expect(status.status == 0)
    for line in ["build\trunning", "process\t\(process)", "phase\t", "done\t", "log\ta.vdb/rebuild.log"] {
      #expect(status.output.contains(line), "\(status.output)")
    }
    // What would get in its way has to wait, and nothing else has.
    try scene.fail(
      8, "rebuild-index", "a.vdb", "--background", says: "a background build of indexes is at work")
    #expect(try scene.run("rebuild-index", "a.vdb", "--lock-timeout", "0").status == 8)
    #expect(try scene.run("compact", "a.vdb", "--full", "--lock-timeout", "0").status == 8)
    for words in [["rebuild-index", "a.vdb"], ["compact", "a.vdb", "--full"]] {
      let waited = try scene.run(words + ["--lock-timeout", "200ms"])
      #expect(waited.status == 8)
      let lines = waited.errors.split(separator: "\n").map(String.init)
      let first = try #require(lines.first)
      #expect(
        first.hasPrefix("waiting for the background build of indexes by process \(process), which is at "))
      #expect(
        first.contains(" % (") && first.contains("vdb rebuild-index a.vdb --status follows it"), "\(first)")
      #expect(first.hasSuffix("--cancel ends it"), "\(first)")
      #expect(lines.contains { $0.contains("a background build of indexes is at work on ") }, "\(lines)")
      // Who does not wait need not be told what for.
      let refused = try scene.run(words + ["--lock-timeout", "0"])
      #expect(refused.status == 8 && !refused.errors.contains("waiting"), "\(refused.errors)")
      #expect(refused.errors.contains("--cancel ends it"), "\(refused.errors)")
    }
    #expect(try scene.run("rebuild-index", "a.vdb", "--wait", "--timeout", "30ms").status == 13)
    try scene.folder.write("more.jsonl", Scene.integerLines(20_000..<20_010, dimension: 48))
    try scene.succeed("insert", "a.vdb", "more.jsonl")
    try scene.succeed("checkpoint", "a.vdb")
    #expect(try scene.count() == 12_010)
    kill(process, SIGCONT)
    let waited = try scene.succeed("rebuild-index", "a.vdb", "--wait")
    #expect(waited.errors.contains("done: index: graph built in "), "\(waited.errors)")
    #expect(waited.errors.contains("found in its proof"))
    let done = try scene.json(["rebuild-index", "a.vdb", "--status"])
    #expect(
      done["state"] as? String == "done" && done["alive"] as? Bool == false && done["exit"] as? Int == 0)
    #expect(done["percent"] as? String == "100.0")
    #expect(
      String(decoding: try scene.folder.read("a.vdb/rebuild.log"), as: UTF8.self).contains("graph built in"))
    let plan = try scene.json("search", "a.vdb", "--id", "5", "--explain")
    #expect(plan["plan"] as? String == "graph")
    try scene.succeed("verify", "a.vdb", "--deep", "--strict")
    try scene.succeed("drop", "a.vdb", "--yes")
  }

  @Test func aCancelledAndAKilledBuildHarmNothing() throws {
    let scene = try collection(rows: 12_000)
    let cancelled = try start(scene, "--threads", "1")
    kill(cancelled, SIGSTOP)
    let canceller = try Tool.start(["rebuild-index", "a.vdb", "--cancel"], in: scene.folder.path)
    usleep(20_000)
    kill(cancelled, SIGCONT)
    #expect(try canceller.wait().status == 0)
    #expect(try state(scene) == "cancelled")
    #expect(try scene.run("rebuild-index", "a.vdb", "--status").status == 1)
    #expect(try scene.names("a.vdb/tmp") == [] && scene.names("a.vdb/idx") == [])
    try scene.succeed("verify", "a.vdb", "--strict")

    let killed = try start(scene, "--threads", "1")
    kill(killed, SIGSTOP)
    kill(killed, SIGKILL)
    for _ in 0..<2000 {
      guard try state(scene) == "running" else { break }
      usleep(2000)
    }
    #expect(try state(scene) == "killed")
    let told = try scene.run("rebuild-index", "a.vdb", "--status")
    #expect(told.status == 1 && told.output.contains("ended without a word"))
    #expect(try scene.run("rebuild-index", "a.vdb", "--wait").status == 1)
    #expect(try scene.run("verify", "a.vdb").status == 0)
    // The next writer clears away what it left.
    try scene.folder.write("more.jsonl", Scene.integerLines(20_000..<20_001, dimension: 48))
    try scene.succeed("insert", "a.vdb", "more.jsonl")
    #expect(try scene.names("a.vdb/tmp") == [])
    try scene.succeed("verify", "a.vdb", "--strict")
    _ = try start(scene)
    try scene.succeed("rebuild-index", "a.vdb", "--wait")
    #expect(try state(scene) == "done")
  }

  @Test func whatGoesWrongBeforeItBeginsIsSaidAtOnce() throws {
    let scene = try collection(rows: 20, dims: 4)
    try scene.fail(6, "rebuild-index", "none.vdb", "--background", says: "no such collection")
    try scene.fail(12, "rebuild-index", "a.vdb", "--background", "--read-only", says: "--read-only forbids")
    try scene.fail(6, "rebuild-index", "a.vdb", "--background", "--queries", "none.npy")
    try scene.fail(2, "rebuild-index", "a.vdb", "--background", "--status")
    try scene.fail(2, "rebuild-index", "a.vdb", "--background", "-n")
    #expect(try state(scene) == "none")
    // A build that fails later says so in its status.
    _ = try start(scene, "--memory-limit", "16M")
    try scene.succeed("rebuild-index", "a.vdb", "--wait")
  }

  /// The shell that began it is gone, and its group was told to hang up.
  @Test func itOutlivesItsShell() throws {
    let scene = try collection(rows: 6000)
    // A session of its own: only what belongs to the shell hears of it.
    let script =
      "'\(Tool.path)' rebuild-index a.vdb --kind graph --threads 1 --background -q && trap '' HUP && kill -HUP 0"
    let shell = try RunningTool(
      path: "/usr/bin/setsid", ["-w", "/bin/sh", "-c", script], in: scene.folder.path)
    _ = try shell.wait()
    try scene.succeed("rebuild-index", "a.vdb", "--wait")
    #expect(try state(scene) == "done")
  }

  /// The segments are not those that the build began with: what it made for others is dropped.
  @Test func anIndexOfAReplacedSegmentIsDropped() throws {
    let scene = try collection(rows: 6000)
    let process = try start(scene, "--threads", "1")
    kill(process, SIGSTOP)
    try scene.succeed("gen", "--rows", "300", "--dims", "48", "-o", "other.fvecs")
    try scene.succeed("import", "a.vdb", "other.fvecs", "--mode", "replace-all", "--index", "none")
    kill(process, SIGCONT)
    let waited = try scene.succeed("rebuild-index", "a.vdb", "--wait")
    #expect(waited.errors.contains("1 dropped, their segments were replaced meanwhile"), "\(waited.errors)")
    #expect(try scene.count() == 300 && scene.names("a.vdb/idx") == [])
    try scene.succeed("verify", "a.vdb", "--strict")
  }

  @Test func aGraphThatFindsLessIsRefused() throws {
    let scene = try Scene()
    try scene.succeed(
      "gen", "--rows", "3000", "--dims", "64", "--dist", "gauss", "--to", "jsonl", "-o", "rows.jsonl")
    try scene.succeed("import", "--create", "a.vdb", "rows.jsonl", "--metric", "l2", "--index", "none")
    // Queries that are records: each is found at once and leads to its nearest, as no other query in noise does. Measured with
    // them a graph promises much more than it keeps.
    let rows = String(decoding: try scene.folder.read("rows.jsonl"), as: UTF8.self).split(separator: "\n")
    try scene.folder.write("own.jsonl", rows[..<39].joined(separator: "\n") + "\n")
    let own = ["--kind", "graph", "--queries", "own.jsonl"]
    // Nothing is there yet, and nothing is taken.
    let first = try scene.run(["rebuild-index", "a.vdb"] + own)
    #expect(
      first.status == 1 && first.errors.contains("it is refused and searches stay exact"), "\(first.errors)")
    #expect(try scene.names("a.vdb/idx") == [] && scene.names("a.vdb/tmp") == [])
    try scene.succeed("rebuild-index", "a.vdb", "--kind", "graph")
    let before = try scene.names("a.vdb/idx")
    let refused = try scene.run(["rebuild-index", "a.vdb"] + own)
    #expect(refused.status == 1 && refused.errors.contains("it is refused and the old index stays"))
    #expect(try scene.names("a.vdb/idx") == before)
    _ = try start(scene, "--queries", "own.jsonl")
    #expect(try scene.run("rebuild-index", "a.vdb", "--wait").status == 1)
    #expect(try state(scene) == "refused")
    #expect(try scene.names("a.vdb/idx") == before)
    #expect(try !scene.succeed("verify", "a.vdb", "--quick", "--recall", "300").output.contains("NOT KEPT"))
    let forced = try scene.run(["rebuild-index", "a.vdb", "--force"] + own)
    #expect(forced.status == 0 && forced.errors.contains("taken all the same"))
    // The promise is broken now, and verify says so.
    let broken = try scene.run("verify", "a.vdb", "--quick", "--recall", "300")
    #expect(broken.status == 1 && broken.output.contains("NOT KEPT"), "\(broken.output)")
    let json = try scene.json("verify", "a.vdb", "--quick", "--recall", "300")
    let results = try #require(json["recall"] as? [[String: Any]])
    #expect(results.count == 9 && results.contains { $0["kept"] as? Bool == false })
    try scene.succeed("tune", "a.vdb")
    #expect(try !scene.succeed("verify", "a.vdb", "--quick", "--recall", "300").output.contains("NOT KEPT"))
    try scene.fail(2, "verify", "a.vdb", "--seed", "4")
  }

  /// Writers, deleters and searchers are processes of their own while a graph is built and swapped in.
  ///
  /// What was acknowledged must be found at once and for ever, what was deleted never again.
  @Test func searchesAndWritesAreRightWhileItIsBuilt() throws {
    let rows = 8000
    let scene = try collection(rows: rows, dims: 32)
    let before = try scene.json("info", "a.vdb")["content_hash"] as? String
    #expect(before == nil)
    _ = try start(scene, "--threads", "1")
    let problems = Mutex<[String]>([])
    let done = Mutex((inserted: 0, deleted: 0, searched: 0, during: 0))
    let folder = scene.folder.path
    @Sendable func tool(_ words: [String], stdin: String? = nil) -> ToolResult? {
      try? Tool.run(words, stdin: stdin.map { Array($0.utf8) }, in: folder)
    }
    @Sendable func fail(_ text: String) { problems.withLock { if $0.count < 20 { $0.append(text) } } }
    @Sendable func vector(_ number: Int) -> String {
      "[" + (0..<32).map { "\(Float((number * 37 + $0 * 11) % 509) / 64 + 50)" }.joined(separator: ",") + "]"
    }
    let rounds = 30
    DispatchQueue.concurrentPerform(iterations: 3) { worker in
      for round in 0..<rounds {
        switch worker {
        case 0:
          // A new record is found by the next process, as the nearest of itself.
          let id = 100_000 + round
          let line = "{\"id\":\(id),\"vector\":\(vector(round))}\n"
          guard let put = tool(["insert", "a.vdb", "-"], stdin: line), put.status == 0 else {
            fail("insert \(id)")
            continue
          }
          done.withLock { $0.inserted += 1 }
          let found = tool(["search", "a.vdb", "--vector", vector(round), "-k", "1"])
          if found?.status != 0 || found?.output.hasPrefix("1\t\(id)\t") != true {
            fail("insert \(id): found \(found?.output ?? "nothing") \(found?.errors ?? "")")
          }
        case 1:
          // A deleted record is never found again, although its node still is in the graph.
          let id = round * (rows / rounds)
          guard let own = tool(["get", "a.vdb", "\(id)", "--with", "vector"]), own.status == 0,
            let object = try? JSONSerialization.jsonObject(with: Data(own.stdout)) as? [String: Any],
            let numbers = object["vector"] as? [Double],
            let gone = tool(["delete", "a.vdb", "\(id)"]), gone.status == 0
          else {
            fail("delete \(id)")
            continue
          }
          done.withLock { $0.deleted += 1 }
          let text = "[" + numbers.map { "\($0)" }.joined(separator: ",") + "]"
          for options in [[], ["--exact"], ["--ef", "500"]] {
            let found = tool(["search", "a.vdb", "--vector", text, "-k", "5"] + options)
            let ids = found?.output.split(separator: "\n").map { $0.split(separator: "\t")[1] } ?? []
            if found?.status != 0 || ids.count != 5 || ids.contains("\(id)") {
              fail("delete \(id) \(options): found \(found?.output ?? "") \(found?.errors ?? "")")
            }
          }
        default:
          // Whatever there is at the moment: by all of the graph as by the exact scan, with right distances.
          let exact = tool(["search", "a.vdb", "--vector", vector(round), "-k", "8", "--exact", "--json"])
          let status = tool(["rebuild-index", "a.vdb", "--status"])
          if exact?.status != 0 || status.map({ $0.status }) != 0 {
            fail("search: \(exact?.errors ?? "") \(status?.output ?? "")")
          }
          done.withLock {
            $0.searched += 1
            if status?.output.contains("running") == true { $0.during += 1 }
          }
        }
      }
    }
    try scene.succeed("rebuild-index", "a.vdb", "--wait")
    let counts = done.withLock { $0 }
    print(
      "load: \(counts.inserted) inserts, \(counts.deleted) deletions, \(counts.searched) searches, \(counts.during) of them while it was built"
    )
    for problem in problems.withLock({ $0 }) { Issue.record("\(problem)") }
    #expect(try scene.count() == rows + counts.inserted - counts.deleted)
    for round in 0..<rounds {
      #expect(try scene.run("get", "a.vdb", "\(100_000 + round)").status == 0)
      #expect(try scene.run("get", "a.vdb", "\(round * (rows / rounds))").status == 1)
    }
    let plan = try scene.json("search", "a.vdb", "--id", "5", "--explain")
    #expect(plan["plan"] as? String == "graph")
    try scene.succeed("verify", "a.vdb", "--deep")
    try scene.succeed("verify", "a.vdb", "--quick", "--recall", "60")
  }
}
