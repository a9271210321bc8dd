import FileStorage
import Foundation
import MetadataFilters
import TestSupport
import VectorDatabase
import VectorIndexes
import VectorMath

/// A number from the environment.
func campaignSize(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

/// A small collection that holds a file of every kind: identity, two manifests, sealed logs, segments, a deletion file and
/// an index of each kind.
struct SmallCollection {
  let fs: SimulatedFileSystem
  static let origin = CommandOrigin(command: "test", processID: 1)

  init() throws {
    fs = SimulatedFileSystem()
    let settings = CollectionSettings(dimension: 2, metric: .cosine, elementType: .f32, idType: .string)
    let collection = try Collection.create(
      on: fs, settings, options: ["quota.min-free": "0"],
      uuid: UUID16(bytes: [UInt8](16..<32)) ?? UUID16.random(), creator: "test", origin: Self.origin)
    let writer = try CollectionWriter(collection, origin: Self.origin, creator: "test") { _, _ in false }
    let job = try BulkImport(writer, .insert)
    try job.append(Self.batch(0..<6), source: "test")
    _ = try job.commit()
    _ = try writer.delete([RecordID(bytes: Array("id-2".utf8), type: .string)])
    try writer.checkpoint()
    writer.close()
    for kind in IndexKind.allCases {
      var request = IndexRequest()
      request.choice = .kind(kind)
      _ = try IndexBuilder.run(collection, request, patience: { _, _ in false }) { () throws(DatabaseError) in
        try CollectionWriter(collection, origin: Self.origin, creator: "test") { _, _ in false }
      }
    }
    let writerAgain = try CollectionWriter(collection, origin: Self.origin, creator: "test") { _, _ in false }
    _ = try writerAgain.collectGarbage(keepParent: true, dryRun: false) { _, _ in false }
    writerAgain.close()
    try write(collection)
  }

  private func write(_ collection: Collection) throws {
    let writer = try CollectionWriter(collection, origin: Self.origin, creator: "test") { _, _ in false }
    _ = try writer.write(Self.batch(6..<9), .insert, source: "test")
    _ = try writer.delete([RecordID(bytes: Array("id-4".utf8), type: .string)])
    _ = try writer.write(Self.batch(1..<2, version: 7), .upsert, source: "test")
    writer.close()
  }

  static func batch(_ numbers: Range<Int>, version: Int = 1) -> RecordBatch {
    var batch = RecordBatch(dimension: 2, idType: .string)
    for n in numbers {
      let text =
        "{\"lang\":\"\(n % 2 == 0 ? "de" : "en")\",\"n\":\(n),\"ok\":true,\"tags\":[\"a\",\"b\(n)\"],\"v\":\(version).5}"
      batch.append(
        id: RecordID(bytes: Array("id-\(n)".utf8), type: .string), vector: [Float(n + 1), Float(version)],
        metadata: Array(text.utf8), position: SourcePosition(line: 1, record: UInt64(n)))
    }
    return batch
  }

  /// The file of the graph index.
  func graphFile() throws -> String? {
    try Snapshot.open(try Collection.open(on: fs)).manifest.indexes
      .first { $0.kind == IndexKind.graph.rawValue }.map { FileNames.index($0.number) }
  }

  /// The files that a version needs, with their bytes.
  func files() -> [(name: String, bytes: [UInt8])] {
    fs.allFiles().filter { $0 != "lock" && $0 != "lock.info" }.map { ($0, fs.contents($0) ?? []) }
  }
}
