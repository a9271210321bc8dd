import FileStorage
import VectorIndexes
import VectorMath

/// A segment or the log, and how its rows are looked at.
struct SearchPiece: Sendable {
  /// Position among the state's segments; nil for the log.
  let segment: Int?
  /// Rows of the segment, or entries of the log.
  let rows: Range<Int>
  /// The index that is used; nil for a scan of the vectors.
  let index: OpenIndex?
  /// How far its graph is searched; nil for other kinds.
  var graph: GraphUse?
  /// How rows are found by its graph when some of them may not be; nil otherwise.
  var filtered: FilteredUse?
  /// Why: a phrase.
  let reason: String

  /// The pieces of a snapshot, larger ones first; those without live rows are left out.
  static func all(_ snapshot: Snapshot, _ request: SearchRequest) -> [SearchPiece] {
    var pieces: [SearchPiece] = []
    for (index, live) in snapshot.state.segments.enumerated() where live.liveCount > 0 {
      if let piece = graphPiece(live, at: index, snapshot, request) {
        pieces.append(piece)
        continue
      }
      let (used, reason) = choose(live, at: index, snapshot, request)
      pieces.append(
        SearchPiece(segment: index, rows: 0..<live.segment.rows, index: used, reason: reason))
    }
    // The largest segment first: its nearest rows then help to leave out those of the others.
    pieces.sort { ($1.rows.count, $0.segment ?? 0) < ($0.rows.count, $1.segment ?? 0) }
    if snapshot.state.tail.liveCount > 0 {
      pieces.append(
        SearchPiece(
          segment: nil, rows: 0..<snapshot.state.tail.entries.count, index: nil,
          reason: "rows in the log have no index"
            + (UInt64(snapshot.state.tail.liveCount) >= IndexPolicy.leastRows
              ? "; there are many of them: vdb rebuild-index moves them into a segment" : "")))
    }
    return pieces
  }

  /// The piece of a segment whose graph is worth using; nil for another way.
  private static func graphPiece(
    _ live: LiveSegment, at position: Int, _ snapshot: Snapshot, _ request: SearchRequest
  ) -> SearchPiece? {
    // Paging goes on behind a place in the whole order, which only an exact search knows.
    guard request.method != .exact, request.k != nil, request.after == nil,
      snapshot.indexes.isNamed(.graph, for: live.entry)
    else { return nil }
    var wanted = live.liveCount
    if let filter = request.filter {
      let set = filter.segments[position]
      wanted = live.dead.isEmpty ? set.count : set.subtracting(live.dead).count
    }
    let tuning = request.tuning
    guard wanted > tuning.fewRows, request.capacity < wanted / max(1, tuning.wantedShare),
      case .graph(let index)? = snapshot.indexes.index(.graph, for: live.entry), index.nodes > 0
    else { return nil }
    if wanted < live.segment.rows {
      guard
        let use = FilteredUse(
          index, request, matches: wanted, vectorBytes: snapshot.collection.identity.vectorBytes)
      else { return nil }
      return SearchPiece(
        segment: position, rows: 0..<live.segment.rows, index: .graph(index), filtered: use,
        reason: use.reason + (request.filter == nil ? slowness(live) : ""))
    }
    let use = GraphUse(index, request)
    if case .effort = request.method {
      return SearchPiece(
        segment: position, rows: 0..<live.segment.rows, index: .graph(index), graph: use,
        reason: "\(use.text) was asked for")
    }
    // What reading the wanted vectors one by one takes.
    let each = 20 + Double(snapshot.collection.identity.vectorBytes) / 20
    guard !tuning.weighsGraphs || use.nanoseconds < Double(wanted) * each else { return nil }
    var reason = use.text
    if let promised = use.promised {
      reason += ", recall \(hundredths(promised)) promised by its measurement"
    }
    reason += slowness(live)
    return SearchPiece(
      segment: position, rows: 0..<live.segment.rows, index: .graph(index), graph: use, reason: reason)
  }

  /// That many rows of a segment are deleted, which costs every search of it; nothing where they are few.
  private static func slowness(_ live: LiveSegment) -> String {
    let dead = live.dead.count
    guard UInt64(dead) >= UpkeepAdvice.leastDead,
      Double(dead) >= UpkeepAdvice.deadShare * Double(live.segment.rows)
    else { return "" }
    let percent = dead * 100 / max(1, live.segment.rows)
    return "; \(percent) % of its rows are deleted, which makes it slow: vdb compact"
  }

  /// A share with up to three decimals, rounded down.
  static func hundredths(_ value: Float) -> String {
    let thousandths = Int((value * 1000).rounded(.down))
    guard thousandths < 1000 else { return "1" }
    let digits = String(thousandths)
    let padded = String(repeating: "0", count: 3 - digits.count) + digits
    return "0." + (padded.hasSuffix("0") ? String(padded.dropLast()) : padded)
  }

  private static func choose(
    _ live: LiveSegment, at position: Int, _ snapshot: Snapshot, _ request: SearchRequest
  ) -> (OpenIndex?, String) {
    guard snapshot.indexes.isNamed(.flat, for: live.entry) else {
      return (nil, "the segment has no index" + slowness(live))
    }
    let wanted = request.filter.map { $0.segments[position].count } ?? live.segment.rows
    if wanted <= request.tuning.fewRows { return (nil, "the filter leaves few rows") }
    guard request.capacity < wanted / max(1, request.tuning.wantedShare) else {
      return (nil, "too many of its rows are wanted")
    }
    guard let index = snapshot.indexes.index(.flat, for: live.entry) else {
      return (nil, "its index cannot be used")
    }
    return (index, "codes leave out what cannot be near" + slowness(live))
  }
}

extension SearchRequest {
  /// Rows of the ranking that are kept: k and the offset; the greatest number for all.
  var capacity: Int {
    guard let k else { return Int.max }
    let (sum, overflow) = k.addingReportingOverflow(offset)
    return overflow ? Int.max : sum
  }
}

extension RowLocation {
  private static let tailCode: UInt64 = 0xFFFF_FFFF << 32

  /// The location as one number: the segment's position above 32 bits of row, or all ones above an entry of the log.
  var code: UInt64 {
    switch self {
    case .tail(let index): Self.tailCode | UInt64(index)
    case .segment(let segment, let row): UInt64(segment) << 32 | UInt64(row)
    }
  }

  init(code: UInt64) {
    let low = Int(code & 0xFFFF_FFFF)
    self = code >= Self.tailCode ? .tail(low) : .segment(Int(code >> 32), row: low)
  }
}
