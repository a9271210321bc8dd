extension FilterError: CustomStringConvertible {
  /// One sentence without its place: `expected a value, found 'AND'`.
  package var description: String {
    found.isEmpty ? "expected \(expected)" : "expected \(expected), found \(found)"
  }

  /// The place in words: `column 12`, `line 2, column 3`, `at and[2].value`; nil for nowhere.
  ///
  /// Columns are counted in code points from 1.
  package func placeName(in text: String) -> String? {
    switch place {
    case .nowhere: return nil
    case .json(let path): return path.isEmpty ? nil : "at \(path)"
    case .text(let range):
      let (line, start, _) = FilterError.line(of: range.lowerBound, in: Array(text.utf8))
      let column = FilterError.scalars(Array(text.utf8)[start..<min(range.lowerBound, text.utf8.count)]) + 1
      return line == 1 ? "column \(column)" : "line \(line), column \(column)"
    }
  }

  /// The line of the text with the trouble and a line with a caret below it; nil when it is nowhere in the text.
  ///
  /// A long line is cut on both sides. Controls become spaces.
  package func pointer(in text: String, width: Int = 72) -> (line: String, caret: String)? {
    guard case .text(let range) = place else { return nil }
    let bytes = Array(text.utf8)
    let (_, start, end) = FilterError.line(of: range.lowerBound, in: bytes)
    let from = min(range.lowerBound, bytes.count)
    let before = String(decoding: bytes[start..<from], as: UTF8.self).unicodeScalars.map(FilterError.visible)
    let rest = String(decoding: bytes[from..<end], as: UTF8.self).unicodeScalars.map(FilterError.visible)
    let marked = max(1, FilterError.scalars(bytes[from..<min(max(range.upperBound, from), end)]))
    let shownBefore = before.suffix(before.count > width * 2 / 3 ? width / 2 : before.count)
    let shownRest = rest.prefix(max(width - shownBefore.count, 16))
    var line = shownBefore.count < before.count ? "…" : ""
    var caret = shownBefore.count < before.count ? " " : ""
    line.unicodeScalars.append(contentsOf: shownBefore)
    line.unicodeScalars.append(contentsOf: shownRest)
    if shownRest.count < rest.count { line += "…" }
    caret += String(repeating: " ", count: shownBefore.count) + "^"
    caret += String(repeating: "~", count: max(0, min(marked, max(shownRest.count, 1)) - 1))
    return (line, caret)
  }

  /// Number of the line (from 1) that holds byte `offset`, and its first byte and the one behind its last.
  private static func line(of offset: Int, in bytes: [UInt8]) -> (number: Int, start: Int, end: Int) {
    var number = 1
    var start = 0
    for index in 0..<min(offset, bytes.count) where bytes[index] == UInt8(ascii: "\n") {
      number += 1
      start = index + 1
    }
    let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
    return (number, start, max(end, min(offset, bytes.count)))
  }

  private static func scalars(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
  }

  private static func visible(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: " "
    case _: scalar
    }
  }
}
