internal import CVectorKernels

/// Some points whose codes lie side by side, among which the nearest of other points are looked for.
@safe
struct LeaderSet: Sendable {
  /// The sum of squares of each leader's code.
  let squares: WorkArray<Int32>
  private let codes: WorkArray<Int8>
  private let panels: WorkArray<UInt8>
  private let dimension: Int

  /// How many leaders there are.
  var count: Int { squares.count }

  /// Copies the codes of `leaders`.
  init(_ leaders: [UInt32], _ points: GraphPoints) {
    dimension = points.dimension
    squares = WorkArray(count: leaders.count, repeating: 0)
    codes = WorkArray(count: leaders.count * dimension, repeating: 0)
    for (place, leader) in leaders.enumerated() {
      squares[place] = points.square(Int(leader))
      unsafe codes.pointer(place * dimension, dimension).update(
        from: points.code(Int(leader)), count: dimension)
    }
    panels = WorkArray(
      count: CodeKernels.panelBytes(count: leaders.count, dimension: dimension), repeating: 0)
    unsafe CodeKernels.pack(codes.base, dimension: dimension, count: leaders.count, into: panels.base)
  }

  /// The products of one code with every leader.
  func products(_ code: UnsafePointer<Int8>, into result: UnsafeMutablePointer<Int32>) {
    unsafe CodeKernels.dots(
      query: code, rows: codes.base, dimension: dimension, count: count, into: result)
  }

  /// The nearest leaders of each of `count` codes, nearest first, of equal ones the first.
  ///
  /// - Parameters:
  ///   - wanted: How many for each; at most as many as there are.
  ///   - queries: `queryCount` codes side by side.
  ///   - queryCount: How many codes.
  ///   - products: Room for `count` times as many numbers as there are leaders.
  ///   - result: Room for `count × wanted` places of leaders.
  func nearest(
    _ wanted: Int, codes queries: UnsafePointer<Int8>, count queryCount: Int, products: WorkArray<Int32>,
    into result: UnsafeMutablePointer<UInt32>
  ) {
    let count = count
    precondition(wanted <= count && products.count >= queryCount * count)
    unsafe CodeKernels.tile(
      queries: queries, queryCount: queryCount, panels: panels.base, rowCount: count,
      dimension: dimension,
      into: products.base, resultStride: count)
    unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: wanted) { values in
      unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: count + 16) { places in
        guard let found = places.baseAddress else { return }
        for query in 0..<queryCount {
          let row = unsafe products.base + query * count
          let best = unsafe result + query * wanted
          var kept = 0
          // Hardly more than are wanted pass.
          let limit = unsafe vk_least_bound(row, squares.base, count, wanted)
          let below = unsafe vk_places_below(row, squares.base, count, limit, found)
          for index in 0..<below {
            let leader = unsafe Int(found[index])
            let value = unsafe squares[leader] &- 2 &* row[leader]
            if kept == wanted {
              // A later leader of the same distance does not replace an earlier one.
              guard unsafe value < values[kept - 1] else { continue }
            } else {
              kept += 1
            }
            var place = kept - 1
            while place > 0, unsafe values[place - 1] > value {
              unsafe values[place] = values[place - 1]
              unsafe best[place] = best[place - 1]
              place -= 1
            }
            unsafe values[place] = value
            unsafe best[place] = UInt32(leader)
          }
        }
      }
    }
  }
}
