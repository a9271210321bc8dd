/// Appends transactions to one log, each durable when `commit` returns.
///
/// The caller holds the collection's writer lock for as long as this object lives. Not for use from several threads.
package final class LogWriter {
  /// Zeros are written this far ahead, so that most commits do not change the file's size.
  static let aheadLength = 1 << 20

  /// The log's number.
  package let number: UInt64
  /// LSN of the last durable transaction.
  package private(set) var lastLSN: UInt64
  /// CRC of the last durable record, which the next one is chained to.
  package private(set) var chain: UInt32
  /// Where the durable records end.
  package private(set) var validEnd: UInt64
  /// Changes in the log.
  package private(set) var recordCount: Int
  /// Transactions that may or may not be on the disk: a flush failed.
  ///
  /// Nothing can be written any more.
  package private(set) var unknownLSNs: ClosedRange<UInt64>?
  /// After a failed flush: whether reading the file again, without cached pages, showed those transactions.
  package private(set) var unknownIsReadable = false
  /// Process that BEGIN records name.
  package var processID: UInt32 = 0
  /// User that BEGIN records name.
  package var userID: UInt32 = 0

  private let file: OpenFile
  private let path: String
  private let collection: UUID16
  private let salt: UInt64
  private var syncEpoch: UInt32
  /// The file's size; everything from `validEnd` to here is zero or a seal.
  private var fileEnd: UInt64
  private var isSealed: Bool
  private var isRetired = false
  private var commitCount = 0
  private var zeros: [UInt8] = []
  private var writesAhead = true

  /// Bytes of header and records, without what is written ahead.
  package var size: UInt64 { validEnd }

  private init(
    _ file: OpenFile, _ header: LogHeader, collection: UUID16, lastLSN: UInt64, chain: UInt32,
    validEnd: UInt64,
    fileEnd: UInt64, syncEpoch: UInt32, recordCount: Int, isSealed: Bool
  ) {
    self.file = file
    self.collection = collection
    number = header.number
    salt = header.salt
    path = FileNames.log(header.number)
    self.lastLSN = lastLSN
    self.chain = chain
    self.validEnd = validEnd
    self.fileEnd = fileEnd
    self.syncEpoch = syncEpoch
    self.recordCount = recordCount
    self.isSealed = isSealed
  }

  /// Makes a new log, durable under its name on return.
  ///
  /// - Parameters:
  ///   - fs: The collection's files.
  ///   - number: Higher than that of every other log.
  ///   - firstLSN: At least 1.
  ///   - collection: The collection's UUID.
  ///   - manifestVersion: The version that the log is made for.
  ///   - previousChain: The chain CRC at `previousEnd` of the log before; 0 for the first.
  ///   - previousEnd: Where the log before ends: bytes behind are never read again; 0 for the first.
  ///   - features: What a program must know to use the log.
  ///   - salt: The file system's random bits unless a test needs certain ones.
  /// - Returns: A writer of the new log.
  /// - Throws: `.file`; the log does not exist then, unless making its name durable failed.
  package static func create(
    _ fs: any FileSystem, number: UInt64, firstLSN: UInt64, collection: UUID16, manifestVersion: UInt64,
    previousChain: UInt32, previousEnd: UInt64, features: FeatureBits = FeatureBits(),
    salt: UInt64? = nil
  ) throws(StorageError) -> LogWriter {
    let header = LogHeader(
      number: number, firstLSN: firstLSN, salt: salt ?? fs.randomBits(), manifestVersion: manifestVersion,
      previousChain: previousChain,
      previousEnd: previousEnd, features: features)
    let name = FileNames.log(number)
    let temporary = FileNames.temporary(name)
    do throws(FileError) {
      try NewFile.write(fs, temporary, header.encode(collection: collection))
      try NewFile.move(fs, temporary, to: name)
      try fs.syncFolder("wal")
      let end = UInt64(LogFormat.headerLength)
      return LogWriter(
        try OpenFile(fs, name, .updating), header, collection: collection, lastLSN: firstLSN - 1,
        chain: header.seedChain, validEnd: end, fileEnd: end, syncEpoch: 0, recordCount: 0, isSealed: false)
    } catch {
      throw .file(error)
    }
  }

  /// Goes on with a log that was read while the writer lock was held.
  ///
  /// The last transaction of a log that was not sealed may only look as if it were on the disk: when a flush fails, the
  /// system calls the pages clean, and they need not go away when told to. So its bytes are written once more where they
  /// are and flushed with the cut of the tail; a crash meanwhile leaves them as they were. Every transaction before was
  /// flushed before the next was written. Then the log is read again without cached pages.
  ///
  /// - Throws: `.poisoned` when records seen before are not on the disk: the collection must be opened again. `.file`,
  ///   `.corruption`.
  package static func resume(_ fs: any FileSystem, _ contents: LogContents) throws(StorageError) -> LogWriter
  {
    let number = contents.header.number
    let name = FileNames.log(number)
    guard let collection = UUID16(bytes: [UInt8](contents.bytes[40..<56])) else {
      throw .corruption(
        CorruptionError(path: name, section: "prefix", offset: 40, expected: "a UUID", found: "other bytes"))
    }
    let file: OpenFile
    var size: UInt64
    do throws(FileError) {
      file = try OpenFile(fs, name, .updating)
      size = try file.size()
      let isSealed = contents.state == .sealed
      // Its maker may have been killed before the name was durable.
      if !isSealed { try fs.syncFolder("wal") }
      if !isSealed, let last = contents.transactions.last {
        try file.writeFully([UInt8](contents.bytes[last.byteRange]), at: UInt64(last.byteRange.lowerBound))
      }
      if !isSealed || size != contents.validEnd + UInt64(LogFormat.sealLength) {
        if size != contents.validEnd { try file.truncate(to: contents.validEnd) }
        try file.syncData()
        size = contents.validEnd
        file.dropCache()
      }
    } catch {
      throw .file(error)
    }
    if contents.state != .sealed {
      let again = try LogReader.read(fs, number: number, collection: collection, isLast: true)
      guard again.validEnd == contents.validEnd, again.chain == contents.chain else {
        throw .poisoned(path: name, lsn: min(again.lastLSN, contents.lastLSN) + 1)
      }
    }
    return LogWriter(
      file, contents.header, collection: collection, lastLSN: contents.lastLSN, chain: contents.chain,
      validEnd: contents.validEnd, fileEnd: size, syncEpoch: contents.syncEpoch,
      recordCount: contents.recordCount,
      isSealed: size != contents.validEnd)
  }

  /// Refuses everything that would be written from now on.
  ///
  /// For a log that another may already follow: nobody would read what came behind its end.
  package func retire() { isRetired = true }

  private func requireUsable() throws(StorageError) {
    if isRetired { throw .poisoned(path: path, lsn: lastLSN + 1) }
    if let unknownLSNs { throw .poisoned(path: path, lsn: unknownLSNs.lowerBound) }
  }

  /// Writes one transaction; it is durable on return.
  ///
  /// One write and one flush. Does nothing for an empty batch.
  ///
  /// - Parameters:
  ///   - batch: The changes; may be emptied and used again afterwards.
  ///   - nanoseconds: The time, since 1970.
  ///   - liveRowsAfter: Live rows of the collection after the transaction.
  ///   - command: Name of the command, at most 128 bytes are kept.
  /// - Returns: The LSN of the COMMIT: the changes have the `batch.count` LSNs below it.
  /// - Throws: `.file` when nothing was changed and the log is usable on (a full disk: the log is cut back to the last
  ///   commit); `.poisoned` when a flush failed: it is not known whether the transaction is on the disk.
  package func commit(
    _ batch: LogBatch, nanoseconds: Int64, liveRowsAfter: UInt64, command: String
  ) throws(StorageError) -> UInt64 {
    try requireUsable()
    guard !batch.isEmpty else { return lastLSN }
    let firstLSN = lastLSN + 1
    let lastOfBatch = firstLSN + UInt64(batch.count) + 1
    guard !batch.isTooLarge, batch.bytes.count <= LogFormat.maximumTransaction,
      validEnd + UInt64(batch.bytes.count) <= UInt64(LogFormat.maximumFileSize - 2 * LogWriter.aheadLength),
      lastOfBatch < ManifestLimits.number, syncEpoch < UInt32.max
    else { throw .file(FileError(.write, file.fileSystem.rootPath + "/" + path, ErrorCode.fileTooBig)) }
    let (range, chainAfter) = batch.finish(
      LogBatch.Frame(
        firstLSN: firstLSN, chain: chain, syncEpoch: syncEpoch + 1, nanoseconds: nanoseconds,
        liveRows: liveRowsAfter,
        command: command, processID: processID, userID: userID))
    let end = validEnd + UInt64(range.count)
    isSealed = false
    try write(batch, range)
    if end > fileEnd { fileEnd = writeAhead(from: end, batchLength: range.count) }
    do throws(FileError) {
      try file.syncData()
    } catch {
      throw poison(firstLSN...lastOfBatch)
    }
    syncEpoch += 1
    commitCount += 1
    recordCount += batch.count
    lastLSN = lastOfBatch
    chain = chainAfter
    validEnd = end
    return lastLSN
  }

  private func write(_ batch: LogBatch, _ range: Range<Int>) throws(StorageError) {
    var failure: FileError?
    unsafe batch.bytes.withUnsafeBytes { all in
      do throws(FileError) {
        unsafe try file.writeFully(UnsafeRawBufferPointer(rebasing: all[range]), at: validEnd)
      } catch {
        failure = error
      }
    }
    guard let failure else { return }
    do throws(FileError) {
      try file.truncate(to: validEnd)
      fileEnd = validEnd
    } catch {
      // What is behind the last commit can be neither trusted nor removed.
      throw poison((lastLSN + 1)...(lastLSN + UInt64(batch.count) + 2))
    }
    throw .file(failure)
  }

  /// Writes zeros behind `end`, and returns where the file ends then.
  ///
  /// Best effort: a commit does not need them.
  ///
  /// Not for the first commit, which may be the only one, nor behind large transactions, which would not gain.
  private func writeAhead(from end: UInt64, batchLength: Int) -> UInt64 {
    guard writesAhead, commitCount > 0, batchLength <= LogWriter.aheadLength / 4 else { return end }
    if zeros.isEmpty { zeros = [UInt8](repeating: 0, count: LogWriter.aheadLength) }
    do throws(FileError) {
      try file.writeFully(zeros, at: end)
      return end + UInt64(LogWriter.aheadLength)
    } catch {
      writesAhead = false
      try? file.truncate(to: end)
      return end
    }
  }

  /// Marks the end of a clean run: a seal right behind the last commit, and nothing behind it.
  ///
  /// Until the seal is durable, zeros follow it: a crash that leaves part of it leaves a longer file, or one that ends
  /// within. So a file that ends where a seal ends had a whole one, and a wrong bit in it is damage. The cut itself need
  /// not last. The log can be used on: the next transaction overwrites the seal. Does nothing when it is sealed already.
  ///
  /// - Throws: `.file` when the seal could not be written: nothing is lost; `.poisoned`.
  package func seal() throws(StorageError) {
    try requireUsable()
    guard !isSealed else { return }
    let seal = LogSeal(
      end: validEnd, lastLSN: lastLSN, chain: chain, nanoseconds: file.fileSystem.now(), salt: salt)
    let end = validEnd + UInt64(LogFormat.sealLength)
    fileEnd = max(fileEnd, end + UInt64(LogFormat.sealMargin))
    do throws(FileError) {
      try file.writeFully(seal.encode() + [UInt8](repeating: 0, count: LogFormat.sealMargin), at: validEnd)
    } catch {
      throw .file(error)
    }
    do throws(FileError) {
      try file.syncData()
    } catch {
      throw poison((lastLSN + 1)...(lastLSN + 1))
    }
    isSealed = true
    do throws(FileError) {
      try file.truncate(to: end)
      fileEnd = end
    } catch {
      // A sealed log with zeros behind the seal proves as much.
      return
    }
  }

  /// Remembers that a flush failed.
  ///
  /// The system now calls the pages clean though they are not on the disk, so they are
  /// dropped and the file is read from the medium; no flush is tried again.
  private func poison(_ lsns: ClosedRange<UInt64>) -> StorageError {
    unknownLSNs = lsns
    file.dropCache()
    let seen = try? LogReader.read(file.fileSystem, number: number, collection: collection, isLast: true)
    unknownIsReadable = (seen?.lastLSN ?? 0) >= lsns.upperBound
    return .poisoned(path: path, lsn: lsns.lowerBound)
  }

  /// Closes the file.
  ///
  /// What was committed is durable without it.
  package func close() throws(StorageError) {
    do throws(FileError) { try file.close() } catch { throw .file(error) }
  }
}
