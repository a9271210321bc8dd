// The messages that describe numbers:
//
//   dataspace (1)  version 1: u8 1, u8 rank, u8 flags, 5 reserved, rank × u64, further sizes when flag 0
//                  version 2: u8 2, u8 rank, u8 flags, u8 type (0 scalar, 1 simple, 2 null), rank × u64, ...
//   datatype (3)   u8 version << 4 | class, 3 bytes of bits, u32 size, properties of the class:
//                  class 0 integers: u16 bit offset, u16 precision; bit 0 big-endian, bit 3 signed
//                  class 1 floats:   u16 bit offset, u16 precision, u8 exponent at, u8 exponent bits, u8 mantissa at,
//                                    u8 mantissa bits, u32 bias; bit 0 big-endian
//                  class 3 text of fixed size; class 9 with low bits 1 text of any length
//   layout (8)     version 3 or 4: u8 version, u8 class (1 contiguous), u64 offset, u64 bytes

/// What a datatype message says, as far as it is read here.
enum HDF5Datatype: Equatable {
  case number(NPYElement)
  /// Text of so many bytes.
  case text(Int)
  /// Text in the global heap.
  case longText
  /// Anything else, in words.
  case other(String)

  /// Reads a datatype message.
  init(_ message: HDF5Cursor) throws(FormatError) {
    var message = message
    let first = try message.byte()
    let bits = try message.number(3)
    let size = try message.number(4)
    switch first & 15 {
    case 0:
      let offset = try message.number(2)
      let precision = try message.number(2)
      guard [1, 2, 4, 8].contains(size), offset == 0, precision == size * 8 else {
        self = .other("integers of \(precision) bits")
        return
      }
      self = .number(
        NPYElement(kind: bits & 8 != 0 ? .signed : .unsigned, size: Int(size), isBigEndian: bits & 1 != 0))
    case 1:
      let layout = try (0..<8).map { _ throws(FormatError) in try message.byte() }
      let bias = try message.number(4)
      // Bit offset and precision, then place and width of exponent and mantissa.
      let known: [UInt64: ([UInt8], UInt64)] = [
        2: ([0, 0, 16, 0, 10, 5, 0, 10], 15), 4: ([0, 0, 32, 0, 23, 8, 0, 23], 127),
        8: ([0, 0, 64, 0, 52, 11, 0, 52], 1023),
      ]
      guard let expected = known[size], expected == (layout, bias), bits & 0x40 == 0 else {
        self = .other("floating-point numbers of \(size) bytes that are not IEEE 754")
        return
      }
      self = .number(NPYElement(kind: .float, size: Int(size), isBigEndian: bits & 1 != 0))
    case 3: self = .text(Int(size))
    case 8: self = .other("an enumeration, such as truth values")
    case 9: self = bits & 15 == 1 ? .longText : .other("lists of different lengths")
    case let kind: self = .other("values of class \(kind)")
    }
  }
}

/// The sizes that a dataspace message says; none for a single value.
enum HDF5Dataspace {
  /// Reads a dataspace message.
  static func shape(_ message: HDF5Cursor) throws(FormatError) -> [UInt64] {
    var message = message
    let version = try message.byte()
    let rank = try message.byte()
    _ = try message.byte()
    switch version {
    case 1: try message.skip(5)
    case 2:
      let type = try message.byte()
      guard type != 2 else { return [0] }
    default: throw message.damage("a dataspace of version 1 or 2", "version \(version)")
    }
    guard rank <= 32 else { throw message.damage("at most 32 dimensions", "\(rank)") }
    return try (0..<rank).map { _ throws(FormatError) in try message.number(8) }
  }
}
