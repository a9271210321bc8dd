/// Clusters of points, each with the mean of its points (Lloyd's k-means).
///
/// The same points and seed give the same clusters for every number of threads and on every processor: a point goes to the
/// cluster whose exact distance is least, the first one among equals, and means are sums in double in the order of the
/// points, rounded once to float.
///
/// - Source: Lloyd 1982, doi:10.1109/TIT.1982.1056489.
package struct KMeans: Equatable, Sendable {
  /// Numbers of a point.
  package let dimension: Int
  /// The means, one after the other.
  package let centroids: [Float]
  /// Points of each cluster in the last assignment.
  package let sizes: [Int]

  /// How many clusters there are: as many as were asked for, or as there are points.
  package var clusterCount: Int { sizes.count }

  /// Finds clusters.
  ///
  /// The first means are distinct points drawn at random. A cluster that loses all its points takes over half of the largest
  /// one, whose mean both get with small opposite changes. Ends early when no point changes its cluster.
  ///
  /// - Parameters:
  ///   - points: Rows of `dimension` finite floats, one after the other.
  ///   - dimension: At least 1.
  ///   - clusterCount: Clusters wanted, at least 1.
  ///   - iterations: Rounds at most; 10 are usually enough.
  ///   - seed: What the first means are drawn from.
  ///   - threads: At most so many work at once.
  /// - Returns: The clusters; none when there are no points.
  /// - Complexity: `iterations · points · clusterCount · dimension` multiplications.
  package static func fit(
    _ points: [Float], dimension: Int, clusterCount: Int, iterations: Int = 10, seed: UInt64, threads: Int
  ) -> KMeans {
    precondition(dimension > 0 && clusterCount > 0)
    let count = points.count / dimension
    let clusters = min(clusterCount, count)
    guard clusters > 0 else { return KMeans(dimension: dimension, centroids: [], sizes: []) }
    var centroids: [Float] = []
    centroids.reserveCapacity(clusters * dimension)
    for row in draw(clusters, of: count, seed: seed) {
      centroids += points[row * dimension..<(row + 1) * dimension]
    }
    var sizes = [Int](repeating: 0, count: clusters)
    var previous: [UInt32] = []
    for _ in 0..<max(1, iterations) {
      let assigned = NearestCentroid(centroids, dimension: dimension).assign(points, threads: threads)
      if assigned == previous { break }
      let members = Members(assigned, clusters: clusters)
      sizes = (0..<clusters).map { members.range($0).count }
      update(&centroids, points, dimension: dimension, members, threads: threads)
      splitLargest(&centroids, &sizes, dimension: dimension)
      previous = assigned
    }
    return KMeans(dimension: dimension, centroids: centroids, sizes: sizes)
  }

  /// The cluster of each point: the first of those whose mean is nearest.
  ///
  /// - Parameters:
  ///   - points: Rows of `dimension` finite floats, one after the other.
  ///   - threads: At most so many work at once.
  /// - Returns: A cluster for each point; none when there are no clusters.
  package func assign(_ points: [Float], threads: Int) -> [UInt32] {
    guard clusterCount > 0 else { return [] }
    return NearestCentroid(centroids, dimension: dimension).assign(points, threads: threads)
  }

  /// `wanted` different numbers below `count`, ascending (Floyd's method).
  private static func draw(_ wanted: Int, of count: Int, seed: UInt64) -> [Int] {
    var random = SeededGenerator(seed: seed)
    var chosen = Set<Int>()
    for last in count - wanted..<count {
      let number = Int(random.next() % UInt64(last + 1))
      chosen.insert(chosen.contains(number) ? last : number)
    }
    return chosen.sorted()
  }

  /// The points of each cluster, in order.
  private struct Members: Sendable {
    private let starts: [Int]
    let points: [UInt32]

    init(_ assigned: [UInt32], clusters: Int) {
      var starts = [Int](repeating: 0, count: clusters + 1)
      for cluster in assigned { starts[Int(cluster) + 1] += 1 }
      for cluster in 0..<clusters { starts[cluster + 1] += starts[cluster] }
      var next = starts
      var points = [UInt32](repeating: 0, count: assigned.count)
      for (point, cluster) in assigned.enumerated() {
        points[next[Int(cluster)]] = UInt32(truncatingIfNeeded: point)
        next[Int(cluster)] += 1
      }
      self.starts = starts
      self.points = points
    }

    func range(_ cluster: Int) -> Range<Int> { starts[cluster]..<starts[cluster + 1] }
  }

  /// Moves each centroid to the mean of its points; one without points stays.
  private static func update(
    _ centroids: inout [Float], _ points: [Float], dimension: Int, _ members: Members, threads: Int
  ) {
    let clusters = centroids.count / dimension
    let perBlock = max(1, min(64, (clusters + 4 * threads - 1) / (4 * max(1, threads))))
    let blocks = (clusters + perBlock - 1) / perBlock
    let means = ParallelResults<[Float]>(blocks)
    ParallelLoop.run(blocks: blocks, threads: threads) { block in
      var result: [Float] = []
      var sums = [Double](repeating: 0, count: dimension)
      for cluster in block * perBlock..<min(clusters, (block + 1) * perBlock) {
        let range = members.range(cluster)
        for index in 0..<dimension { sums[index] = 0 }
        for place in range {
          let start = Int(members.points[place]) * dimension
          for index in 0..<dimension { sums[index] += Double(points[start + index]) }
        }
        for index in 0..<dimension {
          // Without points the value is not used.
          result.append(Float(sums[index] / Double(max(1, range.count))))
        }
      }
      means.set(block, result)
    }
    var cluster = 0
    for block in means.all {
      for start in stride(from: 0, to: block.count, by: dimension) {
        if !members.range(cluster).isEmpty {
          for index in 0..<dimension { centroids[cluster * dimension + index] = block[start + index] }
        }
        cluster += 1
      }
    }
  }

  /// Gives each empty cluster half of the largest one that has at least two points.
  private static func splitLargest(_ centroids: inout [Float], _ sizes: inout [Int], dimension: Int) {
    for empty in sizes.indices where sizes[empty] == 0 {
      var largest = 0
      for cluster in sizes.indices where sizes[cluster] > sizes[largest] { largest = cluster }
      guard sizes[largest] >= 2 else { return }
      for index in 0..<dimension {
        let number = centroids[largest * dimension + index]
        let change = number * (index % 2 == 0 ? 0x1p-10 : -0x1p-10)
        centroids[empty * dimension + index] = number + change
        centroids[largest * dimension + index] = number - change
      }
      sizes[empty] = sizes[largest] / 2
      sizes[largest] -= sizes[empty]
    }
  }
}
