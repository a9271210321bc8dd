import AllocationCounter
import FileStorage
import MetadataFilters
import TestSupport
import Testing
import VectorDatabase
import VectorIndexes
import VectorMath

/// A collection of random rows in several segments and the log, some of them deleted, with flat indexes.
struct IndexedRows {
  /// How the vectors are spread.
  enum Spread: CaseIterable {
    /// Every coordinate by itself.
    case even
    /// Around a few centres, as embeddings are.
    case clusters
    /// A few coordinates so large that their codes are clipped.
    case outliers
    /// Few different vectors, so that most distances tie.
    case duplicates
    /// Lengths from very small to very large.
    case lengths
    /// Zero vectors among others.
    case zeros
    /// All far away from the origin, close to each other.
    case offset
  }

  static let origin = CommandOrigin(command: "test", processID: 1)

  let fs = SimulatedFileSystem()
  let collection: Collection
  let settings: CollectionSettings
  var random: TestSupport.SeededGenerator

  init(
    _ settings: CollectionSettings, _ spread: Spread, rows: Int, seed: UInt64, perSegment: Int = 1 << 20,
    inLog: Int = 0, deleted: Int = 0
  ) throws {
    self.settings = settings
    random = TestSupport.SeededGenerator(seed: seed)
    collection = try Collection.create(
      on: fs, settings, options: ["quota.min-free": "0"], uuid: UUID16(high: seed, low: 7), creator: "test",
      origin: Self.origin)
    let writer = try Self.writer(collection)
    var rules = VectorRules()
    rules.allowsZero = true
    let centres = (0..<5).map { _ in vector(.even) }
    let few = (0..<4).map { _ in vector(.even) }
    func next() -> [Float] {
      switch spread {
      case .even, .outliers, .lengths, .offset: return vector(spread)
      case .clusters:
        let centre = centres[random.below(centres.count)]
        return zip(centre, vector(.even)).map { $0 + $1 / 16 }
      case .duplicates: return random.oneIn(8) ? vector(.even) : few[random.below(few.count)]
      case .zeros: return random.oneIn(6) ? [Float](repeating: 0, count: settings.dimension) : vector(.even)
      }
    }
    var batch = RecordBatch(dimension: settings.dimension, idType: settings.idType)
    let job = try BulkImport(writer, .insert, rules: rules, rowsPerSegment: perSegment)
    for row in 0..<(rows - inLog) { batch.append(id: id(row), vector: next(), metadata: []) }
    if batch.count > 0 { try job.append(batch, source: "test") }
    _ = try job.commit()
    if inLog > 0 {
      var late = RecordBatch(dimension: settings.dimension, idType: settings.idType)
      for row in (rows - inLog)..<rows { late.append(id: id(row), vector: next(), metadata: []) }
      _ = try writer.write(late, .insert, source: "test", rules: rules)
    }
    if deleted > 0 {
      _ = try writer.delete((0..<deleted).map { _ in id(random.below(rows)) })
    }
    writer.close()
  }

  static func writer(_ collection: Collection) throws(DatabaseError) -> CollectionWriter {
    try CollectionWriter(collection, origin: origin, creator: "test") { _, _ in false }
  }

  /// Ids in another order than the rows.
  func id(_ row: Int) -> RecordID {
    let mixed = UInt64(row &+ 1) &* 0x9E37_79B9_7F4A_7C15
    switch settings.idType {
    case .string: return RecordID(bytes: Array(String(mixed, radix: 36).utf8), type: .string)
    case .int64: return RecordID(int64: Int64(bitPattern: mixed))
    case .uuid:
      var bytes: [UInt8] = []
      bytes.appendLittleEndian(mixed)
      bytes.appendLittleEndian(UInt64(row))
      return RecordID(bytes: bytes, type: .uuid)
    }
  }

