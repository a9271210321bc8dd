import Glibc
import TestSupport
import Testing

/// The helpers that other tests stand on.
@Suite struct SystemToolRunnerTests {
  @Test func reportsStatusAndStreams() throws {
    let folder = try TemporaryFolder()
    let run = try RunningTool(
      path: "/bin/sh", ["-c", "cat; pwd; echo $VDB_X >&2; exit 3"], stdin: Array("in\n".utf8),
      environment: ["VDB_X": "variable"], in: folder.path
    ).wait()
    #expect(run.status == 3 && run.signal == nil)
    #expect(run.output == "in\n\(folder.path)\n")
    #expect(run.errors == "variable\n")
    // More than a pipe holds, on both streams.
    let large = try RunningTool(
      path: "/bin/sh", ["-c", "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2"]
    ).wait()
    #expect(large.stdout.count == 300_000 && large.stderr.count == 300_000)
  }

  @Test func reportsSignalsAndEndsWhatTakesTooLong() throws {
    let running = try RunningTool(path: "/bin/sleep", ["100"])
    #expect(try !running.hasEnded())
    running.send(SIGTERM)
    let result = try running.wait()
    #expect(result.signal == SIGTERM && result.status == -1)
    #expect(throws: ToolFailure.self) { try RunningTool(path: "/bin/sleep", ["100"]).wait(timeout: 0.05) }
    #expect(throws: ToolFailure.self) { try RunningTool(path: "/no/such/program", []) }
  }

  @Test func seedsDecideRandomNumbers() {
    var first = SeededGenerator(seed: 0)
    #expect(first.next() == 0xE220_A839_7B1D_CDAF)
    var second = SeededGenerator(seed: 7)
    var third = SeededGenerator(seed: 7)
    #expect(second.bytes(100) == third.bytes(100))
    #expect((0..<1000).allSatisfy { _ in (0..<7).contains(second.below(7)) })
  }

  @Test func temporaryFoldersVanish() throws {
    var path = ""
    do {
      let folder = try TemporaryFolder()
      path = folder.path
      try folder.write("a", "b")
      mkdir(folder.file("closed"), 0o700)
      try folder.write("closed/x", "y")
      chmod(folder.file("closed"), 0)
      #expect(access(path, F_OK) == 0)
    }
    #expect(access(path, F_OK) != 0)
  }
}
