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
