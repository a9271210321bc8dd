import Foundation
import TestSupport
import Testing

@Suite struct ScanTests {
  @Test func `scan prints all records in the order of their arrival`() throws {
    let folder = try ReadingFolder.withSmall()
    let ids = try folder.done("scan", "s.vdb").objects().map { $0["id"] as? String }
    #expect(ids == ["a", "b", "c", "d", "e"])
    #expect(try folder.done("scan", "s.vdb", "--ids-only").output == "a\nb\nc\nd\ne\n")
    #expect(
      try folder.done("scan", "s.vdb", "--limit", "1", "-q").output
        == "{\"id\":\"a\",\"payload\":{\"a\":{\"b\":\"t0\",\"c\":true},\"n\":0}}\n")
    #expect(
      try folder.done("scan", "s.vdb", "--limit", "1", "--with", "vector", "-q").output
        == "{\"id\":\"a\",\"vector\":[1.0,1.0]}\n")
    #expect(
      try folder.done("scan", "s.vdb", "--limit", "1", "--fields", "n", "-q").output
        == "{\"id\":\"a\",\"payload\":{\"n\":0}}\n")
    #expect(try folder.done("scan", "s.vdb", "--limit", "0").output == "")
    #expect(try folder.vdb("scan", "s.vdb", "--ids-only", "--with", "vector").status == 2)
  }

  @Test(arguments: [1, 2, 3, 7]) func `pages together are the whole scan`(_ size: Int) throws {
    let folder = try ReadingFolder.withSmall()
    let all = try folder.done("scan", "s.vdb", "--ids-only").lines
    var found: [String] = []
    var cursor: String?
    while true {
      let result =
        try cursor.map { try folder.done("scan", "s.vdb", "--json", "--limit", "\(size)", "--after", $0) }
        ?? folder.done("scan", "s.vdb", "--json", "--limit", "\(size)")
      let objects = try result.objects()
      let page = try #require(objects.last)
      #expect(page["schema"] as? String == "vdb.page/1")
      #expect(page["count"] as? Int == objects.count - 1)
      found += objects.dropLast().compactMap { $0["id"] as? String }
      cursor = page["next"] as? String
      if cursor == nil { break }
      // Moving records to other files must not disturb the pages.
      if found.count == size { _ = try folder.vdb("compact", "s.vdb", "--full", "-q") }
    }
    #expect(found == all)
  }

  @Test func `a cursor from before a change says that the collection has changed`() throws {
    let folder = try ReadingFolder.withSmall()
    let page = try #require(try folder.done("scan", "s.vdb", "--json", "--limit", "2").objects().last)
    let cursor = try #require(page["next"] as? String)
    try folder.done("upsert", "s.vdb", "--id", "a", "--vector", "[7,7]", "-q")
    let result = try folder.vdb("scan", "s.vdb", "--after", cursor)
    #expect(result.status == 7)
    #expect(result.errors.contains("has changed"))
    #expect(try folder.vdb("scan", "s.vdb", "--after", "nonsense").status == 2)
  }

  @Test func `integers are numbers unless they are wanted as strings`() throws {
    let folder = try ReadingFolder.withSmall(ids: ["1", "2", "3", "4", "5"], idType: "int64")
    #expect(
      try folder.done("scan", "s.vdb", "--fields", "n", "--limit", "1", "-q").output.hasPrefix("{\"id\":1,"))
    #expect(
      try folder.done("scan", "s.vdb", "--fields", "n", "--limit", "1", "-q", "--ids-as-strings").output
        .hasPrefix("{\"id\":\"1\","))
  }
}
