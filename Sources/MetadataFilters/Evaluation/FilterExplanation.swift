import VectorMath

/// What the predicates of a filter did, gathered from one segment after the other.
package struct FilterExplanation: Sendable {
  /// One predicate.
  package struct Predicate: Sendable {
    /// The predicate as the language writes it, or nearly so.
    package let text: String
    /// How its rows were found, each way once.
    package internal(set) var ways: [String] = []
    /// Rows looked at, left, and read.
    package internal(set) var counts = PredicateCounts()
  }

  /// The predicates in the order of the filter.
  package private(set) var predicates: [Predicate] = []

  /// Begins with the predicates of a filter.
  package init(_ filter: BoundFilter) { gather(filter) }

  private mutating func gather(_ filter: BoundFilter) {
    switch filter {
    case .constant: return
    case .and(let parts), .or(let parts): for part in parts { gather(part) }
    case .not(let part): gather(part)
    case .scalar, .length, .pair, .range, .blank, .kind, .exists, .contains, .quantified, .geo:
      predicates.append(Predicate(text: FilterDescription.text(filter)))
    }
  }

  /// Adds what the evaluation of a segment did.
  package mutating func add(_ program: FilterProgram) {
    for (index, counts) in program.counts.enumerated() where index < predicates.count {
      predicates[index].counts.add(counts)
    }
    addWays(program.root, nil)
  }

  /// Adds rows of the log, which were all read.
  package mutating func addRead(_ rows: Int) {
    guard rows > 0 else { return }
    for index in predicates.indices { addWay("\(rows) of the log read", index) }
  }

  private mutating func addWays(_ node: PlanNode, _ number: Int?) {
    switch node.kind {
    case .constant(let value): if let number { addWay(value ? "every row" : "no row", number) }
    case .and(let parts), .or(let parts): for part in parts { addWays(part, number) }
    case .not(let part): addWays(part, number)
    case .predicate(let number, let part): addWays(part, number)
    case .leaf(let leaf):
      guard let number else { return }
      if case .readAll = leaf.meaning { addWay("rows read", number) }
      for source in leaf.sources { addWay(FilterDescription.way(source), number) }
      if case .read = leaf.meaning { addWay("rows read where it may hold", number) }
    }
  }

  private mutating func addWay(_ text: String, _ number: Int) {
    guard number < predicates.count, !predicates[number].ways.contains(text) else { return }
    predicates[number].ways.append(text)
  }
}

/// Filters and plans in words.
enum FilterDescription {
  /// How a source finds rows.
  static func way(_ source: PlanLeaf.Source) -> String {
    switch source {
    case .rows: return "look-up by hash"
    case .time: return "times of all rows"
    case .element(let scan, let index): return "element \(index) of the arrays of \(scan.info.path)"
    case .pair(let left, _, let right):
      return "columns \(left.info.path) and \(right.info.path), row by row"
    case .point(let latitude, let longitude, _):
      return "columns \(latitude.info.path) and \(longitude.info.path)"
    case .column(let scan):
      let name = "column \(scan.info.path.isEmpty ? "of rows left out" : scan.info.path)"
      let kind = "\(scan.info.type)"
      switch scan.question {
      case .present: return "\(name) (\(kind)): presence"
      case .long: return "\(name) (\(kind)): long strings read"
      case .length: return "\(name) (\(kind)): lengths"
      case .values:
        guard let ready = scan.prepared else { return "\(name) (\(kind)): not needed" }
        return "\(name) (\(kind)): \(way(ready))"
      }
    }
  }

  private static func way(_ ready: ColumnScan.Ready) -> String {
    switch ready.test {
    case .never: return "no value passes"
    case .always: return "every value passes"
    case .ranges(let bounds):
      switch bounds {
      case .int64s(let values): return "\(values.count / 2) range(s) of integers"
      case .doubles(let values): return "\(values.count / 2) range(s) of numbers"
      case .codes8(let values): return codes(values.count / 2, ready.column)
      case .codes16(let values): return codes(values.count / 2, ready.column)
      case .codes32(let values): return codes(values.count / 2, ready.column)
      }
    case .set(let bits, _):
      let count = bits.reduce(0) { $0 + $1.nonzeroBitCount }
      return "\(count) of \(ready.column.dictionary.count) strings"
    case .ints(let set, _), .doubles(let set, _): return "look-up in \(set.count) values"
    case .bools: return "booleans"
    case .strings: return "strings of the rows"
    case .lengths: return "lengths"
    }
  }

