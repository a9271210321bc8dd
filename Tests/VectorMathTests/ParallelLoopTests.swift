import Synchronization
import Testing
import VectorMath

@Suite struct ParallelLoopTests {
  struct Failed: Error, Equatable { let block: Int }

  @Test(arguments: [0, 1, 2, 3, 7, 100, 1000], [-1, 0, 1, 2, 3, 16])
  func everyBlockRunsOnceForAnyNumberOfThreads(blocks: Int, threads: Int) {
    let seen = Mutex([Int](repeating: 0, count: blocks))
    let workers = Mutex<Set<Int>>([])
    ParallelLoop.run(blocks: blocks, threads: threads) { block, worker in
      seen.withLock { $0[block] += 1 }
      workers.withLock { _ = $0.insert(worker) }
    }
    #expect(seen.withLock { $0.allSatisfy { $0 == 1 } })
    #expect(workers.withLock { $0.allSatisfy { $0 >= 0 && $0 < max(1, min(threads, blocks)) } })
  }

  @Test(arguments: [1, 2, 3, 16])
  func theFirstFailingBlockIsReported(threads: Int) {
    for first in [0, 1, 50, 99] {
      let ran = Mutex<Set<Int>>([])
      #expect(throws: Failed(block: first)) {
        try ParallelLoop.run(
          blocks: 100, threads: threads,
          throwing: { block throws(Failed) in
            ran.withLock { _ = $0.insert(block) }
            if block >= first { throw Failed(block: block) }
          })
      }
      #expect(ran.withLock { $0.isSuperset(of: 0...first) })
    }
  }

  @Test func nothingIsThrownWhenNothingFails() throws {
    let sum = Atomic<Int>(0)
    try ParallelLoop.run(
      blocks: 100, threads: 4,
      throwing: { block throws(Failed) in
        sum.wrappingAdd(block, ordering: .relaxed)
      })
    #expect(sum.load(ordering: .relaxed) == 4950)
  }

  @Test func splitResultsDoNotDependOnTheNumberOfThreads() {
    var random = VectorMath.SeededGenerator(seed: 61)
    let floats = (0..<100_000).map { _ in random.nextUnitFloat() }
    let results = [1, 2, 5, 16].map { threads in
      let sums = Mutex([Float](repeating: 0, count: 100))
      ParallelLoop.run(blocks: 100, threads: threads) { block in
        let sum = floats[block * 1000..<block * 1000 + 1000].reduce(0, +)
        sums.withLock { $0[block] = sum }
      }
      return sums.withLock { $0.reduce(0, +).bitPattern }
    }
    #expect(results.allSatisfy { $0 == results[0] })
  }
}
