import FileStorage
import MetadataFilters
import TestSupport
import Testing
import VectorDatabase
import VectorIndexes
import VectorMath

/// Index files that lie: changed at random with every checksum right, so that only the checks of their meaning stand between them
/// and the search.
@Suite struct IndexFuzzTests {
  /// A collection with one index.
  struct Subject: Sendable, CustomTestStringConvertible {
    let name: String
    let settings: CollectionSettings
    let kind: IndexKind
    let rows: Int
    var testDescription: String { name }

    static let all = [
      Subject(
        name: "flat, l2",
        settings: CollectionSettings(dimension: 20, metric: .l2, elementType: .f32, idType: .int64),
        kind: .flat,
        rows: 90),
      Subject(
        name: "graph of 8-bit codes, cosine, equal and zero rows",
        settings: CollectionSettings(dimension: 12, metric: .cosine, elementType: .f32, idType: .int64),
        kind: .graph, rows: 130),
      Subject(
        name: "graph of 4-bit codes, dot",
        settings: CollectionSettings(dimension: 200, metric: .dot, elementType: .f16, idType: .int64),
        kind: .graph, rows: 70),
    ]
  }

  static let origin = CommandOrigin(command: "test", processID: 1)

  private func make(_ subject: Subject) throws -> (SimulatedFileSystem, Collection) {
    let fs = SimulatedFileSystem()
    let collection = try Collection.create(
      on: fs, subject.settings, options: ["quota.min-free": "0"], uuid: UUID16(high: 3, low: 9),
      creator: "test", origin: Self.origin)
    let writer = try CollectionWriter(collection, origin: Self.origin, creator: "test") { _, _ in false }
    var rules = VectorRules()
    rules.allowsZero = true
    let job = try BulkImport(writer, .insert, rules: rules)
    var random = TestSupport.SeededGenerator(seed: 17)
    var batch = RecordBatch(dimension: subject.settings.dimension, idType: .int64)
    var last: [Float] = []
    for row in 0..<subject.rows {
      var vector = (0..<subject.settings.dimension).map { _ in Float(random.below(2001) - 1000) / 512 }
      if row % 11 == 10 { vector = last }
      if row % 40 == 39 { vector = [Float](repeating: 0, count: vector.count) }
      batch.append(id: RecordID(int64: Int64(row)), vector: vector, metadata: [])
      last = vector
    }
    try job.append(batch, source: "test")
    _ = try job.commit()
    _ = try writer.delete([RecordID(int64: 3), RecordID(int64: 50)])
    try writer.checkpoint()
    writer.close()
    var request = IndexRequest()
    request.choice = .kind(subject.kind)
    _ = try IndexBuilder.run(collection, request, patience: { _, _ in false }) { () throws(DatabaseError) in
      try CollectionWriter(collection, origin: Self.origin, creator: "test") { _, _ in false }
    }
    return (fs, collection)
  }

  private func vector(_ subject: Subject, _ random: inout TestSupport.SeededGenerator) -> [Float] {
    (0..<subject.settings.dimension).map { _ in Float(random.below(2001) - 1000) / 512 }
  }

  /// Changes something: bytes of a section, of the header or of the footer, the size or the order of sections.
  private func mutate(_ index: inout RewrittenIndex, _ random: inout TestSupport.SeededGenerator) -> String {
    func number(_ random: inout TestSupport.SeededGenerator) -> [UInt8] {
      let words: [[UInt8]] = [
        [0, 0, 0, 0], [255, 255, 255, 255], [255, 255, 255, 127], [0, 0, 0, 128], [0, 0, 128, 127],
        [0, 0, 192, 127], [1, 0, 0, 0], [255, 255, 127, 127],
      ]
      return random.oneIn(2) ? words[random.below(words.count)] : random.bytes(4)
    }
    func change(_ bytes: inout [UInt8], _ random: inout TestSupport.SeededGenerator) {
      for _ in 0..<(1 + random.below(3)) where !bytes.isEmpty {
        let at = random.below(bytes.count)
        if random.oneIn(2) {
          bytes[at] ^= 1 << UInt8(random.below(8))
        } else {
          for (place, byte) in number(&random).enumerated() where at / 4 * 4 + place < bytes.count {
            bytes[at / 4 * 4 + place] = byte
          }
        }
      }
    }
    let place = random.below(index.parts.count)
    let name = index.parts[place].name.description
    switch random.below(12) {
    case 0:
      change(&index.header, &random)
      return "header"
    case 1:
      change(&index.footer, &random)
      return "footer"
    case 2:
      let size = Int(max(1, index.parts[place].elementSize))
      index.parts[place].bytes.removeLast(min(index.parts[place].bytes.count, size * (1 + random.below(3))))
      return "\(name) shorter"
    case 3:
      let size = Int(max(1, index.parts[place].elementSize))
      index.parts[place].bytes += random.bytes(size * (1 + random.below(3)))
      return "\(name) longer"
    case 4:
      index.parts.remove(at: place)
      return "without \(name)"
    case 5:
      let other = random.below(index.parts.count)
      let bytes = index.parts[place].bytes
      index.parts[place].bytes = index.parts[other].bytes
      index.parts[other].bytes = bytes
      return "\(name) and \(index.parts[other].name) swapped"
    case 6:
      let byte: UInt8 = [0, 255, 127, 128][random.below(4)]
      index.parts[place].bytes = [UInt8](repeating: byte, count: index.parts[place].bytes.count)
      return "\(name) all \(byte)"
    case 7:
      index.parts[place].bytes = random.bytes(index.parts[place].bytes.count)
      return "\(name) random"
    case 8:
      index.parts[place].count = UInt64(random.below(400))
      return "\(name) of another count"
    default:
      change(&index.parts[place].bytes, &random)
      return name
    }
  }

