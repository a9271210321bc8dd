import FileStorage
import VectorMath

extension VectorText {
  /// Whether a cell is base64 rather than numbers: at least one whole float, and a letter that no number has.
  static func looksLikeBase64(_ text: UnsafeRawBufferPointer, _ start: Int) -> Bool {
    guard text.count - start >= 8 else { return false }
    var hasLetter = false
    for index in start..<text.count {
      let byte = unsafe text[index]
      guard value(byte) != nil || byte == UInt8(ascii: "=") else { return false }
      let isLetter = (byte | 0x20 >= 97 && byte | 0x20 <= 122)
      if isLetter, byte | 0x20 != UInt8(ascii: "e") { hasLetter = true }
    }
    // Otherwise "Infinity" and "infinity" would be taken.
    return unsafe hasLetter
      && DecimalFloat.specialValue(UnsafeRawBufferPointer(rebasing: text[start...])) == nil
  }

  private static func value(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte) - 65
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte) - 71
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte) + 4
    case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
    case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
    default: nil
    }
  }

  /// How bytes become numbers.
  struct Binary {
    let elementType: ElementType
    /// The count of numbers that is wanted, where it is known.
    let dimension: Int?
    /// The most numbers that are stored.
    let capacity: Int
  }

  /// Reads base64, of either alphabet, with or without padding.
  static func parseBase64(
    _ text: UnsafeRawBufferPointer, from start: Int, into vector: UnsafeMutablePointer<Float>,
    _ binary: Binary
  ) throws(Failure) -> Int {
    var end = text.count
    while end > start, end > text.count - 2, unsafe text[end - 1] == UInt8(ascii: "=") { end -= 1 }
    let digits = end - start
    var sink = NumberSink(binary)
    var bits: UInt32 = 0
    var held = 0
    for index in start..<max(start, end) {
      guard let value = unsafe value(text[index]) else {
        throw unsafe Failure(
          code: .vectorEncoding, offset: index, index: nil, expected: "base64",
          found: Excerpt.quoted(UnsafeRawBufferPointer(rebasing: text[index...]), limit: 8))
      }
      bits = bits << 6 | value
      held += 6
      if held >= 8 {
        held -= 8
        unsafe sink.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)), to: vector)
      }
    }
    guard digits % 4 != 1, sink.isWhole, sink.count > 0 else {
      throw Failure(
        code: .vectorEncoding, offset: start, index: nil, expected: "base64 of \(sink.unit)",
        found: "\(digits) digits")
    }
    return try sink.wantedCount(start)
  }

  /// Reads hexadecimal digits, two for each byte.
  static func parseHex(
    _ text: UnsafeRawBufferPointer, from start: Int, into vector: UnsafeMutablePointer<Float>,
    _ binary: Binary
  ) throws(Failure) -> Int {
    var sink = NumberSink(binary)
    var high: UInt8?
    for index in start..<text.count {
      let byte = unsafe text[index]
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - 48
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - 87
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - 55
      default:
        throw unsafe Failure(
          code: .vectorEncoding, offset: index, index: nil, expected: "hexadecimal digits",
          found: Excerpt.quoted(UnsafeRawBufferPointer(rebasing: text[index...]), limit: 8))
      }
      if let first = high {
        unsafe sink.append(first << 4 | digit, to: vector)
        high = nil
      } else {
        high = digit
      }
    }
    guard high == nil, sink.isWhole, sink.count > 0 else {
      throw Failure(
        code: .vectorEncoding, offset: start, index: nil, expected: "hexadecimal digits of \(sink.unit)",
        found: "\(text.count - start) digits")
    }
    return try sink.wantedCount(start)
  }

  /// Appends bytes as base64 with padding.
  static func appendBase64(_ bytes: UnsafeRawBufferPointer, to text: inout [UInt8]) {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let held = min(3, bytes.count - start)
      var bits: UInt32 = 0
      for step in 0..<3 { bits = bits << 8 | (step < held ? UInt32(unsafe bytes[start + step]) : 0) }
      for step in 0..<4 {
        let digit = digits[Int(bits >> UInt32(18 - 6 * step) & 63)]
        text.append(step <= held ? digit : UInt8(ascii: "="))
      }
    }
  }

  /// Makes numbers of bytes: one of four bytes, one of each byte, or eight of each byte.
  private struct NumberSink {
    private let binary: Binary
    private(set) var count = 0
    private var bits: UInt32 = 0
    private var held: UInt32 = 0
    /// One more than the place of the last 1 among bits.
    private var end = 0

    init(_ binary: Binary) { self.binary = binary }

    var isWhole: Bool { held == 0 }

    /// What the bytes must be, for messages.
    var unit: String {
      switch binary.elementType {
      case .f32, .f16: "whole 4-byte floats"
      case .i8, .u8: "a byte for each number"
      case .bit: "a byte for each 8 bits"
      }
    }

    mutating func append(_ byte: UInt8, to vector: UnsafeMutablePointer<Float>) {
      switch binary.elementType {
      case .f32, .f16:
        bits |= UInt32(byte) << (8 * held)
        held += 1
        guard held == 4 else { return }
        unsafe put(Float(bitPattern: bits), to: vector)
        (bits, held) = (0, 0)
      case .i8: unsafe put(Float(Int8(bitPattern: byte)), to: vector)
      case .u8: unsafe put(Float(byte), to: vector)
      case .bit:
        for place in UInt8(0)..<8 {
          let bit = byte >> place & 1
          unsafe put(Float(bit), to: vector)
          if bit == 1 { end = count }
        }
      }
    }

    private mutating func put(_ number: Float, to vector: UnsafeMutablePointer<Float>) {
      if count < binary.capacity { unsafe vector[count] = number }
      count += 1
    }

    /// The count, less the bits that only fill the last byte; those must be zero.
    func wantedCount(_ start: Int) throws(Failure) -> Int {
      guard binary.elementType == .bit, let wanted = binary.dimension, wanted < count, count < wanted + 8
      else {
        return count
      }
      guard end <= wanted else {
        throw Failure(
          code: .vectorEncoding, offset: start, index: nil,
          expected: "zeros behind bit \(wanted - 1) of \(count / 8) packed bytes", found: "ones")
      }
      return wanted
    }
  }
}
