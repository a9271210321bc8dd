import FileStorage

/// What columns say of each kind of predicate on a path of names.
extension FilterPlanner {
  // MARK: Scalars

  mutating func scalar(
    _ filter: BoundFilter, _ path: FilterPath, _ test: ScalarTest
  ) throws(StorageError) -> PlanNode {
    switch path.root {
    case .id: return try identifier(filter, test)
    case .created, .updated:
      return leaf(filter, [.time(isCreation: path.root == .created, test)], .found)
    case .element: return leaf(filter, [], .readAll)
    case .metadata: break
    }
    let tests = valueScans(path, test, isComplement: false, arraysOnly: false)
    if path.isPlain {
      return leaf(
        filter, tests, .found,
        unread: unreadArrays(path, mixed: false) + leftOut(path) + longScans(path, test, arraysOnly: false))
    }
    guard case .index(let index)? = path.steps.last,
      path.steps.filter({ if case .name = $0 { false } else { true } }).count == 1
    else { return general(filter) }
    // Columns hold the elements of arrays of one type in their order; other arrays are read.
    let elements = valueScans(path, test, isComplement: false, arraysOnly: true).map {
      if case .column(let scan) = $0 { PlanLeaf.Source.element(scan, index) } else { $0 }
    }
    return leaf(
      filter, elements, .found,
      unread: unreadArrays(path, mixed: true) + leftOut(path) + longScans(path, test, arraysOnly: true))
  }

  /// Two paths whose values are all in columns of one value a row; nil for others.
  mutating func columnPair(
    _ filter: BoundFilter, _ left: BoundOperand, _ comparison: FilterComparison, _ right: BoundOperand
  ) -> PlanNode? {
    guard case .path(let first) = left, case .path(let second) = right, first.isPlain, second.isPlain,
      let firsts = simpleColumns(first), let seconds = simpleColumns(second)
    else { return nil }
    var sources: [PlanLeaf.Source] = []
    for one in firsts {
      for other in seconds where ColumnPair.compares(one.type, other.type) {
        sources.append(.pair(scan(one, .present), comparison, scan(other, .present)))
      }
    }
    return leaf(filter, sources, .found)
  }

  /// The columns with all scalars that a path finds; nil when some row must be read to know.
  private func simpleColumns(_ path: FilterPath) -> [ColumnInfo]? {
    guard let text = path.columnPath, leftOut(path).isEmpty else { return nil }
    var simple: [ColumnInfo] = []
    for info in columns.columns(path: text) {
      switch info.type {
      case .bool, .int64, .double, .string:
        guard info.long == 0 else { return nil }
        simple.append(info)
      // Nothing there can be compared.
      case .nullOnly, .emptyArray, .emptyObject: continue
      case .boolArray, .int64Array, .doubleArray, .stringArray, .mixedArray, .rowOnly: return nil
      }
    }
    return simple
  }

  /// The columns of a path whose values may pass, each with the question.
  private func valueScans(
    _ path: FilterPath, _ test: ScalarTest, isComplement: Bool, arraysOnly: Bool
  ) -> [PlanLeaf.Source] {
    guard let text = path.columnPath else { return [] }
    return columns.columns(path: text).filter { $0.type.hasValues && ($0.type.isArray || !arraysOnly) }.map {
      .column(scan($0, .values(test, isComplement: isComplement)))
    }
  }

  /// The columns of a path with strings that must be read, where the test may concern them.
  private func longScans(_ path: FilterPath, _ test: ScalarTest, arraysOnly: Bool) -> [ColumnScan] {
    guard let text = path.columnPath, test.concernsStrings else { return [] }
    return columns.columns(path: text).filter { $0.long > 0 && ($0.type.isArray || !arraysOnly) }.map {
      scan($0, .long)
    }
  }

  /// `$id` equal to one of few values: looked up by its hash.
  private mutating func identifier(
    _ filter: BoundFilter, _ test: ScalarTest
  ) throws(StorageError) -> PlanNode {
    let wanted: [FilterConstant]
    switch test.question {
    case .compare(.equal, let constant) where !test.isLowered: wanted = [constant]
    case .member(let set, isNegated: false) where !test.isLowered && set.times.isEmpty: wanted = set.values
    case .compare, .between, .member, .text: return leaf(filter, [], .readAll)
    }
    var rows: Set<UInt32> = []
    for value in wanted {
      let id: RecordID
      switch (value, idType) {
      case (.string(let bytes), .string): id = RecordID(bytes: bytes, type: .string)
      case (.int(let number), .int64): id = RecordID(int64: number)
      case (.double(let number), .int64):
        guard let whole = Int64(exactly: number) else { continue }
        id = RecordID(int64: whole)
      case (.string(let bytes), .uuid):
        let text = String(decoding: bytes, as: UTF8.self)
        guard let parsed = try? RecordID.parse(text: text, type: .uuid), parsed.display == text else {
          continue
        }
        id = parsed
      case (.time, .string):
        // Many texts spell one instant.
        return leaf(filter, [], .readAll)
      case (.bool, _), (.int, _), (.double, _), (.string, _), (.time, _): continue
      }
      let row = try unsafe id.bytes.withUnsafeBufferPointer { (bytes) throws(StorageError) in
        try unsafe source.row(forID: UnsafeRawBufferPointer(bytes))
      }
      if let row { rows.insert(row) }
    }
    return leaf(filter, rows.isEmpty ? [] : [.rows(rows.sorted())], .found)
  }

