import TestSupport
import Testing
import VectorIndexes

/// The lemma that lets threads offer candidates in any order.
struct ReservoirTests {
  @Test(arguments: 0..<60)
  func whatIsKeptDoesNotDependOnTheOrderOfOffers(seed: Int) {
    var random = TestSupport.SeededGenerator(seed: UInt64(seed))
    let sample = SamplePoints(SampleShape.allCases[seed % 8].rows(300, seed: UInt64(seed)))
    let sketches = Sketches(sample.points, seed: UInt64(seed), threads: 1)
    let capacity = [1, 2, 5, 16, 64][seed % 5]
    // Few distances, so that ties are common; every offer several times.
    var offers = (1..<300).map { (UInt32($0), UInt32(random.below(40))) }
    offers += offers.prefix(150)
    // What the lemma says: of each side the least, of these the `capacity` least.
    var least: [UInt16: UInt64] = [:]
    for (candidate, distance) in offers {
      let entry = UInt64(distance) << 32 | UInt64(candidate)
      let side = sketches.side(of: candidate, from: 0)
      least[side] = min(least[side] ?? .max, entry)
    }
    let expected = Array(least.values.sorted().prefix(capacity))
    for _ in 0..<6 {
      offers.shuffle(using: &random)
      let reservoirs = Reservoirs(
        range: 0..<300, capacity: capacity, sketches: sketches, isShared: seed % 2 == 0)
      for (candidate, distance) in offers { reservoirs.offer(candidate, to: 0, distance: distance) }
      var kept: [UInt64] = []
      reservoirs.sorted(0, into: &kept)
      #expect(kept == expected, "seed \(seed), capacity \(capacity)")
    }
  }

  @Test func offersToOtherPointsAreIgnored() {
    let sample = SamplePoints(SampleShape.noise.rows(50, seed: 1))
    let sketches = Sketches(sample.points, seed: 1, threads: 1)
    let reservoirs = Reservoirs(range: 10..<20, capacity: 8, sketches: sketches, isShared: false)
    reservoirs.offer(1, to: 9, distance: 5)
    reservoirs.offer(1, to: 20, distance: 5)
    reservoirs.offer(1, to: 19, distance: 5)
    var kept: [UInt64] = []
    for point in 10..<20 {
      reservoirs.sorted(point, into: &kept)
      #expect(kept.count == (point == 19 ? 1 : 0))
    }
  }
}
