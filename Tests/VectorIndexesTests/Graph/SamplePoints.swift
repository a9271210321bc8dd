import TestSupport
import VectorIndexes

/// Codes for a graph, made or read by a test.
final class SamplePoints: @unchecked Sendable {
  let count: Int
  let dimension: Int
  private let codes: UnsafeMutablePointer<Int8>
  private let squares: UnsafeMutablePointer<Int32>

  init(_ rows: [[Int8]], dimension: Int = 64) {
    count = rows.count
    self.dimension = dimension
    codes = .allocate(capacity: max(1, rows.count * dimension))
    squares = .allocate(capacity: max(1, rows.count))
    codes.initialize(repeating: 0, count: max(1, rows.count * dimension))
    for (index, row) in rows.enumerated() {
      precondition(row.count <= dimension)
      var sum: Int32 = 0
      for (place, value) in row.enumerated() {
        codes[index * dimension + place] = value
        sum += Int32(value) * Int32(value)
      }
      squares[index] = sum
    }
  }

  deinit {
    codes.deallocate()
    squares.deallocate()
  }

  var points: GraphPoints {
    GraphPoints(count: count, dimension: dimension, codes: codes, squares: squares, owner: self)
  }

  func row(_ index: Int) -> [Int8] { (0..<dimension).map { codes[index * dimension + $0] } }

  func squaredDistance(_ first: Int, _ second: Int) -> Int {
    var sum = 0
    for place in 0..<dimension {
      let gap = Int(codes[first * dimension + place]) - Int(codes[second * dimension + place])
      sum += gap * gap
    }
    return sum
  }

  func squaredDistance(_ query: [Int8], _ point: Int) -> Int {
    var sum = 0
    for place in 0..<dimension {
      let gap = Int(query[place]) - Int(codes[point * dimension + place])
      sum += gap * gap
    }
    return sum
  }

  /// The `k` points nearest to a query, by integer distance, then by number.
  func nearest(_ query: [Int8], _ k: Int) -> [Int] {
    (0..<count).map { (squaredDistance(query, $0), $0) }.sorted { $0 < $1 }.prefix(k).map(\.1)
  }
}

/// Shapes of data that have broken graphs before.
enum SampleShape: String, CaseIterable, Sendable {
  case noise, clusters, tinyClusters, line, grid, twoFarClusters, fewDistinct, sparse

  /// `count` rows of 64 numbers.
  func rows(_ count: Int, seed: UInt64) -> [[Int8]] {
    var random = TestSupport.SeededGenerator(seed: seed)
    func noise(_ size: Int) -> [Int8] { (0..<64).map { _ in Int8(random.below(2 * size + 1) - size) } }
    func around(_ centre: [Int8], _ size: Int) -> [Int8] {
      centre.map { Int8(max(-127, min(127, Int($0) + random.below(2 * size + 1) - size))) }
    }
    switch self {
    case .noise: return (0..<count).map { _ in noise(127) }
    case .clusters:
      let centres = (0..<max(1, count / 100)).map { _ in noise(100) }
      return (0..<count).map { _ in around(centres[random.below(centres.count)], 20) }
    case .tinyClusters:
      let centres = (0..<max(1, count / 12)).map { _ in noise(120) }
      return (0..<count).map { around(centres[$0 % centres.count], 2) }
    case .line:
      return (0..<count).map { (index: Int) -> [Int8] in
        // Along a curve that turns slowly: each point's neighbours are the ones before and behind it.
        let height: Int = index * 254 / max(1, count) - 127
        return (0..<64).map { (place: Int) -> Int8 in Int8(max(-127, min(127, height + place % 3))) }
      }
    case .grid:
      return (0..<count).map { (index: Int) -> [Int8] in
        let row: [Int] = [index % 100, index / 100 % 100, index / 10_000]
        return row.map { Int8($0) }
      }
    case .twoFarClusters:
      let one = [Int8](repeating: 120, count: 64)
      let two = [Int8](repeating: -120, count: 64)
      return (0..<count).map { around($0 % 2 == 0 ? one : two, 7) }
    case .fewDistinct:
      let kinds = (0..<max(1, min(50, count / 4))).map { _ in noise(50) }
      return (0..<count).map { _ in kinds[random.below(kinds.count)] }
    case .sparse:
      return (0..<count).map { _ in
        var row = [Int8](repeating: 0, count: 64)
        for _ in 0..<3 { row[random.below(64)] = Int8(random.below(255) - 127) }
        return row
      }
    }
  }
}

extension Graph {
  /// Best-first search with integer distances, the plain textbook form: the oracle for the real one.
  func nearest(_ query: [Int8], _ k: Int, breadth: Int, _ sample: SamplePoints) -> [Int] {
    var visited: Set<Int> = []
    var pool: [(distance: Int, node: Int, isExpanded: Bool)] = []
    func offer(_ node: Int) {
      guard visited.insert(node).inserted else { return }
      pool.append((sample.squaredDistance(query, Int(point(node))), node, false))
      pool.sort { ($0.distance, $0.node) < ($1.distance, $1.node) }
      if pool.count > breadth { pool.removeLast() }
    }
    let entry = leaders.map { (sample.squaredDistance(query, Int(point(Int($0)))), Int($0)) }
      .sorted { $0 < $1 }.prefix(4)
    for (_, node) in entry { offer(node) }
    while let place = pool.firstIndex(where: { !$0.isExpanded }) {
      pool[place].isExpanded = true
      let node = pool[place].node
      for place in 0..<maximumNeighbors { offer(Int(neighbor(node, place))) }
    }
    return pool.prefix(k).map { Int(point($0.node)) }
  }

  /// All numbers of the graph as one list.
  var numbers: [UInt32] {
    var all: [UInt32] = leaders
    for node in 0..<count {
      all.append(point(node))
      for place in 0..<maximumNeighbors { all.append(neighbor(node, place)) }
    }
    return all
  }
}
