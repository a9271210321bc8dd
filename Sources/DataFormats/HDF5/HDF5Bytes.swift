import FileStorage

/// The bytes of an HDF5 file's own structures, read on demand within a budget.
///
/// Every place comes from the file and is checked against its size first. The budget bounds what any file can make this
/// reader do, so that no circle of references lasts. Used by one thread at a time.
final class HDF5Bytes {
  let source: any ByteSource
  /// Bytes in the file.
  let size: UInt64
  /// Bytes of structures that may still be read.
  private var budget = 64 << 20
  /// Structures that may still be read.
  private var visits = 100_000

  init(_ source: any ByteSource) throws(FormatError) {
    self.source = source
    guard source.isSeekable, let size = source.size else {
      throw FormatError(
        .options, file: source.name, expected: "an HDF5 file that can be read at any place",
        found: "a stream",
        hint: "save it to a file first")
    }
    self.size = size
  }

  /// A part of the file, wholly inside it.
  ///
  /// `what` names it in messages.
  func part(_ what: String, at offset: UInt64, count: UInt64) throws(FormatError) -> HDF5Cursor {
    let (end, overflow) = offset.addingReportingOverflow(count)
    guard !overflow, end <= size else {
      throw damage(what, at: offset, "\(count) bytes inside the file", "a place beyond its end at \(size)")
    }
    guard count <= 16 << 20, Int(count) <= budget, visits > 0 else {
      throw damage(what, at: offset, "a small file structure", "one that would never end")
    }
    budget -= Int(count)
    visits -= 1
    return HDF5Cursor(
      bytes: try read(at: offset, count: Int(count)), what: what, start: offset, file: source.name)
  }

  /// Bytes of the file; fewer only where the file was cut meanwhile, which is an error.
  func read(at offset: UInt64, count: Int) throws(FormatError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let source = source
    let filled: Int
    do throws(FileError) {
      filled = try unsafe bytes.withUnsafeMutableBufferPointer { (all) throws(FileError) -> Int in
        try unsafe source.readFully(into: UnsafeMutableRawBufferPointer(all), at: offset)
      }
    } catch { throw FormatError(reading: source.name, error) }
    guard filled == count else {
      throw damage("data", at: offset, "\(count) bytes", "the end of the file after \(filled)")
    }
    return bytes
  }

  /// The error for a structure that cannot be what it is.
  func damage(_ what: String, at offset: UInt64, _ expected: String, _ found: String) -> FormatError {
    FormatError(
      .hdf5Structure, file: source.name, byteOffset: offset, column: what, expected: expected, found: found)
  }

  /// The error for what this reader does not read.
  func unsupported(_ what: String, _ found: String) -> FormatError {
    FormatError(
      .unsupportedFormat, file: source.name, column: what,
      expected: "an HDF5 file as h5py writes it by default, with contiguous data sets", found: found,
      hint: "convert it: h5repack -l CONTI -f NONE OLD.hdf5 NEW.hdf5")
  }
}

/// Reads little-endian numbers one after the other; never beyond the end.
struct HDF5Cursor {
  let bytes: [UInt8]
  /// The structure, for messages.
  let what: String
  /// Where in the file the first byte lies.
  let start: UInt64
  let file: String
  /// Bytes read so far.
  private(set) var position = 0

  init(bytes: [UInt8], what: String, start: UInt64, file: String) {
    self.bytes = bytes
    self.what = what
    self.start = start
    self.file = file
  }

  var remaining: Int { bytes.count - position }

  /// The next bytes.
  mutating func take(_ count: Int) throws(FormatError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= remaining else {
      throw damage("\(count) more bytes", "\(remaining)")
    }
    defer { position += count }
    return bytes[position..<position + count]
  }

  mutating func skip(_ count: Int) throws(FormatError) { _ = try take(count) }

  /// A number of 1 to 8 bytes.
  mutating func number(_ size: Int) throws(FormatError) -> UInt64 {
    try take(size).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
  }

  mutating func byte() throws(FormatError) -> UInt8 { UInt8(truncatingIfNeeded: try number(1)) }

  /// A part of these bytes as a cursor of its own.
  mutating func part(_ count: Int, _ what: String) throws(FormatError) -> HDF5Cursor {
    let place = start + UInt64(position)
    return HDF5Cursor(bytes: Array(try take(count)), what: what, start: place, file: file)
  }

  /// Checks a signature of four letters.
  mutating func expect(_ signature: String) throws(FormatError) {
    let found = try take(4)
    guard found.elementsEqual(signature.utf8) else {
      throw damage("the signature \(signature)", Excerpt.quoted(found))
    }
  }

  /// The error at the next byte.
  func damage(_ expected: String, _ found: String) -> FormatError {
    FormatError(
      .hdf5Structure, file: file, byteOffset: start + UInt64(position), column: what, expected: expected,
      found: found)
  }
}
