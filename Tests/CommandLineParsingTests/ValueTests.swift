import CommandLineParsing
import TestSupport
import Testing

@Suite struct ValueTests {
  @Test(
    arguments: [
      ("1024", 1024), ("64K", 65_536), ("64k", 65_536), ("64KiB", 65_536), ("64KB", 64_000),
      ("1.5G", 1_610_612_736),
      ("1M", 1_048_576), ("2048B", 2048), ("0.001953125M", 2048), ("1T", 1_099_511_627_776),
      ("8388607T", 9_223_370_937_343_148_032),
    ])
  func readsSizes(_ text: String, _ bytes: UInt64) throws {
    #expect(try Sample.run("find c --limit \(text)").size(Sample.limit) == bytes)
  }

  @Test(arguments: ["1.5", "K", "-1K", "1.K", ".5K", "1 K", "1KK", "1e3", "", "0x10", "1K "])
  func refusesWhatIsNoSize(_ text: String) {
    #expect(throws: UsageFailure.self) { try Sample.parse(["find", "c", "--limit=\(text)"]) }
  }

  @Test(
    arguments: [
      ("0", 0), ("0.0", 0), ("250ms", 250_000_000), ("30s", 30_000_000_000), ("1.5s", 1_500_000_000),
      ("10m", 600_000_000_000),
      ("2h", 7_200_000_000_000), ("7d", 604_800_000_000_000), ("1w", 604_800_000_000_000), ("5us", 5000),
      ("5ns", 5),
      ("0.1s", 100_000_000),
    ])
  func readsDurations(_ text: String, _ nanoseconds: Int64) throws {
    #expect(try Sample.run("find c --wait \(text)").duration(Sample.wait) == nanoseconds)
  }

  @Test(
    arguments: [
      ("1970-01-01", "1970-01-01T00:00:00Z"), ("2026-11-21T01:20:03Z", "2026-11-21T01:20:03Z"),
      ("2026-11-21T01:20:03+01:00", "2026-11-21T00:20:03Z"), ("2024-02-29T23:59:60Z", "2024-02-29T23:59:59Z"),
      ("2000-02-29 00:00:00.25-00:30", "2000-02-29T00:30:00Z"),
      ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"),
      ("1900-03-01", "1900-03-01T00:00:00Z"), ("2261-12-31", "2261-12-31T00:00:00Z"),
    ])
  func readsAndWritesTimes(_ text: String, _ printed: String) throws {
    let nanoseconds = try #require(TimeParsing.nanoseconds(text))
    #expect(TimeParsing.text(nanoseconds: nanoseconds) == printed)
  }

  @Test(
    arguments: [
      "2026-13-01", "2026-02-29", "1900-02-29", "2026-1-1", "26-01-01", "2026-11-21T", "2026-11-21T01:20",
      "2026-11-21T01:20:03",
      "2026-11-21T24:00:00Z", "2026-11-21T01:60:00Z", "2026-11-21T01:20:03.Z", "2026-11-21T01:20:03+1:00",
      "2026-11-21x", "",
      "9999-01-01",
    ])
  func refusesWhatIsNoTime(_ text: String) { #expect(TimeParsing.nanoseconds(text) == nil) }

  @Test func everyTimeIsReadBack() {
    var generator = SeededGenerator(seed: 0x5EED_0003)
    for _ in 0..<20_000 {
      let time = Int64.random(in: -9_000_000_000_000_000_000...9_000_000_000_000_000_000, using: &generator)
      #expect(TimeParsing.nanoseconds(TimeParsing.text(nanoseconds: time, digits: 9)) == time)
    }
  }

  @Test func readsFileModes() throws {
    #expect(try Sample.run("find c --mode 0750").fileMode(Sample.mode) == 0o750)
    #expect(try Sample.run("find c --mode 600").fileMode(Sample.mode) == 0o600)
  }

  @Test func anAssignmentOfAChoiceIsSplitAtItsLastEqualsSign() throws {
    let pairs = try Sample.run("find c --cast a=b=int --cast n=float").assignments(Sample.cast)
    #expect(pairs.map(\.name) == ["a=b", "n"])
    #expect(pairs.map(\.value) == ["int", "float"])
  }

  @Test func aFreeAssignmentIsSplitAtItsFirstEqualsSign() throws {
    let pairs = try Sample.run("find c --set a=\"b=c\"").assignments(Sample.set)
    #expect(pairs.map(\.name) == ["a"])
    #expect(pairs.map(\.value) == ["\"b=c\""])
  }
}

@Suite struct SuggestionTests {
  @Test(
    arguments: [
      ("serach", ["search"]), ("sarch", ["search"]), ("seach", ["search"]), ("searchh", ["search"]),
      ("SEARCH", ["search"]),
      ("import", ["import"]), ("ipmort", ["import"]), ("xxxxxx", []), ("", []), ("gt", ["gc", "get"]),
      ("check", []),
    ])
  func findsWhatWasMeant(_ word: String, _ expected: [String]) {
    let commands = ["search", "import", "insert", "get", "gc", "scan"]
    #expect(Suggestions.nearest(to: word, among: commands) == expected)
  }

  @Test func theDistanceIsThatOfASimpleRecursion() {
    func slow(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) -> Int {
      guard let x = a.last else { return b.count }
      guard let y = b.last else { return a.count }
      var best = min(
        slow(a.dropLast(), b) + 1, slow(a, b.dropLast()) + 1,
        slow(a.dropLast(), b.dropLast()) + (x == y ? 0 : 1))
      if a.count > 1, b.count > 1, x == b.dropLast().last, a.dropLast().last == y {
        best = min(best, slow(a.dropLast(2), b.dropLast(2)) + 1)
      }
      return best
    }
    var generator = SeededGenerator(seed: 0x5EED_0004)
    for _ in 0..<400 {
      let a = (0..<Int.random(in: 0...5, using: &generator)).map { _ in
        UInt8.random(in: 97...99, using: &generator)
      }
      let b = (0..<Int.random(in: 0...5, using: &generator)).map { _ in
        UInt8.random(in: 97...99, using: &generator)
      }
      #expect(Suggestions.editDistance(a, b, limit: 9) == slow(a[...], b[...]), "\(a) \(b)")
      #expect(Suggestions.editDistance(a, b, limit: 1) == min(slow(a[...], b[...]), 2), "\(a) \(b)")
    }
  }
}

@Suite struct HelpTests {
  @Test(arguments: [20, 40, 72, 80, 100, 200])
  func wrapsToTheWidth(_ columns: Int) {
    let help = Help(Sample.table, columns: columns)
    for command in Sample.table.commands {
      let text = help.long(command) + help.short(command)
      for line in text.split(separator: "\n") where line.contains("  ") && columns >= 72 {
        #expect(line.count <= max(columns, 20), "\(line)")
      }
      #expect(
        help.short(command).split(separator: "\n", omittingEmptySubsequences: false).dropLast().count <= 25)
    }
  }

  @Test func longHelpShowsDefaultsChoicesAndEnvironment() {
    let text = Help(Sample.table, columns: 100).long(Sample.find)
    #expect(text.contains("--wait DURATION"))
    #expect(text.contains("default: 5s"))
    #expect(text.contains("environment: TOY_WAIT"))
    #expect(text.contains("--no-color: never"))
    #expect(text.contains("At most one of --ids, --all and ID may be given."))
  }
}
