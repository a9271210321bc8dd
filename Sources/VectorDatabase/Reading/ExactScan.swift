import FileStorage
import MetadataFilters
import VectorMath
internal import Synchronization

/// One pass over all live rows for a few queries at once.
///
/// A fast float pass gives each row a lower bound; the exact distance is computed only where the bound does not exceed the
/// distance of the k-th best row so far. So the answer is that of a brute-force scan in double.
struct ExactScan: Sendable {
  /// Queries that share one pass: their vectors stay in the first-level cache while a block of rows is read once.
  static let queriesAtOnce = 16
  /// About as many bytes of rows as fit a second-level cache beside the queries.
  private static let blockBytes = 192 << 10
  /// Of a block with fewer wanted rows than one in this many, only those are read.
  private static let sparseShare = 4

  private let snapshot: Snapshot
  private let request: SearchRequest
  private let settings: CollectionSettings
  private let capacity: Int
  private let excludedCode: UInt64?

  init(_ snapshot: Snapshot, _ request: SearchRequest) {
    self.snapshot = snapshot
    self.request = request
    settings = snapshot.collection.settings
    excludedCode = request.excluded.map { Self.code($0) }
    if let k = request.k {
      let (sum, overflow) = k.addingReportingOverflow(request.offset)
      capacity = overflow ? Int.max : sum
    } else {
      capacity = Int.max
    }
  }

  /// A contiguous part of the rows: of one segment, or of the tail.
  private struct Chunk: Sendable {
    let segment: Int?
    let rows: Range<Int>
  }

  private struct Outcome: Sendable {
    var best: [TopK]
    var work = SearchWork()
    var failure: DatabaseError?
  }

  /// Answers `count` queries.
  func run(_ queries: [Float], count: Int) throws(DatabaseError) -> ([[SearchHit]], SearchWork) {
    let chunks = makeChunks()
    let merged = Mutex(Outcome(best: (0..<count).map { _ in TopK(capacity: capacity) }))
    ParallelLoop.run(blocks: chunks.count, threads: request.threads) { index in
      let outcome = scan(chunks[index], queries, count: count)
      merged.withLock { all in
        if let failure = outcome.failure { all.failure = all.failure ?? failure }
        all.work.add(outcome.work)
        var failure = all.failure
        for query in 0..<count {
          all.best[query].merge(outcome.best[query]) { precedes($0, $1, &failure) }
        }
        all.failure = failure
      }
    }
    let outcome = merged.withLock { $0 }
    if let failure = outcome.failure { throw failure }
    var answers: [[SearchHit]] = []
    answers.reserveCapacity(count)
    var failure: DatabaseError?
    for query in 0..<count {
      let sorted = outcome.best[query].sorted { precedes($0, $1, &failure) }
      var hits: [SearchHit] = []
      hits.reserveCapacity(max(0, sorted.count - request.offset))
      for candidate in sorted.dropFirst(request.offset) {
        let location = Self.location(candidate.row)
        hits.append(
          SearchHit(location: location, distance: candidate.distance, id: try snapshot.state.id(at: location))
        )
      }
      answers.append(hits)
    }
    if let failure { throw failure }
    return (answers, outcome.work)
  }

  private func makeChunks() -> [Chunk] {
    var chunks: [Chunk] = []
    let state = snapshot.state
    for (index, live) in state.segments.enumerated() where live.liveCount > 0 {
      let parts = request.threads == 1 ? 1 : max(1, min(request.threads * 4, live.segment.rows / 1024))
      for part in 0..<parts {
        let rows = (live.segment.rows * part / parts)..<(live.segment.rows * (part + 1) / parts)
        if !rows.isEmpty { chunks.append(Chunk(segment: index, rows: rows)) }
      }
    }
    if state.tail.liveCount > 0 { chunks.append(Chunk(segment: nil, rows: 0..<state.tail.entries.count)) }
    return chunks
  }

  private func scan(_ chunk: Chunk, _ queries: [Float], count: Int) -> Outcome {
    var outcome = Outcome(best: (0..<count).map { _ in TopK(capacity: capacity) })
    do throws(DatabaseError) {
      if let segment = chunk.segment {
        try scan(segment: segment, chunk.rows, queries, count: count, &outcome)
      } else {
        try scanTail(chunk.rows, queries, count: count, &outcome)
      }
    } catch {
      outcome.failure = error
    }
    return outcome
  }

