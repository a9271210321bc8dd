import Foundation
import TestSupport
import Testing

/// What every command that writes does where it cannot.
@Suite struct WritingFaultTests {
  /// A command of every kind that would change `a.vdb`.
  private static let commands: [[String]] = [
    ["import", "a.vdb", "more.jsonl"], ["insert", "a.vdb", "more.jsonl"], ["upsert", "a.vdb", "more.jsonl"],
    ["update", "a.vdb", "--id", "a", "--set", "{\"x\":1}"], ["delete", "a.vdb", "a"],
    ["checkpoint", "a.vdb"],
    ["compact", "a.vdb", "--full"], ["gc", "a.vdb", "--keep", "0"],
    ["config", "a.vdb", "set", "wal.max-bytes", "1M"],
  ]

  private func scene() throws -> Scene {
    let scene = try Scene.small()
    try scene.folder.write("more.jsonl", Scene.lines(0..<5))
    try scene.succeed("delete", "a.vdb", "c")
    return scene
  }

  @Test func aReadOnlyFolderIsDenied() throws {
    let scene = try scene()
    let before = try scene.contents()
    // The superuser may write anywhere, so the tool runs as somebody else.
    let tool =
      Tool.path.hasPrefix("/") ? Tool.path : FileManager.default.currentDirectoryPath + "/" + Tool.path
    let isRoot = geteuid() == 0
    if isRoot {
      guard FileManager.default.isExecutableFile(atPath: "/usr/bin/setpriv") else {
        print("SKIPPED: read-only folders need setpriv when the tests run as the superuser")
        return
      }
    } else {
      try #require(chmod(scene.folder.file("a.vdb"), 0o500) == 0)
      for name in ["manifest", "wal", "seg", "del", "idx", "tmp"] {
        try #require(chmod(scene.folder.file("a.vdb/" + name), 0o500) == 0)
      }
      for name in ["lock", "VDB"] { try #require(chmod(scene.folder.file("a.vdb/" + name), 0o400) == 0) }
    }
    for command in Self.commands + [["drop", "a.vdb", "--yes"], ["create", "new.vdb", "--dims", "3"]] {
      if !isRoot, command[0] == "create" { continue }
      let run =
        isRoot
        ? try RunningTool(
          path: "/usr/bin/setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", tool] + command,
          in: scene.folder.path)
        : try Tool.start(command, in: scene.folder.path)
      let result = try run.wait()
      #expect(result.status == 12, "vdb \(command.joined(separator: " ")): \(result.errors)")
    }
    #expect(try scene.contents() == before)
  }

  @Test func damageEndsWithStatus5AndChangesNothing() throws {
    let scene = try scene()
    let manifests = try FileManager.default.contentsOfDirectory(atPath: scene.folder.file("a.vdb/manifest"))
    let newest = try #require(manifests.max())
    var bytes = try scene.folder.read("a.vdb/manifest/" + newest)
    bytes[bytes.count / 2] ^= 4
    try scene.folder.write("a.vdb/manifest/" + newest, bytes)
    for command in Self.commands {
      let before = try scene.contents()
      let result = try scene.run(command)
      #expect(result.status == 5, "vdb \(command.joined(separator: " ")): \(result.errors)")
      #expect(try scene.contents() == before)
    }
  }

  @Test func aFullDiskEndsWithStatus10AndChangesNothing() throws {
    let scene = try scene()
    try scene.succeed("config", "a.vdb", "set", "quota.min-free", "1000T")
    for command in [
      ["import", "a.vdb", "more.jsonl", "--mode", "upsert"], ["insert", "a.vdb", "more.jsonl"],
    ] {
      let result = try scene.run(command)
      #expect(result.status == 10, "vdb \(command.joined(separator: " ")): \(result.errors)")
      #expect(result.errors.contains("quota.min-free"))
    }
    #expect(try scene.count() == 2)
    try scene.succeed("verify", "a.vdb")
  }

  @Test func aClosedOutputDoesNotUndoAChange() throws {
    let scene = try scene()
    let tool =
      Tool.path.hasPrefix("/") ? Tool.path : FileManager.default.currentDirectoryPath + "/" + Tool.path
    let script = "\"$0\" import a.vdb more.jsonl --json | true; \"$0\" delete a.vdb a --json >&-"
    _ = try RunningTool(path: "/bin/sh", ["-c", script, tool], in: scene.folder.path).wait()
    #expect(try scene.count() == 6)
    try scene.succeed("verify", "a.vdb")
  }

  @Test func aSignalAsksForProgress() throws {
    let scene = try scene()
    let pipe = scene.folder.file("pipe")
    try #require(mkfifo(pipe, 0o600) == 0)
    let tool = try Tool.start(["insert", "a.vdb", "pipe", "--batch-rows", "1"], in: scene.folder.path)
    let descriptor = open(pipe, O_RDWR)
    defer { close(descriptor) }
    func feed(_ range: Range<Int>) {
      let lines = Array(Scene.lines(range).utf8)
      _ = lines.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }
    feed(0..<20)
    usleep(200_000)
    tool.send(SIGUSR1)
    usleep(50_000)
    feed(20..<40)
    usleep(200_000)
    tool.send(SIGTERM)
    let result = try tool.wait(timeout: 20)
    #expect(result.signal == SIGTERM)
    #expect(result.errors.contains("[insert] write"), "\(result.errors)")
    // Everything that was read was durable at once.
    #expect(try scene.count() == 42)
    try scene.succeed("verify", "a.vdb")
  }
}
