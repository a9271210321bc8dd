import FileStorage
import Foundation
import MetadataFilters
import TestSupport
import Testing
import VectorDatabase
import VectorIndexes
import VectorMath

/// A small collection that the engine writes, with most of what the format has.
struct SampleStore: CustomTestStringConvertible, Sendable {
  let name: String
  let settings: CollectionSettings
  let number: UInt64
  let build: @Sendable (inout StoreWriter) throws -> Void

  var testDescription: String { name }

  static let origin = CommandOrigin(command: "test", processID: 1, userID: 2, host: "fixture")

  private static func shape(_ dimension: Int, _ metric: Metric, _ type: ElementType, _ id: IDType)
    -> CollectionSettings
  {
    CollectionSettings(dimension: dimension, metric: metric, elementType: type, idType: id)
  }

  static let all: [SampleStore] = [
    SampleStore(name: "empty-string-f16-dot", settings: shape(4, .dot, .f16, .string), number: 1) { _ in },
    SampleStore(name: "string-f32-cosine", settings: shape(7, .cosine, .f32, .string), number: 2) { store in
      try store.bulk(0..<40, .insert)
      try store.put(38..<44)
      try store.delete([3, 5, 39])
      try store.close()
    },
    SampleStore(name: "int64-f16-l2-segments", settings: shape(5, .l2, .f16, .int64), number: 3) { store in
      try store.bulk(0..<24, .insert)
      try store.bulk(20..<36, .upsert)
      try store.put(30..<33)
      try store.checkpoint()
      try store.delete([1])
      try store.collect()
      try store.close()
    },
    SampleStore(name: "uuid-f32-dot-unclean", settings: shape(3, .dot, .f32, .uuid), number: 4) { store in
      try store.bulk(0..<12, .insert)
      try store.put(10..<15)
      try store.close()
      try store.put(15..<18)
      try store.tear()
    },
    SampleStore(name: "string-f32-l2-flat-index", settings: shape(70, .l2, .f32, .string), number: 6) {
      store in
      try store.bulk(0..<30, .insert)
      try store.index()
      try store.bulk(30..<36, .insert)
      try store.delete([4, 31])
      try store.close()
    },
    SampleStore(name: "int64-f16-cosine-flat-index", settings: shape(9, .cosine, .f16, .int64), number: 7) {
      store in
      try store.bulk(0..<20, .insert)
      try store.delete([7])
      try store.index()
      try store.close()
    },
    SampleStore(
      name: "string-f32-cosine-graph-index", settings: shape(12, .cosine, .f32, .string), number: 10
    ) {
      store in
      try store.bulk(0..<60, .insert)
      try store.delete([9])
      try store.index(.graph)
      try store.bulk(60..<70, .insert)
      try store.put(68..<72)
      try store.delete([4, 61])
      try store.close()
    },
    SampleStore(name: "int64-f16-l2-graph-index-4-bit", settings: shape(200, .l2, .f16, .int64), number: 11) {
      store in
      try store.bulk(0..<30, .insert)
      try store.index(.graph)
      try store.delete([7])
      try store.close()
    },
    SampleStore(name: "string-f32-l2-log-only", settings: shape(2, .l2, .f32, .string), number: 5) { store in
      try store.put(0..<6)
      try store.delete([2])
      try store.close()
    },
    SampleStore(name: "string-i8-cosine", settings: shape(9, .cosine, .i8, .string), number: 6) { store in
      try store.bulk(0..<20, .insert)
      try store.put(18..<23)
      try store.delete([2])
      try store.close()
    },
    SampleStore(name: "int64-u8-l1-segments", settings: shape(6, .l1, .u8, .int64), number: 7) { store in
      try store.bulk(0..<15, .insert)
      try store.bulk(12..<22, .upsert)
      try store.put(20..<24)
      try store.close()
    },
    SampleStore(name: "uuid-bit-hamming", settings: shape(13, .hamming, .bit, .uuid), number: 8) { store in
      try store.bulk(0..<18, .insert)
      try store.put(16..<22)
      try store.delete([1, 4])
      try store.close()
    },
    SampleStore(name: "string-f32-l1", settings: shape(5, .l1, .f32, .string), number: 9) { store in
      try store.bulk(0..<10, .insert)
      try store.put(8..<13)
      try store.close()
    },
  ]

