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

  /// Sets of every density, made in every way, against a set of numbers: members, counts, algebra and equality do not depend
  /// on how the rows are kept.
  @Test(arguments: [64, 640, 5000, 200_000])
  func keepsItsMeaningInEveryRepresentation(count: Int) {
    let seed = 52 + UInt64(count)
    var random = VectorMath.SeededGenerator(seed: seed)
    let sizes = [0, 1, count / 200, count / 64, count / 64 + 1, count / 3, count - 1, count]
    var made: [(set: RowSet, members: Set<UInt32>)] = []
    for size in sizes {
      var members: Set<UInt32> = []
      while members.count < size { members.insert(UInt32(random.next() % UInt64(count))) }
      let ascending = members.sorted()
      var set = RowSet(ascending: ascending, count: count)
      var other = RowSet(count: count)
      for row in members { other.insert(row) }
      #expect(set == other, "seed \(seed), \(size) rows")
      var holes = RowSet(allRows: count)
      for row in 0..<UInt32(count) where !members.contains(row) { holes.remove(row) }
      #expect(set == holes && holes == other, "seed \(seed), \(size) rows")
      #expect(RowSet(words: set.words, count: count) == set)
      if size == 0 { #expect(set.representation == .none) }
      if size == count { #expect(set.representation == .all) }
      if size > 0, size <= min(count / 64, 16_384) { #expect(set.representation == .sparse) }
      if let row = ascending.first {
        set.remove(row)
        #expect(set != other && set.count == size - 1)
        set.insert(row)
        #expect(set == other)
      }
      var piece = [UInt64](repeating: 7, count: (count + 63) / 64)
      let words = set.words
      set.copyWords(words.count / 3..<words.count, into: &piece)
      #expect(piece.prefix(words.count - words.count / 3) == words[(words.count / 3)...])
      made.append((set, members))
    }
    for left in made {
      for right in made {
        let why = "seed \(seed), \(left.members.count) and \(right.members.count) rows"
        #expect(members(left.set.union(right.set)) == left.members.union(right.members).sorted(), "\(why)")
        #expect(
          members(left.set.intersection(right.set)) == left.members.intersection(right.members).sorted(),
          "\(why)")
        let rest = left.set.subtracting(right.set)
        #expect(members(rest) == left.members.subtracting(right.members).sorted(), "\(why)")
        #expect(rest.count == left.members.subtracting(right.members).count, "\(why)")
        #expect((left.set == right.set) == (left.members == right.members), "\(why)")
      }
      #expect(left.set.complement.complement == left.set)
      #expect(left.set.complement.count == count - left.members.count)
    }
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
