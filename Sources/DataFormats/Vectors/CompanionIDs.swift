import FileStorage
import MetadataFilters

/// The identifiers beside a file of bare vectors: one a line, or a .npy file of integers.
struct CompanionIDs {
  /// One of the two is there.
  private var lines: LineReader?
  private var numbers: (source: any ByteSource, header: NPYHeader)?
  /// Integers of a .npy file that were read ahead, and the next of them.
  private var raw: [UInt8] = []
  private var place = 0
  private let type: IDType
  private let prefix: [UInt8]
  private let name: String
  private var taken: UInt64 = 0

  /// Begins to read `source`.
  ///
  /// `rowCount` is the count of vectors, when known: a .npy file must have as many integers.
  init(_ source: any ByteSource, options: ReadOptions, rowCount: UInt64?) throws(FormatError) {
    type = options.idType
    prefix = Array(options.idPrefix.utf8)
    name = source.name
    let peeked: PeekedSource
    do throws(FileError) {
      peeked = try PeekedSource(source)
    } catch { throw FormatError(reading: source.name, error) }
    guard peeked.head.starts(with: [0x93] + Array("NUMPY".utf8)) else {
      let text = try TextOpening.open(peeked, options.encoding)
      lines = LineReader(text, maximumLength: options.maximumRecordBytes)
      return
    }
    let header = try NPYHeader.read(peeked)
    guard header.element.kind != .bool else {
      throw FormatError(.idType, file: name, expected: "integer ids", found: "an array of bools")
    }
    guard header.element.kind != .float else {
      throw FormatError(
        .idFloat, file: name, expected: "integer ids", found: "an array of floats",
        hint: "save them as integers: ids.astype('int64')")
    }
    guard header.shape.count == 1 else {
      throw FormatError(
        .npyShape, file: name, expected: "ids in one dimension", found: "\(header.shape.count) dimensions")
    }
    if let rowCount, header.shape[0] != rowCount {
      throw CompanionIDs.mismatch(name, "ids", expected: rowCount, found: "\(header.shape[0])")
    }
    guard type != .uuid else {
      throw FormatError(.idType, file: name, expected: "UUIDs, one a line", found: "an array of integers")
    }
    numbers = (peeked, header)
  }

  /// Appends the next identifier to the batch; false at the end of the companion.
  mutating func append(to bytes: inout [UInt8]) throws(FormatError) -> Bool {
    defer { taken += 1 }
    if let (source, header) = numbers { return try appendNumber(source, header, to: &bytes) }
    guard lines != nil else { return false }
    let (type, prefix, name) = (type, prefix, name)
    let (line, offset) = (taken + 1, lines?.offset ?? 0)
    let isRead: Void? = try unsafe lines?.next { (text) throws(FormatError) in
      let start = bytes.count
      if type == .string { bytes.append(contentsOf: prefix) }
      do throws(IDError) {
        try unsafe RecordID.append(text: text, type: type, to: &bytes)
        if type == .string, bytes.count - start > RecordID.maximumLength {
          throw IDError(.tooLong, expected: "an id of 1 to 1024 bytes", found: "\(bytes.count - start) bytes")
        }
      } catch {
        bytes.removeSubrange(start...)
        throw FormatError(error, file: name, line: line, byteOffset: offset)
      }
    }
    return isRead != nil
  }

  private mutating func appendNumber(
    _ source: any ByteSource, _ header: NPYHeader, to bytes: inout [UInt8]
  ) throws(FormatError) -> Bool {
    guard taken < header.shape[0] else { return false }
    let size = header.element.size
    if place + size > raw.count {
      raw = try source.bytes(size << 12)
      place = 0
    }
    guard place + size <= raw.count else {
      throw NPYHeader.truncated(
        name, "\(header.shape[0]) ids", UInt64(header.dataOffset) &+ taken &* UInt64(size))
    }
    let index = place / size
    place += size
    guard let value = unsafe raw.withUnsafeBytes({ unsafe header.element.integer($0, at: index) }) else {
      throw FormatError(
        .idRange, file: name, record: taken + 1, expected: "ids below 2^63", found: "a greater one")
    }
    if type == .string {
      bytes.append(contentsOf: prefix)
      JSONWriter.appendDecimal(value, to: &bytes)
    } else {
      for shift in stride(from: Int64(0), to: 64, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: value >> shift))
      }
    }
    return true
  }

  /// The error for a companion of another length than the vectors.
  static func mismatch(_ file: String, _ what: String, expected: UInt64, found: String) -> FormatError {
    FormatError(
      .countMismatch, file: file, expected: "\(expected) \(what), one for each vector", found: found,
      hint: "both files must come from the same export, in the same order")
  }

  /// Checks that nothing follows the identifier of the last of `count` vectors.
  mutating func checkEnd(count: UInt64) throws(FormatError) {
    var spare: [UInt8] = []
    if try append(to: &spare) {
      throw CompanionIDs.mismatch(name, "ids", expected: count, found: "more")
    }
  }

  /// The error for a companion that has ended before the vectors.
  func ended(rowCount: UInt64?) -> FormatError {
    CompanionIDs.mismatch(name, "ids", expected: rowCount ?? taken, found: "\(taken - 1)")
  }
}

extension FormatError {
  /// The error for a text that is no identifier.
  init(
    _ error: IDError, file: String, line: UInt64? = nil, record: UInt64? = nil, byteOffset: UInt64? = nil,
    column: String? = nil
  ) {
    self.init(
      FormatErrorCode(rawValue: error.code.rawValue) ?? .idType, file: file, line: line, record: record,
      byteOffset: byteOffset, column: column, expected: error.expected, found: error.found, hint: error.hint)
  }
}
