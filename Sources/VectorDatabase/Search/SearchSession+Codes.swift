import FileStorage
import Quantization
import Synchronization
import VectorIndexes
import VectorMath

/// The pass over the codes of a flat index.
extension SearchSession {
  /// Collects for every query the rows of a piece that its codes cannot leave out.
  ///
  /// - Returns: False when a block of the index is damaged: nothing of the piece is then kept, and the index is given up.
  func searchCodes(of piece: SearchPiece, _ index: FlatIndex) throws(DatabaseError) -> Bool {
    guard let vectors = unsafe queries, let segment = piece.segment else { return true }
    let codes = index.frame.paddedDimension
    let flat = flatQueries(index.frame)
    unsafe flat.set(vectors, count: queryCount)
    let grid = grid(rows: piece.rows.count, queries: queryCount, most: 1024)
    prepareParts(grid.parts)
    let scratch = FlatWorkers(flatScratch(codeDimension: codes, queries: queryCount))
    let damage = Mutex<StorageError?>(nil)
    forParts(grid, of: piece.rows, queries: queryCount) { part, rows, places, worker in
      let pass = CodePass(
        piece: piece, segment: segment, index: index, queries: flat, places: places, part: part)
      do throws(StorageError) {
        try self.compare(pass, rows, scratch[worker])
      } catch {
        damage.withLock { $0 = $0 ?? error }
      }
    }
    for part in 1..<max(1, grid.parts) {
      for query in 0..<queryCount { state(query).merge(state(query, part: part)) }
    }
    try throwFailure()
    guard let error = damage.withLock({ $0 }) else { return true }
    snapshot.indexes.giveUp(.flat, for: snapshot.state.segments[segment].entry, error)
    for query in 0..<queryCount { state(query).forgetCandidates(of: segment) }
    return false
  }

  /// One worker's share of a pass.
  private struct CodePass {
    let piece: SearchPiece
    let segment: Int
    let index: FlatIndex
    let queries: FlatQueries
    let places: Range<Int>
    let part: Int
  }

  private func compare(_ pass: CodePass, _ rows: Range<Int>, _ scratch: FlatScratch) throws(StorageError) {
    let live = snapshot.state.segments[pass.segment]
    let filter = RowFilter(dead: live.dead, wanted: request.filter?.segments[pass.segment])
    let dimension = pass.index.frame.paddedDimension
    let tuning = request.tuning
    var row = rows.lowerBound
    var blockFirst = row
    var blockEnd = row
    while row < rows.upperBound {
      if shouldStop() { return }
      if row >= blockEnd {
        blockFirst = row
        blockEnd = min(rows.upperBound, (row / tuning.decidedRows + 1) * tuning.decidedRows)
        for query in pass.places { state(query, part: pass.part).beginBlock() }
      }
      let block = row..<min(blockEnd, row + scratch.rows)
      let chosen = filter.choose(block, scratch)
      let compared = chosen ?? block.count
      tally.add(
        SearchWork(
          scanned: compared * pass.places.count, codeBytes: compared * pass.places.count * dimension,
          bytes: compared * pass.places.count * (dimension + 8)))
      if compared > 0 {
        try compareBlock(pass, block, seen: row - rows.lowerBound, chosen: chosen, filter, scratch)
      }
      row = block.upperBound
      guard row - blockFirst >= tuning.leastDecidedRows else { continue }
      for query in pass.places {
        let state = state(query, part: pass.part)
        let most = (row - blockFirst) / tuning.plainShare
        if state.isPlain || state.blockCount <= most { continue }
        // What the first rows let in, before anything near was known, does not count.
        state.pruneBlock(limit(query, state))
        if state.blockCount > most {
          state.makeBlockPlain(PlainBlock(segment: pass.segment, rows: blockFirst..<blockEnd))
        }
      }
    }
  }