  // MARK: Lengths, kinds, blanks

  private static let arrayTypes: [ColumnType] = [
    .boolArray, .int64Array, .doubleArray, .stringArray, .emptyArray, .mixedArray, .rowOnly,
  ]

  mutating func length(_ filter: BoundFilter, _ path: FilterPath, _ test: ScalarTest) -> PlanNode {
    guard let text = path.columnPath else { return general(filter) }
    let infos = columns.columns(path: text)
    var sources = infos.filter { $0.type.isArray || $0.type == .string }.map {
      PlanLeaf.Source.column(scan($0, .length(test)))
    }
    if NumberRanges.ints(test) == nil { return general(filter) }
    if ScalarTester(test).passes(int: 0) { sources += presence(path, of: [.emptyArray], withMembers: false) }
    let long = infos.filter { $0.type == .string && $0.long > 0 }.map { scan($0, .long) }
    return leaf(
      filter, sources, .found, unread: unreadArrays(path, mixed: true) + leftOut(path) + long)
  }

  mutating func blank(_ filter: BoundFilter, _ operand: BoundOperand) -> PlanNode {
    guard let path = operand.path, path.isPlain else { return general(filter) }
    let sources: [PlanLeaf.Source]
    switch operand {
    case .constant: return general(filter)
    case .path:
      sources = presence(path, of: ColumnType.allCases.filter { $0 != .nullOnly }, withMembers: true)
    case .length: sources = presence(path, of: Self.arrayTypes + [.string], withMembers: false)
    case .lower:
      return leaf(
        filter, presence(path, of: [.string, .stringArray], withMembers: false), .others,
        unread: unreadArrays(path, mixed: false) + leftOut(path))
    }
    return leaf(filter, sources, .others, unread: leftOut(path))
  }

  mutating func kind(
    _ filter: BoundFilter, _ path: FilterPath, _ kind: FilterKind, _ isNegated: Bool
  ) -> PlanNode {
    if kind == .empty { return empty(filter, path, isNegated) }
    let positive: PlanNode
    let plain = BoundFilter.kind(path, kind, isNegated: false)
    switch kind {
    case .null: positive = present(plain, path, [.nullOnly])
    case .bool: positive = present(plain, path, [.bool])
    case .int: positive = present(plain, path, [.int64])
    case .float: positive = present(plain, path, [.double])
    case .number: positive = present(plain, path, [.int64, .double])
    case .string: positive = present(plain, path, [.string])
    case .array: positive = present(plain, path, Self.arrayTypes)
    case .object:
      positive = leaf(
        plain, presence(path, of: [.emptyObject], withMembers: true), .found, unread: leftOut(path))
    case .time, .geo, .empty: return general(filter)
    }
    guard isNegated else { return positive }
    // A value that is not null and not of that kind.
    let something = leaf(
      .not(.blank(.path(path))),
      presence(path, of: ColumnType.allCases.filter { $0 != .nullOnly }, withMembers: true), .found,
      unread: leftOut(path))
    return kind == .null ? something : .and([something, .not(positive)])
  }

  private mutating func present(
    _ filter: BoundFilter, _ path: FilterPath, _ types: [ColumnType]
  ) -> PlanNode {
    leaf(filter, presence(path, of: types, withMembers: false), .found, unread: leftOut(path))
  }

  private mutating func empty(_ filter: BoundFilter, _ path: FilterPath, _ isNegated: Bool) -> PlanNode {
    guard let text = path.columnPath else { return general(filter) }
    let test = ScalarTest(.compare(isNegated ? .notEqual : .equal, .string([])))
    var sources = columns.columns(path: text).filter { $0.type == .string }.map {
      PlanLeaf.Source.column(scan($0, .values(test, isComplement: false)))
    }
    guard isNegated else {
      sources += presence(path, of: [.emptyArray, .emptyObject], withMembers: false)
      return leaf(filter, sources, .found, unread: leftOut(path))
    }
    // A string too long for a code is not empty, and so is each array with a column of its own.
    sources += columns.columns(path: text).filter { $0.type == .string && $0.long > 0 }.map {
      .column(scan($0, .long))
    }
    sources += presence(path, of: Self.arrayTypes.filter { $0 != .emptyArray }, withMembers: true)
    return leaf(filter, sources, .found, unread: leftOut(path))
  }

