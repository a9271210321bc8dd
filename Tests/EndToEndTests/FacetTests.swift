import Foundation
import TestSupport
import Testing

@Suite struct FacetTests {
  /// Lines of TSV as their cells.
  private func cells(_ lines: [String]) -> [[String]] {
    lines.map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
  }

  @Test func `facet counts the records of each value, the most frequent first`() throws {
    let selection = try SelectionScene()
    func expected(
      _ values: (SelectionScene.Record) -> [String], _ holds: (SelectionScene.Record) -> Bool = { _ in true }
    )
      -> [[String]]
    {
      var counts: [String: Int] = [:]
      for record in selection.records where holds(record) {
        for value in values(record) { counts[value, default: 0] += 1 }
      }
      return counts.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }.map {
        [$0.key, "\($0.value)"]
      }
    }
    #expect(cells(try selection.lines("facet", "s.vdb", "lang")) == expected { $0.lang.map { [$0] } ?? [] })
    #expect(cells(try selection.lines("facet", "s.vdb", "tags")) == expected { $0.tags })
    #expect(
      cells(try selection.lines("facet", "s.vdb", "year", "--filter", "lang = 'en'", "--limit", "5"))
        == Array(expected({ ["\($0.year)"] }, { $0.lang == "en" }).prefix(5)))
    #expect(
      cells(try selection.lines("facet", "s.vdb", "year", "--min-count", "12"))
        == expected { ["\($0.year)"] }.filter { (Int($0[1]) ?? 0) >= 12 })
    #expect(try selection.lines("facet", "s.vdb", "nowhere") == [])
    let two = cells(try selection.lines("facet", "s.vdb", "lang", "tags"))
    #expect(Set(two.map { $0[0] }) == ["lang", "tags"])
  }

  @Test func `bins and intervals hold every number and time once`() throws {
    let selection = try SelectionScene()
    let prices = selection.records.compactMap(\.price)
    let bins = cells(try selection.lines("facet", "s.vdb", "price", "--bins", "8", "--min-count", "0"))
    #expect(bins.count == 8)
    let low = try #require(prices.min()), high = try #require(prices.max())
    #expect(Double(bins[0][0]) == low && Double(bins[7][1]) == high)
    for (index, bin) in bins.enumerated() {
      let from = try #require(Double(bin[0])), to = try #require(Double(bin[1]))
      let inside = prices.filter { $0 >= from && ($0 < to || (index == 7 && $0 <= to)) }
      #expect(Int(bin[2]) == inside.count, "\(bin)")
    }
    let days = cells(try selection.lines("facet", "s.vdb", "published", "--interval", "1d"))
    var counts: [String: Int] = [:]
    for record in selection.records { counts[record.published + "T00:00:00Z", default: 0] += 1 }
    #expect(days == counts.sorted { $0.key < $1.key }.map { [$0.key, "\($0.value)"] })
    let weeks = cells(try selection.lines("facet", "s.vdb", "published", "--interval", "7d"))
    #expect(weeks.reduce(0) { $0 + (Int($1[1]) ?? 0) } == selection.records.count)
    // 2015-06-15 was a Monday, and so is the first day of every week.
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
    let format = ISO8601DateFormatter()
    for week in weeks {
      let date = try #require(format.date(from: week[0]))
      #expect(calendar.component(.weekday, from: date) == 2, "\(week)")
    }
    let created = cells(try selection.lines("facet", "s.vdb", "$created", "--interval", "1d"))
    #expect(created.reduce(0) { $0 + (Int($1[1]) ?? 0) } == selection.records.count)
    try selection.scene.fail(2, "facet", "s.vdb", "price", "--bins", "3", "--interval", "1d")
    try selection.scene.fail(2, "facet", "s.vdb", "$created")
    let json = try selection.scene.json("facet", "s.vdb", "lang", "--filter", "year >= 2000")
    #expect(json["schema"] as? String == "vdb.facet/1")
    #expect(json["rows"] as? Int == selection.ids { $0.year >= 2000 }.count)
  }

  @Test func `a sample depends on ids and the seed, not on where records lie`() throws {
    let selection = try SelectionScene()
    let sample = try selection.lines("sample", "s.vdb", "-n", "30", "--ids-only")
    #expect(sample.count == 30 && Set(sample).count == 30)
    let order = selection.records.map(\.id).filter { sample.contains($0) }
    #expect(sample == order, "in the order of arrival")
    #expect(try selection.lines("sample", "s.vdb", "-n", "30", "--seed", "1", "--ids-only") != sample)
    try selection.scene.succeed("compact", "s.vdb", "--full", "-q")
    #expect(try selection.lines("sample", "s.vdb", "-n", "30", "--ids-only") == sample)
    #expect(
      try selection.lines("sample", "s.vdb", "-n", "100000", "--ids-only").count == selection.records.count)
    let english = try selection.lines("sample", "s.vdb", "-n", "20", "--filter", "lang = 'en'", "--ids-only")
    #expect(english.count == 20 && english.allSatisfy { selection.ids { $0.lang == "en" }.contains($0) })
    let strata = try selection.lines("sample", "s.vdb", "-n", "40", "--stratify", "lang", "--ids-only")
    #expect(strata.count == 40)
    for lang in ["de", "en", "fr", nil] {
      let all = selection.ids { $0.lang == lang }
      let share = Double(40 * all.count) / Double(selection.records.count)
      let drawn = strata.filter { all.contains($0) }.count
      #expect(abs(Double(drawn) - share) < 1, "\(lang ?? "none"): \(drawn) for \(share)")
    }
    try selection.scene.fail(2, "sample", "s.vdb")
  }
}
