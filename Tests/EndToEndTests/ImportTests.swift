import Foundation
import TestSupport
import Testing

@Suite struct ImportTests {
  @Test func addsAllRecordsOfAllFiles() throws {
    let scene = try Scene.small()
    try scene.folder.write("one.jsonl", Scene.lines(0..<50))
    try scene.folder.write("two.jsonl", Scene.lines(50..<90))
    let object = try scene.json("import", "a.vdb", "one.jsonl", "two.jsonl")
    #expect(object["schema"] as? String == "vdb.import/1")
    #expect(object["inserted"] as? Int == 90)
    #expect(object["version"] as? Int == 3)
    #expect(try scene.count() == 93)
    try scene.succeed("verify", "a.vdb")
  }

  @Test func readsStandardInput() throws {
    let scene = try Scene.small()
    let result = try scene.succeed("import", "a.vdb", "-", "--from", "jsonl", stdin: Scene.lines(0..<10))
    #expect(result.errors.contains("committed 10 rows as version 3"))
    #expect(result.errors.contains("next: vdb search a.vdb"))
    #expect(try scene.count() == 13)
  }

  @Test func namesBothPlacesOfAnIDThatOccursTwice() throws {
    let scene = try Scene.small()
    try scene.folder.write("one.jsonl", Scene.lines(0..<20))
    try scene.folder.write("two.jsonl", "\n" + Scene.lines(7..<8))
    try scene.fail(
      7, "import", "a.vdb", "one.jsonl", "two.jsonl",
      says: "two.jsonl:2 (record 1): the id 'k7' occurs twice, first at one.jsonl:8")
    try scene.fail(
      7, "import", "a.vdb", "rows.jsonl",
      says: "rows.jsonl:1 (record 1): the id 'a' is in the collection already")
  }

  @Test func modesSayWhatHappensToOldRows() throws {
    let scene = try Scene.small()
    try scene.folder.write(
      "new.jsonl", "{\"id\":\"a\",\"vector\":[0,0,1]}\n{\"id\":\"z\",\"vector\":[1,1,1]}\n")
    let ignored = try scene.json("import", "a.vdb", "new.jsonl", "--mode", "ignore", "--dry-run")
    #expect(ignored["ignored"] as? Int == 1)
    #expect(ignored["inserted"] as? Int == 1)
    let upserted = try scene.json("import", "a.vdb", "new.jsonl", "--mode", "upsert")
    #expect(upserted["replaced"] as? Int == 1)
    #expect(try scene.count() == 4)
    try scene.succeed("import", "a.vdb", "new.jsonl", "--mode", "replace-all")
    #expect(try scene.count() == 2)
  }

  @Test func aBadLineImportsNothing() throws {
    let scene = try Scene.small()
    try scene.folder.write("bad.jsonl", Scene.lines(0..<30) + "{\"id\":\"x\",\"vector\":[1,2]}\n")
    let result = try scene.fail(4, "import", "a.vdb", "bad.jsonl", "--json", says: "bad.jsonl:31")
    #expect(result.errors.contains("nothing was imported"))
    #expect(result.errors.contains("\"code\":\"dims-mismatch\",\"exit\":4"))
  }

  @Test func createLeavesNothingBehindWhenItFails() throws {
    let scene = try Scene()
    try scene.folder.write("bad.jsonl", Scene.lines(0..<3) + "no json\n")
    try scene.fail(4, "import", "--create", "new.vdb", "bad.jsonl", says: "bad.jsonl:4")
    try scene.folder.write("empty.jsonl", "")
    try scene.fail(4, "import", "--create", "new.vdb", "empty.jsonl")
    try scene.fail(6, "import", "--create", "no/such/new.vdb", "empty.jsonl")
    try scene.folder.write("good.jsonl", Scene.lines(0..<3))
    try scene.fail(0, "import", "--create", "new.vdb", "good.jsonl", "-n", says: "would create new.vdb")
    try scene.fail(6, "import", "new.vdb", "good.jsonl")
    try scene.succeed("import", "--create", "new.vdb", "good.jsonl", "--metric", "l2", "--type", "f16")
    #expect(try scene.count("new.vdb") == 3)
    try scene.fail(7, "import", "--create", "new.vdb", "good.jsonl", "--metric", "dot", says: "metric l2")
  }

