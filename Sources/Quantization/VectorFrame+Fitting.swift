internal import CVectorKernels
internal import Synchronization
package import VectorMath

extension VectorFrame {
  /// Rows that a frame is fitted to at most.
  package static let largestSample = 100_000

  /// A frame for the rows of a source.
  ///
  /// The sample is every row, or `largestSample` of them at even distances; at most 2^27 numbers, but at least 1,000 rows.
  /// The mean is that of the sample, added up in double in a fixed order, without rows longer than 10^18. 127 steps reach as far as 4.5 standard deviations
  /// of the sample's coordinates, and as 99.99 of a hundred of them; where more than one in 200 sample rows would still have a
  /// coordinate beyond that, as 99.999 of a hundred. An augmented frame also looks at the length of every row.
  ///
  /// Precondition: `supports` says so for the metric and the source's type.
  ///
  /// - Parameters:
  ///   - rows: The source; it may be empty.
  ///   - metric: What distances mean.
  ///   - isAugmented: Whether products are to become distances, for graphs; ignored unless the metric is dot.
  ///   - seed: What the map is drawn from.
  ///   - threads: At most so many work at once; the result does not depend on it.
  /// - Returns: The frame.
  /// - Throws: What the source throws.
  package static func fit<Failure: Error>(
    _ rows: RowSource<Failure>, metric: Metric, isAugmented: Bool = false, seed: UInt64, threads: Int
  ) throws(Failure) -> VectorFrame {
    precondition(supports(metric, rows.elementType))
    let isAugmented = isAugmented && metric == .dot
    let length = rows.dimension + (isAugmented ? 1 : 0)
    let norm = isAugmented ? try greatestNorm(rows, threads: threads) : 0
    // It normalises and augments, and subtracts nothing: so it gives the vectors whose mean is wanted.
    let bare = VectorFrame(
      metric: metric, dimension: rows.dimension, isAugmented: isAugmented, seed: seed, scale: 1,
      mean: [Float](repeating: 0, count: length), greatestNorm: norm)
    let sample = Sample(count: rows.count, dimension: bare.paddedDimension)
    let sums = try inBlocks(of: rows, sample, threads: threads) { block in bare.sum(block) }
    let centred = VectorFrame(
      metric: metric, dimension: rows.dimension, isAugmented: isAugmented, seed: seed, scale: 1,
      mean: mean(of: sums, length: length), greatestNorm: norm, signs: bare.signs)
    let spreads = try inBlocks(of: rows, sample, threads: threads) { block in centred.spread(block) }
    let (scale, clippedCount) = scale(for: spreads, bare.paddedDimension)
    return VectorFrame(
      metric: metric, dimension: rows.dimension, isAugmented: isAugmented, seed: seed, scale: scale,
      mean: centred.mean, greatestNorm: norm, sampleCount: sample.size, clippedCount: clippedCount,
      signs: bare.signs)
  }

  /// Which rows are looked at.
  private struct Sample {
    let count: Int
    let size: Int

    init(count: Int, dimension: Int) {
      self.count = count
      size = min(count, largestSample, max(1000, (1 << 27) / dimension))
    }

    func row(_ index: Int) -> Int { index * count / size }
  }

  /// Some rows of the sample.
  @safe private struct Block {
    let rows: [UnsafeRawPointer]
    let elementType: ElementType

    var count: Int { unsafe rows.count }
  }

  private static let rowsPerBlock = 2048

  /// The results of all blocks of a sample, in order.
  private static func inBlocks<Failure: Error, Result: Sendable>(
    of rows: RowSource<Failure>, _ sample: Sample, threads: Int, _ body: @Sendable (Block) -> Result
  ) throws(Failure) -> [Result] {
    let blocks = (sample.size + rowsPerBlock - 1) / rowsPerBlock
    let results = Mutex([Result?](repeating: nil, count: blocks))
    try ParallelLoop.run(blocks: blocks, threads: threads) { (block) throws(Failure) in
      var pointers = unsafe [UnsafeRawPointer]()
      unsafe pointers.reserveCapacity(rowsPerBlock)
      for index in block * rowsPerBlock..<min(sample.size, (block + 1) * rowsPerBlock) {
        let row = sample.row(index)
        unsafe pointers.append(try rows.read(row..<row + 1))
      }
      let result = unsafe body(Block(rows: pointers, elementType: rows.elementType))
      results.withLock { $0[block] = result }
    }
    return results.withLock { $0 }.compactMap { $0 }
  }

