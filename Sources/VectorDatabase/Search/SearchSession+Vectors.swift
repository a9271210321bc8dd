import FileStorage
import VectorMath

/// Memory of one worker for passes over stored vectors, allocated once.
@safe
final class ScanScratch: @unchecked Sendable {
  /// About as many bytes of rows as fit a second-level cache beside the queries.
  private static let blockBytes = 192 << 10

  /// Rows of a block at most.
  let rows: Int
  /// Lower bounds, and what is needed to find them.
  let bounds: UnsafeMutablePointer<Float>
  let floats: UnsafeMutablePointer<Float>
  /// For passes that take many queries at once.
  var tile: VectorTile?

  init(vectorBytes: Int) {
    rows = max(1, min(4096, Self.blockBytes / max(1, vectorBytes)))
    unsafe bounds = .allocate(capacity: rows)
    unsafe floats = .allocate(capacity: rows)
  }

  deinit {
    unsafe bounds.deallocate()
    unsafe floats.deallocate()
  }
}

/// The pass over stored vectors: a fast float bound for every row, the exact distance where it can matter.
extension SearchSession {
  /// Offers the rows of a piece that are among the nearest to some of the queries.
  func scanVectors(
    of piece: SearchPiece, _ rows: Range<Int>, _ places: Range<Int>
  ) throws(DatabaseError) {
    try scanVectors(of: piece, rows, QueryList(places))
  }

  /// Offers the rows of blocks whose codes left out too little, block by block in the order of rows.
  func scanPlainBlocks() throws(DatabaseError) {
    while true {
      var next: PlainBlock?
      for query in 0..<queryCount {
        guard let block = state(query).nextPlainBlock else { continue }
        if next.map({ block.isBefore($0) }) ?? true { next = block }
      }
      guard let next, let piece = pieces.first(where: { $0.segment == next.segment }) else { return }
      plainQueries.removeAll(keepingCapacity: true)
      for query in 0..<queryCount where state(query).nextPlainBlock == next {
        state(query).dropPlainBlock()
        plainQueries.append(query)
      }
      try scanVectors(of: piece, next.rows, QueryList(plainQueries))
    }
  }

  /// Numbers of queries: a range, or some of them.
  struct QueryList: Sendable {
    private let range: Range<Int>
    private let some: [Int]?

    init(_ range: Range<Int>) {
      self.range = range
      some = nil
    }
    init(_ some: [Int]) {
      range = 0..<some.count
      self.some = some
    }

    var count: Int { range.count }
    /// Whether the vectors of the queries stand one behind the other.
    var isConsecutive: Bool { some == nil }
    subscript(place: Int) -> Int { some.map { $0[place] } ?? range.lowerBound + place }
  }

  func scanVectors(
    of piece: SearchPiece, _ rows: Range<Int>, _ list: QueryList
  ) throws(DatabaseError) {
    let grid = grid(rows: rows.count, queries: list.count, most: Self.scannedAtOnce)
    prepareParts(grid.parts)
    for place in 0..<list.count {
      let query = list[place]
      limits.lower(query, to: state(query).best.threshold)
    }
    let scratch = ScanWorkers(scanScratch(queries: min(list.count, grid.queriesAtOnce)))
    forParts(grid, of: rows, queries: list.count) { part, rows, places, worker in
      do throws(DatabaseError) {
        if let segment = piece.segment {
          try self.scan(segment, rows, list, places, part, scratch[worker])
        } else {
          try self.scanTail(rows, list, places, part)
        }
      } catch {
        self.fail(error)
      }
    }
    try throwFailure()
    for part in 1..<max(1, grid.parts) {
      for place in 0..<list.count {
        let query = list[place]
        state(query).best.merge(state(query, part: part).best) { self.precedes($0, $1) }
      }
    }
  }

  private struct ScanWorkers: Sendable {
    private let all: [ScanScratch]
    init(_ all: [ScanScratch]) { self.all = all }
    subscript(worker: Int) -> ScanScratch { all[worker] }
  }

