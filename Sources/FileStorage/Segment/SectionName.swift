/// The four letters that name one part of a container file.
package struct SectionName: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
  /// The four ASCII letters as a little-endian number, as stored.
  package let rawValue: UInt32

  /// Takes a stored number.
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Takes four letters; a shorter name is filled with spaces, anything behind the fourth letter is dropped.
  package init(stringLiteral value: StaticString) {
    var number: UInt32 = 0
    value.withUTF8Buffer { letters in
      for index in 0..<4 {
        let letter = index < letters.count ? unsafe letters[index] : 0x20
        number |= UInt32(letter) << UInt32(8 * index)
      }
    }
    rawValue = number
  }

  /// The four letters, or the number in hex when they are not printable.
  package var description: String {
    let letters = (0..<4).map { UInt8(truncatingIfNeeded: rawValue >> UInt32(8 * $0)) }
    guard letters.allSatisfy({ (0x21...0x7E).contains($0) || $0 == 0x20 }) else {
      return "0x" + String(rawValue, radix: 16)
    }
    return String(decoding: letters, as: UTF8.self)
  }
}

/// One entry of a container's section table: where a section lies and what its elements are.
package struct SectionEntry: Equatable, Sendable {
  /// The section's four letters.
  package let name: SectionName
  /// Number of the metadata column that the section belongs to, 0 for sections of the whole file.
  package let column: UInt32
  /// Offset of the first byte in the file.
  package let offset: UInt64
  /// Bytes, without the zero padding behind them.
  package let length: UInt64
  /// Elements; what that means is the section's own affair.
  package let count: UInt64
  /// Bytes of an element, 0 when they differ.
  package let elementSize: UInt32
  /// Alignment of the section in the file: 64 or 4096.
  package let alignment: UInt64

  /// Makes an entry from its parts.
  package init(
    name: SectionName, column: UInt32, offset: UInt64, length: UInt64, count: UInt64, elementSize: UInt32,
    alignment: UInt64
  ) {
    self.name = name
    self.column = column
    self.offset = offset
    self.length = length
    self.count = count
    self.elementSize = elementSize
    self.alignment = alignment
  }

  /// For messages: `VECT`, or `VALS of column 3`.
  package var label: String { column == 0 ? name.description : "\(name) of column \(column)" }
}
