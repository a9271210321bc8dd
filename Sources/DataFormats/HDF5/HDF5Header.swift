// An object header, version 1 (offsets and lengths have 8 bytes in files that are read here):
//
//   offset  size  meaning
//   0       1     version: 1
//   1       1     reserved
//   2       2     number of messages
//   4       4     reference count
//   8       4     bytes of messages in this block
//   12      4     reserved
//   16      ...   messages: u16 kind, u16 size, u8 flags, 3 reserved, then `size` bytes (a multiple of 8)
//
// Version 2:
//
//   0       4     "OHDR"
//   4       1     version: 2
//   5       1     flags: bits 0-1 the width of the size below, 2 creation order is kept, 4 phase change, 5 times
//   6       16    times, when flag 5
//   .       4     phase change, when flag 4
//   .       1-8   bytes of messages in this block
//   .       ...   messages: u8 kind, u16 size, u8 flags, u16 creation order when flag 2, then `size` bytes
//   .       4     checksum, not verified
//
// A message of kind 16 names another block of messages (u64 offset, u64 length); in version 2 such a block begins with
// "OCHK" and ends with a checksum.

/// One message of an object header.
struct HDF5Message {
  /// What the message tells of its object.
  enum Kind: UInt64 {
    case dataspace = 1
    case linkInfo = 2
    case datatype = 3
    case link = 6
    case layout = 8
    case filters = 11
    case attribute = 12
    case continuation = 16
    case symbolTable = 17
    case attributeInfo = 21
  }

  let kind: Kind
  let body: HDF5Cursor
}

/// The messages of one object.
struct HDF5Header {
  private(set) var messages: [HDF5Message] = []
  private var seen: Set<UInt64> = []

  /// Reads an object's header and the blocks that it goes on in.
  init(_ file: HDF5Bytes, at offset: UInt64) throws(FormatError) {
    let start = try file.part("object header", at: offset, count: min(16, file.size - min(offset, file.size)))
    if start.bytes.starts(with: Array("OHDR".utf8)) {
      try readVersion2(file, at: offset)
    } else {
      try readVersion1(file, at: offset, start)
    }
  }

  /// The first message of a kind.
  func first(_ kind: HDF5Message.Kind) -> HDF5Cursor? { messages.first { $0.kind == kind }?.body }

  private mutating func readVersion1(
    _ file: HDF5Bytes, at offset: UInt64, _ start: HDF5Cursor
  ) throws(FormatError) {
    var start = start
    let version = try start.byte()
    guard version == 1 else { throw start.damage("an object header of version 1 or 2", "version \(version)") }
    try start.skip(7)
    let size = try start.number(4)
    try readBlock(file, at: offset + 16, count: size, version: 1, flags: 0)
  }

  private mutating func readVersion2(_ file: HDF5Bytes, at offset: UInt64) throws(FormatError) {
    let available = min(64, file.size - offset)
    var start = try file.part("object header", at: offset, count: available)
    try start.expect("OHDR")
    let version = try start.byte()
    guard version == 2 else { throw start.damage("an object header of version 2", "version \(version)") }
    let flags = try start.byte()
    if flags & 0x20 != 0 { try start.skip(16) }
    if flags & 0x10 != 0 { try start.skip(4) }
    let size = try start.number(1 << Int(flags & 3))
    try readBlock(file, at: offset + UInt64(start.position), count: size, version: 2, flags: flags)
  }

  /// Reads a block of messages, and then those that it names.
  private mutating func readBlock(
    _ file: HDF5Bytes, at offset: UInt64, count: UInt64, version: Int, flags: UInt8
  ) throws(FormatError) {
    guard seen.insert(offset).inserted else {
      throw file.damage("object header", at: offset, "blocks that end", "a block that names itself")
    }
    var block = try file.part("object header", at: offset, count: count)
    let headLength = version == 1 ? 8 : flags & 4 != 0 ? 6 : 4
    var others: [(UInt64, UInt64)] = []
    while block.remaining >= headLength {
      let number = try block.number(version == 1 ? 2 : 1)
      let size = Int(try block.number(2))
      try block.skip(headLength - (version == 1 ? 4 : 3))
      var body = try block.part(size, "message \(number)")
      guard let kind = HDF5Message.Kind(rawValue: number) else { continue }
      if kind == .continuation {
        others.append((try body.number(8), try body.number(8)))
      } else {
        messages.append(HDF5Message(kind: kind, body: body))
      }
      guard messages.count <= 10_000 else { throw block.damage("at most 10,000 messages", "more") }
    }
    for (place, length) in others {
      guard version == 2 else {
        try readBlock(file, at: place, count: length, version: 1, flags: 0)
        continue
      }
      guard length >= 8 else {
        throw file.damage("object header", at: place, "a block of at least 8 bytes", "\(length)")
      }
      var mark = try file.part("object header", at: place, count: 4)
      try mark.expect("OCHK")
      try readBlock(file, at: place + 4, count: length - 8, version: 2, flags: flags)
    }
  }
}
