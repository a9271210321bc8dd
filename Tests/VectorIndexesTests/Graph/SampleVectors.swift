import Quantization
import TestSupport
import VectorIndexes
import VectorMath

/// Vectors in memory that graphs are made of.
final class SampleVectors: @unchecked Sendable {
  struct Failure: Error {}

  let count: Int
  let dimension: Int
  let metric: Metric
  let rows: [[Float]]
  private let floats: UnsafeMutablePointer<Float>

  init(_ rows: [[Float]], dimension: Int, metric: Metric) {
    self.rows = rows
    count = rows.count
    self.dimension = dimension
    self.metric = metric
    floats = .allocate(capacity: max(1, rows.count * dimension))
    for (index, row) in rows.enumerated() {
      for (place, value) in row.enumerated() { floats[index * dimension + place] = value }
    }
  }

  deinit { floats.deallocate() }

  /// Vectors around a few centres, with lengths that differ.
  static func clustered(_ count: Int, dimension: Int, metric: Metric, seed: UInt64) -> SampleVectors {
    var random = TestSupport.SeededGenerator(seed: seed)
    func noise() -> Float { Float(random.below(2001) - 1000) / 1000 }
    let centres = (0..<max(1, count / 60)).map { _ in (0..<dimension).map { _ in noise() } }
    let rows = (0..<count).map { _ -> [Float] in
      let centre = centres[random.below(centres.count)]
      let length = 0.5 + Float(random.below(1000)) / 500
      return centre.map { ($0 + 0.6 * noise()) * length }
    }
    return SampleVectors(rows, dimension: dimension, metric: metric)
  }

  var source: RowSource<Failure> {
    let (owner, stride) = (self, 4 * dimension)
    return RowSource(elementType: .f32, dimension: dimension, count: count, stride: stride) {
      (rows) throws(Failure) in
      UnsafeRawPointer(owner.floats) + rows.lowerBound * stride
    }
  }

  func contents(_ parameters: GraphParameters = GraphParameters(), threads: Int = 1) throws -> (
    GraphContents, GraphAssembly<Failure>.Rows
  ) {
    let assembly = GraphAssembly(source: source, metric: metric, parameters: parameters, threads: threads)
    let rows = try assembly.encode()
    guard let contents = try assembly.join(rows) else { throw Failure() }
    return (contents, rows)
  }

  func distance(_ query: [Float], _ row: Int) -> Float {
    query.withUnsafeBufferPointer { query in
      guard let query = query.baseAddress else { return .infinity }
      return ExactDistance.distance(
        metric: metric, query: query, row: floats + row * dimension, elementType: .f32, dimension: dimension)
    }
  }

  /// The `k` nearest rows among some, by brute force.
  func nearest(_ query: [Float], _ k: Int, among wanted: (Int) -> Bool = { _ in true }) -> [Int] {
    (0..<count).filter(wanted).map { (distance(query, $0), $0) }.sorted { $0 < $1 }.prefix(k).map(\.1)
  }
}

/// Searches of a graph in memory, as the database does them.
struct SampleSearch {
  let vectors: SampleVectors
  let contents: GraphContents
  let walk: GraphWalk
  let router = RouterScratch()

  init?(_ vectors: SampleVectors, _ contents: GraphContents) {
    guard let view = contents.view else { return nil }
    self.vectors = vectors
    self.contents = contents
    walk = GraphWalk(view, GraphQuery(contents.frame))
  }

  func begin(
    _ query: [Float], breadth: Int, slack: Float = .infinity, wanted: Int = 10, kept: Int? = nil,
    hidden: Int = -1, walk: GraphWalk? = nil
  ) throws -> Bool {
    let walk = walk ?? self.walk
    guard query.withUnsafeBufferPointer({ $0.baseAddress.map { walk.target.set($0) } ?? false }) else {
      return false
    }
    guard let start = contents.searchRouter else { return false }
    let seeds = start.seeds(walk.target, wanted: GraphWalk.usualSeeds, router)
    try walk.begin(
      seeds: UnsafeBufferPointer(start: router.seeds, count: seeds),
      GraphEffort(breadth: breadth, slack: slack), wanted: wanted,
      kept: kept ?? GraphWalk.kept(breadth: slack < .infinity ? wanted : breadth), hidden: hidden)
    return true
  }

  /// The nodes that a walk has found, nearest first by estimate.
  func nodes(_ walk: GraphWalk? = nil) -> [Int] {
    let walk = walk ?? self.walk
    return (0..<walk.candidateCount).map { walk.candidate($0).node }
  }

  /// The `k` nearest rows found: candidates by exact distance, as far as their bounds let them matter.
  func rows(_ query: [Float], _ k: Int, mayFind: (Int) -> Bool = { _ in true }) -> [Int] {
    var found: [(Float, Int)] = []
    let rows = contents.nodeRows
    for place in 0..<walk.candidateCount {
      for index in rows.places(of: walk.candidate(place).node) {
        let row = Int(rows.row(at: index))
        if mayFind(row) { found.append((vectors.distance(query, row), row)) }
      }
    }
    return found.sorted { $0 < $1 }.prefix(k).map(\.1)
  }
}
