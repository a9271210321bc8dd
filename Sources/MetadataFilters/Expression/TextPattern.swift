/// A compiled pattern for strings.
///
/// Immutable; safe to share between threads. `TextMatcher` matches with it.
package final class TextPattern: Sendable {
  /// How the pattern is meant.
  package let operation: TextOperator
  /// The pattern as it was written.
  package let source: [UInt8]
  /// What `LIKE` and `ILIKE` compile to; nil for others.
  let like: LikePattern?
  /// What `MATCHES` compiles to; nil for others.
  package let expression: RegularExpression?

  /// Compiles a pattern.
  ///
  /// - Throws: `FilterError` for a regular expression that is wrong or too large.
  package init(_ operation: TextOperator, _ source: [UInt8]) throws(FilterError) {
    self.operation = operation
    self.source = source
    switch operation {
    case .like: like = LikePattern(source)
    case .ilike: like = LikePattern(LowerCase.of(source))
    case .matches, .startsWith, .endsWith: like = nil
    }
    expression = operation == .matches ? try RegularExpression(source) : nil
  }

  /// Bytes with which each string that matches begins; empty when nothing is known.
  package var prefix: [UInt8] {
    switch operation {
    case .like: like?.prefix ?? []
    case .startsWith: source
    case .ilike, .matches, .endsWith: []
    }
  }
}

/// Matches strings with a pattern, with room that is used again.
///
/// Each thread needs its own.
package struct TextMatcher {
  /// The pattern.
  package let pattern: TextPattern
  private let regex: RegexMatcher?
  private var lowered: [UInt8] = []

  /// Makes a matcher.
  package init(_ pattern: TextPattern) {
    self.pattern = pattern
    regex = pattern.expression.map { RegexMatcher($0) }
  }

  /// Whether a string matches, given as UTF-8 without escapes, valid for the duration of the call.
  package mutating func matches(_ string: UnsafeRawBufferPointer) -> Bool {
    switch pattern.operation {
    case .like: return unsafe pattern.like?.matches(string) ?? false
    case .ilike:
      lowered.removeAll(keepingCapacity: true)
      unsafe LowerCase.append(string, to: &lowered)
      return unsafe lowered.withUnsafeBytes { bytes in unsafe pattern.like?.matches(bytes) ?? false }
    case .startsWith:
      guard string.count >= pattern.source.count else { return false }
      return unsafe TextMatcher.equal(string, at: 0, pattern.source)
    case .endsWith:
      guard string.count >= pattern.source.count else { return false }
      return unsafe TextMatcher.equal(string, at: string.count - pattern.source.count, pattern.source)
    case .matches: return unsafe regex?.matches(string) ?? false
    }
  }

  /// Whether `bytes` stand in `string` at `start`, where there is room for them.
  static func equal(_ string: UnsafeRawBufferPointer, at start: Int, _ bytes: [UInt8]) -> Bool {
    guard let base = string.baseAddress, !bytes.isEmpty else { return bytes.isEmpty }
    return unsafe bytes.withUnsafeBytes { bytes in
      // Safe: the caller has checked that the string is long enough.
      unsafe bytes.baseAddress.map { unsafe equalBytes(base + start, $0, bytes.count) } ?? true
    }
  }
}
