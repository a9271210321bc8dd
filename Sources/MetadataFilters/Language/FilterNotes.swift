/// What may surprise the author of a filter that is correct.
package enum FilterNote: Equatable, Sendable {
  /// A negated infix form: FALSE where the field is missing, null or of another type.
  case negatedForm(predicate: String, path: FilterPath, complement: String)
  /// The complement of a predicate: TRUE where the field is missing, null or of another type.
  case complement(predicate: String, path: FilterPath, negatedForm: String?)
  /// A comparison with NULL, which is never TRUE.
  case comparedWithNull(predicate: String, path: FilterPath?)

  /// The notes on an expression, each kind at most once for a path, in order.
  package static func notes(on expression: FilterExpression) -> [FilterNote] {
    var notes: [FilterNote] = []
    collect(expression, isNegated: false, &notes)
    return notes
  }

  /// One or two sentences.
  package var text: String {
    switch self {
    case .negatedForm(let predicate, let path, let complement):
      "\(predicate) is FALSE where \(FilterPrinter.text(path)) is missing, null or of another type; \(complement) is TRUE there"
    case .complement(let predicate, let path, let negatedForm):
      "\(predicate) is TRUE where \(FilterPrinter.text(path)) is missing, null or of another type"
        + (negatedForm.map { "; \($0) is FALSE there" } ?? "")
    case .comparedWithNull(let predicate, let path):
      "\(predicate) is never TRUE" + (path.map { "; write \(FilterPrinter.text($0)) IS NULL" } ?? "")
    }
  }

  /// The field that the note is about.
  package var path: FilterPath? {
    switch self {
    case .negatedForm(_, let path, _), .complement(_, let path, _): path
    case .comparedWithNull(_, let path): path
    }
  }

  private static func collect(_ expression: FilterExpression, isNegated: Bool, _ notes: inout [FilterNote]) {
    switch expression {
    case .and(let parts), .or(let parts):
      for part in parts { collect(part, isNegated: isNegated, &notes) }
    case .not(let inner): collect(inner, isNegated: !isNegated, &notes)
    case .quantified(_, _, let condition): collect(condition, isNegated: false, &notes)
    case .constant, .exists, .kind, .geo: break
    case .compare, .between, .member, .text, .contains: add(expression, isNegated, &notes)
    }
  }

  private static func add(_ predicate: FilterExpression, _ isNegated: Bool, _ notes: inout [FilterNote]) {
    let text = FilterPrinter.text(predicate)
    if case .compare(let left, let comparison, let right) = predicate {
      if comparison == .distinct || comparison == .notDistinct { return }
      if left == .value(.null) || right == .value(.null) {
        notes.append(.comparedWithNull(predicate: text, path: predicate.firstPath))
        return
      }
    }
    guard let path = predicate.firstPath, path.root == .metadata || path.root == .element else { return }
    let flipped = predicate.withInfixNegation
    if isNegated {
      let isKnown = notes.contains { if case .complement(_, path, _) = $0 { true } else { false } }
      if !isKnown {
        let full = FilterPrinter.text(.not(predicate))
        notes.append(.complement(predicate: full, path: path, negatedForm: flipped.map(FilterPrinter.text)))
      }
    } else if predicate.isNegatedForm, let flipped {
      let isKnown = notes.contains { if case .negatedForm(_, path, _) = $0 { true } else { false } }
      if !isKnown {
        notes.append(.negatedForm(predicate: text, path: path, complement: FilterPrinter.text(.not(flipped))))
      }
    }
  }
}

extension FilterExpression {
  /// Whether a predicate is one of the negated infix forms.
  var isNegatedForm: Bool {
    switch self {
    case .compare(_, .notEqual, _): true
    case .between(_, _, _, let isNegated), .member(_, _, let isNegated), .text(_, _, _, let isNegated),
      .contains(_, _, _, let isNegated):
      isNegated
    case .compare, .constant, .and, .or, .not, .kind, .exists, .quantified, .geo: false
    }
  }

  /// The predicate with `=` and `!=` exchanged, NOT put into it or taken out of it; nil for others.
  var withInfixNegation: FilterExpression? {
    switch self {
    case .compare(let left, .equal, let right): .compare(left, .notEqual, right)
    case .compare(let left, .notEqual, let right): .compare(left, .equal, right)
    case .between(let operand, let low, let high, let isNegated):
      .between(operand, low: low, high: high, isNegated: !isNegated)
    case .member(let operand, let list, let isNegated): .member(operand, list, isNegated: !isNegated)
    case .text(let path, let operation, let pattern, let isNegated):
      .text(path, operation, pattern, isNegated: !isNegated)
    case .contains(let path, let mode, let list, let isNegated):
      .contains(path, mode, list, isNegated: !isNegated)
    case .compare, .constant, .and, .or, .not, .kind, .exists, .quantified, .geo: nil
    }
  }

  /// The first path of a predicate.
  var firstPath: FilterPath? {
    switch self {
    case .compare(let left, _, let right): left.path ?? right.path
    case .between(let operand, let low, let high, _): operand.path ?? low.path ?? high.path
    case .member(let operand, _, _): operand.path
    case .text(let path, _, _, _), .kind(let path, _, _), .exists(let path, _), .contains(let path, _, _, _),
      .quantified(_, let path, _), .geo(let path, _):
      path
    case .constant, .and, .or, .not: nil
    }
  }

  /// Each path of the expression with the path of the quantifier around it, from the record down, in order.
  package var fullPaths: [FilterPath] {
    var found: [FilterPath] = []
    func note(_ path: FilterPath?, _ element: FilterPath?) {
      guard let path else { return }
      let full = BindingPass.inside(path, element)
      if full.root == .metadata, !found.contains(full) { found.append(full) }
    }
    func walk(_ expression: FilterExpression, _ element: FilterPath?) {
      switch expression {
      case .and(let parts), .or(let parts): for part in parts { walk(part, element) }
      case .not(let inner): walk(inner, element)
      case .quantified(_, let path, let condition):
        note(path, element)
        walk(condition, BindingPass.inside(path, element))
      case .compare(let left, _, let right):
        note(left.path, element)
        note(right.path, element)
      case .between(let operand, let low, let high, _):
        for side in [operand, low, high] { note(side.path, element) }
      case .constant, .member, .text, .kind, .exists, .contains, .geo: note(expression.firstPath, element)
      }
    }
    walk(self, nil)
    return found
  }
}

extension FilterOperand {
  /// The path that the operand reads; nil for a value.
  package var path: FilterPath? {
    switch self {
    case .value: nil
    case .path(let path), .length(let path), .lower(let path): path
    }
  }
}
