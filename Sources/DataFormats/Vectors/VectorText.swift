import FileStorage
import VectorMath

/// Reads a vector that is spelled in one text cell.
///
/// Accepted: a JSON array; the same with `np.float32(…)` around numbers; numbers separated by spaces and newlines as
/// numpy prints arrays; either without brackets; base64 or hexadecimal when asked or unmistakable. Base64 and hexadecimal
/// spell little-endian f32, or the stored bytes of i8, u8 and bits where vectors are of that type.
enum VectorText {
  /// What was odd about a cell that was read.
  struct Notes: OptionSet, Sendable {
    let rawValue: UInt8
    /// Numbers stood in `np.float32(…)` or the like.
    static let wrapped = Notes(rawValue: 1)
    /// Numbers were separated by spaces alone.
    static let spaced = Notes(rawValue: 2)
  }

  /// Why a cell is no vector.
  struct Failure: Error, Equatable {
    let code: FormatErrorCode
    /// Offset in the cell.
    let offset: Int
    /// Which number, from 0; nil where no number is concerned.
    let index: Int?
    let expected: String
    let found: String
    var hint: String?
  }

  /// Reads a cell.
  ///
  /// NaN and infinities are stored as such, for the rules to judge.
  ///
  /// - Parameters:
  ///   - text: The cell without quotes around it.
  ///   - encoding: How the vector is spelled.
  ///   - elementType: What vectors are stored as.
  ///   - dimension: The count of numbers that is wanted, where it is known: packed bits are a multiple of 8 otherwise.
  ///   - vector: Room for `capacity` numbers.
  ///   - capacity: The most numbers that are stored.
  ///   - notes: What was odd is added.
  /// - Returns: The count of numbers, which may be greater than `capacity`: only so many are stored.
  /// - Throws: Why the cell is no vector.
  static func parse(
    _ text: UnsafeRawBufferPointer, encoding: ReadOptions.VectorEncoding, elementType: ElementType,
    dimension: Int?, into vector: UnsafeMutablePointer<Float>, capacity: Int, notes: inout Notes
  ) throws(Failure) -> Int {
    let binary = Binary(elementType: elementType, dimension: dimension, capacity: capacity)
    let start = unsafe skipSpace(text, 0)
    switch encoding {
    case .json, .list: return try unsafe parseList(text, into: vector, capacity: capacity, notes: &notes)
    case .base64: return try unsafe parseBase64(text, from: behind("b64:", text, start), into: vector, binary)
    case .hex: return try unsafe parseHex(text, from: behind("hex:", text, start), into: vector, binary)
    case .auto:
      if start < text.count, unsafe text[start] == UInt8(ascii: "[") || text[start] == UInt8(ascii: "(") {
        return try unsafe parseList(text, into: vector, capacity: capacity, notes: &notes)
      }
      if unsafe behind("b64:", text, start) > start || looksLikeBase64(text, start) {
        return try unsafe parseBase64(text, from: behind("b64:", text, start), into: vector, binary)
      }
      if unsafe behind("hex:", text, start) > start {
        return try unsafe parseHex(text, from: start + 4, into: vector, binary)
      }
      return try unsafe parseList(text, into: vector, capacity: capacity, notes: &notes)
    }
  }

  /// The place behind a prefix of four bytes, or `start` when it is not there.
  private static func behind(_ prefix: String, _ text: UnsafeRawBufferPointer, _ start: Int) -> Int {
    unsafe text.dropFirst(start).starts(with: prefix.utf8) ? start + 4 : start
  }

  @inline(__always)
  private static func skipSpace(_ text: UnsafeRawBufferPointer, _ start: Int) -> Int {
    var position = start
    while position < text.count, unsafe isSpace(text[position]) { position &+= 1 }
    return position
  }

