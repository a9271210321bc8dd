import FileStorage
package import MetadataFilters
import VectorMath

/// Reads JSON records on several threads and delivers them in the order of the source.
///
/// The source is read in large pieces; each is cut into blocks of whole records, the blocks are parsed side by side, and
/// their rows are handed out one after another. Memory is a few blocks, whatever the size of the source.
@safe
package class JSONRecordReader: RecordReader {
  private let source: any ByteSource
  private let shape: RecordShape
  private let threads: Int
  private let blockBytes: Int
  private var framing: any RecordFraming
  /// Records still to deliver; nil for all.
  private var remaining: UInt64?

  /// Text of the source: `buffer[..<filled]`, of which `consumed` bytes were cut into blocks.
  private var buffer: UnsafeMutableRawBufferPointer
  private var filled = 0
  private var consumed = 0
  /// Where the buffer begins in the source.
  private var bufferOffset: UInt64 = 0
  private var isAtEnd = false
  private var isBegun = false

  /// Blocks of the present buffer; their storage is used again.
  private var blocks: [RecordBlock] = []
  private var framed: [FramedBlock] = []
  private var endFault: RecordBlock.Fault?
  /// The next block to deliver, and its next row.
  private var nextBlock = 0
  private var nextRow = 0
  /// Lines and records before the next block.
  private var lines: UInt64 = 0
  private var records: UInt64 = 0
  private var pending: FormatError?

  package private(set) var dimension: Int?
  package private(set) var bytesRead: UInt64 = 0
  package private(set) var skippedRows: UInt64 = 0
  package private(set) var warnings: [FormatWarning] = []

  /// - Throws: `options` for paths and combinations that make no sense.
  fileprivate init(
    _ source: any ByteSource, _ options: ReadOptions, threads: Int, _ framing: any RecordFraming
  ) throws(FormatError) {
    self.source = source
    shape = try RecordShape(options, file: source.name)
    self.threads = max(1, threads)
    blockBytes = max(1, options.blockBytes)
    self.framing = framing
    remaining = options.limit
    dimension = options.truncatedDimension ?? options.dimension
    let wanted = blockBytes.multipliedReportingOverflow(by: self.threads)
    let size = wanted.overflow ? 64 << 20 : min(max(wanted.partialValue, 64), 256 << 20)
    unsafe buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
  }

  deinit { unsafe buffer.deallocate() }

  package func next(_ batch: inout RecordBatch, maximumRows: Int) throws(FormatError) -> Bool {
    batch.removeAll()
    batch.idType = shape.idType
    batch.dimension = dimension ?? 0
    if let pending { throw pending }
    while batch.count < maximumRows, remaining != 0 {
      if nextBlock < framed.count {
        do throws(FormatError) { try deliver(&batch, maximumRows) } catch { return try fail(error, batch) }
      } else if let endFault {
        return try fail(error(endFault, block: nil), batch)
      } else if isAtEnd, consumed == filled {
        break
      } else {
        do throws(FormatError) { try refill() } catch { return try fail(error, batch) }
      }
    }
    return !batch.isEmpty
  }

  /// Keeps an error for this and all later calls; rows before it are delivered first.
  private func fail(_ error: FormatError, _ batch: RecordBatch) throws(FormatError) -> Bool {
    pending = error
    guard !batch.isEmpty else { throw error }
    return true
  }

  /// Moves rows of the next block to the batch; goes to the block behind when it is done.
  private func deliver(_ batch: inout RecordBatch, _ maximumRows: Int) throws(FormatError) {
    let block = blocks[nextBlock]
    let frame = framed[nextBlock]
    if nextRow == 0 {
      try checkDimension(block)
      if dimension == nil, block.rows.hasDimension { dimension = block.rows.batch.dimension }
    }
    if let dimension, batch.isEmpty { batch.dimension = dimension }
    let available = block.rows.batch.count - nextRow
    var count = min(available, maximumRows - batch.count)
    if let remaining { count = Int(min(UInt64(count), remaining)) }
    if count > 0 {
      let first = batch.count
      batch.append(rows: nextRow..<nextRow + count, of: block.rows.batch)
      for row in first..<first + count {
        batch.positions[row].line += lines + frame.linesBefore
        batch.positions[row].record += records + frame.recordsBefore
      }
      if shape.idSource == .row { numberRows(&batch, from: first) }
      nextRow += count
      if let left = remaining { remaining = left - UInt64(count) }
    }
    guard nextRow == block.rows.batch.count else { return }
    skippedRows += block.rows.skipped
    for var warning in block.rows.warnings {
      if let line = warning.line { warning.line = line + lines + frame.linesBefore }
      warnings.note(warning)
    }
    block.rows.skipped = 0
    block.rows.warnings.removeAll()
    if let fault = block.fault, remaining != 0 { throw error(fault, block: nextBlock) }
    lines += frame.linesBefore + (frame.lines ?? block.lineCount)
    records += frame.recordsBefore + block.recordCount
    nextBlock += 1
    nextRow = 0
  }

  /// Gives rows the number of their record, from 0, as identifier.
  private func numberRows(_ batch: inout RecordBatch, from first: Int) {
    let empty = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
    for row in first..<batch.count {
      let number = batch.positions[row].record - 1
      unsafe GeneratedID.append(
        .row, type: shape.idType, prefix: shape.idPrefix, row: number, vector: empty, metadata: empty,
        to: &batch.idBytes)
      batch.idOffsets[row + 1] = batch.idBytes.count
    }
  }

  /// Fails when a block, which took its own first vector for the measure, disagrees with the ones before.
  private func checkDimension(_ block: RecordBlock) throws(FormatError) {
    guard let dimension, block.rows.hasDimension, block.rows.batch.dimension != dimension,
      let position = block.rows.batch.positions.first
    else { return }
    let failure = RecordParser.mismatch(
      shape, expected: dimension, found: block.rows.batch.dimension, at: block.rows.dimensionOffset)
    var start = 0
    if let pieces = block.pieces {
      start = pieces[Int(position.record) - 1].range.lowerBound
    } else {
      let text = unsafe block.text
      for _ in 1..<position.line { start = unsafe TextSearch.newline(text, from: start) + 1 }
    }
    throw error(
      RecordBlock.Fault(failure: failure, start: start, line: position.line, record: position.record),
      block: nextBlock)
  }

  /// Places a fault in the source.
  private func error(_ fault: RecordBlock.Fault, block index: Int?) -> FormatError {
    let failure = fault.failure
    var line = lines + fault.line
    var record = fault.record > 0 ? records + fault.record : 0
    var offset = bufferOffset
    if let index {
      let frame = framed[index]
      line += frame.linesBefore
      record += frame.recordsBefore
      offset = blocks[index].base
      // A record of an array may have many lines.
      let text = unsafe blocks[index].text
      let place = min(text.count, max(fault.start, fault.start + failure.offset))
      line += unsafe TextSearch.countNewlines(text, from: fault.start, to: place)
    }
    offset += UInt64(max(0, fault.start)) + UInt64(max(0, failure.offset))
    return FormatError(
      failure.code, file: source.name, line: line, record: record > 0 ? record : nil, byteOffset: offset,
      column: failure.column, expected: failure.expected, found: failure.found, hint: failure.hint)
  }

  /// Reads on, cuts what was read into blocks and parses them.
  private func refill() throws(FormatError) {
    framed.removeAll(keepingCapacity: true)
    nextBlock = 0
    nextRow = 0
    keepRest()
    try read()
    let text = unsafe UnsafeRawBufferPointer(rebasing: buffer[consumed..<filled])
    let cut = unsafe framing.frame(text, blockBytes: max(1, blockBytes / 2), isEnd: isAtEnd)
    let start = consumed
    framed = cut.blocks
    while blocks.count < framed.count { blocks.append(RecordBlock(shape)) }
    for index in framed.indices {
      unsafe blocks[index].text = UnsafeRawBufferPointer(rebasing: text[framed[index].range])
      blocks[index].base = bufferOffset + UInt64(start + framed[index].range.lowerBound)
      blocks[index].pieces = framed[index].pieces
    }
    consumed += cut.consumed
    if var fault = cut.fault {
      fault.start += start
      endFault = fault
    }
    let active = blocks[..<framed.count]
    let known = dimension
    ParallelLoop.run(blocks: active.count, threads: threads) { index in active[index].parse(dimension: known)
    }
  }

  /// Moves the text that is not yet cut to the front of the buffer.
  private func keepRest() {
    guard consumed > 0 else { return }
    let rest = filled - consumed
    if rest > 0, let address = unsafe buffer.baseAddress {
      unsafe address.copyMemory(from: address + consumed, byteCount: rest)
    }
    bufferOffset += UInt64(consumed)
    filled = rest
    consumed = 0
  }

  /// Reads until the buffer is full or the source ends; a source of unknown size, such as a pipe, only what is there.
  private func read() throws(FormatError) {
    if unsafe filled == buffer.count { try grow() }
    let isStream = source.size == nil
    while unsafe filled < buffer.count, !isAtEnd {
      let count: Int
      do throws(FileError) {
        count = try unsafe source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
        if count == 0 {
          isAtEnd = true
          try source.checkUnchanged()
        }
      } catch {
        if isAtEnd {
          throw FormatError(
            .sourceChanged, file: source.name, expected: "a source that stays as it is",
            found: "one that changed while it was read", hint: "import it again when it is complete",
            cause: error)
        }
        throw FormatError(reading: source.name, error)
      }
      filled += count
      bytesRead += UInt64(count)
      if !isBegun, filled >= 3 || isAtEnd {
        isBegun = true
        if filled >= 3, unsafe buffer[0] == 0xEF, unsafe buffer[1] == 0xBB, unsafe buffer[2] == 0xBF {
          consumed = 3
        }
      }
      if isStream, isBegun, count > 0 { return }
    }
  }

  /// Makes room for a record that is longer than the buffer.
  private func grow() throws(FormatError) {
    guard filled - consumed <= shape.maximumRecordBytes else {
      throw FormatError(
        .lineTooLong, file: source.name, line: lines + 1, record: records + 1, byteOffset: bufferOffset,
        expected: "a record of at most \(shape.maximumRecordBytes) bytes", found: "a longer one",
        hint: "is each record on a line of its own?")
    }
    let larger = unsafe UnsafeMutableRawBufferPointer.allocate(byteCount: buffer.count * 2, alignment: 64)
    unsafe larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[..<filled]))
    unsafe buffer.deallocate()
    unsafe buffer = larger
  }
}

/// Reads a source in which every line that is not blank is a JSON record.
package final class JSONLinesReader: JSONRecordReader {
  /// Begins to read.
  ///
  /// - Throws: `options` for paths and combinations that make no sense.
  package init(_ source: any ByteSource, _ options: ReadOptions, threads: Int) throws(FormatError) {
    try super.init(source, options, threads: threads, LineFraming(skip: options.skip))
  }
}

/// Reads a source that is one JSON array of records, however long.
package final class JSONArrayReader: JSONRecordReader {
  /// Begins to read.
  ///
  /// - Throws: `options` for paths and combinations that make no sense.
  package init(_ source: any ByteSource, _ options: ReadOptions, threads: Int) throws(FormatError) {
    try super.init(source, options, threads: threads, ArrayFraming(skip: options.skip))
  }
}
