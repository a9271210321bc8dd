import FileStorage
import MetadataFilters
import VectorMath

/// Exact distances and the order of the nearest rows.
extension SearchSession {
  /// Computes the exact distance of the rows that the codes could not leave out, least bounds first, as long as a bound can
  /// still matter.
  func scoreCandidates() throws(DatabaseError) {
    guard pieces.contains(where: { $0.index != nil }) else { return }
    ParallelLoop.run(blocks: queryCount, threads: queryCount < 8 ? 1 : request.threads) { query in
      do throws(DatabaseError) {
        try self.score(query)
      } catch {
        self.fail(error)
      }
    }
    try throwFailure()
  }

  private func score(_ query: Int) throws(DatabaseError) {
    if shouldStop() { return }
    guard let vectors = unsafe queries else { return }
    let state = state(query)
    let stride = snapshot.collection.identity.vectorBytes
    let most = min(state.bounds.threshold, request.maximumDistance ?? .infinity)
    state.orderCandidates()
    var work = SearchWork()
    while let candidate = state.nextCandidate(upTo: min(most, state.best.threshold)) {
      let row = Int(candidate.code & 0xFFFF_FFFF)
      let segment = snapshot.state.segments[Int(candidate.code >> 32)].segment
      let bytes = unsafe try lifted { () throws(StorageError) in try unsafe segment.vectors(row..<row + 1) }
      guard let base = bytes.baseAddress, bytes.count == stride else { continue }
      work.scored += 1
      work.bytes += stride
      if work.scored & 255 == 0, shouldStop() { return }
      let distance = unsafe scans[query].exactDistance(
        query: vectors + query * settings.dimension, row: base)
      try offer(distance, candidate.code, to: state)
      withExtendedLifetime(segment) {}
    }
    tally.add(work)
  }

  /// Takes a row into a query's ranking, if the request wants it there.
  func offer(_ distance: Float, _ code: UInt64, to state: QueryState) throws(DatabaseError) {
    if code == excludedCode { return }
    if let most = request.maximumDistance, distance > most { return }
    if distance <= afterDistance, try !isBehindCursor(distance, code) { return }
    state.best.insert(distance, code) { self.precedes($0, $1) }
  }

  @inline(never)
  private func isBehindCursor(_ distance: Float, _ code: UInt64) throws(DatabaseError) -> Bool {
    guard let after = request.after else { return true }
    guard distance == after.distance else { return false }
    return after.id < (try snapshot.state.id(at: RowLocation(code: code)))
  }
}

extension SearchSession {
  /// The order among rows of equal distance: by id.
  ///
  /// An id that cannot be read fails the search.
  ///
  /// Reads the ids where they lie, so that comparing allocates nothing.
  func precedes(_ left: UInt64, _ right: UInt64) -> Bool {
    var order = left < right
    unsafe withID(left) { a in
      unsafe withID(right) { b in
        if settings.idType == .int64, a.count == 8, b.count == 8 {
          order =
            unsafe Int64(littleEndian: a.loadUnaligned(as: Int64.self))
            < Int64(littleEndian: b.loadUnaligned(as: Int64.self))
        } else {
          order = unsafe compareBytes(a, b) == .less
        }
      }
    }
    return order
  }

  /// Calls `body` with the bytes of a row's id, unless they are damaged.
  private func withID(_ code: UInt64, _ body: (UnsafeRawBufferPointer) -> Void) {
    switch RowLocation(code: code) {
    case .tail(let index): unsafe snapshot.state.tail.withEntry(index) { id, _, _ in unsafe body(id) }
    case .segment(let index, let row):
      let segment = snapshot.state.segments[index].segment
      do throws(StorageError) {
        unsafe body(try segment.idBytes(row))
      } catch {
        fail(.storage(error))
      }
      withExtendedLifetime(segment) {}
    }
  }
}
