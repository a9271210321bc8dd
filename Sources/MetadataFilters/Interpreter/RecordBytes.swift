import FileStorage

/// The canonical JSON of one record, read in place.
///
/// A value is known by its first byte. Bytes that are no canonical JSON are read as if what cannot be understood were not
/// there; nothing here traps or reads beyond the record.
@safe
struct RecordBytes {
  private let base: UnsafePointer<UInt8>
  /// Bytes of the record.
  let count: Int

  /// What a value is, known from its first byte.
  enum Kind {
    case null, bool, number, string, array, object, none
  }

  /// Makes a view; nil when there are no bytes.
  ///
  /// The bytes must stay valid while the view is used.
  init?(_ record: UnsafeRawBufferPointer) {
    guard record.count > 0, let address = record.baseAddress else { return nil }
    unsafe base = address.assumingMemoryBound(to: UInt8.self)
    count = record.count
  }

  /// A byte; 0 outside of the record.
  @inline(__always)
  func byte(_ at: Int) -> UInt8 {
    // Safe: the place is inside the record.
    at >= 0 && at < count ? unsafe base[at] : 0
  }

  /// Bytes of the record.
  ///
  /// Precondition: the range lies in the record.
  @inline(__always)
  func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    return unsafe UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
  }

  /// What the value at a place is.
  @inline(__always)
  func kind(_ at: Int) -> Kind {
    switch byte(at) {
    case UInt8(ascii: "\""): .string
    case UInt8(ascii: "{"): .object
    case UInt8(ascii: "["): .array
    case UInt8(ascii: "t"), UInt8(ascii: "f"): .bool
    case UInt8(ascii: "n"): .null
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): .number
    case _: .none
    }
  }

  // MARK: Moving

  /// The place behind a string whose opening quote is at `at`.
  @inline(__always)
  func endOfString(_ at: Int) -> Int {
    var place = at &+ 1
    while place < count {
      // Safe: the place is inside the record.
      let byte = unsafe base[place]
      if byte == UInt8(ascii: "\"") { return place &+ 1 }
      place &+= byte == UInt8(ascii: "\\") ? 2 : 1
    }
    return count
  }

  /// The place behind a value.
  func end(_ at: Int) -> Int {
    switch byte(at) {
    case UInt8(ascii: "\""): return endOfString(at)
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      var depth = 0
      var place = at
      while place < count {
        // Safe: the place is inside the record.
        switch unsafe base[place] {
        case UInt8(ascii: "\""):
          place = endOfString(place)
          continue
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth &+= 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
          depth &-= 1
          if depth == 0 { return place &+ 1 }
        case _: break
        }
        place &+= 1
      }
      return count
    case _:
      var place = at
      while place < count {
        // Safe: the place is inside the record.
        let byte = unsafe base[place]
        if byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") { break }
        place &+= 1
      }
      return place
    }
  }

  /// The place of a member's value in the object at `at`; nil when it has no such member.
  func member(_ name: [UInt8], of at: Int) -> Int? {
    var place = at &+ 1
    while byte(place) == UInt8(ascii: "\"") {
      let end = endOfString(place)
      guard byte(end) == UInt8(ascii: ":") else { return nil }
      if isString(place, end, name) { return end &+ 1 < count ? end &+ 1 : nil }
      let after = self.end(end &+ 1)
      guard byte(after) == UInt8(ascii: ",") else { return nil }
      place = after &+ 1
    }
    return nil
  }

  /// The place of the first element of the array at `at`; nil when it is empty.
  @inline(__always)
  func firstElement(_ at: Int) -> Int? {
    byte(at &+ 1) == UInt8(ascii: "]") || at &+ 1 >= count ? nil : at &+ 1
  }

  /// The place of the element after the one at `at`; nil when that was the last.
  @inline(__always)
  func nextElement(_ at: Int) -> Int? {
    let end = self.end(at)
    return byte(end) == UInt8(ascii: ",") && end > at && end &+ 1 < count ? end &+ 1 : nil
  }

  // MARK: Values

  /// Whether the string between the quotes at `start` and before `end` is `name`.
  private func isString(_ start: Int, _ end: Int, _ name: [UInt8]) -> Bool {
    let length = end - start - 2
    // Escapes make a string longer than what it stands for.
    guard length >= name.count, end <= count else { return false }
    if length == name.count {
      return unsafe TextMatcher.equal(bytes(start..<end), at: 1, name)
        && !name.contains(UInt8(ascii: "\\"))
    }
    var plain: [UInt8] = []
    unescape(start, to: &plain)
    return plain == name
  }

  /// The bytes of the string at `at`, when it has no escapes; nil when it has.
  @inline(__always)
  func plainString(_ at: Int) -> UnsafeRawBufferPointer? {
    var place = at &+ 1
    while place < count {
      // Safe: the place is inside the record.
      let byte = unsafe base[place]
      if byte == UInt8(ascii: "\"") { return unsafe bytes(at &+ 1..<place) }
      if byte == UInt8(ascii: "\\") { return nil }
      place &+= 1
    }
    return unsafe bytes(min(at &+ 1, count)..<count)
  }

  /// Appends what the string at `at` stands for.
  func unescape(_ at: Int, to plain: inout [UInt8]) {
    var place = at + 1
    while place < count {
      let byte = self.byte(place)
      place += 1
      if byte == UInt8(ascii: "\"") { return }
      guard byte == UInt8(ascii: "\\") else {
        plain.append(byte)
        continue
      }
      let escape = self.byte(place)
      place += 1
      switch escape {
      case UInt8(ascii: "b"): plain.append(0x08)
      case UInt8(ascii: "f"): plain.append(0x0C)
      case UInt8(ascii: "n"): plain.append(0x0A)
      case UInt8(ascii: "r"): plain.append(0x0D)
      case UInt8(ascii: "t"): plain.append(0x09)
      case UInt8(ascii: "u"):
        var value = hexadecimal(place)
        place += 4
        if value & 0xFC00 == 0xD800, self.byte(place) == UInt8(ascii: "\\"),
          self.byte(place + 1) == UInt8(ascii: "u")
        {
          let second = hexadecimal(place + 2)
          if second & 0xFC00 == 0xDC00 {
            value = 0x1_0000 + (value & 0x3FF) << 10 + second & 0x3FF
            place += 6
          }
        }
        plain.append(contentsOf: String(Unicode.Scalar(value) ?? "\u{FFFD}").utf8)
      case _: plain.append(escape)
      }
    }
  }

  private func hexadecimal(_ at: Int) -> UInt32 {
    var value: UInt32 = 0
    for place in at..<at + 4 {
      let digit = byte(place)
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(digit - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(digit - UInt8(ascii: "a") + 10)
      case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(digit - UInt8(ascii: "A") + 10)
      case _: return 0xFFFD
      }
    }
    return value
  }

  /// Code points of the string at `at`.
  func codePoints(_ at: Int) -> Int {
    if let plain = unsafe plainString(at) {
      var total = 0
      for index in 0..<plain.count where unsafe plain[index] & 0xC0 != 0x80 { total &+= 1 }
      return total
    }
    var plain: [UInt8] = []
    unescape(at, to: &plain)
    return plain.reduce(0) { $0 + ($1 & 0xC0 != 0x80 ? 1 : 0) }
  }

  /// The number at `at`: an integer without point and exponent that fits, otherwise the nearest double; nil when it is
  /// no finite number.
  func number(_ at: Int) -> FilterConstant? {
    var place = at
    let isNegative = byte(place) == UInt8(ascii: "-")
    if isNegative { place &+= 1 }
    let digits = place
    var magnitude: UInt64 = 0
    while byte(place) &- UInt8(ascii: "0") <= 9 {
      // Meaningless past 19 digits, and not used then.
      magnitude = magnitude &* 10 &+ UInt64(byte(place) &- UInt8(ascii: "0"))
      place &+= 1
    }
    let next = byte(place)
    if next != UInt8(ascii: "."), next | 0x20 != UInt8(ascii: "e"), place &- digits <= 19, place > digits {
      if magnitude <= UInt64(Int64.max) {
        let value = Int64(truncatingIfNeeded: magnitude)
        return .int(isNegative ? 0 &- value : value)
      }
      if isNegative, magnitude == 1 << 63 { return .int(Int64.min) }
    }
    let (value, _) = unsafe DecimalFloat.parseDouble(bytes(at..<max(end(at), at)), grammar: .json)
    return value.isFinite ? .double(value) : nil
  }

  /// The number at `at` as a double; nil when it is none.
  func double(_ at: Int) -> Double? {
    switch kind(at) == .number ? number(at) : nil {
    case .int(let int): Double(int)
    case .double(let double): double
    case .bool, .string, .time, nil: nil
    }
  }

  /// Whether the object at `at` is a place: numbers `lat` and `lon`.
  func place(_ at: Int) -> GeoPoint? {
    guard kind(at) == .object, let latitude = member(Array("lat".utf8), of: at),
      let longitude = member(Array("lon".utf8), of: at), let north = double(latitude),
      let east = double(longitude)
    else { return nil }
    return GeoPoint(latitude: north, longitude: east)
  }
}
