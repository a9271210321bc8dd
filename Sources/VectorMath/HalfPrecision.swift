internal import CVectorKernels

/// Conversion between floats and IEEE 754 binary16, rounding to nearest, ties to even.
///
/// Infinities stay infinite, NaNs become quiet NaNs, floats of 65,520 or more in size become infinite. Pointers need no
/// alignment. Every processor gives the same bits.
package enum HalfPrecision {
  /// Writes `count` halves as 2 bytes each, little-endian.
  package static func convert(
    _ floats: UnsafePointer<Float>, count: Int, toHalves halves: UnsafeMutableRawPointer
  ) {
    unsafe vk_floats_to_halves(floats, halves, count)
  }

  /// Reads `count` halves of 2 bytes each, little-endian.
  package static func convert(
    _ halves: UnsafeRawPointer, count: Int, toFloats floats: UnsafeMutablePointer<Float>
  ) {
    unsafe vk_halves_to_floats(halves, floats, count)
  }

  /// Adds 2 bytes for each float.
  package static func append(_ floats: UnsafeBufferPointer<Float>, to bytes: inout [UInt8]) {
    guard let base = floats.baseAddress else { return }
    let start = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: 2 * floats.count))
    // Safe: room for the halves was just made behind `start`.
    unsafe bytes.withUnsafeMutableBytes { buffer in
      guard let target = buffer.baseAddress else { return }
      unsafe convert(base, count: floats.count, toHalves: target + start)
    }
  }
}

/// The bits of the halves nearest to some floats.
package func halfFromFloat(_ floats: [Float]) -> [UInt16] {
  unsafe [UInt16](unsafeUninitializedCapacity: floats.count) { buffer, count in
    unsafe floats.withUnsafeBufferPointer { source in
      guard let from = source.baseAddress, let to = buffer.baseAddress else { return }
      unsafe HalfPrecision.convert(from, count: source.count, toHalves: to)
      count = source.count
    }
  }
}

/// The floats that some halves stand for.
package func floatFromHalf(_ halves: [UInt16]) -> [Float] {
  unsafe [Float](unsafeUninitializedCapacity: halves.count) { buffer, count in
    unsafe halves.withUnsafeBufferPointer { source in
      guard let from = source.baseAddress, let to = buffer.baseAddress else { return }
      unsafe HalfPrecision.convert(UnsafeRawPointer(from), count: source.count, toFloats: to)
      count = source.count
    }
  }
}

extension ElementType {
  /// The index of the first float that this type cannot hold as a finite number, NaN and infinities included; nil if none.
  package func firstUnrepresentable(_ floats: UnsafeBufferPointer<Float>) -> Int? {
    // 65,520 is halfway from the largest half to the next power of two, and rounds away from it.
    let limit: Float =
      switch self {
      case .f32: .greatestFiniteMagnitude
      case .f16: Float(65_520).nextDown
      }
    guard let base = floats.baseAddress else { return nil }
    let index = unsafe vk_first_beyond(base, floats.count, limit)
    return index < floats.count ? index : nil
  }
}