  private func scan(
    _ index: Int, _ rows: Range<Int>, _ list: QueryList, _ places: Range<Int>, _ part: Int,
    _ scratch: ScanScratch
  ) throws(DatabaseError) {
    let live = snapshot.state.segments[index]
    let filter = RowFilter(dead: live.dead, wanted: request.filter?.segments[index])
    var row = rows.lowerBound
    while row < rows.upperBound {
      if shouldStop() { return }
      let block = row..<min(rows.upperBound, row + scratch.rows)
      row = block.upperBound
      if filter.isSparse(block) {
        var next = block.lowerBound
        while let found = filter.wanted?.first(from: next), Int(found) < block.upperBound {
          next = Int(found) + 1
          if filter.contains(Int(found)) {
            try scanBlock(index, Int(found)..<next, list, places, part, filter, scratch)
          }
        }
      } else {
        try scanBlock(index, block, list, places, part, filter, scratch)
      }
    }
  }

  private func scanBlock(
    _ index: Int, _ block: Range<Int>, _ list: QueryList, _ places: Range<Int>, _ part: Int,
    _ filter: RowFilter, _ scratch: ScanScratch
  ) throws(DatabaseError) {
    let segment = snapshot.state.segments[index].segment
    let stride = snapshot.collection.identity.vectorBytes
    let bytes = unsafe try lifted { () throws(StorageError) in try unsafe segment.vectors(block) }
    let norms = unsafe try lifted { () throws(StorageError) in try unsafe segment.norms(block) }
    guard let base = bytes.baseAddress, let vectors = unsafe queries else { return }
    let known = unsafe norms?.baseAddress?.assumingMemoryBound(to: Float.self)
    var tile: VectorTile?
    if places.count >= Self.leastMultiplied, let made = scratch.tile, block.count >= Self.leastMultiplied,
      list.isConsecutive
    {
      unsafe made.load(base, count: block.count, stride: stride, norms: known)
      unsafe made.multiply(vectors + list[places.lowerBound] * settings.dimension, count: places.count)
      tile = made
    }
    var work = SearchWork()
    work.scanned = block.count * places.count
    work.bytes = work.scanned * stride
    for place in places {
      let query = list[place]
      let state = state(query, part: part)
      let vector = unsafe vectors + query * settings.dimension
      // Safe: the block has that many vectors of `stride` bytes, and the scratch has room for a block.
      if let tile {
        unsafe tile.lowerBounds(scans[query], at: place - places.lowerBound, into: scratch.bounds)
      } else {
        unsafe scans[query].lowerBounds(
          query: vector, rows: base, count: block.count, stride: stride, norms: known, into: scratch.bounds,
          scratch: scratch.floats)
      }
      let before = state.best.threshold
      let shared = limits.limit(query)
      for offset in 0..<block.count {
        if unsafe scratch.bounds[offset] > min(state.best.threshold, shared) { continue }
        let row = block.lowerBound + offset
        guard filter.contains(row) else { continue }
        work.scored += 1
        let distance = unsafe scans[query].exactDistance(query: vector, row: base + offset * stride)
        try offer(distance, UInt64(index) << 32 | UInt64(row), to: state)
      }
      if state.best.threshold < before { limits.lower(query, to: state.best.threshold) }
    }
    tally.add(work)
    withExtendedLifetime(segment) {}
  }

  private func scanTail(
    _ rows: Range<Int>, _ list: QueryList, _ places: Range<Int>, _ part: Int
  ) throws(DatabaseError) {
    let tail = snapshot.state.tail
    guard let vectors = unsafe queries else { return }
    var work = SearchWork()
    for index in rows where tail.entries[index].isLiveRow {
      if let filter = request.filter, !filter.tail.contains(index) { continue }
      if index & 1023 == 0, shouldStop() { return }
      work.scanned += places.count
      work.scored += places.count
      work.bytes += places.count * snapshot.collection.identity.vectorBytes
      try unsafe tail.withEntry(index) { (_, bytes, _) throws(DatabaseError) in
        guard let base = bytes.baseAddress else { return }
        for place in places {
          let query = list[place]
          let distance = unsafe scans[query].exactDistance(
            query: vectors + query * settings.dimension, row: base)
          try offer(distance, RowLocation.tail(index).code, to: state(query, part: part))
        }
      }
    }
    tally.add(work)
  }
}
