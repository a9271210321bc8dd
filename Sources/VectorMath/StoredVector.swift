internal import CVectorKernels

/// Between floats and the bytes that a vector is stored as. Pointers need no alignment.
extension ElementType {
  /// Writes `count` numbers of one vector as this type stores them, `storedBytes(dimension: count)` bytes.
  ///
  /// For f16 numbers are rounded to the nearest, ties to even. For the other types a number that the type does not hold, which
  /// `firstUnrepresentable` finds, becomes some number that it holds.
  package func store(_ floats: UnsafePointer<Float>, count: Int, to stored: UnsafeMutableRawPointer) {
    unsafe vk_floats_to_stored(kernelElement, floats, stored, count)
  }

  /// Reads `count` numbers of one stored vector; each is exactly the float that comes out.
  package func load(_ stored: UnsafeRawPointer, count: Int, to floats: UnsafeMutablePointer<Float>) {
    unsafe vk_stored_to_floats(kernelElement, stored, floats, count)
  }

  /// Appends whole vectors of `dimension` numbers each as this type stores them.
  package func append(_ vectors: UnsafeBufferPointer<Float>, dimension: Int, to bytes: inout [UInt8]) {
    guard let base = vectors.baseAddress, dimension > 0 else { return }
    let rows = vectors.count / dimension
    let stride = storedBytes(dimension: dimension)
    let start = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: rows * stride))
    // Safe: room for the rows was just made behind `start`.
    unsafe bytes.withUnsafeMutableBytes { buffer in
      guard let target = buffer.baseAddress else { return }
      if self != .bit || dimension % 8 == 0 {
        unsafe store(base, count: rows * dimension, to: target + start)
      } else {
        // Every vector begins with a byte of its own.
        for row in 0..<rows {
          unsafe store(base + row * dimension, count: dimension, to: target + start + row * stride)
        }
      }
    }
  }

  /// The index of the first float that this type cannot hold; nil if none.
  ///
  /// That is NaN and the infinities; for f16 what would round to infinity; for the others what is no whole number of their range.
  package func firstUnrepresentable(_ floats: UnsafeBufferPointer<Float>) -> Int? {
    guard let base = floats.baseAddress else { return nil }
    let index =
      if let range = wholeNumbers {
        unsafe vk_first_unfit(base, floats.count, Float(range.lowerBound), Float(range.upperBound))
      } else {
        // 65,520 is halfway from the largest half to the next power of two, and rounds away from it.
        unsafe vk_first_beyond(
          base, floats.count, self == .f16 ? Float(65_520).nextDown : .greatestFiniteMagnitude)
      }
    return index < floats.count ? index : nil
  }

  /// The first number that this type cannot hold, with its place, when it is a type of whole numbers; nil if none.
  package func firstNotHeld(_ vector: [Float]) -> (index: Int, number: Float)? {
    guard wholeNumbers != nil else { return nil }
    let index = unsafe vector.withUnsafeBufferPointer { unsafe firstUnrepresentable($0) }
    return index.map { ($0, vector[$0]) }
  }

  /// Whether a stored vector may end with a byte.
  ///
  /// Bits behind the last element of a vector must be zero; other types have none.
  package func canEnd(with last: UInt8, dimension: Int) -> Bool {
    guard self == .bit, dimension % 8 != 0 else { return true }
    return last >> UInt8(dimension % 8) == 0
  }

  /// The kernels' name of this type.
  var kernelElement: VKElement {
    switch self {
    case .f32: .F32
    case .f16: .F16
    case .i8: .I8
    case .u8: .U8
    case .bit: .bit
    }
  }
}