  @inline(__always)
  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 9 && byte <= 13) }

  private static func parseList(
    _ text: UnsafeRawBufferPointer, into vector: UnsafeMutablePointer<Float>, capacity: Int,
    notes: inout Notes
  ) throws(Failure) -> Int {
    let end = text.count
    var position = unsafe skipSpace(text, 0)
    var closing: UInt8?
    if position < end {
      let first = unsafe text[position]
      if first == UInt8(ascii: "[") { closing = UInt8(ascii: "]") }
      if first == UInt8(ascii: "(") { closing = UInt8(ascii: ")") }
      if closing != nil { position = unsafe skipSpace(text, position &+ 1) }
    }
    var count = 0
    if position < end, let closing, unsafe text[position] == closing {
      try unsafe checkEnd(text, position &+ 1)
      return 0
    }
    while true {
      var number = unsafe DecimalFloat.scanFloat(UnsafeRawBufferPointer(rebasing: text[position...]))
      if number.length == 0 {
        number = try unsafe unusual(text, position, index: count, notes: &notes)
      } else if number.status == .overflow {
        throw unsafe Failure(
          code: .floatOverflow, offset: position, index: count, expected: "a number within ±3.4028235e38",
          found: token(text, position))
      }
      if count < capacity { unsafe vector[count] = number.value }
      count &+= 1
      position &+= number.length
      guard position < end else { break }
      var byte = unsafe text[position]
      let hadSpace = isSpace(byte)
      if hadSpace {
        position = unsafe skipSpace(text, position)
        guard position < end else { break }
        byte = unsafe text[position]
      }
      if byte == UInt8(ascii: ",") {
        position = unsafe skipSpace(text, position &+ 1)
        continue
      }
      if let closing, byte == closing {
        try unsafe checkEnd(text, position &+ 1)
        return count
      }
      guard hadSpace else {
        throw unsafe Failure(
          code: .vectorNumber, offset: position, index: count - 1,
          expected: "a comma or the end of the array",
          found: token(text, position))
      }
      notes.insert(.spaced)
    }
    guard closing == nil else {
      throw unsafe Failure(
        code: .vectorType, offset: end, index: nil, expected: "the closing bracket of an array",
        found: "the end of the cell after \(count) numbers: \(Excerpt.quoted(text, limit: 24))",
        hint: "the cell was cut off where it was written")
    }
    return count
  }

  private static func checkEnd(_ text: UnsafeRawBufferPointer, _ start: Int) throws(Failure) {
    let position = unsafe skipSpace(text, start)
    guard position == text.count else {
      throw unsafe Failure(
        code: .vectorType, offset: position, index: nil, expected: "nothing behind the array",
        found: token(text, position))
    }
  }

  /// Reads what is no plain number: a wrapped one, NaN or infinity; anything else is refused.
  @inline(never)
  private static func unusual(
    _ text: UnsafeRawBufferPointer, _ start: Int, index: Int, notes: inout Notes
  ) throws(Failure) -> (value: Float, status: DecimalFloat.Status, length: Int) {
    let rest = unsafe UnsafeRawBufferPointer(rebasing: text[start...])
    if unsafe rest.starts(with: "...".utf8) || rest.starts(with: "\u{2026}".utf8) {
      throw Failure(
        code: .numpyElided, offset: start, index: index, expected: "all numbers of the vector",
        found: "\"...\" where numpy left numbers out",
        hint: "the numbers are not in this file and cannot be recovered; write the vectors as JSON lists "
          + "(array.tolist()) and export again")
    }
    for wrapper in [
      "np.float32(", "np.float64(", "np.float16(", "numpy.float32(", "numpy.float64(", "numpy.float16(",
    ]
    where unsafe rest.starts(with: wrapper.utf8) {
      let inner = unsafe UnsafeRawBufferPointer(rebasing: rest[wrapper.utf8.count...])
      var number = unsafe DecimalFloat.scanFloat(inner)
      if number.length == 0 { number = try unsafe special(inner, start + wrapper.utf8.count, index) }
      guard number.status != .overflow else {
        throw unsafe Failure(
          code: .floatOverflow, offset: start, index: index, expected: "a number within ±3.4028235e38",
          found: token(text, start))
      }
      guard number.length < inner.count, unsafe inner[number.length] == UInt8(ascii: ")") else {
        throw unsafe Failure(
          code: .vectorNumber, offset: start, index: index, expected: "a number in parentheses",
          found: token(text, start))
      }
      notes.insert(.wrapped)
      return (number.value, number.status, wrapper.utf8.count + number.length + 1)
    }
    return try unsafe special(rest, start, index)
  }

  /// Reads NaN or infinity.
  private static func special(
    _ rest: UnsafeRawBufferPointer, _ start: Int, _ index: Int
  ) throws(Failure) -> (value: Float, status: DecimalFloat.Status, length: Int) {
    var length = 0
    while length < min(rest.count, 10) {
      let byte = unsafe rest[length]
      guard (byte | 0x20 >= 97 && byte | 0x20 <= 122) || (length == 0 && (byte == 43 || byte == 45)) else {
        break
      }
      length += 1
    }
    if let value = unsafe DecimalFloat.specialValue(UnsafeRawBufferPointer(rebasing: rest[..<length])) {
      return (Float(value), .notFinite, length)
    }
    throw unsafe Failure(
      code: index == 0 ? .vectorType : .vectorNumber, offset: start, index: index, expected: "a number",
      found: rest.isEmpty ? "the end of the cell" : token(rest, 0))
  }

  /// The piece of text at a place, for messages.
  private static func token(_ text: UnsafeRawBufferPointer, _ start: Int) -> String {
    let rest = unsafe text[start...]
    let stop =
      unsafe rest.firstIndex { isSpace($0) || $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "]") }
      ?? text.count
    return unsafe Excerpt.quoted(
      UnsafeRawBufferPointer(rebasing: text[start..<max(stop, min(start + 1, text.count))]), limit: 24)
  }
}
