import Foundation
import TestSupport
import Testing

@Suite struct ConfigTests {
  @Test func listsEverySetting() throws {
    let scene = try Scene.small()
    let result = try scene.fail(0, "config", "a.vdb", "list", "--show-origin")
    #expect(result.output.contains("wal.max-bytes\t16777216\tdefault\n"))
    let object = try scene.json("config", "a.vdb", "list")
    #expect(object["schema"] as? String == "vdb.config/1")
    #expect((object["settings"] as? [[String: Any]])?.count == result.output.split(separator: "\n").count)
  }

  @Test func setsGetsAndUnsets() throws {
    let scene = try Scene.small()
    try scene.fail(0, "config", "a.vdb", "set", "wal.max-bytes", "64M", "-n", says: "would set")
    try scene.succeed("config", "a.vdb", "set", "wal.max-bytes", "64M")
    #expect(try scene.run("config", "a.vdb", "get", "wal.max-bytes").output == "67108864\n")
    #expect(
      try scene.run("config", "a.vdb", "get", "wal.max-bytes", "--show-origin").output
        == "wal.max-bytes\t67108864\tcollection\n")
    try scene.fail(0, "config", "a.vdb", "set", "wal.max-bytes", "64M", says: "already")
    let object = try scene.json("config", "a.vdb", "unset", "wal.max-bytes")
    #expect(object["changed"] as? Bool == true)
    #expect(try scene.run("config", "a.vdb", "get", "wal.max-bytes").output == "16777216\n")
    try scene.succeed("verify", "a.vdb")
  }

  @Test func aShortLogIsCheckpointedSoon() throws {
    let scene = try Scene.small()
    try scene.succeed("config", "a.vdb", "set", "wal.max-records", "10")
    try scene.succeed("insert", "a.vdb", "-", "--batch-rows", "5", stdin: Scene.lines(0..<50))
    let object = try scene.json("checkpoint", "a.vdb", "-n")
    #expect((object["records"] as? Int ?? 99) <= 10)
    #expect(try scene.count() == 53)
  }

  @Test func refusalsChangeNothing() throws {
    let scene = try Scene.small()
    try scene.fail(1, "config", "a.vdb", "get", "quota.max-vectors")
    try scene.fail(2, "config", "a.vdb", "set", "wal.max-byte", "1M", says: "did you mean wal.max-bytes?")
    try scene.fail(2, "config", "a.vdb", "set", "wal.max-bytes", "many")
    try scene.fail(2, "config", "a.vdb", "set", "wal.max-bytes")
    try scene.fail(2, "config", "a.vdb", "get")
    try scene.fail(2, "config", "a.vdb", "list", "wal.max-bytes")
    try scene.fail(2, "config", "a.vdb", "lst", says: "list")
    try scene.fail(6, "config", "none.vdb", "list")
    try scene.fail(12, "config", "a.vdb", "set", "wal.max-bytes", "1M", "--read-only")
    try scene.whileLocked { () throws in
      #expect(
        try scene.run("config", "a.vdb", "set", "wal.max-bytes", "1M", "--lock-timeout", "0").status == 8)
      #expect(try scene.run("config", "a.vdb", "list").status == 0)
    }
  }
}
