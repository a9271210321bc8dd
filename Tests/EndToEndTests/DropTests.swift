import Foundation
import TestSupport
import Testing

@Suite struct DropTests {
  @Test func removesTheWholeFolder() throws {
    let scene = try Scene.small()
    let object = try scene.json("drop", "a.vdb/", "--confirm", "a.vdb")
    #expect(object["schema"] as? String == "vdb.drop/1")
    #expect(object["rows"] as? Int == 3)
    #expect(try scene.folder.names() == ["rows.jsonl"])
  }

  @Test func asksForTheName() throws {
    let scene = try Scene.small()
    try scene.fail(7, "drop", "a.vdb", says: "--confirm a.vdb")
    try scene.fail(7, "drop", "a.vdb", "--no-input")
    try scene.fail(7, "drop", "a.vdb", "--confirm", "b.vdb")
    try scene.fail(2, "drop", "a.vdb", "--confirm", "a.vdb", "--yes")
    try scene.fail(0, "drop", "a.vdb", "-n", says: "would drop a.vdb with 3 rows")
    try scene.succeed("drop", "a.vdb", "--yes")
    #expect(try scene.folder.names() == ["rows.jsonl"])
  }

  @Test func refusesWhatIsNotItsOwn() throws {
    let scene = try Scene.small()
    try scene.folder.write("a.vdb/notes.txt", "mine")
    try scene.fail(7, "drop", "a.vdb", "--yes", says: "notes.txt")
    try FileManager.default.removeItem(atPath: scene.folder.file("a.vdb/notes.txt"))
    try FileManager.default.createSymbolicLink(
      atPath: scene.folder.file("link"), withDestinationPath: "a.vdb")
    #expect(try scene.run("drop", "link", "--yes").status != 0)
    #expect(try scene.count() == 3)
    try scene.fail(6, "drop", "rows.jsonl", "--yes")
    try scene.fail(6, "drop", "none.vdb", "--yes")
    try FileManager.default.createDirectory(
      atPath: scene.folder.file("plain"), withIntermediateDirectories: false)
    try scene.fail(6, "drop", "plain", "--yes")
  }

  @Test func refusesACollectionInUse() throws {
    let scene = try Scene.small()
    try scene.whileLocked { () throws in
      #expect(try scene.run("drop", "a.vdb", "--yes", "--lock-timeout", "0").status == 8)
    }
    #expect(try scene.count() == 3)
  }
}
