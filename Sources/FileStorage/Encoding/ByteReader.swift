/// Reads a structure's fields one after the other from bytes that nobody has checked yet; numbers are little-endian.
///
/// Reading past the end throws a `CorruptionError` that names the file, the part of it and the offset, and moves nothing.
/// The reader borrows the bytes: it cannot outlive them.
package struct ByteReader: ~Escapable {
  private let bytes: RawSpan
  /// The file's path, for messages.
  package let path: String
  /// The part of the file, for messages.
  package let section: String
  /// Where in the file the first byte lies.
  package let baseOffset: UInt64
  /// Bytes read so far; never more than `count`.
  package private(set) var position = 0

  /// A reader of `bytes`, the first of which lies at `baseOffset` in the file.
  @_lifetime(copy bytes)
  package init(_ bytes: RawSpan, path: String, section: String, baseOffset: UInt64 = 0) {
    self.bytes = bytes
    self.path = path
    self.section = section
    self.baseOffset = baseOffset
  }

  /// A reader of an array's bytes.
  @_lifetime(borrow bytes)
  package init(_ bytes: borrowing [UInt8], path: String, section: String, baseOffset: UInt64 = 0) {
    unsafe self.init(bytes.span.bytes, path: path, section: section, baseOffset: baseOffset)
  }

  /// A reader of the bytes at a pointer; they must stay valid while the reader is used.
  @_lifetime(borrow bytes)
  package init(
    _ bytes: borrowing UnsafeRawBufferPointer, path: String, section: String, baseOffset: UInt64 = 0
  ) {
    self.init(unsafe RawSpan(_unsafeBytes: bytes), path: path, section: section, baseOffset: baseOffset)
  }

  /// Bytes in all.
  package var count: Int { bytes.byteCount }

  /// Bytes not read yet.
  package var remaining: Int { bytes.byteCount - position }

  /// True when every byte has been read.
  package var isAtEnd: Bool { position == bytes.byteCount }

  /// Where in the file the next byte lies.
  package var fileOffset: UInt64 { baseOffset &+ UInt64(position) }

  /// Claims the next `wanted` bytes and returns the position of the first.
  @_lifetime(self: copy self)
  private mutating func advance(_ wanted: Int) throws(CorruptionError) -> Int {
    guard wanted >= 0, wanted <= remaining else {
      throw damage(expected: "\(wanted) more bytes", found: "\(remaining)")
    }
    defer { position += wanted }
    return position
  }

  /// An error at the next byte, or at `offset` in the file.
  package func damage(expected: String, found: String, at offset: UInt64? = nil) -> CorruptionError {
    CorruptionError(
      path: path, section: section, offset: offset ?? fileOffset, expected: expected, found: found)
  }

  /// Reads 1 byte.
  @_lifetime(self: copy self)
  package mutating func readUInt8() throws(CorruptionError) -> UInt8 {
    let start = try advance(1)
    return unsafe bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt8.self)
  }

  /// Reads 2 bytes.
  @_lifetime(self: copy self)
  package mutating func readUInt16() throws(CorruptionError) -> UInt16 {
    let start = try advance(2)
    return UInt16(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt16.self))
  }

  /// Reads 4 bytes.
  @_lifetime(self: copy self)
  package mutating func readUInt32() throws(CorruptionError) -> UInt32 {
    let start = try advance(4)
    return UInt32(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt32.self))
  }

  /// Reads 8 bytes.
  @_lifetime(self: copy self)
  package mutating func readUInt64() throws(CorruptionError) -> UInt64 {
    let start = try advance(8)
    return UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self))
  }

  /// Reads 8 bytes, two's complement.
  @_lifetime(self: copy self)
  package mutating func readInt64() throws(CorruptionError) -> Int64 { Int64(bitPattern: try readUInt64()) }

  /// Reads 4 bytes, IEEE 754 binary32; any bit pattern is taken.
  @_lifetime(self: copy self)
  package mutating func readFloat() throws(CorruptionError) -> Float { Float(bitPattern: try readUInt32()) }

  /// Reads 16 bytes.
  @_lifetime(self: copy self)
  package mutating func readUUID() throws(CorruptionError) -> UUID16 {
    let high = try readUInt64()
    let low = try readUInt64()
    return UUID16(high: high.byteSwapped, low: low.byteSwapped)
  }

  /// Reads 32 bytes.
  @_lifetime(self: copy self)
  package mutating func readDigest() throws(CorruptionError) -> Digest256 {
    Digest256(words: (try readUInt64(), try readUInt64(), try readUInt64(), try readUInt64()))
  }

  /// Reads `wanted` bytes into a new array.
  @_lifetime(self: copy self)
  package mutating func readBytes(_ wanted: Int) throws(CorruptionError) -> [UInt8] {
    let start = try advance(wanted)
    return unsafe bytes.extracting(start..<start + wanted).withUnsafeBytes { unsafe [UInt8]($0) }
  }

  /// Reads `wanted` bytes as UTF-8 text; throws when they are not.
  @_lifetime(self: copy self)
  package mutating func readText(_ wanted: Int) throws(CorruptionError) -> String {
    let offset = fileOffset
    let raw = try readBytes(wanted)
    guard let text = String(validating: raw, as: UTF8.self) else {
      throw damage(expected: "UTF-8 text", found: "other bytes", at: offset)
    }
    return text
  }

  /// Passes over `wanted` bytes.
  @_lifetime(self: copy self)
  package mutating func skip(_ wanted: Int) throws(CorruptionError) { _ = try advance(wanted) }

  /// Passes over `wanted` bytes that must all be zero.
  @_lifetime(self: copy self)
  package mutating func skipZeros(_ wanted: Int) throws(CorruptionError) {
    let start = try advance(wanted)
    for index in start..<start + wanted
    where unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt8.self) != 0 {
      throw damage(expected: "zero bytes", found: "other bytes", at: baseOffset &+ UInt64(index))
    }
  }
}
