import CommandLineParsing
import DataFormats
import MetadataFilters
import VectorDatabase

/// Fields that a command line names.
enum FieldArgument {
  /// A path of names through the metadata, or `$id`, `$created`, `$updated` where they make sense.
  ///
  /// - Throws: a usage failure when the text is no path.
  static func path(_ text: String, _ name: String, allowsOwn: Bool) throws(CommandFailure) -> FilterPath {
    switch text {
    case "$id" where allowsOwn: return FilterPath(.id)
    case "$created" where allowsOwn: return FilterPath(.created)
    case "$updated" where allowsOwn: return FilterPath(.updated)
    case "$id", "$created", "$updated":
      throw CommandFailure(
        .usage, code: "field-path", "\(name): '\(text)' is no field of the metadata",
        hint: text == "$id" ? nil : "--interval counts records by time")
    default: break
    }
    guard let path = FieldPath(text), !path.hasIndex else {
      throw CommandFailure(
        .usage, code: "field-path", "\(name): '\(text)' is no path of a field",
        hint: "names stand between dots, as in author.name; a name with a dot is written in double quotes")
    }
    return FilterPath(
      .metadata, path.steps.compactMap { if case .key(let key) = $0 { .name(key) } else { nil } })
  }

  /// `FIELD` or `FIELD:desc`.
  static func order(_ text: String, _ option: Option) throws(CommandFailure) -> RowOrder {
    var field = text[...]
    var isDescending = false
    for (suffix, descends) in [(":desc", true), (":asc", false)] where field.hasSuffix(suffix) {
      field = field.dropLast(suffix.count)
      isDescending = descends
      break
    }
    return RowOrder(
      try path(String(field), option.spelling, allowsOwn: true), isDescending: isDescending)
  }
}