  // MARK: Arrays

  mutating func contains(_ filter: BoundFilter, _ path: FilterPath, _ test: ContainsTest) -> PlanNode {
    var parts: [PlanNode] = []
    let sets = test.needsAll ? test.values.values.map { FilterValueSet([$0]) } : [test.values]
    for set in sets {
      let question = ScalarTest(.member(set, isNegated: false))
      let one = BoundFilter.contains(path, ContainsTest(values: set, needsAll: false, isNegated: false))
      parts.append(
        leaf(
          one, valueScans(path, question, isComplement: false, arraysOnly: true), .found,
          unread: unreadArrays(path, mixed: false) + leftOut(path)
            + longScans(path, question, arraysOnly: true)))
    }
    let holds: PlanNode = parts.isEmpty ? isArray(path) : .and(parts)
    guard test.isNegated else { return holds }
    return .and([isArray(path), .not(holds)])
  }

  /// The rows with an array at a path.
  private mutating func isArray(_ path: FilterPath) -> PlanNode {
    present(.kind(path, .array, isNegated: false), path, Self.arrayTypes)
  }

  mutating func quantified(
    _ filter: BoundFilter, _ quantifier: Quantifier, _ path: FilterPath, _ condition: BoundFilter
  ) -> PlanNode {
    guard case .scalar(let element, let test) = condition, element.root == .element, element.steps.isEmpty
    else { return .and([isArray(path), general(filter)]) }
    let isComplement = quantifier == .all
    let any = leaf(
      isComplement
        ? .quantified(.any, path, .not(condition)) : .quantified(.any, path, condition),
      valueScans(path, test, isComplement: isComplement, arraysOnly: true), .found,
      unread: unreadArrays(path, mixed: isComplement) + leftOut(path)
        + (isComplement || test.concernsStrings ? longArrays(path) : []))
    return quantifier == .any ? any : .and([isArray(path), .not(any)])
  }

  private func longArrays(_ path: FilterPath) -> [ColumnScan] {
    guard let text = path.columnPath else { return [] }
    return columns.columns(path: text).filter { $0.long > 0 && $0.type.isArray }.map { scan($0, .long) }
  }

  // MARK: Places

  mutating func geo(_ filter: BoundFilter, _ path: FilterPath, _ test: GeoTest) -> PlanNode {
    let latitude = FilterPath(path.root, path.steps + [.name(Array("lat".utf8))])
    let longitude = FilterPath(path.root, path.steps + [.name(Array("lon".utf8))])
    var sources: [PlanLeaf.Source] = []
    for lat in numbers(latitude) {
      for lon in numbers(longitude) { sources.append(.point(latitude: lat, longitude: lon, test)) }
    }
    let lost = leftOut(path).isEmpty && leftOut(latitude).isEmpty && leftOut(longitude).isEmpty
    return leaf(
      filter, sources, .found,
      unread: unreadArrays(path, mixed: false)
        + (lost ? [] : columns.columns(path: "").map { scan($0, .present) }))
  }

  private func numbers(_ path: FilterPath) -> [ColumnScan] {
    guard let text = path.columnPath else { return [] }
    return columns.columns(path: text).filter { $0.type == .int64 || $0.type == .double }.map {
      scan($0, .present)
    }
  }
}

extension ScalarTest {
  /// Whether some string may pass.
  var concernsStrings: Bool {
    if isLowered { return true }
    func concerns(_ constant: FilterConstant) -> Bool {
      switch constant {
      case .string, .time: true
      case .bool, .int, .double: false
      }
    }
    switch question {
    case .compare(_, let constant): return concerns(constant)
    case .between(let low, let high, _): return concerns(low) && concerns(high)
    case .member(let set, let isNegated):
      return set.stringCount > 0 || !set.times.isEmpty || (isNegated && set.count == 0)
    case .text: return true
    }
  }
}

extension ColumnSet {
  /// The columns of all members, at any depth, of objects at a path.
  func members(of path: String) -> ArraySlice<ColumnInfo> {
    let prefix = Array(path.utf8) + [UInt8(ascii: ".")]
    func first(_ isBefore: (ColumnInfo) -> Bool) -> Int {
      var low = 0
      var high = columns.count
      while low < high {
        let middle = (low + high) / 2
        if isBefore(columns[middle]) { low = middle + 1 } else { high = middle }
      }
      return low
    }
    let low = first { compareBytes(Array($0.path.utf8), prefix) == .less }
    let high = first { info in
      let bytes = Array(info.path.utf8)
      return compareBytes(bytes, prefix) == .less || bytes.starts(with: prefix)
    }
    return columns[low..<max(low, high)]
  }
}
