/// How a filter is answered for one segment: a tree in the order in which its parts are looked at.
struct PlanNode: Sendable {
  /// What a part of a plan does.
  indirect enum Kind: Sendable {
    /// The same for each row.
    case constant(Bool)
    /// Rows that all parts leave, one part after the other.
    case and([PlanNode])
    /// Rows that some part leaves.
    case or([PlanNode])
    /// Rows that the part does not leave.
    case not(PlanNode)
    /// One look at columns, or at rows.
    case leaf(PlanLeaf)
    /// A predicate of the filter, counted for the explanation under its number.
    case predicate(Int, PlanNode)
  }

  let kind: Kind
  /// Estimated share of rows that it leaves, 0...1.
  let share: Double
  /// Estimated nanoseconds for each row looked at.
  let cost: Double

  /// A part that is the same for each row.
  static func constant(_ value: Bool) -> PlanNode {
    PlanNode(kind: .constant(value), share: value ? 1 : 0, cost: 0)
  }

  /// The complement of a part.
  static func not(_ node: PlanNode) -> PlanNode {
    if case .constant(let value) = node.kind { return .constant(!value) }
    return PlanNode(kind: .not(node), share: 1 - node.share, cost: node.cost)
  }

  /// Rows that all parts leave.
  static func and(_ nodes: [PlanNode]) -> PlanNode {
    var share = 1.0
    var cost = 0.0
    for node in nodes {
      cost += node.cost * share
      share *= node.share
    }
    return nodes.count == 1 ? nodes[0] : PlanNode(kind: .and(nodes), share: share, cost: cost)
  }

  /// Rows that some part leaves.
  static func or(_ nodes: [PlanNode]) -> PlanNode {
    var rest = 1.0
    var cost = 0.0
    for node in nodes {
      cost += node.cost * rest
      rest *= 1 - node.share
    }
    return nodes.count == 1 ? nodes[0] : PlanNode(kind: .or(nodes), share: 1 - rest, cost: cost)
  }
}

/// One look at the columns of a segment, and at those of its rows that columns do not tell all of.
final class PlanLeaf: Sendable {
  /// A way to find rows.
  enum Source: Sendable {
    /// By a column.
    case column(ColumnScan)
    /// Objects with numbers in both columns that are a point in the shape.
    case point(latitude: ColumnScan, longitude: ColumnScan, GeoTest)
    /// By one element of each array of a column, counted from 0.
    case element(ColumnScan, Int)
    /// Rows whose values in both columns, of one value a row, compare so.
    case pair(ColumnScan, FilterComparison, ColumnScan)
    /// By the time of creation or of the last change.
    case time(isCreation: Bool, ScalarTest)
    /// Rows that are known by number.
    case rows([UInt32])
  }

  /// What becomes of the rows that the sources find.
  enum Meaning: Sendable {
    /// They are the answer.
    case found
    /// All others are the answer.
    case others
    /// They are read to know the answer; for all others it is this one.
    case read(otherwise: Bool)
    /// All rows are read.
    case readAll
  }

  /// What is asked, for rows that are read.
  let filter: BoundFilter
  let sources: [Source]
  let meaning: Meaning
  /// Rows of these are read whatever the sources say.
  let unread: [ColumnScan]
  /// Set apart for each leaf of a plan: a place for a reader.
  let number: Int

  init(_ filter: BoundFilter, _ sources: [Source], _ meaning: Meaning, unread: [ColumnScan], number: Int) {
    self.filter = filter
    self.sources = sources
    self.meaning = meaning
    self.unread = unread
    self.number = number
  }
}
