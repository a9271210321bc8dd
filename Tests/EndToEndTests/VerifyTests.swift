import Foundation
import TestSupport
import Testing

@Suite struct VerifyTests {
  private func segment(_ folder: ReadingFolder, _ name: String = "p.vdb") throws -> String {
    try #require(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/\(name)/seg").min())
  }

  private func flip(_ path: String, at place: Int, bit: UInt8 = 3) throws {
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    bytes[place] ^= 1 << bit
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  @Test func `an intact collection ends with status 0 and is not changed`() throws {
    let folder = try ReadingFolder.withSmall()
    let before = try folder.shell("cd s.vdb && find . -type f | sort | xargs sha256sum")
    let result = try folder.done("verify", "s.vdb")
    #expect(result.output.hasPrefix("checked "))
    #expect(result.output.contains("(level default)"))
    #expect(try folder.done("verify", "s.vdb", "--quick").output.contains("(level quick)"))
    let object = try folder.done("verify", "s.vdb", "--json").object()
    #expect(object["schema"] as? String == "vdb.verify/1")
    #expect(object["intact"] as? Bool == true)
    #expect(object["rows"] as? Int == 3)
    #expect(try folder.shell("cd s.vdb && find . -type f | sort | xargs sha256sum").output == before.output)
  }

  @Test func `a flipped bit is found, named with its rows, and only at the full level`() throws {
    let folder = try ReadingFolder.withPackages()
    let name = try segment(folder)
    try flip(folder.path + "/p.vdb/seg/" + name, at: 4096 + 384 * 4 * 20 + 5)
    let result = try folder.vdb("verify", "p.vdb")
    #expect(result.status == 5)
    let damage = try #require(result.lines.first { $0.hasPrefix("DAMAGE") })
    #expect(damage.contains("DAMAGE  data     seg/\(name)  block 1  section VECT"), "\(damage)")
    #expect(damage.contains("rows "), "\(damage)")
    #expect(damage.contains("ids"), "\(damage)")
    #expect(result.output.contains("single-bit error at byte 34,821 bit 3"), "\(result.output)")
    #expect(result.output.contains("remedy: "))
    let findings = try #require(
      try folder.vdb("verify", "p.vdb", "--json").object()["findings"] as? [[String: Any]])
    #expect(findings.count == 1)
    #expect(findings[0]["flipped_byte"] as? Int == 34821)
    #expect(findings[0]["severity"] as? String == "data")
    let rows = try #require(findings[0]["first_row"] as? Int)...(try #require(findings[0]["end_row"] as? Int))
    #expect(rows.contains(20))
    #expect(try folder.vdb("verify", "p.vdb", "--quick").status == 0)
    let list = try folder.vdb("verify", "p.vdb", "--list-files").lines
    #expect(list.contains("damaged  seg/\(name)"))
    #expect(list.contains("ok       VDB"))
  }

  @Test func `a symbolic link in the place of a file is named as one`() throws {
    let folder = try ReadingFolder.withPackages()
    _ = try folder.done("rebuild-index", "p.vdb", "--kind", "flat")
    let index = try #require(
      try FileManager.default.contentsOfDirectory(atPath: folder.path + "/p.vdb/idx").min())
    for name in ["seg/" + (try segment(folder)), "idx/" + index] {
      let path = folder.path + "/p.vdb/" + name
      try FileManager.default.moveItem(atPath: path, toPath: folder.path + "/aside")
      try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: folder.path + "/aside")
      let result = try folder.vdb("verify", "p.vdb")
      #expect(result.status == 5)
      let damage = try #require(result.lines.first { $0.hasPrefix("DAMAGE") })
      #expect(damage.contains(name) && damage.contains("is a symbolic link"), "\(damage)")
      #expect(result.output.contains("remedy: ") && !result.output.contains("error 40"), "\(result.output)")
      let findings = try folder.vdb("verify", "p.vdb", "--json").object()["findings"] as? [[String: Any]]
      #expect(findings?.first?["code"] as? String == "symbolic-link")
      try FileManager.default.removeItem(atPath: path)
      let missing = try folder.vdb("verify", "p.vdb")
      #expect(missing.status == 5 && missing.output.contains("no such file"), "\(missing.output)")
      try FileManager.default.moveItem(atPath: folder.path + "/aside", toPath: path)
      _ = try folder.done("verify", "p.vdb")
    }
  }

  @Test func `one file of a collection can be checked alone`() throws {
    let folder = try ReadingFolder.withPackages()
    let name = try segment(folder)
    #expect(try folder.done("verify", "p.vdb/seg/" + name).output.contains("checked 1 file,"))
    #expect(try folder.done("verify", "p.vdb/VDB").output.contains("checked 1 file,"))
    try flip(folder.path + "/p.vdb/seg/" + name, at: 40000)
    #expect(try folder.vdb("verify", "p.vdb/seg/" + name).status == 5)
    #expect(try folder.vdb("verify", "p.vdb/VDB").status == 0)
    try folder.folder.write("other.txt", "x")
    #expect(try folder.vdb("verify", "other.txt").status == 6)
  }

  @Test func `files that nothing needs are told of, and with --strict are status 1`() throws {
    let folder = try ReadingFolder.withSmall()
    try folder.folder.write("s.vdb/tmp/left", "x")
    let plain = try folder.done("verify", "s.vdb")
    #expect(plain.output.contains("NOTICE  orphan   tmp/left"), "\(plain.output)")
    #expect(try folder.vdb("verify", "s.vdb", "--strict").status == 1)
  }

  @Test func `another root hash than the expected one is damage`() throws {
    let folder = try ReadingFolder.withSmall()
    let root = try #require(try folder.done("info", "s.vdb", "--json").object()["root"] as? String)
    try folder.done("verify", "s.vdb", "--expect-root", String(root.dropFirst(7)))
    let wrong = try folder.vdb("verify", "s.vdb", "--expect-root", String(repeating: "0", count: 64))
    #expect(wrong.status == 5)
    #expect(wrong.output.contains("root hash"))
    #expect(try folder.vdb("verify", "s.vdb", "--expect-root", "abc").status == 2)
  }

  @Test func `colours are used when asked and escapes of names are not`() throws {
    let folder = try ReadingFolder.withSmall()
    try folder.folder.write("s.vdb/tmp/\u{1B}[31mx", "x")
    let plain = try folder.done("verify", "s.vdb")
    #expect(!plain.output.contains("\u{1B}"))
    #expect(plain.output.contains("\\x1b[31mx"))
    let colored = try folder.done("verify", "s.vdb", "--color", "always")
    #expect(colored.output.contains("\u{1B}[33mNOTICE"))
    #expect(!colored.output.contains("\u{1B}[31mx"))
  }
}
