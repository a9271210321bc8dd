import FileStorage
import VectorMath

/// Walks a plan for one block of rows after the other.
///
/// For one thread.
struct BlockEvaluator {
  private let program: FilterProgram
  private var scanner = BlockScanner()
  private var readers: [LeafReader?]
  /// Sets of rows that are used again.
  private var spare: [[UInt64]] = []
  /// What each predicate has looked at and left.
  private(set) var counts: [PredicateCounts]

  init(_ program: FilterProgram) {
    self.program = program
    readers = [LeafReader?](repeating: nil, count: program.leafCount)
    counts = [PredicateCounts](repeating: PredicateCounts(), count: program.predicateCount)
  }

  /// The rows of a block that are among the candidates and match, as words.
  mutating func evaluate(_ block: Int, among candidates: RowSet) throws(StorageError) -> [UInt64] {
    let rows = RowBlocks.range(block, of: program.rows)
    var alive = RowBlocks.none
    let first = block * RowBlocks.words
    candidates.copyWords(first..<first + (rows.count + 63) / 64, into: &alive)
    var found = RowBlocks.none
    try evaluate(program.root, rows, alive, into: &found, predicate: -1)
    return found
  }

  private mutating func take() -> [UInt64] { spare.popLast() ?? RowBlocks.none }

  private static func count(_ words: [UInt64]) -> Int {
    var total = 0
    for word in words { total &+= word.nonzeroBitCount }
    return total
  }

  private static func isEmpty(_ words: [UInt64]) -> Bool {
    var any: UInt64 = 0
    for word in words { any |= word }
    return any == 0
  }

  /// Replaces `found` by the rows of `alive` that a part of the plan leaves.
  private mutating func evaluate(
    _ node: PlanNode, _ rows: Range<Int>, _ alive: [UInt64], into found: inout [UInt64], predicate: Int
  ) throws(StorageError) {
    switch node.kind {
    case .constant(let value): for index in found.indices { found[index] = value ? alive[index] : 0 }
    case .predicate(let number, let part):
      counts[number].looked += Self.count(alive)
      try evaluate(part, rows, alive, into: &found, predicate: number)
      counts[number].left += Self.count(found)
    case .leaf(let leaf): try evaluate(leaf, rows, alive, into: &found, predicate: predicate)
    case .not(let part):
      try evaluate(part, rows, alive, into: &found, predicate: predicate)
      for index in found.indices { found[index] = alive[index] & ~found[index] }
    case .and(let parts): try evaluate(all: parts, rows, alive, into: &found, predicate: predicate)
    case .or(let parts): try evaluate(any: parts, rows, alive, into: &found, predicate: predicate)
    }
  }

  private mutating func evaluate(
    all parts: [PlanNode], _ rows: Range<Int>, _ alive: [UInt64], into found: inout [UInt64], predicate: Int
  ) throws(StorageError) {
    var next = take()
    for index in found.indices { found[index] = alive[index] }
    for part in parts {
      if program.options.isLazy {
        if Self.isEmpty(found) { break }
        try evaluate(part, rows, found, into: &next, predicate: predicate)
        swap(&found, &next)
      } else {
        try evaluate(part, rows, alive, into: &next, predicate: predicate)
        for index in found.indices { found[index] &= next[index] }
      }
    }
    spare.append(next)
  }

  private mutating func evaluate(
    any parts: [PlanNode], _ rows: Range<Int>, _ alive: [UInt64], into found: inout [UInt64], predicate: Int
  ) throws(StorageError) {
    var next = take()
    var rest = take()
    for index in found.indices {
      found[index] = 0
      rest[index] = alive[index]
    }
    for part in parts {
      if Self.isEmpty(rest) { break }
      try evaluate(part, rows, rest, into: &next, predicate: predicate)
      for index in found.indices { found[index] |= next[index] }
      guard program.options.isLazy else { continue }
      for index in rest.indices { rest[index] &= ~next[index] }
    }
    spare.append(next)
    spare.append(rest)
  }

  // MARK: Leaves

