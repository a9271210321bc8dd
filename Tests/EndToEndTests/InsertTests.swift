import Foundation
import TestSupport
import Testing

@Suite struct InsertTests {
  @Test func addsOneRecord() throws {
    let scene = try Scene.small()
    let result = try scene.succeed(
      "insert", "a.vdb", "--id", "z", "--vector", "[0.1,0.2,0.3]", "--payload", "{\"b\":1,\"a\":[2]}")
    #expect(result.output.isEmpty)
    #expect(result.errors.contains("inserted 1 row (lsn "))
    #expect(result.errors.contains("next: vdb get a.vdb z"))
    let row = try scene.get("z")
    #expect((row["payload"] as? [String: Any])?["b"] as? Int == 1)
    try scene.fail(
      7, "insert", "a.vdb", "--id", "z", "--vector", "[1,1,1]",
      says: "the id 'z' is in the collection already")
  }

  @Test func vectorsComeInEverySpelling() throws {
    let scene = try Scene.small()
    try scene.folder.write("v.json", "[1, 2,\n3]\n")
    try scene.succeed("insert", "a.vdb", "--id", "f", "--vector", "@v.json")
    try scene.succeed("insert", "a.vdb", "--id", "g", "--vector", "@-", stdin: "[1,2,3]")
    try scene.succeed("insert", "a.vdb", "--id", "h", "--vector", "b64:AACAPwAAAEAAAEBA")
    let vectors = try ["f", "g", "h"].map { try scene.get($0)["vector"] as? [Double] }
    #expect(vectors.allSatisfy { $0 == [1, 2, 3] }, "\(vectors)")
    try scene.fail(2, "insert", "a.vdb", "--id", "i", "--vector", "[1,2]", says: "2 numbers")
    try scene.fail(2, "insert", "a.vdb", "--id", "i", "--vector", "[1,x,2]", says: "--vector")
    try scene.fail(6, "insert", "a.vdb", "--id", "i", "--vector", "@none.npy")
    try scene.fail(
      2, "insert", "a.vdb", "--id", "i", "--vector", "[1,2,3]", "--payload", "[1]", says: "--payload")
    try scene.fail(2, "insert", "a.vdb", "--id", "i", "--vector", "[0,0,0]", says: "zeros")
    try scene.succeed("insert", "a.vdb", "--id", "i", "--vector", "[0,0,0]", "--zero-vector", "allow")
  }

