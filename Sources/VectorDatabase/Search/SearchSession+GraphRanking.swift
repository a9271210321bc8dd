import FileStorage
import Quantization
import VectorIndexes
import VectorMath

/// From the candidates of a walk to the ranking.
extension SearchSession {
  /// Rows beyond those that are wanted whose vectors are asked for before it is known whether they matter.
  private static let sparePrefetches = 2

  /// Takes a query whose walk has ended one stage further; true when it is answered.
  @discardableResult
  func goOn(
    _ stage: GraphWorker.Stage, _ slot: Int, _ pass: GraphPass, _ worker: GraphWorker,
    _ unfinished: inout [Int]
  ) throws(StorageError) -> Bool {
    let walk = worker.walks[slot]
    let rows = pass.nodeRows
    let first = min(walk.candidateCount, capacity + (pass.isCold ? capacity : Self.sparePrefetches))
    switch stage {
    case .walk, .rows:
      for place in 0..<first {
        let node = walk.candidate(place).node
        if pass.isCold { pass.use.index.askRows(of: node) } else { rows.prefetchRow(at: node) }
      }
      worker.stages[slot] = .vectors
      return false
    case .vectors:
      for place in 0..<first {
        // A block that was not checked may say anything: that is found out before the row is used.
        guard let first = rows.places(of: walk.candidate(place).node).first else { continue }
        pass.prefetchVector(rows.row(at: first))
      }
      worker.stages[slot] = .distances
      return false
    case .distances:
      worker.work.scanned += walk.work.estimates
      worker.work.hops += walk.work.hops
      worker.work.bytes += walk.work.hops * pass.listBytes
      worker.work.bytes += walk.work.estimates * pass.recordBytes
      let query = worker.queries[slot]
      if try !rank(query, walk, pass, worker) { unfinished.append(query) }
      return true
    }
  }

  /// Computes the exact distance of the candidates whose bounds let them matter, nearest estimates first.
  ///
  /// - Returns: False, and nothing is ranked, when fewer rows were found than there are.
  private func rank(
    _ query: Int, _ walk: GraphWalk, _ pass: GraphPass, _ worker: GraphWorker
  ) throws(StorageError) -> Bool {
    guard try hasEnough(walk, pass), let vectors = unsafe queries else { return false }
    let index = pass.use.index
    let rows = pass.nodeRows
    let state = state(query)
    let squares = scans[query].querySquares
    let vector = unsafe vectors + query * settings.dimension
    let base = UInt64(pass.segment) << 32
    let most = min(state.bounds.threshold, pass.most)
    let (metric, elementType, dimension) = (settings.metric, settings.elementType, settings.dimension)
    var scored = 0
    func score(_ row: UInt32) throws(StorageError) {
      let bytes = unsafe try pass.stored.vectors(Int(row)..<Int(row) + 1)
      guard let address = bytes.baseAddress, bytes.count == pass.stride else { return }
      scored += 1
      let distance = unsafe ExactDistance.distance(
        metric: metric, query: vector, querySquares: squares, row: address, elementType: elementType,
        dimension: dimension)
      if pass.isPlain {
        if distance <= state.best.threshold {
          state.best.insert(distance, base | UInt64(row)) { self.precedes($0, $1) }
        }
        return
      }
      do throws(DatabaseError) { try offer(distance, base | UInt64(row), to: state) } catch { fail(error) }
    }
    let frame = index.frame
    var limit = Float.infinity
    var squaredLimit = Float.infinity
    for place in 0..<walk.candidateCount {
      let now = min(most, state.best.threshold)
      if now < limit {
        limit = now
        // A little more, for what is rounded on the way.
        let squared = frame.squaredDistance(of: limit, querySquares: squares)
        squaredLimit = squared + squared.magnitude * 1e-4
      }
      guard walk.mayReach(place, squaredLimit) else { continue }
      let node = walk.candidate(place).node
      for place in pass.isChecked ? rows.places(of: node) : try index.checkedPlaces(of: node) {
        try score(rows.row(at: place))
      }
    }
    // Rows that are in no node. A zero vector has distance 1 from everything.
    for row in pass.loose {
      if settings.metric == .cosine, state.best.threshold < 1 { break }
      try score(row)
    }
    worker.work.scored += scored
    worker.work.bytes += scored * pass.stride
    return true
  }

  /// Whether the candidates of a walk stand for as many rows as are wanted, or for all that there are.
  private func hasEnough(_ walk: GraphWalk, _ pass: GraphPass) throws(StorageError) -> Bool {
    let isExcludedHere = excludedCode.map { $0 >> 32 == UInt64(pass.segment) } == true
    let needed = min(capacity, pass.stored.rows - (isExcludedHere ? 1 : 0))
    // Each candidate has a row.
    if walk.candidateCount - (isExcludedHere ? 1 : 0) >= needed { return true }
    var found = pass.loose.count
    for place in 0..<walk.candidateCount {
      for place in try pass.use.index.checkedPlaces(of: walk.candidate(place).node) {
        let row = pass.nodeRows.row(at: place)
        if UInt64(pass.segment) << 32 | UInt64(row) == excludedCode { continue }
        found += 1
      }
    }
    return found >= needed
  }
}
