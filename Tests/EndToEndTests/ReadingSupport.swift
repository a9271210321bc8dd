import Foundation
import TestSupport
import Testing

/// A folder with collections for tests of the commands that read.
final class ReadingFolder {
  let folder: TemporaryFolder
  static let packages = PackageFolder.path + "/Fixtures/packages/"

  init() throws { folder = try TemporaryFolder("vdb-read") }

  var path: String { folder.path }

  /// Runs the tool in the folder.
  @discardableResult
  func vdb(_ arguments: String..., stdin: String = "") throws -> ToolResult {
    try Tool.run(arguments, stdin: stdin, in: path)
  }

  /// Runs the tool and expects status 0.
  @discardableResult
  func done(_ arguments: String..., stdin: String = "") throws -> ToolResult {
    let result = try Tool.run(arguments, stdin: stdin, in: path)
    #expect(result.status == 0, "vdb \(arguments.joined(separator: " ")): \(result.errors)")
    return result
  }

  /// `p.vdb`: the 300 real records.
  static func withPackages() throws -> ReadingFolder {
    let folder = try ReadingFolder()
    try folder.done("import", "p.vdb", packages + "records.jsonl", "--create", "-q")
    return folder
  }

  /// `s.vdb`: five records on a line, ids of the given type; the last two lie in the log.
  static func withSmall(
    ids: [String] = ["a", "b", "c", "d", "e"], idType: String = "string", metric: String = "l2",
    type: String = "f32"
  ) throws -> ReadingFolder {
    let folder = try ReadingFolder()
    try folder.done(
      "create", "s.vdb", "--dims", "2", "--metric", metric, "--id-type", idType, "--type", type, "-q")
    func line(_ number: Int) -> String {
      let id = idType == "int64" ? ids[number] : "\"\(ids[number])\""
      return
        "{\"id\":\(id),\"vector\":[\(number + 1),1],\"payload\":{\"n\":\(number),\"a\":{\"b\":\"t\(number)\",\"c\":true}}}\n"
    }
    try folder.folder.write("first.jsonl", line(0) + line(1) + line(2))
    try folder.done("import", "s.vdb", "first.jsonl", "-q")
    try folder.done("insert", "s.vdb", "-", "-q", stdin: line(3) + line(4))
    return folder
  }

  /// Runs a line of shell in the folder; `vdb` is the built tool.
  func shell(_ line: String) throws -> ToolResult {
    let tool =
      Tool.path.hasPrefix("/") ? Tool.path : FileManager.default.currentDirectoryPath + "/" + Tool.path
    let script = "VDB='\(tool)'; vdb() { '\(tool)' \"$@\"; }; cd '\(path)' && { \(line); }"
    return try RunningTool(path: "/bin/bash", ["-c", script]).wait()
  }

  /// Runs the tool on a terminal and returns what it shows; nil where no terminal can be had.
  func onTerminal(_ arguments: String) throws -> String? {
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/script") else {
      print("SKIPPED: there is no /usr/bin/script to make a terminal")
      return nil
    }
    let tool =
      Tool.path.hasPrefix("/") ? Tool.path : FileManager.default.currentDirectoryPath + "/" + Tool.path
    let result = try RunningTool(
      path: "/usr/bin/script", ["-qec", "'\(tool)' \(arguments)", "/dev/null"],
      environment: ["TERM": "xterm"],
      in: path
    ).wait()
    return result.output.replacingOccurrences(of: "\r\n", with: "\n")
  }
}

extension ToolResult {
  /// The lines of standard output.
  var lines: [String] { output.split(separator: "\n").map(String.init) }

  /// Standard output as one JSON object.
  func object() throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(stdout)) as? [String: Any])
  }

  /// The lines of standard output as JSON objects.
  func objects() throws -> [[String: Any]] {
    try lines.map { try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
  }
}

/// What every command that reads a collection does alike.
@Suite struct ReadingCommandTests {
  private static let commands: [[String]] = [
    ["count"], ["get", "x"], ["scan"], ["search", "--vector", "[1,2]"], ["export"], ["info"], ["log"],
    ["verify"],
  ]