  @Test func dryRunChangesNothingAndFindsTheSameFaults() throws {
    let scene = try Scene.small()
    try scene.folder.write("one.jsonl", Scene.lines(0..<20))
    try scene.fail(0, "import", "a.vdb", "one.jsonl", "-n", says: "would commit 20 rows")
    try scene.succeed("insert", "a.vdb", "one.jsonl")
    try scene.fail(7, "import", "a.vdb", "one.jsonl", "-n", says: "'k0' is in the collection already")
  }

  @Test func rowsWithNaNAreLeftOutWhenAsked() throws {
    let scene = try Scene.small()
    try scene.folder.write(
      "nan.jsonl", "{\"id\":\"x\",\"vector\":[1,NaN,1]}\n{\"id\":\"y\",\"vector\":[1,1,1]}\n")
    try scene.fail(4, "import", "a.vdb", "nan.jsonl")
    let result = try scene.run("import", "a.vdb", "nan.jsonl", "--nan", "skip")
    #expect(result.status == 3)
    #expect(result.errors.contains("1 left out for NaN or infinity"))
    #expect(try scene.count() == 4)
  }

  @Test func zeroVectorsNeedAWord() throws {
    let scene = try Scene.small()
    try scene.folder.write("zero.jsonl", "{\"id\":\"x\",\"vector\":[0,0,0]}\n")
    try scene.fail(4, "import", "a.vdb", "zero.jsonl")
    try scene.succeed("import", "a.vdb", "zero.jsonl", "--zero-vector", "allow")
    #expect(try scene.count() == 4)
  }

  @Test func optionsForTablesAndFieldsHaveAnEffect() throws {
    let scene = try Scene.small()
    try scene.folder.write("t.csv", "key;e0;e1;e2;year;note\nx;1;2;3;1999;hi\ny;4;5;6;;\n")
    try scene.succeed(
      "import", "a.vdb", "t.csv", "--delimiter", ";", "--vector-columns", "e{0..2}", "--id-field", "key",
      "--cast",
      "year=int", "--payload-except", "note", "--id-prefix", "t-")
    let row = try scene.get("t-x")
    let payload = try #require(row["payload"] as? [String: Any])
    #expect(payload["year"] as? Int == 1999)
    #expect(payload["note"] == nil)
    #expect(try scene.count() == 5)
    try scene.folder.write("plain.csv", "v1,\"[1,2,3]\"\n")
    try scene.succeed(
      "import", "a.vdb", "plain.csv", "--no-header", "--id-field", "column1", "--vector-field", "column2",
      "--no-payload")
    #expect(try scene.count() == 6)
    try scene.fail(2, "import", "a.vdb", "t.csv", "--delimiter", "ab", says: "--delimiter")
  }

  @Test func recordsAreCutScaledSkippedAndLimited() throws {
    let scene = try Scene.small()
    try scene.folder.write(
      "long.jsonl",
      "{\"id\":\"p\",\"vector\":[9,9,9,1]}\n{\"id\":\"q\",\"vector\":[3,0,4,1]}\n{\"id\":\"r\",\"vector\":[1,1,1,1]}\n"
    )
    try scene.succeed(
      "import", "a.vdb", "long.jsonl", "--truncate-dims", "3", "--normalize", "--skip", "1", "--limit", "1")
    #expect(try scene.count() == 4)
    let result = try scene.run("get", "a.vdb", "q", "--with", "vector")
    #expect(result.output.contains("0.6") && result.output.contains("0.8"), "\(result.output)")
  }

  @Test func idsCanBeMade() throws {
    let scene = try Scene.small()
    try scene.folder.write("bare.jsonl", "{\"vector\":[1,2,3]}\n{\"vector\":[2,2,3]}\n")
    try scene.fail(4, "import", "a.vdb", "bare.jsonl", says: "--id-from row")
    try scene.succeed("import", "a.vdb", "bare.jsonl", "--id-from", "row", "--id-prefix", "r")
    #expect(try scene.get("r1")["id"] as? String == "r1")
    try scene.succeed("import", "a.vdb", "bare.jsonl", "--id-from", "uuid")
    try scene.succeed("import", "a.vdb", "bare.jsonl", "--id-from", "hash")
    try scene.fail(7, "import", "a.vdb", "bare.jsonl", "--id-from", "hash")
    #expect(try scene.count() == 9)
  }