  @Test func aStreamIsDurableBatchByBatch() throws {
    let scene = try Scene.small()
    let result = try scene.succeed(
      "insert", "a.vdb", "-", "--ack", "--batch-rows", "40", "--json", stdin: Scene.lines(0..<100))
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 4)
    #expect(lines.filter { $0.hasPrefix("{\"schema\":\"vdb.ack/1\",\"rows\":40,") }.count == 2)
    #expect(lines.contains { $0.hasPrefix("{\"schema\":\"vdb.ack/1\",\"rows\":20,") })
    #expect(lines.last?.hasPrefix("{\"schema\":\"vdb.insert/1\"") == true)
    #expect(lines.last?.contains("\"inserted\":100,\"replaced\":0,\"batches\":3") == true)
    #expect(try scene.count() == 103)
    try scene.succeed("verify", "a.vdb")
  }

  @Test func rowsBeforeABadLineStayAndAreCounted() throws {
    let scene = try Scene.small()
    let text = Scene.lines(0..<25) + "{\"id\":\"x\",\"vector\":[1,2]}\n" + Scene.lines(25..<30)
    let result = try scene.run("insert", "a.vdb", "-", "--batch-rows", "10", stdin: text)
    #expect(result.status == 4)
    #expect(result.errors.contains("-:26"))
    #expect(result.errors.contains("the first 20 records of - are durable"), "\(result.errors)")
    #expect(try scene.count() == 23)
    #expect(
      try scene.run("insert", "a.vdb", "-", "--batch-rows", "1", stdin: Scene.lines(20..<22) + "x").status
        == 4)
    #expect(try scene.count() == 25)
  }

  @Test func atomicMeansAllOrNothing() throws {
    let scene = try Scene.small()
    try scene.fail(
      4, "insert", "a.vdb", "-", "--atomic", stdin: Scene.lines(0..<2500) + "x\n", says: "nothing was written"
    )
    let object = try scene.json("insert", "a.vdb", "-", "--atomic", stdin: Scene.lines(0..<2500))
    #expect(object["batches"] as? Int == 1)
    #expect(try scene.count() == 2503)
    try scene.fail(2, "insert", "a.vdb", "-", "--atomic", "--batch-rows", "3")
  }

  @Test func dryRunChangesNothingAndFindsDuplicates() throws {
    let scene = try Scene.small()
    try scene.fail(0, "insert", "a.vdb", "-", "-n", stdin: Scene.lines(0..<5), says: "would insert 5 rows")
    try scene.fail(
      7, "insert", "a.vdb", "-", "-n", "--batch-rows", "1", stdin: Scene.lines(0..<5) + Scene.lines(3..<4),
      says: "k3")
  }

  @Test func upsertReplacesWholeRecords() throws {
    let scene = try Scene.small()
    let object = try scene.json(
      "upsert", "a.vdb", "-",
      stdin: "{\"id\":\"a\",\"vector\":[0,0,1]}\n{\"id\":\"new\",\"vector\":[1,2,3]}\n")
    #expect(object["schema"] as? String == "vdb.upsert/1")
    #expect(object["replaced"] as? Int == 1)
    #expect(object["inserted"] as? Int == 1)
    #expect((try scene.get("a")["payload"] as? [String: Any])?.isEmpty == true)
    #expect(try scene.count() == 4)
  }

  @Test func fieldsCanBeRenamed() throws {
    let scene = try Scene.small()
    try scene.succeed(
      "insert", "a.vdb", "-", "--id-field", "key", "--vector-field", "v.x", "--payload-field", "meta",
      stdin: "{\"key\":\"k\",\"v\":{\"x\":[1,2,3]},\"meta\":{\"p\":1}}\n")
    #expect((try scene.get("k")["payload"] as? [String: Any])?["p"] as? Int == 1)
  }

  @Test func conditionsLocksAndForbiddenWrites() throws {
    let scene = try Scene.small()
    try scene.fail(7, "insert", "a.vdb", "--id", "x", "--vector", "[1,2,3]", "--if-version", "9")
    try scene.fail(12, "insert", "a.vdb", "--id", "x", "--vector", "[1,2,3]", "--read-only")
    try scene.fail(2, "insert", "a.vdb", "--id", "x")
    try scene.fail(2, "insert", "a.vdb")
    try scene.fail(6, "insert", "none.vdb", "--id", "x", "--vector", "[1,2,3]")
    try scene.fail(13, "insert", "a.vdb", "-", "--timeout", "1ns", stdin: Scene.lines(0..<5))
    try scene.whileLocked { () throws in
      #expect(
        try scene.run("insert", "a.vdb", "--id", "x", "--vector", "[1,2,3]", "--lock-timeout", "0").status
          == 8)
    }
  }

  @Test func fullQuotaIsAnError() throws {
    let scene = try Scene.small()
    try scene.succeed("config", "a.vdb", "set", "quota.max-vectors", "5")
    try scene.fail(10, "insert", "a.vdb", "-", stdin: Scene.lines(0..<3), says: "quota.max-vectors")
    try scene.succeed("insert", "a.vdb", "-", stdin: Scene.lines(0..<2))
  }

  @Test func aClosedOutputDoesNotLoseACommit() throws {
    let scene = try Scene.small()
    try scene.folder.write("two.jsonl", Scene.lines(0..<2))
    let shell = try RunningTool(
      path: "/bin/sh",
      [
        "-c", "\"$0\" insert a.vdb two.jsonl --ack | true",
        Tool.path.hasPrefix("/") ? Tool.path : FileManager.default.currentDirectoryPath + "/" + Tool.path,
      ],
      in: scene.folder.path)
    _ = try shell.wait()
    #expect(try scene.count() == 5)
    try scene.succeed("verify", "a.vdb")
  }
}
