import FileStorage
import Foundation
import MetadataFilters
import TestSupport
import Testing
import VectorDatabase
import VectorIndexes
import VectorMath

/// Filtered searches through a graph find what was asked for, whatever share of the rows matches and wherever the matches lie.
///
/// `VDB_FILTERED_ROWS` enlarges the collections, `VDB_FILTERED_QUERIES` asks more, `VDB_FILTERED_TABLE` writes the table.
@Suite struct FilteredRecallTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let dimension: Int
    let isWorn: Bool
    var testDescription: String {
      "\(dimension) dimensions, \(isWorn ? "30 % dead and rows in the log" : "clean")"
    }
  }

  /// Where the matches of a query lie.
  enum Spread: String, CaseIterable {
    /// Anywhere.
    case random
    /// The nearest rows of a point beside the query, so that the query's own neighbours mostly match.
    case near
    /// The farthest rows of the query: the nearest match lies behind all others.
    case far
    /// Anywhere but among the nearest twentieth.
    case hollow
    /// Around three points that have nothing to do with the query.
    case elsewhere
  }

  static let cases = [64, 256].flatMap { dimension in
    [false, true].map { Case(dimension: dimension, isWorn: $0) }
  }
  /// Shares of the rows that match, in thousandths.
  static let shares = [900, 500, 100, 10, 1]

  private static func number(_ name: String, _ usual: Int) -> Int {
    ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? usual
  }

  @Test(arguments: cases)
  func `Recall is what was asked for at every share of matches, wherever they lie`(_ test: Case) throws {
    let rows = Self.number("VDB_FILTERED_ROWS", 20_000)
    let queryCount = Self.number("VDB_FILTERED_QUERIES", 50)
    let seed = UInt64(test.dimension + (test.isWorn ? 1 : 0))
    var made = try SampleEmbeddings(
      dimension: test.dimension, rows: rows, seed: seed, deleted: test.isWorn ? 30 : 0,
      inLog: test.isWorn ? rows / 20 : 0)
    let snapshot = try Snapshot.open(made.collection)
    let queries = (0..<queryCount).map { _ in made.vector() }
    let rankings = try queries.map { try IndexedRows.ranking(snapshot, $0) }
    let beside = try queries.map { query in
      let other = made.vector()
      return try IndexedRows.ranking(snapshot, zip(query, other).map { $0 + $1 / 4 })
    }
    var random = TestSupport.SeededGenerator(seed: seed)
    var table: [String] = []
    for recall in [0.95, 0.99] {
      var sum = Cell(expected: 0)
      for spread in Spread.allCases {
        for share in Self.shares {
          // One query alone, and one of many: plans may differ.
          var cells = [Cell(expected: 1), Cell(expected: 1000)]
          for (index, query) in queries.enumerated() {
            let ranking = rankings[index]
            var request = SearchRequest(k: 10)
            request.method = recall == 0.95 ? .automatic : .recall(recall)
            let others = (1...3).map { rankings[(index + 7 * $0) % queryCount] }
            request.filter = Self.filter(
              snapshot, ranking, beside[index], others, spread, thousandths: share, &random)
            let right = ranking.filter { request.filter?.contains($0.location) ?? false }
            for place in cells.indices { try cells[place].add(snapshot, query, request, right) }
          }
          for cell in cells {
            table.append(
              "\(test.dimension) \(test.isWorn ? "worn" : "clean") \(recall) \(spread) \(share) \(cell)")
            // Of as many hits as these a share that is kept on average may fall short by chance.
            let chance = 2.6 * (recall * (1 - recall) / Double(max(1, cell.wanted))).squareRoot()
            #expect(cell.recall >= recall - chance, "\(table[table.count - 1]), seed \(seed)")
            sum.add(cell)
          }
        }
      }
      // All together are as many as leave nothing to chance.
      #expect(sum.recall >= recall, "\(test): \(sum), seed \(seed)")
    }
    if ProcessInfo.processInfo.environment["VDB_FILTERED_TABLE"] != nil {
      for line in table { print(line) }
    }
  }

  @Test func `Threads change neither answers nor work`() throws {
    let seed: UInt64 = 77
    var made = try SampleEmbeddings(dimension: 96, rows: 6000, seed: seed, deleted: 10, inLog: 100)
    let snapshot = try Snapshot.open(made.collection)
    var random = TestSupport.SeededGenerator(seed: seed)
    let queries = (0..<70).map { _ in made.vector() }
    let ranking = try IndexedRows.ranking(snapshot, queries[0])
    for (spread, share) in [(Spread.random, 500), (.random, 60), (.far, 500), (.near, 200)] {
      var request = SearchRequest(k: 10)
      request.filter = Self.filter(
        snapshot, ranking, ranking, [], spread, thousandths: share, &random)
      request.expectedQueries = queries.count
      var answers: [[[RecordID]]] = []
      var hops: [Int] = []
      for threads in [1, 2, 5] {
        request.threads = threads
        let result = try snapshot.search(queries: queries.flatMap { $0 }, count: queries.count, request)
        answers.append(result.answers.map { $0.map(\.id) })
        hops.append(result.work.hops)
      }
      #expect(answers[0] == answers[1] && answers[0] == answers[2], "\(spread) \(share), seed \(seed)")
      #expect(hops[0] == hops[1] && hops[0] == hops[2])
      #expect(share != 500 || hops[0] > 0)
    }
  }

  /// What the searches of one kind found.
  private struct Cell: CustomStringConvertible {
    /// Queries that the plan reckons with.
    let expected: Int
    var hits = 0
    var wanted = 0
    var matches = 0
    var queries = 0
    var work = SearchWork()

    var recall: Double { Double(hits) / Double(max(1, wanted)) }
    var description: String {
      func each(_ count: Int) -> Int { count / max(1, queries) }
      return
        "x\(expected): recall \((recall * 10_000).rounded() / 10_000) of \(wanted), \(each(matches)) matches, \(each(work.hops)) hops, \(each(work.scanned)) estimates, \(each(work.scored)) scored, \(work.abandoned) abandoned"
    }

    /// Searches once and compares: every hit is a match with its right distance, in order, and as many as there are.
    mutating func add(
      _ snapshot: Snapshot, _ query: [Float], _ request: SearchRequest, _ right: [SearchHit]
    ) throws {
      guard let filter = request.filter else { return }
      var request = request
      request.expectedQueries = expected
      let result = try snapshot.search(queries: query, count: 1, request)
      let found = result.answers[0]
      let k = min(10, right.count)
      let isOrdered = zip(found, found.dropFirst()).allSatisfy { one, two in
        one.distance < two.distance || one.distance == two.distance && one.id < two.id
      }
      let isRight = found.allSatisfy { hit in
        filter.contains(hit.location) && right.first { $0.id == hit.id }?.distance == hit.distance
      }
      #expect(found.count == k && isOrdered && isRight)
      if k > 0 { hits += found.count { $0.distance <= right[k - 1].distance } }
      wanted += k
      matches += right.count
      queries += 1
      work.add(result.work)
    }

    mutating func add(_ other: Cell) {
      hits += other.hits
      wanted += other.wanted
      matches += other.matches
      queries += other.queries
      work.add(other.work)
    }
  }

  /// So many live rows of every thousand as a filter; dead rows are among them at times, as nothing forbids.
  private static func filter(
    _ snapshot: Snapshot, _ ranking: [SearchHit], _ beside: [SearchHit],
    _ others: [[SearchHit]], _ spread: Spread,
    thousandths: Int, _ random: inout TestSupport.SeededGenerator
  ) -> FilteredRows {
    let count = ranking.count * thousandths / 1000
    var chosen: [RowLocation]
    switch spread {
    case .random: chosen = ranking.filter { _ in random.below(1000) < thousandths }.map(\.location)
    case .near: chosen = beside.prefix(count).map(\.location)
    case .far: chosen = ranking.suffix(count).map(\.location)
    case .hollow:
      let rest = ranking.dropFirst(ranking.count / 20)
      chosen = rest.filter { _ in random.below(950) < thousandths }.map(\.location)
    case .elsewhere:
      var ids: Set<RecordID> = []
      chosen = others.flatMap { $0.prefix(max(1, count / 3)) }.filter { ids.insert($0.id).inserted }
        .map(\.location)
    }
    var filter = FilteredRows(
      segments: snapshot.manifest.segments.map { RowSet(count: Int($0.rows)) },
      tail: RowSet(count: snapshot.state.tail.entries.count))
    var rows: [[UInt32]] = filter.segments.map { _ in [] }
    var tail: [UInt32] = []
    for location in chosen {
      switch location {
      case .segment(let segment, let row): rows[segment].append(UInt32(row))
      case .tail(let entry): tail.append(UInt32(entry))
      }
    }
    for (segment, list) in rows.enumerated() {
      filter.segments[segment] = RowSet(ascending: list.sorted(), count: filter.segments[segment].rowCount)
    }
    filter.tail = RowSet(ascending: tail.sorted(), count: filter.tail.rowCount)
    return filter
  }
}