  private mutating func evaluate(
    _ leaf: PlanLeaf, _ rows: Range<Int>, _ alive: [UInt64], into found: inout [UInt64], predicate: Int
  ) throws(StorageError) {
    for index in found.indices { found[index] = 0 }
    if Self.isEmpty(alive) { return }
    for source in leaf.sources { try add(source, rows, alive, into: &found) }
    var unread = take()
    for index in unread.indices { unread[index] = 0 }
    switch leaf.meaning {
    case .found: break
    case .others: for index in found.indices { found[index] = alive[index] & ~found[index] }
    case .read(let otherwise):
      swap(&found, &unread)
      if otherwise { for index in found.indices { found[index] = alive[index] & ~unread[index] } }
    case .readAll: for index in unread.indices { unread[index] = alive[index] }
    }
    for scan in leaf.unread {
      // The scanner may leave out rows that are in its target, so each starts anew.
      scanner.add(
        try scan.open(), rows: rows, alive: alive, usesZones: program.options.usesZones, into: &unread)
    }
    try read(leaf, rows, unread, into: &found, predicate: predicate)
    spare.append(unread)
  }

  /// Reads some rows and puts what they answer into `found`.
  private mutating func read(
    _ leaf: PlanLeaf, _ rows: Range<Int>, _ unread: [UInt64], into found: inout [UInt64], predicate: Int
  ) throws(StorageError) {
    guard !Self.isEmpty(unread) else { return }
    var reader = readers[leaf.number] ?? LeafReader(leaf.filter, idType: program.idType)
    readers[leaf.number] = nil
    for index in unread.indices {
      var word = unread[index]
      while word != 0 {
        let bit = word.trailingZeroBitCount
        word &= word - 1
        let row = rows.lowerBound + index * 64 + bit
        if try reader.matches(row, program.source) {
          found[index] |= 1 << UInt64(bit)
        } else {
          found[index] &= ~(1 << UInt64(bit))
        }
      }
    }
    if predicate >= 0 { counts[predicate].read += Self.count(unread) }
    readers[leaf.number] = reader
  }

  private mutating func add(
    _ source: PlanLeaf.Source, _ rows: Range<Int>, _ alive: [UInt64], into found: inout [UInt64]
  ) throws(StorageError) {
    switch source {
    case .column(let scan):
      scanner.add(
        try scan.open(), rows: rows, alive: alive, usesZones: program.options.usesZones, into: &found)
    case .element(let scan, let index):
      scanner.add(
        try scan.open(), rows: rows, alive: alive, usesZones: false, element: index, into: &found)
    case .pair(let left, let comparison, let right):
      let first = try left.open().column
      let second = try right.open().column
      let both = presentInBoth(first, second, rows, alive)
      ColumnPair(first, comparison, second).add(rows, both, into: &found)
      spare.append(both)
    case .rows(let numbers):
      for number in numbers where rows.contains(Int(number)) {
        let row = Int(number) - rows.lowerBound
        found[row >> 6] |= alive[row >> 6] & 1 << UInt64(row & 63)
      }
    case .time(let isCreation, let test):
      let times = try unsafe program.source.times(isCreation: isCreation, rows)
      unsafe scanner.add(times, test, rows, alive, into: &found)
    case .point(let latitude, let longitude, let test):
      let first = try latitude.open().column
      let second = try longitude.open().column
      let both = presentInBoth(first, second, rows, alive)
      for index in both.indices {
        var word = both[index] & ~found[index]
        while word != 0 {
          let bit = word.trailingZeroBitCount
          word &= word - 1
          let row = rows.lowerBound + index * 64 + bit
          if let lat = Self.number(first, row), let lon = Self.number(second, row),
            test.holds(latitude: lat, longitude: lon)
          {
            found[index] |= 1 << UInt64(bit)
          }
        }
      }
      spare.append(both)
    }
  }

  /// The rows of `alive` that both columns have; the words go back to `spare`.
  private mutating func presentInBoth(
    _ first: Column, _ second: Column, _ rows: Range<Int>, _ alive: [UInt64]
  ) -> [UInt64] {
    var one = take()
    var both = take()
    for index in both.indices {
      one[index] = 0
      both[index] = 0
    }
    scanner.addPresent(first, rows, alive, into: &one)
    scanner.addPresent(second, rows, one, into: &both)
    spare.append(one)
    return both
  }

  private static func number(_ column: Column, _ row: Int) -> Double? {
    switch column.value(row: row) {
    case .scalar(.int(let value)): Double(value)
    case .scalar(.double(let value)): value
    case .absent, .present, .scalar, .array, .long: nil
    }
  }
}
