import Foundation
import TestSupport
import Testing

/// Real records that a test imports: a JSON Lines file, queries, and the exact answers.
private struct RealData {
  let records: String
  let queries: String
  /// Arrival positions of the nearest records of each query, nearest first.
  let truth: [[Int32]]
  let count: Int
  let k: Int

  /// The 300 records of `Fixtures/packages`.
  static func fixture() throws -> RealData {
    let folder = PackageFolder.path + "/Fixtures/packages/"
    return RealData(
      records: folder + "records.jsonl", queries: folder + "queries.jsonl",
      truth: try readVecs(folder + "truth-cosine-10.ivecs"), count: 300, k: 10)
  }

  /// All records of the folder that `VDB_DATA` names (vectors.npy of f16, records.jsonl.gz, queries.npy and
  /// truth-cosine-100.ivecs), joined into one JSON Lines file in `scratch`.
  static func full(_ folder: String, scratch: TemporaryFolder) throws -> RealData {
    let vectors = try Data(contentsOf: URL(fileURLWithPath: folder + "/vectors.npy"))
    let header = 10 + Int(vectors[8]) + Int(vectors[9]) << 8
    let lines = try gunzip(folder + "/records.jsonl.gz").split(separator: UInt8(ascii: "\n"))
    let dimension = (vectors.count - header) / 2 / lines.count
    var output = Data()
    output.reserveCapacity(lines.count * 5400)
    for (row, line) in lines.enumerated() {
      output.append(contentsOf: line.dropLast())
      output.append(contentsOf: ",\"vector\":[".utf8)
      for i in 0..<dimension {
        let at = header + 2 * (row * dimension + i)
        let half = Float16(bitPattern: UInt16(vectors[at]) | UInt16(vectors[at + 1]) << 8)
        if i > 0 { output.append(UInt8(ascii: ",")) }
        output.append(contentsOf: Float(half).description.utf8)
      }
      output.append(contentsOf: "]}\n".utf8)
    }
    let path = scratch.file("records.jsonl")
    try output.write(to: URL(fileURLWithPath: path))
    return RealData(
      records: path, queries: folder + "/queries.npy",
      truth: try readVecs(folder + "/truth-cosine-100.ivecs"), count: lines.count, k: 100)
  }

  private static func gunzip(_ path: String) throws -> Data {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", "exec gzip -dc \"$0\"", path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return data
  }

  static func readVecs(_ path: String) throws -> [[Int32]] {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    let numbers = data.withUnsafeBytes { bytes in
      (0..<(bytes.count / 4)).map {
        Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self))
      }
    }
    let k = Int(numbers.first ?? 1)
    return stride(from: 0, to: numbers.count, by: k + 1).map { Array(numbers[($0 + 1)..<($0 + 1 + k)]) }
  }
}

/// Records go in from every lossless format, answer their queries exactly, and come out as they went in.
@Suite struct RoundTripTests {
  @Test func fixtureRecordsSurviveEveryRoundTrip() throws {
    try check(try RealData.fixture())
  }

  @Test func allRealRecordsSurviveEveryRoundTrip() throws {
    guard let folder = ProcessInfo.processInfo.environment["VDB_DATA"] else {
      print("SKIPPED: the round trip of the full data set needs VDB_DATA=FOLDER")
      return
    }
    let scratch = try TemporaryFolder()
    try check(try RealData.full(folder, scratch: scratch))
  }

  private func run(_ arguments: [String], in folder: TemporaryFolder) throws -> ToolResult {
    let result = try Tool.run(arguments, in: folder.path, timeout: 600)
    #expect(result.status == 0, "vdb \(arguments.joined(separator: " ")): \(result.errors)")
    return result
  }

  private func contentHash(_ name: String, in folder: TemporaryFolder) throws -> String {
    let result = try run(["info", name, "--content-hash", "--json"], in: folder)
    let object = try JSONSerialization.jsonObject(with: Data(result.stdout)) as? [String: Any]
    return try #require(object?["content_hash"] as? String)
  }

  private func check(_ data: RealData) throws {
    let folder = try TemporaryFolder()
    _ = try run(["import", "--create", "a.vdb", data.records], in: folder)
    #expect(try run(["count", "a.vdb"], in: folder).output == "\(data.count)\n")
    let hash = try contentHash("a.vdb", in: folder)

    try checkAnswers(data, "a.vdb", in: folder)

    for (file, extra) in [
      ("a.jsonl", []), ("a.json", []), ("a.csv", ["--cast", "installed_size=int"]),
      ("a.tsv", ["--cast", "installed_size=int"]),
    ] {
      _ = try run(["export", "a.vdb", "-o", file], in: folder)
      let copy = file + ".vdb"
      _ = try run(["import", "--create", copy, file] + extra, in: folder)
      #expect(try contentHash(copy, in: folder) == hash, "\(file) does not give the same records back")
      _ = try run(["verify", copy], in: folder)
    }
    _ = try run(
      ["export", "a.vdb", "-o", "a.npy", "--ids-out", "ids.txt", "--payload-out", "payload.jsonl"], in: folder
    )
    _ = try run(
      [
        "import", "--create", "npy.vdb", "a.npy", "--ids", "ids.txt", "--payload", "payload.jsonl",
        "--id-type", "string",
      ],
      in: folder)
    #expect(try contentHash("npy.vdb", in: folder) == hash, "a.npy does not give the same records back")
  }

  /// Every query's answer is the exact one; records of equal distance may change places.
  private func checkAnswers(_ data: RealData, _ name: String, in folder: TemporaryFolder) throws {
    _ = try run(
      [
        "search", name, "--queries", data.queries, "-k", "\(data.k)", "--exact", "--format", "ivecs",
        "--positions",
        "-o",
        "found.ivecs",
      ], in: folder)
    let found = try RealData.readVecs(folder.file("found.ivecs"))
    try #require(found.count == data.truth.count)
    var unequal: [Int] = []
    for (query, answer) in found.enumerated() where answer != Array(data.truth[query].prefix(data.k)) {
      unequal.append(query)
    }
    guard !unequal.isEmpty else { return }
    // Where positions differ the distances must not: compare those of both lists as the tool prints them.
    let lines = try run(
      ["search", name, "--queries", data.queries, "-k", "\(data.k + 20)", "--json", "--exact"], in: folder
    )
    .output.split(separator: "\n")
    let ids = try run(["scan", name, "--ids-only"], in: folder).output.split(separator: "\n").map(String.init)
    for query in unequal {
      let object = try JSONSerialization.jsonObject(with: Data(lines[query].utf8)) as? [String: Any]
      let hits = try #require(object?["hits"] as? [[String: Any]])
      var distances: [String: Double] = [:]
      for hit in hits { distances[hit["id"] as? String ?? ""] = hit["distance"] as? Double }
      for (mine, theirs) in zip(found[query], data.truth[query]) where mine != theirs {
        let a = try #require(distances[ids[Int(mine)]])
        let b = try #require(
          distances[ids[Int(theirs)]], "query \(query): \(ids[Int(theirs)]) was not found at all")
        #expect(abs(a - b) <= 2e-7, "query \(query): \(a) and \(b) are no tie")
      }
    }
  }
}
