import FileStorage

/// Reads the lines of a companion file, one at a time.
///
/// A line ends with LF or CR LF; a last line without an end counts. A UTF-8 byte-order mark at the start is dropped.
struct LineReader {
  let source: any ByteSource
  private let maximumLength: Int
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)
  private var start = 0
  private var end = 0
  private var isAtEnd = false
  /// The number of the line that `next` returned last, from 1.
  private(set) var lineNumber: UInt64 = 0
  /// The offset of that line's first byte.
  private(set) var lineOffset: UInt64 = 0
  /// Bytes taken so far.
  private(set) var offset: UInt64 = 0

  init(_ source: any ByteSource, maximumLength: Int) {
    self.source = source
    self.maximumLength = maximumLength
  }

  /// Calls `body` with the next line without its end; nil at the end of the source.
  mutating func next<R>(_ body: (UnsafeRawBufferPointer) throws(FormatError) -> R) throws(FormatError) -> R? {
    guard let (line, taken) = try find() else { return nil }
    lineNumber += 1
    lineOffset = offset
    let result = try unsafe buffer.withUnsafeBufferPointer { (all) throws(FormatError) -> R in
      try unsafe body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(all)[line]))
    }
    start += taken
    offset += UInt64(taken)
    return result
  }

  /// The next line in `buffer`, and how many bytes it takes with its end.
  private mutating func find() throws(FormatError) -> (Range<Int>, Int)? {
    var scanned = 0
    while true {
      if offset == 0, scanned == 0, end - start >= 3, buffer[start] == 0xEF, buffer[start + 1] == 0xBB,
        buffer[start + 2] == 0xBF
      {
        start += 3
        offset = 3
      }
      if let newline = buffer[start + scanned..<end].firstIndex(of: 10) {
        let hasReturn = newline > start && buffer[newline - 1] == 13
        return (start..<(hasReturn ? newline - 1 : newline), newline + 1 - start)
      }
      scanned = offset == 0 ? 0 : end - start
      if isAtEnd {
        guard end > start else { return nil }
        let hasReturn = buffer[end - 1] == 13
        return (start..<(hasReturn ? end - 1 : end), end - start)
      }
      guard end - start <= maximumLength else {
        throw FormatError(
          .lineTooLong, file: source.name, line: lineNumber + 1, byteOffset: offset,
          expected: "lines of at most \(maximumLength) bytes", found: "a longer one")
      }
      try fill()
    }
  }

  private mutating func fill() throws(FormatError) {
    if start > 0 {
      buffer.removeSubrange(0..<start)
      end -= start
      start = 0
      buffer.append(contentsOf: repeatElement(0, count: max(0, (1 << 16) - buffer.count)))
    }
    if end == buffer.count { buffer.append(contentsOf: repeatElement(0, count: buffer.count)) }
    let from = end
    let source = source
    do throws(FileError) {
      let count = try unsafe buffer.withUnsafeMutableBufferPointer { (all) throws(FileError) -> Int in
        try unsafe source.read(
          into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(all)[from...]))
      }
      end += count
      isAtEnd = count == 0
    } catch { throw FormatError(reading: source.name, error) }
  }
}
