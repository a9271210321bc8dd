package import VectorMath

/// Reads one vector that stands alone: as an argument or as the whole of a small file.
package enum VectorLiteral {
  /// Reads a JSON array of numbers, numbers separated by commas or spaces, or bytes: `b64:` and base64, `hex:` and hexadecimal.
  ///
  /// Bytes are little-endian f32, or the stored bytes of i8, u8 and bits where `elementType` is one of these; `dimension` says
  /// how many bits are meant. Each number is the float nearest to the decimal text. NaN and infinities are delivered as such. `source` is named in
  /// errors, whose codes are `vector-type`, `vector-number`, `vector-encoding`, `float-overflow`, `vector-empty`,
  /// `dims-limit` and `numpy-elided`.
  package static func parse(
    _ text: [UInt8], source: String, elementType: ElementType, dimension: Int?
  ) throws(FormatError) -> [Float] {
    // A number takes at least one byte and a separator, or a byte of at least one digit; a digit of base64 holds six bits.
    let capacity = min(text.count * 6 + 2, maximumDimension)
    var vector = [Float](repeating: 0, count: capacity)
    var notes = VectorText.Notes()
    let result: Result<Int, VectorText.Failure> = unsafe vector.withUnsafeMutableBufferPointer { numbers in
      guard let address = numbers.baseAddress else { return .success(0) }
      return unsafe text.withUnsafeBytes { bytes in
        do throws(VectorText.Failure) {
          return .success(
            unsafe try VectorText.parse(
              bytes, encoding: .auto, elementType: elementType, dimension: dimension, into: address,
              capacity: capacity, notes: &notes))
        } catch { return .failure(error) }
      }
    }
    switch result {
    case .success(let count):
      guard count > 0 else {
        throw FormatError(
          .vectorEmpty, file: source, expected: "a vector of at least one number", found: "none")
      }
      guard count <= capacity else {
        throw FormatError(
          .dimensionsLimit, file: source, expected: "at most \(maximumDimension) numbers in a vector",
          found: "\(count)")
      }
      vector.removeSubrange(count...)
      return vector
    case .failure(let failure):
      throw FormatError(
        failure.code, file: source, byteOffset: UInt64(failure.offset),
        column: failure.index.map { "vector[\($0)]" }, expected: failure.expected, found: failure.found,
        hint: failure.hint)
    }
  }

  private static let maximumDimension = 65_536
}
