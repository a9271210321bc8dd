import FileStorage

// PAYL: blocks one after another, each at most 32 KiB, or a single larger row. A block of n rows is
//   0    4n  u32 end of each row's bytes, counted from the byte behind this list
//   4n   ..  canonical JSON of the rows; a row without metadata has no bytes
//
// PAYO: one entry of 24 bytes for each block
//   0    8   u64 offset of the block in PAYL
//   8    4   u32 bytes of the block
//   12   4   u32 bytes as stored, the same in format 1
//   16   4   u32 first row; rows run up to the next entry's first row
//   20   4   zero

/// Numbers of the payload blocks.
enum PayloadBlocks {
  /// Bytes that a block may have unless it is a single row.
  static let sizeLimit = 32768
  /// Bytes of a directory entry.
  static let entrySize = 24
}

/// Collects rows' metadata into blocks; holds one block in memory.
struct PayloadWriter {
  private let blocks: SpillStream
  private let directory: SpillStream
  private var ends: [UInt8] = []
  private var data: [UInt8] = []
  private var firstRow: UInt32 = 0
  private var rows: UInt32 = 0
  private var hasMetadata = false

  init(spill: SpillFile) {
    blocks = spill.stream(bufferSize: 1 << 18)
    directory = spill.stream(bufferSize: 24 * 1024)
    ends.reserveCapacity(PayloadBlocks.sizeLimit)
    data.reserveCapacity(PayloadBlocks.sizeLimit)
  }

  var memory: Int { blocks.memory + directory.memory + ends.capacity + data.capacity }

  mutating func append(_ metadata: UnsafeRawBufferPointer) throws(StorageError) {
    if !ends.isEmpty, ends.count + 4 + data.count + metadata.count > PayloadBlocks.sizeLimit { try flush() }
    guard UInt32(exactly: metadata.count) != nil else {
      throw .file(FileError(.write, "metadata of a row", 27))
    }
    unsafe data.append(contentsOf: metadata)
    ends.appendLittleEndian(UInt32(truncatingIfNeeded: data.count))
    if metadata.count > 0 { hasMetadata = true }
    rows &+= 1
  }

  private mutating func flush() throws(StorageError) {
    guard !ends.isEmpty else { return }
    let length = UInt32(truncatingIfNeeded: ends.count + data.count)
    try directory.append(blocks.byteCount)
    try directory.append(length)
    try directory.append(length)
    try directory.append(firstRow)
    try directory.append(UInt32(0))
    try blocks.append(ends)
    try blocks.append(data)
    ends.removeAll(keepingCapacity: true)
    data.removeAll(keepingCapacity: true)
    firstRow = rows
  }

  /// Adds both sections, unless no row had metadata.
  mutating func write(to writer: ContainerWriter) throws(StorageError) {
    guard hasMetadata else { return }
    try flush()
    try writer.add(.payloadDirectory, elementSize: UInt32(PayloadBlocks.entrySize), directory)
    try writer.add(.payload, elementSize: 0, count: UInt64(rows), blocks)
  }
}

/// Finds rows' metadata in the blocks.
struct PayloadReader {
  private let directory: SectionEntry
  private let blocks: SectionEntry
  let blockCount: Int
  let rows: Int

  /// Nil when the sections do not fit each other.
  init?(directory: SectionEntry, blocks: SectionEntry, rows: Int) {
    guard directory.elementSize == UInt32(PayloadBlocks.entrySize),
      directory.length % UInt64(PayloadBlocks.entrySize) == 0,
      directory.count == directory.length / UInt64(PayloadBlocks.entrySize),
      (directory.count == 0) == (rows == 0)
    else { return nil }
    self.directory = directory
    self.blocks = blocks
    self.rows = rows
    blockCount = Int(directory.count)
  }

  private func entry(_ block: Int, _ file: ContainerFile) throws(StorageError) -> UnsafeRawBufferPointer {
    let start = PayloadBlocks.entrySize * block
    return try unsafe file.bytes(directory, start..<start + PayloadBlocks.entrySize)
  }

  /// Where a block lies in `PAYL`, and its first row.
  func place(_ block: Int, _ file: ContainerFile) throws(StorageError)
    -> (start: Int, length: Int, firstRow: Int)
  {
    let entry = try unsafe entry(block, file)
    // A hostile number only leads to other rows in a message.
    let start = unsafe Int(truncatingIfNeeded: entry.littleEndian(at: 0, as: UInt64.self) & 0xFFFF_FFFF_FFFF)
    return unsafe (
      start, Int(entry.littleEndian(at: 8, as: UInt32.self)), Int(entry.littleEndian(at: 16, as: UInt32.self))
    )
  }

  private func firstRow(_ block: Int, _ file: ContainerFile) throws(StorageError) -> Int {
    try unsafe Int(entry(block, file).littleEndian(at: 16, as: UInt32.self))
  }

  /// The canonical JSON of a row, which must be below the row count; empty for a row without metadata.
  func metadata(_ row: Int, _ file: ContainerFile) throws(StorageError) -> UnsafeRawBufferPointer {
    // The last block whose first row is at or before `row`.
    var low = 0
    var high = blockCount
    while high - low > 1 {
      let middle = (low + high) / 2
      if try firstRow(middle, file) <= row { low = middle } else { high = middle }
    }
    let entry = try unsafe entry(low, file)
    let first = unsafe Int(entry.littleEndian(at: 16, as: UInt32.self))
    let end = high < blockCount ? try firstRow(high, file) : rows
    let length = unsafe Int(entry.littleEndian(at: 8, as: UInt32.self))
    let stored = unsafe Int(entry.littleEndian(at: 12, as: UInt32.self))
    let listLength = 4 * (end - first)
    guard let offset = unsafe Int(exactly: entry.littleEndian(at: 0, as: UInt64.self)), first <= row,
      row < end,
      length == stored, listLength <= length, offset <= Int(blocks.length),
      length <= Int(blocks.length) - offset
    else { throw damage(file, directory, PayloadBlocks.entrySize * low) }

    let index = row - first
    let ends = try unsafe file.bytes(
      blocks, offset + 4 * max(0, index - 1)..<offset + 4 * index + 4)
    let begin = unsafe index == 0 ? 0 : Int(ends.littleEndian(at: 0, as: UInt32.self))
    let finish = unsafe Int(ends.littleEndian(at: ends.count - 4, as: UInt32.self))
    guard begin <= finish, finish <= length - listLength else {
      throw damage(file, blocks, offset + 4 * index)
    }
    return try unsafe file.bytes(blocks, offset + listLength + begin..<offset + listLength + finish)
  }

  private func damage(_ file: ContainerFile, _ section: SectionEntry, _ offset: Int) -> StorageError {
    .corruption(
      CorruptionError(
        path: file.name, section: section.label, offset: section.offset + UInt64(offset),
        expected: "a payload block inside its section", found: "other numbers"))
  }
}
