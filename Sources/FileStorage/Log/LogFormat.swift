// A write-ahead log, `wal/%016x.vwal`: a header, then records. Numbers are little-endian.
//
// Header, 512 bytes:
//  offset  size  field
//       0    64  prefix, kind WALG, header length 512
//      64     8  number, equal to the file's name
//      72     8  LSN of the first record
//      80     8  salt, random
//      88     8  manifest version that the log was made for
//      96     4  chain CRC at the end of the previous log; 0 for the first
//     100     4  zero
//     104     8  end E of the previous log's valid part: bytes of it at or behind E are never read; 0 for the first
//     112   396  zero
//     508     4  CRC-32C of bytes 0...507
//
// Record, a multiple of 8 bytes:
//  offset  size  field
//       0     4  CRC-32C of the previous record's CRC and of bytes 4 to the end with the padding; the first record
//                takes the CRC-32C of the salt for the previous one
//       4     4  payload length, at most 64 MiB
//       8     8  LSN, one more than the previous record's
//      16     1  type: 1 BEGIN, 2 PUT, 3 DELETE, 5 COMMIT, 7 SEAL
//      17     3  zero
//      20     4  COMMIT: PUT and DELETE records of the transaction; otherwise zero
//      24     n  payload, zeros to a multiple of 8
//
// Payloads:
//  BEGIN    0 u32 sync epoch · 4 u32 process id · 8 i64 nanoseconds since 1970 · 16 u32 user id
//           20 u32 command length, at most 128 · 24 command, UTF-8
//  PUT      0 u32 id length · 4 u32 metadata length · 8 u32 vector length · 12 u32 zero
//           16 i64 time of the row's creation · 24 vector · id · metadata (canonical JSON; empty for {})
//  DELETE   0 u32 id length · 4 u32 zero · 8 id
//  COMMIT   0 u64 LSN of the BEGIN · 8 u64 live rows of the collection afterwards · 16 16 zero
//  SEAL     0 u64 offset of this record · 8 u64 last LSN committed · 16 u32 chain CRC · 20 u32 zero
//           24 i64 nanoseconds since 1970 · 32 u64 salt
//
// A transaction is BEGIN, PUTs and DELETEs, COMMIT, without gaps; it exists if its COMMIT validates. The sync epoch grows by
// one after each successful flush. A SEAL stands right behind the last COMMIT and ends the file; the next BEGIN
// overwrites it and takes its LSN. While a writer is open, zeros may follow the last record.

/// Sizes and limits of a write-ahead log.
package enum LogFormat {
  /// Bytes of the header.
  package static let headerLength = 512
  /// Bytes of a record before its payload.
  package static let recordHeaderLength = 24
  /// The longest payload of one record.
  package static let maximumPayload = 64 << 20
  /// The longest transaction.
  package static let maximumTransaction = 256 << 20
  /// The largest file that is written or read: readers hold a log in memory.
  package static let maximumFileSize = 512 << 20
  /// The longest command name in a BEGIN.
  package static let maximumCommandLength = 128
  /// Bytes of a whole COMMIT record.
  static let commitLength = 56
  /// Bytes of a whole SEAL record.
  package static let sealLength = 64
  /// Zeros behind a seal that is not durable yet.
  static let sealMargin = 8
  /// The longest file that holds no transaction, unless zeros were written ahead: the shortest transaction is longer
  /// than a seal with its margin.
  package static let longestWithoutRecords = UInt64(headerLength + sealLength + sealMargin)
  /// Fixed bytes of a BEGIN payload.
  static let beginPayload = 24
  /// Fixed bytes of a PUT payload.
  static let putPayload = 24
  /// Fixed bytes of a DELETE payload.
  static let deletePayload = 8

  /// The next multiple of 8.
  static func padded(_ length: Int) -> Int { (length + 7) & ~7 }
}

/// What a record says.
enum LogRecordType: UInt8 {
  case begin = 1
  case put = 2
  case delete = 3
  case commit = 5
  case seal = 7
}

