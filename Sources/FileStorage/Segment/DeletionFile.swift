// A deletion file: a container of kind DELT that says which rows of one segment are deleted. Immutable: a later
// deletion writes a new file with the next generation, which holds all deleted rows.
//
// Header fields (56 bytes)                     Footer fields (40 bytes)
//   0   8  u64 segment number                    0   8  u64 deleted rows
//   8   8  u64 generation                        8  32  content hash: sum of their hashes
//   16  8  u64 rows of the segment
//   24 32  SHA-256 of the segment file
//
// Section BITS, in the shorter of two forms:
//   element size 8  u64 words, row r is bit r % 64 of word r / 64; bits at and above the row count are zero
//   element size 4  u32 rows, rising

extension SectionName {
  static let deletedRows: SectionName = "BITS"
}

/// Writes and reads the deleted rows of a segment.
package enum DeletionFile {
  private static let headerSize = 56
  private static let footerSize = 40

  /// Writes and flushes a deletion file under a temporary name; the caller renames it.
  ///
  /// `words` is a bitset over the segment's rows, `contentHash` the sum of the deleted rows' hashes.
  package static func write(
    _ fileSystem: any FileSystem, temporaryName: String, _ segment: SegmentEntry, collection: UUID16,
    generation: UInt64, words: [UInt64], contentHash: Digest256
  ) throws(StorageError) -> DeletionEntry {
    let count = words.reduce(0) { $0 + $1.nonzeroBitCount }
    precondition(isBitset(words, rows: segment.rows))
    let writer = try ContainerWriter(
      fileSystem: fileSystem, temporaryName: temporaryName, kind: .deletion, collection: collection,
      features: FeatureBits(), headerFields: header(segment, generation))
    let asRows = 4 * count < 8 * words.count
    try writer.beginStreamed(.deletedRows, elementSize: asRows ? 4 : 8)
    var bytes: [UInt8] = []
    for (index, word) in words.enumerated() {
      if asRows {
        var rest = word
        while rest != 0 {
          bytes.appendLittleEndian(UInt32(truncatingIfNeeded: 64 * index + rest.trailingZeroBitCount))
          rest &= rest - 1
        }
      } else {
        bytes.appendLittleEndian(word)
      }
      if bytes.count >= 65536 {
        try writer.append(bytes)
        bytes.removeAll(keepingCapacity: true)
      }
    }
    try writer.append(bytes)
    writer.end()
    var footer: [UInt8] = []
    footer.appendLittleEndian(UInt64(count))
    footer += contentHash.bytes
    let file = try writer.finish(footerFields: footer)
    return DeletionEntry(
      generation: generation, bytes: file.bytes, sha256: file.sha256, footerCRC: file.footerCRC,
      count: UInt64(count), contentHash: contentHash)
  }

  /// Reads the deleted rows of a segment as a bitset of `rows` bits; every byte of the file is checked.
  ///
  /// `name` stands in for the file's own name while it is still in `tmp/`.
  package static func readWords(
    _ fileSystem: any FileSystem, _ segment: SegmentEntry, _ deletion: DeletionEntry, collection: UUID16,
    name: String? = nil
  ) throws(StorageError) -> [UInt64] {
    let file = try ContainerFile.open(
      fileSystem: fileSystem, name: name ?? FileNames.deletion(segment.number, deletion.generation),
      kind: .deletion, collection: collection, expectedBytes: deletion.bytes,
      expectedFooterCRC: deletion.footerCRC)
    func damage(_ section: String, _ expected: String, _ found: String) -> StorageError {
      .corruption(
        CorruptionError(path: file.name, section: section, offset: nil, expected: expected, found: found))
    }
    guard file.headerFields == header(segment, deletion.generation) else {
      throw damage(
        "header", "deleted rows of segment \(segment.number), generation \(deletion.generation)",
        "another origin")
    }
    let footer = file.footerFields
    guard footer.count == footerSize, footer.littleEndian(at: 0, as: UInt64.self) == deletion.count,
      [UInt8](footer[8...]) == deletion.contentHash.bytes
    else { throw damage("footer", "\(deletion.count) deleted rows", "other facts") }
    guard let entry = file.section(.deletedRows), let rows = Int(exactly: segment.rows) else {
      throw damage("BITS", "a section", "none")
    }
    var words = [UInt64](repeating: 0, count: (rows + 63) / 64)
    let bytes = try unsafe file.bytes(entry)
    switch entry.elementSize {
    case 8:
      guard bytes.count == 8 * words.count else {
        throw damage("BITS", "\(8 * words.count) bytes", "\(bytes.count) bytes")
      }
      for index in words.indices { words[index] = unsafe bytes.littleEndian(at: 8 * index, as: UInt64.self) }
      guard isBitset(words, rows: segment.rows) else {
        throw damage("BITS", "rows below \(rows)", "a row above")
      }
    case 4:
      var previous = -1
      guard bytes.count % 4 == 0 else {
        throw damage("BITS", "a multiple of 4 bytes", "\(bytes.count) bytes")
      }
      for index in 0..<bytes.count / 4 {
        let row = unsafe Int(bytes.littleEndian(at: 4 * index, as: UInt32.self))
        guard row > previous, row < rows else {
          throw damage("BITS", "a row above \(previous) and below \(rows)", "row \(row)")
        }
        words[row / 64] |= 1 << UInt64(row % 64)
        previous = row
      }
    default: throw damage("BITS", "elements of 4 or 8 bytes", "\(entry.elementSize)")
    }
    let count = words.reduce(0) { $0 + $1.nonzeroBitCount }
    guard UInt64(count) == deletion.count else {
      throw damage("BITS", "\(deletion.count) deleted rows", "\(count) deleted rows")
    }
    withExtendedLifetime(file) {}
    return words
  }

  private static func header(_ segment: SegmentEntry, _ generation: UInt64) -> [UInt8] {
    var fields: [UInt8] = []
    fields.reserveCapacity(headerSize)
    fields.appendLittleEndian(segment.number)
    fields.appendLittleEndian(generation)
    fields.appendLittleEndian(segment.rows)
    fields += segment.sha256.bytes
    return fields
  }

  private static func isBitset(_ words: [UInt64], rows: UInt64) -> Bool {
    guard UInt64(words.count) == (rows + 63) / 64 else { return false }
    guard rows % 64 != 0, let last = words.last else { return true }
    return last >> (rows % 64) == 0
  }
}