  /// Compares one block of rows with every query of a pass, which has seen so many rows before.
  private func compareBlock(
    _ pass: CodePass, _ block: Range<Int>, seen: Int, chosen: Int?, _ filter: RowFilter,
    _ scratch: FlatScratch
  ) throws(StorageError) {
    if pass.places.count > 1, chosen == nil {
      try pass.index.pack(block, scratch)
      var first = pass.places.lowerBound
      while first < pass.places.upperBound {
        let group = first..<min(pass.places.upperBound, first + scratch.queries)
        pass.index.multiply(block, pass.queries, group, scratch)
        for query in group {
          let state = state(query, part: pass.part)
          if state.isPlain { continue }
          var part = 0
          while part < block.count {
            // The less is known, the more rows are kept: twice as many rows each time, so that each lowers the limit.
            let end = min(block.count, part + max(16, seen + part))
            let kept = try pass.index.multipliedSurvivors(
              block, part: part..<end, pass.queries, query, first: first, limit: limit(query, state), scratch)
            keep(kept, of: block, query, state, pass, filter, scratch)
            part = end
          }
        }
        first = group.upperBound
      }
      return
    }
    for query in pass.places {
      let state = state(query, part: pass.part)
      if state.isPlain { continue }
      let kept =
        if let chosen {
          try pass.index.chosenSurvivors(
            block, count: chosen, pass.queries, query, limit: limit(query, state), scratch)
        } else {
          try pass.index.survivors(block, pass.queries, query, limit: limit(query, state), scratch)
        }
      keep(kept, of: block, query, state, pass, filter, scratch)
    }
  }

  private func limit(_ query: Int, _ state: QueryState) -> Float {
    min(state.bounds.threshold, limits.limit(query))
  }

  /// Takes the rows that a block's codes could not leave out.
  private func keep(
    _ count: Int, of block: Range<Int>, _ query: Int, _ state: QueryState, _ pass: CodePass,
    _ filter: RowFilter, _ scratch: FlatScratch
  ) {
    guard count > 0 else { return }
    let base = UInt64(pass.segment) << 32
    let before = state.bounds.threshold
    var limit = limit(query, state)
    // Safe: the index has written `count` rows of the block into the scratch.
    for kept in 0..<count {
      let row = unsafe block.lowerBound + Int(scratch.places[kept])
      let lower = unsafe scratch.lowers[kept]
      guard lower <= limit, filter.contains(row) else { continue }
      let code = base | UInt64(row)
      if code == excludedCode { continue }
      state.add(ScanCandidate(lower: lower, code: code))
      // Only a row that is sure to be in the ranking may push others out of it.
      guard lower > afterDistance else { continue }
      unsafe state.bounds.insert(scratch.uppers[kept])
      limit = min(limit, state.bounds.threshold)
    }
    if state.bounds.threshold < before { limits.lower(query, to: state.bounds.threshold) }
  }
}

/// The scratch memory of each worker; a worker uses its own only.
@safe
struct FlatWorkers: @unchecked Sendable {
  private let all: [FlatScratch]
  init(_ all: [FlatScratch]) { self.all = all }
  subscript(worker: Int) -> FlatScratch { all[worker] }
}

/// Which rows of a segment count.
struct RowFilter: Sendable {
  /// Of a block with fewer wanted rows than one in this many, only those are looked at.
  static let sparseShare = 8

  let dead: RowSet?
  let wanted: RowSet?

  init(dead: RowSet, wanted: RowSet?) {
    self.dead = dead.isEmpty ? nil : dead
    self.wanted = wanted
  }

  @inline(__always)
  func contains(_ row: Int) -> Bool {
    if let dead, dead.contains(row) { return false }
    if let wanted, !wanted.contains(row) { return false }
    return true
  }

  /// Whether so few rows of a block are wanted that they are looked at one by one.
  func isSparse(_ block: Range<Int>) -> Bool {
    guard let wanted else { return false }
    return wanted.count(in: block) * Self.sparseShare <= block.count
  }

  /// Writes the wanted rows of a sparse block into the scratch and gives their number; nil when all are to be compared.
  func choose(_ block: Range<Int>, _ scratch: FlatScratch) -> Int? {
    guard isSparse(block), let wanted else { return nil }
    var count = 0
    var next = block.lowerBound
    while let row = wanted.first(from: next), Int(row) < block.upperBound {
      next = Int(row) + 1
      if let dead, dead.contains(row) { continue }
      // Safe: a block has at most as many rows as the scratch has room for.
      unsafe scratch.chosen[count] = row - UInt32(block.lowerBound)
      count += 1
    }
    return count
  }
}
