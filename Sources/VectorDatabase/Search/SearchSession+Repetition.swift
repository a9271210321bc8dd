import FileStorage
import VectorIndexes
import VectorMath

/// What a graph with right checksums and wrong contents could do to an answer.
extension SearchSession {
  /// Answers those queries by scanning in whose answers a row stands twice: then two nodes of a graph name the same row, and the
  /// graph is given up.
  ///
  /// Called when all answers are sorted: the same row is beside itself.
  func scanWhereRowsRepeat() throws(DatabaseError) {
    guard pieces.contains(where: { $0.graph != nil || $0.filtered != nil }) else { return }
    var wrong: [Int] = []
    for query in 0..<queryCount {
      let found = state(query).best.candidates
      for place in 1..<max(1, found.count) where found[place].row == found[place - 1].row {
        if wrong.last != query { wrong.append(query) }
        giveUpGraph(of: found[place].row)
      }
    }
    guard !wrong.isEmpty else { return }
    for query in wrong {
      state(query).reset()
      limits.set(query, request.maximumDistance ?? .infinity)
    }
    for piece in pieces { try scanVectors(of: piece, piece.rows, QueryList(wrong)) }
    for query in wrong { state(query).best.sort { self.precedes($0, $1) } }
  }

  private func giveUpGraph(of code: UInt64) {
    guard case .segment(let segment, let row) = RowLocation(code: code),
      case .graph(let index)? = pieces.first(where: { $0.segment == segment })?.index
    else { return }
    snapshot.indexes.giveUp(
      .graph, for: snapshot.state.segments[segment].entry,
      .corruption(
        CorruptionError(
          path: index.file.name, section: "NROW", offset: nil, expected: "each row in one node",
          found: "row \(row) in two")))
  }
}
