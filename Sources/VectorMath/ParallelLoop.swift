internal import Dispatch
internal import Synchronization

/// Runs the blocks of a piece of work on several threads.
///
/// Threads take the next block from a shared counter, so blocks may differ in cost. A result must depend on its block alone,
/// never on the thread or on the order, so that it is the same for every number of threads. With one thread, or one block,
/// everything runs in the caller, in order, and no thread is started.
package enum ParallelLoop {
  /// Calls `body` once for each block, 0..<blocks, on at most `threads` threads; returns when all are done.
  package static func run(blocks: Int, threads: Int, _ body: @Sendable (Int) -> Void) {
    run(blocks: blocks, threads: threads) { block, _ in body(block) }
  }

  /// The same, also telling which worker runs the block: 0..<min(threads, blocks), each for one block at a time.
  ///
  /// For scratch memory of a worker.
  package static func run(blocks: Int, threads: Int, _ body: @Sendable (_ block: Int, _ worker: Int) -> Void)
  {
    let workers = min(threads, blocks)
    guard workers > 1 else {
      for block in 0..<max(0, blocks) { body(block, 0) }
      return
    }
    let next = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: workers) { worker in
      while true {
        let block = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard block < blocks else { return }
        body(block, worker)
      }
    }
  }

  /// Calls `body` once for each block until one throws; then throws the error of the first block, by number, that failed.
  ///
  /// Every block before that one has run; of those behind it, some may have.
  package static func run<Failure: Error>(
    blocks: Int, threads: Int, throwing body: @Sendable (Int) throws(Failure) -> Void
  ) throws(Failure) {
    let first = Mutex<(block: Int, error: Failure)?>(nil)
    let hasFailed = Atomic<Bool>(false)
    run(blocks: blocks, threads: threads) { block, _ in
      // Blocks are handed out in order: none before a failed one is still to come.
      guard !hasFailed.load(ordering: .acquiring) else { return }
      do throws(Failure) {
        try body(block)
      } catch {
        first.withLock { known in
          if let found = known, found.block < block { return }
          known = (block, error)
        }
        hasFailed.store(true, ordering: .releasing)
      }
    }
    if let failure = first.withLock({ $0 }) { throw failure.error }
  }
}
