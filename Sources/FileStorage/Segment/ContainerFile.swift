internal import Synchronization

/// A container file open for reading.
///
/// Opening reads and checks the header page, the footer page, the section table and the chunk table; everything
/// else is checked on first touch, block by block, and remembered in a bitmap that all threads share. A byte is
/// never handed out before its block's checksum was found right. Pointers stay valid as long as this object lives.
@safe
package final class ContainerFile: Sendable {
  /// The file's name, relative to the collection's folder.
  package let name: String
  /// The common first 64 bytes.
  package let prefix: FilePrefix
  /// The kind's own fields of the header page.
  package let headerFields: [UInt8]
  /// The kind's own fields of the footer page.
  package let footerFields: [UInt8]
  /// CRC-32C of the footer page.
  package let footerCRC: UInt32
  /// All sections, in the order of the file.
  package let sections: [SectionEntry]

  let tables: ContainerTables
  let mapping: MappedBytes
  private let places: [UInt64: Int]
  private let checkedBlocks: AtomicBitmap
  private let checkedChunks: AtomicBitmap
  let blocksAtOnce = Atomic<Bool>(false)

  /// Opens a file and checks its pages and tables.
  ///
  /// `expectedBytes` and `expectedFooterCRC` are what the manifest notes; nil when nothing is known.
  package static func open(
    fileSystem: any FileSystem, name: String, kind: FileKind, collection: UUID16?, expectedBytes: UInt64?,
    expectedFooterCRC: UInt32?
  ) throws(StorageError) -> ContainerFile {
    let file: OpenFile
    let size: UInt64
    do throws(FileError) {
      file = try OpenFile(fileSystem, name, .reading)
      size = try file.size()
    } catch {
      throw .file(error)
    }
    let least = UInt64(2 * ContainerLayout.pageSize)
    guard size >= least, (expectedBytes ?? size) == size, size % UInt64(ContainerLayout.pageSize) == 0,
      let length = Int(exactly: size)
    else {
      throw .corruption(
        CorruptionError(
          path: name, section: "file", offset: min(size, expectedBytes ?? size),
          expected: expectedBytes.map { "\($0) bytes" } ?? "a multiple of 4096 bytes, at least \(least)",
          found: "\(size) bytes"))
    }
    let mapping: MappedBytes
    do throws(FileError) {
      mapping = try file.map(size: length)
    } catch {
      throw .file(error)
    }
    // Of the first page and of the tables at the end little is read; the tables take less than a thousandth of a file.
    let pageSize = ContainerLayout.pageSize
    mapping.advise(.scattered, 0..<pageSize)
    mapping.advise(.scattered, max(pageSize, length - length / 1000 - 16 * pageSize)..<length)
    return try ContainerFile(
      mapping, name: name, kind: kind, collection: collection, expectedFooterCRC: expectedFooterCRC)
  }

  /// Takes a file's bytes and checks its pages and tables; `name` is for messages.
  package init(
    _ mapping: MappedBytes, name: String, kind: FileKind, collection: UUID16?, expectedFooterCRC: UInt32?
  ) throws(StorageError) {
    let tables = try unsafe ContainerTables(
      mapping.bytes, name: name, kind: kind, collection: collection, expectedFooterCRC: expectedFooterCRC)
    self.name = name
    self.mapping = mapping
    self.tables = tables
    prefix = tables.prefix
    headerFields = tables.headerFields
    footerFields = tables.footerFields
    footerCRC = tables.footerCRC
    sections = tables.sections
    var places: [UInt64: Int] = [:]
    places.reserveCapacity(tables.sections.count)
    for (index, entry) in tables.sections.enumerated() {
      if places.updateValue(index, forKey: Self.key(entry.name, entry.column)) != nil {
        throw .corruption(
          CorruptionError(
            path: name, section: "section table", offset: tables.sectionTableOffset,
            expected: "each section once",
            found: "\(entry.label) twice"))
      }
    }
    self.places = places
    checkedBlocks = AtomicBitmap(count: tables.blockCount)
    checkedChunks = AtomicBitmap(count: tables.chunkCount)
  }

  /// Length of the file.
  package var byteCount: UInt64 { unsafe UInt64(mapping.bytes.count) }

  private static func key(_ name: SectionName, _ column: UInt32) -> UInt64 {
    UInt64(name.rawValue) << 32 | UInt64(column)
  }

  /// The entry of a section, nil when the file has none of that name and column.
  package func section(_ name: SectionName, column: UInt32 = 0) -> SectionEntry? {
    places[Self.key(name, column)].map { sections[$0] }
  }

  /// All bytes of a section, each of its blocks checked.
  package func bytes(_ section: SectionEntry) throws(StorageError) -> UnsafeRawBufferPointer {
    try unsafe bytes(section, 0..<Int(truncatingIfNeeded: section.length))
  }

  /// Part of a section, the blocks it touches checked.
  ///
  /// A range that does not lie inside the section is reported as damage: such numbers come from other files.
  package func bytes(_ section: SectionEntry, _ range: Range<Int>) throws(StorageError)
    -> UnsafeRawBufferPointer
  {
    let base = Int(truncatingIfNeeded: section.offset)
    let length = Int(truncatingIfNeeded: section.length)
    // The table's own entries lie inside the file; an entry of another file may not.
    guard range.lowerBound >= 0, range.upperBound <= length, base >= 0, base <= tables.bodyEnd - length else {
      throw .corruption(
        CorruptionError(
          path: name, section: section.label, offset: section.offset,
          expected: "at least \(range.upperBound) bytes",
          found: "\(length) bytes"))
    }
    let start = base + range.lowerBound
    let end = base + range.upperBound
    if start < end { try check(start, end) }
    return unsafe UnsafeRawBufferPointer(rebasing: mapping.bytes[start..<end])
  }

  /// The address of a section without any check: for hot loops whose blocks `check` has passed before.
  package func uncheckedBytes(_ section: SectionEntry) -> UnsafeRawBufferPointer {
    let base = Int(truncatingIfNeeded: section.offset)
    let length = Int(truncatingIfNeeded: section.length)
    guard base >= 0, length >= 0, base <= tables.bodyEnd - length else {
      return unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    }
    return unsafe UnsafeRawBufferPointer(rebasing: mapping.bytes[base..<base + length])
  }

  /// How many blocks have been touched and found right; for tests and statistics.
  package var checkedBlockCount: Int { checkedBlocks.setCount }

  // MARK: Checks

  @inline(__always)
  private func check(_ start: Int, _ end: Int) throws(StorageError) {
    let first = (start - ContainerLayout.pageSize) >> tables.blockBits
    let last = (end - 1 - ContainerLayout.pageSize) >> tables.blockBits
    if first == last {
      if checkedBlocks.contains(first) { return }
    } else if checkedBlocks.containsAll(first...last) {
      return
    }
    try checkBlocks(first, last)
  }

  @inline(never)
  private func checkBlocks(_ first: Int, _ last: Int) throws(StorageError) {
    if blocksAtOnce.load(ordering: .relaxed) {
      mapping.advise(
        .soon, tables.range(ofBlock: first).lowerBound..<tables.range(ofBlock: last).upperBound)
    }
    for block in first...last where !checkedBlocks.contains(block) {
      let chunk = block / ContainerTables.blocksInChunk
      if !checkedChunks.contains(chunk) {
        if let damage = unsafe tables.chunkDamage(chunk, mapping.bytes, name: name) {
          throw .corruption(damage.corruption)
        }
        checkedChunks.insert(chunk)
      }
      if let damage = unsafe tables.blockDamage(block, mapping.bytes, name: name) {
        throw .corruption(damage.corruption)
      }
      checkedBlocks.insert(block)
    }
  }
}
