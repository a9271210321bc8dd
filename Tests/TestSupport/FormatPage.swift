import Foundation

/// The tables of `man/vdb-format.5`, read from the page itself, so that tests compare them with what the code writes.
///
/// A comment `.\" table NAME`, `codes NAME`, `sections NAME`, `names NAME` or `keys NAME` stands before each list.
package struct FormatPage {
  /// One row of a table of fields.
  package struct Field {
    package let offset: Int
    /// Nil where the page says `n`.
    package let size: Int?
    package let type: String
    package let when: String
    package let name: String
  }

  /// Fields of each structure, by the table's name.
  package private(set) var tables: [String: [Field]] = [:]
  /// Rows of the other lists, cell by cell, by the list's name.
  package private(set) var lists: [String: [[String]]] = [:]
  /// The page as it stands in the repository.
  package let text: String

  /// Reads the page of this checkout.
  package init() throws {
    text = try String(contentsOfFile: PackageFolder.path + "/man/vdb-format.5", encoding: .utf8)
    var name: String?
    var isTable = false
    for line in text.split(separator: "\n").map(String.init) {
      if line.hasPrefix(".\\\" ") {
        let words = line.dropFirst(4).split(separator: " ").map(String.init)
        guard words.count == 2 else { continue }
        name = words[1]
        isTable = words[0] == "table"
        if isTable { tables[words[1]] = [] } else { lists[words[1]] = [] }
      } else if line == ".El" {
        name = nil
      } else if let name, line.hasPrefix(".It "), !line.hasPrefix(".It Sy") {
        var cells = line.dropFirst(4).components(separatedBy: " Ta").map {
          $0.trimmingCharacters(in: .whitespaces)
        }
        for prefix in ["Pa ", "Cm "] where cells[0].hasPrefix(prefix) { cells[0].removeFirst(3) }
        guard isTable else {
          lists[name]?.append(cells)
          continue
        }
        guard cells.count == 5, let offset = Int(cells[0]), cells[1] == "n" || Int(cells[1]) != nil else {
          throw PageError(line: line)
        }
        tables[name]?.append(
          Field(
            offset: offset, size: Int(cells[1]), type: cells[2], when: cells[3],
            name: cells[4].replacingOccurrences(of: " :", with: "")))
      }
    }
  }

  /// A section of a container, as the page's own tables find it.
  package struct Section {
    package let range: Range<Int>
    package let elementSize: UInt64
    package let count: UInt64

    package var start: Int { range.lowerBound }
    package var length: Int { range.count }
  }

  /// Where a section lies in the bytes of a container; nil when it has none of that name and column.
  package func section(_ name: String, column: UInt64 = 0, in bytes: [UInt8]) -> Section? {
    let footer = bytes.count - 4096
    guard let table = value("footer-page", "section_table", in: bytes, at: footer),
      let count = value("footer-page", "section_count", in: bytes, at: footer)
    else { return nil }
    let letters = Array(name.utf8).enumerated().reduce(UInt64(0)) {
      $0 | UInt64($1.element) << UInt64(8 * $1.offset)
    }
    for index in 0..<Int(count) {
      let at = Int(table) + 64 * index
      guard value("section-entry", "name", in: bytes, at: at) == letters,
        value("section-entry", "column", in: bytes, at: at) == column,
        let offset = value("section-entry", "offset", in: bytes, at: at),
        let length = value("section-entry", "length", in: bytes, at: at),
        let size = value("section-entry", "element_size", in: bytes, at: at),
        let elements = value("section-entry", "count", in: bytes, at: at)
      else { continue }
      return Section(range: Int(offset)..<Int(offset + length), elementSize: size, count: elements)
    }
    return nil
  }

  /// A row that does not have the form of its table.
  package struct PageError: Error {
    package let line: String
  }

  /// What a number field of a structure holds.
  package func value(_ table: String, _ name: String, in bytes: [UInt8], at base: Int = 0) -> UInt64? {
    guard let field = tables[table]?.first(where: { $0.name == name }), let size = field.size, size <= 8,
      base + field.offset + size <= bytes.count
    else { return nil }
    return (0..<size).reduce(0) { $0 | UInt64(bytes[base + field.offset + $1]) << UInt64(8 * $1) }
  }

  /// Compares a structure that the code wrote with the page's table of it.
  ///
  /// Every field of the table must be expected: numbers in `numbers` (by their bits), bytes in `blobs`; fields that
  /// are never valid must be zero. Fields must follow one another without a gap, unless one of size `n` stands before.
  ///
  /// - Returns: What does not agree; empty when everything does.
  package func problems(
    _ table: String, in bytes: [UInt8], at base: Int = 0, length: Int? = nil, numbers: [String: UInt64],
    blobs: [String: [UInt8]] = [:]
  ) -> [String] {
    guard let fields = tables[table], !fields.isEmpty else { return ["the page has no table \(table)"] }
    var result: [String] = []
    var end: Int? = 0
    for field in fields {
      let label = "\(table).\(field.name)"
      if let end, field.offset != end { result.append("\(label): at \(field.offset), not behind \(end)") }
      end = field.size.map { field.offset + $0 }
      let start = base + field.offset
      if let width = ["u8": 1, "u16": 2, "u32": 4, "u64": 8, "i64": 8][field.type], width != field.size {
        result.append("\(label): \(field.type) of \(field.size ?? -1) bytes")
      }
      if let end, base + end > bytes.count {
        result.append("\(label): behind the structure's end")
      } else if field.when == "never" {
        let part = bytes[start..<(start + (field.size ?? 0))]
        if part.contains(where: { $0 != 0 }) { result.append("\(label): not zero") }
      } else if let blob = blobs[field.name] {
        if let size = field.size, size != blob.count {
          result.append("\(label): \(size) bytes, not \(blob.count)")
        }
        let found = bytes.dropFirst(start).prefix(blob.count)
        if !found.elementsEqual(blob) { result.append("\(label): other bytes than the code was given") }
      } else if let number = numbers[field.name] {
        let found = value(table, field.name, in: bytes, at: base)
        if found != number {
          result.append("\(label): \(found.map(String.init) ?? "nothing"), not \(number)")
        }
      } else {
        result.append("\(label): the test expects no such field")
      }
    }
    for name in Set(numbers.keys).union(blobs.keys) where !fields.contains(where: { $0.name == name }) {
      result.append("\(table).\(name): not on the page")
    }
    if let length, let end, end != length { result.append("\(table): \(end) bytes, not \(length)") }
    return result
  }
}
