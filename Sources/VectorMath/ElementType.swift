/// How one number of a stored vector is written; the raw value is the code in files.
package enum ElementType: UInt8, CaseIterable, Sendable {
  /// IEEE 754 binary32, little-endian.
  case f32 = 0
  /// IEEE 754 binary16, little-endian.
  case f16 = 1

  /// The name in options, output and messages.
  package var name: String {
    switch self {
    case .f32: "f32"
    case .f16: "f16"
    }
  }

  /// The element type of that name; nil when there is none.
  package init?(name: String) {
    guard let type = ElementType.allCases.first(where: { $0.name == name }) else { return nil }
    self = type
  }

  /// Bytes of one number.
  package var bytesPerElement: Int {
    switch self {
    case .f32: 4
    case .f16: 2
    }
  }
}

/// The dimensions that a vector may have.
package let supportedDimensions = 1...65_536
