import Foundation
import TestSupport
import Testing

@Suite struct UpkeepTests {
  /// A collection with rows in several segments, dead rows and a log.
  private func used() throws -> Scene {
    let scene = try Scene()
    try scene.folder.write("one.jsonl", Scene.lines(0..<300, dimension: 16))
    try scene.folder.write("two.jsonl", Scene.lines(300..<600, dimension: 16))
    try scene.succeed("import", "--create", "a.vdb", "one.jsonl")
    try scene.succeed("import", "a.vdb", "two.jsonl")
    try scene.succeed("delete", "a.vdb", "k5", "k6", "k301")
    return scene
  }

  @Test func checkpointEmptiesTheLog() throws {
    let scene = try used()
    try scene.fail(0, "checkpoint", "a.vdb", "-n", says: "would move 3 records")
    let object = try scene.json("checkpoint", "a.vdb")
    #expect(object["schema"] as? String == "vdb.checkpoint/1")
    #expect(object["records"] as? Int == 3)
    try scene.fail(0, "checkpoint", "a.vdb", says: "nothing to do")
    #expect(try scene.count() == 597)
    try scene.succeed("verify", "a.vdb")
    try scene.fail(12, "checkpoint", "a.vdb", "--read-only")
    try scene.whileLocked { () throws in
      #expect(try scene.run("checkpoint", "a.vdb", "--lock-timeout", "0").status == 8)
    }
  }

  @Test func compactionMergesAndKeepsTheContent() throws {
    let scene = try used()
    let hash = try scene.json("info", "a.vdb", "--content-hash")["content_hash"] as? String
    try scene.fail(0, "compact", "a.vdb", "--full", "-n", says: "would rewrite 2 of 2 segments")
    // With fewer options there may be nothing to do, so none is named.
    try scene.fail(
      0, "compact", "a.vdb", "--full", "-n", says: "the same command without --dry-run does it")
    let object = try scene.json("compact", "a.vdb", "--full", "--memory-limit", "64M")
    #expect(object["schema"] as? String == "vdb.compact/1")
    #expect(object["segments_after"] as? Int == 1)
    #expect(object["dead_rows_removed"] as? Int == 3)
    #expect(try scene.json("info", "a.vdb", "--content-hash")["content_hash"] as? String == hash)
    try scene.succeed("verify", "a.vdb")
    try scene.fail(12, "compact", "a.vdb", "--read-only")
    try scene.fail(2, "compact", "a.vdb", "--purge", "--max-duration", "1s")
  }

  @Test func theDeadRatioAndTheTargetChooseSegments() throws {
    let scene = try used()
    try scene.succeed("checkpoint", "a.vdb")
    // Nothing may be merged and too few rows are dead.
    let idle = try scene.json(
      "compact", "a.vdb", "--target-segment", "1M", "--dead-ratio", "0.5", "--dry-run")
    let eager = try scene.json(
      "compact", "a.vdb", "--target-segment", "1M", "--dead-ratio", "0.001", "--dry-run")
    #expect((idle["dead_rows_removed"] as? Int ?? 9) <= (eager["dead_rows_removed"] as? Int ?? -1))
    #expect(eager["dead_rows_removed"] as? Int == 3)
  }

  @Test func aTimeBudgetEndsEarlyWithStatus3() throws {
    let scene = try used()
    try scene.succeed("checkpoint", "a.vdb")
    let result = try scene.run("compact", "a.vdb", "--full", "--max-duration", "0", "--json")
    #expect(result.status == 3, "\(result.errors)")
    #expect(result.output.contains("\"stopped_early\":true"))
    #expect(try scene.count() == 597)
  }

  @Test func aPurgeIsProved() throws {
    let scene = try Scene()
    try scene.folder.write("one.jsonl", Scene.lines(0..<300, dimension: 16))
    try scene.succeed("import", "--create", "a.vdb", "one.jsonl")
    let secret =
      "{\"id\":\"secret-id-zzz\",\"vector\":[\((0..<16).map { "0.\($0 + 1)37" }.joined(separator: ","))],\"payload\":{\"name\":\"secret-payload-zzz\"}}\n"
    try scene.succeed("insert", "a.vdb", "-", stdin: secret)
    try scene.succeed("checkpoint", "a.vdb")
    try scene.succeed("delete", "a.vdb", "secret-id-zzz")
    func traces() throws -> Int {
      try scene.contents().filter { name, bytes in
        name.hasPrefix("a.vdb/") && String(decoding: bytes, as: UTF8.self).contains("secret-")
      }.count
    }
    #expect(try traces() > 0)
    let object = try scene.json("compact", "a.vdb", "--purge")
    let purge = try #require(object["purge"] as? [String: Any])
    #expect(purge["removed_ids"] as? Int == 1)
    #expect(purge["removed_vectors"] as? Int == 1)
    #expect(try traces() == 0)
    #expect(try scene.count() == 300)
    try scene.succeed("verify", "a.vdb")
  }

  @Test func garbageCollectionRemovesWhatNobodyNeeds() throws {
    let scene = try used()
    try scene.succeed("compact", "a.vdb", "--full")
    try scene.fail(0, "gc", "a.vdb", says: "nothing to remove")
    try scene.fail(0, "gc", "a.vdb", "--keep", "0", "-n", says: "would remove")
    let object = try scene.json("gc", "a.vdb", "--keep", "0")
    #expect(object["schema"] as? String == "vdb.gc/1")
    #expect((object["removed_versions"] as? [Int])?.count == 1)
    #expect(try scene.count() == 597)
    try scene.succeed("verify", "a.vdb")
    try scene.fail(12, "gc", "a.vdb", "--read-only")
    try scene.fail(2, "gc", "a.vdb", "--keep", "2")
    try scene.whileLocked { () throws in
      #expect(try scene.run("gc", "a.vdb", "--lock-timeout", "0").status == 8)
    }
  }
}
