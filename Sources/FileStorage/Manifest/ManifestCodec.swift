// A version of a collection, `manifest/%016x.vman`. Numbers are little-endian.
//
//  offset  size  field
//       0    64  prefix, kind MANI, header length 256; its feature bits are those of all files together
//      64     8  version, equal to the file's name
//      72     8  parent version, lower; 0 for the first
//      80    32  SHA-256 of the parent, its last 32 bytes; zero for the first
//     112     8  time, nanoseconds since 1970, signed
//     120     8  body length n, at most 64 MiB
//     128     8  first LSN that stands in logs
//     136     8  lowest number of a log that is needed
//     144     8  last LSN committed
//     152     4  CRC-32C of the body
//     156     4  flags: 1 restore, 2 repair, 4 upgrade
//     160    92  zero
//     252     4  CRC-32C of bytes 0...251
//     256     n  body: canonical JSON, see ManifestBody; zeros to a multiple of 64
//  256+n'    32  SHA-256 of all bytes before: the root hash of the collection at this version

/// Turns a manifest into the bytes of its file and back.
package enum ManifestCodec {
  /// Bytes of the header.
  package static let headerLength = 256
  /// The largest file.
  package static let maximumFileSize = headerLength + ManifestLimits.bodyBytes + trailerLength
  static let trailerLength = 32
  static let knownFlags: UInt32 = 7

  private static func padded(_ bodyLength: Int) -> Int { (bodyLength + 63) & ~63 }

  /// The file's bytes and the root hash, which is also their end.
  ///
  /// - Parameters:
  ///   - manifest: The version; its `hash` is not looked at.
  ///   - collection: The collection's UUID.
  /// - Returns: The bytes and their hash.
  package static func encode(_ manifest: Manifest, collection: UUID16) -> ([UInt8], Digest256) {
    let body = ManifestBody.encode(manifest)
    var file = ByteWriter(capacity: headerLength + padded(body.count) + trailerLength)
    file.append(
      FilePrefix(
        kind: .manifest, features: manifest.features, collection: collection,
        headerLength: UInt32(headerLength)
      ).encode())
    file.append(manifest.version)
    file.append(manifest.parentVersion)
    file.append(manifest.parentHash)
    file.append(manifest.nanoseconds)
    file.append(UInt64(body.count))
    file.append(manifest.walStartLSN)
    file.append(manifest.firstLog)
    file.append(manifest.lastLSN)
    file.append(crc32c(body))
    file.append(manifest.flags)
    file.pad(to: headerLength - 4)
    file.append(file.checksum())
    file.append(body)
    file.pad(to: headerLength + padded(body.count))
    let hash = SHA256.digest(of: file.bytes)
    file.append(hash)
    return (file.bytes, hash)
  }

  /// Reads and checks a manifest: every byte is covered by a checksum, every number is within its range.
  ///
  /// - Parameters:
  ///   - bytes: The whole file.
  ///   - path: The file, for messages.
  ///   - collection: The collection that it must belong to.
  /// - Returns: The version with its hash.
  /// - Throws: `.corruption`, `.unsupported`.
  package static func decode(
    _ bytes: [UInt8], path: String, collection: UUID16
  ) throws(StorageError) -> Manifest {
    func damage(_ section: String, _ offset: Int, _ expected: String, _ found: String) -> StorageError {
      .corruption(
        CorruptionError(
          path: path, section: section, offset: UInt64(offset), expected: expected, found: found))
    }
    let prefix = try FilePrefix.decode(
      bytes: [UInt8](bytes.prefix(FilePrefix.byteCount)), path: path, kind: .manifest, collection: collection,
      fileSize: UInt64(bytes.count))
    guard prefix.headerLength == UInt32(headerLength), bytes.count >= headerLength + trailerLength else {
      throw damage("header", 56, "a header of \(headerLength) bytes and a hash", "\(bytes.count) bytes")
    }
    let headerCRC = bytes.littleEndian(at: headerLength - 4, as: UInt32.self)
    let computedHeaderCRC = crc32c([UInt8](bytes.prefix(headerLength - 4)))
    guard headerCRC == computedHeaderCRC else {
      throw damage(
        "header", 0, "CRC-32C \(hexadecimal(headerCRC))", "CRC-32C \(hexadecimal(computedHeaderCRC))")
    }
    guard let bodyLength = Int(exactly: bytes.littleEndian(at: 120, as: UInt64.self)),
      bodyLength <= ManifestLimits.bodyBytes, bytes.count == headerLength + padded(bodyLength) + trailerLength
    else {
      throw damage("header", 120, "a file that the body's length fits", "\(bytes.count) bytes")
    }
    let bodyEnd = headerLength + bodyLength
    let trailer = bytes.count - trailerLength
    guard let hash = Digest256(bytes: [UInt8](bytes[trailer...])) else {
      throw damage("hash", trailer, "32 bytes", "fewer")
    }
    let body = [UInt8](bytes[headerLength..<bodyEnd])
    let bodyCRC = bytes.littleEndian(at: 152, as: UInt32.self)
    let computedCRC = crc32c(body)
    guard bodyCRC == computedCRC else {
      throw damage(
        "body", headerLength, "CRC-32C \(hexadecimal(bodyCRC))", "CRC-32C \(hexadecimal(computedCRC))")
    }
    let computed = unsafe bytes.withUnsafeBytes {
      unsafe SHA256.digest(of: UnsafeRawBufferPointer(rebasing: $0[..<trailer]))
    }
    guard computed == hash else {
      throw damage("hash", trailer, "SHA-256 \(hash.hex)", "SHA-256 \(computed.hex)")
    }
    guard bytes[160..<(headerLength - 4)].allSatisfy({ $0 == 0 }),
      bytes[bodyEnd..<trailer].allSatisfy({ $0 == 0 })
    else { throw damage("header", 160, "zero bytes where nothing is stored", "other bytes") }

    var manifest = try header(bytes, prefix, damage)
    manifest.hash = hash
    var text = CanonicalTextReader(body[...], path: path, fileOffset: UInt64(headerLength))
    try ManifestBody.decode(&text, into: &manifest)
    try ManifestRules.check(manifest, path: path)
    return manifest
  }

  private static func header(
    _ bytes: [UInt8], _ prefix: FilePrefix, _ damage: (String, Int, String, String) -> StorageError
  ) throws(StorageError) -> Manifest {
    func number(_ offset: Int, _ name: String) throws(StorageError) -> UInt64 {
      let value = bytes.littleEndian(at: offset, as: UInt64.self)
      guard value <= ManifestLimits.number else {
        throw damage("header", offset, "\(name) below 2^63", "\(value)")
      }
      return value
    }
    guard let parentHash = Digest256(bytes: [UInt8](bytes[80..<112])) else {
      throw damage("header", 80, "32 bytes", "fewer")
    }
    let identity = CollectionIdentity(
      uuid: prefix.collection, createdNanoseconds: 0, dimension: 1, elementType: 0, metric: 0, idType: 0,
      creator: "")
    var manifest = Manifest(firstVersionOf: identity, identityHash: .zero)
    manifest.features = prefix.features
    manifest.version = try number(64, "version")
    manifest.parentVersion = try number(72, "parent version")
    manifest.parentHash = parentHash
    manifest.nanoseconds = bytes.littleEndian(at: 112, as: Int64.self)
    manifest.walStartLSN = try number(128, "first LSN")
    manifest.firstLog = try number(136, "number of the first log")
    manifest.lastLSN = try number(144, "last LSN")
    manifest.flags = bytes.littleEndian(at: 156, as: UInt32.self)
    return manifest
  }
}

