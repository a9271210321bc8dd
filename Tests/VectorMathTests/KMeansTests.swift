import Testing
import VectorMath

/// Clusters are those of the description, whatever the machine.
@Suite struct KMeansTests {
  /// Points around a few centres, some of them equal.
  static func points(_ count: Int, dimension: Int, centres: Int, seed: UInt64) -> [Float] {
    var random = VectorMath.SeededGenerator(seed: seed)
    let means = (0..<centres * dimension).map { _ in random.nextUnitFloat() * 10 }
    var points: [Float] = []
    for point in 0..<count {
      let centre = Int(random.next() % UInt64(centres))
      if point % 13 == 5 {
        points += points[(point - 1) * dimension..<point * dimension]
        continue
      }
      for index in 0..<dimension { points.append(means[centre * dimension + index] + random.nextUnitFloat()) }
    }
    return points
  }

  static func nearest(_ points: [Float], _ centroids: [Float], dimension: Int) -> [UInt32] {
    (0..<points.count / dimension).map { point in
      let query = Array(points[point * dimension..<(point + 1) * dimension])
      var best = (Float.infinity, 0)
      for cluster in 0..<centroids.count / dimension {
        let row = Array(centroids[cluster * dimension..<(cluster + 1) * dimension])
        let distance = ScalarReference.distance(.l2, query, row)
        if distance < best.0 { best = (distance, cluster) }
      }
      return UInt32(best.1)
    }
  }

  static func error(_ points: [Float], _ clusters: KMeans) -> Double {
    var sum = 0.0
    let dimension = clusters.dimension
    for (point, cluster) in clusters.assign(points, threads: 1).enumerated() {
      for index in 0..<dimension {
        let centroid = clusters.centroids[Int(cluster) * dimension + index]
        let difference = Double(points[point * dimension + index]) - Double(centroid)
        sum += difference * difference
      }
    }
    return sum
  }

  @Test(arguments: [1, 2, 3, 16, 100])
  func pointsGoToTheNearestMean(dimension: Int) {
    for clusterCount in [1, 2, 15, 16, 17, 70] {
      let seed = UInt64(dimension * 100 + clusterCount)
      let points = Self.points(300, dimension: dimension, centres: 9, seed: seed)
      let clusters = KMeans.fit(
        points, dimension: dimension, clusterCount: clusterCount, iterations: 4, seed: seed, threads: 1)
      #expect(clusters.clusterCount == clusterCount)
      let found = clusters.assign(points, threads: 1)
      #expect(found == Self.nearest(points, clusters.centroids, dimension: dimension), "seed \(seed)")
    }
  }

  @Test func threadsAndInstructionSetsChangeNothing() {
    let before = InstructionSet.current
    defer { InstructionSet.use(before) }
    let points = Self.points(2000, dimension: 40, centres: 30, seed: 3)
    var expected: KMeans?
    for set in InstructionSet.allCases {
      InstructionSet.use(set)
      for threads in [1, 2, 5] {
        let clusters = KMeans.fit(points, dimension: 40, clusterCount: 60, seed: 4, threads: threads)
        #expect(expected == nil || expected == clusters, "\(set) \(threads) threads")
        expected = clusters
      }
    }
    #expect(expected != KMeans.fit(points, dimension: 40, clusterCount: 60, seed: 5, threads: 1))
  }

  /// Far from the origin, products in float cannot tell centroids apart: the exact distance must decide.
  @Test func nearMeansFarFromTheOriginAreToldApart() {
    var random = VectorMath.SeededGenerator(seed: 8)
    let points = (0..<200 * 8).map { _ in 10_000 + random.nextUnitFloat() }
    let clusters = KMeans.fit(points, dimension: 8, clusterCount: 20, seed: 9, threads: 1)
    #expect(clusters.assign(points, threads: 1) == Self.nearest(points, clusters.centroids, dimension: 8))
    #expect(clusters.sizes.reduce(0, +) == 200)
  }

  @Test func moreRoundsDoNotMakeItWorse() {
    let points = Self.points(1500, dimension: 12, centres: 20, seed: 5)
    var last = Double.infinity
    for iterations in [1, 2, 4, 8, 16, 32] {
      let clusters = KMeans.fit(
        points, dimension: 12, clusterCount: 20, iterations: iterations, seed: 6, threads: 2)
      let error = Self.error(points, clusters)
      #expect(error <= last * 1.0001, "\(iterations) rounds")
      last = error
    }
  }

  @Test func emptyClustersTakeHalfOfTheLargest() {
    // Three different points, often repeated: most of ten first means are equal, and lose all points to the first of them.
    let points = (0..<300).flatMap { point -> [Float] in
      point < 200 ? [1, 1] : point < 280 ? [5, 5] : [9, 0]
    }
    let clusters = KMeans.fit(points, dimension: 2, clusterCount: 10, iterations: 5, seed: 1, threads: 2)
    #expect(clusters.clusterCount == 10)
    #expect(clusters.sizes.reduce(0, +) == 300)
    #expect(clusters.sizes.allSatisfy { $0 > 0 })
    #expect(clusters.centroids.allSatisfy { $0.isFinite })
  }

  @Test func degenerateInputs() {
    #expect(KMeans.fit([], dimension: 3, clusterCount: 4, seed: 1, threads: 2).clusterCount == 0)
    #expect(
      KMeans.fit([], dimension: 3, clusterCount: 4, seed: 1, threads: 2).assign([1, 2, 3], threads: 1) == [])
    let one = KMeans.fit([1, 2, 3], dimension: 3, clusterCount: 4, seed: 1, threads: 2)
    #expect(one.clusterCount == 1 && one.centroids == [1, 2, 3])
    let numbers: [Float] = [
      0, -0.0, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude, 1e30, -1e19, 1,
    ]
    var random = VectorMath.SeededGenerator(seed: 2)
    for round in 0..<50 {
      let dimension = 1 + round % 5
      let points = (0..<40 * dimension).map { _ in numbers.randomElement(using: &random) ?? 0 }
      let clusters = KMeans.fit(points, dimension: dimension, clusterCount: 7, seed: 3, threads: 1)
      let found = clusters.assign(points, threads: 1)
      #expect(found == Self.nearest(points, clusters.centroids, dimension: dimension), "round \(round)")
    }
  }
}