  private func scan(
    segment index: Int, _ rows: Range<Int>, _ queries: [Float], count: Int, _ outcome: inout Outcome
  ) throws(DatabaseError) {
    let live = snapshot.state.segments[index]
    let segment = live.segment
    let dimension = settings.dimension
    let stride = snapshot.collection.identity.vectorBytes
    let blockRows = max(1, min(4096, Self.blockBytes / stride))
    let wanted = request.filter.map { $0.segments[index] }
    let hasDead = !live.dead.isEmpty
    var bounds = [Float](repeating: 0, count: blockRows)
    var scratch = [Float](repeating: 0, count: blockRows)
    let scans = makeScans(queries, count)
    let code = UInt64(index) << 32
    var row = rows.lowerBound
    while row < rows.upperBound {
      if request.isCancelled() { throw .cancelled }
      let end = min(rows.upperBound, row + blockRows)
      if let wanted {
        let count = wanted.count(in: row..<end)
        if count * Self.sparseShare <= end - row {
          if count > 0 {
            try scanSparse(
              segment: index, row..<end, wanted, queries, scans, &outcome, bound: &bounds, scratch: &scratch)
          }
          row = end
          continue
        }
      }
      let bytes = unsafe try lifted { () throws(StorageError) in try unsafe segment.vectors(row..<end) }
      let norms = unsafe try lifted { () throws(StorageError) in try unsafe segment.norms(row..<end) }
      guard let base = bytes.baseAddress else { return }
      outcome.work.scanned += (end - row) * count
      for query in 0..<count {
        // Safe: the block has `end - row` vectors of `stride` bytes, and both arrays hold a block.
        unsafe queries.withUnsafeBufferPointer { all in
          guard let first = all.baseAddress else { return }
          let vector = unsafe first + query * dimension
          let scan = scans[query]
          unsafe bounds.withUnsafeMutableBufferPointer { bounds in
            unsafe scratch.withUnsafeMutableBufferPointer { scratch in
              guard let bound = bounds.baseAddress, let room = scratch.baseAddress else { return }
              unsafe scan.lowerBounds(
                query: vector, rows: base, count: end - row, stride: stride,
                norms: norms?.baseAddress?.assumingMemoryBound(to: Float.self), into: bound, scratch: room)
            }
          }
          for place in 0..<(end - row) {
            let limit = min(outcome.best[query].threshold, request.maximumDistance ?? .infinity)
            if bounds[place] > limit { continue }
            if hasDead, live.dead.contains(UInt32(row + place)) { continue }
            if let wanted, !wanted.contains(UInt32(row + place)) { continue }
            outcome.work.scored += 1
            let distance = unsafe ExactDistance.distance(
              metric: settings.metric, query: vector, querySquares: scan.querySquares,
              row: base + place * stride,
              elementType: settings.elementType, dimension: dimension)
            offer(distance, code | UInt64(row + place), query, &outcome)
          }
        }
      }
      row = end
    }
    withExtendedLifetime(segment) {}
  }

