internal import CVectorKernels

/// Finds the nearest of some centroids for many points.
///
/// Products in float, many at once, leave few centroids that may be nearest, mostly one; the exact distance decides between
/// those. So the answer is the same on every processor.
struct NearestCentroid: Sendable {
  private let centroids: [Float]
  private let dimension: Int
  private let count: Int
  private let panels: [Float]
  private let squares: [Double]
  /// For each centroid its length times the factor by which products may err, doubled.
  private let slacks: [Double]

  /// Prepares for centroids of `dimension` finite floats, one after the other, at least one.
  init(_ centroids: [Float], dimension: Int) {
    precondition(!centroids.isEmpty)
    let count = centroids.count / dimension
    self.centroids = centroids
    self.dimension = dimension
    self.count = count
    var panels = [Float](repeating: 0, count: (count + 15) / 16 * 16 * dimension)
    // Safe: the panels have room for the centroids, rounded up to 16.
    unsafe vk_pack_floats(centroids, dimension, count, dimension, &panels)
    self.panels = panels
    let fraction = FastDistance.tileErrorBound(dimension: dimension)
    var squares: [Double] = []
    for centroid in 0..<count {
      squares.append(
        unsafe centroids.withUnsafeBufferPointer { all in
          guard let first = all.baseAddress else { return 0 }
          return unsafe vk_squares(.F32, first + centroid * dimension, dimension)
        })
    }
    self.squares = squares
    slacks = squares.map { 2 * fraction * $0.squareRoot() * (1 + 1e-12) }
  }

  /// The nearest centroid of each point, the first among equals.
  func assign(_ points: [Float], threads: Int) -> [UInt32] {
    let total = points.count / dimension
    // A block of products stays within the second-level cache.
    let perBlock = max(1, min(96, (1 << 17) / count))
    let blocks = (total + perBlock - 1) / perBlock
    let parts = ParallelResults<[UInt32]>(blocks)
    ParallelLoop.run(blocks: blocks, threads: threads) { block in
      let range = block * perBlock..<min(total, (block + 1) * perBlock)
      parts.set(block, nearest(points, range))
    }
    return parts.all.flatMap { $0 }
  }

  private func nearest(_ points: [Float], _ range: Range<Int>) -> [UInt32] {
    var products = [Float](repeating: 0, count: range.count * count)
    // Safe: `range` lies within the points, and there is room for all products.
    unsafe points.withUnsafeBufferPointer { points in
      guard let first = points.baseAddress else { return }
      unsafe vk_float_tile(
        first + range.lowerBound * dimension, range.count, dimension, panels, count, dimension, &products,
        count)
    }
    return range.map { point in
      nearest(points, point, products, at: (point - range.lowerBound) * count)
    }
  }

  /// The nearest centroid of one point, whose products begin at `start`.
  private func nearest(_ points: [Float], _ point: Int, _ products: [Float], at start: Int) -> UInt32 {
    let length = unsafe points.withUnsafeBufferPointer { points in
      guard let first = points.baseAddress else { return 0.0 }
      return unsafe vk_squares(.F32, first + point * dimension, dimension).squareRoot() * (1 + 1e-12)
    }
    // The squared distance, less that of the point from the origin, is at most `least` for some centroid.
    let vanished = Double(dimension) * 0x1p-147
    var least = Double.infinity
    for centroid in 0..<count where products[start + centroid].isFinite {
      let score = squares[centroid] - 2 * Double(products[start + centroid])
      least = min(least, score + slacks[centroid] * length + squares[centroid] * 1e-12)
    }
    // Distances that a float cannot tell apart, or that no float can hold, are equal: none of them may be left out.
    let nearest = max(0, least + length * length)
    let limit = nearest < 1e75 ? least + nearest * 0x1p-21 + vanished : .infinity
    var best: UInt32 = 0
    var bestDistance = Float.infinity
    var candidates = 0
    for pass in 0..<2 {
      for centroid in 0..<count {
        let product = products[start + centroid]
        let score = squares[centroid] - 2 * Double(product)
        let low = score - slacks[centroid] * length - squares[centroid] * 1e-12 - vanished
        // A product beyond the range of a float says nothing: its centroid stays.
        if product.isFinite && low > limit { continue }
        if pass == 0 {
          candidates += 1
          if candidates == 1 { best = UInt32(truncatingIfNeeded: centroid) }
          continue
        }
        let distance = exactDistance(points, point, centroid)
        if distance < bestDistance {
          bestDistance = distance
          best = UInt32(truncatingIfNeeded: centroid)
        }
      }
      if candidates <= 1 { break }
    }
    return best
  }

  private func exactDistance(_ points: [Float], _ point: Int, _ centroid: Int) -> Float {
    // Safe: both numbers are of rows that are there.
    unsafe points.withUnsafeBufferPointer { points in
      unsafe centroids.withUnsafeBufferPointer { centroids in
        guard let x = points.baseAddress, let c = centroids.baseAddress else { return 0 }
        return unsafe ExactDistance.distance(
          metric: .l2, query: x + point * dimension, row: UnsafeRawPointer(c + centroid * dimension),
          elementType: .f32, dimension: dimension)
      }
    }
  }
}
