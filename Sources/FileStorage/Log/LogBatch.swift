/// The changes of one transaction, laid out as they will stand in the log.
///
/// Flat and reused: adding a row copies its bytes once and allocates nothing beyond the array's growth. Not for use from several
/// threads.
package final class LogBatch {
  /// Room in front for the BEGIN, whose length is known only at the commit.
  static let headroom =
    LogFormat.recordHeaderLength + LogFormat.beginPayload + LogFormat.padded(LogFormat.maximumCommandLength)

  /// The records; `operations` point into it.
  package private(set) var bytes: [UInt8]
  /// The changes in order.
  package private(set) var operations: [LogOperation] = []
  /// Set when a row is longer than a record may be; such a batch cannot be committed.
  package private(set) var isTooLarge = false
  private var operationsEnd = LogBatch.headroom

  /// An empty batch with room for `capacity` bytes.
  package init(capacity: Int = 0) {
    bytes = []
    bytes.reserveCapacity(LogBatch.headroom + max(0, capacity) + LogFormat.commitLength)
    bytes.append(contentsOf: repeatElement(0, count: LogBatch.headroom))
  }

  /// Whether no change was added.
  package var isEmpty: Bool { operations.isEmpty && !isTooLarge }

  /// Changes added.
  package var count: Int { operations.count }

  /// Empties the batch and keeps its memory.
  package func removeAll() {
    bytes.removeSubrange(LogBatch.headroom...)
    operations.removeAll(keepingCapacity: true)
    operationsEnd = LogBatch.headroom
    isTooLarge = false
  }

  /// Adds a row, new or replaced as a whole.
  ///
  /// - Parameters:
  ///   - id: The id as stored.
  ///   - created: When the row was first put, nanoseconds since 1970.
  ///   - vector: The vector in the collection's element type.
  ///   - metadata: Canonical JSON; empty for `{}`.
  package func appendPut(
    id: UnsafeRawBufferPointer, created: Int64, vector: UnsafeRawBufferPointer,
    metadata: UnsafeRawBufferPointer
  ) {
    let limit = LogFormat.maximumPayload
    let variable = id.count + vector.count + metadata.count
    guard variable <= limit - LogFormat.putPayload else {
      isTooLarge = true
      return
    }
    dropCommit()
    let start = bytes.count
    let payload = LogFormat.putPayload + variable
    let fixed: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (
      (UInt64(payload) << 32).littleEndian, 0, UInt64(LogRecordType.put.rawValue).littleEndian,
      (UInt64(id.count) | UInt64(metadata.count) << 32).littleEndian, UInt64(vector.count).littleEndian,
      UInt64(bitPattern: created).littleEndian
    )
    unsafe withUnsafeBytes(of: fixed) { unsafe bytes.append(contentsOf: $0) }
    unsafe bytes.append(contentsOf: vector)
    unsafe bytes.append(contentsOf: id)
    unsafe bytes.append(contentsOf: metadata)
    pad()
    let vectorStart = start + LogFormat.recordHeaderLength + LogFormat.putPayload
    let idStart = vectorStart + vector.count
    let metadataStart = idStart + id.count
    operations.append(
      .put(
        id: idStart..<metadataStart, created: created, vector: vectorStart..<idStart,
        metadata: metadataStart..<(metadataStart + metadata.count)))
    operationsEnd = bytes.count
  }

  /// Adds the deletion of a row.
  package func appendDelete(id: UnsafeRawBufferPointer) {
    guard id.count <= LogFormat.maximumPayload - LogFormat.deletePayload else {
      isTooLarge = true
      return
    }
    dropCommit()
    let start = bytes.count
    let payload = LogFormat.deletePayload + id.count
    let fixed: (UInt64, UInt64, UInt64, UInt64) = (
      (UInt64(payload) << 32).littleEndian, 0, UInt64(LogRecordType.delete.rawValue).littleEndian,
      UInt64(id.count).littleEndian
    )
    unsafe withUnsafeBytes(of: fixed) { unsafe bytes.append(contentsOf: $0) }
    unsafe bytes.append(contentsOf: id)
    pad()
    let idStart = start + LogFormat.recordHeaderLength + LogFormat.deletePayload
    operations.append(.delete(id: idStart..<(idStart + id.count)))
    operationsEnd = bytes.count
  }

  private func pad() {
    while bytes.count & 7 != 0 { bytes.append(0) }
  }

  /// Takes back the COMMIT of an attempt that failed.
  private func dropCommit() {
    if bytes.count > operationsEnd { bytes.removeSubrange(operationsEnd...) }
  }

  /// What a BEGIN and a COMMIT say beside the changes.
  struct Frame {
    var firstLSN: UInt64
    var chain: UInt32
    var syncEpoch: UInt32
    var nanoseconds: Int64
    var liveRows: UInt64
    var command: String
    var processID: UInt32
    var userID: UInt32
  }

  /// Puts BEGIN and COMMIT around the changes, numbers the records and chains them.
  ///
  /// May be called again after a failed attempt.
  ///
  /// - Returns: The range of `bytes` to write, and the chain CRC behind it. The COMMIT has LSN `firstLSN + count + 1`.
  func finish(_ frame: Frame) -> (range: Range<Int>, chain: UInt32) {
    dropCommit()
    let command = [UInt8](frame.command.cut(toBytes: LogFormat.maximumCommandLength).utf8)
    var begin = ByteWriter(capacity: LogBatch.headroom)
    begin.append(UInt32(0))
    begin.append(UInt32(LogFormat.beginPayload + command.count))
    begin.append(UInt64(0))
    begin.append(UInt64(LogRecordType.begin.rawValue))
    begin.append(frame.syncEpoch)
    begin.append(frame.processID)
    begin.append(frame.nanoseconds)
    begin.append(frame.userID)
    begin.append(UInt32(command.count))
    begin.append(command)
    begin.pad(toMultipleOf: 8)
    let start = LogBatch.headroom - begin.count
    bytes.replaceSubrange(start..<LogBatch.headroom, with: begin.bytes)

    var commit = ByteWriter(capacity: LogFormat.commitLength)
    commit.append(UInt32(0))
    commit.append(UInt32(LogFormat.commitLength - LogFormat.recordHeaderLength))
    commit.append(UInt64(0))
    commit.append(UInt64(LogRecordType.commit.rawValue) | UInt64(operations.count) << 32)
    commit.append(frame.firstLSN)
    commit.append(frame.liveRows)
    commit.append(zeros: 16)
    bytes.append(contentsOf: commit.bytes)

    var chain = frame.chain
    var lsn = frame.firstLSN
    let end = bytes.count
    unsafe bytes.withUnsafeMutableBytes { all in
      var position = start
      // The lengths were written by this class, so every record lies inside.
      while position < end {
        let record = unsafe UnsafeMutableRawBufferPointer(rebasing: all[position...])
        let payload = unsafe Int(UnsafeRawBufferPointer(record).littleEndian(at: 4, as: UInt32.self))
        let length = LogFormat.recordHeaderLength + LogFormat.padded(payload)
        unsafe record.storeBytes(of: lsn.littleEndian, toByteOffset: 8, as: UInt64.self)
        // The previous CRC stands where this record's will: one pass covers it and the record.
        unsafe record.storeBytes(of: chain.littleEndian, toByteOffset: 0, as: UInt32.self)
        chain = unsafe crc32c(UnsafeRawBufferPointer(rebasing: record[..<length]))
        unsafe record.storeBytes(of: chain.littleEndian, toByteOffset: 0, as: UInt32.self)
        lsn += 1
        position += length
      }
    }
    return (start..<end, chain)
  }
}
