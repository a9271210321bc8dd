/// The checked pages and tables of a container file, and the checks of single blocks against them.
struct ContainerTables: Sendable {
  /// Blocks whose checksums one number of the chunk table covers.
  static let blocksInChunk = ContainerLayout.chunkSize / 4

  let prefix: FilePrefix
  let headerFields: [UInt8]
  let footerFields: [UInt8]
  let footerCRC: UInt32
  let sections: [SectionEntry]
  let blockBits: Int
  let blockCount: Int
  let chunkCount: Int
  /// End of the sections and of the zeros behind the last one: S.
  let bodyEnd: Int
  let sectionTableOffset: UInt64
  private let blockTableOffset: Int
  private let chunkTableOffset: Int
  private let footerOffset: Int

  /// Reads and checks header page, footer page, section table and chunk table.
  init(
    _ file: UnsafeRawBufferPointer, name: String, kind: FileKind, collection: UUID16?,
    expectedFooterCRC: UInt32?
  ) throws(StorageError) {
    let pageSize = ContainerLayout.pageSize
    guard file.count >= 2 * pageSize, file.count % pageSize == 0 else {
      throw Self.damage(name, "file", 0, "a multiple of 4096 bytes, at least 8192", "\(file.count) bytes")
    }
    footerOffset = file.count - pageSize
    let header = unsafe UnsafeRawBufferPointer(rebasing: file[..<pageSize])
    let footer = unsafe UnsafeRawBufferPointer(rebasing: file[footerOffset...])
    let footerStart = UInt64(footerOffset)

    // A page that another format or another collection wrote is told from a damaged one by the prefix, which has
    // its own checksum; a single flipped bit is named first.
    let headerDamage = unsafe Self.pageDamage(header, 0, name, "header")
    if let headerDamage, headerDamage.flippedBit != nil { throw .corruption(headerDamage.corruption) }
    prefix = try FilePrefix.decode(
      bytes: unsafe [UInt8](header[..<ContainerLayout.headerFieldsOffset]), path: name, kind: kind,
      collection: collection, fileSize: UInt64(file.count))
    if let headerDamage { throw .corruption(headerDamage.corruption) }
    guard Int(prefix.headerLength) == pageSize else {
      throw Self.damage(name, "header", 56, "a header of 4096 bytes", "\(prefix.headerLength)")
    }
    headerFields = try unsafe Self.fields(header, from: ContainerLayout.headerFieldsOffset, 0, name, "header")

    if let damage = unsafe Self.pageDamage(footer, footerStart, name, "footer") {
      throw .corruption(damage.corruption)
    }
    footerCRC = unsafe footer.littleEndian(at: ContainerLayout.checksumOffset, as: UInt32.self)
    if let expectedFooterCRC, expectedFooterCRC != footerCRC {
      throw Self.damage(
        name, "footer", footerStart + UInt64(ContainerLayout.checksumOffset),
        "the file that the manifest names, footer CRC-32C \(hexadecimal(expectedFooterCRC))",
        "another file, footer CRC-32C \(hexadecimal(footerCRC))")
    }
    footerFields = try unsafe Self.fields(
      footer, from: ContainerLayout.footerFieldsOffset, footerStart, name, "footer")
    guard unsafe footer.prefix(8).elementsEqual(ContainerLayout.footerMagic),
      unsafe footer.littleEndian(at: 8, as: UInt64.self) == UInt64(file.count),
      unsafe UnsafeRawBufferPointer(rebasing: footer[65..<ContainerLayout.footerFieldsOffset]).isZero
    else { throw Self.damage(name, "footer", footerStart, "a footer of this file", "other values") }
    guard
      unsafe footer.littleEndian(at: 60, as: UInt32.self)
        == header.littleEndian(
          at: ContainerLayout.checksumOffset, as: UInt32.self)
    else {
      throw Self.damage(name, "header", 0, "the header that the footer was written for", "another header")
    }

    blockBits = unsafe Int(footer[64])
    guard blockBits == 12 || blockBits == 14 else {
      throw Self.damage(name, "footer", footerStart + 64, "block size 2^12 or 2^14", "2^\(blockBits)")
    }
    func number(_ offset: Int) -> Int? {
      unsafe Int(exactly: footer.littleEndian(at: offset, as: UInt64.self))
    }
    let count = unsafe Int(footer.littleEndian(at: 24, as: UInt32.self))
    guard let sectionTable = number(16), let blockTable = number(32), let blocks = number(40),
      let chunkTable = number(48),
      sectionTable >= pageSize, sectionTable % 64 == 0, sectionTable <= blockTable,
      blockTable - sectionTable == count * ContainerLayout.entrySize,
      blocks == (sectionTable - pageSize + (1 << blockBits) - 1) >> blockBits,
      blockTable <= chunkTable, chunkTable - blockTable == (4 * blocks + 63) & ~63, chunkTable <= footerOffset
    else { throw Self.damage(name, "footer", footerStart + 16, "tables that fit the file", "other places") }
    let chunks = (chunkTable - blockTable + ContainerLayout.chunkSize - 1) / ContainerLayout.chunkSize
    guard footerOffset - chunkTable >= 4 * chunks, footerOffset - chunkTable - 4 * chunks < pageSize else {
      throw Self.damage(name, "footer", footerStart + 48, "tables that fit the file", "other places")
    }
    blockCount = blocks
    chunkCount = chunks
    bodyEnd = sectionTable
    sectionTableOffset = UInt64(sectionTable)
    blockTableOffset = blockTable
    chunkTableOffset = chunkTable

    let table = unsafe UnsafeRawBufferPointer(rebasing: file[sectionTable..<blockTable])
    if let damage = unsafe ContainerDamage.checking(
      table, at: UInt64(sectionTable), against: footer.littleEndian(at: 28, as: UInt32.self), path: name,
      section: "section table")
    {
      throw .corruption(damage.corruption)
    }
    let chunkBytes = unsafe UnsafeRawBufferPointer(rebasing: file[chunkTable..<footerOffset])
    if let damage = unsafe ContainerDamage.checking(
      chunkBytes, at: UInt64(chunkTable), against: footer.littleEndian(at: 56, as: UInt32.self), path: name,
      section: "chunk table")
    {
      throw .corruption(damage.corruption)
    }
    guard unsafe UnsafeRawBufferPointer(rebasing: chunkBytes[(4 * chunks)...]).isZero else {
      throw Self.damage(name, "chunk table", UInt64(chunkTable + 4 * chunks), "zeros", "other bytes")
    }
    sections = try unsafe Self.entries(table, bodyEnd: UInt64(sectionTable), name: name)
  }

