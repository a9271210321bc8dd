import Foundation
import TestSupport
import Testing

/// Records with metadata of every kind, in segments and in the log, some deleted and some replaced.
struct SelectionScene {
  struct Record {
    var id: String
    var vector: [Double]
    var lang: String?
    var year: Int
    var tags: [String]
    var price: Double?
    var published: String

    var line: String {
      var fields = ["\"year\":\(year)", "\"published\":\"\(published)\""]
      fields.append("\"tags\":[\(tags.map { "\"\($0)\"" }.joined(separator: ","))]")
      if let lang { fields.append("\"lang\":\"\(lang)\"") }
      if let price { fields.append("\"price\":\(price)") }
      return
        "{\"id\":\"\(id)\",\"vector\":[\(vector.map { "\($0)" }.joined(separator: ","))],\"payload\":{\(fields.joined(separator: ","))}}"
    }
  }

  let scene: Scene
  /// Live records in the order of their arrival.
  var records: [Record] = []
  private var random: TestSupport.SeededGenerator

  static let seed: UInt64 = 77

  init() throws {
    scene = try Scene()
    random = TestSupport.SeededGenerator(seed: SelectionScene.seed)
    let first = (0..<300).map { record("r\($0)") }
    let second = (300..<360).map { record("r\($0)") }
    try scene.folder.write("first.jsonl", first.map(\.line).joined(separator: "\n") + "\n")
    try scene.succeed("import", "--create", "s.vdb", "first.jsonl", "-q")
    try scene.folder.write("second.jsonl", second.map(\.line).joined(separator: "\n") + "\n")
    try scene.succeed("import", "s.vdb", "second.jsonl", "-q")
    records = first + second
    // Replaced and new records, which stay in the log; then deletions from everywhere.
    let replaced = stride(from: 5, to: 350, by: 35).map { record("r\($0)") }
    let new = (360..<400).map { record("r\($0)") }
    let lines = (replaced + new).map(\.line).joined(separator: "\n") + "\n"
    try scene.succeed("upsert", "s.vdb", "-", "-q", stdin: lines)
    records.removeAll { old in replaced.contains { $0.id == old.id } }
    records += replaced + new
    let gone = stride(from: 2, to: 400, by: 23).map { "r\($0)" }
    let result = try scene.run(["delete", "s.vdb", "-q"] + gone)
    #expect(result.status == 0)
    records.removeAll { gone.contains($0.id) }
  }

  private mutating func record(_ id: String) -> Record {
    Record(
      id: id, vector: (0..<4).map { _ in Double(random.below(41) - 20) / 4 + 0.125 },
      lang: random.oneIn(6) ? nil : ["en", "de", "fr"][random.below(3)], year: 1990 + random.below(40),
      tags: ["a", "b", "c", "d"].filter { _ in random.oneIn(3) },
      price: random.oneIn(4) ? nil : Double(random.below(200)) / 4,
      published: "20\(10 + random.below(10))-0\(1 + random.below(9))-1\(random.below(10))")
  }

  /// Filters and what they mean.
  static let filters: [(text: String, holds: @Sendable (Record) -> Bool)] = [
    ("lang = 'en'", { $0.lang == "en" }),
    ("lang != 'en'", { $0.lang != nil && $0.lang != "en" }),
    ("NOT (lang = 'en')", { $0.lang != "en" }),
    ("lang IS MISSING AND year >= 2010", { $0.lang == nil && $0.year >= 2010 }),
    (
      "year BETWEEN 2000 AND 2009 AND lang IN ('de', 'fr')",
      {
        (2000...2009).contains($0.year) && ["de", "fr"].contains($0.lang)
      }
    ),
    ("tags CONTAINS 'a' AND NOT tags CONTAINS 'b'", { $0.tags.contains("a") && !$0.tags.contains("b") }),
    ("price > 10.5 OR tags IS EMPTY", { $0.price.map { $0 > 10.5 } ?? false || $0.tags.isEmpty }),
    ("published >= DATE '2015-01-01'", { $0.published >= "2015-01-01" }),
    (
      "lang LIKE 'e%' AND price < 100",
      { $0.lang?.hasPrefix("e") ?? false && $0.price.map { $0 < 100 } ?? false }
    ),
    ("$id IN ('r1', 'r5', 'r365', 'nobody')", { ["r1", "r5", "r365"].contains($0.id) }),
    ("year > 3000", { _ in false }),
  ]

  func ids(_ holds: (Record) -> Bool) -> [String] { records.filter(holds).map(\.id) }

  /// The ids on the lines of a command's output.
  func lines(_ arguments: String...) throws -> [String] {
    let result = try scene.run(arguments)
    #expect(result.status == 0 || result.status == 1, "\(arguments): \(result.errors)")
    return result.output.split(separator: "\n").map(String.init)
  }

  /// The `id` of each line of JSON.
  static func ids(_ lines: [String]) throws -> [String] {
    try lines.map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return try #require(object?["id"] as? String)
    }
  }
}
