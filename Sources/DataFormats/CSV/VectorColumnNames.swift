/// The names of numbered vector columns: `e{0..383}`, a list `x,y,z`, or the part before the number, `e`.
package struct VectorColumnNames: Equatable, Sendable {
  private enum Shape: Equatable, Sendable {
    case range(prefix: String, first: Int, last: Int, width: Int, suffix: String)
    case list([String])
    case prefix(String)
  }

  private let shape: Shape
  /// The specification as it was given.
  package let text: String

  /// Reads a specification; nil when it has a brace but no range such as `{0..383}`, or names nothing.
  package init?(_ text: String) {
    self.text = text
    if let open = text.firstIndex(of: "{") {
      guard let close = text[open...].firstIndex(of: "}") else { return nil }
      let inside = text[text.index(after: open)..<close]
      let suffix = text[text.index(after: close)...]
      let parts = inside.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 3, parts[1].isEmpty, let first = VectorColumnNames.number(parts[0]),
        let last = VectorColumnNames.number(parts[2]), first <= last, last - first < 65_536,
        !suffix.contains("{"), !suffix.contains("}"), !text[..<open].contains("}")
      else { return nil }
      // As a shell does: a zero in front asks for equal widths.
      let isPadded = parts[0].count > 1 && parts[0].first == "0"
      shape = .range(
        prefix: String(text[..<open]), first: first, last: last, width: isPadded ? parts[0].count : 0,
        suffix: String(suffix))
    } else if text.contains(",") {
      let names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      guard !names.contains(""), Set(names).count == names.count else { return nil }
      shape = .list(names)
    } else {
      guard !text.isEmpty else { return nil }
      shape = .prefix(text)
    }
  }

  private static func number(_ text: some StringProtocol) -> Int? {
    guard !text.isEmpty, text.count <= 9, text.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
    return Int(text)
  }

  /// The columns in the order of their numbers.
  ///
  /// - Parameter header: The names in the file.
  /// - Returns: For each number of the vector its column's place in the header, or the name that is missing.
  func columns(in header: [String]) -> (found: [Int], missing: String?) {
    let names: [String]
    switch shape {
    case .list(let list): names = list
    case .range(let prefix, let first, let last, let width, let suffix):
      names = (first...last).map { prefix + VectorColumnNames.padded($0, width) + suffix }
    case .prefix(let prefix): return numbered(prefix, header)
    }
    var places: [String: Int] = [:]
    for (index, name) in header.enumerated() { places[name] = index }
    var found: [Int] = []
    for name in names {
      guard let place = places[name] else { return (found, name) }
      found.append(place)
    }
    return (found, nil)
  }

  private func numbered(_ prefix: String, _ header: [String]) -> (found: [Int], missing: String?) {
    var numbers: [(number: Int, column: Int)] = []
    for (column, name) in header.enumerated() where name.hasPrefix(prefix) {
      if let number = VectorColumnNames.number(name.dropFirst(prefix.count)) {
        numbers.append((number, column))
      }
    }
    numbers.sort { ($0.number, $0.column) < ($1.number, $1.column) }
    guard let first = numbers.first?.number else { return ([], prefix + "0") }
    for (index, entry) in numbers.enumerated() where entry.number != first + index {
      return (numbers[..<index].map(\.column), prefix + (first + index).description)
    }
    return (numbers.map(\.column), nil)
  }

  /// The names for writing vectors of `dimension` numbers; nil when the specification names another number of them.
  package func names(dimension: Int) -> [String]? {
    switch shape {
    case .list(let list): return list.count == dimension ? list : nil
    case .prefix(let prefix): return (0..<dimension).map { prefix + $0.description }
    case .range(let prefix, let first, let last, let width, let suffix):
      guard last - first + 1 == dimension else { return nil }
      return (first...last).map { prefix + VectorColumnNames.padded($0, width) + suffix }
    }
  }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = number.description
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// A guess at the specification of a header that has numbered columns; nil where it has none.
  static func guess(_ header: [String]) -> String? {
    var counts: [String: (least: Int, greatest: Int, count: Int)] = [:]
    for name in header {
      let digits = name.utf8.reversed().prefix { $0 >= 48 && $0 <= 57 }.count
      guard digits > 0, let number = number(name.suffix(digits)) else { continue }
      let prefix = String(name.dropLast(digits))
      let known = counts[prefix] ?? (number, number, 0)
      counts[prefix] = (min(known.least, number), max(known.greatest, number), known.count + 1)
    }
    guard let best = counts.max(by: { ($0.value.count, $1.key) < ($1.value.count, $0.key) }),
      best.value.count > 1
    else { return nil }
    return "\(best.key){\(best.value.least)..\(best.value.greatest)}"
  }
}
