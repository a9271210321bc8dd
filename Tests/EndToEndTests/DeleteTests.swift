import Foundation
import TestSupport
import Testing

@Suite struct DeleteTests {
  @Test func deletesByID() throws {
    let scene = try Scene.small()
    let object = try scene.json("delete", "a.vdb", "a", "nobody")
    #expect(object["schema"] as? String == "vdb.delete/1")
    #expect(object["deleted"] as? Int == 1)
    #expect(object["missing_ids"] as? [String] == ["nobody"])
    #expect(try scene.count() == 2)
    #expect(try scene.run("get", "a.vdb", "a").status == 1)
    try scene.succeed("verify", "a.vdb")
  }

  @Test func idsComeFromAFileOrStandardInput() throws {
    let scene = try Scene.small()
    try scene.folder.write("ids.txt", "a\n")
    try scene.succeed("delete", "a.vdb", "--ids-from", "ids.txt", "--expect-count", "1")
    try scene.succeed("delete", "a.vdb", "--ids-from", "-", stdin: "b\n")
    #expect(try scene.count() == 1)
  }

  @Test func manyRecordsNeedAYes() throws {
    let scene = try Scene.small()
    try scene.folder.write("many.jsonl", Scene.lines(0..<1200))
    try scene.succeed("import", "a.vdb", "many.jsonl")
    try scene.folder.write("ids.txt", (0..<1200).map { "k\($0)\n" }.joined())
    try scene.fail(7, "delete", "a.vdb", "--ids-from", "ids.txt", says: "--yes")
    try scene.fail(
      0, "delete", "a.vdb", "--ids-from", "ids.txt", "-n", says: "would delete 1,200 of 1,203 rows")
    try scene.fail(7, "delete", "a.vdb", "--ids-from", "ids.txt", "--expect-count", "5", says: "1200")
    // Who says how many go has answered the question.
    try scene.succeed("delete", "a.vdb", "--ids-from", "ids.txt", "--expect-count", "1200")
    #expect(try scene.count() == 3)
    try scene.succeed("import", "a.vdb", "many.jsonl")
    try scene.fail(7, "delete", "a.vdb", "--filter", "$id STARTS WITH 'k'", says: "--yes")
    try scene.succeed("delete", "a.vdb", "--filter", "$id STARTS WITH 'k'", "--expect-count", "1200")
    try scene.succeed("import", "a.vdb", "many.jsonl")
    try scene.succeed("delete", "a.vdb", "--ids-from", "ids.txt", "--yes")
    #expect(try scene.count() == 3)
  }

  @Test func allRecordsNeedTheName() throws {
    let scene = try Scene.small()
    try scene.fail(2, "delete", "a.vdb", "--all")
    try scene.fail(7, "delete", "a.vdb", "--all", "--confirm", "b.vdb", says: "--confirm a.vdb")
    try scene.fail(0, "delete", "a.vdb", "--all", "-n", says: "would delete 3 of 3 rows")
    try scene.fail(7, "delete", "a.vdb", "--all", "--confirm", "a.vdb", "--expect-count", "2")
    try scene.succeed("delete", "a.vdb", "--all", "--confirm", "a.vdb")
    #expect(try scene.count() == 0)
    try scene.succeed("verify", "a.vdb")
    try scene.succeed("insert", "a.vdb", "--id", "a", "--vector", "[1,2,3]")
  }

  @Test func refusalsChangeNothing() throws {
    let scene = try Scene.small()
    try scene.fail(1, "delete", "a.vdb", "nobody", says: "no row has the id 'nobody'")
    try scene.fail(7, "delete", "a.vdb", "a", "--expect-count", "2")
    try scene.fail(7, "delete", "a.vdb", "a", "--if-version", "1")
    try scene.fail(2, "delete", "a.vdb")
    try scene.fail(2, "delete", "a.vdb", "a", "--all", "--confirm", "a.vdb")
    try scene.fail(6, "delete", "none.vdb", "a")
    try scene.fail(12, "delete", "a.vdb", "a", "--read-only")
    try scene.whileLocked { () throws in
      #expect(try scene.run("delete", "a.vdb", "a", "--lock-timeout", "0").status == 8)
    }
  }

  @Test func idsAreReadInTheTypeOfTheCollection() throws {
    let scene = try Scene()
    try scene.succeed("create", "n.vdb", "--dims", "2", "--id-type", "int64")
    try scene.succeed("insert", "n.vdb", "--id", "42", "--vector", "[1,2]")
    try scene.fail(2, "delete", "n.vdb", "forty-two", says: "64-bit integer")
    try scene.fail(1, "delete", "n.vdb", "--", "-7")
    try scene.succeed("delete", "n.vdb", "42")
  }
}
