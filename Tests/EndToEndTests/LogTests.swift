import Foundation
import TestSupport
import Testing

@Suite struct LogTests {
  @Test func `log prints versions and transactions, newest first`() throws {
    let folder = try ReadingFolder.withSmall()
    let object = try folder.done("log", "s.vdb", "--json").object()
    #expect(object["schema"] as? String == "vdb.log/1")
    let entries = try #require(object["entries"] as? [[String: Any]])
    #expect(entries.map { $0["command"] as? String } == ["insert", "import", "create"])
    #expect(entries.map { $0["added"] as? Int } == [2, 3, 0])
    #expect(entries.map { $0["kind"] as? String } == ["transaction", "version", "version"])
    #expect((entries[1]["root"] as? String)?.hasPrefix("sha256:") == true)
    #expect(entries.allSatisfy { ($0["pid"] as? Int ?? 0) > 0 })
    let lines = try folder.done("log", "s.vdb").lines
    #expect(lines.count == 3)
    #expect(lines[0].contains("\tinsert\t2\t0\t"))
  }

  @Test func `log leaves out what is older or beyond the limit`() throws {
    let folder = try ReadingFolder.withSmall()
    #expect(try folder.done("log", "s.vdb", "--limit", "1").lines.count == 1)
    #expect(try folder.done("log", "s.vdb", "--limit", "0").lines.isEmpty)
    #expect(try folder.done("log", "s.vdb", "--since", "2000-01-01").lines.count == 3)
    #expect(try folder.done("log", "s.vdb", "--since", "2200-01-01").lines.isEmpty)
    #expect(try folder.vdb("log", "s.vdb", "--since", "yesterday").status == 2)
  }
}