  /// `VDB_INDEX_MUTATIONS` files of each kind; 150 unless told.
  @Test(arguments: Subject.all)
  func `A lying index never ends the program and never makes an answer short or a distance wrong`(
    subject: Subject
  ) throws {
    let count = campaignSize("VDB_INDEX_MUTATIONS") ?? 150
    let (fs, collection) = try make(subject)
    let manifest = try Snapshot.open(collection).manifest
    let entry = try #require(manifest.indexes.first)
    let uuid = collection.identity.uuid
    let whole = try RewrittenIndex(fs, entry, collection: uuid)
    var random = TestSupport.SeededGenerator(seed: 31)
    let queries = (0..<3).flatMap { _ in vector(subject, &random) }
    let distances = try truth(collection, queries, count: 3)
    var refused = 0
    var found = 0
    var failures: [String] = []
    for _ in 0..<count {
      var index = whole
      var what = mutate(&index, &random)
      if random.oneIn(3) { what += ", " + mutate(&index, &random) }
      let copy = fs.crash(.everything)
      let mutant = try Collection.open(on: copy)
      try index.publish(copy, in: entry, manifest, mutant.manifests, collection: uuid)
      let (warnings, failure) = try check(mutant, queries, distances)
      if warnings > 0 { refused += 1 }
      if let failure { failures.append("\(what): \(failure)") }
      let report = try Verifier.run(on: copy, .deep)
      if report.isDamaged || report.findings.contains(where: { $0.code == "index-newer" }) { found += 1 }
    }
    print(
      "index mutations: \(subject.name), seed 31, \(count) files, \(refused) given up in searches, \(found) found by verify --deep, \(failures.count) failures"
    )
    for failure in failures.prefix(10) { Issue.record("\(failure)") }
    #expect(found > count / 2)
  }

  /// Every row's distance from each query.
  private func truth(
    _ collection: Collection, _ queries: [Float], count: Int
  ) throws -> [[RecordID: Float]] {
    var request = SearchRequest(k: nil)
    request.method = .exact
    let answers = try Snapshot.open(collection).search(queries: queries, count: count, request).answers
    return answers.map { Dictionary($0.map { ($0.id, $0.distance) }, uniquingKeysWith: { a, _ in a }) }
  }

  private func check(
    _ collection: Collection, _ queries: [Float], _ truth: [[RecordID: Float]]
  ) throws -> (warnings: Int, failure: String?) {
    var warnings = 0
    for method in [SearchMethod.automatic, .effort(1), .effort(40), .recall(0.99), .exact] {
      let snapshot = try Snapshot.open(collection)
      var request = SearchRequest(k: 7)
      request.method = method
      request.tuning.wantedShare = 1
      request.tuning.fewRows = 0
      request.tuning.weighsGraphs = false
      let result: SearchResult
      do {
        result = try snapshot.search(queries: queries, count: truth.count, request)
      } catch {
        return (warnings, "\(method): \(error)")
      }
      warnings += result.warnings.count
      for (answer, right) in zip(result.answers, truth) {
        guard answer.count == 7, Set(answer.map(\.id)).count == 7 else {
          return (warnings, "\(method): \(answer.count) rows")
        }
        for hit in answer where right[hit.id] != hit.distance {
          return (warnings, "\(method): \(hit.id.display) at \(hit.distance), not \(right[hit.id] ?? -1)")
        }
      }
      _ = snapshot.graphMeasurements(recall: 0.95)
    }
    return (warnings, nil)
  }
}
