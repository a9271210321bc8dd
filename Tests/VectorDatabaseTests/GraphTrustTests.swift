import FileStorage
import MetadataFilters
import TestSupport
import Testing
import VectorDatabase
import VectorIndexes
import VectorMath

/// A graph that is missing, damaged, of other rows or newer: the answer is exact and there is one warning.
@Suite struct GraphTrustTests {
  private func made(_ metric: Metric, dimension: Int, seed: UInt64, graphs: Int) throws -> IndexedRows {
    let settings = CollectionSettings(
      dimension: dimension, metric: metric, elementType: .f32, idType: .int64)
    // Equal rows make nodes of several; under cosine zero rows are in none.
    let spread: IndexedRows.Spread = metric == .cosine ? .zeros : .duplicates
    let made = try IndexedRows(settings, spread, rows: 1500, seed: seed, perSegment: 800, deleted: 40)
    let segments = try Snapshot.open(made.collection).manifest.segments.map(\.number)
    try made.index {
      $0.choice = .kind(.graph)
      $0.segments = Set(segments.prefix(graphs))
    }
    return made
  }

  private func request(_ method: SearchMethod) -> SearchRequest {
    var request = SearchRequest(k: 12)
    request.tuning = .eager
    request.tuning.weighsGraphs = false
    request.method = method
    return request
  }

  private func ids(_ result: SearchResult) -> [[RecordID]] { result.answers.map { $0.map(\.id) } }

  @Test func `A graph that cannot be used costs a warning and no answer`() throws {
    var made = try made(.l2, dimension: 24, seed: 71, graphs: 2)
    let query = made.vector(.even)
    let snapshot = try Snapshot.open(made.collection)
    let exact = try snapshot.search(queries: query, count: 1, request(.exact))
    // All of a graph is looked at: the answer is exact with it and without it.
    let wanted = request(.effort(100_000))
    let usual = try snapshot.search(queries: query, count: 1, wanted)
    #expect(ids(usual) == ids(exact) && usual.work.hops > 0 && usual.warnings.isEmpty)
    let names = snapshot.manifest.indexes.map { FileNames.index($0.number) }
    let whole = try names.map { try #require(made.fs.contents($0)) }

    func check(_ what: String, _ change: () throws -> Void) throws {
      try change()
      let snapshot = try Snapshot.open(made.collection)
      let plan = snapshot.plan(wanted)
      let first = try snapshot.search(queries: query, count: 1, wanted)
      let second = try snapshot.search(queries: query, count: 1, wanted)
      #expect(plan.warnings.count + first.warnings.count == 1, "\(what): \(first.warnings)")
      #expect(second.warnings.isEmpty, "\(what)")
      #expect(ids(first) == ids(exact) && ids(second) == ids(exact), "\(what)")
      let report = try Verifier.run(on: made.fs, .standard)
      #expect(report.isDamaged && report.findings.allSatisfy { $0.severity == .derived }, "\(what)")
      made.fs.setContents(names[0], whole[0])
    }

    try check("missing") { try made.fs.remove(names[0]) }
    try check("empty") { made.fs.setContents(names[0], []) }
    try check("cut") { made.fs.setContents(names[0], Array(whole[0].dropLast(4096))) }
    try check("of another segment") { made.fs.setContents(names[0], whole[1]) }
    try check("header") {
      var bytes = whole[0]
      bytes[70] ^= 16
      made.fs.setContents(names[0], bytes)
    }
  }

  /// Every section, flipped where chance has it, eight times each.
  @Test(arguments: [(Metric.cosine, 24), (Metric.l2, 24), (Metric.l2, 200)])
  func `A flipped byte anywhere in a graph never changes an answer`(metric: Metric, dimension: Int) throws {
    var made = try made(metric, dimension: dimension, seed: 72, graphs: 1)
    let queries = (0..<6).flatMap { _ in made.vector(.even) }
    let snapshot = try Snapshot.open(made.collection)
    let collection = made.collection
    let methods = [SearchMethod.automatic, .effort(20), .recall(0.99), .exact]
    let right = try methods.map { try ids(snapshot.search(queries: queries, count: 6, request($0))) }
    let exact = right[3]
    let entry = try #require(snapshot.manifest.indexes.first)
    let name = FileNames.index(entry.number)
    let whole = try #require(made.fs.contents(name))
    let file = try ContainerFile.open(
      fileSystem: made.fs, name: name, kind: .index, collection: collection.identity.uuid,
      expectedBytes: entry.bytes, expectedFooterCRC: entry.footerCRC)
    var random = TestSupport.SeededGenerator(seed: 73)
    var given = 0
    let sections = file.sections.map(\.name.description)
    let all = ["FRAM", "ROUT", "CALB", "GADJ", "GREC", "NROW", metric == .cosine ? "LOOS" : "NSTA"]
    #expect(sections == all)
    for section in file.sections {
      for _ in 0..<8 {
        let at = Int(section.offset) + random.below(Int(section.length))
        var bytes = whole
        bytes[at] ^= UInt8(1 + random.below(255))
        made.fs.setContents(name, bytes)
        for (place, method) in methods.enumerated() {
          let snapshot = try Snapshot.open(collection)
          let result = try snapshot.search(queries: queries, count: 6, request(method))
          #expect(result.warnings.count <= 1)
          if result.warnings.isEmpty {
            #expect(ids(result) == right[place], "\(section.name) at \(at), \(method)")
            continue
          }
          given += 1
          #expect(ids(result) == exact, "\(section.name) at \(at), \(method), seed 73")
        }
      }
    }
    made.fs.setContents(name, whole)
    #expect(given > 40, "\(given)")
    print(
      "graph sections: seed 73, \(metric.name) \(dimension), \(file.sections.count) sections, \(given) searches gave the graph up"
    )
  }

  @Test func `A newer graph is left alone`() throws {
    var made = try made(.l2, dimension: 24, seed: 74, graphs: 1)
    let collection = made.collection
    let manifest = try Snapshot.open(collection).manifest
    let entry = try #require(manifest.indexes.first)
    var index = try RewrittenIndex(made.fs, entry, collection: collection.identity.uuid)
    // The version of the layout.
    index.header[96] = 9
    try index.publish(
      made.fs, in: entry, manifest, collection.manifests, collection: collection.identity.uuid)
    let snapshot = try Snapshot.open(collection)
    let query = made.vector(.even)
    let found = try snapshot.search(queries: query, count: 1, request(.effort(100_000)))
    #expect(found.warnings.count == 1 && found.warnings[0].message.contains("newer"))
    #expect(
      ids(found) == ids(try snapshot.search(queries: query, count: 1, request(.exact))))
    let report = try Verifier.run(on: made.fs, .standard)
    #expect(!report.isDamaged && report.findings.contains { $0.code == "index-newer" })
  }
}

