/// Reads a log's bytes and decides what counts: the rules of recovery.
///
/// - A record counts if it chains to the one before; reading stops at the first that does not.
/// - In a sealed log, before the end that a following log states, and in any log that is not the last, whatever does not
///   count is damage to acknowledged data.
/// - In an unsealed last log the tail behind the last COMMIT was never acknowledged, unless a later record validates
///   whose sync epoch is greater: it was written only after the bad one had been flushed, so that is damage too.
/// - A record that chains but makes no sense is always damage.
struct LogParser {
  private let bytes: [UInt8]
  private let path: String
  private let header: LogHeader
  private var transactions: [LogTransaction] = []
  private var validEnd = LogFormat.headerLength
  private var lastLSN: UInt64
  private var validChain: UInt32
  private var syncEpoch: UInt32 = 0

  // The record in progress.
  private var position = LogFormat.headerLength
  private var chain: UInt32
  private var nextLSN: UInt64
  private var open: OpenTransaction?

  private struct OpenTransaction {
    var start: Int
    var firstLSN: UInt64
    var syncEpoch: UInt32
    var nanoseconds: Int64
    var processID: UInt32
    var userID: UInt32
    var command: String
    var operations: [(lsn: UInt64, operation: LogOperation)] = []
  }

  /// Why a scan stopped.
  private enum Stop { case atEnd, invalidRecord, seal }

  private init(_ bytes: [UInt8], _ path: String, _ header: LogHeader) {
    self.bytes = bytes
    self.path = path
    self.header = header
    lastLSN = header.firstLSN - 1
    nextLSN = header.firstLSN
    chain = header.seedChain
    validChain = chain
  }

  /// Reads a whole log.
  ///
  /// - Parameters:
  ///   - bytes: The file.
  ///   - path: Its name, for messages.
  ///   - number: The number in its name.
  ///   - collection: The collection that it must belong to.
  ///   - isLast: Whether no log follows.
  ///   - end: Where a following log says that this one ends; bytes at or behind it are no records.
  ///   - endChain: The chain CRC that a following log states for that place.
  /// - Returns: What counts.
  /// - Throws: `.corruption`, `.unsupported`.
  static func parse(
    _ bytes: [UInt8], path: String, number: UInt64, collection: UUID16, isLast: Bool, end: UInt64?,
    endChain: UInt32?
  ) throws(StorageError) -> LogContents {
    let header = try LogHeader.decode(bytes, path: path, number: number, collection: collection)
    var parser = LogParser(bytes, path, header)
    let state: LogContents.State
    if let end {
      state = try parser.parse(closedAt: end, endChain)
    } else if let seal = LogSeal(endOf: bytes, salt: header.salt) {
      state = try parser.parse(seal)
    } else {
      state = try parser.parseUnsealed(isLast: isLast)
    }
    return LogContents(
      header: header, bytes: bytes, transactions: parser.transactions, validEnd: UInt64(parser.validEnd),
      lastLSN: parser.lastLSN, chain: parser.validChain, syncEpoch: parser.syncEpoch, state: state)
  }

  private func damage(_ offset: Int, _ expected: String, _ found: String) -> StorageError {
    .corruption(
      CorruptionError(
        path: path, section: "record", offset: UInt64(offset), expected: expected, found: found))
  }

  /// A log with a valid seal.
  private mutating func parse(_ seal: LogSeal) throws(StorageError) -> LogContents.State {
    let end = bytes.count - LogFormat.sealLength
    try requireWhole(to: end, "the seal at byte \(end)")
    guard validChain == seal.chain, lastLSN == seal.lastLSN else {
      throw damage(
        validEnd, "LSN \(seal.lastLSN) with CRC-32C \(hexadecimal(seal.chain)), as the seal says",
        "LSN \(lastLSN) with \(hexadecimal(validChain))")
    }
    return .sealed
  }

  /// A log that another follows.
  private mutating func parse(closedAt end: UInt64, _ endChain: UInt32?) throws(StorageError)
    -> LogContents.State
  {
    guard let end = Int(exactly: end), end >= LogFormat.headerLength, end <= bytes.count else {
      throw damage(bytes.count, "records up to byte \(end), as the next log says", "\(bytes.count) bytes")
    }
    try requireWhole(to: end, "byte \(end), where the next log says that this one ends")
    if let endChain, endChain != validChain {
      throw damage(
        end, "CRC-32C \(hexadecimal(endChain)), as the next log says", "CRC-32C \(hexadecimal(validChain))")
    }
    // What lies behind holds no data; it is looked at only to tell a damaged seal.
    if bytes.count == end || LogSeal(in: bytes, at: end, salt: header.salt) != nil { return .sealed }
    return isDamagedSeal(at: end) ? .badSeal : .unsealed(tail: .torn(at: UInt64(end)))
  }

