/// One change in a log.
///
/// The ranges lie in the bytes that came with it: `LogContents.bytes` or `LogBatch.bytes`.
package enum LogOperation: Equatable, Sendable {
  /// A row is new or replaced as a whole. Metadata is canonical JSON; empty for `{}`. `created` is when the row was first put.
  case put(id: Range<Int>, created: Int64, vector: Range<Int>, metadata: Range<Int>)
  /// The row with this id is gone.
  case delete(id: Range<Int>)
}

/// One committed transaction of a log.
package struct LogTransaction: Sendable {
  /// LSN of the COMMIT: the state of the collection after it.
  package let lsn: UInt64
  /// LSN of the BEGIN.
  package let firstLSN: UInt64
  /// When it was committed, nanoseconds since 1970.
  package let nanoseconds: Int64
  /// Live rows of the collection after it.
  package let liveRows: UInt64
  /// The changes in order, each with its LSN.
  package let operations: [(lsn: UInt64, operation: LogOperation)]
  /// One more than that of the transaction flushed before.
  package let syncEpoch: UInt32
  /// Where its records lie in the log.
  package let byteRange: Range<Int>
  /// Name of the command that wrote it.
  package let command: String
  /// Process and user that wrote it, as they told.
  package let processID, userID: UInt32
}

/// A log that was read and found whole up to `validEnd`.
package struct LogContents: Sendable {
  /// How the file goes on behind the last commit.
  package enum Tail: Equatable, Sendable {
    /// It ends there.
    case none
    /// Zeros, written ahead.
    case zeros
    /// The rest of a transaction that was never acknowledged; `at` is the first byte that does not count.
    case torn(at: UInt64)
  }

  /// How the log was left.
  package enum State: Equatable, Sendable {
    /// Sealed by its writer, or closed by the log that follows: everything is proved whole.
    case sealed
    /// Its writer is at work or was killed: what was acknowledged is whole.
    case unsealed(tail: Tail)
    /// As `unsealed`, but the last record is complete and wrong: garbage from a crash, or damage to the very last
    /// transaction.
    case suspectTail(at: UInt64)
    /// The seal is damaged; nothing is lost.
    case badSeal
  }

  /// The header.
  package let header: LogHeader
  /// The file as it was read.
  package let bytes: [UInt8]
  /// The committed transactions in order.
  package let transactions: [LogTransaction]
  /// End of the last COMMIT, or of the header.
  package let validEnd: UInt64
  /// LSN of the last COMMIT; one below the header's first when there is none.
  package let lastLSN: UInt64
  /// CRC of the last COMMIT, which the next record is chained to.
  package let chain: UInt32
  /// Sync epoch of the last transaction; 0 when there is none.
  package let syncEpoch: UInt32
  /// How the log was left.
  package let state: State

  /// Changes in all transactions.
  package var recordCount: Int { transactions.reduce(0) { $0 + $1.operations.count } }
}
