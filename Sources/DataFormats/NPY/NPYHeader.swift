// A .npy file, little-endian unless the header says otherwise (NEP 1):
//
//   offset  size  meaning
//   0       6     0x93 "NUMPY"
//   6       1     major version: 1, 2 or 3
//   7       1     minor version: 0
//   8       2|4   length of the header: u16 in version 1, u32 in 2 and 3
//   10|12   n     a Python dictionary literal {'descr': ..., 'fortran_order': ..., 'shape': ...}, ASCII or UTF-8,
//                 padded with spaces and ended with a newline so that the array begins at a multiple of 64 (once 16)
//   10+n    ...   the numbers

import FileStorage

/// What the numbers of a .npy file are.
struct NPYElement: Equatable, Sendable {
  enum Kind: Equatable, Sendable { case float, signed, unsigned, bool }
  let kind: Kind
  /// Bytes of one number.
  let size: Int
  let isBigEndian: Bool
}

/// The header of a .npy file.
struct NPYHeader: Equatable, Sendable {
  let element: NPYElement
  let isFortranOrder: Bool
  let shape: [UInt64]
  /// Bytes before the numbers.
  let dataOffset: Int

  /// The longest header that is read; numpy itself stops at 10,000 bytes unless told otherwise.
  static let maximumLength = 1 << 16

  /// Reads the header from the start of a source, which then stands at the first number.
  static func read(_ source: any ByteSource) throws(FormatError) -> NPYHeader {
    var start = try source.bytes(10)
    guard start.count == 10 else { throw truncated(source.name, "a .npy header", UInt64(start.count)) }
    guard start.starts(with: [0x93] + Array("NUMPY".utf8)) else {
      throw failure(source.name, 0, "the signature \\x93NUMPY", Excerpt.quoted(start[..<6]))
    }
    let major = start[6]
    guard (1...3).contains(major), start[7] == 0 else {
      throw failure(source.name, 6, "version 1.0, 2.0 or 3.0", "version \(major).\(start[7])")
    }
    if major > 1 {
      let more = try source.bytes(2)
      guard more.count == 2 else { throw truncated(source.name, "a .npy header", UInt64(10 + more.count)) }
      start += more
    }
    let length = start[8...].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= maximumLength else {
      throw failure(source.name, 8, "a header of at most \(maximumLength) bytes", "\(length) bytes")
    }
    let text = try source.bytes(length)
    guard text.count == length else {
      throw truncated(source.name, "a .npy header of \(length) bytes", UInt64(start.count + text.count))
    }
    return try parse(text, file: source.name, offset: start.count)
  }

  /// Parses the dictionary, which began at `offset`.
  static func parse(_ text: [UInt8], file: String, offset: Int) throws(FormatError) -> NPYHeader {
    let literal: NPYLiteral
    do throws(NPYLiteralParser.Failure) {
      literal = try NPYLiteralParser.parse(text)
    } catch {
      throw failure(file, offset + error.offset, error.expected, found(text, error.offset))
    }
    guard case .dictionary(let pairs) = literal else {
      throw failure(file, offset, "a dictionary", found(text, 0))
    }
    let keys = pairs.map(\.0).sorted()
    guard keys == ["descr", "fortran_order", "shape"] else {
      throw failure(
        file, offset, "the keys descr, fortran_order and shape",
        keys.isEmpty
          ? "no keys" : keys.map { Excerpt.quoted(Array($0.utf8)[...], limit: 24) }.joined(separator: ", "))
    }
    var element: NPYElement?
    var isFortranOrder: Bool?
    var shape: [UInt64]?
    for (key, value) in pairs {
      switch (key, value) {
      case ("descr", .text(let descr)): element = try self.element(descr, file: file, offset: offset)
      case ("descr", _):
        throw FormatError(
          .npyType, file: file, byteOffset: UInt64(offset), expected: "an array of plain numbers",
          found: "a structured array", hint: "save one field of it: numpy.save(name, array['field'])")
      case ("fortran_order", .bool(let value)): isFortranOrder = value
      case ("shape", .tuple(let items)):
        var sizes: [UInt64] = []
        for case .int(let size) in items { sizes.append(size) }
        shape = sizes.count == items.count ? sizes : nil
      default: break
      }
    }
    guard let element else { throw failure(file, offset, "descr to be a text", "something else") }
    guard let isFortranOrder else {
      throw failure(file, offset, "fortran_order to be True or False", "something else")
    }
    guard let shape else { throw failure(file, offset, "shape to be a tuple of numbers", "something else") }
    return NPYHeader(
      element: element, isFortranOrder: isFortranOrder, shape: shape, dataOffset: offset + text.count)
  }

  private static func element(_ descr: String, file: String, offset: Int) throws(FormatError) -> NPYElement {
    let bytes = Array(descr.utf8)
    let hasOrder = bytes.first.map { [UInt8]("<>|=".utf8).contains($0) } ?? false
    let body = hasOrder ? bytes[1...] : bytes[...]
    if body.first == UInt8(ascii: "O") {
      throw FormatError(
        .npyPickle, file: file, byteOffset: UInt64(offset), expected: "an array of numbers",
        found: "Python objects (dtype \(Excerpt.quoted(bytes[...], limit: 24))), whose reading can run code",
        hint: "save numbers: numpy.save(name, numpy.stack(array).astype('float32'))")
    }
    let kind: NPYElement.Kind? =
      switch body.first {
      case UInt8(ascii: "f"): .float
      case UInt8(ascii: "i"): .signed
      case UInt8(ascii: "u"): .unsigned
      case UInt8(ascii: "b"): .bool
      default: nil
      }
    let digits = Array(body.dropFirst())
    let size = digits.count == 1 ? Int(digits[0]) - 48 : 0
    guard let kind, size == 1 || size == 2 || size == 4 || size == 8, !(kind == .float && size == 1),
      kind != .bool || size == 1,
      size == 1 || bytes.first != UInt8(ascii: "|")
    else {
      throw FormatError(
        .npyType, file: file, byteOffset: UInt64(offset),
        expected: "numbers of type f2, f4, f8, i1, i2, i4, i8, u1, u2, u4, u8 or b1",
        found: "dtype \(Excerpt.quoted(bytes[...], limit: 24))",
        hint: "convert it first: array.astype('float32')")
    }
    return NPYElement(kind: kind, size: size, isBigEndian: bytes.first == UInt8(ascii: ">"))
  }

  private static func found(_ text: [UInt8], _ offset: Int) -> String {
    offset < text.count ? Excerpt.quoted(text[offset...], limit: 24) : "the end of the header"
  }

  private static func failure(_ file: String, _ offset: Int, _ expected: String, _ found: String)
    -> FormatError
  {
    FormatError(.npyHeader, file: file, byteOffset: UInt64(offset), expected: expected, found: found)
  }

  /// The error for a file that ends too early.
  static func truncated(_ file: String, _ expected: String, _ bytes: UInt64) -> FormatError {
    FormatError(
      .truncatedFile, file: file, byteOffset: bytes, expected: expected, found: "the end of the file",
      hint: "copy or write the file again")
  }
}

extension ByteSource {
  /// Reads up to `count` bytes; fewer only at the end.
  func bytes(_ count: Int) throws(FormatError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    do throws(FileError) {
      let filled = try unsafe bytes.withUnsafeMutableBufferPointer { (all) throws(FileError) -> Int in
        try unsafe readFully(into: UnsafeMutableRawBufferPointer(all))
      }
      bytes.removeSubrange(filled...)
    } catch { throw FormatError(reading: name, error) }
    return bytes
  }
}
