/// Rows in columns for a terminal, or lines of TSV for a program.
package struct Table {
  /// On which side a column's texts stand.
  package enum Alignment: Sendable { case left, right }

  private let titles: [String]
  private let alignments: [Alignment]
  private var rows: [[String]] = []

  /// - Parameter columns: Title and alignment of every column.
  package init(_ columns: [(title: String, alignment: Alignment)]) {
    titles = columns.map(\.title)
    alignments = columns.map(\.alignment)
  }

  /// Adds a row; missing cells are empty, cells beyond the columns are dropped.
  package mutating func add(_ cells: [String]) {
    var row = Array(cells.prefix(titles.count))
    while row.count < titles.count { row.append("") }
    rows.append(row)
  }

  /// Whether there is no row.
  package var isEmpty: Bool { rows.isEmpty }

  /// Columns with a header, two spaces apart; controls in cells are made visible, and the last column is cut
  /// where the line would be wider than `width` (0 for no limit).
  package func text(width: Int) -> String {
    let cells = ([titles] + rows).map { $0.map { TerminalText.singleLine($0) } }
    var widths = [Int](repeating: 0, count: titles.count)
    for row in cells {
      for (index, cell) in row.enumerated() { widths[index] = max(widths[index], DisplayWidth.of(cell)) }
    }
    var result = ""
    for row in cells {
      var line = ""
      var used = 0
      for (index, cell) in row.enumerated() {
        if index > 0 {
          line += "  "
          used += 2
        }
        let isLast = index == row.count - 1
        let shown = isLast && width > 0 ? DisplayWidth.cut(cell, to: max(width - used, 8)) : cell
        let padding = max(0, widths[index] - DisplayWidth.of(shown))
        switch alignments[index] {
        case .left: line += isLast ? shown : shown + String(repeating: " ", count: padding)
        case .right: line += String(repeating: " ", count: isLast && width > 0 ? 0 : padding) + shown
        }
        used += widths[index]
      }
      while line.hasSuffix(" ") { line.removeLast() }
      result += line + "\n"
    }
    return result
  }

  /// A line for every row, tabs between cells, without a header.
  package var tsv: String {
    var result = ""
    for row in rows { result += row.map(TerminalText.tsvField).joined(separator: "\t") + "\n" }
    return result
  }

  /// RFC 4180 with a header; lines end with CR LF.
  package var csv: String {
    var result = ""
    for row in [titles] + rows { result += row.map(Table.csvField).joined(separator: ",") + "\r\n" }
    return result
  }

  /// A cell of CSV, in quotes where it must be.
  package static func csvField(_ text: String) -> String {
    let needsQuotes = text.utf8.contains { $0 == 0x2C || $0 == 0x22 || $0 == 0x0A || $0 == 0x0D }
    guard needsQuotes else { return text }
    var result = "\""
    for scalar in text.unicodeScalars {
      if scalar == "\"" { result += "\"" }
      result.unicodeScalars.append(scalar)
    }
    return result + "\""
  }

  /// Writes it as the format and the destination ask for: "table", "tsv", "csv", or nil for a table on a terminal and TSV elsewhere.
  package func write(_ format: String?, to context: CommandContext) throws(CommandFailure) {
    switch format ?? (context.output.isTerminal ? "table" : "tsv") {
    case "csv": try context.output.write(csv)
    case "tsv": try context.output.write(tsv)
    default:
      let text = text(width: context.output.isTerminal ? context.environment.columns : 0)
      let header = text.prefix { $0 != "\n" }
      try context.output.writeTrusted(context.outputStyle.bold(String(header)) + "\n")
      try context.output.write(String(text.dropFirst(header.count + 1)))
    }
  }
}

/// How many columns of a terminal a text fills, near enough for tables.
package enum DisplayWidth {
  /// Two for East Asian wide characters and emoji, none for combining marks, one for all else.
  package static func of(_ text: String) -> Int {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text.utf8.count }
    return text.unicodeScalars.reduce(0) { $0 + of($1) }
  }

  /// The text, or its beginning and an ellipsis.
  package static func cut(_ text: String, to width: Int) -> String {
    guard of(text) > width else { return text }
    var result = ""
    var used = 0
    for character in text {
      let next = of(String(character))
      if used + next > width - 1 { break }
      result.append(character)
      used += next
    }
    return result + "…"
  }

  private static func of(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.value {
    case 0x0300...0x036F, 0x0483...0x0489, 0x0591...0x05BD, 0x064B...0x065F, 0x0900...0x0902, 0x1AB0...0x1AFF,
      0x1DC0...0x1DFF, 0x200B...0x200F, 0x20D0...0x20FF, 0xFE00...0xFE0F, 0xFE20...0xFE2F, 0xE0100...0xE01EF:
      0
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
      0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F,
      0x1F900...0x1F9FF, 0x20000...0x3FFFD:
      2
    default: 1
    }
  }
}
