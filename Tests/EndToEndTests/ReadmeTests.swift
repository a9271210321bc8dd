import Foundation
import TestSupport
import Testing

/// What README.md tells people to type works as it stands there.
@Suite struct ReadmeTests {
  /// The commands of every fenced block that the README marks as part of the tour.
  private func tourBlocks() throws -> [String] {
    let text = try String(contentsOfFile: PackageFolder.path + "/README.md", encoding: .utf8)
    var blocks: [String] = []
    var current: [String]?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line == "```sh tour" {
        current = []
      } else if line == "```", let lines = current {
        blocks.append(lines.joined(separator: "\n"))
        current = nil
      } else {
        current?.append(String(line))
      }
    }
    return blocks
  }

  /// Runs a script in a shell that stops at the first failing command, with the built tool on the path.
  private func shell(_ script: String, in folder: TemporaryFolder) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-eu", "-c", script]
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    let tools = String(Tool.path.prefix(upTo: Tool.path.lastIndex(of: "/") ?? Tool.path.endIndex))
    var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("VDB_") }
    environment["PATH"] = tools + ":" + (environment["PATH"] ?? "/usr/bin:/bin")
    process.environment = environment
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }

  @Test func everyCommandOfTheTourRuns() throws {
    let blocks = try tourBlocks()
    #expect(blocks.count == 3)
    let folder = try TemporaryFolder()
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("Fixtures"), withDestinationPath: PackageFolder.path + "/Fixtures")
    for block in blocks {
      let (status, output) = try shell(block, in: folder)
      #expect(status == 0, "the tour ended with status \(status):\n\(output)")
    }
    // The two content hashes that the tour prints belong to a collection and to its copy.
    let hashes = try shell("vdb info notes.vdb --content-hash", in: folder).output
    #expect(hashes.contains("content hash"))
  }

  /// The first command: what follows the build runs the main job on the fixtures.
  @Test func theFirstCommandRunsTheMainJob() throws {
    let text = try String(contentsOfFile: PackageFolder.path + "/README.md", encoding: .utf8)
    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("swift build -c release && ") })
    let folder = try TemporaryFolder()
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("Fixtures"), withDestinationPath: PackageFolder.path + "/Fixtures")
    let script =
      line.dropFirst("swift build -c release && ".count)
      .replacingOccurrences(of: ".build/release/vdb", with: "vdb")
      .replacingOccurrences(of: "/tmp/packages.vdb", with: "packages.vdb")
    let (status, output) = try shell(script, in: folder)
    #expect(status == 0, "\(output)")
    #expect(output.contains("committed 300 rows"))
    #expect(output.contains("golang-github-hashicorp-net-rpc-msgpackrpc-dev"))
  }
}
