import CVectorKernels
import TestSupport
import Testing

/// The kernels of a build that only say where to look: what they say must hold at every level, however little it is.
@Suite(.serialized)
struct BuildKernelTests {
  static let levels = [VKLevel.base, .AVX2, .AVX512]

  /// Runs `body` at every level that this processor has.
  private func atEveryLevel(_ body: (VKLevel) -> Void) {
    let best = vk_active_level()
    defer { vk_force_level(best) }
    for level in Self.levels where level.rawValue <= best.rawValue {
      vk_force_level(level)
      body(level)
    }
  }

  @Test(arguments: 0..<40)
  func atLeastAsManyAsWantedAreWithinTheBound(seed: Int) {
    var random = TestSupport.SeededGenerator(seed: UInt64(seed))
    let count = 1 + random.below(300)
    let wanted = 1 + random.below(20)
    // Few values, so that many are equal.
    let range = seed % 2 == 0 ? 12 : 1_000_000
    let dots = (0..<count).map { _ in Int32(random.below(range) - range / 2) }
    let squares = (0..<count).map { _ in Int32(random.below(range)) }
    atEveryLevel { level in
      let bound = vk_least_bound(dots, squares, count, wanted)
      let within = zip(dots, squares).count { $1 - 2 * $0 <= bound }
      #expect(within >= min(wanted, count), "seed \(seed), level \(level), \(wanted) of \(count)")
    }
  }

  @Test(arguments: 0..<60)
  func noLimitFallsBelowTheThirdNearest(seed: Int) {
    var random = TestSupport.SeededGenerator(seed: UInt64(seed))
    let count = 1 + random.below(200)
    let dimension = 3
    let range = seed % 3 == 0 ? 3 : 255
    let points = (0..<count).map { _ in (0..<dimension).map { _ in Int32(random.below(range) - range / 2) } }
    func dot(_ a: Int, _ b: Int) -> Int32 { zip(points[a], points[b]).reduce(0) { $0 + $1.0 * $1.1 } }
    let squares = (0..<count).map { dot($0, $0) }
    func distance(_ a: Int, _ b: Int) -> Int32 { squares[a] + squares[b] - 2 * dot(a, b) }
    let blockRows = 1 + random.below(60)
    let given = (0..<count).map { _ in random.below(4) == 0 ? Int32(random.below(range * range)) : .max }
    atEveryLevel { level in
      var limits = given
      var first = 0
      while first < count {
        let rows = min(blockRows, count - first)
        let columns = count - first
        let dots = (first..<first + rows).flatMap { row in (first..<count).map { dot(row, $0) } }
        _ = vk_lower_limits(dots, squares, first, rows, columns, &limits)
        first += rows
      }
      for point in 0..<count {
        let others = (0..<count).filter { $0 != point }.map { distance(point, $0) }.sorted()
        let third = others.count < 3 ? Int32.max : others[2]
        #expect(
          limits[point] >= min(given[point], third) && limits[point] <= given[point],
          "seed \(seed), level \(level), point \(point) of \(count)")
      }
    }
  }

  @Test(arguments: 0..<20)
  func aValueIsFoundWhereItFirstStands(seed: Int) {
    var random = TestSupport.SeededGenerator(seed: UInt64(seed))
    let values = (0..<72).map { _ in UInt16(random.below(40)) }
    for count in 0...64 {
      for value in 0..<UInt16(42) {
        let place = values.prefix(count).firstIndex(of: value) ?? count
        #expect(vk_place_of(values, count, value) == place, "seed \(seed), \(value) in \(count)")
      }
    }
  }

  @Test(arguments: 0..<20)
  func signsTellWhichNumbersAreLess(seed: Int) {
    var random = TestSupport.SeededGenerator(seed: UInt64(seed))
    for _ in 0..<100 {
      let a = (0..<16).map { _ in Int16(random.below(32_001) - 16_000) }
      let b = a.map { random.below(3) == 0 ? $0 : Int16(random.below(32_001) - 16_000) }
      var bits: UInt32 = 0
      for index in 0..<16 where a[index] < b[index] { bits |= 1 << UInt32(index) }
      #expect(vk_signs_below(a, b) == bits, "seed \(seed)")
    }
  }
}