  /// Scans the few rows of a block that a filter leaves, one by one.
  private func scanSparse(
    segment index: Int, _ rows: Range<Int>, _ wanted: RowSet, _ queries: [Float], _ scans: [FastDistance],
    _ outcome: inout Outcome, bound: inout [Float], scratch: inout [Float]
  ) throws(DatabaseError) {
    let live = snapshot.state.segments[index]
    let segment = live.segment
    let dimension = settings.dimension
    let stride = snapshot.collection.identity.vectorBytes
    var next = rows.lowerBound
    while let found = wanted.first(from: next), Int(found) < rows.upperBound {
      let row = Int(found)
      next = row + 1
      if live.dead.contains(found) { continue }
      let bytes = unsafe try lifted { () throws(StorageError) in try unsafe segment.vectors(row..<(row + 1)) }
      let norms = unsafe try lifted { () throws(StorageError) in try unsafe segment.norms(row..<(row + 1)) }
      guard let base = bytes.baseAddress else { return }
      outcome.work.scanned += scans.count
      for query in scans.indices {
        // Safe: one vector of `stride` bytes, and both arrays hold at least one float.
        unsafe queries.withUnsafeBufferPointer { all in
          guard let first = all.baseAddress else { return }
          let vector = unsafe first + query * dimension
          unsafe scans[query].lowerBounds(
            query: vector, rows: base, count: 1, stride: stride,
            norms: norms?.baseAddress?.assumingMemoryBound(to: Float.self), into: &bound, scratch: &scratch)
          let limit = min(outcome.best[query].threshold, request.maximumDistance ?? .infinity)
          if bound[0] > limit { return }
          outcome.work.scored += 1
          let distance = unsafe ExactDistance.distance(
            metric: settings.metric, query: vector, querySquares: scans[query].querySquares, row: base,
            elementType: settings.elementType, dimension: dimension)
          offer(distance, UInt64(index) << 32 | UInt64(row), query, &outcome)
        }
      }
    }
    withExtendedLifetime(segment) {}
  }

  private func scanTail(
    _ rows: Range<Int>, _ queries: [Float], count: Int, _ outcome: inout Outcome
  ) throws(DatabaseError) {
    let tail = snapshot.state.tail
    let dimension = settings.dimension
    let scans = makeScans(queries, count)
    for index in rows where tail.entries[index].isLiveRow {
      if let filter = request.filter, !filter.tail.contains(index) { continue }
      if index & 1023 == 0, request.isCancelled() { throw .cancelled }
      outcome.work.scanned += count
      outcome.work.scored += count
      unsafe tail.withEntry(index) { _, bytes, _ in
        guard let base = bytes.baseAddress else { return }
        unsafe queries.withUnsafeBufferPointer { all in
          guard let first = all.baseAddress else { return }
          for query in 0..<count {
            let distance = unsafe ExactDistance.distance(
              metric: settings.metric, query: first + query * dimension,
              querySquares: scans[query].querySquares,
              row: base, elementType: settings.elementType, dimension: dimension)
            offer(distance, Self.tailCode | UInt64(index), query, &outcome)
          }
        }
      }
    }
  }

  private func makeScans(_ queries: [Float], _ count: Int) -> [FastDistance] {
    unsafe queries.withUnsafeBufferPointer { all in
      guard let first = all.baseAddress else { return [] }
      return (0..<count).map { query in
        unsafe FastDistance(
          metric: settings.metric, elementType: settings.elementType, dimension: settings.dimension,
          query: first + query * settings.dimension)
      }
    }
  }

  private func offer(_ distance: Float, _ code: UInt64, _ query: Int, _ outcome: inout Outcome) {
    if code == excludedCode { return }
    if let most = request.maximumDistance, distance > most { return }
    if let after = request.after {
      if distance < after.distance { return }
      if distance == after.distance {
        do throws(DatabaseError) {
          guard after.id < (try snapshot.state.id(at: Self.location(code))) else { return }
        } catch {
          outcome.failure = outcome.failure ?? error
          return
        }
      }
    }
    var failure = outcome.failure
    outcome.best[query].insert(distance, code) { precedes($0, $1, &failure) }
    outcome.failure = failure
  }

  /// The order among rows of equal distance: by id.
  private func precedes(_ left: UInt64, _ right: UInt64, _ failure: inout DatabaseError?) -> Bool {
    do throws(DatabaseError) {
      return try snapshot.state.id(at: Self.location(left)) < snapshot.state.id(at: Self.location(right))
    } catch {
      failure = error
      return left < right
    }
  }

  private static let tailCode: UInt64 = 0xFFFF_FFFF << 32

  private static func code(_ location: RowLocation) -> UInt64 {
    switch location {
    case .tail(let index): tailCode | UInt64(index)
    case .segment(let segment, let row): UInt64(segment) << 32 | UInt64(row)
    }
  }

  private static func location(_ code: UInt64) -> RowLocation {
    let low = Int(code & 0xFFFF_FFFF)
    return code >= tailCode ? .tail(low) : .segment(Int(code >> 32), row: low)
  }
}