  private static func greatestNorm<Failure: Error>(
    _ rows: RowSource<Failure>, threads: Int
  ) throws(Failure) -> Double {
    let greatest = Mutex(0.0)
    let blocks = (rows.count + rowsPerBlock - 1) / rowsPerBlock
    try ParallelLoop.run(blocks: blocks, threads: threads) { (block) throws(Failure) in
      let range = block * rowsPerBlock..<min(rows.count, (block + 1) * rowsPerBlock)
      let first = unsafe try rows.read(range)
      var squares = 0.0
      for row in 0..<range.count {
        let vector = unsafe first + row * rows.stride
        squares = max(squares, unsafe vk_squares(rows.elementType.kernelElement, vector, rows.dimension))
      }
      greatest.withLock { [squares] in $0 = max($0, squares) }
    }
    return greatest.withLock { $0 }.squareRoot().nextUp
  }

  /// A sum of vectors, and how many they are.
  private struct Sum {
    var rows = 0
    var numbers: [Double]
  }

  /// The sum of a block's vectors before they are turned, but for those so long that they would drown the others.
  private func sum(_ block: Block) -> Sum {
    var sum = Sum(numbers: [Double](repeating: 0, count: paddedDimension))
    var vector = [Float](repeating: 0, count: paddedDimension)
    for item in 0..<block.count {
      let row = unsafe block.rows[item]
      let squares = unsafe vector.withUnsafeMutableBufferPointer { vector -> Double in
        guard let vector = vector.baseAddress else { return 0 }
        let extra = unsafe extraCoordinate(row, block.elementType)
        _ = unsafe lay(row, block.elementType, extra: extra, isCentred: false, into: vector)
        return unsafe vk_squares(.F32, vector, paddedDimension)
      }
      guard squares <= 1e36 else { continue }
      sum.rows += 1
      for index in 0..<paddedDimension { sum.numbers[index] += Double(vector[index]) }
    }
    return sum
  }

  private static func mean(of sums: [Sum], length: Int) -> [Float] {
    let rows = sums.reduce(0) { $0 + $1.rows }
    return (0..<length).map { index in
      var sum = 0.0
      for block in sums { sum += block.numbers[index] }
      return Float(sum / Double(max(1, rows)))
    }
  }

  /// How far the coordinates of a block reach.
  private struct Spread {
    /// Finite rows.
    var rows = 0
    /// Of all their coordinates.
    var squares = 0.0
    /// The greatest size of a coordinate, for each of those rows.
    var greatest: [Float] = []
    /// Coordinates by the first 16 bits of their size.
    var histogram = [UInt32](repeating: 0, count: 1 << 15)
  }

  private func spread(_ block: Block) -> Spread {
    var spread = Spread()
    var coordinates = [Float](repeating: 0, count: paddedDimension)
    for item in 0..<block.count {
      let row = unsafe block.rows[item]
      let squares = unsafe coordinates.withUnsafeMutableBufferPointer { coordinates -> Double in
        guard let first = coordinates.baseAddress else { return 0 }
        guard unsafe place(row, block.elementType, into: first) else { return .infinity }
        return unsafe vk_squares(.F32, first, paddedDimension)
      }
      // A row that is not finite here has a residual of infinity; the scale is for the others.
      guard squares.isFinite else { continue }
      spread.rows += 1
      spread.squares += squares
      var greatest: UInt32 = 0
      for index in 0..<paddedDimension {
        let size = coordinates[index].magnitude.bitPattern
        greatest = max(greatest, size)
        spread.histogram[Int(size >> 16)] += 1
      }
      spread.greatest.append(Float(bitPattern: greatest))
    }
    return spread
  }

  /// The scale that the spreads ask for, and how many rows reach beyond it.
  private static func scale(for spreads: [Spread], _ dimension: Int) -> (scale: Float, clippedCount: Int) {
    var all = [Int](repeating: 0, count: 1 << 15)
    var rows = 0
    var squares = 0.0
    for spread in spreads {
      rows += spread.rows
      squares += spread.squares
      for index in all.indices { all[index] += Int(spread.histogram[index]) }
    }
    guard rows > 0 else { return (1, 0) }
    let numbers = rows * dimension
    let deviation = (squares / Double(numbers)).squareRoot()
    /// The size that at most one of `rarity` coordinates exceeds, to within 1 %.
    func size(rarity: Int) -> Double {
      var beyond = numbers / rarity
      for index in all.indices.reversed() {
        beyond -= all[index]
        if beyond < 0 { return Double(Float(bitPattern: UInt32(index + 1) << 16)) }
      }
      return 0
    }
    func clipped(_ limit: Double) -> Int {
      spreads.reduce(0) { $0 + $1.greatest.count { Double($0) > limit } }
    }
    var limit = max(4.5 * deviation, size(rarity: 10_000))
    var clippedCount = clipped(limit)
    if clippedCount * 200 > rows {
      limit = max(4.5 * deviation, size(rarity: 100_000))
      clippedCount = clipped(limit)
    }
    guard limit > 0 else { return (1, 0) }
    return (Float(min(max(limit / 127, 1e-30), 1e30)), clippedCount)
  }
}
