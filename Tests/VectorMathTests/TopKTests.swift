import Testing
import VectorMath

@Suite struct TopKTests {
  @Test(arguments: [0, 1, 2, 3, 10, 100, 1000])
  func keepsWhatASortPutsFirst(capacity: Int) {
    let seed: UInt64 = 41
    var random = VectorMath.SeededGenerator(seed: seed)
    for count in [0, 1, 2, 15, 100, 1000] {
      for distinct in [1, 3, 50, 1_000_000] as [UInt64] {
        let distances = (0..<count).map { _ in Float(random.next() % distinct) - 1 }
        let order = (0..<UInt64(count)).shuffled(using: &random)
        // Ties by the row's own shuffled rank, not by its number.
        let rank = (0..<count).shuffled(using: &random)
        let precedes = { (left: UInt64, right: UInt64) in rank[Int(left)] < rank[Int(right)] }
        var best = TopK(capacity: capacity)
        var parts = [TopK(capacity: capacity), TopK(capacity: capacity)]
        for row in order {
          best.insert(distances[Int(row)], row, tie: precedes)
          parts[Int(row % 2)].insert(distances[Int(row)], row, tie: precedes)
        }
        let expected = (0..<count).sorted { (distances[$0], rank[$0]) < (distances[$1], rank[$1]) }
          .prefix(capacity).map { TopK.Candidate(distance: distances[$0], row: UInt64($0)) }
        #expect(best.sorted(tie: precedes) == expected, "seed \(seed)")
        parts[0].merge(parts[1], tie: precedes)
        #expect(parts[0].sorted(tie: precedes) == expected, "seed \(seed)")
        #expect(best.count == expected.count)
        if capacity > 0 {
          #expect(best.threshold == (count < capacity ? .infinity : expected[capacity - 1].distance))
        }
      }
    }
  }

  @Test func neverKeepsNaN() {
    var best = TopK(capacity: 2)
    best.insert(.nan, 1)
    best.insert(3, 2)
    best.insert(.nan, 3)
    best.insert(.infinity, 4)
    best.insert(.nan, 5)
    #expect(best.sorted().map(\.row) == [2, 4])
  }

  @Test func forgetsEverythingWhenEmptied() {
    var best = TopK(capacity: 1)
    best.insert(1, 1)
    best.removeAll()
    #expect(best.threshold == .infinity && best.count == 0)
    best.insert(2, 2)
    #expect(best.sorted().map(\.row) == [2])
  }
}
