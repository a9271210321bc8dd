import FileStorage
import MetadataFilters
import VectorMath

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
      try checkRows(contents, identity)
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

  /// Checks that ids and vectors are as long as the collection's, and that bits behind the last of a vector are zero.
  private static func checkRows(
    _ log: LogContents, _ identity: CollectionIdentity
  ) throws(DatabaseError) {
    let idBytes = IDType(rawValue: identity.idType)?.fixedSize
    let elementType = ElementType(rawValue: identity.elementType) ?? .f32
    let vectorBytes = identity.vectorBytes
    func damage(_ place: Range<Int>, _ expected: String, _ found: String) -> DatabaseError {
      .storage(
        .corruption(
          CorruptionError(
            path: FileNames.log(log.header.number), section: "record", offset: UInt64(place.lowerBound),
            expected: expected, found: found)))
    }
    for transaction in log.transactions {
      for (_, operation) in transaction.operations {
        let id: Range<Int>
        switch operation {
        case .delete(let range): id = range
        case .put(let range, _, let vector, _):
          id = range
          guard vector.count == vectorBytes else {
            throw damage(vector, "a vector of \(vectorBytes) bytes", "\(vector.count) bytes")
          }
          let last = log.bytes[vector.upperBound - 1]
          guard elementType.canEnd(with: last, dimension: Int(identity.dimension)) else {
            throw damage(vector, "zero bits behind the last element", "others")
          }
        }
        if let idBytes, id.count != idBytes {
          throw damage(id, "an id of \(idBytes) bytes", "\(id.count) bytes")
        }
      }
    }
  }
}
