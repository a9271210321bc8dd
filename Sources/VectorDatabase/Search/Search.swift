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
  /// About how many queries one session will answer: the first one touches memory that later ones find ready.
  ///
  /// What is found by an approximate index may depend on it, as on any other choice of the plan.
  package var expectedQueries = 1
  /// Threads used; the answer does not depend on it.
  package var threads = 1
  /// When codes are used, and when they are given up; the answer does not depend on it.
  package var tuning = SearchTuning()
  /// Whether time and pages are measured of some of the queries.
  package var isProfiled = false
  /// Asked for every block of rows; true ends the search with `.cancelled`.
  package var isCancelled: @Sendable () -> Bool = { false }

  package init(k: Int?) { self.k = k }
}

/// The sizes at which a search chooses how it looks at rows.
package struct SearchTuning: Sendable {
  /// A segment of which more than one row in this many is wanted is scanned: nothing could be left out.
  package var wantedShare = 10
  /// A filter that leaves at most so many rows of a segment makes its codes useless.
  package var fewRows = 256
  /// Rows over which is decided whether the codes leave out enough.
  package var decidedRows = 65_536
  /// Rows of which is decided at the earliest.
  package var leastDecidedRows = 4096
  /// A block of which more than one row in this many stays is scanned plainly.
  package var plainShare = 10
  /// Whether a graph is used only where that is faster than reading the rows one by one.
  package var weighsGraphs = true
  /// Rows below which a part of a segment is not worth a thread.
  package var leastRowsOfPart = 4096

  package init() {}
}

/// One row of an answer.
package struct SearchHit: Sendable {
  package let location: RowLocation
  /// As decisions of the format: l2 the root, cosine 1 - cos, dot the negative product.
  package let distance: Float
  package let id: RecordID

  /// Makes a hit from its parts.
  package init(location: RowLocation, distance: Float, id: RecordID) {
    self.location = location
    self.distance = distance
    self.id = id
  }
}

/// How much work a search did: the same on every machine, but for times.
package struct SearchWork: Sendable {
  /// Where the time of walks went, in nanoseconds of all threads together; measured only when a request says so.
  package struct Nanoseconds: Sendable {
    /// Bringing queries into the frame, and choosing where walks begin.
    package var routing = 0
    /// Walking.
    package var walking = 0
    /// Computing exact distances of what the walks came near.
    package var ranking = 0
  }

  /// Rows whose distance was estimated or computed, each counted once for every query.
  package var scanned = 0
  /// Bytes of codes that were compared, each counted once for every query.
  package var codeBytes = 0
  /// Rows whose exact distance was computed.
  package var scored = 0
  /// Lists of a graph that were read.
  package var hops = 0
  /// Walks among filtered rows that went too far, so that every match was looked at instead.
  package var abandoned = 0
  /// Pages of 4 KiB of a graph's file that the walks of `paged` queries have touched, each counted once for every query.
  package var pages = 0
  /// Queries whose pages were counted: some, when the request says so.
  package var paged = 0
  /// Times of `timed` queries.
  package var nanoseconds = Nanoseconds()
  /// Queries whose time was measured: some, when the request says so.
  package var timed = 0
  /// Bytes of vectors, codes and lists that all of this touched, each counted once for every query.
  package var bytes = 0

  package init() { self.init(scanned: 0) }

  init(
    scanned: Int = 0, codeBytes: Int = 0, scored: Int = 0, hops: Int = 0, bytes: Int = 0, abandoned: Int = 0
  ) {
    self.scanned = scanned
    self.codeBytes = codeBytes
    self.scored = scored
    self.hops = hops
    self.bytes = bytes
    self.abandoned = abandoned
  }

  /// What came on top of an earlier count.
  func subtracting(_ earlier: SearchWork) -> SearchWork {
    var work = SearchWork(
      scanned: scanned - earlier.scanned, codeBytes: codeBytes - earlier.codeBytes,
      scored: scored - earlier.scored, hops: hops - earlier.hops, bytes: bytes - earlier.bytes,
      abandoned: abandoned - earlier.abandoned)
    work.pages = pages - earlier.pages
    work.paged = paged - earlier.paged
    work.timed = timed - earlier.timed
    work.nanoseconds.routing = nanoseconds.routing - earlier.nanoseconds.routing
    work.nanoseconds.walking = nanoseconds.walking - earlier.nanoseconds.walking
    work.nanoseconds.ranking = nanoseconds.ranking - earlier.nanoseconds.ranking
    return work
  }

  /// Adds the work of another part.
  package mutating func add(_ other: SearchWork) {
    scanned += other.scanned
    codeBytes += other.codeBytes
    scored += other.scored
    hops += other.hops
    pages += other.pages
    paged += other.paged
    timed += other.timed
    nanoseconds.routing += other.nanoseconds.routing
    nanoseconds.walking += other.nanoseconds.walking
    nanoseconds.ranking += other.nanoseconds.ranking
    bytes += other.bytes
    abandoned += other.abandoned
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
  /// Finds the rows nearest to each query, exactly.
  ///
  /// Answer *i* belongs to query *i*, nearest first, ties by id. Distances are computed in double over 16 fixed lanes
  /// from the stored vectors, so they do not depend on threads, block size or instruction set, nor on indexes.
  ///
  /// `queries`: `count × dimension` floats, row-major, finite.
  /// `request`: What is wanted of each query.
  /// - Returns: Hits of each query, the work done, and warnings that no search of this snapshot has given before.
  /// - Throws: `.storage(.corruption)` when a block of rows fails its checksum, `.cancelled`.
  /// - Complexity: One pass over all live vectors, or their codes, for each group of queries.
  package func search(
    queries: [Float], count: Int, _ request: SearchRequest
  ) throws(DatabaseError) -> SearchResult {
    try SearchSession(self, request).search(queries, count: count)
  }
}

extension SearchSession {
  /// Queries in a group for so many rows of ranking: enough to share every pass, few enough for memory.
  package static func groupSize(_ request: SearchRequest) -> Int {
    max(16, min(1024, (1 << 20) / max(1, request.capacity)))
  }

  /// Answers any number of queries, a group at a time.
  package func search(_ queries: [Float], count: Int) throws(DatabaseError) -> SearchResult {
    precondition(queries.count == count * settings.dimension, "queries have another dimension")
    var result = SearchResult(answers: [], work: SearchWork(), warnings: [])
    result.answers.reserveCapacity(count)
    let before = work
    let size = Self.groupSize(request)
    try unsafe queries.withUnsafeBufferPointer { (all) throws(DatabaseError) in
      guard let vectors = all.baseAddress else { return }
      var first = 0
      while first < count {
        let group = min(size, count - first)
        try unsafe run(vectors + first * settings.dimension, count: group)
        try appendHits(to: &result.answers)
        first += group
      }
    }
    result.work = work.subtracting(before)
    result.warnings = snapshot.indexes.takeWarnings()
    return result
  }
}
