import FileStorage

/// The metadata fields that a command line asks for, as dotted paths.
///
/// Names stand between dots; a name that holds a dot stands in double quotes, in which a quote is doubled.
package struct FieldSelection: Sendable {
  /// One path as it was written, and its names.
  struct Path: Sendable {
    let text: String
    let names: [[UInt8]]
  }

  /// A name in the tree of all paths.
  private struct Node: Sendable {
    var name: [UInt8]
    /// Whether a path ends here: the whole value is wanted.
    var isWanted: Bool
    var children: [Node]
  }

  /// The paths in the order given.
  let paths: [Path]
  private let roots: [Node]

  /// Reads the paths of an option.
  ///
  /// - Throws: a usage failure for a malformed path.
  init(_ texts: [String], option: String) throws(CommandFailure) {
    var paths: [Path] = []
    var roots: [Node] = []
    for text in texts {
      guard let names = FieldSelection.names(text) else {
        throw CommandFailure(
          .usage, code: "invalid-path", "--\(option): '\(text)' is no field path",
          hint:
            "write names with dots between them; a name that holds a dot stands in double quotes: '\"a.b\".c'"
        )
      }
      paths.append(Path(text: text, names: names))
      FieldSelection.insert(names[...], into: &roots)
    }
    self.paths = paths
    self.roots = roots
  }

  /// The outermost names, each once, in the order given.
  var topNames: [String] {
    var seen: Set<[UInt8]> = []
    return paths.compactMap { path in
      guard let first = path.names.first, seen.insert(first).inserted else { return nil }
      return String(decoding: first, as: UTF8.self)
    }
  }

  private static func insert(_ names: ArraySlice<[UInt8]>, into nodes: inout [Node]) {
    guard let name = names.first else { return }
    let index: Int
    if let known = nodes.firstIndex(where: { $0.name == name }) {
      index = known
    } else {
      index = nodes.count
      nodes.append(Node(name: name, isWanted: false, children: []))
    }
    if names.count == 1 {
      nodes[index].isWanted = true
    } else {
      insert(names.dropFirst(), into: &nodes[index].children)
    }
  }

  private static func names(_ text: String) -> [[UInt8]]? {
    let bytes = Array(text.utf8)
    var names: [[UInt8]] = []
    var place = 0
    while true {
      var name: [UInt8] = []
      if place < bytes.count, bytes[place] == UInt8(ascii: "\"") {
        place += 1
        while true {
          guard place < bytes.count else { return nil }
          if bytes[place] == UInt8(ascii: "\"") {
            place += 1
            guard place < bytes.count, bytes[place] == UInt8(ascii: "\"") else { break }
          }
          name.append(bytes[place])
          place += 1
        }
      } else {
        while place < bytes.count, bytes[place] != UInt8(ascii: ".") {
          if bytes[place] == UInt8(ascii: "\"") { return nil }
          name.append(bytes[place])
          place += 1
        }
        if name.isEmpty { return nil }
      }
      names.append(name)
      if place == bytes.count { return names.count <= 64 ? names : nil }
      guard bytes[place] == UInt8(ascii: ".") else { return nil }
      place += 1
    }
  }

  /// Appends the wanted part of a metadata object; the objects around a wanted value stay.
  ///
  /// - Throws: `JSONError` when the bytes are no JSON object.
  func append(_ metadata: [UInt8], to bytes: inout [UInt8]) throws(JSONError) {
    try unsafe metadata.withUnsafeBufferPointer { (buffer) throws(JSONError) in
      var scanner = unsafe JSONScanner(UnsafeRawBufferPointer(buffer))
      if try !append(&scanner, roots, metadata, to: &bytes) { bytes.append(contentsOf: "{}".utf8) }
    }
  }

  /// Appends the members that `nodes` want; false, with nothing appended, when there is none.
  private func append(
    _ scanner: inout JSONScanner, _ nodes: [Node], _ source: [UInt8], to bytes: inout [UInt8]
  ) throws(JSONError) -> Bool {
    let start = bytes.count
    var name: [UInt8] = []
    var isFirst = true
    var isEmpty = true
    try scanner.beginObject()
    while let key = try scanner.nextKey(&isFirst) {
      name.removeAll(keepingCapacity: true)
      scanner.appendUnescaped(key, to: &name)
      let kind = try scanner.peekKind()
      let valueStart = scanner.position
      guard let node = nodes.first(where: { $0.name == name }), node.isWanted || kind == .object else {
        try scanner.skipValue()
        continue
      }
      let mark = bytes.count
      bytes.append(isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ","))
      bytes.append(UInt8(ascii: "\""))
      scanner.appendRaw(key, to: &bytes)
      bytes.append(UInt8(ascii: "\""))
      bytes.append(UInt8(ascii: ":"))
      if node.isWanted {
        try scanner.skipValue()
        bytes.append(contentsOf: source[valueStart..<scanner.position])
        isEmpty = false
      } else if try append(&scanner, node.children, source, to: &bytes) {
        isEmpty = false
      } else {
        bytes.removeSubrange(mark...)
      }
    }
    if isEmpty {
      bytes.removeSubrange(start...)
      return false
    }
    bytes.append(UInt8(ascii: "}"))
    return true
  }

  /// The value at a path as a cell of a table: a text as it is, anything else as JSON, nothing where it is missing.
  static func cell(_ path: Path, _ metadata: [UInt8]) throws(JSONError) -> String {
    try unsafe metadata.withUnsafeBufferPointer { (buffer) throws(JSONError) -> String in
      var scanner = unsafe JSONScanner(UnsafeRawBufferPointer(buffer))
      for (depth, wanted) in path.names.enumerated() {
        guard try scanner.peekKind() == .object else { return "" }
        try scanner.beginObject()
        var isFirst = true
        var isFound = false
        while !isFound, let key = try scanner.nextKey(&isFirst) {
          if scanner.matches(key, wanted) { isFound = true } else { try scanner.skipValue() }
        }
        guard isFound else { return "" }
        guard depth == path.names.count - 1 else { continue }
        if try scanner.peekKind() == .string { return scanner.string(try scanner.readString()) }
        let start = scanner.position
        try scanner.skipValue()
        return String(decoding: metadata[start..<scanner.position], as: UTF8.self)
      }
      return ""
    }
  }
}
