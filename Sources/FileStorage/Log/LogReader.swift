/// Reads logs into memory.
///
/// A log is never mapped: it may be growing or shrinking.
package enum LogReader {
  /// Reads a log's header.
  ///
  /// - Throws: `.file`, `.corruption`, `.unsupported`.
  package static func readHeader(
    _ fs: any FileSystem, number: UInt64, collection: UUID16
  ) throws(StorageError) -> LogHeader {
    let bytes = try load(fs, number, count: LogFormat.headerLength)
    return try LogHeader.decode(bytes, path: FileNames.log(number), number: number, collection: collection)
  }

  /// Reads a log and decides what counts in it.
  ///
  /// A writer may be at work. Bytes read before it finished a record can look damaged next to bytes read after it
  /// finished a later one; so what looks damaged in the last log is read again until it looks the same twice.
  ///
  /// - Parameters:
  ///   - fs: The collection's files.
  ///   - number: The log's number.
  ///   - collection: The collection that it must belong to.
  ///   - isLast: Whether no log follows.
  ///   - previousEnd: The `previousEnd` in the header of the log that follows, nil for the last: bytes at or behind it
  ///     are never taken for records.
  ///   - previousChain: The `previousChain` in that header; checked when given.
  /// - Returns: The transactions that are proved to be what was written.
  /// - Throws: `.corruption` when acknowledged data is damaged; `.unsupported`; `.file`.
  /// - Complexity: Holds the file, at most 512 MiB, in memory.
  package static func read(
    _ fs: any FileSystem, number: UInt64, collection: UUID16, isLast: Bool, previousEnd: UInt64? = nil,
    previousChain: UInt32? = nil
  ) throws(StorageError) -> LogContents {
    var lastFailure: StorageError?
    var attempts = 0
    while true {
      let bytes = try load(fs, number, count: LogFormat.maximumFileSize + 1)
      do throws(StorageError) {
        return try parse(
          bytes, number: number, collection: collection, isLast: isLast, previousEnd: previousEnd,
          previousChain: previousChain)
      } catch {
        attempts += 1
        guard isLast, error != lastFailure, attempts < 16 else { throw error }
        lastFailure = error
      }
    }
  }

  /// The same for bytes in memory.
  ///
  /// - Returns: The transactions that are proved to be what was written.
  /// - Throws: `.corruption`, `.unsupported`.
  package static func parse(
    _ bytes: [UInt8], number: UInt64, collection: UUID16, isLast: Bool, previousEnd: UInt64? = nil,
    previousChain: UInt32? = nil
  ) throws(StorageError) -> LogContents {
    let name = FileNames.log(number)
    guard bytes.count <= LogFormat.maximumFileSize else {
      throw .corruption(
        CorruptionError(
          path: name, section: "file", offset: nil, expected: "at most \(LogFormat.maximumFileSize) bytes",
          found: "more"))
    }
    return try LogParser.parse(
      bytes, path: name, number: number, collection: collection, isLast: isLast, end: previousEnd,
      endChain: previousChain)
  }

  private static func load(_ fs: any FileSystem, _ number: UInt64, count: Int) throws(StorageError) -> [UInt8]
  {
    do throws(FileError) {
      let file = try OpenFile(fs, FileNames.log(number), .reading)
      return try file.readBytes(at: 0, count: count)
    } catch {
      throw .file(error)
    }
  }
}