  // MARK: Blocks

  /// The block that holds a byte of the body.
  func block(of offset: Int) -> Int { (offset - ContainerLayout.pageSize) >> blockBits }

  /// The bytes of the file that block `block` covers.
  func range(ofBlock block: Int) -> Range<Int> {
    let start = ContainerLayout.pageSize + block << blockBits
    return start..<min(start + 1 << blockBits, bodyEnd)
  }

  /// The bytes of the file that chunk `chunk` of the block table covers.
  func range(ofChunk chunk: Int) -> Range<Int> {
    let start = blockTableOffset + chunk * ContainerLayout.chunkSize
    return start..<min(start + ContainerLayout.chunkSize, chunkTableOffset)
  }

  /// The stored checksum of a block.
  func checksum(ofBlock block: Int, _ file: UnsafeRawBufferPointer) -> UInt32 {
    unsafe file.littleEndian(at: blockTableOffset + 4 * block, as: UInt32.self)
  }

  /// Checks one chunk of the block table.
  func chunkDamage(_ chunk: Int, _ file: UnsafeRawBufferPointer, name: String) -> ContainerDamage? {
    let range = range(ofChunk: chunk)
    return unsafe ContainerDamage.checking(
      UnsafeRawBufferPointer(rebasing: file[range]), at: UInt64(range.lowerBound),
      against: file.littleEndian(at: chunkTableOffset + 4 * chunk, as: UInt32.self), path: name,
      section: "block table")
  }

  /// Checks one block against its stored checksum, or the one given.
  func blockDamage(_ block: Int, _ file: UnsafeRawBufferPointer, name: String, checksum: UInt32? = nil)
    -> ContainerDamage?
  {
    let range = range(ofBlock: block)
    let expected = unsafe checksum ?? self.checksum(ofBlock: block, file)
    let bytes = unsafe UnsafeRawBufferPointer(rebasing: file[range])
    if unsafe crc32c(bytes) == expected { return nil }
    let damage = unsafe ContainerDamage.checking(
      bytes, at: UInt64(range.lowerBound), against: expected, path: name, section: "", block: block)
    guard let damage else { return nil }
    let place = damage.flippedBit.map { $0.offset..<$0.offset + 1 } ?? damage.range
    return ContainerDamage(
      path: name, section: parts(of: place), block: block, range: damage.range, expected: damage.expected,
      found: damage.found, flippedBit: damage.flippedBit)
  }

