package import Quantization

/// Memory for comparing blocks of codes with queries, for one worker; allocated once and used again.
@safe
package final class FlatScratch {
  /// Rows of a block at most, a multiple of 16.
  package let rows: Int
  /// Queries that are compared with a block at once.
  package let queries: Int
  /// Numbers of the rows that were kept, within their block, ascending.
  package let places: UnsafeMutablePointer<UInt32>
  /// For each of them the least and the greatest distance that it may have.
  package let lowers: UnsafeMutablePointer<Float>
  package let uppers: UnsafeMutablePointer<Float>
  /// Numbers of the rows of a block that are to be looked at, for `gatheredSurvivors`.
  package let chosen: UnsafeMutablePointer<UInt32>

  /// Sums of products: for each query `rows` numbers.
  let dots: UnsafeMutablePointer<Int32>
  /// Those of the finer codes of one query, of the rows that the coarse ones keep.
  let lows: UnsafeMutablePointer<Int32>
  /// Squares and residuals of gathered rows.
  let squares: UnsafeMutablePointer<Int32>
  let residuals: UnsafeMutablePointer<Float>
  /// The codes of a block, packed for the tile kernel.
  let panels: UnsafeMutablePointer<UInt8>
  /// A number of each row of the packed block for its bounds, and whether they can be used.
  let terms: UnsafeMutablePointer<Float>
  var hasTerms = false

  /// About as many bytes of codes as fit a second-level cache beside the queries.
  private static let blockBytes = 256 << 10

  /// Room for blocks of codes with so many dimensions, a multiple of 64; `queries` at least 1.
  package init(codeDimension: Int, queries: Int) {
    rows = max(16, min(1024, Self.blockBytes / codeDimension / 16 * 16))
    self.queries = queries
    unsafe places = .allocate(capacity: rows)
    unsafe lowers = .allocate(capacity: rows)
    unsafe uppers = .allocate(capacity: rows)
    unsafe chosen = .allocate(capacity: rows)
    unsafe dots = .allocate(capacity: rows * queries)
    unsafe lows = .allocate(capacity: rows)
    unsafe squares = .allocate(capacity: rows)
    unsafe residuals = .allocate(capacity: rows)
    unsafe terms = .allocate(capacity: rows)
    unsafe panels = .allocate(capacity: queries > 1 ? rows * codeDimension : 1)
  }

  deinit {
    unsafe places.deallocate()
    unsafe lowers.deallocate()
    unsafe uppers.deallocate()
    unsafe chosen.deallocate()
    unsafe dots.deallocate()
    unsafe lows.deallocate()
    unsafe squares.deallocate()
    unsafe residuals.deallocate()
    unsafe panels.deallocate()
    unsafe terms.deallocate()
  }
}

/// Some queries in the frame of a flat index.
///
/// Prepared by one thread, then read by several.
@safe
package final class FlatQueries: @unchecked Sendable {
  private let capacity: Int
  private let dimension: Int
  private let frame: VectorFrame
  private var count = 0
  /// The queries that were set, and behind them those of earlier groups.
  let queries: UnsafeMutablePointer<FrameQuery>
  /// The coarse codes of all, one behind the other.
  let codes: UnsafeMutablePointer<Int8>

  /// Room for `capacity` queries in a frame.
  package init(capacity: Int, _ frame: VectorFrame) {
    self.capacity = capacity
    self.frame = frame
    dimension = frame.paddedDimension
    unsafe queries = .allocate(capacity: max(1, capacity))
    unsafe codes = .allocate(capacity: max(1, capacity) * frame.paddedDimension)
  }

  deinit {
    unsafe queries.deinitialize(count: count)
    unsafe queries.deallocate()
    unsafe codes.deallocate()
  }

  /// Whether there is room for so many queries in the frame.
  package func fits(_ count: Int, _ frame: VectorFrame) -> Bool { count <= capacity && frame == self.frame }

  /// Takes `count` queries, at most the capacity, of the frame's dimension, one behind the other.
  package func set(_ vectors: UnsafePointer<Float>, count: Int) {
    precondition(count <= capacity)
    while self.count < count {
      unsafe (queries + self.count).initialize(to: FrameQuery(in: frame))
      self.count += 1
    }
    for index in 0..<count {
      unsafe queries[index].set(vectors + index * frame.dimension, in: frame)
      // Safe: there is room for the capacity, and every query has as many codes as the frame has dimensions.
      unsafe queries[index].codes.withUnsafeBufferPointer { own in
        guard let first = own.baseAddress, own.count == dimension else { return }
        unsafe (codes + index * dimension).update(from: first, count: dimension)
      }
    }
  }
}
