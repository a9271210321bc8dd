/// Why a filter cannot be used, and where.
package struct FilterError: Error, Equatable, Sendable {
  /// The stable name of each reason.
  package enum Code: String, Sendable, CaseIterable {
    /// Something stands where the grammar wants something else.
    case syntax = "filter-syntax"
    /// A literal that spells no value: a time, a number out of range, an unclosed string.
    case literal = "filter-literal"
    /// A regular expression that is wrong or beyond the limit.
    case pattern = "filter-pattern"
    /// A place, radius, box or polygon that is none.
    case geo = "filter-geo"
    /// A literal of another type than the field.
    case type = "filter-type"
    /// A parameter that was not given, not used, or holds the wrong kind of value.
    case parameter = "filter-parameter"
    /// A file of values that cannot be used.
    case file = "filter-file"
    /// More text, depth or values than allowed.
    case limit = "filter-limit"
    /// Something that this version does not have, or that the wanted form cannot express.
    case unsupported = "filter-unsupported"
  }

  /// Where the trouble is.
  package enum Place: Equatable, Sendable {
    /// Bytes of the filter's text; empty at its end.
    case text(Range<Int>)
    /// A value in the JSON form, as `and[2].value`; empty for the whole.
    case json(String)
    /// Nowhere in particular.
    case nowhere
  }

  /// The stable name of the reason.
  package var code: Code
  /// Where the trouble is.
  package var place: Place
  /// What was wanted, as a noun phrase.
  package var expected: String
  /// What was found, as a noun phrase.
  package var found: String
  /// What a person can do about it.
  package var hint: String?
  /// The word that may be misspelt, and what it may have meant to be.
  package var misspelt: Misspelt?

  /// A word, and the words that were possible in its place.
  package struct Misspelt: Equatable, Sendable {
    /// The word as it was written.
    package var word: String
    /// All words that would have been right.
    package var candidates: [String]

    /// Makes one from its parts.
    package init(_ word: String, candidates: [String]) {
      self.word = word
      self.candidates = candidates
    }
  }

  /// Makes an error from its parts.
  package init(
    _ code: Code, at place: Place, expected: String, found: String, hint: String? = nil,
    misspelt: Misspelt? = nil
  ) {
    self.code = code
    self.place = place
    self.expected = expected
    self.found = found
    self.hint = hint
    self.misspelt = misspelt
  }
}

/// The bounds of the language.
package enum FilterLimits {
  /// Bytes of the text, and of the JSON form.
  package static let textBytes = 65_536
  /// Parentheses, `NOT`, `ANY`, `ALL`, `NONE` inside each other.
  package static let depth = 64
  /// Values of a list in the text.
  package static let listValues = 10_000
  /// Values of a file, and of an array that is bound to a parameter.
  package static let fileValues = 10_000_000
}
