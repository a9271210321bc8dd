/// The space of embedding-like rows: topics, families of rows within them, and the directions along which both vary.
///
/// Of a row's squared length the shared mean has 0.17, its topic 0.3, its family 0.25, the row itself 0.18 and plain noise
/// 0.1 on average, which gives cosines between rows and their neighbours like those of a model of sentences.
struct SyntheticTopics: Sendable {
  /// Directions along which topics vary.
  private static let directionCount = 128
  /// Directions along which the rows of one topic vary.
  private static let ownCount = 24
  /// Families in a topic.
  private static let familyCount = 1000

  private let seed: UInt64
  private let dimension: Int
  /// Directions of length about 1.
  private let directions: [Float]
  /// The shared mean plus each topic's own place.
  private let centers: [Float]
  /// For each topic its directions, and how far it reaches along them.
  private let own: [(direction: Int, reach: Float)]
  private let topics: ZipfNumbers
  private let families = ZipfNumbers(count: SyntheticTopics.familyCount)

  init(_ settings: SyntheticSettings) {
    let (count, ownCount) = (SyntheticTopics.directionCount, SyntheticTopics.ownCount)
    let dimension = settings.dimension
    seed = settings.seed
    self.dimension = dimension
    topics = ZipfNumbers(count: settings.clusterCount)
    let scale = 1 / Float(dimension).squareRoot()
    let all = SyntheticNoise.rows(settings, stream: 18, count: count + 1).map { $0 * scale }
    directions = Array(all[..<(count * dimension)])
    // The variance along direction j is 1 / (j + 16), divided by the sum of all.
    let variances = (0..<count).map { 1 / Float($0 + 16) }
    let total = variances.reduce(0, +)
    var centers: [Float] = []
    centers.reserveCapacity(settings.clusterCount * dimension)
    var own: [(direction: Int, reach: Float)] = []
    for topic in 0..<settings.clusterCount {
      var noise = SyntheticNoise(seed: seed, stream: 19, number: UInt64(topic))
      let place = noise.normals(count)
      var center = all[(count * dimension)...].map { $0 * Float(0.17).squareRoot() }
      for direction in 0..<count {
        let amount = place[direction] * (variances[direction] / total * 0.3).squareRoot()
        for index in 0..<dimension { center[index] += directions[direction * dimension + index] * amount }
      }
      centers += center
      var chosen: [Int] = []
      while chosen.count < ownCount {
        let direction = Int(noise.below(UInt64(count)))
        if !chosen.contains(direction) { chosen.append(direction) }
      }
      let part = chosen.map { variances[$0] }.reduce(0, +)
      own += chosen.map { ($0, (variances[$0] / part).squareRoot()) }
    }
    self.centers = centers
    self.own = own
  }

  /// Writes a row that is not yet of length 1, and tells its topic.
  func write(_ noise: inout SyntheticNoise, into result: UnsafeMutablePointer<Float>) -> Int {
    let ownCount = SyntheticTopics.ownCount
    let topic = topics.next(&noise)
    let family = families.next(&noise)
    var common = SyntheticNoise(
      seed: seed, stream: 20, number: UInt64(topic * SyntheticTopics.familyCount + family))
    let shared = common.normals(ownCount)
    let single = noise.normals(ownCount)
    unsafe noise.normals(into: result, count: dimension)
    let grain = (Float(0.1) / Float(dimension)).squareRoot()
    let (familyShare, rowShare) = (Float(0.25).squareRoot(), Float(0.18).squareRoot())
    // Safe: `result` has room for `dimension` floats; both tables have `dimension` floats for each number.
    unsafe centers.withUnsafeBufferPointer { centers in
      for index in 0..<dimension {
        unsafe result[index] = result[index] * grain + centers[topic * dimension + index]
      }
    }
    unsafe directions.withUnsafeBufferPointer { directions in
      for place in 0..<ownCount {
        let (direction, reach) = own[topic * ownCount + place]
        let amount = (shared[place] * familyShare + single[place] * rowShare) * reach
        for index in 0..<dimension {
          unsafe result[index] = result[index] + directions[direction * dimension + index] * amount
        }
      }
    }
    return topic
  }
}