  /// Writes the collection into an existing empty folder.
  func write(to path: String) throws {
    let fs = try RealFileSystem(root: path)
    let collection = try Collection.create(
      on: fs, settings, options: ["quota.min-free": "0"],
      uuid: UUID16(high: 0x7664_6273_746F_7265, low: number),
      creator: "vdb fixture", origin: Self.origin)
    var store = StoreWriter(path: path, collection: collection, random: .init(seed: number))
    try build(&store)
    try store.close()
  }
}

/// Drives one collection for a sample.
struct StoreWriter {
  let path: String
  let collection: Collection
  var random: TestSupport.SeededGenerator
  private var writer: CollectionWriter?

  init(path: String, collection: Collection, random: TestSupport.SeededGenerator) {
    self.path = path
    self.collection = collection
    self.random = random
  }

  private mutating func open() throws -> CollectionWriter {
    if let writer { return writer }
    let opened = try CollectionWriter(collection, origin: SampleStore.origin, creator: "vdb fixture") {
      _, _ in false
    }
    writer = opened
    return opened
  }

  private func id(_ number: Int) -> RecordID {
    switch collection.settings.idType {
    case .string: RecordID(bytes: Array("doc-\(number) \(number % 3 == 0 ? "ü" : "")".utf8), type: .string)
    case .int64: RecordID(int64: Int64(number) * 1_000_000_007 - 9)
    case .uuid:
      RecordID(bytes: (0..<16).map { UInt8(truncatingIfNeeded: number &* 37 &+ $0 &* $0) }, type: .uuid)
    }
  }

  private mutating func batch(_ numbers: Range<Int>) -> RecordBatch {
    var batch = RecordBatch(dimension: collection.settings.dimension, idType: collection.settings.idType)
    for number in numbers {
      batch.idBytes.append(contentsOf: id(number).bytes)
      for _ in 0..<collection.settings.dimension {
        switch collection.settings.elementType {
        case .f32, .f16:
          batch.vectors.append(Float(1 + random.below(2000)) / 64 * (random.oneIn(2) ? -1 : 1))
        case .i8: batch.vectors.append(Float(random.below(256) - 128))
        case .u8: batch.vectors.append(Float(random.below(256)))
        case .bit: batch.vectors.append(Float(random.below(2)))
        }
      }
      let long = String(repeating: "long ", count: number % 7 == 0 ? 60 : 1)
      let texts = [
        "", #"{"lang":"de","n":\#(number)}"#,
        #"{"ok":\#(number % 4 == 1),"score":\#(number).5,"tags":["a","b\#(number)"]}"#,
        #"{"nested":{"deep":[1,null,"x"],"n":-\#(number)},"text":"\#(long)ä\"\\"}"#,
        #"{"big":9223372036854775807,"empty":{},"lang":"en","list":[],"none":null,"tiny":1e-300}"#,
      ]
      batch.metadataBytes.append(contentsOf: texts[number % texts.count].utf8)
      batch.endRow(position: SourcePosition(line: 0, record: UInt64(number)))
    }
    return batch
  }

  mutating func bulk(_ numbers: Range<Int>, _ mode: WriteMode) throws {
    let load = try BulkImport(try open(), mode)
    try load.append(batch(numbers), source: "fixture")
    _ = try load.commit()
  }

  mutating func put(_ numbers: Range<Int>) throws {
    let rows = batch(numbers)
    _ = try open().write(rows, .upsert, source: "fixture")
  }

