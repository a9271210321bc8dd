import CommandLineParsing
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

/// A line of the suite `filter`: filters, and which query has which.
struct BenchFilterCase {
  /// One filter and the rows that are known to match it.
  struct Filter {
    let text: String
    let rows: FilteredRows
    let count: Int
  }

  /// "10 % random": what stands in the report.
  let condition: String
  /// random, correlated, anti-correlated or given.
  let kind: String
  let filters: [Filter]
  /// The filter of each query.
  let filterOfQuery: [Int]
}

/// A copy of a collection's vectors with fields by which rows can be chosen: at random, near a query, or far from it.
///
/// Some of the queries are pivots. For each of them every row has a field that holds the row's place in the order of the
/// distances to it, 0 being the nearest, and one more field holds the row's place in a random order. A comparison of such a field with
/// a number then selects exactly as many rows as are wanted: `random < M`, `near03 < M` the rows nearest to pivot 3, and
/// `near03 >= N` the farthest. Each query has the filters of the pivot that is nearest to it.
struct BenchFilterFields {
  /// Pivots at most: each costs a field.
  static let mostPivots = 8
  /// Hundredths of the rows that match.
  static let shares = [50.0, 10.0, 1.0, 0.1]

  /// The place of each row in the random order, by position.
  private let random: [UInt32]
  /// The place of each row in the order of each pivot, by position.
  private let near: [[UInt32]]
  /// The pivot of each query.
  private let pivotOfQuery: [Int]
  private let rows: Int

  /// Measures the distance of every row to every pivot, exactly.
  init(_ copy: BenchCopy, _ queries: BenchQueries) throws(CommandFailure) {
    let rows = copy.snapshot.liveCount
    self.rows = rows
    var generator = SeededGenerator(seed: 1)
    random = (0..<UInt32(rows)).shuffled(using: &generator)
    let count = min(Self.mostPivots, queries.count)
    let pivots = (0..<count).map { $0 * queries.count / count }
    pivotOfQuery = (0..<queries.count).map { query in
      pivots.indices.min {
        (queries.distance(query, pivots[$0]), $0) < (queries.distance(query, pivots[$1]), $1)
      } ?? 0
    }
    var positions = ArrivalPositions(copy.snapshot)
    var near: [[UInt32]] = []
    for pivot in pivots {
      try copy.context.checkForStop()
      var request = SearchRequest(k: nil)
      request.method = .exact
      request.threads = copy.options.threads
      let wanted = request
      let hits = try engine { () throws(DatabaseError) in
        try copy.snapshot.search(queries: queries[pivot], count: 1, wanted).answers.first ?? []
      }
      var places = [UInt32](repeating: 0, count: rows)
      for (place, hit) in hits.enumerated() {
        let position = try engine { () throws(DatabaseError) in try positions.position(of: hit.location) }
        places[position] = UInt32(place)
      }
      near.append(places)
    }
    self.near = near
  }

  private static func name(_ pivot: Int) -> String { pivot < 10 ? "near0\(pivot)" : "near\(pivot)" }

  /// Appends the canonical JSON of the row at a position.
  func append(_ position: Int, to bytes: inout [UInt8]) {
    bytes += Array("{".utf8)
    for (pivot, places) in near.enumerated() {
      bytes += Array("\"\(Self.name(pivot))\":\(places[position]),".utf8)
    }
    bytes += Array("\"random\":\(random[position])}".utf8)
  }

  /// The lines to measure on the copy, whose rows in order of arrival lie at `places`.
  func cases(_ places: [RowLocation], _ snapshot: Snapshot) -> [BenchFilterCase] {
    var cases: [BenchFilterCase] = []
    for share in Self.shares {
      let matching = max(1, min(rows, Int((Double(rows) * share / 100).rounded())))
      let first = UInt32(rows - matching)
      func filter(_ text: String, _ isWanted: (Int) -> Bool) -> BenchFilterCase.Filter {
        BenchFilterCase.Filter(
          text: text, rows: snapshot.rows(at: places.indices.filter(isWanted).map { places[$0] }),
          count: matching)
      }
      let name = "\(NumberText.plain(share)) %"
      cases.append(
        BenchFilterCase(
          condition: name + " random", kind: "random",
          filters: [filter("random < \(matching)") { random[$0] < matching }],
          filterOfQuery: pivotOfQuery.map { _ in 0 }))
      cases.append(
        BenchFilterCase(
          condition: name + " correlated", kind: "correlated",
          filters: near.enumerated().map { pivot, near in
            filter("\(Self.name(pivot)) < \(matching)") { near[$0] < matching }
          }, filterOfQuery: pivotOfQuery))
      cases.append(
        BenchFilterCase(
          condition: name + " anti-correlated", kind: "anti-correlated",
          filters: near.enumerated().map { pivot, near in
            filter("\(Self.name(pivot)) >= \(first)") { near[$0] >= first }
          }, filterOfQuery: pivotOfQuery))
    }
    return cases
  }
}
