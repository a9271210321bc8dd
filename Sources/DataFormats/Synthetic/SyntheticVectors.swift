import VectorMath

/// Makes the vectors of made-up data, each from its number alone.
///
/// Sums run in the order of the numbers, element by element, so their bits are the same everywhere. Safe to share between
/// threads.
struct SyntheticVectors: Sendable {
  /// Rows that adversarial rows are made from.
  private static let templateCount = 64
  /// Kinds of adversarial rows.
  static let adversarialKinds = 9

  private let settings: SyntheticSettings
  private let dimension: Int
  /// Centres of clusters or templates of adversarial rows.
  private let rows: [Float]
  /// The topics of embedding-like rows.
  private let topics: SyntheticTopics?

  init(_ settings: SyntheticSettings) {
    self.settings = settings
    dimension = settings.dimension
    switch settings.distribution {
    case .gauss: (rows, topics) = ([], nil)
    case .clustered:
      rows = SyntheticNoise.rows(settings, stream: 16, count: settings.clusterCount)
      topics = nil
    case .adversarial:
      rows = SyntheticNoise.rows(settings, stream: 17, count: SyntheticVectors.templateCount)
      topics = nil
    case .embeddingLike: (rows, topics) = ([], SyntheticTopics(settings))
    }
  }

  /// Writes the vector of a row and tells to which group it belongs: its cluster or topic, the kind of an adversarial row,
  /// or the signs of the first four numbers.
  ///
  /// `result` has room for `dimension` floats.
  func write(_ number: UInt64, of set: SyntheticSet, into result: UnsafeMutablePointer<Float>) -> Int {
    var noise = SyntheticNoise(seed: settings.seed, stream: set.rawValue, number: number)
    let group: Int
    // Safe below: every index is below `dimension`, and tables hold as many rows as their counts say.
    switch settings.distribution {
    case .gauss:
      unsafe noise.normals(into: result, count: dimension)
      group = (0..<min(4, dimension)).reduce(0) { unsafe $0 * 2 + (result[$1] < 0 ? 1 : 0) }
    case .clustered:
      group = Int(noise.below(UInt64(settings.clusterCount)))
      unsafe noise.normals(into: result, count: dimension)
      unsafe rows.withUnsafeBufferPointer { rows in
        for index in 0..<dimension {
          unsafe result[index] = rows[group * dimension + index] + result[index] * 0.35
        }
      }
    case .embeddingLike: group = unsafe topics?.write(&noise, into: result) ?? 0
    case .adversarial: group = unsafe writeAdversarial(&noise, into: result)
    }
    if settings.isNormalized || settings.distribution == .embeddingLike { unsafe normalize(result) }
    return group
  }

  private func writeAdversarial(_ noise: inout SyntheticNoise, into result: UnsafeMutablePointer<Float>)
    -> Int
  {
    var kind = Int(noise.below(UInt64(SyntheticVectors.adversarialKinds)))
    if kind == 8, !settings.hasZeroVectors { kind = 0 }
    let template = Int(noise.below(UInt64(SyntheticVectors.templateCount)))
    func copyTemplate() {
      for index in 0..<dimension { unsafe result[index] = rows[template * dimension + index] }
    }
    switch kind {
    case 0: copyTemplate()
    case 1:
      copyTemplate()
      let place = Int(noise.below(UInt64(dimension)))
      unsafe result[place] = noise.next() & 1 == 0 ? result[place].nextUp : result[place].nextDown
    case 2:
      copyTemplate()
      for index in 0..<dimension { unsafe result[index] = -result[index] }
    case 3:
      unsafe noise.normals(into: result, count: dimension)
      // An exact power of two from 2^-40 to 2^40.
      let scale = Float(sign: .plus, exponent: Int(noise.below(81)) - 40, significand: 1)
      for index in 0..<dimension { unsafe result[index] = result[index] * scale }
    case 4:
      unsafe noise.normals(into: result, count: dimension)
      for index in 0..<dimension { unsafe result[index] = result[index] * 0x1p-7 }
    case 5:
      for index in 0..<dimension { unsafe result[index] = 0 }
      let place = Int(noise.below(UInt64(dimension)))
      unsafe result[place] = noise.next() & 1 == 0 ? 1 : -1
    case 6:
      for index in 0..<dimension { unsafe result[index] = Float(Int(noise.below(3)) - 1) }
      let place = Int(noise.below(UInt64(dimension)))
      unsafe result[place] = 1
    case 7:
      unsafe noise.normals(into: result, count: dimension)
    default:
      for index in 0..<dimension { unsafe result[index] = index & 1 == 0 ? 0 : -0.0 }
    }
    return kind
  }

  /// Scales to length 1; a zero vector stays.
  private func normalize(_ vector: UnsafeMutablePointer<Float>) {
    let squares = unsafe vectorSquares(UnsafeRawPointer(vector), elementType: .f32, dimension: dimension)
    guard squares > 0 else { return }
    let norm = squares.squareRoot()
    for index in 0..<dimension { unsafe vector[index] = Float(Double(vector[index]) / norm) }
  }
}
