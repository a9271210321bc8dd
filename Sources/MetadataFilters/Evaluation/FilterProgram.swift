package import FileStorage
package import VectorMath
import Synchronization

/// A filter made ready for one segment.
///
/// Safe to use from several threads, though one evaluation after the other fills in the explanation.
package final class FilterProgram: Sendable {
  /// Rows of the segment.
  package let rows: Int
  let root: PlanNode
  let leafCount: Int
  let predicateCount: Int
  let source: any FilterRowSource
  let idType: IDType
  let options: FilterEvaluationOptions
  private let counted: Mutex<[PredicateCounts]>

  /// Plans a filter for a segment.
  ///
  /// `columns`: The segment's columns; only those that the filter needs will be opened.
  /// `source`: Its rows, for what columns do not tell.
  package init(
    _ filter: BoundFilter, columns: ColumnSet, source: any FilterRowSource, idType: IDType,
    options: FilterEvaluationOptions = FilterEvaluationOptions()
  ) throws(StorageError) {
    var planner = FilterPlanner(columns, source, idType, options)
    root = try planner.plan(filter)
    root.expect(1)
    rows = columns.rows
    leafCount = planner.leafCount
    predicateCount = planner.predicateCount
    self.source = source
    self.idType = idType
    self.options = options
    counted = Mutex([PredicateCounts](repeating: PredicateCounts(), count: planner.predicateCount))
  }

  /// What each predicate has looked at and left so far, by its number.
  package var counts: [PredicateCounts] { counted.withLock { $0 } }

  /// The rows among `candidates` that match.
  ///
  /// `isCancelled` is asked now and then; true ends the evaluation with nil.
  ///
  /// - Throws: `.corruption` when a column or a row that is needed is damaged.
  package func evaluate(
    among candidates: RowSet, isCancelled: @Sendable () -> Bool = { false }
  ) throws(StorageError) -> RowSet? {
    precondition(candidates.rowCount == rows, "candidates of another segment")
    if case .constant(let value) = root.kind { return value ? candidates : RowSet(count: rows) }
    let blocks = RowBlocks.count(rows)
    let words = RowSet(count: rows).wordCount
    // Threads cost more than they give for few rows.
    let threads = blocks >= Self.blocksForThreads ? options.threads : 1
    let parts = threads == 1 ? min(1, blocks) : min(blocks, threads * 8)
    let results = Mutex([[UInt64]?](repeating: nil, count: parts))
    let wasCancelled = Mutex(false)
    try ParallelLoop.run(blocks: parts, threads: threads) { (part) throws(StorageError) in
      var evaluator = BlockEvaluator(self)
      let range = blocks * part / parts..<blocks * (part + 1) / parts
      var result: [UInt64] = []
      result.reserveCapacity(range.count * RowBlocks.words)
      for block in range {
        if isCancelled() {
          wasCancelled.withLock { $0 = true }
          return
        }
        let found = try evaluator.evaluate(block, among: candidates)
        result.append(contentsOf: found.prefix(words - block * RowBlocks.words))
      }
      let done = result
      results.withLock { $0[part] = done }
      counted.withLock { counted in
        for index in counted.indices { counted[index].add(evaluator.counts[index]) }
      }
    }
    if wasCancelled.withLock({ $0 }) { return nil }
    var all: [UInt64] = []
    all.reserveCapacity(words)
    results.withLock { for part in $0 { all.append(contentsOf: part ?? []) } }
    // Every part has its words: the sum is that of the segment.
    return RowSet(words: all, count: rows)
  }

  /// Blocks from which on threads are started: about four million rows.
  private static let blocksForThreads = 512
}

/// How many rows a predicate looked at, left, and had to read.
package struct PredicateCounts: Equatable, Sendable {
  /// Rows that came to it.
  package var looked = 0
  /// Rows of those that satisfy it.
  package var left = 0
  /// Rows whose metadata was read.
  package var read = 0

  mutating func add(_ other: PredicateCounts) {
    looked += other.looked
    left += other.left
    read += other.read
  }
}

extension PlanNode {
  /// Tells every column scan which share of the rows is likely to come to it.
  func expect(_ share: Double) {
    switch kind {
    case .constant: return
    case .and(let parts):
      var share = share
      for part in parts {
        part.expect(share)
        share *= part.share
      }
    case .or(let parts):
      var share = share
      for part in parts {
        part.expect(share)
        share *= 1 - part.share
      }
    case .not(let part), .predicate(_, let part): part.expect(share)
    case .leaf(let leaf):
      for case .column(let scan) in leaf.sources { scan.expect(share) }
    }
  }
}
