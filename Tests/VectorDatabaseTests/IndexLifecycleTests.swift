import FileStorage
import MetadataFilters
import TestSupport
import Testing
import VectorDatabase
import VectorIndexes
import VectorMath

@Suite struct IndexLifecycleTests {
  static let settings = CollectionSettings(dimension: 24, metric: .l2, elementType: .f32, idType: .int64)

  private func rows(_ count: Int, seed: UInt64, perSegment: Int = 1 << 20) throws -> IndexedRows {
    try IndexedRows(Self.settings, .clusters, rows: count, seed: seed, perSegment: perSegment)
  }

  private func entries(_ made: IndexedRows) throws -> [IndexEntry] {
    try Snapshot.open(made.collection).manifest.indexes
  }

  private func temporaryFiles(_ made: IndexedRows) throws -> [String] { try made.fs.list("tmp") }

  /// The same rows and the same seed give the same file, for every number of threads; another seed gives another.
  @Test func `Threads do not change a byte of an index, the seed does`() throws {
    let made = try rows(3000, seed: 21)
    var hashes: [Digest256] = []
    for threads in [1, 2, 3, 8] {
      try made.index { $0.options.threads = threads }
      hashes.append(try #require(try entries(made).first).sha256)
    }
    #expect(Set(hashes.map(\.hex)).count == 1)
    try made.index { $0.options.seed = 2 }
    #expect(try #require(try entries(made).first).sha256 != hashes[0])
    let report = try Verifier.run(on: made.fs, .deep)
    #expect(report.findings.isEmpty, "\(report.findings)")
  }

  @Test func `A cancelled build leaves the old index and nothing else`() throws {
    let made = try rows(3000, seed: 22, perSegment: 1000)
    try made.index()
    let before = try entries(made)
    let files = made.fs.allFiles()
    var cancelled = 0
    var isDone = false
    for after in 0..<50 where !isDone {
      let asked = Shared(0)
      do {
        try made.index {
          $0.options.isCancelled = {
            asked.change {
              $0 += 1
              return $0 > after
            }
          }
        }
        isDone = true
      } catch DatabaseError.cancelled {
        cancelled += 1
        #expect(try entries(made) == before)
        #expect(try temporaryFiles(made) == [])
        #expect(made.fs.allFiles() == files)
      }
    }
    #expect(isDone && cancelled > 2)
  }

  @Test func `Only what is missing or unusable is built`() throws {
    let made = try rows(900, seed: 23, perSegment: 300)
    let first = try made.index()
    #expect(first.built.count == 3 && first.kept == 0)
    let again = try made.index { $0.onlyMissing = true }
    #expect(again.built.isEmpty && again.kept == 3 && again.version == first.version)
    let name = FileNames.index(try #require(try entries(made).first).number)
    var bytes = try #require(made.fs.contents(name))
    bytes[4] ^= 1
    made.fs.setContents(name, bytes)
    let third = try made.index { $0.onlyMissing = true }
    #expect(third.built.count == 1 && third.kept == 2)
    #expect(try Verifier.run(on: made.fs, .standard).findings.isEmpty)
  }

  @Test func `A small collection gets no index unless one is asked for`() throws {
    let made = try rows(200, seed: 24)
    let auto = try made.index { $0.choice = .automatic }
    #expect(auto.built.isEmpty && auto.smallRows == 200)
    #expect(try made.index().built.count == 1)
    // The automatic choice leaves exactly what pays.
    let none = try made.index { $0.choice = .automatic }
    #expect(none.built.isEmpty && none.removed == 1)
    #expect(try entries(made).isEmpty)
    #expect(try made.fs.list("idx").count <= 1)
  }

  @Test func `Rows in the log are moved first when an index of them is wanted`() throws {
    let made = try IndexedRows(Self.settings, .even, rows: 60, seed: 25, inLog: 60)
    let kept = try made.index()
    #expect(kept.built.isEmpty && kept.logRows == 60)
    let moved = try made.index { $0.movesLog = true }
    #expect(moved.rows == 60 && moved.logRows == 0)
    let snapshot = try Snapshot.open(made.collection)
    #expect(snapshot.state.tail.isEmpty && snapshot.liveCount == 60)
  }

  /// Whatever is wrong with an index file: the answers are the same, there is one warning, and verify calls it derived.
  @Test func `An index that cannot be used costs a warning and no answer`() throws {
    var made = try rows(1200, seed: 26, perSegment: 600)
    try made.index()
    let query = made.vector(.even)
    var request = SearchRequest(k: 9)
    request.tuning = .eager
    let right = try Snapshot.open(made.collection).search(queries: query, count: 1, request)
    #expect(right.warnings.isEmpty && right.work.codeBytes > 0)
    let names = try entries(made).map { FileNames.index($0.number) }
    let whole = try names.map { try #require(made.fs.contents($0)) }

    func check(_ what: String, isDamage: Bool = true, _ change: () throws -> Void) throws {
      try change()
      let snapshot = try Snapshot.open(made.collection)
      let plan = snapshot.plan(request)
      let first = try snapshot.search(queries: query, count: 1, request)
      let second = try snapshot.search(queries: query, count: 1, request)
      #expect(plan.warnings.count + first.warnings.count == 1, "\(what): \(first.warnings)")
      #expect(second.warnings.isEmpty, "\(what)")
      for found in [first, second] {
        #expect(found.answers[0].map(\.id) == right.answers[0].map(\.id), "\(what)")
        #expect(found.answers[0].map(\.distance) == right.answers[0].map(\.distance), "\(what)")
      }
      let report = try Verifier.run(on: made.fs, .standard)
      let findings = report.findings.filter { $0.path == names[0] || $0.code == "index-newer" }
      #expect(!findings.isEmpty, "\(what)")
      #expect(findings.allSatisfy { $0.severity == (isDamage ? .derived : .notice) }, "\(what): \(findings)")
      #expect(findings.allSatisfy { $0.remedy.contains("vdb rebuild-index") }, "\(what)")
      #expect(report.isDamaged == isDamage, "\(what)")
      made.fs.setContents(names[0], whole[0])
    }

    try check("missing") { try made.fs.remove(names[0]) }
    try check("empty") { made.fs.setContents(names[0], []) }
    try check("cut") { made.fs.setContents(names[0], Array(whole[0].dropLast(4096))) }
    try check("of another segment") { made.fs.setContents(names[0], whole[1]) }
    for offset in [3, 70, 4100, 8200, whole[0].count / 2, whole[0].count - 5000, whole[0].count - 8] {
      try check("flipped at \(offset)") {
        var bytes = whole[0]
        bytes[offset] ^= 16
        made.fs.setContents(names[0], bytes)
      }
    }
  }

  @Test func `A newer layout and an unknown kind are left alone`() throws {
    var made = try rows(700, seed: 27)
    try made.index()
    let query = made.vector(.even)
    var request = SearchRequest(k: 4)
    request.tuning = .eager
    let right = try Snapshot.open(made.collection).search(queries: query, count: 1, request)
    let collection = made.collection
    let store = collection.manifests
    for (kind, layout) in [("flat", UInt32(2)), ("ivf", UInt32(1))] {
      var manifest = try Snapshot.open(collection).manifest
      let segment = try #require(manifest.segments.first)
      let header = IndexHeader(segment, collection.identity, kind: kind, layout: layout, seed: 1)
      let writer = try IndexFile.begin(
        made.fs, temporaryName: "tmp/new", collection: collection.identity.uuid, header)
      let file = try writer.finish(footerFields: [])
      let number = manifest.nextNumber
      try made.fs.rename("tmp/new", to: FileNames.index(number))
      try made.fs.syncFolder("idx")
      manifest.indexes = [
        IndexEntry(
          number: number, kind: kind, segment: segment.number, bytes: file.bytes, sha256: file.sha256,
          footerCRC: file.footerCRC)
      ]
      manifest.nextNumber = number + 1
      manifest.parentVersion = manifest.version
      manifest.parentHash = manifest.hash
      manifest.version += 1
      _ = try store.commit(manifest)
      let found = try Snapshot.open(collection).search(queries: query, count: 1, request)
      #expect(found.answers[0].map(\.id) == right.answers[0].map(\.id))
      #expect(found.warnings.count == (kind == "flat" ? 1 : 0))
      let report = try Verifier.run(on: made.fs, .standard)
      #expect(!report.isDamaged)
      #expect(report.findings.contains { $0.code == "index-newer" && $0.severity == .notice })
    }
    // What it does not know, an automatic build leaves alone as well.
    try made.index { $0.choice = .automatic }
    #expect(try entries(made).map(\.kind) == ["ivf"])
    try made.index()
    #expect(try entries(made).map(\.kind) == ["flat", "ivf"])
  }

  @Test func `An index whose segment is gone when it is finished is dropped`() throws {
    let made = try rows(400, seed: 28)
    let collection = made.collection
    var request = IndexRequest()
    request.choice = .kind(.flat)
    let report = try IndexBuilder.run(collection, request, patience: { _, _ in false }) {
      () throws(DatabaseError) in
      let other = try IndexedRows.writer(collection)
      _ = try BulkImport(other, .insert, replacesAll: true).commit()
      other.close()
      return try IndexedRows.writer(collection)
    }
    #expect(report.built.isEmpty && report.dropped == 1)
    #expect(try entries(made).isEmpty)
    #expect(try temporaryFiles(made) == [])
    #expect(try Verifier.run(on: made.fs, .standard).findings.filter(\.isDamage).isEmpty)
  }

  @Test func `Rows that change during a build keep their index right`() throws {
    var made = try rows(500, seed: 29)
    let collection = made.collection
    var request = IndexRequest()
    request.choice = .kind(.flat)
    let gone = (0..<50).map { made.id($0 * 7) }
    _ = try IndexBuilder.run(collection, request, patience: { _, _ in false }) { () throws(DatabaseError) in
      let other = try IndexedRows.writer(collection)
      _ = try other.delete(gone)
      try other.checkpoint()
      other.close()
      return try IndexedRows.writer(collection)
    }
    let snapshot = try Snapshot.open(collection)
    #expect(snapshot.liveCount == 450 && snapshot.manifest.indexes.count == 1)
    var search = SearchRequest(k: 20)
    search.tuning = .eager
    let query = made.vector(.even)
    let found = try snapshot.search(queries: query, count: 1, search)
    #expect(found.work.codeBytes > 0)
    #expect(
      try found.answers[0].map(\.id) == IndexedRows.ranking(snapshot, query).prefix(20).map(\.id))
  }

  @Test func `Compaction builds again the indexes that its sources had`() throws {
    let made = try rows(900, seed: 30, perSegment: 300)
    let first = try #require(try Snapshot.open(made.collection).manifest.segments.first).number
    try made.index { $0.segments = [first] }
    var request = CompactionRequest()
    request.full = true
    let collection = made.collection
    let report = try Compactor.run(collection, request, patience: { _, _ in false }) {
      () throws(DatabaseError) in try IndexedRows.writer(collection)
    }
    #expect(report.segmentsAfter == 1 && report.indexesBuilt == 1 && report.indexFailure == nil)
    let snapshot = try Snapshot.open(collection)
    #expect(snapshot.manifest.indexes.map(\.segment) == snapshot.manifest.segments.map(\.number))
    #expect(snapshot.version == report.version)
    #expect(try Verifier.run(on: made.fs, .deep).findings.isEmpty)
  }

  /// Reading what does not need an index touches none.
  @Test func `Only a search opens index files`() throws {
    let made = try rows(300, seed: 31)
    try made.index()
    let opened = Shared<[String]>([])
    made.fs.observe { _, call in
      if call.path.hasPrefix("idx/") { opened.change { $0.append(call.name) } }
    }
    let snapshot = try Snapshot.open(made.collection)
    _ = try CollectionInfo.read(made.collection)
    _ = try snapshot.state.find(made.id(3))
    #expect(opened.current == [])
    var request = SearchRequest(k: 3)
    request.tuning = .eager
    _ = try snapshot.search(queries: [Float](repeating: 1, count: 24), count: 1, request)
    #expect(!opened.current.isEmpty)
    made.fs.observe(nil)
  }

  @Test func `The deep check finds an index that says something else than the rows`() throws {
    let made = try rows(400, seed: 32)
    try made.index()
    let other = try rows(400, seed: 33)
    try other.index()
    // The codes of other rows, with right checksums and the right header.
    let collection = made.collection
    var manifest = try Snapshot.open(collection).manifest
    let segment = try #require(manifest.segments.first)
    var options = IndexBuildOptions()
    options.seed = 1
    let foreign = try #require(try Snapshot.open(other.collection).manifest.segments.first)
    let source = try Segment.open(other.fs, foreign, other.collection.identity)
    let file = try FlatIndexBuilder.build(
      source.storedVectors, of: segment, collection.identity, on: made.fs, temporaryName: "tmp/x", options)
    let number = manifest.nextNumber
    try made.fs.rename("tmp/x", to: FileNames.index(number))
    try made.fs.syncFolder("idx")
    manifest.indexes = [
      IndexEntry(
        number: number, kind: "flat", segment: segment.number, bytes: file.bytes, sha256: file.sha256,
        footerCRC: file.footerCRC)
    ]
    manifest.nextNumber = number + 1
    manifest.parentVersion = manifest.version
    manifest.parentHash = manifest.hash
    manifest.version += 1
    _ = try collection.manifests.commit(manifest)
    #expect(!(try Verifier.run(on: made.fs, .standard).isDamaged))
    let deep = try Verifier.run(on: made.fs, .deep)
    #expect(
      deep.findings.contains { $0.code == "index-wrong" && $0.severity == .derived && $0.section == "CODE" })
  }
}
