/// What may stand as the value of an option.
package enum ValueKind: Equatable, Sendable {
  /// No value: given or not.
  case flag
  /// No value: how often it was given.
  case count
  /// Any text, also empty.
  case text
  /// A path of a file or folder; the empty text is refused.
  case path(PathKind)
  /// A whole number in a range; `word` is accepted in its place.
  case integer(ClosedRange<Int64>, word: String? = nil)
  /// A finite decimal number in a range.
  case number(ClosedRange<Double>)
  /// A number of bytes such as `64K`, `64KiB` or `1.5G`, at least `minimum`.
  case size(minimum: UInt64)
  /// A length of time such as `250ms` or `7d`; `0` needs no unit.
  case duration
  /// A date, or a date and time with an offset (RFC 3339).
  case time
  /// Permissions of a new folder in octal, such as `0600`.
  case fileMode
  /// One of a few words.
  case choice([String])
  /// `NAME=VALUE`; the values are one of the words given, when any are.
  case assignment(values: [String] = [])

  /// Whether the option stands alone.
  package var takesValue: Bool { self != .flag && self != .count }
}

/// What a path names; completions use it.
package enum PathKind: Equatable, Sendable { case file, folder, collection }

/// What happens when an option is given more than once.
package enum Repetition: Equatable, Sendable {
  /// The last one counts.
  case lastWins
  /// A second one is an error.
  case once
  /// Every one counts.
  case list
  /// Every one counts, and one value may hold several, separated by commas outside double quotes.
  case commaList
}

/// One option of the command line, as data.
///
/// Everything that is said about the option anywhere (help, manual page, completions, error
/// sentences) is made from this value.
package struct Option: Equatable, Sendable {
  /// The long name without dashes.
  package let name: String
  /// The letter that may be used instead, if any.
  package let short: Character?
  /// What its value must be.
  package let kind: ValueKind
  /// What stands for the value in help, in capitals; empty for flags.
  package let placeholder: String
  /// What happens when it is given again.
  package let repetition: Repetition
  /// The default as the user would write it; nil when there is none.
  package let defaultValue: String?
  /// The environment variable that is read when the option is not given.
  package let environment: String?
  /// What `--no-NAME` stands for: a value of the option, or "off" for a flag; nil when there is no such form.
  package let negation: String?
  /// Whether it must be given.
  package let isRequired: Bool
  /// One line without a full stop at the end.
  package let summary: String
  /// Further sentences for the long help and the manual page; may be empty.
  package let details: String

  /// Declares an option.
  ///
  /// `placeholder` is needed for every kind that takes a value, except choices.
  package init(
    _ name: String, short: Character? = nil, _ kind: ValueKind, _ placeholder: String = "",
    repetition: Repetition = .lastWins, default defaultValue: String? = nil, environment: String? = nil,
    negation: String? = nil, isRequired: Bool = false, summary: String, details: String = ""
  ) {
    self.name = name
    self.short = short
    self.kind = kind
    if case .choice(let words) = kind, placeholder.isEmpty {
      self.placeholder = words.joined(separator: "|")
    } else {
      self.placeholder = placeholder
    }
    self.repetition = repetition
    self.defaultValue = defaultValue
    self.environment = environment
    self.negation = negation
    self.isRequired = isRequired
    self.summary = summary
    self.details = details
  }

  /// `--name` with both dashes.
  package var spelling: String { "--" + name }

  /// `-k, --k N`, as help shows it.
  package var label: String {
    var text = short.map { "-\($0), " } ?? ""
    text += spelling
    if kind.takesValue { text += " " + placeholder }
    return text
  }

  /// `--name VALUE` as it stands in a synopsis, or `-k N` when there is a letter of the same name.
  package var synopsis: String {
    let start = short.map { String($0) == name ? "-\($0)" : spelling } ?? spelling
    return kind.takesValue ? start + " " + placeholder : start
  }
}

extension Option {
  /// The same option without a default, for a command where not giving it means something else.
  package func withoutDefault() -> Option {
    Option(
      name, short: short, kind, placeholder, repetition: repetition, default: nil, environment: environment,
      negation: negation, isRequired: isRequired, summary: summary, details: details)
  }
}
