import FileStorage

/// Makes the plan of a filter for the columns of one segment.
///
/// Looks at the table of columns only; columns are opened when their rows are asked for.
struct FilterPlanner {
  let columns: ColumnSet
  let source: any FilterRowSource
  let idType: IDType
  let options: FilterEvaluationOptions
  /// The next predicate's number; the same filter gives the same numbers for each segment.
  private(set) var predicateCount = 0
  /// The next leaf's number.
  private(set) var leafCount = 0

  init(
    _ columns: ColumnSet, _ source: any FilterRowSource, _ idType: IDType, _ options: FilterEvaluationOptions
  ) {
    self.columns = columns
    self.source = source
    self.idType = idType
    self.options = options
  }

  /// The plan of a filter.
  mutating func plan(_ filter: BoundFilter) throws(StorageError) -> PlanNode {
    switch filter {
    case .constant(let value): return .constant(value)
    case .and(let parts):
      var nodes: [PlanNode] = []
      for part in parts { nodes.append(try plan(part)) }
      return .and(ordered(nodes, isAnd: true))
    case .or(let parts):
      var nodes: [PlanNode] = []
      for part in parts { nodes.append(try plan(part)) }
      return .or(ordered(nodes, isAnd: false))
    case .not(let part): return .not(try plan(part))
    case .scalar, .length, .pair, .range, .blank, .kind, .exists, .contains, .quantified, .geo:
      let number = predicateCount
      predicateCount += 1
      let node = options.readsAllRows ? leaf(filter, [], .readAll) : try predicate(filter)
      return PlanNode(kind: .predicate(number, node), share: node.share, cost: node.cost)
    }
  }

  /// Parts of an AND in the order that leaves the fewest rows for the least work, of an OR likewise the other way round.
  private func ordered(_ nodes: [PlanNode], isAnd: Bool) -> [PlanNode] {
    switch options.order {
    case .asWritten: return nodes
    case .reversed: return nodes.reversed()
    case .cheapestFirst:
      func rank(_ node: PlanNode) -> Double {
        let removed = isAnd ? 1 - node.share : node.share
        return node.cost / max(removed, 1e-9)
      }
      return nodes.enumerated().sorted { left, right in
        let (a, b) = (rank(left.element), rank(right.element))
        return a != b ? a < b : left.offset < right.offset
      }.map(\.element)
    }
  }

  private mutating func predicate(_ filter: BoundFilter) throws(StorageError) -> PlanNode {
    switch filter {
    case .scalar(let path, let test): return try scalar(filter, path, test)
    case .length(let path, let test) where path.isPlain: return length(filter, path, test)
    case .blank(let operand): return blank(filter, operand)
    case .kind(let path, let kind, let isNegated) where path.isPlain:
      return self.kind(filter, path, kind, isNegated)
    case .exists(let path) where path.isPlain:
      return leaf(
        filter, presence(path, of: ColumnType.allCases, withMembers: true), .found, unread: leftOut(path))
    case .contains(let path, let test) where path.isPlain: return contains(filter, path, test)
    case .quantified(let quantifier, let path, let condition) where path.isPlain:
      return quantified(filter, quantifier, path, condition)
    case .geo(let path, let test) where path.isPlain: return geo(filter, path, test)
    case .pair(let left, let comparison, let right):
      if let columns = columnPair(filter, left, comparison, right) { return columns }
      var parts: [PlanNode] = []
      for operand in [left, right] {
        if let path = operand.path, path.isPlain {
          parts.append(
            leaf(
              .exists(path),
              presence(path, of: ColumnType.allCases, withMembers: false) + leftOutSources(path),
              .found))
        }
      }
      return .and(parts + [general(filter)])
    case .length, .kind, .exists, .contains, .quantified, .geo, .range: return general(filter)
    case .constant, .and, .or, .not: return try plan(filter)
    }
  }

  // MARK: Leaves

  /// A leaf, with what it is expected to leave and to cost.
  mutating func leaf(
    _ filter: BoundFilter, _ sources: [PlanLeaf.Source], _ meaning: PlanLeaf.Meaning,
    unread: [ColumnScan] = []
  ) -> PlanNode {
    let number = leafCount
    leafCount += 1
    let rows = Double(max(columns.rows, 1))
    var missed = 1.0
    var cost = 0.02
    for source in sources {
      let (share, price) = FilterEstimate.of(source, rows: rows)
      missed *= 1 - share
      cost += price
    }
    let read = min(1, unread.reduce(0) { $0 + Double($1.info.present) } / rows)
    cost += read * FilterEstimate.readCost
    let found = 1 - missed
    let share: Double
    switch meaning {
    case .found: share = found
    case .others: share = missed
    case .read(let otherwise):
      share = otherwise ? 1 - found / 2 : found / 2
      cost += found * FilterEstimate.readCost
    case .readAll:
      share = 0.5
      cost += FilterEstimate.readCost
    }
    if case .found = meaning, sources.isEmpty, unread.isEmpty { return .constant(false) }
    if case .others = meaning, sources.isEmpty, unread.isEmpty { return .constant(true) }
    let leaf = PlanLeaf(filter, sources, meaning, unread: unread, number: number)
    return PlanNode(kind: .leaf(leaf), share: share, cost: cost)
  }

  /// A question to one column.
  func scan(_ info: ColumnInfo, _ question: ColumnQuestion) -> ColumnScan {
    ColumnScan(info, question, columns, options)
  }

