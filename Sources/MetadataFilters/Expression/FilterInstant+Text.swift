/// Reading and writing instants as RFC 3339.
///
/// `2026-11-21T01:20:03.5+01:00`, with `T`, `t` or a space, `Z`, `z` or an offset, which must be there; or a date
/// alone, which is midnight UTC. Second 60 is the last nanosecond of second 59. Digits after the ninth of a fraction
/// are cut. In UTC the year must be 0000 to 9999.
extension FilterInstant {
  /// The longest text worth looking at; a longer one is no instant.
  private static let maximumBytes = 128

  /// Reads an instant that fills the text; nil when the text spells none.
  package init?(_ text: [UInt8]) {
    let found = unsafe text.withUnsafeBytes { unsafe FilterInstant($0) }
    guard let found else { return nil }
    self = found
  }

  /// Reads an instant that fills the text; nil when the text spells none.
  package init?(_ text: UnsafeRawBufferPointer) {
    guard text.count >= 10, text.count <= FilterInstant.maximumBytes else { return nil }
    // Most strings are told apart by these two bytes.
    guard unsafe text[4] == UInt8(ascii: "-"), unsafe text[7] == UInt8(ascii: "-") else { return nil }
    var reader = unsafe Reader(text)
    guard let year = reader.number(4), reader.skip("-"), let month = reader.number(2), reader.skip("-"),
      let day = reader.number(2), (1...12).contains(month), day >= 1,
      day <= FilterInstant.daysInMonth(year, month)
    else { return nil }
    var seconds = FilterInstant.days(year, month, day) * 86_400
    if reader.isAtEnd {
      self.init(seconds: seconds)
      return
    }
    guard reader.skip("T") || reader.skip("t") || reader.skip(" "), let hour = reader.number(2),
      reader.skip(":"), let minute = reader.number(2), reader.skip(":"), let second = reader.number(2),
      hour < 24, minute < 60, second <= 60
    else { return nil }
    seconds += Int64(hour * 3600 + minute * 60 + min(second, 59))
    var fraction: Int64 = 0
    if reader.skip(".") {
      guard let part = reader.fraction() else { return nil }
      fraction = part
    }
    if second == 60 { fraction = 999_999_999 }
    if !(reader.skip("Z") || reader.skip("z")) {
      let isBehind = reader.skip("-")
      guard isBehind || reader.skip("+"), let hours = reader.number(2), reader.skip(":"),
        let minutes = reader.number(2), hours < 24, minutes < 60
      else { return nil }
      let offset = Int64(hours * 3600 + minutes * 60)
      seconds += isBehind ? offset : -offset
    }
    guard reader.isAtEnd else { return nil }
    let instant = FilterInstant(seconds: seconds, nanoseconds: fraction)
    guard instant >= FilterInstant.first, instant <= FilterInstant.last else { return nil }
    self = instant
  }

  /// The instant in UTC, with as many digits of the fraction as it needs: `2026-11-21T01:20:03.5Z`.
  ///
  /// An instant outside the years 0000 to 9999 is written as the nearest one inside.
  package var text: String {
    let instant = min(max(self, FilterInstant.first), FilterInstant.last)
    var day = instant.seconds / 86_400
    var time = instant.seconds % 86_400
    if time < 0 {
      time += 86_400
      day -= 1
    }
    let (year, month, dayOfMonth) = FilterInstant.date(day)
    var result = padded(year, 4) + "-" + padded(month, 2) + "-" + padded(dayOfMonth, 2) + "T"
    result += padded(time / 3600, 2) + ":" + padded(time / 60 % 60, 2) + ":" + padded(time % 60, 2)
    if instant.nanoseconds > 0 {
      var digits = padded(Int64(instant.nanoseconds), 9)
      while digits.hasSuffix("0") { digits.removeLast() }
      result += "." + digits
    }
    return result + "Z"
  }

  /// 0000-01-01T00:00:00Z.
  package static let first = FilterInstant(seconds: -62_167_219_200)
  /// 9999-12-31T23:59:59.999999999Z.
  package static let last = FilterInstant(seconds: 253_402_300_799, nanoseconds: 999_999_999)

  private func padded(_ number: Int64, _ width: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
  }

  private static func daysInMonth(_ year: Int, _ month: Int) -> Int {
    if month == 2 { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28 }
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31
  }

  /// Days since 1970-01-01; years are counted from March so that the leap day is the last.
  private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
    // One era of 400 years is added so that the year before 0000-03-01 is not negative.
    let shifted = (month <= 2 ? year - 1 : year) + 400
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return Int64((era - 1) * 146_097 + dayOfEra - 719_468)
  }

  private static func date(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468 + 146_097
    let era = shifted / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + (era - 1) * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  /// Walks the text; every read is checked against its length.
  @safe
  private struct Reader {
    private let text: UnsafeRawBufferPointer
    private let count: Int
    private var position = 0

    var isAtEnd: Bool { position == count }

    init(_ text: UnsafeRawBufferPointer) {
      unsafe self.text = text
      count = text.count
    }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
      // Safe: the position is inside the text.
      guard position < count, unsafe UInt32(text[position]) == character.value else { return false }
      position += 1
      return true
    }

    mutating func number(_ digits: Int) -> Int? {
      guard count - position >= digits else { return nil }
      var value = 0
      for _ in 0..<digits {
        let digit = unsafe text[position] &- UInt8(ascii: "0")
        guard digit <= 9 else { return nil }
        value = value * 10 + Int(digit)
        position += 1
      }
      return value
    }

    /// One or more digits as nanoseconds; those after the ninth are skipped.
    mutating func fraction() -> Int64? {
      var value: Int64 = 0
      var digits = 0
      while position < count {
        let digit = unsafe text[position] &- UInt8(ascii: "0")
        guard digit <= 9 else { break }
        if digits < 9 { value = value * 10 + Int64(digit) }
        digits += 1
        position += 1
      }
      guard digits > 0 else { return nil }
      for _ in min(digits, 9)..<9 { value *= 10 }
      return value
    }
  }
}
