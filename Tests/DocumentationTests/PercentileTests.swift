import TestSupport
import Testing
import VDBCommands

/// The arithmetic behind `vdb bench`.
@Suite struct PercentileTests {
  /// The least value that at least so many hundredths of all stay within, looked for among all of them.
  private func rank(_ values: [Int64], _ hundredths: Int) -> Int64? {
    values.filter { limit in
      values.filter { $0 <= limit }.count * 100 >= hundredths * values.count
    }.min()
  }

  @Test func `percentiles are those of the nearest rank`() throws {
    #expect(Percentiles([]) == nil)
    var generator = SeededGenerator(seed: 0x5EED_00B1)
    for count in [1, 2, 3, 10, 19, 20, 21, 99, 100, 101, 1000] {
      let values = (0..<count).map { _ in Int64(generator.below(500)) }
      let found = try #require(Percentiles(values))
      #expect(found.median == rank(values, 50), "seed 0x5EED00B1, \(count) values")
      #expect(found.ninetyFifth == rank(values, 95))
      #expect(found.ninetyNinth == rank(values, 99))
    }
    let hundred = try #require(Percentiles((1...100).map { Int64($0) }.reversed()))
    #expect((hundred.median, hundred.ninetyFifth, hundred.ninetyNinth) == (50, 95, 99))
  }

  @Test func `a filtered search that finds too few rows, or others, fails loudly`() throws {
    func failure(_ wanted: Int, _ least: Int, _ strays: Int = 0) -> CommandFailure? {
      FilteredCount(filter: "n < 5", wanted: wanted, least: least, strays: strays).failure
    }
    #expect(failure(10, 10) == nil && failure(0, 0) == nil && failure(3, 3) == nil)
    let few = try #require(failure(10, 9))
    #expect(few.status == .bug && few.message.contains("n < 5") && few.message.contains("9 of 10 rows"))
    #expect(try #require(failure(10, 0)).exitCode == 70)
    #expect(try #require(failure(10, 10, 1)).message.contains("1 row that it leaves out"))
  }

  @Test func `the median lies in the middle`() {
    #expect(median([]) == 0)
    #expect(median([3]) == 3)
    #expect(median([9, 1, 5]) == 5)
    #expect(median([4, 1, 9, 2]) == 3)
  }
}