  /// The rows that have a column of one of the types at a path, and with `withMembers` those with an object there.
  func presence(_ path: FilterPath, of types: [ColumnType], withMembers: Bool) -> [PlanLeaf.Source] {
    guard let text = path.columnPath else { return [] }
    var sources = columns.columns(path: text).filter { types.contains($0.type) }.map {
      PlanLeaf.Source.column(scan($0, .present))
    }
    if withMembers { sources += columns.members(of: text).map { .column(scan($0, .present)) } }
    return sources
  }

  /// The rows whose arrays at a path must be read: those that hold arrays or objects, and with `mixed` those of several types.
  func unreadArrays(_ path: FilterPath, mixed: Bool) -> [ColumnScan] {
    guard let text = path.columnPath else { return [] }
    return columns.columns(path: text).filter { $0.type == .rowOnly || (mixed && $0.type == .mixedArray) }
      .map { scan($0, .present) }
  }

  /// The rows with values that found no column, when that may concern the path.
  func leftOut(_ path: FilterPath) -> [ColumnScan] {
    guard let text = path.columnPath, !columns.isComplete(path: text) else { return [] }
    return columns.columns(path: "").map { scan($0, .present) }
  }

  func leftOutSources(_ path: FilterPath) -> [PlanLeaf.Source] { leftOut(path).map { .column($0) } }

  /// Rows where any path of the filter may find something are read; all others are as a record without metadata.
  mutating func general(_ filter: BoundFilter) -> PlanNode {
    let paths = filter.paths
    guard !paths.contains(where: { $0.root == .id || $0.root == .created || $0.root == .updated }) else {
      return leaf(filter, [], .readAll)
    }
    var sources: [PlanLeaf.Source] = []
    // What starts at an element lies below the path of a quantifier, which is among the paths.
    for path in paths where path.root == .metadata {
      sources += presence(path, of: ColumnType.allCases, withMembers: true) + leftOutSources(path)
    }
    return leaf(filter, sources, .read(otherwise: FilterInterpreter.holdsWithoutMetadata(filter)))
  }
}

/// Guesses of what parts of a plan cost and leave.
enum FilterEstimate {
  /// Nanoseconds for reading and interpreting a row.
  static let readCost = 600.0

  /// The share of rows that a source finds, and nanoseconds for each row of the segment.
  static func of(_ source: PlanLeaf.Source, rows: Double) -> (share: Double, cost: Double) {
    switch source {
    case .rows(let numbers): return (Double(numbers.count) / rows, 0)
    case .time: return (0.3, 0.5)
    case .point(let latitude, _, _): return (0.3 * Double(latitude.info.present) / rows, 10)
    case .pair(let left, _, let right):
      let present = Double(min(left.info.present, right.info.present)) / rows
      return (0.3 * present, 6 * present)
    case .element(let scan, _): return of(.column(scan), rows: rows)
    case .column(let scan):
      let info = scan.info
      let present = Double(info.present) / rows
      let values = Double(info.values) / rows
      switch scan.question {
      case .present: return (present, 0.02)
      case .long: return (Double(info.long) / rows, 0.1 * values)
      case .length: return (0.3 * present, 0.5 * values + Double(info.distinct ?? 0) * 10 / rows)
      case .values(let test, let isComplement):
        let passing = passing(info, test)
        let share = isComplement ? 1 - passing : passing
        let elements = info.present > 0 ? Double(info.values) / Double(info.present) : 1
        var cost = (info.type.element == .string ? 0.3 : 0.2) * values * (info.type.isArray ? 4 : 1)
        if let distinct = info.distinct, needsText(test) { cost += Double(distinct) * 40 / rows }
        return (present * min(1, share * max(1, elements)), cost)
      }
    }
  }

  /// Whether strings must be looked at one by one.
  private static func needsText(_ test: ScalarTest) -> Bool {
    if case .text = test.question { return true }
    return test.isLowered
  }

  /// The share of a column's values that pass.
  private static func passing(_ info: ColumnInfo, _ test: ScalarTest) -> Double {
    let distinct = Double(max(info.distinct ?? 100, 1))
    switch info.type.element {
    case .int64:
      guard let ranges = NumberRanges.ints(test), case .int(let low)? = info.minimum,
        case .int(let high)? = info.maximum
      else { return 0.3 }
      let width = Double(high) - Double(low) + 1
      return min(
        1,
        ranges.reduce(0) {
          $0 + max(0, min(Double(high), Double($1.upperBound)) - max(Double(low), Double($1.lowerBound)) + 1)
        } / width)
    case .double:
      guard let ranges = NumberRanges.doubles(test), case .double(let low)? = info.minimum,
        case .double(let high)? = info.maximum
      else { return 0.3 }
      let width = max(high - low, Double.leastNormalMagnitude)
      return min(
        1, ranges.reduce(0) { $0 + max(0, (min(high, $1.upperBound) - max(low, $1.lowerBound)) / width) })
    case .bool: return 0.5
    case .string:
      switch test.question {
      case .compare(let comparison, .string):
        switch comparison {
        case .equal, .notDistinct: return 1 / distinct
        case .notEqual, .distinct: return 1 - 1 / distinct
        case .less, .lessOrEqual, .greater, .greaterOrEqual: return 0.4
        }
      case .member(let set, let isNegated):
        let share = min(1, Double(set.stringCount) / distinct)
        return isNegated ? 1 - share : share
      case .text(_, let isNegated): return isNegated ? 0.9 : 0.1
      case .compare, .between: return 0.3
      }
    case .boolArray, .int64Array, .doubleArray, .stringArray, .nullOnly, .emptyArray, .emptyObject,
      .mixedArray, .rowOnly:
      return 0
    }
  }
}
