import FileStorage
import VectorIndexes

extension Compactor {
  /// An index that a new segment is to have.
  struct WantedIndex {
    let segment: UInt64
    let kind: IndexKind
    /// The graph that it is made from.
    var healing: HealingSource?
    /// How a graph is built, when its sources had one.
    var parameters: GraphParameters?
    /// What is reported of it, when a source had a graph.
    var renewal: GraphRenewal?
  }

  /// The indexes of a new segment: the kinds that its sources had, and otherwise what the collection's setting says.
  static func wantedIndexes(
    of segment: SegmentEntry, _ sources: Set<UInt64>, _ manifest: Manifest, _ settings: CollectionSettings
  ) -> [WantedIndex] {
    let inherited = IndexKind.allCases.filter { kind in
      IndexPolicy.supports(kind, settings)
        && manifest.indexes.contains { sources.contains($0.segment) && $0.kind == kind.rawValue }
    }
    if !inherited.isEmpty { return inherited.map { WantedIndex(segment: segment.number, kind: $0) } }
    let choice = IndexPolicy.choice(manifest.settings)
    guard let kind = IndexPolicy.kind(choice, rows: segment.rows, settings) else { return [] }
    return [WantedIndex(segment: segment.number, kind: kind)]
  }

  /// Builds the indexes of new segments, as a commit of its own.
  ///
  /// The compaction is durable by then: what goes wrong here is reported and changes nothing of it.
  static func rebuildIndexes(
    _ collection: Collection, _ wanted: [WantedIndex], _ request: CompactionRequest,
    _ report: inout CompactionReport, openWriter: () throws(DatabaseError) -> CollectionWriter
  ) {
    for kind in IndexKind.allCases {
      let segments = Set(wanted.filter { $0.kind == kind }.map(\.segment))
      guard !segments.isEmpty else { continue }
      var index = IndexRequest()
      index.choice = .kind(kind)
      index.segments = segments
      for one in wanted where one.kind == kind {
        index.healing[one.segment] = one.healing
        index.parameters[one.segment] = one.parameters
      }
      index.options = request.indexOptions
      index.options.isCancelled = request.isCancelled
      do throws(DatabaseError) {
        let done = try IndexBuilder.runHoldingLock(collection, index, openWriter: openWriter)
        report.indexesBuilt += done.built.count
        report.version = done.version
        for var renewal in wanted.compactMap({ $0.kind == kind ? $0.renewal : nil })
        where done.built.contains(where: { $0.segment == renewal.segment }) {
          if let reason = done.unhealed[renewal.segment] { renewal.reason = reason }
          report.graphs.append(renewal)
        }
      } catch {
        report.indexFailure = error
        return
      }
    }
  }
}
