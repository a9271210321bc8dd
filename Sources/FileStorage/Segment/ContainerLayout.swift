// The block container: every immutable file with sections (segments, deletion files, index files).
//
//   0        header page, 4096 bytes
//   4096     sections in the order of the table, each aligned to 64 or 4096 bytes, zeros between them
//   S        section table: n entries of 64 bytes; S is a multiple of 64
//   C        block table: one u32 CRC-32C for each block of [4096, S); zeros up to a multiple of 64
//   T        chunk table: one u32 CRC-32C for each 16,384 bytes of [C, T); zeros up to the footer page
//   end-4096 footer page; the file's length is a multiple of 4096
//
// Block k covers [4096 + size * k, min(4096 + size * (k + 1), S)). The size is 16,384, in index files 4,096.
//
// Header page (facts known at the start)     Footer page (facts known at the end)
//   0    64  prefix common to all files        0     8  "vdbFOOT" 01
//   64    n  fields of the file's kind         8     8  u64 length of the file
//   ..       zero                              16    8  u64 S
//   4088  4  u32 n                             24    4  u32 sections
//   4092  4  CRC-32C of bytes 0..<4092         28    4  u32 CRC-32C of [S, C)
//                                              32    8  u64 C
// Section entry, 64 bytes                      40    8  u64 blocks
//   0     4  four letters                      48    8  u64 T
//   4     4  u32 column, 0 = whole file        56    4  u32 CRC-32C of [T, footer page)
//   8     8  u64 offset                        60    4  u32 CRC-32C of the header page, as at its 4092
//   16    8  u64 length                        64    1  u8 log2 of the block size: 12 or 14
//   24    8  u64 elements                      65   63  zero (parity, later)
//   32    4  u32 bytes of an element, or 0     128   n  fields of the file's kind
//   36    1  u8 log2 of alignment: 6 or 12     ..       zero
//   37   27  zero                              4088  4  u32 n
//                                              4092  4  CRC-32C of bytes 0..<4092
//
// The manifest repeats the footer page's CRC. The footer covers the header page, the section table and the chunk
// table, the chunk table covers the block table, the block table covers the sections and the zeros between them:
// every byte has exactly one checksum that answers for it, and a stale file of the same name is known at open.

/// Numbers of the container layout shared by its writer and its reader.
enum ContainerLayout {
  /// Bytes of the header page and of the footer page.
  static let pageSize = 4096
  /// Offset of the first section.
  static let bodyOffset: UInt64 = 4096
  /// Bytes of the block table that one number of the chunk table covers.
  static let chunkSize = 16384
  /// Offset of the kind's fields in the header page.
  static let headerFieldsOffset = 64
  /// Offset of the kind's fields in the footer page.
  static let footerFieldsOffset = 128
  /// Offset, in both pages, of the number of bytes of the kind's fields.
  static let fieldsLengthOffset = 4088
  /// Offset, in both pages, of the page's checksum.
  static let checksumOffset = 4092
  /// Bytes of one entry of the section table.
  static let entrySize = 64
  /// The first eight bytes of a footer page.
  static let footerMagic: [UInt8] = [0x76, 0x64, 0x62, 0x46, 0x4F, 0x4F, 0x54, 0x01]

  /// The next multiple of `alignment`, a power of two, at or above `value`; nil past 2^64.
  static func alignUp(_ value: UInt64, _ alignment: UInt64) -> UInt64? {
    let (sum, overflow) = value.addingReportingOverflow(alignment - 1)
    return overflow ? nil : sum & ~(alignment - 1)
  }
}

extension [UInt8] {
  /// Writes `value` little-endian at `offset`, which must lie inside.
  mutating func store<Value: FixedWidthInteger>(_ value: Value, at offset: Int) {
    precondition(offset >= 0 && offset <= count - MemoryLayout<Value>.size)
    unsafe withUnsafeMutableBytes {
      unsafe $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
    }
  }

  /// Appends `value` little-endian.
  package mutating func appendLittleEndian<Value: FixedWidthInteger>(_ value: Value) {
    unsafe Swift.withUnsafeBytes(of: value.littleEndian) { unsafe append(contentsOf: $0) }
  }

  /// The little-endian number at `offset`; 0 when it does not lie inside.
  package func littleEndian<Value: FixedWidthInteger>(at offset: Int, as type: Value.Type) -> Value {
    unsafe withUnsafeBytes { unsafe $0.littleEndian(at: offset, as: type) }
  }
}

extension UnsafeRawBufferPointer {
  /// The little-endian number at `offset`; 0 when it does not lie inside.
  @inlinable
  package func littleEndian<Value: FixedWidthInteger>(at offset: Int, as type: Value.Type) -> Value {
    guard offset >= 0, offset <= count - MemoryLayout<Value>.size else { return 0 }
    return unsafe Value(littleEndian: loadUnaligned(fromByteOffset: offset, as: type))
  }

  /// Whether every byte is zero.
  package var isZero: Bool {
    var index = 0
    while index + 8 <= count {
      if unsafe loadUnaligned(fromByteOffset: index, as: UInt64.self) != 0 { return false }
      index += 8
    }
    while index < count {
      if unsafe self[index] != 0 { return false }
      index += 1
    }
    return true
  }
}
