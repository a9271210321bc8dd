/// Where a filter looks in a record: `lang`, `author.name`, `items[].price`, `scores[0]`, `$created`, `.price`.
///
/// A path *finds* a list of values, in the order of the record. It starts with one value (the record's metadata, the
/// element at hand, the identifier, a time), and each step replaces the values found so far:
///
/// | step | each value found becomes |
/// |---|---|
/// | `.name` | the member of that name, when the value is an object that has it; otherwise nothing |
/// | `[n]` | element n, counted from 0, when the value is an array that long; otherwise nothing |
/// | `[]` | all its elements, when the value is an array; otherwise nothing |
///
/// The *candidates* of a path are the values found, with each that is an array replaced by its elements, one level and
/// no deeper. Predicates on scalars look at candidates, all others at the values found.
package struct FilterPath: Hashable, Sendable {
  /// What the steps start from.
  package enum Root: Hashable, Sendable {
    /// The record's metadata; the first step is a name.
    case metadata
    /// The element that the innermost `ANY`, `ALL` or `NONE` is looking at; it may be the whole path.
    case element
    /// `$id`, without steps: a string, an integer, or a UUID as lower-case text with hyphens.
    case id
    /// `$created`, without steps: the instant at which the record came to be.
    case created
    /// `$updated`, without steps: the instant of the record's last change.
    case updated
  }

  /// One step down.
  package enum Step: Hashable, Sendable {
    /// The member of an object with this name, as UTF-8 bytes without any quotes or escapes.
    case name([UInt8])
    /// The element of an array, counted from 0.
    case index(Int)
    /// Each element of an array.
    case each
  }

  /// Most steps of one path: JSON has no more levels.
  package static let maximumSteps = 64

  /// What the steps start from.
  package let root: Root
  /// The steps, outermost first.
  package let steps: [Step]

  /// Makes a path from its parts.
  package init(_ root: Root, _ steps: [Step] = []) {
    self.root = root
    self.steps = steps
  }

  /// Makes a path of names through the record's metadata.
  package init(names: [String]) { self.init(.metadata, names.map { .name(Array($0.utf8)) }) }

  /// Whether the path goes through the metadata by names alone, so that columns can answer it.
  package var isPlain: Bool {
    root == .metadata && steps.allSatisfy { if case .name = $0 { true } else { false } }
  }

  /// The names before the first array step, in the spelling of `ColumnInfo.path`; nil unless it starts at the metadata.
  package var columnPath: String? {
    guard root == .metadata else { return nil }
    var text: [UInt8] = []
    for step in steps {
      guard case .name(let name) = step else { break }
      ColumnPath.append(name, to: &text)
    }
    return String(decoding: text, as: UTF8.self)
  }
}
