import CommandLineParsing
import MetadataFilters
import VectorDatabase

/// Names in a filter that no record has.
enum FilterNames {
  /// Points at the names that no record has, as far as that is known, and says which one was perhaps meant.
  static func warn(_ filter: ParsedFilter, _ fields: KnownFields, _ context: CommandContext) {
    guard fields.isComplete else { return }
    let known = fields.paths
    for located in filter.paths {
      guard located.path.isPlain, let name = located.path.columnPath, !name.isEmpty,
        fields.fields[name] == nil, !known.contains(where: { $0.hasPrefix(name + ".") })
      else { continue }
      var sentence = "no record has a field \(FilterPrinter.text(located.path))"
      if let near = Suggestions.nearest(to: name, among: known).first {
        sentence += "; did you mean \(near)?"
      } else {
        sentence += "; for text write '\(name)'"
      }
      context.messages.warning(sentence)
      let place = FilterError(.syntax, at: .text(located.range), expected: "", found: "")
      if let (line, caret) = place.pointer(in: filter.text) { context.messages.note("  \(line)\n  \(caret)") }
    }
  }
}