  mutating func vector(_ spread: Spread) -> [Float] {
    // Halves keep these values, or something near them.
    var vector = (0..<settings.dimension).map { _ in
      (Float(random.below(2001)) - 1000) / 512 + (Float(random.below(2001)) - 1000) / 1024
    }
    switch spread {
    case .outliers: if random.oneIn(3) { vector[random.below(vector.count)] = 600 }
    case .lengths:
      let size: Float = settings.elementType == .f16 ? 32 : 1e12
      let factors: [Float] = [1 / size, 1 / 32, 1, 32, size]
      let factor = factors[random.below(5)]
      for index in vector.indices { vector[index] *= factor }
    case .offset: for index in vector.indices { vector[index] = vector[index] / 64 + 100 }
    case .even, .clusters, .duplicates, .zeros: break
    }
    if vector.allSatisfy({ $0 == 0 }) { vector[0] = 0.5 }
    if settings.elementType.wholeNumbers != nil { return vector.map { ($0 * 40).rounded() } }
    return vector
  }

  /// Builds a flat index for every segment.
  @discardableResult
  func index(_ change: (inout IndexRequest) -> Void = { _ in }) throws -> IndexReport {
    var request = IndexRequest()
    request.choice = .kind(.flat)
    change(&request)
    let collection = collection
    return try IndexBuilder.run(collection, request, patience: { _, _ in false }) {
      () throws(DatabaseError) in
      try Self.writer(collection)
    }
  }

  /// Every live row with its exact distance, in the order of the ranking.
  static func ranking(
    _ snapshot: Snapshot, _ query: [Float], _ filter: FilteredRows? = nil
  ) throws -> [SearchHit] {
    let settings = snapshot.collection.settings
    var hits: [SearchHit] = []
    try snapshot.forEachRow { (location) throws(DatabaseError) in
      switch location {
      case .segment(let segment, let row):
        if let filter, !filter.segments[segment].contains(UInt32(row)) { return true }
      case .tail(let entry):
        if let filter, !filter.tail.contains(UInt32(entry)) { return true }
      }
      let stored = try snapshot.state.storedVector(at: location)
      let distance = stored.withUnsafeBytes { row -> Float in
        guard let base = row.baseAddress else { return .nan }
        return ExactDistance.distance(
          metric: settings.metric, query: query, row: base, elementType: settings.elementType,
          dimension: settings.dimension)
      }
      hits.append(
        SearchHit(location: location, distance: distance, id: try snapshot.state.id(at: location)))
      return true
    }
    return hits.sorted { $0.distance != $1.distance ? $0.distance < $1.distance : $0.id < $1.id }
  }
}

extension SearchTuning {
  /// Uses codes for everything, and decides about blocks of a few rows.
  static var eager: SearchTuning {
    var tuning = SearchTuning()
    tuning.wantedShare = 1
    tuning.fewRows = 0
    tuning.decidedRows = 96
    tuning.leastDecidedRows = 32
    tuning.leastRowsOfPart = 16
    return tuning
  }
}

