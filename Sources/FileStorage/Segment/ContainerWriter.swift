/// What a finished container is: the facts that its manifest entry repeats.
package struct FinishedFile: Equatable, Sendable {
  /// Length in bytes.
  package let bytes: UInt64
  /// SHA-256 of the whole file.
  package let sha256: Digest256
  /// CRC-32C of the footer page.
  package let footerCRC: UInt32
}

/// Writes a container front to back, once, with its checksums and its SHA-256 taken on the way.
///
/// One section streams straight into the file; sections that grow beside it are spilled to a temporary file
/// and copied behind it by `finish`. Nothing is ever written twice or read back, so the file may be of any size
/// at a fixed cost of memory. `finish` flushes the file; renaming it into place is the caller's part. A writer that
/// is dropped unfinished removes its temporary files. Not for use by several threads at once.
@safe
package final class ContainerWriter {
  private let fileSystem: any FileSystem
  private let name: String
  private let file: OpenFile
  private let blockSize: Int
  private let blockBits: UInt8
  private let headerCRC: UInt32
  private let buffer: UnsafeMutableRawBufferPointer
  /// Bytes written at once, at a multiple of as many.
  ///
  /// File systems with large folios (ext4 from Linux 6.16 on, XFS) keep a piece that is written so in one piece of memory, and a
  /// reader who maps the file then maps it with one fault instead of one for every 64 KiB.
  private static let pieceSize = 2 << 20
  /// Bytes in `buffer`, which begins at file offset `position`.
  private var used = 0
  /// What of the present block has been written, and its CRC-32C.
  private var partOfBlock = (bytes: 0, checksum: UInt32(0))
  private var position: UInt64
  private var sha = SHA256()
  private var entries: [SectionEntry] = []
  private var open: SpillSection.Description?
  private var openOffset: UInt64 = 0
  private var spilled: [SpillSection] = []
  private let blockChecksums: SpillStream
  private var blockCount: UInt64 = 0
  private var finished = false

  /// The temporary file for parts that are written later; other builders of the same container may use it too.
  package let spill: SpillFile

  /// Makes the file `temporaryName` and writes its header page.
  ///
  /// `headerFields` are the kind's own fields behind the 64-byte prefix, at most 4,024 bytes; `blockSize` is 16384, in
  /// index files 4096; `spillName` names the temporary file, `temporaryName` with `.spill` when nil.
  package init(
    fileSystem: any FileSystem, temporaryName: String, kind: FileKind, collection: UUID16,
    features: FeatureBits,
    headerFields: [UInt8], blockSize: Int = 16384, spillName: String? = nil
  ) throws(StorageError) {
    precondition(blockSize == 16384 || blockSize == 4096)
    precondition(
      headerFields.count <= ContainerLayout.fieldsLengthOffset - ContainerLayout.headerFieldsOffset)
    self.fileSystem = fileSystem
    self.name = temporaryName
    self.blockSize = blockSize
    self.blockBits = blockSize == 16384 ? 14 : 12
    spill = SpillFile(fileSystem: fileSystem, name: spillName ?? temporaryName + ".spill")
    blockChecksums = spill.stream(bufferSize: ContainerLayout.chunkSize)

    var page = FilePrefix(
      kind: kind, features: features, collection: collection, headerLength: UInt32(ContainerLayout.pageSize)
    ).encode()
    page += headerFields
    page += [UInt8](repeating: 0, count: ContainerLayout.pageSize - page.count)
    page.store(UInt32(headerFields.count), at: ContainerLayout.fieldsLengthOffset)
    headerCRC = crc32c([UInt8](page[..<ContainerLayout.checksumOffset]))
    page.store(headerCRC, at: ContainerLayout.checksumOffset)
    do throws(FileError) {
      file = try OpenFile(fileSystem, temporaryName, .creating)
    } catch {
      throw .file(error)
    }
    unsafe buffer = .allocate(byteCount: Self.pieceSize, alignment: 64)
    position = 0
    try emit(page)
  }

  deinit {
    unsafe buffer.deallocate()
    if !finished {
      try? file.close()
      try? fileSystem.remove(name)
    }
  }

  /// Bytes of memory that the writer holds, without its callers' own streams.
  package var memory: Int {
    unsafe buffer.count + blockChecksums.memory + spilled.reduce(0) { $0 + $1.stream.memory }
  }

  // MARK: Sections

  /// Begins the section that `append` fills; the one before it must have ended.
  package func beginStreamed(
    _ name: SectionName, column: UInt32 = 0, elementSize: UInt32, alignment: UInt64 = 64
  ) throws(StorageError) {
    precondition(open == nil && !finished && (alignment == 64 || alignment == 4096))
    try align(to: alignment)
    open = SpillSection.Description(
      name: name, column: column, elementSize: elementSize, alignment: alignment)
    openOffset = position + UInt64(used)
  }

  /// Appends bytes to the open section.
  package func append(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
    precondition(open != nil)
    try unsafe put(bytes)
  }

  /// Appends bytes to the open section.
  package func append(_ bytes: [UInt8]) throws(StorageError) {
    precondition(open != nil)
    try unsafe bytes.withBytes { (raw) throws(StorageError) in try unsafe put(raw) }
  }

  /// Ends the open section.
  ///
  /// `count` defaults to its bytes by the element size.
  package func end(count: UInt64? = nil) {
    guard let section = open else { return }
    open = nil
    let length = position + UInt64(used) - openOffset
    entries.append(
      SectionEntry(
        name: section.name, column: section.column, offset: openOffset, length: length,
        count: count ?? (section.elementSize == 0 ? length : length / UInt64(section.elementSize)),
        elementSize: section.elementSize, alignment: section.alignment))
  }

  /// A section that may grow beside others; `finish` appends it, in the order of these calls.
  package func spilled(
    _ name: SectionName, column: UInt32 = 0, elementSize: UInt32, alignment: UInt64 = 64,
    bufferSize: Int = 65536
  ) -> SpillSection {
    precondition(alignment == 64 || alignment == 4096)
    let section = SpillSection(
      SpillSection.Description(name: name, column: column, elementSize: elementSize, alignment: alignment),
      spill.stream(bufferSize: bufferSize))
    spilled.append(section)
    return section
  }

  /// Adds a whole section: at once when no section is open, otherwise behind it.
  package func add(
    _ name: SectionName, column: UInt32 = 0, elementSize: UInt32, alignment: UInt64 = 64,
    count: UInt64? = nil,
    _ bytes: [UInt8]
  ) throws(StorageError) {
    if open == nil {
      try beginStreamed(name, column: column, elementSize: elementSize, alignment: alignment)
      try append(bytes)
      end(count: count)
    } else {
      let section = spilled(name, column: column, elementSize: elementSize, alignment: alignment)
      section.count = count
      try section.append(bytes)
    }
  }

  /// Adds a whole section from a stream; no section may be open.
  package func add(
    _ name: SectionName, column: UInt32 = 0, elementSize: UInt32, alignment: UInt64 = 64,
    count: UInt64? = nil,
    _ stream: SpillStream
  ) throws(StorageError) {
    try beginStreamed(name, column: column, elementSize: elementSize, alignment: alignment)
    try unsafe stream.forEachPiece { (piece) throws(StorageError) in try unsafe put(piece) }
    end(count: count)
  }

  /// The entry of a section that has ended, by name.
  package func written(_ name: SectionName, column: UInt32 = 0) -> SectionEntry? {
    entries.last { $0.name == name && $0.column == column }
  }

  /// Reads back part of a section that has ended, for the rare look at what was written before.
  package func readBack(_ section: SectionEntry, _ range: Range<Int>) throws(StorageError) -> [UInt8] {
    precondition(range.lowerBound >= 0 && range.upperBound <= Int(truncatingIfNeeded: section.length))
    var result: [UInt8] = []
    let start = section.offset + UInt64(range.lowerBound)
    let end = section.offset + UInt64(range.upperBound)
    if start < position {
      do throws(FileError) {
        result = try file.readBytes(at: start, count: Int(min(end, position) - start))
      } catch {
        throw .file(error)
      }
      guard result.count == Int(min(end, position) - start) else { throw .file(FileError(.read, name, 5)) }
    }
    if end > position {
      let first = Int(max(start, position) - position)
      unsafe result.append(contentsOf: buffer[first..<Int(end - position)])
    }
    return result
  }

  // MARK: End

  /// Appends the spilled sections, the tables and the footer page, and flushes the file.
  ///
  /// `footerFields` are the kind's own fields of the footer page, at most 3,960 bytes.
  package func finish(footerFields: [UInt8]) throws(StorageError) -> FinishedFile {
    precondition(open == nil && !finished)
    precondition(
      footerFields.count <= ContainerLayout.fieldsLengthOffset - ContainerLayout.footerFieldsOffset)
    for section in spilled {
      let description = section.description
      try add(
        description.name, column: description.column, elementSize: description.elementSize,
        alignment: description.alignment, count: section.count, section.stream)
    }
    try align(to: 64)
    try flush()
    try endBlock()

    let tableOffset = position
    var table: [UInt8] = []
    table.reserveCapacity(entries.count * ContainerLayout.entrySize)
    for entry in entries { entry.encode(into: &table) }
    try emit(table)

    let blockTableOffset = position
    let chunks = try emitBlockTable()
    let chunkTableOffset = position
    var last = chunks
    let footerOffset =
      ContainerLayout.alignUp(position + UInt64(chunks.count), UInt64(ContainerLayout.pageSize)) ?? position
    last += [UInt8](repeating: 0, count: Int(footerOffset - position) - last.count)
    try emit(last)

    var page = ContainerLayout.footerMagic
    page += [UInt8](repeating: 0, count: ContainerLayout.footerFieldsOffset - page.count)
    page.store(footerOffset + UInt64(ContainerLayout.pageSize), at: 8)
    page.store(tableOffset, at: 16)
    page.store(UInt32(truncatingIfNeeded: entries.count), at: 24)
    page.store(crc32c(table), at: 28)
    page.store(blockTableOffset, at: 32)
    page.store(blockCount, at: 40)
    page.store(chunkTableOffset, at: 48)
    page.store(crc32c(last), at: 56)
    page.store(headerCRC, at: 60)
    page.store(blockBits, at: 64)
    page += footerFields
    page += [UInt8](repeating: 0, count: ContainerLayout.pageSize - page.count)
    page.store(UInt32(footerFields.count), at: ContainerLayout.fieldsLengthOffset)
    let footerCRC = crc32c([UInt8](page[..<ContainerLayout.checksumOffset]))
    page.store(footerCRC, at: ContainerLayout.checksumOffset)
    try emit(page)
    do throws(FileError) {
      try file.sync()
      finished = true
      try file.close()
    } catch {
      throw .file(error)
    }
    spill.remove()
    return FinishedFile(bytes: position, sha256: sha.finalize(), footerCRC: footerCRC)
  }

  /// Writes the block table, padded to 64 bytes, and returns the chunk table.
  private func emitBlockTable() throws(StorageError) -> [UInt8] {
    var chunks: [UInt8] = []
    var chunk: [UInt8] = []
    chunk.reserveCapacity(ContainerLayout.chunkSize)
    try unsafe blockChecksums.forEachPiece { (piece) throws(StorageError) in
      // The stream's buffer is one chunk and its values divide it: a piece is a whole chunk, or the last part.
      chunk.removeAll(keepingCapacity: true)
      unsafe chunk.append(contentsOf: piece)
      chunk += [UInt8](repeating: 0, count: (64 - chunk.count % 64) % 64)
      chunks.appendLittleEndian(crc32c(chunk))
      try emit(chunk)
    }
    return chunks
  }

  // MARK: Bytes

  private func align(to alignment: UInt64) throws(StorageError) {
    let end = position + UInt64(used)
    let padding = Int(truncatingIfNeeded: (0 &- end) & (alignment - 1))
    guard padding > 0 else { return }
    try unsafe [UInt8](repeating: 0, count: padding).withBytes { (raw) throws(StorageError) in
      try unsafe put(raw)
    }
  }

  /// Bytes that are missing to the end of the present piece of the file.
  private var pieceRoom: Int {
    Self.pieceSize - (Int(truncatingIfNeeded: position) & (Self.pieceSize - 1)) - used
  }

  private func put(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
    var start = 0
    while start < bytes.count {
      let room = pieceRoom
      let length = min(room, bytes.count - start)
      let target = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[used..<used + length])
      unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + length]))
      used += length
      start += length
      if length == room { try flush() }
    }
  }

  /// Writes out the buffer and takes the checksums of its blocks, the last of which may go on.
  private func flush() throws(StorageError) {
    guard used > 0 else { return }
    let bytes = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<used])
    var start = 0
    while start < used {
      let end = min(start + blockSize - partOfBlock.bytes, used)
      partOfBlock.checksum = unsafe crc32c(
        UnsafeRawBufferPointer(rebasing: bytes[start..<end]), seed: partOfBlock.checksum)
      partOfBlock.bytes += end - start
      if partOfBlock.bytes == blockSize { try endBlock() }
      start = end
    }
    used = 0
    try unsafe emit(bytes)
  }

  private func endBlock() throws(StorageError) {
    guard partOfBlock.bytes > 0 else { return }
    try blockChecksums.append(partOfBlock.checksum)
    blockCount += 1
    partOfBlock = (0, 0)
  }

  private func emit(_ bytes: [UInt8]) throws(StorageError) {
    try unsafe bytes.withBytes { (raw) throws(StorageError) in try unsafe emit(raw) }
  }

  private func emit(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
    guard bytes.count > 0 else { return }
    unsafe sha.update(bytes)
    do throws(FileError) {
      try unsafe file.writeFully(bytes, at: position)
    } catch {
      throw .file(error)
    }
    position += UInt64(bytes.count)
  }
}

/// A section that grows beside the one that is streamed; its bytes wait in the writer's temporary file.
package final class SpillSection {
  struct Description {
    let name: SectionName
    let column: UInt32
    let elementSize: UInt32
    let alignment: UInt64
  }

  let description: Description
  /// The bytes so far.
  package let stream: SpillStream
  /// Elements to note in the section table; nil for bytes by the element size.
  package var count: UInt64?

  init(_ description: Description, _ stream: SpillStream) {
    self.description = description
    self.stream = stream
  }

  /// Appends bytes.
  package func append(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
    try unsafe stream.append(bytes)
  }
  /// Appends bytes.
  package func append(_ bytes: [UInt8]) throws(StorageError) { try stream.append(bytes) }
}

extension SectionEntry {
  /// Appends the 64 bytes of the section table.
  func encode(into table: inout [UInt8]) {
    table.appendLittleEndian(name.rawValue)
    table.appendLittleEndian(column)
    table.appendLittleEndian(offset)
    table.appendLittleEndian(length)
    table.appendLittleEndian(count)
    table.appendLittleEndian(elementSize)
    table.append(alignment == 4096 ? 12 : 6)
    table += [UInt8](repeating: 0, count: 27)
  }
}
