internal import VectorMath

/// What a build is doing.
package enum GraphPhase: String, CaseIterable, Sendable {
  /// Assigning points to leaders.
  case partition
  /// Computing distances within leaves.
  case join
  /// Choosing neighbours among candidates.
  case prune
  /// Filling lists, making every node reachable, ordering nodes.
  case connect
}

/// Hears of the progress of a build and may end it.
///
/// Called from any thread.
package struct GraphProgress: Sendable {
  /// Told the phase and how much of it is done: `done` of `total` steps.
  package var report: @Sendable (_ phase: GraphPhase, _ done: Int, _ total: Int) -> Void
  /// Asked often; true ends the build.
  package var isCancelled: @Sendable () -> Bool

  /// Progress that nobody listens to.
  package init(
    report: @escaping @Sendable (_ phase: GraphPhase, _ done: Int, _ total: Int) -> Void = { _, _, _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    self.report = report
    self.isCancelled = isCancelled
  }
}

/// A build that was ended before it was done.
package struct GraphBuildCancelled: Error {
  package init() {}
}

/// Joins points to a navigable graph.
///
/// The steps: carve the points into overlapping cells down to leaves; join each point to the nearest of its leaf; keep for each the
/// best candidates on every side; prune; fill; make everything reachable; renumber so that neighbours lie near each other.
/// All decisions are made in exact integers with ties by number: the same points and parameters give the same graph for
/// every number of threads, every instruction set and every memory limit.
///
/// - Source: Rubel et al. 2026, PiPNN; Subramanya et al. 2019, DiskANN (pruning).
package struct GraphBuilder: Sendable {
  private let points: GraphPoints
  private let parameters: GraphParameters
  private let threads: Int
  private let memoryLimit: Int?
  private let copiedBytes: Int
  private let progress: GraphProgress
  private let silent: [Bool]?

  /// Prepares a build.
  ///
  /// - Parameters:
  ///   - points: What to join; no two codes should be identical (`CodeGroups` sees to that).
  ///   - parameters: How.
  ///   - threads: Threads used.
  ///   - memoryLimit: Bytes that working memory beyond the codes should not exceed: with less, candidates are gathered in several
  ///     passes. What one pass over a small part and the graph itself need is taken in any case.
  ///   - copiedBytes: Each thread copies the codes of the cell that it works on, when they take no more bytes.
  ///   - silent: Points that will be queries when the graph is measured, each hidden from its own search; nil for none. They must
  ///     leave no traces: no other candidate falls for them, and no list is filled by way of theirs. Otherwise such a search
  ///     would find less, or more, than one for a point that the graph has never seen.
  ///   - progress: Who hears of it.
  package init(
    _ points: GraphPoints, _ parameters: GraphParameters, threads: Int, memoryLimit: Int? = nil,
    copiedBytes: Int = 8 << 20, silent: [Bool]? = nil, progress: GraphProgress = GraphProgress()
  ) {
    self.points = points
    self.parameters = parameters
    self.threads = max(1, threads)
    self.memoryLimit = memoryLimit
    self.copiedBytes = copiedBytes
    self.silent = silent
    self.progress = progress
  }

  /// Bytes that a build of so many points takes beside their codes when it is done in one pass.
  package static func memoryInOnePass(count: Int, _ parameters: GraphParameters) -> Int {
    count * (fixedBytes(parameters) + Reservoirs.bytes(capacity: parameters.reservoirCapacity))
  }

  /// Bytes that a build of so many points takes beside their codes in the greatest number of passes.
  package static func leastMemory(count: Int, _ parameters: GraphParameters) -> Int {
    count * fixedBytes(parameters)
      + min(count, 4096) * Reservoirs.bytes(capacity: parameters.reservoirCapacity)
  }

  /// Bytes for each point that every build needs: lists, cells, sketches, order.
  private static func fixedBytes(_ parameters: GraphParameters) -> Int {
    2 * 4 * parameters.maximumNeighbors + 8 * parameters.fanout[0] + 32 + 8 + 8 + 1
  }

  /// Builds the graph.
  ///
  /// - Throws: When `progress` asked for an end.
  package func build() throws(GraphBuildCancelled) -> Graph {
    let count = points.count
    guard count > 0 else { return Graph(count: 0, maximumNeighbors: parameters.maximumNeighbors) }
    progress.report(.partition, 0, 1)
    let sketches = Sketches(points, seed: parameters.seed, threads: threads, silent: silent)
    let partition = Partition(points, parameters, threads: threads)
    progress.report(.partition, 1, 1)
    let lists = NeighborLists(count: count, capacity: parameters.maximumNeighbors)
    let homes = WorkArray<UInt64>(count: count, repeating: .max)
    try select(partition, sketches, lists, homes)
    return finish(lists, homes: homes)
  }

  /// Fills free places of the lists, makes everything reachable and orders the nodes.
  ///
  /// `lists`: The neighbours of at least one point. `homes`: For each point what decides its place, with its number in the lower
  /// 31 bits.
  func finish(_ lists: NeighborLists, homes: WorkArray<UInt64>) -> Graph {
    progress.report(.connect, 0, 3)
    fill(lists)
    progress.report(.connect, 1, 3)
    var leaders = chooseRouterLeaders()
    let apart = Connectivity.connect(points, lists, start: Int(leaders[0]), leaders: leaders)
    let known = Set(leaders)
    leaders += apart.filter { !known.contains($0) }.prefix(max(0, GraphRouter.maximumLeaders - leaders.count))
    progress.report(.connect, 2, 3)
    let graph = Graph(lists, homes: homes, leaders: leaders, threads: threads)
    progress.report(.connect, 3, 3)
    return graph
  }

  /// Gathers candidates and prunes them, in as many passes over parts of the points as memory demands.
  private func select(
    _ partition: Partition, _ sketches: Sketches, _ lists: NeighborLists, _ homes: WorkArray<UInt64>
  ) throws(GraphBuildCancelled) {
    let count = points.count
    let each = Reservoirs.bytes(capacity: parameters.reservoirCapacity)
    var perPass = count
    if let memoryLimit {
      let left = memoryLimit - count * Self.fixedBytes(parameters)
      perPass = max(min(count, 4096), min(count, left / each))
    }
    let passes = (count + perPass - 1) / perPass
    let lonely = WorkArray<Bool>(count: count, repeating: false)
    var lonelyCount = 0
    // With several passes what all points have gathered is only known after a first round of them.
    for round in (passes > 1 ? 0 : 1)..<2 {
      for pass in 0..<passes {
        let range = count * pass / passes..<count * (pass + 1) / passes
        let reservoirs = Reservoirs(
          range: range, capacity: parameters.reservoirCapacity, sketches: sketches, isShared: threads > 1)
        let isFirst = pass == 0 && round == (passes > 1 ? 0 : 1)
        try join(
          partition, sketches, reservoirs, homes: isFirst ? homes : nil, lonely: nil,
          step: round * passes + pass,
          of: 2 * passes)
        if round == 0 || passes == 1 { lonelyCount += note(lonely, reservoirs) }
        if round == 0 { continue }
        if lonelyCount * Self.lonelyShare > count {
          try join(
            partition, sketches, reservoirs, homes: nil, lonely: lonely, step: round * passes + pass,
            of: 2 * passes)
        }
        try prune(reservoirs, into: lists)
      }
    }
  }

  /// Where more than one point in so many has gathered too few candidates, those get more.
  private static let lonelyShare = 10

  /// Notes the points that have gathered candidates for less than half of their list; gives their number.
  ///
  /// They lie in groups so small and dense that all their nearest are in it: no edge would lead out.
  private func note(_ lonely: WorkArray<Bool>, _ reservoirs: Reservoirs) -> Int {
    var found = 0
    for point in reservoirs.range where 2 * reservoirs.count(point) < parameters.maximumNeighbors {
      lonely[point] = true
      found += 1
    }
    return found
  }

  /// Works through all cells once.
  private func join(
    _ partition: Partition, _ sketches: Sketches, _ reservoirs: Reservoirs, homes: WorkArray<UInt64>?,
    lonely: WorkArray<Bool>?,
    step: Int, of steps: Int
  ) throws(GraphBuildCancelled) {
    let cells = partition.leaders.count
    let workers = (0..<min(threads, cells)).map { _ in
      SingleOwner(
        CellWork(
          points, parameters, sketches, reservoirs, homes: homes, lonely: lonely, copiedBytes: copiedBytes))
    }
    let counter = ProgressCounter()
    ParallelLoop.run(blocks: cells, threads: threads) { cell, worker in
      if progress.isCancelled() { return }
      workers[worker].value.run(cell, of: partition)
      progress.report(.join, step * cells + counter.next(), steps * cells)
    }
    if progress.isCancelled() { throw GraphBuildCancelled() }
  }

  /// Chooses the neighbours of the points of a range.
  private func prune(
    _ reservoirs: Reservoirs, into lists: NeighborLists
  ) throws(GraphBuildCancelled) {
    let range = reservoirs.range
    let blocks = (range.count + 255) / 256
    let selections = (0..<min(threads, blocks)).map { _ in
      SingleOwner(NeighborSelection(points, room: parameters.reservoirCapacity))
    }
    ParallelLoop.run(blocks: blocks, threads: threads) { block, worker in
      if progress.isCancelled() { return }
      let first = range.lowerBound + block * 256
      for node in first..<min(first + 256, range.upperBound) {
        selections[worker].value.prune(node, reservoirs, into: lists, silent: silent)
      }
      progress.report(.prune, min(first + 256, points.count), points.count)
    }
    if progress.isCancelled() { throw GraphBuildCancelled() }
  }

  private func fill(_ lists: NeighborLists) {
    let degrees = WorkArray<UInt8>(count: lists.count, repeating: 0)
    unsafe degrees.base.update(from: lists.degrees.base, count: lists.count)
    let blocks = (lists.count + 255) / 256
    let selections = (0..<min(threads, blocks)).map { _ in
      SingleOwner(NeighborSelection(points, room: parameters.reservoirCapacity))
    }
    ParallelLoop.run(blocks: blocks, threads: threads) { block, worker in
      for node in block * 256..<min((block + 1) * 256, lists.count) {
        selections[worker].value.fill(node, lists, degrees: degrees, silent: silent)
      }
    }
  }

  /// Nodes at which searches begin: a random sample, about one in 64.
  private func chooseRouterLeaders() -> [UInt32] {
    let count = points.count
    let most = count >= 10_000_000 ? 4096 : 1024
    let wanted = max(1, min(most, count / 64))
    return Partition.chooseLeaders(nil, count: count, wanted: wanted, key: parameters.seed)
  }
}

/// Something that one worker of a parallel loop uses, and no other at the same time.
struct SingleOwner<Value>: @unchecked Sendable {
  /// What only the owner may touch.
  let value: Value

  init(_ value: Value) { self.value = value }
}