/// What must hold between the fields of a manifest.
enum ManifestRules {
  /// - Throws: `.corruption` that names the first rule broken.
  static func check(_ manifest: Manifest, path: String) throws(StorageError) {
    func require(
      _ condition: Bool, _ section: String, _ expected: @autoclosure () -> String,
      _ found: @autoclosure () -> String
    ) throws(StorageError) {
      guard !condition else { return }
      throw .corruption(
        CorruptionError(path: path, section: section, offset: nil, expected: expected(), found: found()))
    }
    let m = manifest
    try require(m.version >= 1, "header", "a version from 1 on", "0")
    try require(m.parentVersion < m.version, "header", "a parent below \(m.version)", "\(m.parentVersion)")
    try require(
      m.parentVersion != 0 || m.parentHash == .zero, "header", "no parent hash without a parent",
      m.parentHash.hex)
    try require(m.walStartLSN >= 1, "header", "a first LSN from 1 on", "0")
    try require(
      m.lastLSN >= m.walStartLSN - 1, "header", "a last LSN of at least \(m.walStartLSN - 1)", "\(m.lastLSN)")
    try require(
      m.firstLog >= 1 && m.firstLog <= m.nextNumber, "header", "a first log from 1 to \(m.nextNumber)",
      "\(m.firstLog)")
    try require(m.flags & ~ManifestCodec.knownFlags == 0, "header", "flags 0 to 7", "\(m.flags)")
    var numbers: Set<UInt64> = []
    var live: UInt64 = 0
    var rows: UInt64 = 0
    for segment in m.segments {
      try require(
        segment.number < m.nextNumber && numbers.insert(segment.number).inserted, "segments",
        "different numbers below \(m.nextNumber)", "segment \(segment.number)")
      try require(
        segment.maxLSN < m.walStartLSN, "segments",
        "rows older than LSN \(m.walStartLSN) in segment \(segment.number)",
        "LSN \(segment.maxLSN)")
      // At most 10^6 segments of fewer than 2^32 rows: below 2^52.
      live += segment.live
      rows += segment.rows
    }
    try require(live == m.liveRows, "segments", "\(m.liveRows) live rows in all", "\(live)")
    try require(rows == m.totalRows, "segments", "\(m.totalRows) rows in all", "\(rows)")
    var kinds: Set<String> = []
    var indexNumbers: Set<UInt64> = []
    for index in m.indexes {
      try require(
        index.number < m.nextNumber && indexNumbers.insert(index.number).inserted
          && !numbers.contains(index.number),
        "indexes", "different numbers below \(m.nextNumber)", "index \(index.number)")
      try require(
        numbers.contains(index.segment), "indexes", "an index of a segment listed", "of \(index.segment)")
      try require(
        kinds.insert("\(index.segment) \(index.kind)").inserted, "indexes",
        "one index of a kind for a segment",
        "two of kind \(index.kind) for segment \(index.segment)")
    }
  }
}
