import CVectorKernels
import FileStorage
import TestSupport
import Testing
import VectorIndexes

/// Builds graphs of every awkward shape and looks at what came out.
struct GraphBuilderTests {
  /// Sizes around the degree and around the capacity of a leaf.
  static let sizes = [0, 1, 2, 3, 16, 17, 31, 32, 33, 34, 100, 511, 512, 513, 700]

  @Test(arguments: SampleShape.allCases, sizes)
  func everyShapeAndSizeGivesASoundGraph(shape: SampleShape, size: Int) {
    let sample = SamplePoints(shape.rows(size, seed: 11))
    let graph = build(sample)
    #expect(graph.count == size)
    #expect(graph.brokenInvariants() == [], "\(shape) of \(size), seed 11")
  }

  @Test(arguments: SampleShape.allCases)
  func largerGraphsAreSoundAndFindWhatIsNear(shape: SampleShape) {
    let sample = SamplePoints(shape.rows(3000, seed: 5))
    let graph = build(sample)
    #expect(graph.brokenInvariants() == [], "\(shape), seed 5")
    var hits = 0
    var wanted = 0
    for index in stride(from: 0, to: 3000, by: 100) {
      // By distance: among points of the same distance any will do.
      var query = sample.row(index)
      query[0] = query[0] &+ (query[0] > 0 ? -1 : 1)
      let truth = sample.nearest(query, 10)
      let limit = sample.squaredDistance(query, truth[9])
      let found = graph.nearest(query, 10, breadth: 100, sample)
      hits += found.count { sample.squaredDistance(query, $0) <= limit }
      wanted += 10
    }
    // Identical codes are collapsed before a graph is built; without that, few distinct ones form closed circles.
    let least = shape == .fewDistinct ? 0.0 : 0.93
    #expect(Double(hits) >= least * Double(wanted), "\(shape): \(hits) of \(wanted), seed 5")
  }

  @Test func aBreadthOfAllNodesFindsEverything() {
    for shape in SampleShape.allCases {
      let sample = SamplePoints(shape.rows(600, seed: 3))
      let graph = build(sample)
      let query = sample.row(17)
      #expect(graph.nearest(query, 600, breadth: 600, sample).count == 600, "\(shape), seed 3")
    }
  }

  @Test(arguments: [SampleShape.clusters, .noise, .tinyClusters])
  func theGraphDoesNotDependOnThreadsMemoryOrInstructionSet(shape: SampleShape) {
    let sample = SamplePoints(shape.rows(6000, seed: 9))
    let reference = build(sample)
    for threads in [2, 3, 8, 16] {
      #expect(build(sample, threads: threads).numbers == reference.numbers, "\(threads) threads, \(shape)")
    }
    #expect(build(sample, memoryLimit: 0).numbers == reference.numbers, "several passes, \(shape)")
    #expect(
      build(sample, threads: 3, memoryLimit: 0).numbers == reference.numbers, "several passes, \(shape)")
    #expect(build(sample, copiedBytes: 0).numbers == reference.numbers, "cells that are not copied, \(shape)")
    #expect(
      build(sample, threads: 2, copiedBytes: 64 * 700).numbers == reference.numbers,
      "cells of which some are copied, \(shape)")
    let best = vk_active_level()
    defer { vk_force_level(best) }
    for level in [VKLevel.base, .AVX2] {
      vk_force_level(level)
      #expect(build(sample).numbers == reference.numbers, "level \(level), \(shape)")
    }
  }

  /// Parts that no edge led to have a leader of their own, beside the random ones.
  @Test func searchesBeginInPartsThatWereOutOfReach() {
    let graph = build(SamplePoints(SampleShape.tinyClusters.rows(1500, seed: 21)))
    #expect(graph.leaders.count > 1500 / 64 && Set(graph.leaders).count == graph.leaders.count)
    #expect(build(SamplePoints(SampleShape.noise.rows(1500, seed: 21))).leaders.count == 1500 / 64)
  }

  @Test func digestsArePinned() {
    var digests: [String: String] = [:]
    for shape in SampleShape.allCases {
      let graph = build(SamplePoints(shape.rows(1500, seed: 21)))
      var bytes: [UInt8] = []
      for number in graph.numbers { bytes.appendLittleEndian(number) }
      digests[shape.rawValue] = String(crc32c(bytes), radix: 16)
    }
    #expect(digests == Self.expected)
  }

  static let expected = [
    "clusters": "923d5f7f", "fewDistinct": "de0d5ea0", "grid": "7a221229", "line": "5d34a4de",
    "noise": "42227b9e", "sparse": "69821af3", "tinyClusters": "668df66f", "twoFarClusters": "4714b3c8",
  ]

  @Test func aCancelledBuildEnds() {
    let sample = SamplePoints(SampleShape.noise.rows(3000, seed: 1))
    let progress = GraphProgress(isCancelled: { true })
    #expect(throws: GraphBuildCancelled.self) {
      try GraphBuilder(sample.points, GraphParameters(), threads: 2, progress: progress).build()
    }
  }

  @Test(arguments: [4, 8, 12, 16, 32, 64])
  func everyMGivesASoundGraph(m: Int) {
    let sample = SamplePoints(SampleShape.clusters.rows(1200, seed: 2))
    for quality in GraphParameters.Quality.allCases {
      let parameters = GraphParameters(m: m, quality: quality, seed: 4)
      let graph = build(sample, parameters)
      #expect(graph.maximumNeighbors == (2 * m + 7) / 8 * 8)
      #expect(graph.brokenInvariants() == [], "M \(m), \(quality)")
    }
  }

  private func build(
    _ sample: SamplePoints, _ parameters: GraphParameters = GraphParameters(), threads: Int = 1,
    memoryLimit: Int? = nil, copiedBytes: Int = 8 << 20
  ) -> Graph {
    do {
      return try GraphBuilder(
        sample.points, parameters, threads: threads, memoryLimit: memoryLimit, copiedBytes: copiedBytes
      ).build()
    } catch {
      Issue.record("a build that nobody cancelled was cancelled")
      return build(SamplePoints([]))
    }
  }
}
