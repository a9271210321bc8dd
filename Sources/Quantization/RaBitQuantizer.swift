internal import CVectorKernels

/// Codes of 4 bits a coordinate, an eighth of the size of floats, and the numbers that turn them into distances.
///
/// A row's coordinates *r* in a frame become the direction *x* of numbers -7.5, -6.5 ... 7.5 that is nearest to them. The squared
/// distance from a query's coordinates *q* is then estimated as `|r|² + |q|² - 2 |r|² <x, q> / <r, x>`, without bias since the
/// frame turns vectors at random. Its standard deviation is about `0.11 · 2 |r| |q| / √dimension`.
///
/// A row takes `codeBytes` bytes of codes and `factorBytes` bytes of floats: what is added, what the product is multiplied by,
/// and `error`, so that the true squared distance is below the estimate less `1.9 · error · |q|` for about one row in forty.
/// Codes and factors may lie side by side or apart: wherever they are read, both are found by base address and stride.
///
/// The same coordinates give the same bytes on every processor.
///
/// - Source: Gao et al. 2024, arXiv:2409.09913.
package enum RaBitQuantizer {
  /// Bytes of a row's factors: three floats.
  package static let factorBytes = 12

  /// Bytes of a row's codes.
  package static func codeBytes(paddedDimension: Int) -> Int { paddedDimension / 2 }

  /// Codes one row.
  ///
  /// - Parameters:
  ///   - coordinates: `paddedDimension` floats, a row in its frame. One that is not finite, or longer than 10^18, gets an infinite
  ///     distance; one shorter than 10^-18 that of the query from the mean.
  ///   - paddedDimension: A multiple of 64.
  ///   - codes: Room for `codeBytes`.
  ///   - factors: Room for `factorBytes`; needs no alignment.
  package static func encode(
    coordinates: UnsafePointer<Float>, paddedDimension: Int, codes: UnsafeMutablePointer<UInt8>,
    factors: UnsafeMutableRawPointer
  ) {
    unsafe vk_encode_nibbles(coordinates, paddedDimension, codes, factors)
  }
}

/// A query against rows of 4-bit codes.
package struct RaBitQuery: Sendable {
  private let codes: [Int8]
  private let numbers: vk_nibble_query
  private let paddedDimension: Int
  /// The length of the query's coordinates.
  package let length: Float

  /// Takes a query that is in the frame already.
  package init(_ query: FrameQuery) {
    codes = query.codes
    paddedDimension = query.paddedDimension
    let squares = unsafe vk_squares(.F32, query.coordinates, query.paddedDimension)
    let scale = query.step * 128
    var sum = 0
    for code in query.codes { sum += Int(code) }
    numbers = vk_nibble_query(
      add: Float(squares), scale: Float(scale), offset: Float(-7.5 * scale * Double(sum)))
    length = Float(squares.squareRoot())
  }

  /// Estimates of the squared distances, in the frame, of rows named by number: what a hop of a graph asks for, in one call.
  ///
  /// The rows' memory is asked for ahead of its use. An estimate may be a little below 0. The same on every processor.
  ///
  /// - Parameters:
  ///   - rows: Where the codes of row 0 begin.
  ///   - stride: Bytes from one row's codes to the next's.
  ///   - factors: Where the factors of row 0 begin.
  ///   - factorsStride: Bytes from one row's factors to the next's.
  ///   - indexes: `count` row numbers; each must be a row that is there.
  ///   - count: Any number.
  ///   - result: Room for `count` floats.
  package func distances(
    rows: UnsafeRawPointer, stride: Int, factors: UnsafeRawPointer, factorsStride: Int,
    indexes: UnsafePointer<UInt32>, count: Int, into result: UnsafeMutablePointer<Float>
  ) {
    var numbers = numbers
    unsafe vk_nibble_distances_at(
      codes, &numbers, rows, paddedDimension, stride, factors, factorsStride, indexes, count, result)
  }
}

/// A query against rows of 8-bit codes, in the scale of the frame: distances are whole numbers.
package struct CodeQuery: Sendable {
  /// The query's codes.
  package let codes: [Int8]
  /// The sum of their squares.
  package let squares: Int32
  private let paddedDimension: Int

  /// Takes a query that is in the frame already.
  package init(_ query: FrameQuery, in frame: VectorFrame) {
    var codes = [Int8](repeating: 0, count: query.paddedDimension)
    // Safe: both hold the frame's padded dimension.
    squares = unsafe frame.encode(coordinates: query.coordinates, codes: &codes).squares
    self.codes = codes
    paddedDimension = query.paddedDimension
  }

  /// The squared distances of codes from those of rows named by number: what a hop of a graph asks for, in one call.
  ///
  /// In units of the frame's scale squared. For frames of at most 32,768 padded dimensions. Terms as for
  /// `RaBitQuery.distances`; `squares` are the rows' Int32 sums of squared codes, beside the codes or apart.
  package func distances(
    rows: UnsafeRawPointer, stride: Int, squares: UnsafeRawPointer, squaresStride: Int,
    indexes: UnsafePointer<UInt32>, count: Int, into result: UnsafeMutablePointer<Int32>
  ) {
    unsafe vk_code_distances_at(
      codes, self.squares, rows, paddedDimension, stride, squares, squaresStride, indexes, count, result)
  }
}