  private static func codes(_ ranges: Int, _ column: Column) -> String {
    "\(ranges) range(s) of \(column.dictionary.count) strings"
  }

  /// A predicate as the language writes it; long lists are shortened.
  static func text(_ filter: BoundFilter) -> String {
    switch filter {
    case .constant(let value): return value ? "TRUE" : "FALSE"
    case .and(let parts): return "(" + parts.map(text).joined(separator: " AND ") + ")"
    case .or(let parts): return "(" + parts.map(text).joined(separator: " OR ") + ")"
    case .not(let part): return "NOT (\(text(part)))"
    case .scalar(let path, let test):
      let name = FilterPrinter.text(path)
      return text(test, of: test.isLowered ? "LOWER(\(name))" : name)
    case .length(let path, let test): return text(test, of: "LENGTH(\(FilterPrinter.text(path)))")
    case .pair(let left, let comparison, let right):
      return "\(text(left)) \(sign(comparison)) \(text(right))"
    case .range(let value, let low, let high, let isNegated):
      return "\(text(value)) \(isNegated ? "NOT " : "")BETWEEN \(text(low)) AND \(text(high))"
    case .blank(let operand): return "\(text(operand)) IS NOT DISTINCT FROM NULL"
    case .kind(let path, let kind, let isNegated):
      return "\(FilterPrinter.text(path)) IS \(isNegated ? "NOT " : "")\("\(kind)".uppercased())"
    case .exists(let path): return "EXISTS(\(FilterPrinter.text(path)))"
    case .contains(let path, let test):
      let word = test.needsAll ? "ALL" : "ANY"
      return
        "\(FilterPrinter.text(path)) \(test.isNegated ? "NOT " : "")CONTAINS \(word) \(text(test.values))"
    case .quantified(let quantifier, let path, let condition):
      return "\("\(quantifier)".uppercased())(\(FilterPrinter.text(path)): \(text(condition)))"
    case .geo(let path, let test):
      let word =
        switch test.shape {
        case .radius: "GEO_RADIUS"
        case .box: "GEO_BBOX"
        case .polygon: "GEO_POLYGON"
        }
      return "\(word)(\(FilterPrinter.text(path)), …)"
    }
  }

  private static func text(_ test: ScalarTest, of operand: String) -> String {
    switch test.question {
    case .compare(let comparison, let constant): return "\(operand) \(sign(comparison)) \(text(constant))"
    case .between(let low, let high, let isNegated):
      return "\(operand) \(isNegated ? "NOT " : "")BETWEEN \(text(low)) AND \(text(high))"
    case .member(let set, let isNegated): return "\(operand) \(isNegated ? "NOT " : "")IN \(text(set))"
    case .text(let pattern, let isNegated):
      let word =
        switch pattern.operation {
        case .like: "LIKE"
        case .ilike: "ILIKE"
        case .matches: "MATCHES"
        case .startsWith: "STARTS WITH"
        case .endsWith: "ENDS WITH"
        }
      return "\(operand) \(isNegated ? "NOT " : "")\(word) \(text(.string(pattern.source)))"
    }
  }

  private static func text(_ set: FilterValueSet) -> String {
    guard set.count <= 8 else { return "(\(set.count) values)" }
    return "(" + set.values.map(text).joined(separator: ", ") + ")"
  }

  private static func text(_ constant: FilterConstant) -> String { FilterPrinter.text(FilterValue(constant)) }

  private static func text(_ operand: BoundOperand) -> String {
    switch operand {
    case .constant(let constant): text(constant)
    case .path(let path): FilterPrinter.text(path)
    case .length(let path): "LENGTH(\(FilterPrinter.text(path)))"
    case .lower(let path): "LOWER(\(FilterPrinter.text(path)))"
    }
  }

  private static func sign(_ comparison: FilterComparison) -> String {
    switch comparison {
    case .equal: "="
    case .notEqual: "!="
    case .less: "<"
    case .lessOrEqual: "<="
    case .greater: ">"
    case .greaterOrEqual: ">="
    case .distinct: "IS DISTINCT FROM"
    case .notDistinct: "IS NOT DISTINCT FROM"
    }
  }
}
