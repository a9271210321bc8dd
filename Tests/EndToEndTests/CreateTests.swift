import Foundation
import TestSupport
import Testing

@Suite struct CreateTests {
  @Test func makesAnEmptyCollection() throws {
    let scene = try Scene()
    let result = try scene.succeed(
      "create", "a.vdb", "--dims", "3", "--metric", "l2", "--type", "f16", "--id-type", "int64")
    #expect(result.output.isEmpty)
    #expect(
      result.errors.hasPrefix(
        "created a.vdb (3-d f16, l2, ids: int64), version 1\nnext: vdb import a.vdb FILE\n"))
    #expect(try scene.count() == 0)
    try scene.succeed("verify", "a.vdb")
  }

  @Test func describesItInJSON() throws {
    let scene = try Scene()
    let object = try scene.json("create", "a.vdb", "--dims", "7")
    #expect(object["schema"] as? String == "vdb.create/1")
    #expect(object["dims"] as? Int == 7)
    #expect(object["metric"] as? String == "cosine")
    #expect(object["created"] as? Bool == true)
    #expect((object["uuid"] as? String)?.count == 36)
  }

  @Test func refusesWhatExists() throws {
    let scene = try Scene.small()
    try scene.fail(7, "create", "a.vdb", "--dims", "3", says: "exists already")
    try scene.fail(0, "create", "a.vdb", "--dims", "3", "--if-not-exists", says: "there already")
    try scene.fail(
      7, "create", "a.vdb", "--dims", "4", "--if-not-exists", says: "dims 3, and 4 was asked for")
    try scene.fail(7, "create", "a.vdb", "--dims", "3", "--dry-run")
    try scene.folder.write("file", "x")
    let status = try scene.run("create", "file", "--dims", "3").status
    #expect(status == 6 || status == 7)
  }

  @Test func refusesBadOptionsAndMissingParents() throws {
    let scene = try Scene()
    try scene.fail(2, "create", "a.vdb")
    try scene.fail(2, "create", "a.vdb", "--dims", "0")
    try scene.fail(2, "create", "a.vdb", "--dims", "65537")
    try scene.fail(2, "create", "a.vdb", "--dims", "3", "--metric", "cosin", says: "cosine")
    try scene.fail(6, "create", "no/such/a.vdb", "--dims", "3")
    try scene.fail(6, "create", "no/such/a.vdb", "--dims", "3", "--dry-run")
  }

  @Test func dryRunMakesNothing() throws {
    let scene = try Scene()
    try scene.fail(0, "create", "a.vdb", "--dims", "3", "-n", says: "would create")
  }

  @Test func modeIsThatOfTheFolder() throws {
    let scene = try Scene()
    try scene.succeed("create", "a.vdb", "--dims", "3", "--mode", "0700")
    let attributes = try FileManager.default.attributesOfItem(atPath: scene.folder.file("a.vdb"))
    #expect(attributes[.posixPermissions] as? Int == 0o700)
  }

  @Test func finishesAnInterruptedCreation() throws {
    let scene = try Scene()
    try scene.succeed("create", "a.vdb", "--dims", "3")
    try FileManager.default.removeItem(atPath: scene.folder.file("a.vdb/manifest/0000000000000001.vman"))
    #expect(try scene.run("count", "a.vdb").status == 6)
    try scene.succeed("create", "a.vdb", "--dims", "3")
    #expect(try scene.count() == 0)
  }
}