  /// Names of the sections that share bytes with a range of the body, or "padding".
  func parts(of range: Range<UInt64>) -> String {
    var names: [String] = []
    var more = 0
    for entry in sections where entry.length > 0 && entry.offset < range.upperBound {
      guard entry.offset + entry.length > range.lowerBound else { continue }
      if names.count < 4 { names.append(entry.label) } else { more += 1 }
    }
    if names.isEmpty { return "padding" }
    return names.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
  }

  // MARK: Pages

  private static func pageDamage(
    _ page: UnsafeRawBufferPointer, _ offset: UInt64, _ name: String, _ section: String
  ) -> ContainerDamage? {
    unsafe ContainerDamage.checking(
      UnsafeRawBufferPointer(rebasing: page[..<ContainerLayout.checksumOffset]), at: offset,
      against: page.littleEndian(at: ContainerLayout.checksumOffset, as: UInt32.self), path: name,
      section: section,
      storedAt: offset + UInt64(ContainerLayout.checksumOffset))
  }

  /// The kind's fields of a page; everything behind them must be zero.
  private static func fields(
    _ page: UnsafeRawBufferPointer, from start: Int, _ offset: UInt64, _ name: String, _ section: String
  ) throws(StorageError) -> [UInt8] {
    let count = unsafe Int(page.littleEndian(at: ContainerLayout.fieldsLengthOffset, as: UInt32.self))
    guard count <= ContainerLayout.fieldsLengthOffset - start,
      unsafe UnsafeRawBufferPointer(rebasing: page[(start + count)..<ContainerLayout.fieldsLengthOffset])
        .isZero
    else {
      throw damage(name, section, offset + UInt64(start), "fields followed by zeros", "other bytes")
    }
    return unsafe [UInt8](page[start..<start + count])
  }

  /// The section table: entries in order, each right behind the one before but for its alignment.
  private static func entries(_ table: UnsafeRawBufferPointer, bodyEnd: UInt64, name: String)
    throws(StorageError) -> [SectionEntry]
  {
    var sections: [SectionEntry] = []
    sections.reserveCapacity(table.count / ContainerLayout.entrySize)
    var end = ContainerLayout.bodyOffset
    for start in stride(from: 0, to: table.count, by: ContainerLayout.entrySize) {
      let bytes = unsafe UnsafeRawBufferPointer(rebasing: table[start..<start + ContainerLayout.entrySize])
      let bits = unsafe bytes[36]
      let entry = unsafe SectionEntry(
        name: SectionName(rawValue: bytes.littleEndian(at: 0, as: UInt32.self)),
        column: bytes.littleEndian(at: 4, as: UInt32.self),
        offset: bytes.littleEndian(at: 8, as: UInt64.self),
        length: bytes.littleEndian(at: 16, as: UInt64.self),
        count: bytes.littleEndian(at: 24, as: UInt64.self),
        elementSize: bytes.littleEndian(at: 32, as: UInt32.self), alignment: bits == 12 ? 4096 : 64)
      guard bits == 12 || bits == 6, unsafe UnsafeRawBufferPointer(rebasing: bytes[37...]).isZero,
        entry.offset == ContainerLayout.alignUp(end, entry.alignment), entry.offset <= bodyEnd,
        entry.length <= bodyEnd - entry.offset
      else {
        throw damage(
          name, "section table", bodyEnd + UInt64(start), "a section right behind the one before",
          "\(entry.label) at \(entry.offset), \(entry.length) bytes")
      }
      end = entry.offset + entry.length
      sections.append(entry)
    }
    guard ContainerLayout.alignUp(end, 64) == bodyEnd else {
      throw damage(name, "section table", bodyEnd, "sections that end at \(bodyEnd)", "an end at \(end)")
    }
    return sections
  }

  private static func damage(
    _ name: String, _ section: String, _ offset: UInt64, _ expected: String, _ found: String
  ) -> StorageError {
    .corruption(
      CorruptionError(path: name, section: section, offset: offset, expected: expected, found: found))
  }
}
