/// The text form of a path through nested objects.
///
/// Names are joined by dots. A name is put between double quotes, with inner double quotes doubled, when it is
/// empty, starts with `$` or holds one of `.`, `"`, `[`, `]`. So two different paths never have the same text,
/// and the text is what a filter writes, but for names that are no identifier, which a filter must also quote.
package enum ColumnPath {
  /// Appends one more name, with its dot, to a path that is empty at first.
  package static func append(_ name: some Sequence<UInt8>, to path: inout [UInt8]) {
    if !path.isEmpty { path.append(UInt8(ascii: ".")) }
    let start = path.count
    path.append(contentsOf: name)
    guard needsQuotes(path[start...]) else { return }
    let plain = Array(path[start...])
    path.removeSubrange(start...)
    path.append(UInt8(ascii: "\""))
    for byte in plain {
      path.append(byte)
      if byte == UInt8(ascii: "\"") { path.append(byte) }
    }
    path.append(UInt8(ascii: "\""))
  }

  /// The text of a path given as its names, outermost first.
  package static func text(_ names: [String]) -> String {
    var path: [UInt8] = []
    for name in names { append(name.utf8, to: &path) }
    return String(decoding: path, as: UTF8.self)
  }

  private static func needsQuotes(_ name: ArraySlice<UInt8>) -> Bool {
    guard let first = name.first else { return true }
    if first == UInt8(ascii: "$") { return true }
    return name.contains { byte in
      byte == UInt8(ascii: ".") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "[")
        || byte == UInt8(ascii: "]")
    }
  }
}
