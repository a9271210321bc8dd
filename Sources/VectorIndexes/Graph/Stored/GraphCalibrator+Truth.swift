internal import CVectorKernels
internal import Quantization
internal import VectorMath

extension GraphCalibrator {
  /// The nearest rows of each query: of those nearest by 8-bit codes, many more than are wanted, the exact distances decide.
  func findTruths(
    _ vectors: [Float], _ hidden: [Int], _ nodeOfRow: WorkArray<UInt32>
  ) throws(Failure) -> [Truth] {
    let count = hidden.count
    // Each block packs every row once: so blocks are large, but enough for every thread.
    let atOnce = max(32, min(256, (count + 2 * threads - 1) / (2 * threads)))
    let blocks = (count + atOnce - 1) / atOnce
    let results = ParallelResults<[Truth]>(blocks)
    try ParallelLoop.run(blocks: blocks, threads: threads) { (block) throws(Failure) in
      let range = block * atOnce..<min(count, (block + 1) * atOnce)
      let nearest = CodeNearest(frame, rows, source.dimension, vectors, range)
      nearest.scan(isCancelled: isCancelled)
      if isCancelled() { return }
      var truths: [Truth] = []
      for (place, index) in range.enumerated() {
        let decision = TruthDecision(self, vectors, index, nearest.residuals[place])
        truths.append(try decision.decide(nearest.sorted(place), hidden: hidden[index], nodeOfRow))
      }
      results.set(block, truths)
    }
    // A cancelled measurement is not used: it only has to have as many.
    let found = results.all.flatMap { $0 }
    return found + [Truth](repeating: Truth(), count: count - found.count)
  }
}

/// The rows with the least code distances from each of some queries.
@safe
private struct CodeNearest<Failure: Error> {
  /// Rows that are kept for each query.
  private static var kept: Int { 4 * 100 + 64 }
  /// Rows that are gathered before the farthest of them are dropped.
  private static var room: Int { 2 * kept }
  private static var blockRows: Int { 512 }
  private static var blockQueries: Int { 48 }

  private let rows: GraphAssembly<Failure>.Rows
  private let dimension: Int
  private let count: Int
  private let codes: WorkArray<Int8>
  private let squares: WorkArray<Int32>
  /// What the codes of each query lose.
  let residuals: WorkArray<Float>
  /// For each query `room` rows, of which `counts` are filled: the distance but for the query's own square in the upper half, so
  /// turned that it ascends as an unsigned number, the row in the lower.
  private let best: WorkArray<UInt64>
  private let counts: WorkArray<Int>
  private let limits: WorkArray<Int32>

  init(
    _ frame: VectorFrame, _ rows: GraphAssembly<Failure>.Rows, _ vectorDimension: Int, _ vectors: [Float],
    _ range: Range<Int>
  ) {
    self.rows = rows
    dimension = frame.paddedDimension
    count = range.count
    codes = WorkArray(count: count * dimension, repeating: 0)
    squares = WorkArray(count: count, repeating: 0)
    residuals = WorkArray(count: count, repeating: .infinity)
    best = WorkArray(count: count * (Self.room + Self.blockRows + 16), repeating: 0)
    counts = WorkArray(count: count, repeating: 0)
    limits = WorkArray(count: count, repeating: .max)
    let query = GraphQuery(frame)
    for (place, index) in range.enumerated() {
      unsafe vectors.withUnsafeBufferPointer { all in
        guard let first = all.baseAddress, unsafe query.set(first + index * vectorDimension) else { return }
        (squares[place], residuals[place]) = unsafe frame.encode(
          coordinates: query.coordinates, codes: codes.pointer(place * dimension, dimension))
      }
    }
  }

