import FileStorage
import Foundation
import TestSupport
import Testing
import VectorDatabase

@Suite(.serialized) struct ProcessTests {
  /// Checks a trace of system calls: what is renamed was flushed, folders are flushed before the end, and no
  /// message comes before the flush that it speaks of.
  struct FlushAudit {
    let root: String
    private var dirty: Set<String> = []
    private var folders: Set<String> = []
    private(set) var violations: [String] = []
    private(set) var flushes = 0
    private(set) var changes = 0

    init(root: String) { self.root = root }

    /// The path between < and > behind a descriptor; strace's option -y prints it.
    private func path(_ text: Substring) -> String? {
      guard let open = text.firstIndex(of: "<"), let close = text.firstIndex(of: ">"), open < close else {
        return nil
      }
      let path = String(text[text.index(after: open)..<close])
      return path.hasPrefix(root) ? String(path.dropFirst(root.count)) : nil
    }

    private func isAudited(_ path: String) -> Bool { path != "/lock.info" && path != "/lock" }

    mutating func take(_ line: String) {
      // "12345 call(arguments) = result"
      guard let paren = line.firstIndex(of: "("), !line.contains(" = -1 ") else { return }
      let call = line[..<paren].split(separator: " ").last.map(String.init) ?? ""
      let rest = line[line.index(after: paren)...]
      switch call {
      case "ftruncate":
        // A cut behind what is flushed loses nothing if it does not last: it takes away zeros behind a seal.
        if let path = path(rest), isAudited(path) {
          if !path.hasPrefix("/wal/") { dirty.insert(path) }
          changes += 1
        }
      case "pwrite64", "write", "pwritev", "writev":
        if let path = path(rest), isAudited(path) {
          dirty.insert(path)
          changes += 1
        } else if rest.hasPrefix("1<") || rest.hasPrefix("2<") {
          let open = dirty.filter { !$0.hasPrefix("/tmp/") }
          if !open.isEmpty || !folders.isEmpty {
            violations.append("a message before \(open) \(folders) were flushed: \(line)")
          }
        }
      case "fsync", "fdatasync":
        guard let path = path(rest) else { return }
        flushes += 1
        dirty.remove(path)
        folders.remove(path)
      case "renameat2", "renameat", "rename":
        let quoted = rest.split(separator: "\"").enumerated().filter { $0.offset % 2 == 1 }.map {
          String($0.element)
        }
        // Names are relative to the folders behind the two descriptors.
        let places = rest.split(separator: "<").dropFirst().compactMap { path("<" + $0) }
        guard quoted.count >= 2, places.count >= 2 else { return }
        changes += 1
        let (old, new) = (places[0] + "/" + quoted[0], places[1] + "/" + quoted[1])
        if dirty.contains(old) { violations.append("\(old) was moved before it was flushed") }
        folders.insert(String(new[..<(new.lastIndex(of: "/") ?? new.startIndex)]))
      case "unlinkat", "unlink", "mkdirat", "mkdir":
        if path(rest) != nil { changes += 1 }
      default: return
      }
    }

    mutating func end() {
      for path in dirty where !path.hasPrefix("/tmp/") {
        violations.append("\(path) was not flushed at the end")
      }
      for path in folders { violations.append("the folder \(path) was not flushed at the end") }
    }
  }

