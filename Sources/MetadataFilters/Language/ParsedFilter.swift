/// A filter and where its parts stand in its text.
package struct ParsedFilter: Equatable, Sendable {
  /// What the text says.
  package let expression: FilterExpression
  /// The text; empty when the filter came as JSON.
  package let text: String
  /// Each path in the order of the text, with its bytes; empty when the filter came as JSON.
  package let paths: [LocatedPath]
  /// Bytes of each predicate, in the order of the text: those of the expression that are not `and`, `or`, `not` or a
  /// quantifier, of which only what is before the colon counts.
  package let predicates: [Range<Int>]

  /// A path and its bytes in the text.
  package struct LocatedPath: Equatable, Sendable {
    /// The path.
    package let path: FilterPath
    /// Its bytes.
    package let range: Range<Int>
  }

  /// Makes a filter that has no text.
  package init(_ expression: FilterExpression) {
    self.init(expression, text: "", paths: [], predicates: [])
  }

  init(_ expression: FilterExpression, text: String, paths: [LocatedPath], predicates: [Range<Int>]) {
    self.expression = expression
    self.text = text
    self.paths = paths
    self.predicates = predicates
  }

  /// Where predicate `number` stands, counted from 0.
  func place(ofPredicate number: Int) -> FilterError.Place {
    number < predicates.count ? .text(predicates[number]) : .nowhere
  }
}
