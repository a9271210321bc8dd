internal import CVectorKernels

/// Comparisons of a column's values, 64 at a time, that give one bit for each.
///
/// Bit i of the words belongs to value i. Each call writes one word for each 64 values begun, the bits beyond `count` zero.
/// The bits are the same with every instruction set. `words` must have room for them, and columns must be readable as far
/// as `count` says.
package enum ColumnMasks {
  /// How the codes of a column are written.
  package enum CodeWidth: Sendable {
    case one, two, four
  }

  /// Closed ranges of a column's values, ready for a kernel: two values each, the lower one first.
  package enum Bounds: Sendable {
    /// Of integers.
    case int64s([Int64])
    /// Of doubles that are numbers.
    case doubles([Double])
    /// Of codes of one byte.
    case codes8([UInt8])
    /// Of codes of two bytes.
    case codes16([UInt16])
    /// Of codes of four bytes.
    case codes32([UInt32])

    /// Closed ranges of codes, of which each bound fits the width.
    package init(codes ranges: [ClosedRange<UInt32>], _ width: CodeWidth) {
      switch width {
      case .one:
        self = .codes8(
          ranges.flatMap {
            [UInt8(truncatingIfNeeded: $0.lowerBound), UInt8(truncatingIfNeeded: $0.upperBound)]
          })
      case .two:
        self = .codes16(
          ranges.flatMap {
            [UInt16(truncatingIfNeeded: $0.lowerBound), UInt16(truncatingIfNeeded: $0.upperBound)]
          }
        )
      case .four: self = .codes32(ranges.flatMap { [$0.lowerBound, $0.upperBound] })
      }
    }
  }

  /// Which values lie in one of the ranges.
  ///
  /// `column` holds values of the type of the bounds.
  package static func inRanges(
    _ column: UnsafeRawPointer, count: Int, _ bounds: Bounds, into words: UnsafeMutablePointer<UInt64>
  ) {
    switch bounds {
    case .int64s(let bounds): unsafe run(.I64, column, count, bounds, words)
    case .doubles(let bounds): unsafe run(.F64, column, count, bounds, words)
    case .codes8(let bounds): unsafe run(.U8, column, count, bounds, words)
    case .codes16(let bounds): unsafe run(.U16, column, count, bounds, words)
    case .codes32(let bounds): unsafe run(.U32, column, count, bounds, words)
    }
  }

  private static func run<Number: BitwiseCopyable>(
    _ type: VKColumn, _ column: UnsafeRawPointer, _ count: Int, _ bounds: [Number],
    _ words: UnsafeMutablePointer<UInt64>
  ) {
    // Safe: the kernel reads `count` values and two bounds a range, and writes a word for each 64 values begun.
    unsafe bounds.withUnsafeBytes { raw in
      guard let base = raw.baseAddress else { return }
      unsafe vk_mask_ranges(type, column, count, base, bounds.count / 2, words)
    }
  }

  /// Which codes are in a set: bit c of the set is bit c % 32 of its number c / 32.
  ///
  /// Precondition: the set has a bit for each code of the column.
  package static func inSet(
    _ codes: UnsafeRawPointer, count: Int, _ width: CodeWidth, _ set: [UInt32],
    into words: UnsafeMutablePointer<UInt64>
  ) {
    // Safe: codes were checked to be below the number of bits when the column was opened.
    unsafe set.withUnsafeBufferPointer { set in
      guard let base = set.baseAddress else { return }
      switch width {
      case .one: unsafe vk_mask_set(.U8, codes, count, base, words)
      case .two: unsafe vk_mask_set(.U16, codes, count, base, words)
      case .four: unsafe vk_mask_set(.U32, codes, count, base, words)
      }
    }
  }
}