  @Test func conditionsOnTheStateHold() throws {
    let scene = try Scene.small()
    try scene.folder.write("one.jsonl", Scene.lines(0..<2))
    try scene.fail(7, "import", "a.vdb", "one.jsonl", "--if-version", "1", says: "version 2")
    try scene.fail(7, "import", "a.vdb", "one.jsonl", "--if-lsn", "77")
    try scene.succeed("import", "a.vdb", "one.jsonl", "--if-version", "2", "--if-lsn", "1")
  }

  @Test func memoryLimitsAndThreadsChangeNothingInTheResult() throws {
    let scene = try Scene()
    try scene.folder.write("one.jsonl", Scene.lines(0..<3000))
    try scene.succeed("import", "--create", "x.vdb", "one.jsonl", "--memory-limit", "16M", "--threads", "1")
    try scene.succeed("import", "--create", "y.vdb", "one.jsonl", "--threads", "4")
    let hashes = try ["x.vdb", "y.vdb"].map {
      try scene.json("info", $0, "--content-hash")["content_hash"] as? String
    }
    #expect(hashes[0] != nil && hashes[0] == hashes[1])
    try scene.fail(2, "import", "--create", "z.vdb", "one.jsonl", "--memory-limit", "1M")
    try scene.fail(2, "import", "--create", "z.vdb", "one.jsonl", "--tmpdir", "/tmp", says: "--tmpdir")
    try scene.fail(2, "import", "--create", "z.vdb", "one.jsonl", "--resume")
  }

  @Test func anInterruptLeavesEverythingAsItWas() throws {
    let scene = try Scene.small()
    let pipe = scene.folder.file("pipe")
    try #require(mkfifo(pipe, 0o600) == 0)
    let before = try scene.contents()
    let tool = try Tool.start(["import", "a.vdb", "pipe", "--from", "jsonl"], in: scene.folder.path)
    let descriptor = open(pipe, O_RDWR)
    defer { close(descriptor) }
    let lines = Array(Scene.lines(0..<500).utf8)
    _ = lines.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    usleep(300_000)
    #expect(try !tool.hasEnded())
    tool.send(SIGINT)
    let result = try tool.wait(timeout: 20)
    #expect(result.signal == SIGINT)
    #expect(result.errors.hasPrefix("interrupted\n"))
    #expect(try scene.contents() == before)
  }

  @Test func aTimeLimitLeavesEverythingAsItWas() throws {
    let scene = try Scene.small()
    try scene.folder.write("one.jsonl", Scene.lines(0..<2000))
    try scene.fail(13, "import", "a.vdb", "one.jsonl", "--timeout", "1ns", says: "--timeout")
  }

  @Test func progressIsToldInJSON() throws {
    let scene = try Scene.small()
    try scene.folder.write("one.jsonl", Scene.lines(0..<100))
    let result = try scene.succeed("import", "a.vdb", "one.jsonl", "--progress", "json")
    let lines = result.errors.split(separator: "\n").filter { $0.contains("vdb.progress/1") }
    #expect(
      lines.contains { $0.contains("\"op\":\"import\"") && $0.contains("\"rows\":100") }, "\(result.errors)")
  }

  @Test func locksAndForbiddenWritesAreReported() throws {
    let scene = try Scene.small()
    try scene.folder.write("one.jsonl", Scene.lines(0..<2))
    try scene.fail(12, "import", "a.vdb", "one.jsonl", "--read-only", says: "--read-only")
    try scene.whileLocked { () throws in
      let result = try scene.run("import", "a.vdb", "one.jsonl", "--lock-timeout", "0")
      #expect(result.status == 8)
      #expect(result.errors.contains("is being written by another process (reported: pid"))
    }
    try scene.fail(6, "import", "a.vdb", "none.jsonl")
    try scene.fail(4, "import", "a.vdb", "a.vdb", says: "folder")
  }
}
