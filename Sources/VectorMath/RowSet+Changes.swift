/// Changing a set of rows; each change leaves it in the representation that its density asks for.
extension RowSet {
  /// Takes words whose bits beyond `rowCount` are zero as the new contents.
  mutating func adopt(_ words: [UInt64]) {
    var total = 0
    for word in words { total &+= word.nonzeroBitCount }
    adopt(words, count: total)
  }

  /// The same with a count that is known.
  mutating func adopt(_ words: [UInt64], count: Int) {
    self.count = count
    sparseRows = []
    denseWords = []
    if count == 0 {
      representation = .none
    } else if count == rowCount {
      representation = .all
    } else if count <= RowSet.sparseLimit(rowCount) {
      representation = .sparse
      sparseRows.reserveCapacity(count)
      for index in 0..<words.count {
        var word = words[index]
        while word != 0 {
          sparseRows.append(UInt32(truncatingIfNeeded: index &* 64 &+ word.trailingZeroBitCount))
          word &= word &- 1
        }
      }
    } else {
      representation = .dense
      denseWords = words
    }
  }

  /// Takes ascending rows, each once and below `rowCount`, as the new contents.
  mutating func adopt(ascending rows: [UInt32]) {
    count = rows.count
    sparseRows = []
    denseWords = []
    if rows.isEmpty {
      representation = .none
    } else if count == rowCount {
      representation = .all
    } else if count <= RowSet.sparseLimit(rowCount) {
      representation = .sparse
      sparseRows = rows
    } else {
      representation = .dense
      denseWords = [UInt64](repeating: 0, count: RowSet.wordCount(rowCount))
      for row in rows { denseWords[Int(row / 64)] |= 1 << UInt64(row % 64) }
    }
  }

  /// Goes over to words.
  mutating func makeDense() {
    guard representation != .dense else { return }
    denseWords = words
    sparseRows = []
    representation = .dense
  }

  /// Goes over to nothing when the set became empty or full.
  mutating func leaveWordsWhenUniform() {
    guard count == 0 || count == rowCount else { return }
    representation = count == 0 ? .none : .all
    sparseRows = []
    denseWords = []
  }

  /// Adds a row.
  ///
  /// Precondition: it is below `rowCount`.
  ///
  /// - Returns: False when it was in the set already.
  @discardableResult
  package mutating func insert(_ row: UInt32) -> Bool {
    precondition(Int(row) < rowCount)
    switch representation {
    case .all: return false
    case .none, .sparse:
      let place = sparsePlace(of: row)
      if place < sparseRows.count, sparseRows[place] == row { return false }
      if count < RowSet.sparseLimit(rowCount) {
        representation = .sparse
        sparseRows.insert(row, at: place)
        count += 1
        return true
      }
      makeDense()
    case .dense: break
    }
    let bit = 1 << UInt64(row % 64) as UInt64
    let index = Int(row / 64)
    guard denseWords[index] & bit == 0 else { return false }
    denseWords[index] |= bit
    count += 1
    leaveWordsWhenUniform()
    return true
  }

  /// Takes a row out; does nothing for a row beyond `rowCount`.
  ///
  /// - Returns: False when it was not in the set.
  @discardableResult
  package mutating func remove(_ row: UInt32) -> Bool {
    guard contains(row) else { return false }
    if representation == .sparse {
      sparseRows.remove(at: sparsePlace(of: row))
    } else {
      makeDense()
      denseWords[Int(row / 64)] &= ~(1 << UInt64(row % 64))
    }
    count -= 1
    leaveWordsWhenUniform()
    return true
  }

  /// Adds consecutive rows.
  ///
  /// Precondition: they are below `rowCount`.
  package mutating func insert(_ rows: Range<UInt32>) {
    guard let last = rows.last else { return }
    precondition(Int(last) < rowCount)
    if representation == .all { return }
    let added = rows.count - count(in: Int(rows.lowerBound)..<Int(last) + 1)
    guard added > 0 else { return }
    if count + added <= RowSet.sparseLimit(rowCount) {
      let from = sparsePlace(of: rows.lowerBound)
      var to = from
      while to < sparseRows.count, sparseRows[to] <= last { to += 1 }
      sparseRows.replaceSubrange(from..<to, with: rows)
      representation = .sparse
      count += added
      return
    }
    makeDense()
    let first = rows.lowerBound
    let low = UInt64.max << UInt64(first % 64)
    let high = UInt64.max >> UInt64(63 - last % 64)
    let from = Int(first / 64)
    let to = Int(last / 64)
    if from == to {
      denseWords[from] |= low & high
    } else {
      denseWords[from] |= low
      for index in from + 1..<to { denseWords[index] = .max }
      denseWords[to] |= high
    }
    count += added
    leaveWordsWhenUniform()
  }