  /// Looks at every row.
  func scan(isCancelled: () -> Bool) {
    let all = rows.squares.count
    let blockRows = Self.blockRows
    let panels = WorkArray<UInt8>(
      count: CodeKernels.panelBytes(count: blockRows, dimension: dimension), repeating: 0)
    let products = WorkArray<Int32>(count: Self.blockQueries * blockRows, repeating: 0)
    let places = WorkArray<UInt32>(count: blockRows + 16, repeating: 0)
    var first = 0
    while first < all {
      if isCancelled() { return }
      let size = min(blockRows, all - first)
      unsafe CodeKernels.pack(
        rows.codes.pointer(first * dimension, size * dimension), dimension: dimension, count: size,
        into: panels.base)
      var query = 0
      while query < count {
        let now = min(Self.blockQueries, count - query)
        unsafe CodeKernels.tile(
          queries: codes.pointer(query * dimension, now * dimension), queryCount: now, panels: panels.base,
          rowCount: size, dimension: dimension, into: products.base, resultStride: blockRows)
        for place in 0..<now {
          take(query + place, products, place * blockRows, first, size, places)
        }
        query += now
      }
      first += size
    }
  }

  /// Takes in the rows of a block that are near enough to a query.
  private func take(
    _ query: Int, _ products: WorkArray<Int32>, _ offset: Int, _ first: Int, _ size: Int,
    _ places: WorkArray<UInt32>
  ) {
    let found = unsafe vk_places_below(
      products.pointer(offset, size), rows.squares.pointer(first, size), size, limits[query], places.base)
    guard found > 0 else { return }
    let room = Self.room + Self.blockRows + 16
    let list = unsafe best.pointer(query * room, room)
    var count = counts[query]
    for index in 0..<found {
      let row = Int(places[index])
      let value = rows.squares[first + row] &- 2 &* products[offset + row]
      unsafe list[count] = Self.key(value, first + row)
      count += 1
    }
    if count > Self.room {
      unsafe moveLeast(Self.kept, of: list, count)
      count = Self.kept
      var greatest: UInt64 = 0
      for index in 0..<count { greatest = max(greatest, unsafe list[index]) }
      limits[query] = Self.value(greatest)
    }
    counts[query] = count
  }

  private static func key(_ value: Int32, _ row: Int) -> UInt64 {
    UInt64(UInt32(bitPattern: value) ^ 1 << 31) << 32 | UInt64(row)
  }

  private static func value(_ key: UInt64) -> Int32 {
    Int32(bitPattern: UInt32(truncatingIfNeeded: key >> 32) ^ 1 << 31)
  }

  /// The rows kept for a query, nearest first: the squared distance of the codes, and the row.
  func sorted(_ query: Int) -> [(squared: Int32, row: Int)] {
    let room = Self.room + Self.blockRows + 16
    let list = unsafe best.pointer(query * room, room)
    var count = counts[query]
    if count > Self.kept {
      unsafe moveLeast(Self.kept, of: list, count)
      count = Self.kept
    }
    var keys = unsafe Array(UnsafeBufferPointer(start: list, count: count))
    keys.sort()
    return keys.map { (squares[query] &+ Self.value($0), Int($0 & 0xFFFF_FFFF)) }
  }
}

/// Moves the `wanted` least of `count` different numbers, which are more, to the beginning, in no order.
///
/// - Source: Hoare 1961, algorithm 65 (find).
private func moveLeast(_ wanted: Int, of numbers: UnsafeMutablePointer<UInt64>, _ count: Int) {
  var low = 0
  var high = count - 1
  // Everything before `low` is among the least, nothing behind `high` is.
  while low < high {
    let (a, b, c) = unsafe (numbers[low], numbers[(low + high) / 2], numbers[high])
    let pivot = max(min(a, b), min(max(a, b), c))
    var left = low
    var right = high
    while left <= right {
      while unsafe numbers[left] < pivot { left += 1 }
      while unsafe numbers[right] > pivot { right -= 1 }
      if left <= right {
        let number = unsafe numbers[left]
        unsafe numbers[left] = numbers[right]
        unsafe numbers[right] = number
        left += 1
        right -= 1
      }
    }
    if wanted <= right {
      high = right
    } else if wanted >= left {
      low = left
    } else {
      return
    }
  }
}

/// Decides by exact distances which rows are the nearest of one query.
@safe
private struct TruthDecision<Failure: Error> {
  private typealias Neighbor = (distance: Float, node: UInt32)

