import FileStorage
import TestSupport
import Testing

/// One change, for comparing what was written with what is read.
enum Change: Equatable {
  case put(id: [UInt8], created: Int64, vector: [UInt8], metadata: [UInt8])
  case delete(id: [UInt8])

  static func random(_ generator: inout SeededGenerator, largest: Int = 300) -> Change {
    let id = generator.bytes(1 + generator.below(20))
    if generator.oneIn(5) { return .delete(id: id) }
    return .put(
      id: id, created: Int64(truncatingIfNeeded: generator.next()),
      vector: generator.bytes(generator.below(largest)),
      metadata: generator.oneIn(3) ? [] : generator.bytes(generator.below(largest)))
  }
}

/// One transaction as written.
struct Written: Equatable {
  var lsn: UInt64
  var changes: [Change]
  var liveRows: UInt64
  var nanoseconds: Int64
  var command: String
}

enum Logs {
  static let collection = UUID16(high: 0xAAAA, low: 0xBBBB)

  static func simulated() throws -> SimulatedFileSystem {
    let fs = SimulatedFileSystem()
    for folder in FileNames.folders { try fs.makeFolder(folder) }
    try fs.syncFolder("")
    return fs
  }

  static func create(
    _ fs: any FileSystem, number: UInt64 = 7, firstLSN: UInt64 = 100, previousChain: UInt32 = 0,
    previousEnd: UInt64 = 0
  ) throws -> LogWriter {
    try LogWriter.create(
      fs, number: number, firstLSN: firstLSN, collection: collection, manifestVersion: 3,
      previousChain: previousChain,
      previousEnd: previousEnd, salt: 0x5A5A_1234_5678_9ABC)
  }

  static func read(_ fs: any FileSystem, number: UInt64 = 7) throws -> LogContents {
    try LogReader.read(fs, number: number, collection: collection, isLast: true)
  }

  static func parse(_ bytes: [UInt8], isLast: Bool = true, end: UInt64? = nil) throws -> LogContents {
    try LogReader.parse(bytes, number: 7, collection: collection, isLast: isLast, previousEnd: end)
  }

  static func batch(_ changes: [Change]) -> LogBatch {
    let batch = LogBatch()
    for change in changes {
      switch change {
      case .put(let id, let created, let vector, let metadata):
        id.withUnsafeBytes { id in
          vector.withUnsafeBytes { vector in
            metadata.withUnsafeBytes {
              batch.appendPut(id: id, created: created, vector: vector, metadata: $0)
            }
          }
        }
      case .delete(let id): id.withUnsafeBytes { batch.appendDelete(id: $0) }
      }
    }
    return batch
  }

  /// Commits changes and tells what must be read back.
  static func commit(_ writer: LogWriter, _ changes: [Change], _ command: String = "insert") throws -> Written
  {
    let time = Int64(writer.lastLSN) * 1000 - 50_000
    let lsn = try writer.commit(
      batch(changes), nanoseconds: time, liveRowsAfter: writer.lastLSN, command: command)
    return Written(
      lsn: lsn, changes: changes, liveRows: lsn - UInt64(changes.count) - 2, nanoseconds: time,
      command: command)
  }

  static func changes(_ contents: LogContents) -> [Written] {
    contents.transactions.map { transaction in
      Written(
        lsn: transaction.lsn,
        changes: transaction.operations.map { _, operation in
          switch operation {
          case .put(let id, let created, let vector, let metadata):
            .put(
              id: [UInt8](contents.bytes[id]), created: created, vector: [UInt8](contents.bytes[vector]),
              metadata: [UInt8](contents.bytes[metadata]))
          case .delete(let id): .delete(id: [UInt8](contents.bytes[id]))
          }
        }, liveRows: transaction.liveRows, nanoseconds: transaction.nanoseconds, command: transaction.command)
    }
  }

  /// Bytes of a log with three small transactions, and what they hold.
  static func small(sealed: Bool, tail: [UInt8] = []) throws -> (
    bytes: [UInt8], written: [Written], ends: [Int]
  ) {
    let fs = try simulated()
    let writer = try create(fs)
    var written: [Written] = []
    var ends: [Int] = []
    for (id, value) in [("a", 1), ("bb", 2), ("ccc", 3)] {
      let put = Change.put(
        id: [UInt8](id.utf8), created: 5, vector: [UInt8](repeating: UInt8(value), count: 16),
        metadata: [123, 125])
      written.append(try commit(writer, value == 2 ? [put, .delete(id: [97])] : [put]))
      ends.append(Int(writer.validEnd))
    }
    if sealed { try writer.seal() }
    var bytes = try #require(fs.contents(FileNames.log(7)))
    if !sealed { bytes = [UInt8](bytes.prefix(Int(writer.validEnd))) + tail }
    return (bytes, written, ends)
  }
}

/// Whether an error is damage.
func isCorruption(_ error: StorageError?) -> Bool {
  if case .corruption? = error { true } else { false }
}
