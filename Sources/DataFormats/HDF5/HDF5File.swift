// The superblock, at the start of the file:
//
//   offset  size  meaning
//   0       8     89 "HDF" 0d 0a 1a 0a
//   8       1     version: 0 to 3
//   versions 0 and 1:
//   13      1     bytes of an offset: 8
//   14      1     bytes of a length: 8
//   24|28   8     base address: 0
//   56|60   40    the root group's symbol: its object header is the second u64
//   versions 2 and 3:
//   9       1     bytes of an offset: 8
//   10      1     bytes of a length: 8
//   12      8     base address: 0
//   36      8     the root group's object header
//   44      4     checksum, not verified
//
// - Source: HDF5 File Format Specification, version 3.0.

/// A data set of numbers that lies in one piece.
package struct HDF5Dataset: Sendable {
  /// Its name in the root group.
  package let name: String
  /// Its sizes, the slowest first.
  package let shape: [UInt64]
  /// What each number is.
  let element: NPYElement
  /// Where the first number lies.
  let offset: UInt64
}

/// An HDF5 file as h5py writes it by default: the data sets of its root group and the texts attached to it.
///
/// Read are superblocks 0 to 3, groups with symbol tables or links in their header, and contiguous data sets of integers
/// and IEEE floats; anything else is refused. No structure can make it read outside the file or without end. Used by one
/// thread at a time.
package final class HDF5File {
  private let bytes: HDF5Bytes
  private let objects: [String: UInt64]
  /// Texts attached to the file, such as `distance`.
  package let attributes: [String: String]

  /// The first bytes of every file.
  package static let signature: [UInt8] = [0x89] + Array("HDF\r\n".utf8) + [0x1A, 10]

  /// Reads the superblock and the names in the root group.
  ///
  /// - Throws: `hdf5-structure` for a file that cannot be what it says, `unsupported-format` for what is not read.
  package init(_ source: any ByteSource) throws(FormatError) {
    bytes = try HDF5Bytes(source)
    let root = try HDF5Header(bytes, at: try HDF5File.rootHeader(bytes))
    objects = try HDF5Group(bytes, root).objects
    var attributes: [String: String] = [:]
    for message in root.messages where message.kind == .attribute {
      let attribute = try HDF5Attribute(bytes, message.body)
      attributes[attribute.name] = attribute.text
    }
    self.attributes = attributes
  }

  private static func rootHeader(_ bytes: HDF5Bytes) throws(FormatError) -> UInt64 {
    var block = try bytes.part("superblock", at: 0, count: min(bytes.size, 104))
    guard try block.take(8).elementsEqual(signature) else {
      // The file may begin with data of others, behind which the superblock stands at 512 or a power of two above.
      var place: UInt64 = 512
      while place < bytes.size - min(bytes.size, 8), place <= 1 << 32 {
        if try bytes.read(at: place, count: 8).elementsEqual(signature) {
          throw bytes.unsupported("superblock", "a block of user data before the file")
        }
        place *= 2
      }
      throw bytes.damage("superblock", at: 0, "the signature of an HDF5 file", "other bytes")
    }
    let version = try block.byte()
    guard version <= 3 else { throw bytes.unsupported("superblock", "version \(version)") }
    if version < 2 { try block.skip(4) }
    let (offset, length) = (try block.byte(), try block.byte())
    guard offset == 8, length == 8 else {
      throw bytes.unsupported("superblock", "offsets of \(offset) and lengths of \(length) bytes")
    }
    try block.skip(version < 2 ? (version == 0 ? 9 : 13) : 1)
    let base = try block.number(8)
    guard base == 0 else { throw bytes.unsupported("superblock", "a block of user data before the file") }
    try block.skip(version < 2 ? 32 : 16)
    return try block.number(8)
  }

  /// The names of all objects in the root group, sorted.
  package var names: [String] { objects.keys.sorted() }

  /// The data set of a name; nil when there is none.
  ///
  /// - Throws: `unsupported-format` for one that is compressed, in chunks, or not of numbers.
  package func dataset(_ name: String) throws(FormatError) -> HDF5Dataset? {
    guard let place = objects[name] else { return nil }
    let header = try HDF5Header(bytes, at: place)
    guard let space = header.first(.dataspace), let type = header.first(.datatype),
      var layout = header.first(.layout)
    else { throw bytes.unsupported(name, "an object that is no data set") }
    if header.first(.filters) != nil { throw bytes.unsupported(name, "a compressed data set") }
    let shape = try HDF5Dataspace.shape(space)
    let element: NPYElement
    switch try HDF5Datatype(type) {
    case .number(let found): element = found
    case .text, .longText: throw bytes.unsupported(name, "a data set of texts")
    case .other(let what): throw bytes.unsupported(name, "a data set of \(what)")
    }
    let version = try layout.byte()
    let kind = try layout.byte()
    guard version == 3 || version == 4 else {
      throw bytes.unsupported(name, "a layout of version \(version)")
    }
    guard kind == 1 else {
      throw bytes.unsupported(name, kind == 0 ? "a compact data set" : "a data set in chunks")
    }
    let offset = try layout.number(8)
    let size = try layout.number(8)
    var count: UInt64 = UInt64(element.size)
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw bytes.damage(name, at: offset, "a data set that fits a file", "\(shape)") }
      count = product
    }
    if count == 0 { return HDF5Dataset(name: name, shape: shape, element: element, offset: 0) }
    let (end, overflow) = offset.addingReportingOverflow(count)
    guard !overflow, end <= bytes.size, size >= count else {
      throw bytes.damage(
        name, at: offset == .max ? 0 : offset, "\(count) bytes of data",
        offset == .max ? "none" : "\(size) bytes, in a file of \(bytes.size)")
    }
    return HDF5Dataset(name: name, shape: shape, element: element, offset: offset)
  }

  /// The numbers of some rows of a data set of two dimensions, as integers.
  ///
  /// Precondition: the rows are in the data set.
  /// - Throws: `unsupported-format` for a data set of floats, `hdf5-structure` for a number beyond int64.
  package func integers(_ dataset: HDF5Dataset, rows: Range<UInt64>) throws(FormatError) -> [Int64] {
    guard dataset.shape.count == 2, let width = Int(exactly: dataset.shape[1]),
      dataset.element.kind != .float
    else { throw bytes.unsupported(dataset.name, "a data set that is no table of whole numbers") }
    precondition(rows.upperBound <= dataset.shape[0], "the rows must exist")
    let rowBytes = UInt64(width * dataset.element.size)
    let raw = try bytes.read(
      at: dataset.offset + rows.lowerBound * rowBytes, count: rows.count * Int(rowBytes))
    var result: [Int64] = []
    result.reserveCapacity(rows.count * width)
    for place in 0..<rows.count * width {
      guard let number = unsafe raw.withUnsafeBytes({ unsafe dataset.element.integer($0, at: place) }) else {
        throw bytes.damage(dataset.name, at: dataset.offset, "numbers within int64", "a greater one")
      }
      result.append(number)
    }
    return result
  }

  /// Begins to read a data set of two dimensions as records: rows of vectors.
  ///
  /// - Throws: `unsupported-format` for other shapes, and what the options do not allow.
  package func records(_ dataset: HDF5Dataset, options: ReadOptions) throws(FormatError) -> any RecordReader {
    guard dataset.shape.count == 2, let width = Int(exactly: dataset.shape[1]), width > 0, width <= 1 << 24
    else {
      throw bytes.unsupported(dataset.name, "a data set of shape \(NPYRows.spell(dataset.shape))")
    }
    let rows = HDF5Rows(bytes, dataset, dimension: width)
    return try BareVectorReader(rows: rows, source: bytes.source, options: options)
  }
}

