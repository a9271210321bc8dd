import Testing
import VectorMath

@Suite struct RowSetTests {
  func members(_ set: RowSet) -> [UInt32] {
    var rows: [UInt32] = []
    set.forEach { rows.append($0) }
    return rows
  }

  @Test(arguments: [0, 1, 2, 63, 64, 65, 127, 128, 129, 1000])
  func behavesLikeASet(count: Int) {
    let seed = 51 + UInt64(count)
    var random = VectorMath.SeededGenerator(seed: seed)
    var pairs: [(RowSet, Set<UInt32>)] = [(RowSet(count: count), []), (RowSet(count: count), [])]
    for _ in 0..<300 {
      let which = Int(random.next() % 2)
      if count > 0 {
        let row = UInt32(random.next() % UInt64(count))
        switch random.next() % 8 {
        case 0: #expect(pairs[which].0.remove(row) == (pairs[which].1.remove(row) != nil))
        case 1:
          let end = row + UInt32(random.next() % UInt64(count - Int(row) + 1))
          pairs[which].0.insert(row..<end)
          pairs[which].1.formUnion(row..<end)
        case 2:
          pairs[which].0.formComplement()
          pairs[which].1 = Set(0..<UInt32(count)).subtracting(pairs[which].1)
        case 3:
          pairs[which].0.subtract(pairs[1 - which].0)
          pairs[which].1.subtract(pairs[1 - which].1)
        default: #expect(pairs[which].0.insert(row) == pairs[which].1.insert(row).inserted)
        }
      }
      let (set, expected) = pairs[which]
      #expect(members(set) == expected.sorted(), "seed \(seed)")
      #expect(set.count == expected.count)
      #expect(set.isEmpty == expected.isEmpty)
      #expect((0..<UInt32(count + 70)).allSatisfy { set.contains($0) == expected.contains($0) })
      let low = Int(random.next() % UInt64(count + 1))
      let high = low + Int(random.next() % UInt64(count + 5))
      #expect(set.count(in: low..<high) == expected.filter { Int($0) >= low && Int($0) < high }.count)
      #expect(set.first(from: low) == expected.filter { Int($0) >= low }.min())
      #expect(RowSet(words: set.words, count: count) == set)
    }
    let (a, b) = (pairs[0], pairs[1])
    #expect(members(a.0.union(b.0)) == a.1.union(b.1).sorted())
    #expect(members(a.0.intersection(b.0)) == a.1.intersection(b.1).sorted())
    #expect(members(a.0.subtracting(b.0)) == a.1.subtracting(b.1).sorted())
    #expect(RowSet(allRows: count).count == count)
  }

  @Test func refusesWordsThatDoNotFit() {
    #expect(RowSet(words: [], count: 0) != nil)
    #expect(RowSet(words: [0], count: 0) == nil)
    #expect(RowSet(words: [], count: 1) == nil)
    #expect(RowSet(words: [2], count: 1) == nil)
    #expect(RowSet(words: [.max], count: 63) == nil)
    #expect(RowSet(words: [.max], count: 64)?.count == 64)
    #expect(RowSet(words: [.max, 1], count: 64) == nil)
    #expect(RowSet(words: [0], count: -1) == nil)
    #expect(RowSet(words: [0], count: .max) == nil)
  }
}
