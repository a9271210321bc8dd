import FileStorage
import MetadataFilters
import TestSupport
import Testing
import VectorDatabase
import VectorIndexes
import VectorMath

/// What is promised of graphs against what searches by them find.
@Suite struct RecallTests {
  private func rows(
    _ spread: IndexedRows.Spread = .clusters, dimension: Int = 24, rows: Int = 4000, seed: UInt64,
    perSegment: Int = 1 << 20, inLog: Int = 0, deleted: Int = 0
  ) throws -> IndexedRows {
    let settings = CollectionSettings(dimension: dimension, metric: .l2, elementType: .f32, idType: .int64)
    return try IndexedRows(
      settings, spread, rows: rows, seed: seed, perSegment: perSegment, inLog: inLog, deleted: deleted)
  }

  private func results(_ made: IndexedRows, _ count: Int, threads: Int = 1) throws -> [RecallResult] {
    var request = RecallRequest()
    request.queryCount = count
    request.threads = threads
    return try Snapshot.open(made.collection).measureRecall(request)
  }

  @Test func `Promises are kept, beside the log and dead rows and in several segments`() throws {
    for seed in [51, 52, 53] as [UInt64] {
      let made = try rows(seed: seed, perSegment: 2100, inLog: 60, deleted: 250)
      #expect(try results(made, 50) == [])
      try made.index { $0.choice = .kind(.graph) }
      let found = try results(made, 120)
      #expect(found.map(\.k) == [1, 1, 1, 10, 10, 10, 100, 100, 100])
      for result in found {
        #expect(!result.isExact && result.queries == 120)
        #expect(!result.isBroken, "seed \(seed): \(result)")
        #expect(result.interval.contains(result.measured))
        #expect(result.interval.lowerBound >= 0 && result.interval.upperBound <= 1)
      }
      #expect(try results(made, 120, threads: 4) == found)
    }
  }

  /// Counting by hand: each row is left out, and hits are those at most as far as the last true neighbour.
  @Test func `The measured recall is that of the searches`() throws {
    let made = try rows(.even, rows: 2000, seed: 54)
    try made.index { $0.choice = .kind(.graph) }
    let snapshot = try Snapshot.open(made.collection)
    var request = RecallRequest()
    request.queryCount = 5000
    request.neighbors = [10]
    request.targets = [0.9]
    let result = try #require(try snapshot.measureRecall(request).first)
    // Those that left no traces in the graph: one in twenty that measured it, and half as many between them.
    #expect(result.queries == 149)
    var search = SearchRequest(k: 10)
    search.method = .recall(0.9)
    search.tuning.weighsGraphs = false
    var sum = 0.0
    let picked = stride(from: 0, to: 2000, by: 20)
    for row in picked {
      let query = try snapshot.state.vector(at: .segment(0, row: row))
      search.excluded = .segment(0, row: row)
      let right = try IndexedRows.ranking(snapshot, query).filter { $0.location != search.excluded }.prefix(
        10)
      let last = try #require(right.last).distance
      let found = try snapshot.search(queries: query, count: 1, search).answers[0]
      sum += Double(found.count { $0.distance <= last }) / 10
    }
    // The row's own list helps a search that does not hide it.
    let open = sum / Double(picked.underestimatedCount)
    #expect(open >= result.measured - 0.08 && result.measured > 0.7, "\(open), \(result)")
  }

  @Test func `A broken promise is found by verify and by nothing less`() throws {
    let made = try rows(.even, dimension: 64, rows: 3000, seed: 55)
    try made.index { $0.choice = .kind(.graph) }
    // The least effort promises nearly everything.
    let collection = made.collection
    let manifest = try Snapshot.open(collection).manifest
    let entry = try #require(manifest.indexes.first)
    var index = try RewrittenIndex(made.fs, entry, collection: collection.identity.uuid)
    let place = try #require(index.place("CALB"))
    for at in stride(from: 16, to: index.parts[place].bytes.count, by: 32) {
      index.parts[place].bytes.replaceSubrange(at + 12..<at + 16, with: [0x77, 0xBE, 0x7F, 0x3F])
    }
    try index.publish(
      made.fs, in: entry, manifest, collection.manifests, collection: collection.identity.uuid)
    var recall = RecallRequest()
    recall.queryCount = 150
    let report = try Verifier.run(on: made.fs, .quick, recall: recall)
    #expect(report.isRecallBroken && !report.isDamaged)
    #expect(report.findings.contains { $0.code == "recall-broken" && $0.severity == .notice })
    #expect(try !Verifier.run(on: made.fs, .deep).isRecallBroken)
    // Measured anew, it promises what it finds.
    try made.index {
      $0.choice = .kind(.graph)
      $0.remeasures = true
    }
    #expect(try !Verifier.run(on: made.fs, .quick, recall: recall).isRecallBroken)
  }

  @Test func `A cancelled proof leaves the old graph and no file`() throws {
    let made = try rows(rows: 1500, seed: 57)
    try made.index { $0.choice = .kind(.graph) }
    let before = try Snapshot.open(made.collection).manifest
    let isProving = Shared(false)
    #expect(throws: DatabaseError.cancelled) {
      try made.index { request in
        request.choice = .kind(.graph)
        request.proof = IndexProof()
        request.progress = { progress in
          if progress.phase == "proving recall" { isProving.change { $0 = true } }
        }
        request.options.isCancelled = { isProving.current }
      }
    }
    #expect(isProving.current)
    #expect(try Snapshot.open(made.collection).manifest == before)
    #expect(try made.fs.list("tmp") == [])
  }

  @Test func `Progress never falls and names every phase`() throws {
    let made = try rows(rows: 3000, seed: 58, perSegment: 1500)
    let seen = Shared<[IndexProgress]>([])
    try made.index { request in
      request.choice = .kind(.graph)
      request.proof = IndexProof()
      request.progress = { progress in seen.change { $0.append(progress) } }
    }
    let all = seen.current
    for (one, two) in zip(all, all.dropFirst()) {
      #expect(one.share <= two.share && one.task <= two.task)
    }
    #expect(Set(all.map(\.task)) == [1, 2] && all.allSatisfy { $0.tasks == 2 && $0.rows == 3000 })
    let phases = Set(all.map(\.phase))
    for phase in ["coding", "comparing", "measuring recall", "proving recall", "waiting to swap"] {
      #expect(phases.contains(phase), "\(phases)")
    }
  }
}