  static let strace: String? = ["/usr/bin/strace", "/bin/strace"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  @Test func `Every command flushes in the right order, and readers write nothing`() throws {
    guard let strace = Self.strace else {
      return print("flush audit: SKIPPED: strace is not installed")
    }
    let folder = try TemporaryFolder()
    try folder.write(
      "r.jsonl", Array("{\"id\":\"a\",\"vector\":[1,2]}\n{\"id\":\"b\",\"vector\":[1,3],\"n\":2}\n".utf8))
    try folder.write(
      "s.jsonl", Array("{\"id\":\"b\",\"vector\":[5,3]}\n{\"id\":\"e\",\"vector\":[1,7]}\n".utf8))
    let commands: [(arguments: [String], writes: Bool)] = [
      (["create", "c.vdb", "--dims", "2", "--metric", "l2"], true),
      (["import", "c.vdb", "r.jsonl"], true),
      (["insert", "c.vdb", "--id", "c", "--vector", "[3,4]"], true),
      (["upsert", "c.vdb", "--id", "c", "--vector", "[3,5]"], true),
      (["update", "c.vdb", "--id", "c", "--set", "{\"n\":3}"], true),
      (["delete", "c.vdb", "a", "--yes"], true),
      (["checkpoint", "c.vdb"], true),
      (["import", "c.vdb", "s.jsonl", "--mode", "upsert"], true),
      (["config", "c.vdb", "set", "wal.max-records", "1000"], true),
      (["compact", "c.vdb", "--full"], true),
      (["gc", "c.vdb"], true),
      (["get", "c.vdb", "b"], false), (["count", "c.vdb"], false), (["scan", "c.vdb"], false),
      (["search", "c.vdb", "--vector", "[1,1]"], false), (["info", "c.vdb"], false),
      (["log", "c.vdb"], false),
      (["verify", "c.vdb"], false), (["export", "c.vdb"], false), (["list"], false),
    ]
    var audited = 0
    for (number, command) in commands.enumerated() {
      let trace = folder.file("trace-\(number)")
      let run = try RunningTool(
        path: strace, ["-f", "-y", "-o", trace, "--", Tool.absolutePath] + command.arguments, in: folder.path
      ).wait()
      guard FileManager.default.fileExists(atPath: trace), !run.errors.contains("strace:") else {
        return print("flush audit: SKIPPED: strace may not trace here: \(run.errors)")
      }
      #expect(run.status == 0, "\(command.arguments.description): \(run.errors)")
      var audit = FlushAudit(root: folder.path + "/c.vdb")
      for line in try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n") {
        audit.take(String(line))
      }
      audit.end()
      audited += 1
      #expect(audit.violations.isEmpty, "\(command.arguments.description): \(audit.violations)")
      if !command.writes { #expect(audit.changes == 0, "\(command.arguments.description) wrote") }
      if command.writes, command.arguments[0] != "gc" {
        #expect(audit.flushes > 0, "\(command.arguments.description) flushed nothing")
      }
    }
    print("flush audit: \(audited) of \(commands.count) commands audited")
  }

  /// `VDB_KILLS` kills; 20 unless told.
  @Test func `Killed writers lose nothing that they acknowledged, and readers never fail`() throws {
    let kills = campaignSize("VDB_KILLS") ?? 20
    let folder = try TemporaryFolder()
    let created = try Tool.run(["create", "c.vdb", "--dims", "2", "--metric", "l2"], in: folder.path)
    try #require(created.status == 0, "\(created.errors)")
    _ = try Tool.run(["config", "c.vdb", "set", "wal.max-records", "5"], in: folder.path)
    var generator = TestSupport.SeededGenerator(seed: 4)
    var acknowledged: Set<String> = []
    var killed = 0
    var reads = 0
    for number in 0..<kills {
      let readers = try (0..<4).map { reader in
        try Tool.start(
          reader % 2 == 0 ? ["count", "c.vdb"] : ["search", "c.vdb", "--vector", "[1,1]"], in: folder.path)
      }
      let writer = try Tool.start(
        ["insert", "c.vdb", "--id", "k\(number)", "--vector", "[\(number),1]"], in: folder.path)
      usleep(UInt32(generator.below(12_000)))
      writer.send(9)
      let result = try writer.wait()
      if result.status == 0 { acknowledged.insert("k\(number)") } else if result.signal == 9 { killed += 1 }
      #expect(result.status == 0 || result.signal == 9, "\(result.errors)")
      for reader in readers {
        let answer = try reader.wait()
        reads += 1
        #expect(answer.status == 0, "reader at \(number): \(answer.errors)")
      }
      guard number % 50 == 49 || number == kills - 1 else { continue }
      let fs = try RealFileSystem(root: folder.file("c.vdb"))
      let snapshot = try Snapshot.open(try Collection.open(on: fs))
      var found: Set<String> = []
      try snapshot.forEachRow { (location) throws(DatabaseError) in
        found.insert(try snapshot.state.id(at: location).display)
        return true
      }
      #expect(acknowledged.isSubset(of: found), "lost: \(acknowledged.subtracting(found).sorted())")
      let report = try Verifier.run(on: fs, .standard)
      #expect(!report.isDamaged, "\(report.findings)")
    }
    print(
      "kills: seed 4, \(kills) writers, \(killed) killed, \(acknowledged.count) acknowledged, \(reads) reads beside them"
    )
  }
}
