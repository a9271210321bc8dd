// The first 64 bytes of every file of a collection. Numbers are little-endian.
//
//  offset  size  field
//       0     8  89 56 44 42 0D 0A 1A 0A: shows copies in text mode, with 7 bits, or cut short
//       8     4  kind: IDNT MANI WALG SEGM DELT INDX
//      12     2  format major: another one is refused
//      14     2  format minor: informative
//      16     8  incompatible feature bits
//      24     8  read-only compatible feature bits
//      32     8  compatible feature bits
//      40    16  UUID of the collection
//      56     4  header length: a multiple of 64, at most 65,536
//      60     4  CRC-32C of bytes 0...59

/// The first 64 bytes of every file: what it is, which program may read it, and to which collection it belongs.
package struct FilePrefix: Equatable, Sendable {
  /// Bytes that the prefix takes.
  package static let byteCount = 64
  /// The first eight bytes of every file.
  package static let magic: [UInt8] = [0x89, 0x56, 0x44, 0x42, 0x0D, 0x0A, 0x1A, 0x0A]
  /// The only format that this program reads.
  package static let currentMajor: UInt16 = 1
  /// What this program writes as the minor number.
  package static let currentMinor: UInt16 = 0
  /// The longest header.
  package static let maximumHeaderLength: UInt32 = 65_536

  /// What the file is.
  package let kind: FileKind
  /// The format's major number.
  package let major: UInt16
  /// The format's minor number.
  package let minor: UInt16
  /// What a program must know to use the file.
  package let features: FeatureBits
  /// The collection that the file belongs to.
  package let collection: UUID16
  /// Bytes of the file's header, this prefix included.
  package let headerLength: UInt32

  /// Makes a prefix of the current format.
  ///
  /// Precondition: `headerLength` is a multiple of 64 up to 65,536.
  package init(
    kind: FileKind, features: FeatureBits, collection: UUID16, headerLength: UInt32,
    major: UInt16 = currentMajor, minor: UInt16 = currentMinor
  ) {
    precondition(FilePrefix.isPossible(headerLength))
    self.kind = kind
    self.major = major
    self.minor = minor
    self.features = features
    self.collection = collection
    self.headerLength = headerLength
  }

  private static func isPossible(_ headerLength: UInt32) -> Bool {
    headerLength >= 64 && headerLength <= maximumHeaderLength && headerLength % 64 == 0
  }

  /// The 64 bytes.
  package func encode() -> [UInt8] {
    var writer = ByteWriter(capacity: FilePrefix.byteCount)
    writer.append(FilePrefix.magic)
    writer.append(kind.rawValue)
    writer.append(major)
    writer.append(minor)
    writer.append(features.incompat)
    writer.append(features.readOnlyCompat)
    writer.append(features.compat)
    writer.append(collection)
    writer.append(headerLength)
    writer.append(writer.checksum())
    return writer.bytes
  }

  /// What is known of the program that wrote the file, for messages.
  package var formatName: String { "format \(major).\(minor)" }

  /// Reads and checks a prefix.
  ///
  /// - Parameters:
  ///   - bytes: The file's first bytes, at least 64 if the file has them.
  ///   - path: The file, for messages.
  ///   - kind: What the file must be.
  ///   - collection: The collection that it must belong to; nil takes any.
  ///   - fileSize: Bytes of the file, to bound the header.
  /// - Returns: The prefix.
  /// - Throws: `.corruption` for damage, another kind or another collection; `.unsupported` for another major
  ///   number or unknown incompatible feature bits.
  package static func decode(
    bytes: [UInt8], path: String, kind: FileKind, collection: UUID16?, fileSize: UInt64
  ) throws(StorageError) -> FilePrefix {
    func damage(_ offset: UInt64, _ expected: String, _ found: String) -> StorageError {
      .corruption(
        CorruptionError(path: path, section: "prefix", offset: offset, expected: expected, found: found))
    }
    guard bytes.count >= byteCount else {
      throw damage(UInt64(bytes.count), "a file of at least \(byteCount) bytes", "\(bytes.count) bytes")
    }
    guard bytes.prefix(8).elementsEqual(magic) else {
      throw damage(0, "the first bytes of a vdb file", hexadecimal(bytes: bytes.prefix(8)))
    }
    let stored = bytes.littleEndian(at: 60, as: UInt32.self)
    let computed = crc32c([UInt8](bytes.prefix(60)))
    guard stored == computed else {
      throw damage(0, "CRC-32C \(hexadecimal(stored))", "CRC-32C \(hexadecimal(computed))")
    }
    let major = bytes.littleEndian(at: 12, as: UInt16.self)
    let minor = bytes.littleEndian(at: 14, as: UInt16.self)
    let formatName = "format \(major).\(minor)"
    guard major == currentMajor else {
      throw .unsupported(
        UnsupportedFormat(
          path: path, reason: .majorVersion(found: major, newest: currentMajor), writtenBy: formatName))
    }
    guard bytes.littleEndian(at: 8, as: UInt32.self) == kind.rawValue else {
      throw damage(8, "a file of kind \(kind.letters)", hexadecimal(bytes: bytes[8..<12]))
    }
    let features = FeatureBits(
      incompat: bytes.littleEndian(at: 16, as: UInt64.self),
      readOnlyCompat: bytes.littleEndian(at: 24, as: UInt64.self),
      compat: bytes.littleEndian(at: 32, as: UInt64.self))
    try features.check(path: path, forWriting: false, writtenBy: formatName)
    guard let owner = UUID16(bytes: [UInt8](bytes[40..<56])) else {
      throw damage(40, "a UUID", "other bytes")
    }
    if let collection, collection != owner {
      throw damage(40, "a file of collection \(collection)", "a file of collection \(owner)")
    }
    let headerLength = bytes.littleEndian(at: 56, as: UInt32.self)
    guard isPossible(headerLength), UInt64(headerLength) <= fileSize else {
      throw damage(
        56,
        "a header length that is a multiple of 64 and at most \(min(fileSize, UInt64(maximumHeaderLength)))",
        "\(headerLength)")
    }
    return FilePrefix(
      kind: kind, features: features, collection: owner, headerLength: headerLength, major: major,
      minor: minor)
  }
}

/// Two hex digits for each byte, for messages.
func hexadecimal(bytes: some Sequence<UInt8>) -> String {
  var text: [UInt8] = []
  for byte in bytes { appendHex(byte, to: &text) }
  return String(decoding: text, as: UTF8.self)
}
