import FileStorage

/// What a collection gains from, judged by its newest version alone.
package enum UpkeepAdvice: Equatable, Sendable {
  /// So many rows of segments are deleted: walks through graphs pass them, scans read them.
  case compactDead(rows: UInt64, share: Double)
  /// So many segments are each searched by themselves.
  case compactSegments(Int)
  /// So many rows of segments have no index although one would pay.
  case buildIndex(rows: UInt64)
  /// So many rows stand in the log and are compared one by one.
  case moveLog(rows: UInt64)

  /// Below this share of deleted rows nothing is gained, as for `compact` itself.
  static let deadShare = CompactionRequest().deadRatio
  /// Fewer deleted rows cost nothing that anybody would notice.
  static let leastDead: UInt64 = 1000
  /// From so many segments on an answer is put together from too many parts.
  static let mostSegments = 9

  /// What is worth doing, the most useful first.
  package static func all(_ info: CollectionInfo) -> [UpkeepAdvice] {
    var advice: [UpkeepAdvice] = []
    let manifest = info.manifest
    var dead: UInt64 = 0
    var rows: UInt64 = 0
    for entry in manifest.segments where entry.rows > 0 {
      let share = Double(entry.rows - entry.live) / Double(entry.rows)
      guard share >= deadShare else { continue }
      dead += entry.rows - entry.live
      rows += entry.rows
    }
    if dead >= leastDead {
      advice.append(.compactDead(rows: dead, share: Double(dead) / Double(max(1, rows))))
    } else if manifest.segments.count >= mostSegments {
      advice.append(.compactSegments(manifest.segments.count))
    }
    let choice = IndexPolicy.choice(manifest.settings)
    let bare = manifest.segments.reduce(UInt64(0)) { sum, entry in
      let isIndexed = manifest.indexes.contains { $0.segment == entry.number }
      let kind = IndexPolicy.kind(choice, rows: entry.rows, info.settings)
      return sum + (isIndexed || kind == nil ? 0 : entry.live)
    }
    if bare > 0 { advice.append(.buildIndex(rows: bare)) }
    let logRows = UInt64(info.logRecords)
    if logRows >= IndexPolicy.leastRows, IndexPolicy.kind(choice, rows: logRows, info.settings) != nil {
      advice.append(.moveLog(rows: logRows))
    }
    return advice
  }
}
