import FileStorage
import MetadataFilters
import TestSupport
import VectorDatabase
import VectorMath

/// What a collection should hold: a dictionary and the order of arrival, kept by the plainest means.
struct CollectionModel {
  struct Row: Equatable {
    var vector: [Float]
    var metadata: String
    var arrival: Int
  }

  let dimension: Int
  let metric: Metric
  var rows: [RecordID: Row] = [:]
  var arrivals = 0

  mutating func put(_ id: RecordID, _ vector: [Float], _ metadata: String) {
    arrivals += 1
    rows[id] = Row(vector: vector, metadata: metadata, arrival: arrivals)
  }

  var inOrder: [RecordID] { rows.sorted { $0.value.arrival < $1.value.arrival }.map(\.key) }

  /// Distances by the formulas of the format, in double, one element after another.
  func distance(_ a: [Float], _ b: [Float]) -> Double {
    var dot = 0.0, aa = 0.0, bb = 0.0, squares = 0.0, absolute = 0.0
    for i in 0..<dimension {
      let x = Double(a[i]), y = Double(b[i])
      dot += x * y
      aa += x * x
      bb += y * y
      squares += (x - y) * (x - y)
      absolute += abs(x - y)
    }
    switch metric {
    case .l2: return squares.squareRoot()
    case .dot: return -dot
    case .l1, .hamming: return absolute
    case .cosine: return aa == 0 || bb == 0 ? 1 : 1 - dot / (aa.squareRoot() * bb.squareRoot())
    }
  }

  func nearest(_ query: [Float], k: Int) -> [(id: RecordID, distance: Float)] {
    let all = rows.map { (id: $0.key, distance: Float(distance(query, $0.value.vector))) }
    return Array(
      all.sorted { $0.distance != $1.distance ? $0.distance < $1.distance : $0.id < $1.id }.prefix(k))
  }
}

/// A model and a real collection that are driven together.
struct ModelRun {
  var generator: TestSupport.SeededGenerator
  var model: CollectionModel
  let fs: any FileSystem
  var collection: Collection
  var writer: CollectionWriter?

  static let origin = CommandOrigin(command: "test", processID: 1)

  init(seed: UInt64, on fs: any FileSystem) throws {
    generator = TestSupport.SeededGenerator(seed: seed)
    let dimension = [1, 2, 3, 8, 17][generator.below(5)]
    let type = ElementType.allCases[generator.below(ElementType.allCases.count)]
    let metric = type.metrics[generator.below(type.metrics.count)]
    let idType = [IDType.string, .int64, .uuid][generator.below(3)]
    model = CollectionModel(dimension: dimension, metric: metric)
    self.fs = fs
    let settings = CollectionSettings(dimension: dimension, metric: metric, elementType: type, idType: idType)
    let uuid = UUID16(bytes: generator.bytes(16))
    collection = try Collection.create(
      on: fs, settings, options: ["wal.max-records": "\(4 + generator.below(40))", "quota.min-free": "0"],
      uuid: uuid ?? UUID16.random(), creator: "test", origin: Self.origin)
  }

  mutating func openWriter() throws -> CollectionWriter {
    if let writer { return writer }
    let opened = try CollectionWriter(collection, origin: Self.origin, creator: "test") { _, _ in false }
    writer = opened
    return opened
  }

  mutating func closeWriter() throws {
    writer?.close()
    writer = nil
  }

  mutating func randomID() -> RecordID {
    let number = generator.below(24)
    switch collection.settings.idType {
    case .string: return RecordID(bytes: Array("id-\(number)".utf8), type: .string)
    case .int64: return RecordID(int64: Int64(number) - 12)
    case .uuid: return RecordID(bytes: [UInt8](repeating: UInt8(number), count: 16), type: .uuid)
    }
  }

  /// Small whole numbers: exact in every element type that has them and in every order of summation.
  mutating func randomVector() -> [Float] {
    let (least, count) =
      switch collection.settings.elementType {
      case .f32, .f16, .i8: (-4, 9)
      case .u8: (0, 9)
      case .bit: (0, 2)
      }
    var vector = (0..<model.dimension).map { _ in Float(generator.below(count) + least) }
    if model.metric == .cosine, vector.allSatisfy({ $0 == 0 }) { vector[0] = 1 }
    return vector
  }

