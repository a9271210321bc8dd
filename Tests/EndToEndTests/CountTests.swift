import TestSupport
import Testing

@Suite struct CountTests {
  @Test func `count prints a bare number that follows every change`() throws {
    let folder = try ReadingFolder.withSmall()
    #expect(try folder.done("count", "s.vdb").output == "5\n")
    try folder.done("upsert", "s.vdb", "--id", "a", "--vector", "[9,9]")
    #expect(try folder.done("count", "s.vdb").output == "5\n")
    try folder.done("upsert", "s.vdb", "--id", "new", "--vector", "[9,9]")
    #expect(try folder.done("count", "s.vdb").output == "6\n")
  }

  @Test func `count prints an object with the state that it counted`() throws {
    let folder = try ReadingFolder.withSmall()
    let object = try folder.done("count", "s.vdb", "--json").object()
    #expect(object["schema"] as? String == "vdb.count/1")
    #expect(object["count"] as? Int == 5)
    #expect(object["version"] as? Int == 2)
    #expect((object["lsn"] as? Int ?? 0) > 1)
  }
}
