import CVectorKernels
import Testing
import VectorMath

/// The pool of candidates of a walk against a sorted array, at every level.
@Suite(.serialized) struct PoolKernelTests {
  /// What offers do, one after the other.
  private func model(
    _ keys: inout [UInt64], capacity: Int, _ offers: [(Float, UInt32)], rank: Int, least: Int, slack: Float
  ) -> Int {
    var first = Int.max
    var reach = UInt64.max
    if slack < .infinity, keys.count >= max(least, rank + 1) {
      let far = Float(bitPattern: UInt32(keys[rank] >> 32)) * slack
      reach = max(UInt64(far.bitPattern) << 32 | 0xFFFF_FFFF, keys[least - 1])
    }
    for (distance, node) in offers {
      let key = UInt64((distance > 0 ? distance : 0).bitPattern) << 32 | UInt64(node) << 1
      guard key < reach else { continue }
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
        let rank = Int(random.next() % UInt64(capacity))
        let least = rank + 1 + Int(random.next() % UInt64(capacity - rank))
        let slack: Float = [1, 1.05, 1.5, .infinity][Int(random.next() % 4)]
        var pool = vk_pool(
          keys: keys, count: 0, capacity: capacity, rank: rank, least: least, slack: slack)
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
          let expectedFirst = model(
            &expected, capacity: capacity, offers, rank: rank, least: least, slack: slack)
          #expect((first > capacity ? Int.max : first) == expectedFirst, "\(level), seed \(seed)")
          #expect((0..<pool.count).map { keys[$0] } == expected, "\(level), seed \(seed)")
        }
      }
    }
  }
}
