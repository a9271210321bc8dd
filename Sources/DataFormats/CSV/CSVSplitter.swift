/// One record of a delimited text: where it stands in the buffer, and on which line it begins.
struct CSVRecord {
  /// Offset of the first byte in the buffer.
  var start: Int
  /// Offset behind the last byte, without the line's end.
  var end: Int
  /// The line of the first byte, from 1.
  var line: UInt64
  /// Whether the other kind of line end stands outside quotes.
  var hasStrayLineEnd: Bool
}

/// Cuts delimited text into records, across buffers.
///
/// A line ends with LF or CR LF, or, when the first line does so, with CR alone. Every quote toggles between the inside
/// and the outside of a quoted cell: true for RFC 4180 text, and other text is refused when its cells are cut.
struct CSVSplitter {
  /// Whether CR alone ends a line; nil until the first line end is seen.
  private(set) var endsWithReturn: Bool?
  /// How far the buffer has been looked at.
  private(set) var position = 0
  /// Where the record that is not complete begins.
  private(set) var recordStart = 0
  private(set) var isQuoted = false
  /// The line that the next byte stands on.
  private(set) var line: UInt64 = 1
  private(set) var recordLine: UInt64 = 1
  private var hasStrayLineEnd = false

  /// Tells that the first `count` bytes of the buffer were dropped.
  ///
  /// Precondition: `count` is at most `recordStart`.
  mutating func drop(_ count: Int) {
    position -= count
    recordStart -= count
  }

  /// Passes bytes at the start that belong to no record, such as a byte-order mark.
  mutating func skip(_ count: Int, lines: UInt64) {
    position += count
    recordStart += count
    line += lines
    recordLine = line
  }

  /// Looks at the buffer up to `end` and appends each complete record that is not empty.
  ///
  /// At most `maximum` records are appended by one call, more may be left. At the end of the source the rest is a
  /// record too, whether its quotes are closed or not.
  mutating func split(
    _ base: UnsafePointer<UInt8>, end: Int, isAtEnd: Bool, maximum: Int, into records: inout [CSVRecord]
  ) {
    let (quote, newline, carriageReturn) = (UInt8(ascii: "\""), UInt8(10), UInt8(13))
    var left = maximum
    while left > 0 {
      let found = unsafe ByteSearch.first(quote, newline, carriageReturn, base, position, end)
      guard found < end else {
        position = end
        break
      }
      let byte = unsafe base[found]
      if byte == quote {
        isQuoted.toggle()
        position = found &+ 1
        continue
      }
      var length = 1
      if byte == carriageReturn {
        guard found &+ 1 < end || isAtEnd else {
          position = found
          return
        }
        if found &+ 1 < end, unsafe base[found &+ 1] == newline { length = 2 }
      }
      if isQuoted {
        line &+= 1
        position = found &+ length
        continue
      }
      let isLoneReturn = byte == carriageReturn && length == 1
      let wanted = endsWithReturn ?? isLoneReturn
      endsWithReturn = wanted
      line &+= 1
      position = found &+ length
      guard wanted == isLoneReturn else {
        hasStrayLineEnd = true
        continue
      }
      if close(at: found, into: &records) { left -= 1 }
      recordStart = position
      recordLine = line
    }
    if isAtEnd, position == end, recordStart < end, left > 0 {
      _ = close(at: end, into: &records)
      recordStart = end
    }
  }

  private mutating func close(at end: Int, into records: inout [CSVRecord]) -> Bool {
    defer { hasStrayLineEnd = false }
    guard end > recordStart else { return false }
    records.append(
      CSVRecord(start: recordStart, end: end, line: recordLine, hasStrayLineEnd: hasStrayLineEnd))
    return true
  }
}
