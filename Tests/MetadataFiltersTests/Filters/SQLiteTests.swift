import FileStorage
import Foundation
import MetadataFilters
import TestSupport
import Testing

/// Pairs of filter and row that are compared with SQLite: `VDB_SQLITE_PAIRS`, or some.
private var pairCount: Int {
  ProcessInfo.processInfo.environment["VDB_SQLITE_PAIRS"].flatMap { Int($0) } ?? 20_000
}

@Suite struct SQLiteTests {
  /// Reads rows and conditions as JSON and prints, for each condition, the numbers of the rows that match.
  private static let script = """
    import json, sqlite3, sys
    job = json.load(sys.stdin)
    db = sqlite3.connect(":memory:")
    db.execute("PRAGMA case_sensitive_like = ON")
    db.execute("CREATE TABLE t (row INTEGER PRIMARY KEY, i INTEGER NOT NULL, r REAL NOT NULL, s TEXT NOT NULL, u TEXT NOT NULL)")
    db.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", job["rows"])
    for condition in job["conditions"]:
      print(json.dumps([row for (row,) in db.execute("SELECT row FROM t WHERE " + condition + " ORDER BY row")]))
    """

  private struct Maker {
    var generator: SeededGenerator
    static let ints = [
      "0", "1", "2", "-1", "9007199254740993", "9007199254740992", "9223372036854775807",
      "-9223372036854775808",
    ]
    static let reals = [
      "0.0", "0.5", "1.0", "-1.5", "9007199254740992.0", "9.223372036854775807e18", "1e300", "2.5",
    ]
    static let texts = ["", "a", "b", "ab", "abc", "ABC", "aab", "a%b", "a_b", "it's", "é", "É", "日本", "b a"]

    mutating func pick<T>(_ choices: [T]) -> T { choices[generator.below(choices.count)] }
    mutating func number() -> String { pick(generator.oneIn(2) ? Self.ints : Self.reals) }
    mutating func text() -> String { "'" + pick(Self.texts).replacing("'", with: "''") + "'" }

    /// A condition that both languages read the same, but for the ESCAPE that SQLite wants.
    mutating func condition(_ depth: Int) -> (filter: String, sql: String) {
      if depth > 0, !generator.oneIn(3) {
        let left = condition(depth - 1)
        let right = condition(depth - 1)
        switch generator.below(3) {
        case 0: return ("(\(left.filter) AND \(right.filter))", "(\(left.sql) AND \(right.sql))")
        case 1: return ("(\(left.filter) OR \(right.filter))", "(\(left.sql) OR \(right.sql))")
        case _: return ("NOT (\(left.filter))", "NOT (\(left.sql))")
        }
      }
      let not = generator.oneIn(2) ? "NOT " : ""
      let comparison = pick(["=", "==", "!=", "<>", "<", "<=", ">", ">="])
      let both: String
      switch generator.below(8) {
      case 0...1: both = "\(pick(["i", "r"])) \(comparison) \(number())"
      case 2: both = "\(pick(["s", "u"])) \(comparison) \(text())"
      case 3: both = "\(pick(["i", "r"])) \(not)BETWEEN \(number()) AND \(number())"
      case 4: both = "s \(not)IN (\((0...generator.below(4)).map { _ in text() }.joined(separator: ", ")))"
      case 5: both = "i \(not)IN (\((0...generator.below(4)).map { _ in number() }.joined(separator: ", ")))"
      case 6: both = generator.oneIn(2) ? "s \(comparison) u" : "i \(comparison) r"
      case _:
        let pattern = pick([
          "a%", "%b", "%a%", "_", "a_b", "a\\%b", "%", "", "ab", "é%", "_本", "%\\_%", "%it''s",
        ])
        return ("s \(not)LIKE '\(pattern)'", "s \(not)LIKE '\(pattern)' ESCAPE '\\'")
      }
      return (both, both)
    }
  }

  /// On rows without nulls the common part of both languages gives the same rows.
  @Test func agreesWithSQLiteWhereNothingIsNull() throws {
    let seed: UInt64 = 31
    var maker = Maker(generator: SeededGenerator(seed: seed))
    let rows = 200
    let conditions = (0..<max(pairCount / rows, 1)).map { _ in maker.condition(3) }
    var table: [[Any]] = []
    var records: [[UInt8]] = []
    for row in 0..<rows {
      let (i, r) = (maker.pick(Maker.ints), maker.pick(Maker.reals))
      let (s, u) = (maker.pick(Maker.texts), maker.pick(Maker.texts))
      table.append([row, Int64(i) ?? 0, Double(r) ?? 0, s, u])
      records.append(
        try CanonicalJSON.encode(
          .object([
            (key: "i", value: .int(Int64(i) ?? 0)), (key: "r", value: .double(Double(r) ?? 0)),
            (key: "s", value: .string(s)), (key: "u", value: .string(u)),
          ])))
    }
    let job: [String: Any] = ["rows": table, "conditions": conditions.map(\.sql)]
    let input = Array(try JSONSerialization.data(withJSONObject: job))
    let tool = try RunningTool(path: "/usr/bin/env", ["python3", "-c", Self.script], stdin: input)
    let result = try tool.wait()
    guard result.status == 0 else {
      #expect(result.status == 127 || result.errors.contains("No module named"), "\(result.errors)")
      print("SKIPPED: python3 with sqlite3 is not there, so filters were not compared with SQLite")
      return
    }
    let answers = result.output.split(separator: "\n")
    #expect(answers.count == conditions.count)
    var matched = 0
    for (condition, answer) in zip(conditions, answers) {
      let wanted = try #require(try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [Int])
      let filter = try FilterParser.parse(condition.filter)
      var interpreter = FilterInterpreter(try FilterCompiler.compile(filter.expression))
      let found = records.indices.filter { row in
        records[row].withUnsafeBytes { metadata in
          interpreter.matches(
            metadata: metadata, id: UnsafeRawBufferPointer(start: nil, count: 0), idType: .string, created: 0,
            updated: 0)
        }
      }
      matched += found.count
      guard found == wanted else {
        Issue.record(
          "seed \(seed): \(condition.filter) gives \(found.count) rows, SQLite \(wanted.count): \(condition.sql)"
        )
        return
      }
    }
    print("filters: \(conditions.count * rows) pairs agree with SQLite, \(matched) TRUE")
  }
}
