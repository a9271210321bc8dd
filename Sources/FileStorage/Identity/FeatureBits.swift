/// What a file is: four letters, stored in this order.
package enum FileKind: UInt32, Sendable, CaseIterable {
  /// `IDNT`, the file `VDB`.
  case identity = 0x544E_4449
  /// `MANI`, a version of the collection.
  case manifest = 0x494E_414D
  /// `WALG`, a write-ahead log.
  case log = 0x474C_4157
  /// `SEGM`, an immutable segment of rows.
  case segment = 0x4D47_4553
  /// `DELT`, the deleted rows of a segment.
  case deletion = 0x544C_4544
  /// `INDX`, an index derived from a segment.
  case index = 0x5844_4E49

  /// The four letters.
  package var letters: String {
    var text: [UInt8] = []
    text.appendLittleEndian(rawValue)
    return String(decoding: text, as: UTF8.self)
  }
}

/// What a program must know to read or write a file, one bit each.
///
/// | class | bit | meaning |
/// |---|---|---|
/// | incompatible | 0 | 16-bit float vectors |
/// | | 1 | bfloat16 vectors (reserved) |
/// | | 2 | 8-bit integer vectors |
/// | | 3 | bit vectors, measured by Hamming distance |
/// | | 4 | compressed metadata (reserved) |
/// | | 5 | encrypted pages (reserved) |
/// | | 6 | several vectors a row (reserved) |
/// | | 7 | sparse vectors (reserved) |
/// | | 8 | distances measured by the sum of absolute differences |
/// | read-only compatible | 0 | payload index files (reserved) |
/// | | 1 | list of idempotency keys (reserved) |
/// | | 2 | a schema that records must obey |
/// | compatible | 0 | parity blocks (reserved) |
/// | | 1 | calibration tables (reserved) |
package struct FeatureBits: Equatable, Sendable {
  /// A program that does not know one of these must not read the file.
  package var incompat: UInt64
  /// A program that does not know one of these may read but must not write.
  package var readOnlyCompat: UInt64
  /// A program that does not know one of these may ignore it.
  package var compat: UInt64

  /// Makes a set of bits; none by default.
  package init(incompat: UInt64 = 0, readOnlyCompat: UInt64 = 0, compat: UInt64 = 0) {
    self.incompat = incompat
    self.readOnlyCompat = readOnlyCompat
    self.compat = compat
  }

  /// The bit of 16-bit float vectors among `incompat`.
  package static let halfVectors: UInt64 = 1 << 0
  /// The bit of 8-bit integer vectors among `incompat`.
  package static let byteVectors: UInt64 = 1 << 2
  /// The bit of vectors of bits among `incompat`.
  package static let bitVectors: UInt64 = 1 << 3
  /// The bit of the l1 metric among `incompat`.
  package static let absoluteDifferences: UInt64 = 1 << 8

  /// The bit of a schema among `readOnlyCompat`: a program that does not check it must not write.
  package static let schema: UInt64 = 4

  /// What this program reads and writes.
  package static let known = FeatureBits(
    incompat: halfVectors | byteVectors | bitVectors | absoluteDifferences, readOnlyCompat: schema)

  /// The bits that an element type and a metric, as their codes in files, demand.
  package static func required(elementType: UInt8, metric: UInt8) -> FeatureBits {
    let ofElement: UInt64 =
      switch elementType {
      case 1: halfVectors
      case 3, 4: byteVectors
      case 5: bitVectors
      default: 0
      }
    return FeatureBits(incompat: ofElement | (metric == 3 ? absoluteDifferences : 0))
  }

  /// The bits of both: what a program must know to use two files.
  package func union(_ other: FeatureBits) -> FeatureBits {
    FeatureBits(
      incompat: incompat | other.incompat, readOnlyCompat: readOnlyCompat | other.readOnlyCompat,
      compat: compat | other.compat)
  }

  /// Refuses what this program does not know.
  ///
  /// - Parameters:
  ///   - path: The file that holds the bits, for the message.
  ///   - forWriting: Also refuses bits that allow reading only.
  ///   - writtenBy: What is known of the program that can read it, for the message.
  /// - Throws: `.unsupported`.
  package func check(path: String, forWriting: Bool, writtenBy: String? = nil) throws(StorageError) {
    let unreadable = incompat & ~FeatureBits.known.incompat
    guard unreadable == 0 else {
      throw .unsupported(
        UnsupportedFormat(path: path, reason: .readerFeatures(unknown: unreadable), writtenBy: writtenBy))
    }
    let unwritable = readOnlyCompat & ~FeatureBits.known.readOnlyCompat
    guard !forWriting || unwritable == 0 else {
      throw .unsupported(
        UnsupportedFormat(path: path, reason: .writerFeatures(unknown: unwritable), writtenBy: writtenBy))
    }
  }

  /// What reserved bits mean, for messages; the position of the others.
  static func names(ofReader bits: UInt64) -> String {
    names(
      bits,
      [
        "16-bit float vectors", "bfloat16 vectors", "8-bit integer vectors", "bit vectors",
        "compressed metadata",
        "encrypted pages", "several vectors a row", "sparse vectors", "the l1 metric",
      ])
  }

  /// What reserved bits mean, for messages; the position of the others.
  static func names(ofWriter bits: UInt64) -> String {
    names(bits, ["payload index files", "a list of idempotency keys", "a schema"])
  }

  private static func names(_ bits: UInt64, _ known: [String]) -> String {
    (0..<64).filter { bits >> UInt64($0) & 1 == 1 }
      .map { $0 < known.count ? known[$0] : "feature bit \($0)" }
      .joined(separator: ", ")
  }
}
