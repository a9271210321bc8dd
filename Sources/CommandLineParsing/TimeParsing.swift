/// Reads and writes points in time as RFC 3339, proleptic Gregorian, years 1678 to 2261.
package enum TimeParsing {
  /// Nanoseconds since 1970 of `2026-11-21` (midnight UTC) or `2026-11-21T01:20:03.5+01:00`; nil when it is neither.
  ///
  /// Second 60 is taken as the last nanosecond of second 59.
  package static func nanoseconds(_ text: String) -> Int64? {
    var reader = Reader(bytes: Array(text.utf8))
    guard let year = reader.number(4), reader.skip("-"), let month = reader.number(2), reader.skip("-"),
      let day = reader.number(2), (1678...2261).contains(year), (1...12).contains(month), day >= 1,
      day <= daysInMonth(year, month)
    else { return nil }
    var seconds = days(year, month, day) * 86_400
    if reader.isAtEnd { return seconds * 1_000_000_000 }
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
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = product.addingReportingOverflow(fraction)
    return overflow || carry ? nil : sum
  }

  /// `2026-11-21T01:20:03Z`; the part below a second is cut, or written with `digits` digits.
  package static func text(nanoseconds: Int64, digits: Int = 0) -> String {
    let billion: Int64 = 1_000_000_000
    var seconds = nanoseconds / billion
    var rest = nanoseconds % billion
    if rest < 0 {
      rest += billion
      seconds -= 1
    }
    var day = seconds / 86_400
    var time = seconds % 86_400
    if time < 0 {
      time += 86_400
      day -= 1
    }
    let (year, month, dayOfMonth) = date(day)
    var result = padded(year, 4) + "-" + padded(month, 2) + "-" + padded(dayOfMonth, 2)
    result += "T" + padded(time / 3600, 2) + ":" + padded(time / 60 % 60, 2) + ":" + padded(time % 60, 2)
    if digits > 0 { result += "." + padded(rest, 9).prefix(min(digits, 9)) }
    return result + "Z"
  }

  private static func padded(_ number: Int64, _ width: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
  }

  private static func daysInMonth(_ year: Int, _ month: Int) -> Int {
    if month == 2 { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28 }
    return [4, 6, 9, 11].contains(month) ? 30 : 31
  }

  /// Days since 1970-01-01; years are counted from March so that the leap day is the last.
  private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return Int64(era * 146_097 + dayOfEra - 719_468)
  }

  private static func date(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  private struct Reader {
    let bytes: [UInt8]
    var position = 0

    var isAtEnd: Bool { position == bytes.count }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
      guard position < bytes.count, UInt32(bytes[position]) == character.value else { return false }
      position += 1
      return true
    }

    mutating func number(_ digits: Int) -> Int? {
      guard bytes.count - position >= digits else { return nil }
      var value = 0
      for byte in bytes[position..<position + digits] {
        guard ValueParsing.isDigit(byte) else { return nil }
        value = value * 10 + Int(byte &- UInt8(ascii: "0"))
      }
      position += digits
      return value
    }

    /// One to nine digits as nanoseconds; further digits are skipped.
    mutating func fraction() -> Int64? {
      var value: Int64 = 0
      var count = 0
      while position < bytes.count, ValueParsing.isDigit(bytes[position]) {
        if count < 9 { value = value * 10 + Int64(bytes[position] &- UInt8(ascii: "0")) }
        count += 1
        position += 1
      }
      guard count > 0 else { return nil }
      for _ in min(count, 9)..<9 { value *= 10 }
      return value
    }
  }
}