/// Compaction for graphs: rows lie near their like and still come in the order of their arrival.
@Suite struct LocalityTests {
  /// Ids and vectors in the order of arrival.
  private func arrivals(_ snapshot: Snapshot) throws -> [RecordID] {
    var ids: [RecordID] = []
    try snapshot.forEachRow { (location) throws(DatabaseError) in
      ids.append(try snapshot.state.id(at: location))
      return true
    }
    return ids
  }

  private func compact(_ made: IndexedRows, threads: Int = 1) throws -> CompactionReport {
    var request = CompactionRequest()
    request.full = true
    request.indexOptions.threads = threads
    let collection = made.collection
    return try Compactor.run(collection, request, patience: { _, _ in false }) { () throws(DatabaseError) in
      try IndexedRows.writer(collection)
    }
  }

  private func rows(seed: UInt64) throws -> IndexedRows {
    let settings = CollectionSettings(dimension: 16, metric: .l2, elementType: .f32, idType: .string)
    let made = try IndexedRows(
      settings, .clusters, rows: 1800, seed: seed, perSegment: 700, inLog: 30, deleted: 200)
    try made.index { $0.choice = .kind(.graph) }
    return made
  }

  /// Mean distance of rows that lie side by side.
  private func jumps(_ snapshot: Snapshot) throws -> Double {
    var sum = 0.0
    let rows = snapshot.state.liveCount
    var last = try snapshot.state.vector(at: .segment(0, row: 0))
    for row in 1..<rows {
      let next = try snapshot.state.vector(at: .segment(0, row: row))
      sum += Double(zip(last, next).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot())
      last = next
    }
    return sum / Double(rows - 1)
  }

  @Test func `Rows are ordered by nearness and come in the order of arrival`() throws {
    let made = try rows(seed: 81)
    let plain = try rows(seed: 81)
    let before = try Snapshot.open(made.collection)
    let order = try arrivals(before)
    let hash = try before.contentHash()
    #expect(try compact(made).segmentsAfter == 1)
    let after = try Snapshot.open(made.collection)
    #expect(try arrivals(after) == order && after.contentHash() == hash)
    #expect(try Verifier.run(on: made.fs, .deep).findings.isEmpty)
    // The same without a graph: rows stay as they came.
    try plain.index { $0.choice = .kind(.flat) }
    var request = CompactionRequest()
    request.full = true
    let flat = plain.collection
    let manifest = try Snapshot.open(flat).manifest
    var bare = manifest
    bare.indexes.removeAll()
    bare.parentVersion = manifest.version
    bare.parentHash = manifest.hash
    bare.version += 1
    _ = try flat.manifests.commit(bare)
    _ = try compact(plain)
    let straight = try Snapshot.open(flat)
    #expect(try arrivals(straight) == order && straight.contentHash() == hash)
    let (near, far) = (try jumps(after), try jumps(straight))
    #expect(near < 0.8 * far, "\(near), \(far)")
    // Positions are those of arrival.
    var positions = ArrivalPositions(after)
    for (place, id) in order.enumerated() where place % 97 == 0 {
      let location = try #require(try after.state.find(id))
      #expect(try positions.position(of: location) == place)
    }
    // Once more, with rows deleted and others new: still in order.
    let writer = try IndexedRows.writer(made.collection)
    _ = try writer.delete(order.enumerated().filter { $0.offset % 3 == 0 }.map(\.element))
    writer.close()
    _ = try compact(made, threads: 3)
    let again = try Snapshot.open(made.collection)
    #expect(try arrivals(again) == order.enumerated().filter { $0.offset % 3 != 0 }.map(\.element))
    #expect(try Verifier.run(on: made.fs, .deep).findings.isEmpty)
    #expect(try made.fs.list("tmp") == [])
  }

  @Test func `The order does not depend on threads`() throws {
    var hashes: Set<String> = []
    for threads in [1, 4] {
      let made = try rows(seed: 82)
      _ = try compact(made, threads: threads)
      hashes.insert(try #require(try Snapshot.open(made.collection).manifest.segments.first).sha256.hex)
    }
    #expect(hashes.count == 1)
  }

  @Test func `A rehearsal counts the rows of the log`() throws {
    let made = try rows(seed: 83)
    var request = CompactionRequest()
    request.full = true
    let plan = Compactor.dryRun(try Snapshot.open(made.collection), request)
    let done = try compact(made)
    #expect(plan.rewritten == done.rewritten && plan.segmentsBefore == done.segmentsBefore)
    #expect(plan.segmentsAfter == done.segmentsAfter && plan.deadRowsRemoved == done.deadRowsRemoved)
    #expect(done.rewritten == 4)
  }
}
