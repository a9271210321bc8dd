internal import CVectorKernels
package import Quantization

/// A query as a walk through a graph compares it: its codes in a scale of its own.
///
/// Holds its memory for the next query. Not safe to share between threads.
@safe
package final class GraphQuery {
  /// The frame of the graph.
  package let frame: VectorFrame
  /// The squared length of the query in the frame.
  package private(set) var squares: Float = 0
  /// What `codes` lose, as a distance in the frame; infinite when they say nothing.
  package private(set) var residual: Float = 0
  /// The length of the query in the frame.
  package private(set) var length: Float = 0
  let coordinates: UnsafeMutablePointer<Float>
  let codes: UnsafeMutablePointer<Int8>
  private var unit: Float = 0
  private var numbers = vk_nibble_query()
  private let dots: UnsafeMutablePointer<Int32>
  private var dotRoom = 128

  /// Room for one query of the frame.
  package init(_ frame: VectorFrame) {
    self.frame = frame
    unsafe coordinates = .allocate(capacity: frame.paddedDimension)
    unsafe coordinates.initialize(repeating: 0, count: frame.paddedDimension)
    unsafe codes = .allocate(capacity: frame.paddedDimension)
    unsafe codes.initialize(repeating: 0, count: frame.paddedDimension)
    unsafe dots = .allocate(capacity: GraphRouter.maximumLeaders)
  }

  deinit {
    unsafe coordinates.deallocate()
    unsafe codes.deallocate()
    unsafe dots.deallocate()
  }

  /// Takes a query of as many finite floats as the frame has dimensions.
  ///
  /// - Returns: False when nothing can be estimated: for a zero vector under cosine, and where floats overflow.
  package func set(_ query: UnsafePointer<Float>) -> Bool {
    let padded = frame.paddedDimension
    guard unsafe frame.coordinates(ofQuery: query, into: coordinates) else { return false }
    var greatest: Float = 0
    for index in 0..<padded { greatest = max(greatest, unsafe coordinates[index].magnitude) }
    guard greatest <= 1e15 else { return false }
    unit = max(greatest / 127, 1e-30)
    var codeSquares: Int32 = 0
    var squares = 0.0
    var rest = 0.0
    unsafe vk_encode(coordinates, padded, unit, 1 / unit, codes, &codeSquares, &squares, &rest)
    self.squares = Float(squares)
    residual = Float(rest.squareRoot())
    length = self.squares.squareRoot()
    var sum = 0
    for index in 0..<padded { sum &+= unsafe Int(codes[index]) }
    numbers.add = self.squares
    numbers.scale = unit
    numbers.offset = Float(-7.5 * Double(unit) * Double(sum))
    return self.squares.isFinite
  }

  /// Estimates the squared distances, in the frame, of some nodes of a graph.
  ///
  /// `count`: At most 128 nodes, each below the graph's count. The same numbers on every instruction set.
  @inline(__always)
  func estimate(
    _ view: GraphView, _ nodes: UnsafePointer<UInt32>, count: Int, into values: UnsafeMutablePointer<Float>
  ) {
    switch view.codec {
    case .nibbles:
      unsafe vk_nibble_distances_at(
        codes, &numbers, view.records, view.paddedDimension, view.recordBytes,
        view.records + view.codeBytes, view.recordBytes, nodes, count, values)
    case .bytes:
      unsafe vk_code_dots_at(
        codes, view.records, view.paddedDimension, view.recordBytes, nodes, count, dots)
      let square = view.scale * view.scale
      let product = 2 * view.scale * unit
      for index in 0..<count {
        let own = unsafe (view.record(Int(nodes[index])) + view.codeBytes).loadUnaligned(as: Int32.self)
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
    let product = 2 * frame.scale * unit
    for index in 0..<count {
      unsafe values[index] = squares + (square * Float(rowSquares[index]) - product * Float(dots[index]))
    }
  }
}