  private func words(_ command: [String], _ collection: String) -> [String] {
    [command[0], collection] + command.dropFirst()
  }

  @Test(arguments: commands) func `a collection that is not there ends with status 6`(_ command: [String])
    throws
  {
    let folder = try TemporaryFolder()
    for name in ["none.vdb", "file", "folder"] {
      try folder.write("file", "text")
      try FileManager.default.createDirectory(
        atPath: folder.file("folder"), withIntermediateDirectories: true)
      let result = try Tool.run(words(command, name), in: folder.path)
      #expect(result.status == 6, "\(command) \(name): \(result.errors)")
      #expect(result.output.isEmpty)
      #expect(result.errors.contains("vdb: \(command[0]): "))
    }
  }

  @Test(arguments: commands) func `an error ends standard error with an object for programs`(
    _ command: [String]
  ) throws {
    let folder = try TemporaryFolder()
    let result = try Tool.run(words(command, "none.vdb") + ["--errors-json"], in: folder.path)
    let last = try #require(result.errors.split(separator: "\n").last)
    let object = try #require(JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
    #expect(object["schema"] as? String == "vdb.error/1")
    #expect(object["exit"] as? Int == 6)
  }

  @Test(arguments: commands) func `a time limit that is over ends with status 13`(_ command: [String]) throws
  {
    let folder = try ReadingFolder.withSmall(ids: ["x", "b", "c", "d", "e"])
    let result = try Tool.run(words(command, "s.vdb") + ["--timeout", "1ns"], in: folder.path)
    #expect(result.status == 13, "\(command): \(result.output) \(result.errors)")
  }

  @Test(arguments: commands) func `options that would have no effect are unknown`(_ command: [String]) throws
  {
    let folder = try TemporaryFolder()
    for option in ["--lock-timeout=1s", "--read-only", "--dry-run"] {
      #expect(
        try Tool.run(words(command, "s.vdb") + [option], in: folder.path).status == 2, "\(command) \(option)")
    }
  }

  @Test(arguments: commands) func `output goes whole to a file that is not replaced unasked`(
    _ command: [String]
  ) throws {
    let folder = try ReadingFolder.withSmall(ids: ["x", "b", "c", "d", "e"])
    let words = words(command, "s.vdb")
    let plain = try Tool.run(words, in: folder.path)
    #expect(plain.status == 0, "\(plain.errors)")
    #expect(try Tool.run(words + ["-o", "out.txt"], in: folder.path).status == 0)
    // How long a verification took differs from run to run.
    if command[0] != "verify" { #expect(try folder.folder.read("out.txt") == plain.stdout) }
    try folder.folder.write("out.txt", "old")
    #expect(try Tool.run(words + ["-o", "out.txt"], in: folder.path).status == 7)
    #expect(try folder.folder.read("out.txt") == Array("old".utf8))
    #expect(try Tool.run(words + ["-o", "out.txt", "-f"], in: folder.path).status == 0)
    #expect(try folder.folder.read("out.txt") != Array("old".utf8))
  }

  @Test(arguments: commands) func `a closed standard output is an error of input and output`(
    _ command: [String]
  ) throws {
    let folder = try ReadingFolder.withSmall(ids: ["x", "b", "c", "d", "e"])
    let result = try folder.shell("vdb \(words(command, "s.vdb").joined(separator: " ")) >&-; echo $? >&2")
    #expect(result.errors.hasSuffix("\n11\n"), "\(command): \(result.errors)")
  }

  @Test func `a reader that stops early ends the tool quietly`() throws {
    let folder = try ReadingFolder.withPackages()
    for line in [
      "scan p.vdb", "export p.vdb", "export p.vdb --to csv",
      "search p.vdb --id dh-nodejs -k all --with vector",
    ] {
      let result = try folder.shell(
        "set -o pipefail; vdb \(line) | head -1 >/dev/null; echo ${PIPESTATUS[0]}")
      #expect(result.errors.isEmpty, "\(line): \(result.errors)")
      #expect(result.output == "141\n", "\(line)")
    }
  }
}
