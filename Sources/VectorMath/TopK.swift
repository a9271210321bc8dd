/// The k nearest of the rows that were offered, ties decided by the caller.
///
/// Keeps a heap whose first entry is the worst kept. What is kept does not depend on the order of offers. A NaN distance is
/// never kept. Not safe to share between threads.
package struct TopK: Sendable {
  /// A row and its distance.
  package struct Candidate: Equatable, Sendable {
    /// The row's distance.
    package let distance: Float
    /// Whatever names the row.
    package let row: UInt64

    /// A row with its distance.
    @inlinable
    package init(distance: Float, row: UInt64) {
      self.distance = distance
      self.row = row
    }
  }

  /// How many rows are kept at most.
  package let capacity: Int

  /// What is kept; the first is the worst, the others are in heap order.
  package private(set) var candidates: [Candidate]

  /// No row with a greater distance will be kept: infinity until `capacity` rows are, then the distance of the worst.
  ///
  /// A row of exactly this distance may still be kept, depending on the tie. Minus infinity when `capacity` is 0.
  package private(set) var threshold: Float

  /// Keeps at most `capacity` rows; a negative capacity is taken as 0.
  package init(capacity: Int) {
    self.capacity = max(0, capacity)
    candidates = []
    candidates.reserveCapacity(min(self.capacity, 16_384))
    threshold = capacity > 0 ? .infinity : -.infinity
  }

  /// How many rows are kept now.
  package var count: Int { candidates.count }

  /// Offers a row.
  ///
  /// - Parameters:
  ///   - distance: The row's distance.
  ///   - row: Whatever names the row.
  ///   - precedes: Whether the first row comes before the second; a strict total order, asked only for equal distances.
  package mutating func insert(_ distance: Float, _ row: UInt64, tie precedes: (UInt64, UInt64) -> Bool) {
    guard distance <= threshold else { return }
    let candidate = Candidate(distance: distance, row: row)
    if candidates.count < capacity {
      candidates.append(candidate)
      siftUp(candidates.count - 1, precedes)
      if candidates.count == capacity { threshold = candidates[0].distance }
    } else if capacity > 0, isBefore(candidate, candidates[0], precedes) {
      candidates[0] = candidate
      siftDown(0, candidates.count, precedes)
      threshold = candidates[0].distance
    }
  }

  /// Offers a row; the smaller number comes first among equal distances.
  package mutating func insert(_ distance: Float, _ row: UInt64) {
    insert(distance, row, tie: <)
  }

  /// Offers everything that another one kept, under the same order.
  package mutating func merge(_ other: TopK, tie precedes: (UInt64, UInt64) -> Bool) {
    for candidate in other.candidates { insert(candidate.distance, candidate.row, tie: precedes) }
  }

  /// What is kept, nearest first, under the same order as `insert`.
  package func sorted(tie precedes: (UInt64, UInt64) -> Bool) -> [Candidate] {
    candidates.sorted { isBefore($0, $1, precedes) }
  }

  /// What is kept, nearest first, smaller rows first among equal distances.
  package func sorted() -> [Candidate] { sorted(tie: <) }

  /// Puts what is kept in order, nearest first, under the same order as `insert`; nothing may be offered afterwards.
  package mutating func sort(tie precedes: (UInt64, UInt64) -> Bool) {
    // The heap gives its worst entries one after the other: each goes behind what is left.
    var end = candidates.count
    while end > 1 {
      end -= 1
      candidates.swapAt(0, end)
      siftDown(0, end, precedes)
    }
  }

  /// Forgets every row and keeps the memory.
  package mutating func removeAll() {
    candidates.removeAll(keepingCapacity: true)
    threshold = capacity > 0 ? .infinity : -.infinity
  }

  private func isBefore(_ left: Candidate, _ right: Candidate, _ precedes: (UInt64, UInt64) -> Bool) -> Bool {
    left.distance < right.distance || left.distance == right.distance && precedes(left.row, right.row)
  }

  /// Restores the heap above `index`: no entry comes after its parent.
  private mutating func siftUp(_ index: Int, _ precedes: (UInt64, UInt64) -> Bool) {
    var child = index
    while child > 0 {
      let parent = (child - 1) / 2
      guard isBefore(candidates[parent], candidates[child], precedes) else { return }
      candidates.swapAt(parent, child)
      child = parent
    }
  }

  /// Restores the heap below `index`.
  private mutating func siftDown(_ index: Int, _ end: Int, _ precedes: (UInt64, UInt64) -> Bool) {
    var parent = index
    while true {
      var worst = 2 * parent + 1
      guard worst < end else { return }
      if worst + 1 < end, isBefore(candidates[worst], candidates[worst + 1], precedes) { worst += 1 }
      guard isBefore(candidates[parent], candidates[worst], precedes) else { return }
      candidates.swapAt(parent, worst)
      parent = worst
    }
  }
}
