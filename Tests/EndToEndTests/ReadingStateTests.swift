import Foundation
import TestSupport
import Testing

/// Reading after changes, after damage, and when it is told to stop.
@Suite struct ReadingStateTests {
  @Test func `positions are places in the scan also after changes`() throws {
    let folder = try ReadingFolder.withSmall()
    try folder.done("upsert", "s.vdb", "--id", "b", "--vector", "[9,9]", "-q")
    try folder.done("upsert", "s.vdb", "--id", "d", "--vector", "[8,8]", "-q")
    for _ in 0..<2 {
      let order = try folder.done("scan", "s.vdb", "--ids-only").lines
      #expect(Set(order) == Set(["a", "b", "c", "d", "e"]))
      let ids = try folder.done("search", "s.vdb", "--vector", "[1,1]", "-k", "all", "--format", "ids").lines
      let found = try folder.done(
        "search", "s.vdb", "--vector", "[1,1]", "-k", "all", "--format", "ivecs", "--positions")
      let numbers = stride(from: 4, to: found.stdout.count, by: 4).map { Int(found.stdout[$0]) }
      #expect(numbers.map { order[$0] } == ids)
      try folder.done("import", "s.vdb", "first.jsonl", "--mode", "upsert", "-q")
    }
  }

  @Test func `damaged data end every reading with status 5 and no answer`() throws {
    let folder = try ReadingFolder.withPackages()
    let name = try #require(try folder.shell("ls p.vdb/seg").lines.first)
    let path = folder.path + "/p.vdb/seg/" + name
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    bytes[4096 + 384 * 4 * 20 + 5] ^= 8
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let search = try folder.vdb(
      "search", "p.vdb", "--vector", "[" + Array(repeating: "1", count: 384).joined(separator: ",") + "]")
    #expect(search.status == 5 && search.output.isEmpty)
    #expect(search.errors.contains(name))
    let export = try folder.vdb("export", "p.vdb", "-o", "out.jsonl")
    #expect(export.status == 5)
    #expect(!(try folder.folder.names().contains("out.jsonl")))
    #expect(try folder.vdb("count", "p.vdb").output == "300\n")
    let ids = try folder.done("scan", "p.vdb", "--ids-only").lines
    #expect(try folder.vdb("get", "p.vdb", ids[0], "--with", "vector").status == 0)
    #expect(try folder.vdb("get", "p.vdb", ids[20], "--with", "vector").status == 5)
  }

  @Test func `a signal ends a wait for ids by the signal itself`() throws {
    let folder = try ReadingFolder.withSmall()
    let result = try folder.shell(
      """
      mkfifo ids; sleep 5 > ids & writer=$!; (exec "$VDB" get s.vdb --ids-from ids) & reader=$!
      sleep 0.4; kill -TERM $reader; wait $reader; echo $?; kill $writer
      """)
    #expect(result.output == "143\n")
    #expect(result.errors.contains("interrupted"))
  }
}
