import Foundation
import TestSupport
import Testing

@Suite struct RebuildIndexTests {
  /// A collection of more rows than an index needs to pay, made with the given options.
  private func large(_ options: String...) throws -> Scene {
    let scene = try Scene()
    try scene.folder.write("rows.jsonl", Scene.lines(0..<4200, dimension: 8))
    let made = try scene.run(["import", "--create", "a.vdb", "rows.jsonl"] + options)
    #expect(made.status == 0, "\(made.errors)")
    return scene
  }

  private func search(_ scene: Scene, _ options: String...) throws -> ToolResult {
    try scene.run(["search", "a.vdb", "--vector", "[1,2,3,4,5,6,7,8]", "-k", "5"] + options)
  }

  private func indexFiles(_ scene: Scene) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: scene.folder.file("a.vdb/idx")).sorted()
  }

  @Test func importBuildsWhatPaysAndSaysSo() throws {
    let scene = try Scene()
    try scene.folder.write("rows.jsonl", Scene.lines(0..<4200, dimension: 8))
    let made = try scene.succeed("import", "--create", "a.vdb", "rows.jsonl")
    #expect(made.errors.contains("index: flat built in ") && made.errors.contains("(exact)"))
    let info = try scene.json("info", "a.vdb", "--indexes")
    let coverage = try #require((info["index_coverage"] as? [[String: Any]])?.first)
    #expect(coverage["kind"] as? String == "flat" && coverage["rows"] as? Int == 4200)
    #expect((info["indexes"] as? [Any])?.count == 1)
    let plan = try scene.json("search", "a.vdb", "--vector", "[1,2,3,4,5,6,7,8]", "--explain")
    #expect(plan["plan"] as? String == "codes")
    let found = try search(scene)
    #expect(found.errors.isEmpty && found.output.split(separator: "\n").count == 5)
    try scene.succeed("verify", "a.vdb", "--deep")

    let small = try Scene.small()
    #expect(try indexFiles(small) == [])
  }

  @Test func theChoiceOfTheCollectionAndOfTheImportHold() throws {
    let none = try large("--index", "none")
    #expect(try indexFiles(none) == [])
    #expect(try none.json("info", "a.vdb")["index_coverage"] as? [String] == [])
    // The collection has kept the choice.
    try none.folder.write("more.jsonl", Scene.lines(5000..<9200, dimension: 8))
    let second = try none.succeed("import", "a.vdb", "more.jsonl")
    #expect(second.errors.contains("index: none, as asked for"))
    try none.folder.write("third.jsonl", Scene.lines(10_000..<10_010, dimension: 8))
    try none.succeed("import", "a.vdb", "third.jsonl", "--index", "flat")
    #expect(try indexFiles(none).count == 1)
    try none.succeed("config", "a.vdb", "set", "index.kind", "auto")
    #expect(try none.succeed("config", "a.vdb", "get", "index.kind").output == "auto\n")
    try none.fail(2, "config", "a.vdb", "set", "index.kind", "tree", says: "one of auto, none, flat")

    let made = try Scene()
    try made.succeed("create", "a.vdb", "--dims", "8", "--index", "flat")
    try made.folder.write("rows.jsonl", Scene.lines(0..<20, dimension: 8))
    try made.succeed("import", "a.vdb", "rows.jsonl")
    #expect(try indexFiles(made).count == 1)
    try made.fail(2, "create", "b.vdb", "--dims", "8", "--index", "ivf")
  }

  @Test func buildsKeepsAndReplaces() throws {
    let scene = try large("--index", "none")
    try scene.fail(
      0, "rebuild-index", "a.vdb", "-n", says: "index: would build flat, 4,200 rows in 1 segment")
    let built = try scene.json("rebuild-index", "a.vdb", "--seed", "7", "--threads", "2")
    #expect(built["schema"] as? String == "vdb.rebuild-index/1")
    #expect((built["indexes"] as? [[String: Any]])?.first?["rows"] as? Int == 4200)
    let first = try indexFiles(scene)
    let kept = try scene.succeed("rebuild-index", "a.vdb", "--only-missing")
    #expect(kept.errors.contains("nothing to build, every segment has a usable one"))
    #expect(try indexFiles(scene) == first)
    try scene.succeed("rebuild-index", "a.vdb", "--kind", "flat")
    #expect(try indexFiles(scene) != first)
    try scene.fail(2, "rebuild-index", "a.vdb", "--kind", "ivf")
    try scene.fail(12, "rebuild-index", "a.vdb", "--read-only")
    try scene.whileLocked { () throws in
      #expect(try scene.run("rebuild-index", "a.vdb", "--lock-timeout", "0").status == 8)
    }
    try scene.succeed("verify", "a.vdb")
  }

  @Test func aSmallCollectionIsToldThatNonePays() throws {
    let scene = try Scene.small()
    let said = try scene.succeed("rebuild-index", "a.vdb")
    #expect(said.errors.contains("none built: 3 rows are searched as fast without"))
    try scene.succeed("rebuild-index", "a.vdb", "--kind", "flat")
    #expect(try indexFiles(scene).count == 1)
  }

  @Test func aDamagedIndexIsOneWarningAndExit5OfVerify() throws {
    let scene = try large()
    let right = try search(scene).output
    let name = "a.vdb/idx/" + (try #require(try indexFiles(scene).first))
    var bytes = try scene.folder.read(name)
    bytes[9000] ^= 1
    try scene.folder.write(name, bytes)
    for words in [[], ["--exact"]] {
      let found = try scene.run(["search", "a.vdb", "--vector", "[1,2,3,4,5,6,7,8]", "-k", "5"] + words)
      #expect(found.status == 0 && found.output == right)
      let warnings = found.errors.split(separator: "\n")
      #expect(warnings.count == 1 && warnings[0].contains("warning: the flat index idx/"), "\(found.errors)")
    }
    let checked = try scene.run("verify", "a.vdb", "--json")
    #expect(checked.status == 5)
    let report = try #require(
      try JSONSerialization.jsonObject(with: Data(checked.stdout)) as? [String: Any])
    let finding = try #require((report["findings"] as? [[String: Any]])?.first)
    #expect(finding["severity"] as? String == "derived" && finding["flipped_byte"] as? Int == 9000)
    #expect((finding["remedy"] as? String)?.hasPrefix("vdb rebuild-index") == true)
    try scene.succeed("rebuild-index", "a.vdb", "--only-missing")
    try FileManager.default.removeItem(atPath: scene.folder.file(name))
    #expect(try scene.run("verify", "a.vdb").status == 5)
    #expect(try search(scene).output == right)
    try scene.succeed("rebuild-index", "a.vdb")
    try scene.succeed("verify", "a.vdb")
    #expect(try search(scene).errors.isEmpty)
  }

  @Test func compactionKeepsAnIndex() throws {
    let scene = try large()
    try scene.succeed("delete", "a.vdb", "k5", "k6")
    let object = try scene.json("compact", "a.vdb", "--full")
    #expect(object["indexes_built"] as? Int == 1)
    #expect(
      try scene.json("search", "a.vdb", "--vector", "[1,2,3,4,5,6,7,8]", "--explain")["plan"] as? String
        == "codes")
    try scene.succeed("verify", "a.vdb", "--deep")
  }
}