  mutating func randomMetadata() -> String {
    switch generator.below(4) {
    case 0: return "{}"
    case 1: return "{\"n\":\(generator.below(5))}"
    case 2: return "{\"lang\":\"\(["de", "en"][generator.below(2)])\",\"n\":\(generator.below(9)).5}"
    default:
      return
        "{\"a\":{\"b\":[1,2,\(generator.below(3))]},\"t\":\"\(String(repeating: "x", count: generator.below(300)))\"}"
    }
  }

  mutating func randomBatch(_ count: Int) -> (RecordBatch, [(RecordID, [Float], String)]) {
    var batch = RecordBatch(dimension: model.dimension, idType: collection.settings.idType)
    var rows: [(RecordID, [Float], String)] = []
    for number in 0..<count {
      let row = (randomID(), randomVector(), randomMetadata())
      rows.append(row)
      batch.append(
        id: row.0, vector: row.1, metadata: Array(row.2.utf8),
        position: SourcePosition(line: UInt64(number) + 1, record: UInt64(number) + 1))
    }
    return (batch, rows)
  }

  /// One random operation on both sides.
  mutating func step() throws {
    switch generator.below(16) {
    case 0...3: try write(.upsert)
    case 4: try write(.insert)
    case 5: try write(.ignore)
    case 6, 7: try delete()
    case 8: try update()
    case 9: try openWriter().checkpoint()
    case 10: try bulkImport()
    case 11: try compact()
    case 12:
      _ = try openWriter().collectGarbage(keepParent: generator.oneIn(2), dryRun: false) { _, _ in false }
    case 13: try closeWriter()
    case 14:
      // A killed writer: no seal.
      writer = nil
    default: try reopen()
    }
  }

  private mutating func expectDuplicate(_ rows: [(RecordID, [Float], String)]) -> Bool {
    var seen = Set(model.rows.keys)
    return rows.contains { !seen.insert($0.0).inserted }
  }

  private mutating func apply(_ rows: [(RecordID, [Float], String)], _ mode: WriteMode) {
    switch mode {
    case .insert, .upsert:
      // Of one transaction the last record of an id counts, at the place of that last record.
      var last: [RecordID: Int] = [:]
      for (index, row) in rows.enumerated() { last[row.0] = index }
      for (index, row) in rows.enumerated() where last[row.0] == index { model.put(row.0, row.1, row.2) }
    case .ignore:
      for row in rows where model.rows[row.0] == nil { model.put(row.0, row.1, row.2) }
    }
  }

  private mutating func write(_ mode: WriteMode) throws {
    let (batch, rows) = randomBatch(1 + generator.below(6))
    let fails = mode == .insert && expectDuplicate(rows)
    let target = try openWriter()
    let failure = Self.failure { () throws(DatabaseError) in
      _ = try target.write(batch, mode, source: "model")
    }
    if try isExpectedDuplicate(failure, fails) { return }
    apply(rows, mode)
  }

  private static func failure(_ body: () throws(DatabaseError) -> Void) -> DatabaseError? {
    do { try body() } catch { return error }
    return nil
  }

  /// Whether a write failed for the duplicate that the model expects; any other outcome is an error here.
  private func isExpectedDuplicate(_ failure: DatabaseError?, _ expected: Bool) throws -> Bool {
    switch failure {
    case nil:
      if expected { throw ModelFailure("a duplicate id was accepted") }
      return false
    case .duplicateID where expected: return true
    case let other?: throw other
    }
  }

  private mutating func delete() throws {
    let ids = (0..<(1 + generator.below(4))).map { _ in randomID() }
    let (receipt, missing) = try openWriter().delete(ids)
    let present = Set(ids.filter { model.rows[$0] != nil })
    guard receipt.deleted == UInt64(present.count), Set(missing) == Set(ids).subtracting(present) else {
      throw ModelFailure("delete of \(ids.map(\.display)) counted \(receipt.deleted)")
    }
    for id in ids { model.rows[id] = nil }
  }

