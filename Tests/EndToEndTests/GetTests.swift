import Foundation
import TestSupport
import Testing

@Suite struct GetTests {
  @Test func `get prints records in the order of the ids`() throws {
    let folder = try ReadingFolder.withSmall()
    let result = try folder.done("get", "s.vdb", "e", "a", "e")
    #expect(
      result.lines == [
        #"{"id":"e","vector":[5.0,1.0],"payload":{"a":{"b":"t4","c":true},"n":4}}"#,
        #"{"id":"a","vector":[1.0,1.0],"payload":{"a":{"b":"t0","c":true},"n":0}}"#,
        #"{"id":"e","vector":[5.0,1.0],"payload":{"a":{"b":"t4","c":true},"n":4}}"#,
      ])
  }

  @Test func `get prints the parts and the fields that are asked for`() throws {
    let folder = try ReadingFolder.withSmall()
    #expect(
      try folder.done("get", "s.vdb", "b", "--with", "vector").output
        == "{\"id\":\"b\",\"vector\":[2.0,1.0]}\n")
    #expect(
      try folder.done("get", "s.vdb", "b", "--fields", "a.b").output
        == "{\"id\":\"b\",\"payload\":{\"a\":{\"b\":\"t1\"}}}\n")
    #expect(
      try folder.done("get", "s.vdb", "b", "--fields", "n,a.c,\"no.such\"", "--with", "payload").output
        == "{\"id\":\"b\",\"payload\":{\"a\":{\"c\":true},\"n\":1}}\n")
    #expect(
      try folder.done("get", "s.vdb", "b", "--fields", "x.y").output == "{\"id\":\"b\",\"payload\":{}}\n")
    let meta = try folder.done("get", "s.vdb", "b", "--with", "meta").object()
    let inner = try #require(meta["meta"] as? [String: Any])
    #expect(inner["lsn"] as? Int == 1)
    #expect((inner["created"] as? String)?.hasSuffix("Z") == true)
    #expect(inner["created"] as? String == inner["updated"] as? String)
    #expect(try folder.vdb("get", "s.vdb", "b", "--fields", "a..b").status == 2)
    #expect(try folder.vdb("get", "s.vdb", "b", "--with", "nothing").status == 2)
  }

  @Test func `a missing id is an error, a null line, or nothing`() throws {
    let folder = try ReadingFolder.withSmall()
    let error = try folder.vdb("get", "s.vdb", "nope", "a", "--with", "vector")
    #expect(error.status == 1)
    #expect(error.output == "{\"id\":\"a\",\"vector\":[1.0,1.0]}\n")
    #expect(error.errors.contains("no such id: nope"))
    let null = try folder.done("get", "s.vdb", "nope", "a", "--with", "vector", "--missing", "null")
    #expect(null.output == "null\n{\"id\":\"a\",\"vector\":[1.0,1.0]}\n")
    let skip = try folder.done("get", "s.vdb", "nope", "a", "--with", "vector", "--missing", "skip")
    #expect(skip.output == "{\"id\":\"a\",\"vector\":[1.0,1.0]}\n")
  }

  @Test func `with -q get only says whether all ids exist`() throws {
    let folder = try ReadingFolder.withSmall()
    let yes = try folder.vdb("get", "s.vdb", "a", "d", "-q")
    #expect(yes.status == 0 && yes.output.isEmpty && yes.errors.isEmpty)
    let no = try folder.vdb("get", "s.vdb", "a", "x", "-q")
    #expect(no.status == 1 && no.output.isEmpty && no.errors.isEmpty)
  }

  @Test func `get reads ids from a file and from standard input`() throws {
    let folder = try ReadingFolder.withSmall()
    try folder.folder.write("ids.txt", "c\n\nb\n")
    #expect(
      try folder.done("get", "s.vdb", "--ids-from", "ids.txt", "--with", "vector").output
        == "{\"id\":\"c\",\"vector\":[3.0,1.0]}\n{\"id\":\"b\",\"vector\":[2.0,1.0]}\n")
    #expect(
      try folder.done("get", "s.vdb", "--ids-from", "-", "--with", "vector", stdin: "d\n").output
        == "{\"id\":\"d\",\"vector\":[4.0,1.0]}\n")
    #expect(try folder.vdb("get", "s.vdb").status == 2)
    #expect(try folder.vdb("get", "s.vdb", "a", "--ids-from", "ids.txt").status == 2)
    #expect(try folder.vdb("get", "s.vdb", "--ids-from", "none.txt").status == 6)
  }

  @Test func `ids keep their type unless they are wanted as strings`() throws {
    let folder = try ReadingFolder.withSmall(ids: ["1", "-2", "9007199254740993", "4", "5"], idType: "int64")
    #expect(
      try folder.done("get", "s.vdb", "9007199254740993", "--with", "vector").output
        == "{\"id\":9007199254740993,\"vector\":[3.0,1.0]}\n")
    #expect(
      try folder.done("get", "s.vdb", "--with", "vector", "--ids-as-strings", "--", "-2").output
        == "{\"id\":\"-2\",\"vector\":[2.0,1.0]}\n")
    let wrong = try folder.vdb("get", "s.vdb", "one")
    #expect(wrong.status == 2)
    #expect(wrong.errors.contains("one"))
  }

  @Test func `with --json every line has a schema`() throws {
    let folder = try ReadingFolder.withSmall()
    let objects = try folder.done("get", "s.vdb", "a", "b", "--json").objects()
    #expect(objects.count == 2)
    #expect(objects.allSatisfy { $0["schema"] as? String == "vdb.record/1" })
  }

  @Test func `hostile metadata is made harmless on a terminal and kept in files`() throws {
    let folder = try ReadingFolder.withSmall()
    let hostile =
      "{\"id\":\"h\",\"vector\":[1,2],\"payload\":{\"t\":\"\\u001b]0;x\\u0007\u{9B}31m\u{202E}abc\"}}\n"
    try folder.done("insert", "s.vdb", "-", "-q", stdin: hostile)
    let plain = try folder.done("get", "s.vdb", "h", "--with", "payload")
    #expect(plain.output.contains("\u{9B}31m\u{202E}abc"))
    guard let shown = try folder.onTerminal("get s.vdb h --with payload") else { return }
    #expect(shown.contains("\\u009b31m\\u202eabc"))
    for scalar in shown.unicodeScalars {
      #expect(
        scalar == "\n"
          || scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value) && scalar.value != 0x202E)
    }
    let search = try #require(try folder.onTerminal("search s.vdb --vector '[1,2]' --fields t -k 1"))
    #expect(!search.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x9B || $0.value == 0x202E })
    #expect(search.contains("rank"))
  }
}
