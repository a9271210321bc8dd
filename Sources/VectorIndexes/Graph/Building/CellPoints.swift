internal import CVectorKernels

/// Points that lie somewhere in memory: what the work on a cell reads of them.
@safe
struct PointPlaces {
  /// How many there are.
  let count: Int
  /// A code for each point, side by side.
  let codes: UnsafePointer<Int8>
  /// The sum of squares of each code.
  let squares: UnsafePointer<Int32>
  /// The sketch of each point.
  let sketches: UnsafePointer<Int16>
  /// The number of the point at each place; nil when places are numbers.
  let numbers: UnsafePointer<UInt32>?

  /// All points, where they are.
  init(_ points: GraphPoints, _ sketches: Sketches) {
    count = points.count
    unsafe codes = points.codes
    unsafe squares = points.squares
    unsafe self.sketches = UnsafePointer(sketches.values.base)
    unsafe numbers = nil
  }

  fileprivate init(_ cell: CellPoints, count: Int) {
    self.count = count
    unsafe codes = UnsafePointer(cell.codes.base)
    unsafe squares = UnsafePointer(cell.squares.base)
    unsafe sketches = UnsafePointer(cell.sketches.base)
    unsafe numbers = UnsafePointer(cell.numbers.base)
  }

  /// The number of the point at a place, which must exist.
  @inline(__always)
  func number(_ place: UInt32) -> UInt32 { unsafe numbers?[Int(place)] ?? place }

  /// Asks for the memory of a point, whose code has `dimension` bytes.
  @inline(__always)
  func prefetch(_ place: UInt32, dimension: Int) {
    let place = Int(place)
    unsafe vk_prefetch(squares + place)
    unsafe vk_prefetch(sketches + place &* Sketches.width)
    let code = unsafe UnsafeRawPointer(codes) + place &* dimension
    var offset = 0
    while offset < dimension {
      unsafe vk_prefetch(code + offset)
      offset &+= 64
    }
  }
}

/// Copies of the points of a cell, side by side: each is read many times, but fetched from far away once.
///
/// Holds its memory for the next cell. Not safe to share: each worker has its own.
@safe
final class CellPoints {
  fileprivate private(set) var codes: WorkArray<Int8>
  fileprivate private(set) var squares: WorkArray<Int32>
  fileprivate private(set) var sketches: WorkArray<Int16>
  fileprivate private(set) var numbers: WorkArray<UInt32>

  /// Without any points.
  init() {
    codes = WorkArray(count: 0, repeating: 0)
    squares = WorkArray(count: 0, repeating: 0)
    sketches = WorkArray(count: 0, repeating: 0)
    numbers = WorkArray(count: 0, repeating: 0)
  }

  /// Copies some points, which may carry the primary bit, in their order.
  func copy(_ members: ArraySlice<UInt32>, _ points: GraphPoints, _ all: PointPlaces) -> PointPlaces {
    let count = members.count
    let dimension = points.dimension
    if count > numbers.count {
      let room = count + count / 4
      codes = WorkArray(count: room * dimension, repeating: 0)
      squares = WorkArray(count: room, repeating: 0)
      sketches = WorkArray(count: room * Sketches.width, repeating: 0)
      numbers = WorkArray(count: room, repeating: 0)
    }
    for place in 0..<count {
      let member = members[members.startIndex + place] & ~Partition.primaryBit
      if place + 8 < count {
        all.prefetch(
          members[members.startIndex + place + 8] & ~Partition.primaryBit, dimension: dimension)
      }
      let point = Int(member)
      numbers[place] = member
      squares[place] = points.square(point)
      // Safe: `square` has checked the point, and each has a sketch.
      unsafe sketches.pointer(place * Sketches.width, Sketches.width).update(
        from: all.sketches + point * Sketches.width, count: Sketches.width)
      unsafe codes.pointer(place * dimension, dimension).update(from: points.code(point), count: dimension)
    }
    return PointPlaces(self, count: count)
  }
}
