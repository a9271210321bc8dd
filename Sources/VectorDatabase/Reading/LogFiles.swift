import FileStorage

/// The log files that a manifest needs, read in order.
enum LogFiles {
  /// Reads every log from the manifest's first on.
  ///
  /// A later log's header says where the valid part of the one before ends (after a failed flush, or when a
  /// checkpoint was interrupted); bytes behind that are never read. The last log may end in a torn tail.
  /// - Complexity: Reads the logs whole; a writer keeps them near `wal.max-bytes`.
  static func read(
    _ manifest: Manifest, _ fs: any FileSystem, _ identity: CollectionIdentity
  ) throws(DatabaseError) -> [LogContents] {
    let names = try liftedFile { () throws(FileError) in try fs.list("wal") }
    var numbers: [UInt64] = []
    for name in names {
      if case .log(let number)? = FileNames.parse("wal/" + name), number >= manifest.firstLog {
        numbers.append(number)
      }
    }
    numbers.sort()
    guard numbers.first == manifest.firstLog else {
      throw .storage(
        .corruption(
          CorruptionError(
            path: FileNames.log(manifest.firstLog), section: "file", offset: nil,
            expected: "the log that version \(manifest.version) names", found: "no such file")))
    }
    var ends: [UInt64: (end: UInt64, chain: UInt32)] = [:]
    for (index, number) in numbers.enumerated().dropFirst() {
      let header = try lifted { () throws(StorageError) in
        try LogReader.readHeader(fs, number: number, collection: identity.uuid)
      }
      ends[numbers[index - 1]] = (header.previousEnd, header.previousChain)
    }
    var logs: [LogContents] = []
    for (index, number) in numbers.enumerated() {
      let contents = try lifted { () throws(StorageError) in
        try LogReader.read(
          fs, number: number, collection: identity.uuid, isLast: index == numbers.count - 1,
          previousEnd: ends[number]?.end,
          previousChain: ends[number]?.chain)
      }
      // A bulk import takes one LSN that stands in no log, so a log may begin behind a gap, never before it.
      let lowest = logs.last.map { $0.lastLSN + 1 } ?? 0
      guard contents.header.firstLSN >= lowest else {
        throw .storage(
          .corruption(
            CorruptionError(
              path: FileNames.log(number), section: "header", offset: 72,
              expected: "a first LSN of at least \(lowest)",
              found: "\(contents.header.firstLSN)")))
      }
      logs.append(contents)
    }
    if let last = logs.last, last.lastLSN < manifest.lastLSN {
      throw .storage(
        .corruption(
          CorruptionError(
            path: FileNames.log(last.header.number), section: "file", offset: last.validEnd,
            expected: "records up to LSN \(manifest.lastLSN), which version \(manifest.version) saw",
            found: "records up to LSN \(last.lastLSN)")))
    }
    return logs
  }
}
