package import FileStorage
internal import Quantization
internal import VectorMath

/// An order of rows in which rows that are near each other in space lie near each other.
///
/// Rows are assigned to the nearest of a few of them, each group again, until groups are small; groups that lie side by side
/// follow each other. What a search compares exactly then lies on few pages.
package enum LocalityOrder {
  /// Groups of so many rows are not divided further: that many vectors are read with a few pages anyway.
  private static let groupSize = 16
  /// Rows that are leaders of a division at most.
  private static let mostLeaders = 64

  /// Orders the rows of a segment.
  ///
  /// The same rows and seed give the same order for every number of threads and on every processor.
  ///
  /// - Returns: Row numbers; nil when `memoryLimit` bytes are too few or `isCancelled` says so.
  /// - Throws: For a damaged row.
  /// - Complexity: About 64 integer distances for each row and each of log16(rows / 16) levels.
  package static func order(
    _ vectors: StoredVectors, seed: UInt64, threads: Int, memoryLimit: Int,
    isCancelled: @Sendable () -> Bool = { false }
  ) throws(StorageError) -> [UInt32]? {
    let padded = paddedDimension(vectors.dimension + (vectors.metric == .dot ? 1 : 0))
    let needed = vectors.rows.multipliedReportingOverflow(by: padded + 24)
    guard !needed.overflow, needed.partialValue <= memoryLimit, vectors.rows < Int(Int32.max) else {
      return nil
    }
    guard vectors.rows > groupSize else { return (0..<vectors.rows).map { UInt32($0) } }
    var parameters = GraphParameters()
    parameters.seed = seed
    let rows = try GraphAssembly(
      source: vectors.source, metric: vectors.metric, parameters: parameters, threads: threads
    ).encode()
    if isCancelled() { return nil }
    let points = unsafe GraphPoints(
      count: vectors.rows, dimension: rows.frame.paddedDimension, codes: UnsafePointer(rows.codes.base),
      squares: UnsafePointer(rows.squares.base), owner: OrderedMemory(rows.codes, rows.squares))
    var order: [UInt32] = []
    order.reserveCapacity(vectors.rows)
    // Groups that wait, the next one last.
    var waiting: [[UInt32]] = [(0..<vectors.rows).map { UInt32($0) }]
    while let group = waiting.popLast() {
      if isCancelled() { return nil }
      guard group.count > groupSize, let parts = divide(group, points, seed: seed) else {
        order += group
        continue
      }
      waiting += parts.reversed()
    }
    return order
  }

  /// Divides a group; nil when all rows have the same leader, as equal rows have.
  private static func divide(_ group: [UInt32], _ points: GraphPoints, seed: UInt64) -> [[UInt32]]? {
    let wanted = min(mostLeaders, max(2, group.count / groupSize))
    let chosen = Partition.chooseLeaders(group[...], count: group.count, wanted: wanted, key: seed)
    let leaders = LeaderSet(Partition.tour(chosen, points), points)
    var parts = [[UInt32]](repeating: [], count: leaders.count)
    let products = WorkArray<Int32>(count: leaders.count, repeating: 0)
    let nearest = WorkArray<UInt32>(count: 1, repeating: 0)
    for point in group {
      unsafe leaders.nearest(
        1, codes: points.code(Int(point)), count: 1, products: products, into: nearest.base)
      parts[Int(nearest[0])].append(point)
    }
    parts.removeAll(where: \.isEmpty)
    return parts.count > 1 ? parts : nil
  }
}

/// Keeps the memory of codes alive.
private final class OrderedMemory: Sendable {
  private let codes: WorkArray<Int8>
  private let squares: WorkArray<Int32>

  init(_ codes: WorkArray<Int8>, _ squares: WorkArray<Int32>) {
    self.codes = codes
    self.squares = squares
  }
}