  /// Adds every row of another set.
  ///
  /// Precondition: both have the same `rowCount`.
  package mutating func formUnion(_ other: RowSet) {
    precondition(rowCount == other.rowCount)
    switch (representation, other.representation) {
    case (.all, _), (_, .none): return
    case (.none, _), (_, .all): self = other
    case (.sparse, .sparse): adopt(ascending: RowSet.merged(sparseRows, other.sparseRows))
    case (.dense, .sparse):
      for row in other.sparseRows {
        let bit = 1 << UInt64(row % 64) as UInt64
        if denseWords[Int(row / 64)] & bit == 0 {
          denseWords[Int(row / 64)] |= bit
          count += 1
        }
      }
      leaveWordsWhenUniform()
    case (.sparse, .dense):
      var result = other
      result.formUnion(self)
      self = result
    case (.dense, .dense): combine(other) { $0 | $1 }
    }
  }

  /// Keeps only rows that are also in another set.
  ///
  /// Precondition: both have the same `rowCount`.
  package mutating func formIntersection(_ other: RowSet) {
    precondition(rowCount == other.rowCount)
    switch (representation, other.representation) {
    case (.none, _), (_, .all): return
    case (.all, _), (_, .none): self = other
    case (.sparse, _): adopt(ascending: sparseRows.filter { other.contains($0) })
    case (.dense, .sparse): adopt(ascending: other.sparseRows.filter { contains($0) })
    case (.dense, .dense): combine(other) { $0 & $1 }
    }
  }

  /// Takes out every row of another set.
  ///
  /// Precondition: both have the same `rowCount`.
  package mutating func subtract(_ other: RowSet) {
    precondition(rowCount == other.rowCount)
    switch (representation, other.representation) {
    case (.none, _), (_, .none): return
    case (_, .all): self = RowSet(count: rowCount)
    case (.sparse, _): adopt(ascending: sparseRows.filter { !other.contains($0) })
    case (.all, .dense):
      self = other
      formComplement()
    case (.all, .sparse), (.dense, .sparse):
      makeDense()
      for row in other.sparseRows {
        let bit = 1 << UInt64(row % 64) as UInt64
        if denseWords[Int(row / 64)] & bit != 0 {
          denseWords[Int(row / 64)] &= ~bit
          count -= 1
        }
      }
      leaveWordsWhenUniform()
    case (.dense, .dense): combine(other) { $0 & ~$1 }
    }
  }

  /// Turns the set into the rows that were not in it.
  package mutating func formComplement() {
    switch representation {
    case .none: self = RowSet(allRows: rowCount)
    case .all: self = RowSet(count: rowCount)
    case .sparse, .dense:
      makeDense()
      for index in denseWords.indices { denseWords[index] = ~denseWords[index] }
      if rowCount % 64 != 0 { denseWords[denseWords.count - 1] &= 1 << UInt64(rowCount % 64) &- 1 }
      let words = denseWords
      denseWords = []
      adopt(words, count: rowCount - count)
    }
  }

  /// Replaces each word by what `body` makes of it and of the other set's; both are dense.
  @inline(__always)
  private mutating func combine(_ other: RowSet, _ body: (UInt64, UInt64) -> UInt64) {
    var words = denseWords
    denseWords = []
    for index in words.indices { words[index] = body(words[index], other.denseWords[index]) }
    adopt(words)
  }

  private static func merged(_ left: [UInt32], _ right: [UInt32]) -> [UInt32] {
    var result: [UInt32] = []
    result.reserveCapacity(left.count + right.count)
    var (i, j) = (0, 0)
    while i < left.count, j < right.count {
      let (a, b) = (left[i], right[j])
      result.append(min(a, b))
      if a <= b { i += 1 }
      if b <= a { j += 1 }
    }
    result.append(contentsOf: left[i...])
    result.append(contentsOf: right[j...])
    return result
  }

  /// The rows of both sets.
  ///
  /// Precondition: both have the same `rowCount`.
  package func union(_ other: RowSet) -> RowSet {
    var result = self
    result.formUnion(other)
    return result
  }

  /// The rows that are in both sets.
  ///
  /// Precondition: both have the same `rowCount`.
  package func intersection(_ other: RowSet) -> RowSet {
    var result = self
    result.formIntersection(other)
    return result
  }

  /// The rows that are not in another set.
  ///
  /// Precondition: both have the same `rowCount`.
  package func subtracting(_ other: RowSet) -> RowSet {
    var result = self
    result.subtract(other)
    return result
  }

  /// The rows that are not in this set.
  package var complement: RowSet {
    var result = self
    result.formComplement()
    return result
  }
}
