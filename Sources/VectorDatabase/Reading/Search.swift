import FileStorage
package import MetadataFilters
import VectorMath

/// How rows are looked for.
package enum SearchMethod: Equatable, Sendable {
  /// As the collection's indexes allow: an approximate one keeps the recall that it promises.
  case automatic
  /// No row is missed: an approximate index is not used.
  case exact
  /// By an approximate index that keeps this many candidates, at least 1 (`ef` in papers).
  case effort(Int)
  /// By an approximate index that finds at least this share of the nearest rows, above 0 and below 1.
  case recall(Double)
}

/// What a search asks for.
package struct SearchRequest: Sendable {
  /// Rows wanted; nil means all (with `maximumDistance`, a range search).
  package var k: Int?
  /// Rows farther than this are left out.
  package var maximumDistance: Float?
  /// Rows of the ranking to skip.
  package var offset = 0
  /// Only rows that come after this place in the total order (distance, id).
  package var after: (distance: Float, id: RecordID)?
  /// Only these rows are looked at; nil means all.
  package var filter: FilteredRows?
  /// How rows are looked for.
  package var method = SearchMethod.automatic
  /// A row that is left out, such as the one whose vector is the query.
  package var excluded: RowLocation?
  /// Threads used; the answer does not depend on it.
  package var threads = 1
  /// Asked for every block of rows; true ends the search with `.cancelled`.
  package var isCancelled: @Sendable () -> Bool = { false }

  package init(k: Int?) { self.k = k }
}

/// One row of an answer.
package struct SearchHit: Sendable {
  package let location: RowLocation
  /// As decisions of the format: l2 the root, cosine 1 - cos, dot the negative product.
  package let distance: Float
  package let id: RecordID
}

/// How much work a search did: the same on every machine.
package struct SearchWork: Sendable {
  /// Rows whose distance was estimated or computed, each counted once for every query.
  package var scanned = 0
  /// Bytes of codes that were compared, each counted once for every query.
  package var codeBytes = 0
  /// Rows whose exact distance was computed.
  package var scored = 0

  package init() {}

  /// Adds the work of another part.
  package mutating func add(_ other: SearchWork) {
    scanned += other.scanned
    codeBytes += other.codeBytes
    scored += other.scored
  }
}

/// What a search found.
package struct SearchResult: Sendable {
  /// The hits of each query, nearest first, ties by id.
  package var answers: [[SearchHit]]
  package var work: SearchWork
  /// What went wrong without making the answers wrong: each is given once for a snapshot.
  package var warnings: [SearchWarning]
}

/// Something that made a search slower, not wrong.
package struct SearchWarning: Hashable, Sendable {
  /// One sentence without a full stop.
  package let message: String
  /// What to do about it.
  package let hint: String
}

extension Snapshot {
  /// Finds the rows nearest to each query.
  ///
  /// Answer *i* belongs to query *i*, nearest first, ties by id. Distances are computed in double over 16 fixed lanes
  /// from the stored vectors, so they do not depend on threads, block size or instruction set.
  ///
  /// `queries`: `count × dimension` floats, row-major, finite.
  /// `request`: What is wanted of each query.
  /// - Returns: Hits of each query, the work done, and warnings.
  /// - Throws: `.storage(.corruption)` when a block of rows fails its checksum.
  /// - Complexity: One pass over all live vectors for each block of queries.
  package func search(
    queries: [Float], count: Int, _ request: SearchRequest
  ) throws(DatabaseError) -> SearchResult {
    let dimension = collection.settings.dimension
    precondition(queries.count == count * dimension, "queries have another dimension")
    let scan = ExactScan(self, request)
    var result = SearchResult(answers: [], work: SearchWork(), warnings: [])
    result.answers.reserveCapacity(count)
    var first = 0
    while first < count {
      let group = min(ExactScan.queriesAtOnce, count - first)
      let part = Array(queries[(first * dimension)..<((first + group) * dimension)])
      let (hits, partWork) = try scan.run(part, count: group)
      result.answers.append(contentsOf: hits)
      result.work.add(partWork)
      first += group
    }
    return result
  }
}