@Suite struct ExactSearchTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let metric: Metric
    let type: ElementType
    let dimension: Int
    var testDescription: String { "\(metric.name) \(type.name) \(dimension)" }
  }

  static let cases: [Case] = [Metric.cosine, .dot, .l2].flatMap { metric in
    [ElementType.f32, .f16].flatMap { type in
      [1, 2, 3, 63, 64, 65, 100, 384, 768].map { Case(metric: metric, type: type, dimension: $0) }
    }
  }

  /// Whatever the data, the request, the threads and the state of the segments: the answer is that of brute force in double.
  @Test(arguments: cases) func `Codes never change an answer`(_ test: Case) throws {
    let seed = UInt64(test.dimension * 100 + Int(test.metric.rawValue) * 10 + Int(test.type.rawValue))
    var random = TestSupport.SeededGenerator(seed: seed)
    var codes = 0
    var scored = 0
    for spread in IndexedRows.Spread.allCases {
      let settings = CollectionSettings(
        dimension: test.dimension, metric: test.metric, elementType: test.type,
        idType: [IDType.string, .int64, .uuid][random.below(3)])
      let rows = 2 + random.below(test.dimension > 100 ? 150 : 400)
      var made = try IndexedRows(
        settings, spread, rows: rows, seed: random.next(), perSegment: random.oneIn(2) ? 1 << 20 : 70,
        inLog: random.below(min(20, rows)), deleted: random.oneIn(2) ? rows / 5 : 0)
      // Without codes a batch multiplies blocks of vectors.
      if !random.oneIn(3) { try made.index() }
      let snapshot = try Snapshot.open(made.collection)
      for _ in 0..<8 {
        let count = [1, 1, 2, 5, 40][random.below(5)]
        var queries: [[Float]] = []
        for _ in 0..<count {
          // Also rows themselves, whose distance is zero or nearly.
          if random.oneIn(3), let location = try snapshot.state.find(made.id(random.below(rows))) {
            queries.append(try snapshot.state.vector(at: location))
          } else {
            queries.append(made.vector(random.oneIn(3) ? spread : .even))
          }
        }
        let filter = random.oneIn(2) ? nil : randomFilter(snapshot, &random)
        let rankings = try queries.map { try IndexedRows.ranking(snapshot, $0, filter) }
        var request = SearchRequest(k: random.oneIn(6) ? nil : 1 + random.below(12))
        request.filter = filter
        request.tuning = .eager
        if random.oneIn(3) { request.tuning.plainShare = 2 + random.below(3) }
        request.threads = 1 + random.below(3)
        request.offset = random.oneIn(4) ? random.below(6) : 0
        let first = rankings[0]
        if random.oneIn(3), !first.isEmpty {
          request.maximumDistance = first[random.below(first.count)].distance
        }
        if request.offset == 0, random.oneIn(4), !first.isEmpty {
          let place = first[random.below(first.count)]
          request.after = (place.distance, place.id)
        }
        if random.oneIn(4), !first.isEmpty { request.excluded = first[random.below(first.count)].location }
        let result = try snapshot.search(queries: queries.flatMap { $0 }, count: count, request)
        #expect(result.warnings.isEmpty)
        codes += result.work.codeBytes
        scored += result.work.scored
        for (query, ranking) in rankings.enumerated() {
          let expected = Self.expected(ranking, request)
          let found = result.answers[query]
          let isSame =
            found.count == expected.count
            && zip(found, expected).allSatisfy {
              $0.id == $1.id && $0.distance == $1.distance && $0.location == $1.location
            }
          #expect(
            isSame,
            "seed \(seed), \(spread), \(rows) rows, k \(String(describing: request.k)), query \(query) of \(count): found \(found.map { "\($0.id.display) \($0.distance)" }), expected \(expected.map { "\($0.id.display) \($0.distance)" })"
          )
          if !isSame { return }
        }
      }
    }
    #expect(codes > 0)
    #expect(scored > 0)
  }

  private func randomFilter(
    _ snapshot: Snapshot, _ random: inout TestSupport.SeededGenerator
  ) -> FilteredRows {
    let share = [1, 2, 10, 40][random.below(4)]
    func some(_ count: Int) -> RowSet {
      var set = RowSet(count: count)
      for row in 0..<count where random.oneIn(share) { set.insert(UInt32(row)) }
      return set
    }
    return FilteredRows(
      segments: snapshot.manifest.segments.map { some(Int($0.rows)) },
      tail: some(snapshot.state.tail.entries.count)
    )
  }

  /// What a request wants of a ranking.
  static func expected(_ ranking: [SearchHit], _ request: SearchRequest) -> [SearchHit] {
    var rest = ranking.filter { $0.location != request.excluded }
    if let most = request.maximumDistance { rest.removeAll { $0.distance > most } }
    if let after = request.after {
      rest.removeAll {
        $0.distance < after.distance || $0.distance == after.distance && !(after.id < $0.id)
      }
    }
    rest = Array(rest.dropFirst(request.offset))
    return request.k.map { Array(rest.prefix($0)) } ?? rest
  }

  /// On clustered rows the codes leave out nearly everything, and a block where they cannot is scanned plainly.
  @Test func `Codes leave out what is far, and are given up where they cannot`() throws {
    let settings = CollectionSettings(dimension: 96, metric: .l2, elementType: .f32, idType: .int64)
    var made = try IndexedRows(settings, .clusters, rows: 6000, seed: 11)
    try made.index()
    let snapshot = try Snapshot.open(made.collection)
    let query = made.vector(.even)
    let near = try snapshot.search(queries: query, count: 1, SearchRequest(k: 10))
    #expect(near.work.codeBytes == 6000 * 128)
    #expect(near.work.scored < 300)
    var wide = SearchRequest(k: 10)
    wide.k = nil
    wide.tuning.wantedShare = 0
    wide.maximumDistance = try #require(
      IndexedRows.ranking(snapshot, query).dropFirst(3000).first?.distance)
    let range = try snapshot.search(queries: query, count: 1, wide)
    #expect(range.answers[0].count >= 3001)
  }

  /// Codes of a thousand queries at once, on two threads, give what each query alone gives.
  @Test func `A batch gives the answers of single queries`() throws {
    let settings = CollectionSettings(dimension: 48, metric: .cosine, elementType: .f32, idType: .string)
    var made = try IndexedRows(settings, .clusters, rows: 5000, seed: 12, perSegment: 3000)
    try made.index()
    let snapshot = try Snapshot.open(made.collection)
    let queries = (0..<600).map { _ in made.vector(.even) }
    for threads in [1, 2, 3] {
      var request = SearchRequest(k: 7)
      request.threads = threads
      let all = try snapshot.search(queries: queries.flatMap { $0 }, count: queries.count, request)
      #expect(all.work.codeBytes > 0)
      for (index, query) in queries.enumerated() where index % 29 == 0 {
        let one = try snapshot.search(queries: query, count: 1, request).answers[0]
        #expect(one.map(\.id) == all.answers[index].map(\.id))
        #expect(one.map(\.distance) == all.answers[index].map(\.distance))
      }
    }
  }

  /// A session that is used again allocates nothing, whatever the number of queries.
  @Test(arguments: [ElementType.f32, .i8, .f16], [true, false])
  func `A session that has warmed up allocates nothing for a query`(type: ElementType, hasIndex: Bool) throws
  {
    let settings = CollectionSettings(dimension: 32, metric: .l2, elementType: type, idType: .int64)
    let spread = type == .i8 ? IndexedRows.Spread.even : .clusters
    var made = try IndexedRows(settings, spread, rows: 5000, seed: 13, inLog: 50)
    if hasIndex { try made.index() }
    let snapshot = try Snapshot.open(made.collection)
    let queries = (0..<512).flatMap { _ in made.vector(.even) }
    let session = SearchSession(snapshot, SearchRequest(k: 10))
    func round(_ count: Int) throws -> Int {
      let before = Int(vdb_allocation_count())
      try queries.withUnsafeBufferPointer { all in
        guard let first = all.baseAddress else { return }
        try session.run(first, count: count)
      }
      return Int(vdb_allocation_count()) - before
    }
    for _ in 0..<4 { _ = try round(512) }
    let few = try (0..<4).map { _ in try round(32) }.max() ?? 0
    let many = try (0..<4).map { _ in try round(512) }.max() ?? 0
    print("allocations of a batch: \(few) for 32 queries, \(many) for 512")
    #expect(session.work.scanned >= 4 * 544 * 4950)
    if vdb_allocation_count() >= 0 { #expect(few == 0 && many == 0) }
  }
}