/// The first 512 bytes of a log.
package struct LogHeader: Equatable, Sendable {
  /// The log's number, at least 1.
  package var number: UInt64
  /// LSN of the log's first record, at least 1.
  package var firstLSN: UInt64
  /// Random; makes records of other logs invalid in this one.
  package var salt: UInt64
  /// The manifest version that the log was made for.
  package var manifestVersion: UInt64
  /// Chain CRC at `previousEnd` of the log before this one; 0 for the first.
  package var previousChain: UInt32
  /// Where the valid part of the log before this one ends; 0 for the first.
  package var previousEnd: UInt64
  /// What a program must know to use the log.
  package var features: FeatureBits

  /// What the first record's CRC is chained to.
  package var seedChain: UInt32 { unsafe withUnsafeBytes(of: salt.littleEndian) { unsafe crc32c($0) } }

  /// The 512 bytes.
  package func encode(collection: UUID16) -> [UInt8] {
    var writer = ByteWriter(capacity: LogFormat.headerLength)
    writer.append(
      FilePrefix(
        kind: .log, features: features, collection: collection, headerLength: UInt32(LogFormat.headerLength)
      ).encode())
    writer.append(number)
    writer.append(firstLSN)
    writer.append(salt)
    writer.append(manifestVersion)
    writer.append(previousChain)
    writer.append(UInt32(0))
    writer.append(previousEnd)
    writer.pad(to: LogFormat.headerLength - 4)
    writer.append(writer.checksum())
    return writer.bytes
  }

  /// Reads and checks the header in a log's first bytes.
  ///
  /// - Throws: `.corruption`, `.unsupported`.
  package static func decode(
    _ bytes: [UInt8], path: String, number: UInt64, collection: UUID16
  ) throws(StorageError) -> LogHeader {
    func damage(_ offset: Int, _ expected: String, _ found: String) -> StorageError {
      .corruption(
        CorruptionError(
          path: path, section: "header", offset: UInt64(offset), expected: expected, found: found))
    }
    let length = LogFormat.headerLength
    let prefix = try FilePrefix.decode(
      bytes: [UInt8](bytes.prefix(FilePrefix.byteCount)), path: path, kind: .log, collection: collection,
      fileSize: UInt64(bytes.count))
    guard prefix.headerLength == UInt32(length), bytes.count >= length else {
      throw damage(56, "a header of \(length) bytes", "\(prefix.headerLength) in \(bytes.count) bytes")
    }
    let stored = bytes.littleEndian(at: length - 4, as: UInt32.self)
    let computed = crc32c([UInt8](bytes.prefix(length - 4)))
    guard stored == computed else {
      throw damage(0, "CRC-32C \(hexadecimal(stored))", "CRC-32C \(hexadecimal(computed))")
    }
    let header = LogHeader(
      number: bytes.littleEndian(at: 64, as: UInt64.self),
      firstLSN: bytes.littleEndian(at: 72, as: UInt64.self),
      salt: bytes.littleEndian(at: 80, as: UInt64.self),
      manifestVersion: bytes.littleEndian(at: 88, as: UInt64.self),
      previousChain: bytes.littleEndian(at: 96, as: UInt32.self),
      previousEnd: bytes.littleEndian(at: 104, as: UInt64.self), features: prefix.features)
    guard header.number == number else {
      throw damage(64, "log \(number), as the file's name says", "\(header.number)")
    }
    guard header.firstLSN >= 1, header.firstLSN <= ManifestLimits.number else {
      throw damage(72, "a first LSN from 1 to 2^63 - 1", "\(header.firstLSN)")
    }
    guard bytes[100..<104].allSatisfy({ $0 == 0 }), bytes[112..<(length - 4)].allSatisfy({ $0 == 0 }) else {
      throw damage(100, "zero bytes", "other bytes")
    }
    return header
  }
}
