/// The record that ends a log that was closed in order.
struct LogSeal: Equatable {
  var end: UInt64
  var lastLSN: UInt64
  var chain: UInt32
  var nanoseconds: Int64
  var salt: UInt64

  init(end: UInt64, lastLSN: UInt64, chain: UInt32, nanoseconds: Int64, salt: UInt64) {
    self.end = end
    self.lastLSN = lastLSN
    self.chain = chain
    self.nanoseconds = nanoseconds
    self.salt = salt
  }

  /// The whole record.
  func encode() -> [UInt8] {
    var writer = ByteWriter(capacity: LogFormat.sealLength)
    // The previous CRC stands where the record's own will, see `LogBatch.finish`.
    writer.append(chain)
    writer.append(UInt32(LogFormat.sealLength - LogFormat.recordHeaderLength))
    writer.append(lastLSN + 1)
    writer.append(UInt64(LogRecordType.seal.rawValue))
    writer.append(end)
    writer.append(lastLSN)
    writer.append(chain)
    writer.append(UInt32(0))
    writer.append(nanoseconds)
    writer.append(salt)
    writer.overwrite(writer.checksum(), at: 0)
    return writer.bytes
  }

  /// The seal in a file's last 64 bytes, if they are one.
  ///
  /// Whether what stands before is whole is not looked at: the seal
  /// holds the chain CRC that it is chained to.
  init?(endOf bytes: [UInt8], salt: UInt64) {
    self.init(in: bytes, at: bytes.count - LogFormat.sealLength, salt: salt)
  }

  /// The seal at `start`, if there is one and nothing but zeros follows.
  init?(in bytes: [UInt8], at start: Int, salt: UInt64) {
    guard start >= LogFormat.headerLength, start <= bytes.count - LogFormat.sealLength else { return nil }
    let (seal, rest) = (
      bytes[start..<(start + LogFormat.sealLength)], bytes[(start + LogFormat.sealLength)...]
    )
    self.init(
      end: bytes.littleEndian(at: start + 24, as: UInt64.self),
      lastLSN: bytes.littleEndian(at: start + 32, as: UInt64.self),
      chain: bytes.littleEndian(at: start + 40, as: UInt32.self),
      nanoseconds: bytes.littleEndian(at: start + 48, as: Int64.self), salt: salt)
    guard end == UInt64(start), lastLSN < ManifestLimits.number, encode().elementsEqual(seal),
      rest.allSatisfy({ $0 == 0 })
    else { return nil }
  }
}