  /// Reads records that must all be whole up to `end`.
  private mutating func requireWhole(to end: Int, _ name: String) throws(StorageError) {
    let stop = try scan(to: end)
    guard stop == .atEnd, open == nil else {
      throw damage(
        position, "whole transactions up to \(name)", stop == .atEnd ? "one without COMMIT" : "damage")
    }
  }

  private mutating func parseUnsealed(isLast: Bool) throws(StorageError) -> LogContents.State {
    let stop = try scan(to: bytes.count)
    if stop == .atEnd, open == nil { return .unsealed(tail: .none) }
    guard isLast else {
      throw damage(position, "whole transactions in a log that is not the last", "damage")
    }
    let bad = position
    // A seal that is durable in a file whose cut is not.
    if open == nil, stop == .seal, LogSeal(in: bytes, at: bad, salt: header.salt) != nil { return .sealed }
    let rest = bytes[bad...]
    if open == nil, stop == .invalidRecord {
      if unsafe rest.withUnsafeBytes({ unsafe $0.isZero }) { return .unsealed(tail: .zeros) }
      if isDamagedSeal(at: bad) { return .badSeal }
    }
    if let later = laterEpoch(behind: bad) {
      throw damage(
        bad, "a whole record: one behind it, at byte \(later), was written after it had been flushed",
        "damage")
    }
    if stop == .invalidRecord, isSuspect(bad) { return .suspectTail(at: UInt64(validEnd)) }
    return .unsealed(tail: .torn(at: UInt64(validEnd)))
  }

  // MARK: Records

