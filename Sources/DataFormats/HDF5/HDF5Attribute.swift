// An attribute message (12):
//
//   version 1: u8 1, u8 0, u16 name, u16 datatype, u16 dataspace (sizes), then the three, each padded to 8 bytes, and the data
//   version 2: u8 2, u8 flags, the same sizes, nothing padded
//   version 3: as 2, with u8 character set of the name behind the sizes
//
// Text of any length stands in a global heap: u32 length, u64 heap, u32 index. The heap is "GCOL", u8 1, 3 reserved, u64
// size, then objects: u16 index, u16 references, u32 reserved, u64 size, data padded to 8 bytes; index 0 is free space.

/// A text that is attached to an object.
struct HDF5Attribute {
  let name: String
  /// Nil where the attribute is no text.
  let text: String?

  /// Reads an attribute message.
  init(_ file: HDF5Bytes, _ message: HDF5Cursor) throws(FormatError) {
    var message = message
    let version = try message.byte()
    guard (1...3).contains(version) else {
      throw message.damage("an attribute of version 1 to 3", "version \(version)")
    }
    try message.skip(1)
    let sizes = try (0..<3).map { _ throws(FormatError) in Int(try message.number(2)) }
    if version == 3 { try message.skip(1) }
    func padded(_ size: Int) -> Int { version == 1 ? (size + 7) / 8 * 8 : size }
    name = String(decoding: try message.take(padded(sizes[0])).prefix { $0 != 0 }, as: UTF8.self)
    let type = try HDF5Datatype(try message.part(padded(sizes[1]), "datatype"))
    let shape = try HDF5Dataspace.shape(try message.part(padded(sizes[2]), "dataspace"))
    guard shape.allSatisfy({ $0 == 1 }) else {
      text = nil
      return
    }
    switch type {
    case .text(let size):
      text = String(decoding: try message.take(size).prefix { $0 != 0 }, as: UTF8.self)
    case .longText:
      let length = try message.number(4)
      let heap = try message.number(8)
      let index = try message.number(4)
      text = try HDF5Attribute.heapText(file, at: heap, index: index, length: length)
    case .number, .other: text = nil
    }
  }

  private static func heapText(
    _ file: HDF5Bytes, at heap: UInt64, index: UInt64, length: UInt64
  ) throws(FormatError) -> String {
    if length == 0 { return "" }
    var head = try file.part("global heap", at: heap, count: 16)
    try head.expect("GCOL")
    try head.skip(4)
    let size = try head.number(8)
    guard size >= 16 else { throw head.damage("a heap of at least 16 bytes", "\(size)") }
    var body = try file.part("global heap", at: heap + 16, count: size - 16)
    while body.remaining >= 16 {
      let number = try body.number(2)
      try body.skip(6)
      let bytes = try body.number(8)
      if number == 0 { break }
      guard bytes <= UInt64(body.remaining) else {
        throw body.damage("an object inside the heap", "\(bytes) bytes")
      }
      if number == index {
        guard length <= bytes else { throw body.damage("a text of \(length) bytes", "\(bytes)") }
        return String(decoding: try body.take(Int(length)), as: UTF8.self)
      }
      try body.skip(min(body.remaining, (Int(bytes) + 7) / 8 * 8))
    }
    throw body.damage("object \(index) of the heap", "none")
  }
}
