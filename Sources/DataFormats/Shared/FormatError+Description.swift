extension FormatError: CustomStringConvertible {
  /// One sentence: `docs.jsonl:12 (record 11, byte 4711): vector: expected 384 numbers, found 383`.
  package var description: String {
    "\(place): \(sentence)"
  }

  /// The place alone: file, line, record and byte offset as far as they are known.
  package var place: String {
    var text = file
    if let line { text += ":\(line)" }
    var parts: [String] = []
    if let record { parts.append("record \(record)") }
    if let byteOffset { parts.append("byte \(byteOffset)") }
    if !parts.isEmpty { text += " (" + parts.joined(separator: ", ") + ")" }
    return text
  }

  /// What was expected and found, with the column, without the place and the hint.
  package var sentence: String {
    let text = "expected \(expected), found \(found)"
    guard let column else { return text }
    return "\(column): \(text)"
  }
}
