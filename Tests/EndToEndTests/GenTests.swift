import Foundation
import TestSupport
import Testing

/// `vdb gen`: files that other commands read, the same for any number of threads.
@Suite struct GenTests {
  @Test(arguments: ["jsonl", "csv", "tsv", "npy", "fvecs"])
  func `every format is the same for any number of threads and can be imported`(_ format: String) throws {
    let scene = try Scene()
    let isBare = format == "npy" || format == "fvecs"
    // More rows than one block holds.
    let companions = isBare ? ["--payload-out", "payload", "--ids-out", "ids"] : []
    func make(_ threads: String) throws -> [[UInt8]] {
      let result = try scene.run(
        ["gen", "--rows", "1200", "--dims", "300", "--payload", "standard", "--threads", threads]
          + ["-o", "a.\(format)", "-f"] + companions)
      #expect(result.status == 0, "\(result.errors)")
      return try (["a.\(format)"] + (isBare ? ["payload", "ids"] : [])).map { try scene.folder.read($0) }
    }
    let one = try make("1")
    #expect(try make("5") == one)
    let companionInput = isBare ? ["--ids", "ids", "--payload", "payload"] : []
    let imported = try scene.run(["import", "--create", "a.vdb", "a.\(format)"] + companionInput)
    #expect(imported.status == 0, "\(imported.errors)")
    #expect(try scene.count() == 1200)
    let row = try scene.get("r1199")
    let payload = try #require(row["payload"] as? [String: Any])
    #expect("\(payload["row"] ?? "")" == "1199")
  }

  @Test func `a longer file begins with the shorter one`() throws {
    let scene = try Scene()
    let short = try scene.succeed("gen", "--rows", "10", "--dims", "4", "--dist", "gauss")
    let long = try scene.succeed("gen", "--rows", "20", "--dims", "4", "--dist", "gauss")
    #expect(long.output.hasPrefix(short.output))
    #expect(try scene.succeed("gen", "--rows", "0", "--dims", "4").output.isEmpty)
  }

  @Test func `queries go to a file of their own`() throws {
    let scene = try Scene()
    let object = try scene.json(
      "gen", "--rows", "50", "--dims", "8", "--queries", "5", "--queries-out", "q.jsonl", "-o", "a.fvecs")
    #expect(object["schema"] as? String == "vdb.gen/1")
    #expect(object["records"] as? Int == 50)
    #expect(object["queries"] as? Int == 5)
    try scene.succeed("import", "--create", "a.vdb", "a.fvecs")
    let found = try scene.succeed("search", "a.vdb", "--queries", "q.jsonl", "-k", "2")
    #expect(found.lines.count == 10)
    // A file that is in the way is found before anything is written.
    try scene.folder.write("q2.npy", "mine")
    try scene.fail(
      7, "gen", "--rows", "50", "--dims", "8", "--queries", "5", "--queries-out", "q2.npy", "-o", "b.fvecs")
  }

  @Test(arguments: [
    ["--payload", "x:what"], ["--clusters", "5", "--dist", "gauss"], ["--zero-vectors"],
    ["--to", "fvecs", "--payload", "a:int", "-o", "x"], ["--ids-out", "x"], ["--queries", "5"],
    ["--to", "npy", "--payload-out", "x", "-o", "y"],
  ])
  func `an option without effect is refused`(_ words: [String]) throws {
    let scene = try Scene()
    let result = try scene.run(["gen", "--rows", "5", "--dims", "4"] + words)
    #expect(result.status == 2, "\(words): \(result.errors)")
    #expect(try scene.contents().isEmpty)
  }
}
