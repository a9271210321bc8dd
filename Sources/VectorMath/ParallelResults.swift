internal import Synchronization

/// The results of the blocks of a `ParallelLoop`, in the order of the blocks.
package final class ParallelResults<Result: Sendable>: Sendable {
  private let results: Mutex<[Result?]>

  /// Room for `blocks` results.
  package init(_ blocks: Int) { results = Mutex([Result?](repeating: nil, count: blocks)) }

  /// Keeps the result of a block; for each block once.
  package func set(_ block: Int, _ result: Result) { results.withLock { $0[block] = result } }

  /// The results of all blocks that have one.
  package var all: [Result] { results.withLock { $0 }.compactMap { $0 } }
}
