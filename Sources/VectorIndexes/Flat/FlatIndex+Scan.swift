internal import CVectorKernels
package import FileStorage
import Quantization

// Each of the functions below finds the rows of a block whose distance may be at most `limit`: a row is left out only if its
// exact distance is greater. They write the numbers of the rows kept, within the block, and their bounds into the scratch.
extension FlatIndex {
  /// Compares a block with one query: by its coarse codes, and by its finer codes what those keep.
  ///
  /// - Parameters:
  ///   - rows: At most `scratch.rows` rows of the index, not none.
  ///   - queries: In the index's frame.
  ///   - number: Which of them.
  ///   - limit: A distance; infinity keeps every row.
  ///   - scratch: Takes the places and the bounds.
  /// - Returns: How many rows were kept.
  /// - Throws: `.corruption` when a block of the file fails its checksum.
  package func survivors(
    _ rows: Range<Int>, _ queries: FlatQueries, _ number: Int, limit: Float, _ scratch: FlatScratch
  ) throws(StorageError) -> Int {
    let block = unsafe try block(rows)
    let query = unsafe queries.queries + number
    let padded = frame.paddedDimension
    unsafe vk_code_dots(query.pointee.codes, block.codes, padded, rows.count, padded, scratch.dots)
    let possible = unsafe query.pointee.survivors(
      dots: scratch.dots, squares: block.squares, residuals: block.residuals, count: rows.count, limit: limit,
      into: scratch.places)
    guard possible > 0 else { return 0 }
    unsafe vk_code_dots_at(
      query.pointee.lows, block.codes, padded, padded, scratch.places, possible, scratch.lows)
    var kept = 0
    for index in 0..<possible {
      let place = unsafe scratch.places[index]
      let (lower, upper) = unsafe query.pointee.bounds(
        dot: scratch.dots[Int(place)], low: scratch.lows[index], squares: block.squares[Int(place)],
        residual: block.residuals[Int(place)])
      guard lower <= limit else { continue }
      unsafe scratch.places[kept] = place
      unsafe (scratch.lowers[kept], scratch.uppers[kept]) = (lower, upper)
      kept += 1
    }
    return kept
  }

  /// Compares some rows of a block with one query, by its coarse codes.
  ///
  /// `count`: So many numbers within the block stand in `scratch.chosen`, ascending.
  package func chosenSurvivors(
    _ rows: Range<Int>, count: Int, _ queries: FlatQueries, _ number: Int, limit: Float,
    _ scratch: FlatScratch
  ) throws(StorageError) -> Int {
    let block = unsafe try block(rows)
    let query = unsafe queries.queries + number
    let padded = frame.paddedDimension
    unsafe vk_code_dots_at(
      query.pointee.codes, block.codes, padded, padded, scratch.chosen, count, scratch.dots)
    for index in 0..<count {
      let place = unsafe Int(scratch.chosen[index])
      unsafe scratch.squares[index] = unsafe block.squares[place]
      unsafe scratch.residuals[index] = unsafe block.residuals[place]
    }
    let kept = unsafe query.pointee.survivors(
      dots: scratch.dots, squares: scratch.squares, residuals: scratch.residuals, count: count,
      limit: limit, into: scratch.places)
    for index in 0..<kept {
      let chosen = unsafe Int(scratch.places[index])
      unsafe (scratch.lowers[index], scratch.uppers[index]) = unsafe query.pointee.bounds(
        dot: scratch.dots[chosen], low: nil, squares: scratch.squares[chosen],
        residual: scratch.residuals[chosen])
      unsafe scratch.places[index] = unsafe scratch.chosen[chosen]
    }
    return kept
  }

  /// Takes a block of rows into the scratch, to be compared with many queries.
  package func pack(_ rows: Range<Int>, _ scratch: FlatScratch) throws(StorageError) {
    let block = unsafe try block(rows)
    unsafe vk_pack_codes(
      block.codes, frame.paddedDimension, rows.count, frame.paddedDimension, scratch.panels)
    scratch.hasTerms = unsafe FrameQuery.tileTerms(
      in: frame, squares: block.squares, residuals: block.residuals, count: rows.count, into: scratch.terms)
  }

  /// Multiplies the codes of the packed block with those of several queries.
  ///
  /// `range`: At most `scratch.queries` of them.
  package func multiply(
    _ rows: Range<Int>, _ queries: FlatQueries, _ range: Range<Int>, _ scratch: FlatScratch
  ) {
    let padded = frame.paddedDimension
    unsafe vk_code_tile(
      queries.codes + range.lowerBound * padded, range.count, padded, scratch.panels, rows.count, padded,
      scratch.dots, scratch.rows)
  }

  /// Compares part of the block that was multiplied with one of the queries, by its coarse codes.
  ///
  /// - Parameters:
  ///   - rows: The block.
  ///   - part: Places within the block, not none.
  ///   - queries: In the index's frame.
  ///   - number: Which of them.
  ///   - firstQuery: Which of them was the first of `multiply`.
  ///   - limit: A distance; infinity keeps every row.
  ///   - scratch: What `multiply` filled; takes the places and the bounds.
  /// - Returns: How many rows were kept.
  /// - Throws: `.corruption` when a block of the file fails its checksum.
  package func multipliedSurvivors(
    _ rows: Range<Int>, part: Range<Int>, _ queries: FlatQueries, _ number: Int, first firstQuery: Int,
    limit: Float, _ scratch: FlatScratch
  ) throws(StorageError) -> Int {
    let block = unsafe try block(rows)
    let query = unsafe queries.queries + number
    let first = part.lowerBound
    let dots = unsafe scratch.dots + (number - firstQuery) * scratch.rows
    // Safe: the part lies within the block, of which every buffer holds all rows.
    let kept = unsafe query.pointee.tileSurvivors(
      dots: dots + first, terms: scratch.hasTerms ? scratch.terms + first : nil,
      squares: block.squares + first, residuals: block.residuals + first, count: part.count, limit: limit,
      into: scratch.places)
    for index in 0..<kept {
      let place = unsafe first + Int(scratch.places[index])
      unsafe (scratch.lowers[index], scratch.uppers[index]) = unsafe query.pointee.bounds(
        dot: dots[place], low: nil, squares: block.squares[place], residual: block.residuals[place])
      unsafe scratch.places[index] = UInt32(truncatingIfNeeded: place)
    }
    return kept
  }
}
