import FileStorage
package import MetadataFilters
import VectorMath

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
  /// Rows whose distance was estimated or computed.
  package var scanned = 0
  /// Rows whose exact distance was computed.
  package var scored = 0
}

extension Snapshot {
  /// Finds the rows nearest to each query, exactly.
  ///
  /// Answer *i* belongs to query *i*, nearest first, ties by id. Distances are computed in double over 16 fixed lanes
  /// from the stored vectors, so they do not depend on threads, block size or instruction set.
  ///
  /// `queries`: `count × dimension` floats, row-major, finite.
  /// `request`: What is wanted of each query.
  /// - Returns: Hits of each query, and the work done.
  /// - Throws: `.storage(.corruption)` when a block fails its checksum.
  /// - Complexity: One pass over all live vectors for each block of queries.
  package func search(
    queries: [Float], count: Int, _ request: SearchRequest
  ) throws(DatabaseError) -> (answers: [[SearchHit]], work: SearchWork) {
    let dimension = collection.settings.dimension
    precondition(queries.count == count * dimension, "queries have another dimension")
    let scan = ExactScan(self, request)
    var answers: [[SearchHit]] = []
    answers.reserveCapacity(count)
    var work = SearchWork()
    var first = 0
    while first < count {
      let group = min(ExactScan.queriesAtOnce, count - first)
      let part = Array(queries[(first * dimension)..<((first + group) * dimension)])
      let (hits, partWork) = try scan.run(part, count: group)
      answers.append(contentsOf: hits)
      work.scanned += partWork.scanned
      work.scored += partWork.scored
      first += group
    }
    return (answers, work)
  }
}