  private mutating func update() throws {
    let id = randomID()
    let vector = generator.oneIn(2) ? randomVector() : nil
    let metadata = randomMetadata()
    let change = RowChange(
      id: id, vector: vector, metadata: { _ in Array(metadata.utf8) },
      origin: RowOrigin(source: "model", line: 1, record: 1))
    let (receipt, missing) = try openWriter().update([change])
    if let old = model.rows[id] {
      guard receipt.replaced == 1, missing.isEmpty else { throw ModelFailure("update missed \(id.display)") }
      model.put(id, vector ?? old.vector, metadata)
    } else {
      guard receipt.replaced == 0, missing == [id] else { throw ModelFailure("update found \(id.display)") }
    }
  }

  private mutating func bulkImport() throws {
    let (batch, rows) = randomBatch(1 + generator.below(12))
    let mode = [WriteMode.insert, .upsert, .ignore][generator.below(3)]
    let replacesAll = generator.oneIn(8)
    let perSegment = generator.oneIn(2) ? 1 << 20 : 1 + generator.below(4)
    let target = try openWriter()
    var seen = replacesAll ? [] : Set(model.rows.keys)
    let fails = mode == .insert && rows.contains { !seen.insert($0.0).inserted }
    let failure = Self.failure { () throws(DatabaseError) in
      let job = try BulkImport(target, mode, replacesAll: replacesAll, rowsPerSegment: perSegment)
      try job.append(batch, source: "model")
      _ = try job.commit()
    }
    if try isExpectedDuplicate(failure, fails) { return }
    if replacesAll { model.rows = [:] }
    apply(rows, mode)
  }

  private mutating func compact() throws {
    try closeWriter()
    var request = CompactionRequest()
    request.full = generator.oneIn(2)
    let collection = collection
    _ = try Compactor.run(collection, request, patience: { _, _ in false }) { () throws(DatabaseError) in
      try CollectionWriter(collection, origin: Self.origin, creator: "test") { _, _ in false }
    }
  }

  mutating func reopen() throws {
    writer = nil
    collection = try Collection.open(on: fs)
  }

  /// Compares everything that can be read with the model.
  mutating func check() throws {
    let snapshot = try Snapshot.open(collection)
    guard snapshot.liveCount == model.rows.count else {
      throw ModelFailure("\(snapshot.liveCount) rows, the model has \(model.rows.count)")
    }
    let info = try CollectionInfo.read(collection)
    guard info.liveRows == UInt64(model.rows.count) else {
      throw ModelFailure("info says \(info.liveRows) rows, the model has \(model.rows.count)")
    }
    var order: [RecordID] = []
    try snapshot.forEachRow { (location) throws(DatabaseError) in
      order.append(try snapshot.state.id(at: location))
      return true
    }
    guard order == model.inOrder else {
      throw ModelFailure("order \(order.map(\.display)), the model has \(model.inOrder.map(\.display))")
    }
    for (id, row) in model.rows {
      guard let location = try snapshot.state.find(id) else { throw ModelFailure("\(id.display) is missing") }
      guard try snapshot.state.vector(at: location) == row.vector else {
        throw ModelFailure("\(id.display) has another vector")
      }
      guard try snapshot.state.metadata(at: location) == Array(row.metadata.utf8) else {
        throw ModelFailure("\(id.display) has other metadata")
      }
    }
    let query = randomVector()
    let k = 1 + generator.below(30)
    var request = SearchRequest(k: k)
    request.threads = 1 + generator.below(2)
    let hits = try snapshot.search(queries: query, count: 1, request).answers[0]
    let expected = model.nearest(query, k: k)
    // The model sums in another order, so distances may differ in the last bits; the order must be the one of the distances.
    let isSorted = zip(hits, hits.dropFirst()).allSatisfy {
      $0.distance < $1.distance || ($0.distance == $1.distance && $0.id < $1.id)
    }
    let isNear = zip(hits, expected).allSatisfy { abs($0.distance - $1.distance) <= 1e-6 }
    let isTrue = hits.allSatisfy { hit in
      model.rows[hit.id].map { abs(Float(model.distance(query, $0.vector)) - hit.distance) <= 1e-6 } ?? false
    }
    guard hits.count == expected.count, isSorted, isNear, isTrue else {
      throw ModelFailure(
        "search found \(hits.map { "\($0.id.display) \($0.distance)" }), the model \(expected.map { "\($0.id.display) \($0.distance)" })"
      )
    }
  }
}

/// The real side and the model disagree.
struct ModelFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
