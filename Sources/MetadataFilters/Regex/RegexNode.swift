/// A regular expression as a tree.
indirect enum RegexNode: Equatable, Sendable {
  /// Matches the empty string.
  case empty
  /// Matches one code point of the set; an empty set matches nothing.
  case set(CodePointSet)
  /// Matches where the assertion holds, without taking anything.
  case assertion(RegexAssertion)
  /// One after the other.
  case sequence([RegexNode])
  /// Any of them.
  case choice([RegexNode])
  /// At least `least` times and at most `most` times, or without end.
  case repetition(RegexNode, least: Int, most: Int?)

  /// States of the program, counted in code points and saturating.
  var size: Int {
    switch self {
    case .empty: 0
    case .set, .assertion: 1
    case .sequence(let parts): parts.reduce(0) { RegexNode.add($0, $1.size) }
    case .choice(let parts): parts.reduce(0) { RegexNode.add($0, RegexNode.add($1.size, 1)) }
    case .repetition(let inner, let least, let most):
      RegexNode.multiply(RegexNode.add(inner.size, 1), max(most ?? RegexNode.add(least, 1), 1))
    }
  }

  private static func add(_ left: Int, _ right: Int) -> Int {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? Int.max : sum
  }

  private static func multiply(_ left: Int, _ right: Int) -> Int {
    let (product, overflow) = left.multipliedReportingOverflow(by: right)
    return overflow ? Int.max : product
  }
}

/// A place between two code points.
enum RegexAssertion: UInt8, Equatable, Sendable {
  /// `\A`, and `^` without `(?m)`.
  case textStart
  /// `\z`, and `$` without `(?m)`.
  case textEnd
  /// `^` with `(?m)`: also after a line feed.
  case lineStart
  /// `$` with `(?m)`: also before a line feed.
  case lineEnd
  /// `\b`: between a character of `\w` and another, or the end.
  case wordBoundary
  /// `\B`: anywhere else.
  case notWordBoundary
}

/// The bounds of regular expressions.
enum RegexLimits {
  /// States of the program, counted in code points.
  static let states = 10_000
  /// States once each code point has become its bytes.
  static let byteStates = 200_000
  /// The greatest number in braces.
  static let repetitions = 1_000
  /// Groups inside each other.
  static let depth = 200
}