  /// Reads records from `position` until one does not count.
  private mutating func scan(to end: Int) throws(StorageError) -> Stop {
    // The buffer is the array's own, and every load is inside `end`, which is at most its count.
    var failure: StorageError?
    var stop = Stop.atEnd
    let all = bytes
    unsafe all.withUnsafeBytes { buffer in
      do throws(StorageError) {
        while position < end {
          let record = unsafe UnsafeRawBufferPointer(rebasing: buffer[position..<end])
          guard let length = unsafe validLength(record) else {
            stop = .invalidRecord
            return
          }
          let whole = unsafe UnsafeRawBufferPointer(rebasing: record[..<length])
          guard unsafe try take(whole) else {
            stop = .seal
            return
          }
          position += length
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return stop
  }

  /// The length of the record at the buffer's start if it chains to the one before.
  private func validLength(_ record: UnsafeRawBufferPointer) -> Int? {
    guard record.count >= LogFormat.recordHeaderLength else { return nil }
    let payload = unsafe Int(record.littleEndian(at: 4, as: UInt32.self))
    guard payload <= LogFormat.maximumPayload else { return nil }
    let length = LogFormat.recordHeaderLength + LogFormat.padded(payload)
    guard length <= record.count, unsafe record.littleEndian(at: 8, as: UInt64.self) == nextLSN else {
      return nil
    }
    let stored = unsafe record.littleEndian(at: 0, as: UInt32.self)
    return unsafe LogParser.checksum(of: record, length, after: chain) == stored ? length : nil
  }

  /// The CRC of a record that follows one with CRC `previous`.
  private static func checksum(of record: UnsafeRawBufferPointer, _ length: Int, after previous: UInt32)
    -> UInt32
  {
    let seed = unsafe withUnsafeBytes(of: previous.littleEndian) { unsafe crc32c($0) }
    return unsafe crc32c(UnsafeRawBufferPointer(rebasing: record[4..<length]), seed: seed)
  }

  /// Takes in a record that chains; false for a SEAL, which is no part of the history.
  private mutating func take(_ record: UnsafeRawBufferPointer) throws(StorageError) -> Bool {
    let payload = unsafe Int(record.littleEndian(at: 4, as: UInt32.self))
    let typeAndRows = unsafe record.littleEndian(at: 16, as: UInt64.self)
    let padding = unsafe record[(LogFormat.recordHeaderLength + payload)...]
    guard let type = LogRecordType(rawValue: UInt8(truncatingIfNeeded: typeAndRows)),
      typeAndRows & 0xFFFF_FF00 == 0, type == .commit || typeAndRows >> 32 == 0,
      unsafe padding.allSatisfy({ $0 == 0 })
    else { throw damage(position, "a record of a known type", "type \(typeAndRows & 0xFF)") }
    guard nextLSN < ManifestLimits.number else { throw damage(position, "an LSN below 2^63", "\(nextLSN)") }
    let body = unsafe UnsafeRawBufferPointer(
      rebasing: record[LogFormat.recordHeaderLength..<(LogFormat.recordHeaderLength + payload)])
    switch type {
    case .begin: unsafe try takeBegin(body)
    case .put: unsafe try takePut(body)
    case .delete: unsafe try takeDelete(body)
    case .commit:
      unsafe try takeCommit(body, rows: UInt32(truncatingIfNeeded: typeAndRows >> 32), record.count)
    case .seal:
      guard open == nil else { throw damage(position, "a COMMIT", "a SEAL within a transaction") }
      return false
    }
    chain = unsafe record.littleEndian(at: 0, as: UInt32.self)
    nextLSN += 1
    if type == .commit {
      validChain = chain
      lastLSN = nextLSN - 1
    }
    return true
  }

  private mutating func takeBegin(_ body: UnsafeRawBufferPointer) throws(StorageError) {
    let epoch = unsafe body.littleEndian(at: 0, as: UInt32.self)
    let commandLength = unsafe Int(body.littleEndian(at: 20, as: UInt32.self))
    guard open == nil, body.count >= LogFormat.beginPayload, commandLength <= LogFormat.maximumCommandLength,
      body.count == LogFormat.beginPayload + commandLength, epoch > syncEpoch,
      let command = unsafe String(validating: body[LogFormat.beginPayload...], as: UTF8.self)
    else { throw damage(position, "the beginning of a transaction", "a BEGIN in the wrong place or form") }
    open = OpenTransaction(
      start: position, firstLSN: nextLSN, syncEpoch: epoch,
      nanoseconds: unsafe body.littleEndian(at: 8, as: Int64.self),
      processID: unsafe body.littleEndian(at: 4, as: UInt32.self),
      userID: unsafe body.littleEndian(at: 16, as: UInt32.self), command: command)
  }

  private mutating func takePut(_ body: UnsafeRawBufferPointer) throws(StorageError) {
    let idLength = unsafe Int(body.littleEndian(at: 0, as: UInt32.self))
    let metadataLength = unsafe Int(body.littleEndian(at: 4, as: UInt32.self))
    let vectorLength = unsafe Int(body.littleEndian(at: 8, as: UInt32.self))
    // Three lengths below 2^32 cannot overflow.
    guard open != nil, body.count == LogFormat.putPayload + idLength + metadataLength + vectorLength,
      unsafe body.littleEndian(at: 12, as: UInt32.self) == 0
    else { throw damage(position, "a row within a transaction", "a PUT in the wrong place or form") }
    let vector = position + LogFormat.recordHeaderLength + LogFormat.putPayload
    let id = vector + vectorLength
    let metadata = id + idLength
    let operation = LogOperation.put(
      id: id..<metadata, created: unsafe body.littleEndian(at: 16, as: Int64.self), vector: vector..<id,
      metadata: metadata..<(metadata + metadataLength))
    open?.operations.append((nextLSN, operation))
  }

  private mutating func takeDelete(_ body: UnsafeRawBufferPointer) throws(StorageError) {
    let idLength = unsafe Int(body.littleEndian(at: 0, as: UInt32.self))
    guard open != nil, body.count == LogFormat.deletePayload + idLength,
      unsafe body.littleEndian(at: 4, as: UInt32.self) == 0
    else { throw damage(position, "a deletion within a transaction", "a DELETE in the wrong place or form") }
    let id = position + LogFormat.recordHeaderLength + LogFormat.deletePayload
    open?.operations.append((nextLSN, .delete(id: id..<(id + idLength))))
  }

  private mutating func takeCommit(
    _ body: UnsafeRawBufferPointer, rows: UInt32, _ length: Int
  ) throws(StorageError) {
    guard let transaction = open, length == LogFormat.commitLength,
      unsafe body.littleEndian(at: 0, as: UInt64.self) == transaction.firstLSN,
      UInt64(rows) == UInt64(transaction.operations.count),
      unsafe body.littleEndian(at: 16, as: UInt64.self) == 0,
      unsafe body.littleEndian(at: 24, as: UInt64.self) == 0
    else { throw damage(position, "the end of a transaction", "a COMMIT in the wrong place or form") }
    let end = position + length
    transactions.append(
      LogTransaction(
        lsn: nextLSN, firstLSN: transaction.firstLSN, nanoseconds: transaction.nanoseconds,
        liveRows: unsafe body.littleEndian(at: 8, as: UInt64.self), operations: transaction.operations,
        syncEpoch: transaction.syncEpoch, byteRange: transaction.start..<end, command: transaction.command,
        processID: transaction.processID, userID: transaction.userID))
    syncEpoch = transaction.syncEpoch
    validEnd = end
    open = nil
  }

  // MARK: Tails

  /// Whether exactly 64 bytes follow, and they are this log's seal but for one bit.
  ///
  /// A seal with more wrong bits is taken for one that a crash left half-written: no damage. That alone would not tell
  /// them apart, as what is missing may hold a single bit; but a file has this length only after its seal is
  /// durable (`LogWriter.seal`).
  private func isDamagedSeal(at offset: Int) -> Bool {
    guard bytes.count == offset + LogFormat.sealLength else { return false }
    var tried = [UInt8](bytes[offset..<(offset + LogFormat.sealLength)])
    for bit in 0..<(LogFormat.sealLength * 8) {
      tried[bit / 8] ^= 1 << UInt8(bit % 8)
      let seal = LogSeal(
        end: UInt64(offset), lastLSN: lastLSN, chain: validChain,
        nanoseconds: tried.littleEndian(at: 48, as: Int64.self), salt: header.salt)
      if seal.encode() == tried { return true }
      tried[bit / 8] ^= 1 << UInt8(bit % 8)
    }
    return false
  }

  /// The offset of a BEGIN behind `bad` that validates and whose sync epoch proves that the bad record had been
  /// flushed; nil when there is none.
  ///
  /// A BEGIN stands behind the COMMIT of the transaction before, which has a fixed length: that COMMIT's CRC is what the
  /// BEGIN is chained to. If the COMMIT itself is the bad record, its CRC may be what is wrong, so the CRC that it should
  /// have is tried too.
  private func laterEpoch(behind bad: Int) -> Int? {
    let badEpoch = UInt64(open?.syncEpoch ?? syncEpoch) + (open == nil ? 1 : 0)
    let commit = LogFormat.commitLength
    let smallest = LogFormat.recordHeaderLength + LogFormat.beginPayload
    return unsafe bytes.withUnsafeBytes { all in
      // No transaction is shorter than 104 bytes, so no BEGIN stands nearer.
      var offset = bad + commit
      while offset + smallest <= all.count {
        defer { offset += 8 }
        guard
          unsafe all.littleEndian(at: offset + 16, as: UInt64.self) == UInt64(LogRecordType.begin.rawValue),
          unsafe UInt64(all.littleEndian(at: offset + 24, as: UInt32.self)) > badEpoch
        else { continue }
        let payload = unsafe Int(all.littleEndian(at: offset + 4, as: UInt32.self))
        let length = LogFormat.recordHeaderLength + LogFormat.padded(payload)
        let lsn = unsafe all.littleEndian(at: offset + 8, as: UInt64.self)
        guard payload >= LogFormat.beginPayload,
          payload <= LogFormat.beginPayload + LogFormat.maximumCommandLength, length <= all.count - offset,
          lsn > nextLSN, lsn - nextLSN <= UInt64(all.count)
        else { continue }
        let record = unsafe UnsafeRawBufferPointer(rebasing: all[offset...])
        let stored = unsafe record.littleEndian(at: 0, as: UInt32.self)
        let before = offset - commit
        let previous = unsafe all.littleEndian(at: before, as: UInt32.self)
        if before == bad {
          let commitRecord = unsafe UnsafeRawBufferPointer(rebasing: all[before..<offset])
          let right = unsafe LogParser.checksum(of: commitRecord, commit, after: chain)
          if unsafe LogParser.checksum(of: record, length, after: right) == stored { return offset }
        } else {
          let type = unsafe all.littleEndian(at: before + 16, as: UInt64.self) & 0xFFFF_FFFF
          let commitLSN = unsafe all.littleEndian(at: before + 8, as: UInt64.self)
          guard type == UInt64(LogRecordType.commit.rawValue), commitLSN == lsn - 1 else { continue }
        }
        if unsafe LogParser.checksum(of: record, length, after: previous) == stored { return offset }
      }
      return nil
    }
  }

  /// Whether the bad record is the last one, is complete within the file and has no sector of zeros, which a crash
  /// would most likely have left.
  private func isSuspect(_ bad: Int) -> Bool {
    unsafe bytes.withUnsafeBytes { all in
      let rest = unsafe UnsafeRawBufferPointer(rebasing: all[bad...])
      guard rest.count >= LogFormat.recordHeaderLength else { return false }
      let payload = unsafe Int(rest.littleEndian(at: 4, as: UInt32.self))
      let length = LogFormat.recordHeaderLength + LogFormat.padded(payload)
      guard payload <= LogFormat.maximumPayload, length <= rest.count,
        unsafe UnsafeRawBufferPointer(rebasing: rest[length...]).isZero
      else { return false }
      var sector = bad & ~511
      while sector < bad + length {
        let part = max(sector, bad)..<min(sector + 512, bad + length)
        if unsafe UnsafeRawBufferPointer(rebasing: all[part]).isZero { return false }
        sector += 512
      }
      return true
    }
  }
}
