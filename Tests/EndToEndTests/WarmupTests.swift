import Foundation
import TestSupport
import Testing

@Suite struct WarmupTests {
  @Test func readsThePartsAndSaysWhatIsInMemory() throws {
    let scene = try Scene()
    try scene.folder.write("rows.jsonl", Scene.lines(0..<4200, dimension: 8))
    try scene.succeed("import", "--create", "a.vdb", "rows.jsonl")
    let info = try scene.json("info", "a.vdb", "--files")
    let files = try #require(info["files"] as? [[String: Any]])
    let sizes = files.filter { ["segment", "index"].contains($0["kind"] as? String) }
    let all = sizes.reduce(0) { $0 + ($1["bytes"] as? Int ?? 0) }
    let before = try scene.contents()
    let report = try scene.json("warmup", "a.vdb")
    #expect(report["schema"] as? String == "vdb.warmup/1")
    let parts = try #require(report["parts"] as? [[String: Any]])
    #expect(parts.map { $0["part"] as? String } == ["index", "vectors", "payload"])
    // Every byte of segments and indexes is in one part.
    #expect(parts.reduce(0) { $0 + ($1["bytes"] as? Int ?? 0) } == all && report["bytes"] as? Int == all)
    #expect(report["read"] as? Int == all && report["limited"] as? Bool == false)
    if let after = report["resident_after"] as? Int {
      // Somebody else may take the memory at any moment; just after the reading most of it is there.
      #expect(after > all / 2 && after <= all)
    }
    let index = try scene.json("warmup", "a.vdb", "--what", "index", "--report")
    #expect((index["parts"] as? [Any])?.count == 1 && index["read"] as? Int == 0)
    let some = try scene.run("warmup", "a.vdb", "--what", "vectors,payload", "--max", "8192")
    #expect(some.status == 0 && some.errors.contains("were left out: --max allows no more"))
    #expect(
      some.output.split(separator: "\n").map { $0.split(separator: "\t")[0] } == [
        "vectors", "payload", "all",
      ])
    #expect(try scene.contents() == before, "reading changed a file")
    try scene.fail(2, "warmup", "a.vdb", "--what", "wal")
    try scene.fail(2, "warmup", "a.vdb", "--max", "1M", "--report")
    try scene.fail(6, "warmup", "none.vdb")
  }

  @Test func anEmptyCollectionIsWarm() throws {
    let scene = try Scene()
    try scene.succeed("create", "a.vdb", "--dims", "3")
    let report = try scene.json("warmup", "a.vdb")
    #expect(report["bytes"] as? Int == 0 && report["resident_after"] as? Int == 0)
  }
}
