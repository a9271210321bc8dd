internal import CVectorKernels
package import Quantization

/// A query as a walk through a graph compares it: its codes in a scale of its own.
///
/// Holds its memory for the next query. Not safe to share between threads.
@safe
package final class GraphQuery {
  /// What estimates need: in memory of its own, where no access needs a check at run time.
  private struct Numbers {
    var nibbles = vk_nibble_query()
    var squares: Float = 0
    var codeSquares: Float = 0
    var unit: Float = 0
    var residual: Float = 0
    var length: Float = 0
  }

  /// The frame of the graph.
  package let frame: VectorFrame
  let coordinates: UnsafeMutablePointer<Float>
  let codes: UnsafeMutablePointer<Int8>
  private let numbers: UnsafeMutablePointer<Numbers>
  private let dots: UnsafeMutablePointer<Int32>

  /// The squared length of the query in the frame.
  package var squares: Float { unsafe numbers.pointee.squares }
  /// What `codes` lose, as a distance in the frame; infinite when they say nothing.
  package var residual: Float { unsafe numbers.pointee.residual }
  /// The length of the query in the frame.
  package var length: Float { unsafe numbers.pointee.length }

  /// Room for one query of the frame.
  package init(_ frame: VectorFrame) {
    self.frame = frame
    unsafe coordinates = .allocate(capacity: frame.paddedDimension)
    unsafe coordinates.initialize(repeating: 0, count: frame.paddedDimension)
    unsafe codes = .allocate(capacity: frame.paddedDimension)
    unsafe codes.initialize(repeating: 0, count: frame.paddedDimension)
    unsafe numbers = .allocate(capacity: 1)
    unsafe numbers.initialize(to: Numbers())
    unsafe dots = .allocate(capacity: GraphRouter.maximumLeaders)
  }

  deinit {
    unsafe coordinates.deallocate()
    unsafe codes.deallocate()
    unsafe numbers.deallocate()
    unsafe dots.deallocate()
  }

  /// Takes a query of as many finite floats as the frame has dimensions.
  ///
  /// - Returns: False when nothing can be estimated: for a zero vector under cosine, and where floats overflow.
  package func set(_ query: UnsafePointer<Float>) -> Bool {
    let padded = frame.paddedDimension
    guard unsafe frame.coordinates(ofQuery: query, into: coordinates) else { return false }
    // Without their sign the bits of floats ascend as the floats do; NaN comes last.
    var bits: UInt32 = 0
    for index in 0..<padded { bits = max(bits, unsafe coordinates[index].bitPattern & 0x7FFF_FFFF) }
    let greatest = Float(bitPattern: bits)
    guard greatest <= 1e15 else { return false }
    let unit = max(greatest / 127, 1e-30)
    var codeSquares: Int32 = 0
    var squares = 0.0
    var rest = 0.0
    unsafe vk_encode(coordinates, padded, unit, 1 / unit, codes, &codeSquares, &squares, &rest)
    // At most 127 for each of at most 65,536 coordinates.
    var sum: Int32 = 0
    for index in 0..<padded { sum &+= unsafe Int32(codes[index]) }
    var now = Numbers()
    now.squares = Float(squares)
    now.codeSquares = Float(Double(codeSquares) * Double(unit) * Double(unit))
    now.unit = unit
    now.residual = Float(rest.squareRoot())
    now.length = now.squares.squareRoot()
    now.nibbles.add = now.squares
    now.nibbles.scale = unit
    now.nibbles.offset = Float(-7.5 * Double(unit) * Double(sum))
    unsafe numbers.pointee = now
    return now.squares.isFinite
  }

  /// Estimates the squared distances, in the frame, of some nodes of a graph.
  ///
  /// `count`: At most 128 nodes, each below the graph's count. The same numbers on every instruction set.
  @inline(__always)
  func estimate(
    _ view: GraphView, _ nodes: UnsafePointer<UInt32>, count: Int, into values: UnsafeMutablePointer<Float>
  ) {
    unsafe estimate(view.places, nodes, count: count, into: values)
  }

  /// The same for codes whose owner the caller keeps alive.
  @inline(__always)
  func estimate(
    _ places: GraphRecords, _ nodes: UnsafePointer<UInt32>, count: Int,
    into values: UnsafeMutablePointer<Float>
  ) {
    switch places.codec {
    case .nibbles:
      unsafe vk_nibble_distances_at(
        codes, &numbers.pointee.nibbles, places.base, places.paddedDimension, places.recordBytes,
        places.base + places.codeBytes, places.recordBytes, nodes, count, values)
    case .bytes:
      unsafe vk_code_dots_at(
        codes, places.base, places.paddedDimension, places.recordBytes, nodes, count, dots)
      // Of the codes, not of the query: so that what is lost is bounded by the residuals of both.
      let squares = unsafe numbers.pointee.codeSquares
      let square = places.scale * places.scale
      let product = unsafe 2 * places.scale * numbers.pointee.unit
      let sums = unsafe places.base + places.codeBytes
      for index in 0..<count {
        let own = unsafe (sums + Int(nodes[index]) &* places.recordBytes).loadUnaligned(as: Int32.self)
        unsafe values[index] = squares + (square * Float(own) - product * Float(dots[index]))
      }
    }
  }

  /// Estimates the squared distances of codes of 8 bits in the frame's scale, which lie side by side.
  ///
  /// `count`: At most `GraphRouter.maximumLeaders`.
  func estimate(
    codes rows: UnsafePointer<Int8>, squares rowSquares: UnsafePointer<Int32>, count: Int,
    into values: UnsafeMutablePointer<Float>
  ) {
    unsafe vk_code_dots(codes, rows, frame.paddedDimension, count, frame.paddedDimension, dots)
    let square = frame.scale * frame.scale
    let product = unsafe 2 * frame.scale * numbers.pointee.unit
    for index in 0..<count {
      unsafe values[index] = squares + (square * Float(rowSquares[index]) - product * Float(dots[index]))
    }
  }
}
