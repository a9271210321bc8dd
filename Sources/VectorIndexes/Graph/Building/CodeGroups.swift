internal import VectorMath

/// Rows of a segment brought together by their codes: each group becomes one node of a graph.
///
/// Identical codes must not be nodes of their own: their distance is 0, so that they would only know each other, and a search that
/// keeps fewer candidates than there are of them could never leave.
@safe
struct CodeGroups: Sendable {
  /// For each group its rows, group after group; groups and the rows of each ascend.
  let rows: WorkArray<UInt32>
  /// Where each group begins in `rows`; one more at the end.
  let starts: WorkArray<UInt32>
  /// Rows of which nothing is known (their residual is infinite): they are in no group.
  let loose: [UInt32]

  /// How many groups there are.
  var count: Int { starts.count - 1 }

  /// The first row of a group.
  func first(_ group: Int) -> Int { Int(rows[Int(starts[group])]) }

  /// Groups the rows of `codes`.
  ///
  /// - Parameters:
  ///   - codes: `count × dimension`.
  ///   - residuals: One for each row.
  ///   - dimension: Length of a code.
  ///   - threads: The result does not depend on it.
  init(codes: WorkArray<Int8>, residuals: WorkArray<Float>, dimension: Int, threads: Int) {
    let count = residuals.count
    let keys = WorkArray<UInt64>(count: count, repeating: 0)
    ParallelLoop.run(blocks: (count + 1023) / 1024, threads: threads) { block in
      for row in block * 1024..<min((block + 1) * 1024, count) {
        let code = unsafe UnsafeRawPointer(codes.pointer(row * dimension, dimension))
        keys[row] = unsafe Self.hash(code, dimension)
      }
    }
    var loose: [UInt32] = []
    // The upper half of a hash and the row: sorting brings equal codes together, rows ascending.
    var order: [UInt64] = []
    order.reserveCapacity(count)
    for row in 0..<count {
      if residuals[row] == .infinity {
        loose.append(UInt32(row))
      } else {
        order.append((keys[row] & 0xFFFF_FFFF_0000_0000) | UInt64(row))
      }
    }
    order.sort()
    // For each row the first row of its group.
    let leaders = WorkArray<UInt32>(count: count, repeating: .max)
    var place = 0
    while place < order.count {
      var end = place + 1
      while end < order.count, order[end] >> 32 == order[place] >> 32 { end += 1 }
      var firsts: [UInt32] = []
      for index in place..<end {
        let row = UInt32(truncatingIfNeeded: order[index])
        let known = firsts.first { Self.isEqual(codes, Int($0), Int(row), dimension) }
        if known == nil { firsts.append(row) }
        leaders[Int(row)] = known ?? row
      }
      place = end
    }
    var sizes: [UInt32] = []
    let groups = WorkArray<UInt32>(count: count, repeating: .max)
    for row in 0..<count where leaders[row] != .max {
      if leaders[row] == row {
        groups[row] = UInt32(sizes.count)
        sizes.append(1)
      } else {
        groups[row] = groups[Int(leaders[row])]
        sizes[Int(groups[row])] += 1
      }
    }
    let starts = WorkArray<UInt32>(count: sizes.count + 1, repeating: 0)
    for group in sizes.indices { starts[group + 1] = starts[group] + sizes[group] }
    let rows = WorkArray<UInt32>(count: order.count, repeating: 0)
    var next = (0..<sizes.count).map { starts[$0] }
    for row in 0..<count where groups[row] != .max {
      let group = Int(groups[row])
      rows[Int(next[group])] = UInt32(row)
      next[group] += 1
    }
    self.rows = rows
    self.starts = starts
    self.loose = loose
  }

  private static func hash(_ code: UnsafeRawPointer, _ dimension: Int) -> UInt64 {
    var hash: UInt64 = 0x9E37_79B9_7F4A_7C15
    for offset in stride(from: 0, to: dimension, by: 8) {
      // Safe: a code is a multiple of 64 bytes.
      hash =
        unsafe (hash ^ code.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) &* 0xD6E8_FEB8_6659_FD93
      hash ^= hash >> 32
    }
    return hash
  }

  private static func isEqual(_ codes: WorkArray<Int8>, _ first: Int, _ second: Int, _ dimension: Int) -> Bool
  {
    let one = unsafe UnsafeRawPointer(codes.pointer(first * dimension, dimension))
    let two = unsafe UnsafeRawPointer(codes.pointer(second * dimension, dimension))
    for offset in stride(from: 0, to: dimension, by: 8) {
      let a = unsafe one.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      let b = unsafe two.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      if a != b { return false }
    }
    return true
  }
}
