import Foundation
import TestSupport
import Testing

@Suite struct ListTests {
  @Test func `list finds collections here, in named folders, and below them when asked`() throws {
    let folder = try ReadingFolder.withSmall()
    try FileManager.default.createDirectory(
      atPath: folder.path + "/in/ner", withIntermediateDirectories: true)
    try folder.done("create", "in/ner/deep.vdb", "--dims", "3", "-q")
    try folder.done("create", "in/b.vdb", "--dims", "4", "-q")
    func paths(_ words: String...) throws -> [String] {
      let result = try Tool.run(["list"] + words, in: folder.path)
      #expect(result.status == 0, "\(result.errors)")
      return result.lines.map { String($0.split(separator: "\t")[0]) }
    }
    #expect(try paths() == ["s.vdb"])
    #expect(try paths("-r") == ["in/b.vdb", "in/ner/deep.vdb", "s.vdb"])
    #expect(try paths("in") == ["in/b.vdb"])
    #expect(try paths("s.vdb", "in") == ["s.vdb", "in/b.vdb"])
    #expect(try folder.vdb("list", "none").status == 6)
    let object = try folder.done("list", "--json").object()
    let found = try #require(object["collections"] as? [[String: Any]])
    #expect(object["schema"] as? String == "vdb.list/1")
    #expect(found.count == 1)
    #expect(found[0]["records"] as? Int == 5)
    #expect(found[0]["health"] as? String == "ok")
  }

  @Test func `a damaged collection is listed and the status says so`() throws {
    let folder = try ReadingFolder.withSmall()
    try folder.done("create", "lost.vdb", "--dims", "3", "-q")
    try FileManager.default.removeItem(atPath: folder.path + "/lost.vdb/VDB")
    let manifest = try #require(
      try FileManager.default.contentsOfDirectory(atPath: folder.path + "/s.vdb/manifest").max())
    let path = folder.path + "/s.vdb/manifest/" + manifest
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    bytes[bytes.count / 2] ^= 4
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let result = try folder.vdb("list")
    #expect(result.status == 5)
    #expect(result.lines.map { $0.split(separator: "\t").last.map(String.init) } == ["damaged", "damaged"])
    let json = try folder.vdb("list", "--json")
    #expect(json.status == 5)
    let found = try #require(try json.object()["collections"] as? [[String: Any]])
    #expect(found.allSatisfy { $0["health"] as? String == "damaged" && $0["problem"] is String })
  }
}
