/// A compiled regular expression, which tells in linear time whether a text holds a match.
///
/// Immutable; safe to share between threads. `RegexMatcher` matches with it.
package final class RegularExpression: Sendable {
  let program: RegexProgram
  let literals: RegexLiterals

  /// Compiles a pattern.
  ///
  /// - Throws: `FilterError` of code `pattern` or `limit`, without a place; the hint gives the byte of the pattern.
  package init(_ pattern: [UInt8]) throws(FilterError) {
    let node: RegexNode
    do throws(RegexParser.Failure) {
      node = try RegexParser.parse(pattern)
    } catch {
      throw FilterError(
        error.isLimit ? .limit : .pattern, at: .nowhere,
        expected:
          "\(error.expected) at character \(RegularExpression.character(error.at, pattern)) of the pattern",
        found: error.found, hint: error.hint)
    }
    guard node.size <= RegexLimits.states, let program = RegexProgram(node) else {
      throw FilterError(
        .limit, at: .nowhere, expected: "a pattern of at most \(RegexLimits.states) states", found: "more")
    }
    self.program = program
    literals = RegexLiterals(node)
  }

  /// Throws what is wrong with a pattern, at the place given.
  static func check(_ pattern: [UInt8], at place: FilterError.Place) throws(FilterError) {
    do throws(FilterError) {
      _ = try RegularExpression(pattern)
    } catch {
      var error = error
      error.place = place
      throw error
    }
  }

  /// Number, from 1, of the code point at a byte of the pattern.
  private static func character(_ offset: Int, _ pattern: [UInt8]) -> Int {
    pattern.prefix(offset).reduce(1) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
  }
}
