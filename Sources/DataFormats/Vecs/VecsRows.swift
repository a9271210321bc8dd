// .fvecs, .bvecs and .ivecs files, little-endian, one row after another:
//
//   offset  size   meaning
//   0       4      i32 d, the numbers of this row; the same in every row
//   4       d × s  the numbers: s = 4 for f32 (.fvecs) and i32 (.ivecs), s = 1 for u8 (.bvecs)

import FileStorage

/// The rows of a .fvecs, .bvecs or .ivecs file.
final class VecsRows: VectorRows {
  let dimension: Int
  let rowCount: UInt64?
  private let element: NPYElement
  private let source: any ByteSource
  private var row: UInt64 = 0
  private(set) var bytesRead: UInt64 = 0
  private var raw: [UInt8] = []
  /// What stands behind the rows that were read.
  private var pending: FormatError?
  /// The four bytes that `init` has read, given back before the rest.
  private var first: [UInt8]

  init(_ source: any ByteSource, format: RecordFormat, maximumDimension: Int) throws(FormatError) {
    self.source = source
    element = VecsRows.element(format)
    first = try source.bytes(4)
    guard !first.isEmpty else {
      throw FormatError(.emptyFile, file: source.name, expected: "vectors", found: "an empty file")
    }
    guard first.count == 4 else {
      throw NPYHeader.truncated(source.name, "a length of 4 bytes", UInt64(first.count))
    }
    dimension = try VecsRows.length(
      first[...], file: source.name, row: 0, offset: 0, maximumDimension: maximumDimension)
    let rowBytes = UInt64(4 + dimension * element.size)
    guard let size = source.size else {
      rowCount = nil
      return
    }
    guard size % rowBytes == 0 else {
      throw FormatError(
        .vecsSize, file: source.name, byteOffset: size - size % rowBytes,
        expected:
          "whole rows of \(rowBytes) bytes (4 for the length, \(dimension) × \(element.size) for the numbers)",
        found: "\(size) bytes, \(size % rowBytes) over \(size / rowBytes) rows",
        hint: "the file is cut off, or its rows differ in length or are not .\(format.rawValue)")
    }
    rowCount = size / rowBytes
  }

  /// The numbers of a format.
  static func element(_ format: RecordFormat) -> NPYElement {
    switch format {
    case .bvecs: NPYElement(kind: .unsigned, size: 1, isBigEndian: false)
    case .ivecs: NPYElement(kind: .signed, size: 4, isBigEndian: false)
    case .fvecs, .jsonLines, .json, .csv, .tsv, .npy: NPYElement(kind: .float, size: 4, isBigEndian: false)
    }
  }

  private static func length(
    _ bytes: ArraySlice<UInt8>, file: String, row: UInt64, offset: UInt64, maximumDimension: Int
  ) throws(FormatError) -> Int {
    let bits = bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    let value = Int32(bitPattern: bits)
    guard value > 0, Int(value) <= maximumDimension else {
      let swapped = Int32(bitPattern: bits.byteSwapped)
      let isSwapped = swapped > 0 && Int(swapped) <= maximumDimension
      throw FormatError(
        .vecsDimension, file: file, record: row + 1, byteOffset: offset,
        expected: "a length from 1 to \(maximumDimension)", found: "\(value)",
        hint: isSwapped
          ? "the file seems to be big-endian, with a length of \(swapped); write it little-endian" : nil)
    }
    return Int(value)
  }

  var holdsBytes: Bool { element.size == 1 }

  func wasFinite(row: UInt64, index: Int) -> Bool? { nil }

  func offset(ofRow row: UInt64) -> UInt64? { row * UInt64(4 + dimension * element.size) }

  /// Checks that the row at hand is as long as the first.
  private func checkLength(_ bytes: ArraySlice<UInt8>) throws(FormatError) {
    let place = row * UInt64(4 + dimension * element.size)
    let length = try VecsRows.length(
      bytes, file: source.name, row: row, offset: place, maximumDimension: Int(Int32.max))
    guard length == dimension else {
      throw FormatError(
        .dimensionsMismatch, file: source.name, record: row + 1, byteOffset: place,
        expected: "\(dimension) numbers, as in the first row", found: "\(length)")
    }
  }

  func read(_ wanted: Int, into floats: UnsafeMutablePointer<Float>) throws(FormatError) -> Int {
    if let pending { throw pending }
    let rowBytes = 4 + dimension * element.size
    let count = max(0, wanted) * rowBytes
    if raw.count != count { raw = [UInt8](repeating: 0, count: count) }
    let held = min(first.count, count)
    for index in 0..<held { raw[index] = first[index] }
    first.removeFirst(held)
    let source = source
    let filled: Int
    do throws(FileError) {
      filled = try unsafe raw.withUnsafeMutableBufferPointer { (all) throws(FileError) -> Int in
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(all)[held...])
        return try unsafe held + source.readFully(into: rest)
      }
    } catch { throw FormatError(reading: source.name, error) }
    bytesRead += UInt64(filled)
    if filled % rowBytes != 0 {
      pending = FormatError(
        .vecsSize, file: source.name, record: row + UInt64(filled / rowBytes) + 1, byteOffset: bytesRead,
        expected: "whole rows of \(rowBytes) bytes",
        found: "the end of the file after \(filled % rowBytes) of them",
        hint: "the file is cut off")
    }
    let rows = filled / rowBytes
    for index in 0..<rows {
      let start = index * rowBytes
      do throws(FormatError) {
        try checkLength(raw[start..<start + 4])
      } catch {
        // The rows before this one are delivered first.
        pending = error
        return index > 0 ? index : unsafe try read(wanted, into: floats)
      }
      unsafe raw.withUnsafeBytes { bytes in
        unsafe element.convert(
          UnsafeRawBufferPointer(rebasing: bytes[(start + 4)..<(start + rowBytes)]), count: dimension,
          into: floats + index * dimension)
      }
      row += 1
    }
    if rows == 0, let pending { throw pending }
    return rows
  }
}
