import CVectorKernels
import Testing
import VectorMath

/// The pool of candidates of a walk against a sorted array, at every level.
@Suite(.serialized) struct PoolKernelTests {
  /// What offers do, one after the other.
  private func model(_ keys: inout [UInt64], capacity: Int, _ offers: [(Float, UInt32)]) -> Int {
    var first = Int.max
    for (distance, node) in offers {
      let key = UInt64((distance > 0 ? distance : 0).bitPattern) << 32 | UInt64(node) << 1
      if keys.count == capacity {
        guard let last = keys.last, key < last else { continue }
        keys.removeLast()
      }
      let place = keys.count { $0 < key }
      keys.insert(key, at: place)
      first = min(first, place)
    }
    return first
  }

  @Test(arguments: [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 64, 100, 300])
  func offersGoWhereTheyBelong(capacity: Int) {
    let best = vk_active_level()
    defer { vk_force_level(best) }
    for level in [VKLevel.base, .AVX2, best] where vk_kernels_at(level) != nil {
      vk_force_level(level)
      let seed = UInt64(capacity)
      var random = VectorMath.SeededGenerator(seed: seed)
      for _ in 0..<20 {
        let keys = UnsafeMutablePointer<UInt64>.allocate(capacity: capacity + 16)
        keys.initialize(repeating: .max, count: capacity + 16)
        defer { keys.deallocate() }
        var pool = vk_pool(keys: keys, count: 0, capacity: capacity)
        var expected: [UInt64] = []
        for round in 0..<30 {
          let offers = (0..<Int(random.next() % (round == 3 ? 129 : 40))).map { _ -> (Float, UInt32) in
            let kind = random.next() % 50
            let distance: Float =
              kind == 0 ? -1 : kind == 1 ? .nan : kind == 2 ? .infinity : Float(random.next() % 500) / 16
            return (distance, UInt32(random.next() % (1 << 31)))
          }
          let first = vk_pool_offer(
            &pool, offers.map(\.0) + [0], offers.map(\.1) + [0], offers.count)
          let expectedFirst = model(&expected, capacity: capacity, offers)
          #expect((first > capacity ? Int.max : first) == expectedFirst, "\(level), seed \(seed)")
          #expect((0..<pool.count).map { keys[$0] } == expected, "\(level), seed \(seed)")
        }
      }
    }
  }
}
