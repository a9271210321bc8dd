import Foundation
import TestSupport
import Testing

/// Collections of whole numbers and bits, and the metrics l1 and hamming, through the whole tool.
@Suite struct ElementTypeTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let type: String
    let metric: String
    var testDescription: String { "\(type) \(metric)" }

    var range: ClosedRange<Int> {
      switch type {
      case "u8": 0...255
      case "bit": 0...1
      default: -128...127
      }
    }

    /// The distance by its formula; sums of whole numbers are exact in double.
    func distance(_ x: [Int], _ y: [Int]) -> Double {
      func sum(_ term: (Int, Int) -> Int) -> Double { Double(zip(x, y).reduce(0) { $0 + term($1.0, $1.1) }) }
      switch metric {
      case "dot": return -sum { $0 * $1 }
      case "l2": return sum { ($0 - $1) * ($0 - $1) }.squareRoot()
      case "cosine":
        let both = sum { a, _ in a * a } * sum { _, b in b * b }
        return both == 0 ? 1 : 1 - sum { $0 * $1 } / both.squareRoot()
      default: return sum { abs($0 - $1) }
      }
    }
  }

  static let cases = [
    Case(type: "i8", metric: "cosine"), Case(type: "i8", metric: "dot"), Case(type: "i8", metric: "l2"),
    Case(type: "i8", metric: "l1"), Case(type: "u8", metric: "cosine"), Case(type: "u8", metric: "dot"),
    Case(type: "u8", metric: "l2"), Case(type: "u8", metric: "l1"), Case(type: "bit", metric: "hamming"),
    Case(type: "f32", metric: "l1"), Case(type: "f16", metric: "l1"),
  ]

  private static let dimension = 21

  /// Rows with the ids r0, r1 and so on: the first imported, the last in the log.
  private func scene(_ item: Case, rows count: Int = 60) throws -> (Scene, [[Int]]) {
    var random = SeededGenerator(seed: 71)
    let rows = (0..<count).map { _ in
      (0..<Self.dimension).map { _ in random.below(item.range.count) + item.range.lowerBound }
    }
    func lines(_ range: Range<Int>) -> String {
      range.map { "{\"id\":\"r\($0)\",\"vector\":\(Self.text(rows[$0])),\"payload\":{\"n\":\($0)}}\n" }
        .joined()
    }
    let scene = try Scene()
    try scene.folder.write("rows.jsonl", lines(0..<count - 10))
    try scene.succeed(
      "import", "--create", "a.vdb", "rows.jsonl", "--type", item.type, "--metric", item.metric)
    try scene.succeed("insert", "a.vdb", "-", stdin: lines(count - 10..<count))
    return (scene, rows)
  }

  private static func text(_ row: [Int]) -> String { "[\(row.map(String.init).joined(separator: ","))]" }

  private func hash(_ scene: Scene, _ name: String) throws -> String {
    try #require(try scene.json("info", name, "--content-hash")["content_hash"] as? String)
  }

  /// What a search must find, and what it found: ids, and distances as floats.
  private func check(
    _ line: [String: Any], _ query: [Int], _ rows: [[Int]], _ item: Case, without excluded: Int? = nil
  ) throws {
    let hits = try #require(line["hits"] as? [[String: Any]])
    let found = hits.map { "\($0["id"] ?? "") \(Float($0["distance"] as? Double ?? .nan))" }
    let all = rows.indices.filter { $0 != excluded }.map {
      (id: "r\($0)", distance: Float(item.distance(query, rows[$0])) + 0)
    }
    let expected = all.sorted { ($0.distance, $0.id) < ($1.distance, $1.id) }.prefix(12)
    #expect(found == expected.map { "\($0.id) \($0.distance)" }, "\(item)")
    let hasScore = item.metric == "cosine" || item.metric == "dot"
    #expect(hits.allSatisfy { ($0["score"] != nil) == hasScore })
  }

  @Test(arguments: cases) func `searching finds what comparing with every record finds`(_ item: Case) throws {
    let (scene, rows) = try scene(item)
    var random = SeededGenerator(seed: 72)
    let queries = (0..<5).map { _ in
      (0..<Self.dimension).map { _ in random.below(item.range.count) + item.range.lowerBound }
    }
    for query in queries {
      let line = try scene.json("search", "a.vdb", "--vector", Self.text(query), "-k", "12")
      try check(line, query, rows, item)
    }
    try scene.folder.write(
      "q.jsonl", queries.map { "{\"vector\":\(Self.text($0))}\n" }.joined())
    let many = try scene.run("search", "a.vdb", "--queries", "q.jsonl", "-k", "12", "--json", "--exact")
    let lines = try many.objects()
    #expect(lines.count == queries.count, "\(many.errors)")
    for (line, query) in zip(lines, queries) { try check(line, query, rows, item) }
    for row in [3, 55] {
      let near = try scene.json("search", "a.vdb", "--id", "r\(row)", "-k", "12")
      try check(near, rows[row], rows, item, without: row)
    }
    // The same from one segment.
    try scene.succeed("checkpoint", "a.vdb")
    try scene.succeed("compact", "a.vdb", "--full")
    try check(
      try scene.json("search", "a.vdb", "--vector", Self.text(queries[0]), "-k", "12"), queries[0], rows, item
    )
    try scene.succeed("verify", "a.vdb")
  }

  @Test(arguments: cases) func `what was exported and imported again has the same content`(_ item: Case)
    throws
  {
    let (scene, _) = try scene(item)
    let hash = try hash(scene, "a.vdb")
    let bare = ["--ids-out", "ids", "--payload-out", "payload"]
    var exports: [(file: String, [String])] = [
      ("o.jsonl", []), ("o.json", []), ("b.jsonl", ["--vector-encoding", "base64"]), ("o.csv", []),
      ("b.csv", ["--vector-encoding", "base64"]), ("o.tsv", []), ("e.csv", ["--vector-columns", "e"]),
      ("o.npy", bare), ("o.fvecs", bare),
    ]
    if item.range.lowerBound == 0 { exports.append(("o.bvecs", bare)) }
    for (file, options) in exports {
      let out = try scene.run(["export", "a.vdb", "-o", file, "--force"] + options + ["-q"])
      #expect(out.status == 0, "\(file): \(out.errors)")
      var back = [
        "import", "--create", file + ".vdb", file, "--type", item.type, "--metric", item.metric, "--dims",
        "\(Self.dimension)", "-q", "--id-type", "string",
      ]
      if options == bare {
        back += ["--ids", "ids", "--payload", "payload"]
        for name in ["ids", "payload"] {
          try FileManager.default.copyItem(
            atPath: scene.folder.file(name), toPath: scene.folder.file("\(file).\(name)"))
          try FileManager.default.removeItem(atPath: scene.folder.file(name))
        }
        back = back.map { $0 == "ids" || $0 == "payload" ? "\(file).\($0)" : $0 }
      } else if file.hasSuffix("sv") {
        back += ["--cast", "n=int"]
      }
      if file == "e.csv" { back += ["--vector-columns", "e"] }
      let result = try scene.run(back)
      #expect(result.status == 0, "\(file): \(result.errors)")
      #expect(try self.hash(scene, file + ".vdb") == hash, "\(item) \(file)")
      try scene.succeed("verify", file + ".vdb")
    }
  }

  @Test(arguments: cases) func `vectors are printed as numbers of their type`(_ item: Case) throws {
    let (scene, rows) = try scene(item)
    let isWhole = !item.type.hasPrefix("f")
    let text =
      isWhole
      ? Self.text(rows[0]) : Self.text(rows[0]).replacing(",", with: ".0,").replacing("]", with: ".0]")
    for command in [["get", "a.vdb", "r0"], ["scan", "a.vdb", "--limit", "1"]] {
      let result = try scene.run(command + ["--with", "vector"])
      #expect(result.output.contains("\"vector\":\(text)"), "\(result.output)")
    }
    #expect(try scene.run("export", "a.vdb", "--limit", "1").output.contains("\"vector\":\(text)"))
    #expect(try scene.run("export", "a.vdb", "--limit", "1", "--to", "csv").output.contains("\"\(text)\""))
    let info = try scene.json("info", "a.vdb")
    #expect(info["type"] as? String == item.type && info["metric"] as? String == item.metric)
    let list = try #require((try scene.json("list")["collections"] as? [[String: Any]])?.first)
    #expect(list["type"] as? String == item.type && list["metric"] as? String == item.metric)
    // An update of the vector is held to the same rules.
    try scene.succeed("update", "a.vdb", "--id", "r1", "--vector", Self.text(rows[0]))
    let printed = try scene.run("get", "a.vdb", "r1", "--with", "vector").output
    #expect(printed.contains("\"vector\":\(text)"))
  }

  @Test(arguments: ["i8", "u8", "bit"]) func `numbers that the type does not hold are refused`(
    _ type: String
  ) throws {
    let scene = try Scene()
    try scene.succeed("create", "a.vdb", "--dims", "2", "--type", type)
    let beyond = type == "i8" ? "-129" : type == "u8" ? "256" : "2"
    for (number, code) in [("0.5", "vector-fraction"), (beyond, "vector-range"), ("1e9", "vector-range")] {
      let line = "{\"id\":\"a\",\"vector\":[1,\(number)]}\n"
      let good = "{\"id\":\"b\",\"vector\":[1,0]}\n"
      let shown = number == "1e9" ? "1000000000" : number
      try scene.folder.write("bad.jsonl", good + line)
      try scene.fail(4, "insert", "a.vdb", "-", "--atomic", stdin: good + line, says: "-:2")
      try scene.fail(4, "import", "a.vdb", "bad.jsonl", says: "bad.jsonl:2")
      try scene.fail(4, "import", "a.vdb", "bad.jsonl", says: "vector[1]")
      try scene.fail(2, "insert", "a.vdb", "--id", "a", "--vector", "[1,\(number)]", says: "found \(shown)")
      try scene.fail(2, "search", "a.vdb", "--vector", "[1,\(number)]", says: "found \(shown)")
      let result = try scene.run("search", "a.vdb", "--vector", "[1,\(number)]", "--errors-json")
      #expect(result.errors.contains("\"code\":\"\(code)\""), "\(result.errors)")
      try scene.folder.write("q.jsonl", line)
      try scene.fail(4, "search", "a.vdb", "--queries", "q.jsonl", says: "found \(shown)")
    }
    try scene.succeed("insert", "a.vdb", "--id", "a", "--vector", "[1.0,0e0]")
    try scene.fail(2, "update", "a.vdb", "--id", "a", "--vector", "[0.5,1]", says: "vector[0] of 'a'")
    try scene.fail(
      4, "update", "a.vdb", "-", stdin: "{\"id\":\"a\",\"vector\":[0.5,1]}\n", says: "-:1")
    try scene.fail(4, "update", "a.vdb", "-", stdin: "{\"id\":\"a\",\"vector\":[null,1]}\n")
    try scene.fail(2, "search", "a.vdb", "--vector", "[NaN,1]", says: "NaN")
    try scene.folder.write("ok.jsonl", "{\"id\":\"n\",\"vector\":[1,1]}\n")
    try scene.fail(2, "import", "a.vdb", "ok.jsonl", "--normalize", says: "--normalize")
  }

  @Test func `only the pairs of type and metric that mean something can be created`() throws {
    let scene = try Scene()
    let types = ["f32", "f16", "i8", "u8", "bit"]
    for type in types {
      for metric in ["cosine", "dot", "l2", "l1", "hamming"] {
        let name = "\(type)-\(metric).vdb"
        let isAllowed = (type == "bit") == (metric == "hamming")
        if isAllowed {
          try scene.succeed("create", name, "--dims", "3", "--type", type, "--metric", metric)
          try scene.succeed(
            "create", name, "--dims", "3", "--type", type, "--metric", metric, "--if-not-exists")
        } else {
          let allowed = type == "bit" ? "expected hamming" : "expected cosine, dot, l2 or l1"
          try scene.fail(2, "create", name, "--dims", "3", "--type", type, "--metric", metric, says: allowed)
          try scene.fail(
            2, "import", "--create", name, "/dev/null", "--type", type, "--metric", metric, says: allowed)
        }
      }
    }
    // The usual metric of a type.
    for (type, metric) in [("bit", "hamming"), ("i8", "cosine"), ("f32", "cosine")] {
      try scene.succeed("create", "usual-\(type).vdb", "--dims", "3", "--type", type)
      #expect(try scene.json("info", "usual-\(type).vdb")["metric"] as? String == metric)
    }
    try scene.fail(2, "search", "f32-l1.vdb", "--vector", "[1,2,3]", "--min-score", "1", says: "l1")
    try scene.fail(2, "search", "bit-hamming.vdb", "--vector", "[1,1,0]", "--min-score", "1", says: "hamming")
  }

  @Test func `bits are read as numbers, packed bytes and bools alike`() throws {
    let scene = try Scene()
    // Bits 0, 3 and 8 of 12: the bytes 09 and 01.
    let numbers = "[1,0,0,1,0,0,0,0,1,0,0,0]"
    try scene.succeed("create", "a.vdb", "--dims", "12", "--type", "bit")
    let spellings = [numbers, "\"b64:CQE=\"", "\"hex:0901\"", "\"HEX\""].dropLast()
    for (index, vector) in spellings.enumerated() {
      try scene.succeed("insert", "a.vdb", "-", stdin: "{\"id\":\"r\(index)\",\"vector\":\(vector)}\n")
    }
    try scene.succeed("insert", "a.vdb", "--id", "r3", "--vector", "b64:CQE=")
    try scene.succeed("insert", "a.vdb", "--id", "r4", "--vector", "hex:0901")
    try scene.folder.write("c.csv", "id,vector\nr5,0901\n")
    try scene.succeed("import", "a.vdb", "c.csv", "--vector-encoding", "hex")
    try scene.folder.write("d.csv", "id,vector\nr6,CQE=\n")
    try scene.succeed("import", "a.vdb", "d.csv", "--vector-encoding", "base64")
    func array(_ name: String, _ descr: String, _ columns: Int, _ bytes: [UInt8]) throws {
      var text = "{'descr': '\(descr)', 'fortran_order': False, 'shape': (1, \(columns)), }"
      text += String(repeating: " ", count: 63 - (10 + text.utf8.count) % 64) + "\n"
      let head = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count), 0]
      try Data(head + Array(text.utf8) + bytes).write(to: URL(fileURLWithPath: scene.folder.file(name)))
    }
    let bools: [UInt8] = [1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0]
    try array("bool.npy", "|b1", 12, bools)
    try array("bytes.npy", "|u1", 12, bools)
    try array("packed.npy", "|u1", 2, [9, 1])
    for (index, name) in ["bool.npy", "bytes.npy", "packed.npy"].enumerated() {
      try scene.folder.write("id", "r\(7 + index)\n")
      try scene.succeed("import", "a.vdb", name, "--ids", "id")
      let hits = try #require(
        try scene.json("search", "a.vdb", "--vector", "@\(name)")["hits"] as? [[String: Any]])
      #expect(hits.allSatisfy { $0["distance"] as? Double == 0 })
    }
    #expect(try scene.count() == 10)
    let vectors = try scene.run("scan", "a.vdb", "--with", "vector").output.split(separator: "\n")
    #expect(vectors.allSatisfy { $0.contains("\"vector\":\(numbers)") })
    try scene.fail(4, "import", "a.vdb", "packed.npy", "--ids", "id", "--from", "fvecs")
    try scene.fail(2, "search", "a.vdb", "--vector", "hex:0911", says: "zeros behind bit 11")
  }

  @Test func `a vector of the greatest dimension of bits is searched`() throws {
    let scene = try Scene()
    var random = SeededGenerator(seed: 73)
    let rows = (0..<4).map { _ in (0..<8192).map { _ in UInt8(truncatingIfNeeded: random.next()) } }
    func line(_ index: Int) -> String {
      "{\"id\":\"r\(index)\",\"vector\":\"b64:\(Data(rows[index]).base64EncodedString())\"}\n"
    }
    try scene.folder.write("rows.jsonl", (0..<4).map(line).joined())
    try scene.succeed("import", "--create", "a.vdb", "rows.jsonl", "--type", "bit")
    let hits = try #require(
      try scene.json("search", "a.vdb", "--id", "r0")["hits"] as? [[String: Any]])
    let expected = (1..<4).map { row in
      (
        zip(rows[0], rows[row]).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount }, "r\(row)"
      )
    }.sorted { $0 < $1 }
    #expect(hits.map { $0["distance"] as? Double } == expected.map { Double($0.0) })
    #expect(hits.map { $0["id"] as? String } == expected.map(\.1))
    try scene.fail(
      4, "insert", "a.vdb", "-", stdin: "{\"id\":\"x\",\"vector\":\"b64:AAAA\"}\n", says: "65536 numbers")
  }
}