  mutating func delete(_ numbers: [Int]) throws { _ = try open().delete(numbers.map(id)) }
  mutating func checkpoint() throws { try open().checkpoint() }

  /// Gives every segment an index.
  mutating func index(_ kind: IndexKind = .flat) throws {
    try close()
    var request = IndexRequest()
    request.choice = .kind(kind)
    request.options.seed = 5
    let collection = collection
    _ = try IndexBuilder.run(collection, request, patience: { _, _ in false }) { () throws(DatabaseError) in
      try CollectionWriter(collection, origin: SampleStore.origin, creator: "vdb fixture") { _, _ in false }
    }
  }

  mutating func collect() throws {
    _ = try open().collectGarbage(keepParent: false, dryRun: false) { _, _ in false }
  }

  mutating func close() throws {
    writer?.close()
    writer = nil
  }

  /// Leaves the collection as a power loss in the middle of the last transaction would.
  mutating func tear() throws {
    writer = nil
    let folder = path + "/wal/"
    let last = try FileManager.default.contentsOfDirectory(atPath: folder).sorted().last ?? ""
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: folder + last))
    let end = try file.seekToEnd()
    try file.truncate(atOffset: end - 30)
    try file.close()
  }
}

/// What a collection answers, as text to be kept or compared.
enum StoreAnswers {
  private static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private static func id(_ id: RecordID) -> String { id.type == .int64 ? id.display : "\"\(id.display)\"" }

  static func open(_ path: String) throws -> Snapshot {
    try Snapshot.open(try Collection.open(on: try RealFileSystem(root: path)))
  }

  /// One line for each row in order of arrival, then one for the whole.
  static func records(_ snapshot: Snapshot) throws -> String {
    var lines: [String] = []
    try snapshot.forEachRow { (location) throws(DatabaseError) in
      let row = try snapshot.state.history(at: location)
      let payload = String(decoding: try snapshot.state.metadata(at: location), as: UTF8.self)
      let vector = hex(try snapshot.state.storedVector(at: location))
      lines.append(
        #"{"id":\#(id(try snapshot.state.id(at: location))),"lsn":\#(row.lsn),"created":\#(row.created),"#
          + #""updated":\#(row.updated),"vector":"\#(vector)","payload":\#(payload)}"#)
      return true
    }
    let hash = try snapshot.contentHash().hex
    let sealed = snapshot.logState == .sealed
    lines.append(#"{"rows":\#(snapshot.liveCount),"content_hash":"\#(hash)","sealed":\#(sealed)}"#)
    return lines.joined(separator: "\n") + "\n"
  }

  /// The nearest rows to a few fixed queries: ids, and the bits of the distances.
  static func searches(_ snapshot: Snapshot) throws -> String {
    let dimension = snapshot.collection.settings.dimension
    var random = TestSupport.SeededGenerator(seed: 77)
    var lines: [String] = []
    for _ in 0..<4 {
      let query = (0..<dimension).map { _ in
        let number = random.below(401)
        return switch snapshot.collection.settings.elementType {
        case .f32, .f16: Float(number - 200) / 8 + 0.0625
        case .i8: Float(number % 256 - 128)
        case .u8: Float(number % 256)
        case .bit: Float(number % 2)
        }
      }
      var request = SearchRequest(k: 5)
      // Codes and graphs are used wherever there are any, and all of a graph is looked at.
      request.tuning.wantedShare = 1
      request.tuning.fewRows = 0
      request.tuning.weighsGraphs = false
      request.method = .effort(10_000)
      let hits = try snapshot.search(queries: query, count: 1, request).answers[0]
      let found = hits.map {
        #"[\#(id($0.id)),"\#(String($0.distance.bitPattern, radix: 16))","\#($0.distance)"]"#
      }
      lines.append(
        #"{"query":[\#(query.map { "\($0)" }.joined(separator: ","))],"hits":[\#(found.joined(separator: ","))]}"#
      )
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