  private let calibrator: GraphCalibrator<Failure>
  private let vectors: [Float]
  private let index: Int
  /// What the codes of the query lose.
  private let residual: Float
  private let querySquares: Double

  /// Neighbours that are wanted.
  private static var wanted: Int { 100 }

  init(_ calibrator: GraphCalibrator<Failure>, _ vectors: [Float], _ index: Int, _ residual: Float) {
    self.calibrator = calibrator
    self.vectors = vectors
    self.index = index
    self.residual = residual
    let dimension = calibrator.source.dimension
    querySquares = unsafe vectors.withUnsafeBufferPointer { all in
      guard let first = all.baseAddress else { return 0 }
      return unsafe vectorSquares(first + index * dimension, elementType: .f32, dimension: dimension)
    }
  }

  /// The nearest nodes but for the hidden one, -1 for none; `candidates` ascend by the distance of their codes.
  func decide(
    _ candidates: [(squared: Int32, row: Int)], hidden: Int, _ nodeOfRow: WorkArray<UInt32>
  ) throws(Failure) -> GraphCalibrator<Failure>.Truth {
    let source = calibrator.source
    let frame = calibrator.frame
    let hasGroups = calibrator.nodeRows.nodeCount < calibrator.nodeRows.rowCount
    let bytes = source.elementType.storedBytes(dimension: source.dimension)
    var nearest: [Neighbor] = []
    nearest.reserveCapacity(Self.wanted + 1)
    // The distance in the frame beyond which no row matters any more.
    var limit = Double.infinity
    for (place, candidate) in candidates.enumerated() {
      // No distance differs from that of the codes by more than these lose. Their roundings are far below the slack of the limit.
      let reach = Double(frame.scale) * Double(max(0, candidate.squared)).squareRoot()
      if reach - Double(residual) - Double(calibrator.rows.residuals[candidate.row]) > limit { continue }
      if place + 2 < candidates.count {
        let row = candidates[place + 2].row
        unsafe prefetch(try source.read(row..<row + 1), bytes: bytes)
      }
      let node = nodeOfRow[candidate.row]
      guard node != .max, Int(node) != hidden else { continue }
      let found = (distance: try distance(candidate.row), node: node)
      if hasGroups, let known = nearest.firstIndex(where: { $0.node == node }) {
        guard found.distance < nearest[known].distance else { continue }
        nearest.remove(at: known)
      }
      if nearest.count == Self.wanted {
        guard let last = nearest.last, (found.distance, found.node) < (last.distance, last.node) else {
          continue
        }
        nearest.removeLast()
      }
      var end = nearest.count
      while end > 0, (nearest[end - 1].distance, nearest[end - 1].node) > (found.distance, found.node) {
        end -= 1
      }
      nearest.insert(found, at: end)
      if nearest.count == Self.wanted, let last = nearest.last {
        let squared = Double(frame.squaredDistance(of: last.distance, querySquares: querySquares))
        let norm = frame.greatestNorm
        // More than the roundings between the two distances: a product is rounded in proportion to what it is a part of.
        let slack = 1e-6 * (calibrator.metric == .dot ? querySquares + norm * norm : squared)
        limit = (squared + slack).squareRoot() * 1.0001
      }
    }
    var truth = GraphCalibrator<Failure>.Truth()
    for (distance, node) in nearest {
      truth.nodes.append(node)
      truth.squared.append(frame.squaredDistance(of: distance, querySquares: querySquares))
    }
    return truth
  }

  private func distance(_ row: Int) throws(Failure) -> Float {
    let source = calibrator.source
    let bytes = unsafe try source.read(row..<row + 1)
    return unsafe vectors.withUnsafeBufferPointer { all in
      guard let first = all.baseAddress else { return .infinity }
      return unsafe ExactDistance.distance(
        metric: calibrator.metric, query: first + index * source.dimension, querySquares: querySquares,
        row: bytes, elementType: source.elementType, dimension: source.dimension)
    }
  }
}
