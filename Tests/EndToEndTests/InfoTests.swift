import Foundation
import TestSupport
import Testing

@Suite struct InfoTests {
  @Test func `info prints lines of names and values, aligned on a terminal`() throws {
    let folder = try ReadingFolder.withSmall()
    let plain = try folder.done("info", "s.vdb").output
    for line in [
      "records\t5\n", "dims\t2\n", "metric\tl2\n", "type\tf32\n", "id type\tstring\n", "index\tnone\n",
    ] {
      #expect(plain.contains(line), "\(line) in \(plain)")
    }
    let table = try folder.done("info", "s.vdb", "--format", "table").output
    #expect(table.contains("dims           2\n"))
    guard let shown = try folder.onTerminal("info s.vdb") else { return }
    #expect(shown == table)
  }

  @Test func `info prints one object with the parts that are asked for`() throws {
    let folder = try ReadingFolder.withSmall()
    let plain = try folder.done("info", "s.vdb", "--json").object()
    #expect(plain["schema"] as? String == "vdb.info/1")
    #expect(plain["records"] as? Int == 5)
    #expect(plain["log_changes"] as? Int == 2)
    for name in ["segments", "files", "logs", "indexes", "content_hash", "search_bytes"] {
      #expect(plain[name] == nil)
    }
    let full = try folder.done(
      "info", "s.vdb", "--format", "json", "--segments", "--files", "--wal", "--indexes", "--content-hash",
      "--estimate-memory"
    ).object()
    #expect((full["segments"] as? [[String: Any]])?.first?["rows"] as? Int == 3)
    #expect((full["logs"] as? [[String: Any]])?.last?["changes"] as? Int == 2)
    #expect((full["indexes"] as? [Any])?.isEmpty == true)
    #expect((full["content_hash"] as? String)?.utf8.count == 64)
    #expect(full["search_bytes"] as? Int == 5 * 8)
    let files = try #require(full["files"] as? [[String: Any]])
    for file in files {
      let name = try #require(file["file"] as? String)
      let bytes = try folder.folder.read("s.vdb/" + name)
      #expect(file["bytes"] as? Int == bytes.count, "\(name)")
    }
  }

  @Test func `info prints the tables that are asked for`() throws {
    let folder = try ReadingFolder.withSmall()
    #expect(!(try folder.done("info", "s.vdb").output.contains(".vseg")))
    #expect(try folder.done("info", "s.vdb", "--segments").output.contains(".vseg\t3\t3\t"))
    #expect(try folder.done("info", "s.vdb", "--files").output.contains("VDB\tidentity\t4096\t"))
    #expect(try folder.done("info", "s.vdb", "--wal").output.contains(".vwal\t"))
    #expect(try folder.done("info", "s.vdb", "--content-hash").output.contains("content hash\t"))
    #expect(try folder.done("info", "s.vdb", "--estimate-memory").output.contains("search memory\t40\n"))
    #expect(
      try folder.done("info", "s.vdb", "--format", "table", "--indexes").output.contains(
        "index  kind  segment"))
  }

  @Test func `the content hash does not depend on how the records are stored`() throws {
    let folder = try ReadingFolder.withSmall()
    func hash() throws -> String? {
      try folder.done("info", "s.vdb", "--json", "--content-hash").object()["content_hash"] as? String
    }
    let before = try hash()
    try folder.done("checkpoint", "s.vdb", "-q")
    #expect(try hash() == before)
    try folder.done("compact", "s.vdb", "--full", "-q")
    #expect(try hash() == before)
    try folder.done("upsert", "s.vdb", "--id", "a", "--vector", "[1,2]", "-q")
    #expect(try hash() != before)
  }
}
