import FileStorage
import MetadataFilters
import TestSupport
import VectorDatabase
import VectorIndexes
import VectorMath

/// A collection of unit vectors that lie as those of sentences do: a mean direction, topics of very unequal sizes, few directions
/// that matter, and a little of everything else.
struct SampleEmbeddings {
  let fs = SimulatedFileSystem()
  let collection: Collection
  let dimension: Int
  private var random: TestSupport.SeededGenerator
  private let directions: [[Float]]
  private let mean: [Float]
  private let topics: [[Float]]

  /// Directions that matter.
  private static let latent = 24

  /// Imports rows and builds their graph; then deletes some, and puts others into the log.
  ///
  /// `deleted`: Of a hundred rows; `inLog`: rows written after the build.
  init(dimension: Int, rows: Int, seed: UInt64, deleted: Int = 0, inLog: Int = 0) throws {
    self.dimension = dimension
    random = TestSupport.SeededGenerator(seed: seed)
    var made = random
    func normals(_ count: Int) -> [Float] { (0..<count).map { _ in Self.normal(&made) } }
    directions = (0..<Self.latent).map { _ in normals(dimension) }
    mean = normals(dimension)
    topics = (0..<96).map { _ in normals(Self.latent) }
    random = made
    collection = try Collection.create(
      on: fs, CollectionSettings(dimension: dimension, metric: .cosine, elementType: .f32, idType: .int64),
      options: ["quota.min-free": "0"], uuid: UUID16(high: seed, low: 8), creator: "test",
      origin: IndexedRows.origin)
    let writer = try IndexedRows.writer(collection)
    let job = try BulkImport(writer, .insert)
    try job.append(batch(0..<rows), source: "test")
    _ = try job.commit()
    writer.close()
    var request = IndexRequest()
    request.choice = .kind(.graph)
    let collection = collection
    _ = try IndexBuilder.run(collection, request, patience: { _, _ in false }) {
      () throws(DatabaseError) in try IndexedRows.writer(collection)
    }
    guard deleted > 0 || inLog > 0 else { return }
    let later = try IndexedRows.writer(collection)
    var dead: [RecordID] = []
    for row in 0..<rows where random.below(100) < deleted { dead.append(RecordID(int64: Int64(row))) }
    _ = try later.delete(dead)
    if inLog > 0 { _ = try later.write(batch(rows..<rows + inLog), .insert, source: "test") }
    later.close()
  }

  private static func normal(_ random: inout TestSupport.SeededGenerator) -> Float {
    var sum: Float = 0
    for _ in 0..<12 { sum += Float(random.below(1 << 20)) / Float(1 << 20) }
    return sum - 6
  }

  private mutating func batch(_ rows: Range<Int>) -> RecordBatch {
    var batch = RecordBatch(dimension: dimension, idType: .int64)
    for row in rows { batch.append(id: RecordID(int64: Int64(row)), vector: vector(), metadata: []) }
    return batch
  }

  /// A vector as those of the rows are.
  mutating func vector() -> [Float] {
    // Zipf's law, about: half of the rows lie in a tenth of the topics.
    let share = Float(random.below(1 << 20)) / Float(1 << 20)
    let topic = topics[min(topics.count - 1, Int(share * share * share * Float(topics.count)))]
    var vector = mean.map { $0 * 1.5 }
    for (axis, direction) in directions.enumerated() {
      let weight = topic[axis] * 0.7 + Self.normal(&random) * 0.6
      for index in vector.indices { vector[index] += direction[index] * weight }
    }
    var squares: Float = 0
    for index in vector.indices {
      vector[index] += Self.normal(&random) * 0.7
      squares += vector[index] * vector[index]
    }
    let length = squares.squareRoot()
    return vector.map { $0 / length }
  }
}