/// The rows of a data set of two dimensions.
final class HDF5Rows: VectorRows {
  let dimension: Int
  private let count: UInt64
  private let file: HDF5Bytes
  private let dataset: HDF5Dataset
  private var row: UInt64 = 0

  init(_ file: HDF5Bytes, _ dataset: HDF5Dataset, dimension: Int) {
    self.file = file
    self.dataset = dataset
    self.dimension = dimension
    count = dataset.shape[0]
  }

  var rowCount: UInt64? { count }
  var holdsBytes: Bool { false }
  var bytesRead: UInt64 { row * rowBytes }
  private var rowBytes: UInt64 { UInt64(dimension * dataset.element.size) }

  func wasFinite(row: UInt64, index: Int) -> Bool? { nil }
  func offset(ofRow row: UInt64) -> UInt64? { dataset.offset + row * rowBytes }

  func read(_ wanted: Int, into floats: UnsafeMutablePointer<Float>) throws(FormatError) -> Int {
    let rows = Int(min(UInt64(max(0, wanted)), count - row))
    guard rows > 0 else { return 0 }
    let raw = try file.read(at: dataset.offset + row * rowBytes, count: rows * Int(rowBytes))
    unsafe raw.withUnsafeBytes { bytes in
      unsafe dataset.element.convert(bytes, count: rows * dimension, into: floats)
    }
    row += UInt64(rows)
    return rows
  }
}
