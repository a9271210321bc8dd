import Foundation
import TestSupport
import Testing

/// What every command does before it touches a collection, seen from outside.
@Suite struct CommandLineTests {
  static let commands = [
    "create", "info", "list", "log", "config", "drop", "import", "insert", "upsert", "update", "delete",
    "get", "scan", "count",
    "export", "search", "compact", "checkpoint", "gc", "verify", "help", "version", "completions",
  ]

  @Test(arguments: commands)
  func everyCommandHasHelpOnStandardOutput(_ command: String) throws {
    for flag in ["-h", "--help"] {
      let result = try Tool.run([command, "--no-such-option", flag])
      #expect(result.status == 0)
      #expect(result.errors.isEmpty)
      #expect(result.output.hasPrefix("vdb \(command) - "))
    }
    #expect(try Tool.run(["help", command]).output == Tool.run([command, "--help"]).output)
  }

  @Test(arguments: commands)
  func everyCommandRefusesAnUnknownOption(_ command: String) throws {
    let result = try Tool.run([command, "--no-such-option"])
    #expect(result.status == 2)
    #expect(result.output.isEmpty)
    let lines = result.errors.split(separator: "\n")
    #expect(lines.first == "vdb: \(command): '\(command)' has no option '--no-such-option'")
    #expect(lines.contains { $0.hasPrefix("usage: vdb \(command) ") })
    #expect(lines.last == "See 'vdb \(command) --help'.")
  }

  /// Options that belong to parts that do not exist yet are unknown.
  @Test(
    arguments: [
      "search --as-of 3", "search --text x", "import --resume",
      "import --on-error skip",
      "create --quantize rq", "info --durability full",
      "count --no-mmap",
      "get --verify-reads off", "scan --slow-log x",
    ])
  func optionsThatAreNotBuiltAreUnknown(_ line: String) throws {
    let words = line.split(separator: " ").map(String.init)
    let result = try Tool.run([words[0], "x"] + words.dropFirst())
    #expect(result.status == 2)
    #expect(result.errors.contains("has no option '\(words[1])'"))
  }

  @Test func noArgumentsShowTheProgramAndFail() throws {
    let result = try Tool.run([])
    #expect(result.status == 2)
    #expect(result.output.isEmpty)
    #expect(result.errors.hasPrefix("vdb - "))
  }

  @Test func aFaultOfTheLineIsAnObjectForPrograms() throws {
    let result = try Tool.run(["search", "x", "--json", "-k", "0", "--id", "3"])
    #expect(result.status == 2)
    let last = try #require(result.errors.split(separator: "\n").last)
    let object = try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any]
    #expect(object?["schema"] as? String == "vdb.error/1")
    #expect(object?["code"] as? String == "invalid-value")
    #expect(object?["exit"] as? Int == 2)
    #expect(object?["command"] as? String == "search")
  }

  @Test func aFullOutputIsReported() throws {
    let result = try shell("'\(Tool.path)' help search > /dev/full")
    #expect(result.status == 10)
    #expect(result.errors.contains("cannot write standard output"))
  }

  @Test func aClosedOutputIsReported() throws {
    for line in ["version >&-", "--version >&-", "help --json >&-"] {
      let result = try shell("'\(Tool.path)' \(line)")
      #expect(result.status == 11, "\(line)")
      #expect(result.errors.contains("cannot write standard output"), "\(line)")
    }
  }

  @Test func aReaderThatLeavesEndsTheToolQuietly() throws {
    // The reader closes its end before anything is written.
    let script = "(sleep 0.05; '\(Tool.path)' help --json) | exec 0<&-; echo ${PIPESTATUS[0]}"
    for _ in 0..<20 {
      let result = try shell(script)
      #expect(result.output == "141\n")
      #expect(result.errors.isEmpty)
    }
  }

  @Test func outputFilesAppearWholeAndAreNotReplacedUnasked() throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/vdb.bash"
    #expect(try Tool.run(["completions", "bash", "-o", file]).status == 0)
    let script = try String(contentsOfFile: file, encoding: .utf8)
    #expect(script.contains("complete -F _vdb vdb"))
    let refused = try Tool.run(["completions", "zsh", "-o", file])
    #expect(refused.status == 7)
    #expect(refused.errors.contains("exists already") && refused.errors.contains("--force"))
    #expect(try String(contentsOfFile: file, encoding: .utf8) == script)
    #expect(try Tool.run(["completions", "zsh", "-f", "-o", file]).status == 0)
    #expect(try String(contentsOfFile: file, encoding: .utf8).hasPrefix("#compdef vdb"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["vdb.bash"])
    let missing = try Tool.run(["completions", "zsh", "-o", folder.path + "/no/such"])
    #expect(missing.status == 6)
  }

  @Test func theEnvironmentSpeaksBelowTheCommandLine() throws {
    let result = try Tool.run(["search", "x", "--id", "a"], environment: ["VDB_THREADS": "many"])
    #expect(result.status == 2)
    #expect(result.errors.contains("the value 'many' of VDB_THREADS is not valid"))
  }

  private func shell(_ script: String) throws -> ToolResult {
    try RunningTool(path: "/bin/bash", ["-c", script]).wait()
  }
}
