import FileStorage
package import MetadataFilters
import VectorMath

extension Snapshot {
  /// Draws rows at random, each with the same chance: those whose ids have the smallest hashes under a key made of the seed.
  ///
  /// The sample depends on the ids and the seed alone, not on where and in which order rows are stored.
  ///
  /// `field`: With a path of names, each of its values gets a share of the sample in proportion to its rows, by largest
  /// remainders, rows without a scalar there as one more value.
  /// - Returns: `count` rows, or all when there are fewer.
  /// - Source: Cohen & Kaplan 2007, bottom-k sketches, doi:10.1145/1281100.1281133.
  package func sample(
    _ rows: FilteredRows, count: Int, seed: UInt64, stratifiedBy field: FilterPath? = nil
  ) throws(DatabaseError) -> FilteredRows {
    var candidates = try hashes(of: rows, seed: seed)
    guard let field else {
      keepSmallest(&candidates, count)
      return rowSets(candidates)
    }
    // Rows in the order of the field are in runs of one value each.
    let order = RowOrder(field, isDescending: false)
    let ordered = try self.ordered(rows, by: order, limit: Int.max)
    var groups: [[Candidate]] = []
    var last: Value?
    let known = Dictionary(candidates.map { ($0.code, $0) }, uniquingKeysWith: { first, _ in first })
    for row in ordered {
      guard let candidate = known[Candidate.code(row.location)] else { continue }
      if last != row.value || groups.isEmpty { groups.append([]) }
      last = row.value
      groups[groups.count - 1].append(candidate)
    }
    let shares = SampleShares.proportional(groups.map(\.count), count: count)
    var drawn: [Candidate] = []
    for (index, group) in groups.enumerated() {
      var group = group
      keepSmallest(&group, shares[index])
      drawn += group
    }
    return rowSets(drawn)
  }

  private struct Candidate {
    let hash: UInt64
    let code: UInt64

    static let tail: UInt64 = 0xFFFF_FFFF << 32

    static func code(_ location: RowLocation) -> UInt64 {
      switch location {
      case .segment(let index, let row): UInt64(index) << 32 | UInt64(row)
      case .tail(let index): tail | UInt64(index)
      }
    }
  }

  private func hashes(of rows: FilteredRows, seed: UInt64) throws(DatabaseError) -> [Candidate] {
    let key = UUID16(high: seed, low: 0x7364_6221_7361_6D70)
    var found: [Candidate] = []
    func add(_ location: RowLocation) throws(DatabaseError) {
      let id = try state.id(at: location)
      let hash = unsafe id.bytes.withUnsafeBytes { unsafe sipHash13($0, key: key) }
      found.append(Candidate(hash: hash, code: Candidate.code(location)))
    }
    for (index, live) in state.segments.enumerated() {
      for row in rows.segments[index].subtracting(live.dead).rowNumbers { try add(.segment(index, row: row)) }
    }
    for row in rows.tail.rowNumbers where state.tail.entries[row].isLiveRow { try add(.tail(row)) }
    return found
  }

  /// Ids differ, and so do hashes but for a chance that does not matter; then the place decides.
  private func keepSmallest(_ candidates: inout [Candidate], _ count: Int) {
    guard candidates.count > count else { return }
    candidates.sort { $0.hash != $1.hash ? $0.hash < $1.hash : $0.code < $1.code }
    candidates.removeLast(candidates.count - max(0, count))
  }

  private func rowSets(_ candidates: [Candidate]) -> FilteredRows {
    var sets = state.segments.map { RowSet(count: $0.segment.rows) }
    var tail = RowSet(count: state.tail.entries.count)
    for candidate in candidates {
      let row = UInt32(truncatingIfNeeded: candidate.code)
      if candidate.code >= Candidate.tail {
        tail.insert(row)
      } else {
        sets[Int(candidate.code >> 32)].insert(row)
      }
    }
    return FilteredRows(segments: sets, tail: tail)
  }
}

/// How a sample is divided among groups.
package enum SampleShares {
  /// Numbers in proportion to the sizes, none above its size, that add up to `count` or to all.
  ///
  /// Whole shares first, the rest by largest remainders, the earlier group first.
  package static func proportional(_ sizes: [Int], count: Int) -> [Int] {
    let total = sizes.reduce(0, +)
    guard count < total else { return sizes }
    guard count > 0 else { return sizes.map { _ in 0 } }
    var shares: [Int] = []
    var remainders: [(rest: Int, index: Int)] = []
    for (index, size) in sizes.enumerated() {
      // At most 2^32 rows and 10^7 wanted: no overflow.
      let product = size * count
      shares.append(product / total)
      remainders.append((product % total, index))
    }
    remainders.sort { $0.rest != $1.rest ? $0.rest > $1.rest : $0.index < $1.index }
    for entry in remainders.prefix(count - shares.reduce(0, +)) { shares[entry.index] += 1 }
    return shares
  }
}
