import MetadataFilters

extension SearchSession {
  /// The hits of a query of the last group, with their ids.
  package func hits(_ query: Int) throws(DatabaseError) -> [SearchHit] { try hits(query, snapshot.state) }

  private func hits(_ query: Int, _ state: CollectionState) throws(DatabaseError) -> [SearchHit] {
    let count = hitCount(query)
    var hits: [SearchHit] = []
    hits.reserveCapacity(count)
    for rank in 0..<count {
      let (location, distance) = hit(query, rank: rank)
      hits.append(SearchHit(location: location, distance: distance, id: try state.id(at: location)))
    }
    return hits
  }

  /// Appends the hits of every query of the last group.
  ///
  /// Ids lie anywhere in a segment, so they are asked for some queries ahead: first where each lies, then the id.
  func appendHits(to answers: inout [[SearchHit]]) throws(DatabaseError) {
    let state = snapshot.state
    for query in 0..<queryCount + 2 {
      ask(query, state) { segment, row in segment.prefetchIDPlace(row) }
      ask(query - 1, state) { segment, row in segment.prefetchID(row) }
      if query >= 2 { answers.append(try hits(query - 2, state)) }
    }
  }

  private func ask(_ query: Int, _ state: CollectionState, _ body: (Segment, Int) -> Void) {
    guard query >= 0, query < queryCount else { return }
    for rank in 0..<hitCount(query) {
      guard case .segment(let index, let row) = hit(query, rank: rank).location else { continue }
      body(state.segments[index].segment, row)
    }
  }
}
