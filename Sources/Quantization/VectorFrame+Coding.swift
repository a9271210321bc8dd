internal import CVectorKernels
internal import VectorMath

extension VectorFrame {
  /// Rows that one thread codes at a time.
  private static let rowsAtOnce = 128

  /// Codes a run of rows.
  ///
  /// - Parameters:
  ///   - rows: The source, of the frame's dimension.
  ///   - range: The rows; they are written from the beginning of the results.
  ///   - threads: At most so many work at once; the result does not depend on it.
  ///   - codes: Room for `range.count * paddedDimension` codes.
  ///   - squares: Room for `range.count` sums of squared codes.
  ///   - residuals: Room for `range.count` bounds, as the type's description says.
  /// - Throws: What the source throws, for the first block that fails.
  package func encode<Failure: Error>(
    _ rows: RowSource<Failure>, _ range: Range<Int>, threads: Int,
    codes: UnsafeMutablePointer<Int8>, squares: UnsafeMutablePointer<Int32>,
    residuals: UnsafeMutablePointer<Float>
  ) throws(Failure) {
    let results = unsafe Results(codes: codes, squares: squares, residuals: residuals)
    try unsafe Self.forBlocks(of: rows, range, threads: threads) { (first, count, place) in
      unsafe encodeBlock(
        first, rows.elementType, stride: rows.stride, count: count, at: place, into: results)
    }
  }

  /// Brings a run of rows into the frame, without codes: `range.count * paddedDimension` floats.
  ///
  /// A zero vector under cosine becomes zeros. Terms as for `encode`.
  package func transform<Failure: Error>(
    _ rows: RowSource<Failure>, _ range: Range<Int>, threads: Int,
    into coordinates: UnsafeMutablePointer<Float>
  ) throws(Failure) {
    let results = unsafe Coordinates(floats: coordinates)
    try unsafe Self.forBlocks(of: rows, range, threads: threads) { (first, count, place) in
      unsafe transformBlock(
        first, rows.elementType, stride: rows.stride, count: count, at: place, into: results)
    }
  }

  /// Codes a run of rows in 4 bits a coordinate, as `RaBitQuantizer` says.
  ///
  /// Row `range.lowerBound + i` goes to `codes + i * stride` and `factors + i * factorsStride`. Terms as for `encode`.
  package func encodeNibbles<Failure: Error>(
    _ rows: RowSource<Failure>, _ range: Range<Int>, threads: Int,
    codes: UnsafeMutablePointer<UInt8>, stride: Int, factors: UnsafeMutableRawPointer, factorsStride: Int
  ) throws(Failure) {
    let results = unsafe Nibbles(
      codes: codes, stride: stride, factors: factors, factorsStride: factorsStride)
    try unsafe Self.forBlocks(of: rows, range, threads: threads) { (first, count, place) in
      unsafe encodeNibbles(
        first, rows.elementType, stride: rows.stride, count: count, at: place, into: results)
    }
  }

  /// The codes of coordinates that are in the frame already, in its scale.
  ///
  /// - Parameters:
  ///   - coordinates: `paddedDimension` floats.
  ///   - codes: Room for `paddedDimension` codes.
  /// - Returns: The sum of squared codes, and the residual, infinite when a coordinate is not finite; the codes are zeros then.
  package func encode(
    coordinates: UnsafePointer<Float>, codes: UnsafeMutablePointer<Int8>
  ) -> (squares: Int32, residual: Float) {
    var codeSquares: Int32 = 0
    var squares = 0.0
    var rest = 0.0
    unsafe vk_encode(
      coordinates, paddedDimension, scale, 1 / scale, codes, &codeSquares, &squares, &rest)
    let residual = residual(squares: squares, residualSquares: rest)
    if residual == .infinity {
      unsafe codes.update(repeating: 0, count: paddedDimension)
      codeSquares = 0
    }
    return (codeSquares, residual)
  }

  /// Where codes go; each block writes its own rows only.
  @safe private struct Results: @unchecked Sendable {
    let codes: UnsafeMutablePointer<Int8>
    let squares: UnsafeMutablePointer<Int32>
    let residuals: UnsafeMutablePointer<Float>
  }

  /// Where 4-bit codes go; each block writes its own rows only.
  @safe private struct Nibbles: @unchecked Sendable {
    let codes: UnsafeMutablePointer<UInt8>
    let stride: Int
    let factors: UnsafeMutableRawPointer
    let factorsStride: Int
  }

  /// Where coordinates go; each block writes its own rows only.
  @safe private struct Coordinates: @unchecked Sendable {
    let floats: UnsafeMutablePointer<Float>
  }

  private static func forBlocks<Failure: Error>(
    of rows: RowSource<Failure>, _ range: Range<Int>, threads: Int,
    _ body: @Sendable (_ first: UnsafeRawPointer, _ count: Int, _ place: Int) -> Void
  ) throws(Failure) {
    let blocks = (range.count + rowsAtOnce - 1) / rowsAtOnce
    try ParallelLoop.run(blocks: blocks, threads: threads) { (block) throws(Failure) in
      let place = block * rowsAtOnce
      let count = min(rowsAtOnce, range.count - place)
      let first = range.lowerBound + place
      unsafe body(try unsafe rows.read(first..<first + count), count, place)
    }
  }

  private func encodeBlock(
    _ first: UnsafeRawPointer, _ elementType: ElementType, stride: Int, count: Int, at place: Int,
    into results: Results
  ) {
    // Safe: scratch for one row; the caller gives room for all rows in the results.
    unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: paddedDimension) { scratch in
      guard let coordinates = scratch.baseAddress else { return }
      for row in 0..<count {
        let codes = unsafe results.codes + (place + row) * paddedDimension
        let isPlaced = unsafe self.place(first + row * stride, elementType, into: coordinates)
        var (squares, residual) = unsafe encode(coordinates: coordinates, codes: codes)
        if !isPlaced { (squares, residual) = (0, .infinity) }
        unsafe results.squares[place + row] = squares
        unsafe results.residuals[place + row] = residual
      }
    }
  }

  private func encodeNibbles(
    _ first: UnsafeRawPointer, _ elementType: ElementType, stride: Int, count: Int, at place: Int,
    into results: Nibbles
  ) {
    // Safe: scratch for one row; the caller gives room for all rows in the results.
    unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: paddedDimension) { scratch in
      guard let coordinates = scratch.baseAddress else { return }
      for row in 0..<count {
        _ = unsafe self.place(first + row * stride, elementType, into: coordinates)
        unsafe RaBitQuantizer.encode(
          coordinates: coordinates, paddedDimension: paddedDimension,
          codes: results.codes + (place + row) * results.stride,
          factors: results.factors + (place + row) * results.factorsStride)
      }
    }
  }

  private func transformBlock(
    _ first: UnsafeRawPointer, _ elementType: ElementType, stride: Int, count: Int, at place: Int,
    into results: Coordinates
  ) {
    for row in 0..<count {
      _ = unsafe self.place(
        first + row * stride, elementType, into: results.floats + (place + row) * paddedDimension)
    }
  }
}
