// The names in a group.
//
// Old groups (message 17: u64 tree, u64 heap) keep names in a heap and links in a tree of version 1:
//
//   "TREE", u8 0 (a group), u8 level, u16 entries, u64 left, u64 right, then key, child, key, ..., key: u64 each
//   children of level 0 are "SNOD", u8 1, u8 0, u16 symbols, then for each symbol 40 bytes:
//     u64 name (an offset into the heap), u64 object header, u32 cache type, u32 0, 16 bytes of scratch
//   "HEAP", u8 0, 3 reserved, u64 size, u64 free list, u64 data
//
// New groups hold link messages (6): u8 1, u8 flags, u8 type when flag 3, u64 order when flag 2, u8 character set
// when flag 4, name length of 1 << (flags & 3) bytes, the name, and for hard links (type 0) u64 object header.

/// The hard links of one group.
struct HDF5Group {
  /// Where the header of each object lies, by name.
  private(set) var objects: [String: UInt64] = [:]

  /// Reads the links that a group's header names.
  ///
  /// - Throws: `unsupported-format` for a group of so many links that they lie in a heap of their own.
  init(_ file: HDF5Bytes, _ header: HDF5Header) throws(FormatError) {
    if var table = header.first(.symbolTable) {
      let tree = try table.number(8)
      let heap = try table.number(8)
      try readSymbols(file, tree: tree, heap: heap)
    }
    for message in header.messages where message.kind == .link { try add(link: message.body) }
    if objects.isEmpty, var info = header.first(.linkInfo) {
      let version = try info.byte()
      let flags = try info.byte()
      if flags & 1 != 0 { try info.skip(8) }
      let heap = try info.number(8)
      guard version == 0, heap == .max else {
        throw file.unsupported("/", "a group with its links in a fractal heap")
      }
    }
  }

  private mutating func add(link: HDF5Cursor) throws(FormatError) {
    var link = link
    let version = try link.byte()
    guard version == 1 else { throw link.damage("a link message of version 1", "version \(version)") }
    let flags = try link.byte()
    let type = flags & 8 != 0 ? try link.byte() : 0
    if flags & 4 != 0 { try link.skip(8) }
    if flags & 16 != 0 { try link.skip(1) }
    let length = try link.number(1 << Int(flags & 3))
    guard length <= 65_536 else { throw link.damage("a name of at most 65,536 bytes", "\(length)") }
    let name = String(decoding: try link.take(Int(length)), as: UTF8.self)
    if type == 0 { objects[name] = try link.number(8) }
  }

  private mutating func readSymbols(_ file: HDF5Bytes, tree: UInt64, heap: UInt64) throws(FormatError) {
    var head = try file.part("local heap", at: heap, count: 32)
    try head.expect("HEAP")
    try head.skip(4)
    let size = try head.number(8)
    try head.skip(8)
    let names = try file.part("local heap", at: try head.number(8), count: size)
    // Depth first, by hand: the budget of `file` ends what would not end.
    var nodes = [tree]
    while let node = nodes.popLast() {
      var start = try file.part("tree of names", at: node, count: 24)
      try start.expect("TREE")
      let type = try start.byte()
      guard type == 0 else { throw start.damage("a tree of a group", "type \(type)") }
      let level = try start.byte()
      let count = try start.number(2)
      var body = try file.part("tree of names", at: node + 24, count: count * 16 + 8)
      for _ in 0..<count {
        try body.skip(8)
        let child = try body.number(8)
        if level > 0 { nodes.append(child) } else { try readLeaf(file, at: child, names: names) }
      }
    }
  }

  private mutating func readLeaf(_ file: HDF5Bytes, at offset: UInt64, names: HDF5Cursor) throws(FormatError)
  {
    var head = try file.part("symbol node", at: offset, count: 8)
    try head.expect("SNOD")
    try head.skip(2)
    let count = try head.number(2)
    var body = try file.part("symbol node", at: offset + 8, count: count * 40)
    for _ in 0..<count {
      let place = try body.number(8)
      let object = try body.number(8)
      try body.skip(24)
      guard place < UInt64(names.bytes.count), let end = names.bytes[Int(place)...].firstIndex(of: 0) else {
        throw body.damage("a name inside the heap", "offset \(place)")
      }
      objects[String(decoding: names.bytes[Int(place)..<end], as: UTF8.self)] = object
    }
  }
}
