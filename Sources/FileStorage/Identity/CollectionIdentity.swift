// The file `VDB`: 4,096 bytes, two identical copies of these 2,048. Numbers are little-endian.
//
//  offset  size  field
//       0    64  prefix, kind IDNT, header length 2,048
//      64     8  time of creation, nanoseconds since 1970, signed
//      72     4  dimensions of a vector, 1...65,536
//      76     1  element type: 0 f32, 1 f16, 3 i8, 4 u8, 5 bit
//      77     1  metric: 0 cosine, 1 dot product, 2 Euclidean, 3 sum of absolute differences, 4 Hamming; 4 for bits only
//      78     1  id type: 0 string, 1 64-bit integer, 2 UUID
//      79     1  zero
//      80    48  program that made the collection, UTF-8, zero padded
//     128  1916  zero
//    2044     4  CRC-32C of bytes 0...2043

/// What a collection is and stays: the file `VDB`, written once.
package struct CollectionIdentity: Equatable, Sendable {
  /// The file's name.
  package static let fileName = "VDB"
  /// Bytes of the file: two copies.
  package static let fileSize = 4096
  /// Bytes of one copy.
  package static let copySize = 2048
  /// The longest `creator`, in bytes.
  package static let maximumCreatorLength = 48
  /// The most numbers in a vector.
  package static let maximumDimension: UInt32 = 65_536

  /// Names the collection; every other file repeats it.
  package let uuid: UUID16
  /// Nanoseconds since 1970.
  package let createdNanoseconds: Int64
  /// Numbers in a vector, 1...65,536.
  package let dimension: UInt32
  /// 0 f32, 1 f16, 3 i8, 4 u8, 5 bit.
  package let elementType: UInt8
  /// 0 cosine, 1 dot product, 2 Euclidean, 3 sum of absolute differences, 4 Hamming.
  package let metric: UInt8
  /// 0 string, 1 64-bit integer, 2 UUID.
  package let idType: UInt8
  /// The program that made the collection, at most 48 bytes.
  package let creator: String
  /// What a program must know to use the collection.
  package let features: FeatureBits
  /// The minor number of the format that the file was written in.
  package let formatMinor: UInt16

  /// Makes an identity.
  ///
  /// The feature bits follow from the element type and the metric unless given. A longer `creator` is cut.
  package init(
    uuid: UUID16, createdNanoseconds: Int64, dimension: UInt32, elementType: UInt8, metric: UInt8,
    idType: UInt8,
    creator: String, features: FeatureBits? = nil, formatMinor: UInt16 = FilePrefix.currentMinor
  ) {
    self.uuid = uuid
    self.createdNanoseconds = createdNanoseconds
    self.dimension = dimension
    self.elementType = elementType
    self.metric = metric
    self.idType = idType
    self.creator = creator.cut(toBytes: CollectionIdentity.maximumCreatorLength)
    self.features = features ?? FeatureBits.required(elementType: elementType, metric: metric)
    self.formatMinor = formatMinor
  }

  /// The file's 4,096 bytes.
  package func encode() -> [UInt8] {
    var copy = ByteWriter(capacity: CollectionIdentity.copySize)
    let prefix = FilePrefix(
      kind: .identity, features: features, collection: uuid,
      headerLength: UInt32(CollectionIdentity.copySize),
      minor: formatMinor)
    copy.append(prefix.encode())
    copy.append(createdNanoseconds)
    copy.append(dimension)
    copy.append(elementType)
    copy.append(metric)
    copy.append(idType)
    copy.append(UInt8(0))
    copy.append(utf8: creator)
    copy.pad(to: CollectionIdentity.copySize - 4)
    copy.append(copy.checksum())
    return copy.bytes + copy.bytes
  }

  /// The SHA-256 of the file as it was written; every manifest repeats it.
  package var hash: Digest256 { SHA256.digest(of: encode()) }

  /// Reads the file.
  ///
  /// - Returns: The identity, and how many of the two copies are as written. One is enough to use the collection;
  ///   fewer than two is worth a notice.
  /// - Throws: `.corruption` when no copy is intact or the two contradict each other, `.unsupported`.
  package static func decode(
    _ bytes: [UInt8], path: String
  ) throws(StorageError) -> (identity: CollectionIdentity, intactCopies: Int) {
    var found: [CollectionIdentity] = []
    var failures: [StorageError] = []
    for start in [0, copySize] {
      let end = min(start + copySize, bytes.count)
      let copy = start < end ? [UInt8](bytes[start..<end]) : []
      do throws(StorageError) {
        found.append(try decodeCopy(copy, path: path, at: UInt64(start)))
      } catch {
        failures.append(error)
      }
    }
    guard let identity = found.first else {
      // That the format is unknown says more than that the other copy is damaged.
      for case .unsupported(let unsupported) in failures { throw .unsupported(unsupported) }
      throw failures.first
        ?? damage(path, 0, "an identity", "\(bytes.count) bytes")
    }
    if let other = found.last, other != identity {
      throw damage(path, UInt64(copySize), "two equal copies", "two intact copies that differ")
    }
    return (identity, bytes.count == fileSize ? found.count : min(found.count, 1))
  }

  private static func damage(
    _ path: String, _ offset: UInt64, _ expected: String, _ found: String
  ) -> StorageError {
    .corruption(
      CorruptionError(path: path, section: "identity", offset: offset, expected: expected, found: found))
  }

  private static func decodeCopy(
    _ copy: [UInt8], path: String, at start: UInt64
  ) throws(StorageError) -> CollectionIdentity {
    let prefix = try FilePrefix.decode(
      bytes: copy, path: path, kind: .identity, collection: nil, fileSize: UInt64(fileSize))
    guard copy.count == copySize, prefix.headerLength == UInt32(copySize) else {
      throw damage(path, start + UInt64(copy.count), "a copy of \(copySize) bytes", "\(copy.count) bytes")
    }
    let stored = copy.littleEndian(at: copySize - 4, as: UInt32.self)
    let computed = crc32c([UInt8](copy.prefix(copySize - 4)))
    guard stored == computed else {
      throw damage(path, start, "CRC-32C \(hexadecimal(stored))", "CRC-32C \(hexadecimal(computed))")
    }
    let dimension = copy.littleEndian(at: 72, as: UInt32.self)
    guard dimension >= 1, dimension <= maximumDimension else {
      throw damage(path, start + 72, "1 to \(maximumDimension) dimensions", "\(dimension)")
    }
    let (elementType, metric, idType) = (copy[76], copy[77], copy[78])
    guard elementType <= 5, elementType != 2,
      FeatureBits.required(elementType: elementType, metric: 0).incompat & ~prefix.features.incompat == 0
    else {
      throw damage(path, start + 76, "an element type with its feature bit", "\(elementType)")
    }
    guard metric <= 4, (metric == 4) == (elementType == 5),
      FeatureBits.required(elementType: 0, metric: metric).incompat & ~prefix.features.incompat == 0
    else {
      throw damage(path, start + 77, "a metric of the element type with its feature bit", "\(metric)")
    }
    guard idType <= 2 else { throw damage(path, start + 78, "an id type 0 to 2", "\(idType)") }
    let name = copy[80..<128].prefix { $0 != 0 }
    guard let creator = String(validating: name, as: UTF8.self) else {
      throw damage(path, start + 80, "UTF-8 text", "other bytes")
    }
    guard copy[79] == 0, copy[(80 + name.count)..<(copySize - 4)].allSatisfy({ $0 == 0 }) else {
      throw damage(path, start + 79, "zero bytes", "other bytes")
    }
    return CollectionIdentity(
      uuid: prefix.collection, createdNanoseconds: copy.littleEndian(at: 64, as: Int64.self),
      dimension: dimension,
      elementType: elementType, metric: metric, idType: idType, creator: creator, features: prefix.features,
      formatMinor: prefix.minor)
  }
}

extension String {
  /// The longest beginning that has at most `limit` bytes of UTF-8 and no zero byte, cut between characters.
  func cut(toBytes limit: Int) -> String {
    var result = ""
    var used = 0
    for character in self {
      let size = character.utf8.count
      guard used + size <= limit, !character.utf8.contains(0) else { break }
      result.append(character)
      used += size
    }
    return result
  }
}
