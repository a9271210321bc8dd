/// How one number of a stored vector is written; the raw value is the code in files.
package enum ElementType: UInt8, CaseIterable, Sendable {
  /// IEEE 754 binary32, little-endian.
  case f32 = 0
  /// IEEE 754 binary16, little-endian.
  case f16 = 1
  /// A whole number from -128 to 127 in one byte, two's complement.
  case i8 = 3
  /// A whole number from 0 to 255 in one byte.
  case u8 = 4
  /// 0 or 1, eight to a byte: element *i* is bit *i* mod 8 of byte *i* / 8, and bits behind the last element are zero.
  case bit = 5

  /// The name in options, output and messages.
  package var name: String {
    switch self {
    case .f32: "f32"
    case .f16: "f16"
    case .i8: "i8"
    case .u8: "u8"
    case .bit: "bit"
    }
  }

  /// The element type of that name; nil when there is none.
  package init?(name: String) {
    guard let type = ElementType.allCases.first(where: { $0.name == name }) else { return nil }
    self = type
  }

  /// Bytes of a stored vector of `dimension` numbers, which is at least 1.
  package func storedBytes(dimension: Int) -> Int {
    switch self {
    case .f32: 4 * dimension
    case .f16: 2 * dimension
    case .i8, .u8: dimension
    case .bit: (dimension + 7) / 8
    }
  }

  /// The only numbers that the type holds; nil for the floating-point types.
  package var wholeNumbers: ClosedRange<Int>? {
    switch self {
    case .f32, .f16: nil
    case .i8: -128...127
    case .u8: 0...255
    case .bit: 0...1
    }
  }

  /// What a number of the type is, as a noun phrase for messages.
  package var numbers: String {
    switch self {
    case .f32, .f16: "a finite number"
    case .i8: "a whole number from -128 to 127"
    case .u8: "a whole number from 0 to 255"
    case .bit: "0 or 1"
    }
  }

  /// A number as messages show it: without a fraction where it has none.
  package static func text(_ number: Float) -> String {
    guard let whole = Int32(exactly: number) else { return number.description }
    return whole.description
  }

  /// The ways of measuring distance that a collection of this type can have, its usual one first.
  package var metrics: [Metric] {
    switch self {
    case .f32, .f16, .i8, .u8: [.cosine, .dot, .l2, .l1]
    case .bit: [.hamming]
    }
  }
}

/// The dimensions that a vector may have.
package let supportedDimensions = 1...65_536
