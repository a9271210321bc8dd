internal import CVectorKernels

/// The best candidates for neighbours of each point in a range, at most one for each side on which a candidate can lie.
///
/// What is kept in the end does not depend on the order of offers: with the strict total order (distance, point) it is the
/// `capacity` least of the minima of all sides. Once the reservoir is full its greatest entry never grows. If a side's minimum
/// was refused or pushed out, `capacity` entries of other sides were less at that moment, so as many minima are less, and
/// no greater one of its side can enter later; otherwise it entered, and nothing of its side replaces it. So threads
/// may offer at once, and a repeated offer changes nothing.
///
/// - Source: Rubel et al. 2026, PiPNN (HashPrune).
@safe
package final class Reservoirs: @unchecked Sendable {
  /// The points whose candidates are kept; offers to others are ignored.
  package let range: Range<Int>
  /// Candidates kept for each.
  package let capacity: Int
  private let sketches: Sketches
  /// For each point the number of its candidates and a lock, four bytes each, then their sides, two bytes each, then the candidates, eight bytes each.
  private let blocks: WorkArray<UInt64>
  private let blockWords: Int
  /// Whether several threads offer at once.
  private let isShared: Bool

  /// How many points ahead their candidates are asked for.
  static let ahead = 12

  /// Bytes for each point of the range.
  static func bytes(capacity: Int) -> Int { 8 * blockWords(capacity) }

  private static func blockWords(_ capacity: Int) -> Int { 1 + (capacity + 3) / 4 + capacity }

  /// Empty reservoirs; `isShared` when several threads will offer at once.
  package init(range: Range<Int>, capacity: Int, sketches: Sketches, isShared: Bool) {
    precondition(capacity > 0 && capacity <= 128)
    self.range = range
    self.capacity = capacity
    self.sketches = sketches
    blockWords = Self.blockWords(capacity)
    blocks = WorkArray(count: range.count * blockWords, repeating: 0)
    self.isShared = isShared
  }

  /// Asks for the memory of a point's candidates, to which some will be offered soon.
  @inline(__always)
  func prefetch(_ point: UInt32) {
    guard range.contains(Int(point)) else { return }
    let block = unsafe UnsafeRawPointer(
      blocks.pointer((Int(point) - range.lowerBound) * blockWords, blockWords))
    // The sides, and as many candidates as there usually are.
    for line in 0..<6 { unsafe vk_prefetch_later(block + 64 &* line) }
  }

  /// Calls `body` with each candidate kept for `point`, which must be in the range, in no order.
  @inline(__always)
  func forEach(_ point: Int, _ body: (UInt32) -> Void) {
    let place = point - range.lowerBound
    let first = place * blockWords + blockWords - capacity
    for index in 0..<count(point) { body(UInt32(truncatingIfNeeded: blocks[first + index])) }
  }

  /// Offers a candidate for a neighbour of `point`.
  @inline(__always)
  package func offer(_ candidate: UInt32, to point: UInt32, distance: UInt32) {
    guard range.contains(Int(point)) else { return }
    var side = sketches.side(of: candidate, from: point)
    var entry = UInt64(distance) << 32 | UInt64(candidate)
    unsafe offer(&entry, &side, count: 1, to: point)
  }

  /// Offers several candidates for neighbours of `point`: distances in the upper half, and the side of each.
  @inline(__always)
  func offer(
    _ entries: UnsafePointer<UInt64>, _ sides: UnsafePointer<UInt16>, count: Int, to point: UInt32
  ) {
    guard range.contains(Int(point)) else { return }
    // Safe: each point of the range has a block.
    let block = unsafe blocks.pointer((Int(point) - range.lowerBound) * blockWords, blockWords)
    let head = unsafe UnsafeMutableRawPointer(block).assumingMemoryBound(to: UInt32.self)
    // Held for a few dozen instructions.
    if isShared { unsafe vk_lock(head + 1) }
    for index in 0..<count { unsafe keep(entries[index], sides[index], block, head) }
    if isShared { unsafe vk_unlock(head + 1) }
  }

  @inline(__always)
  private func keep(
    _ entry: UInt64, _ side: UInt16, _ block: UnsafeMutablePointer<UInt64>,
    _ head: UnsafeMutablePointer<UInt32>
  ) {
    let count = unsafe Int(head.pointee)
    let sides = unsafe UnsafeMutableRawPointer(block + 1).assumingMemoryBound(to: UInt16.self)
    let entries = unsafe block + (blockWords - capacity)
    // Behind the sides the entries lie, so that eight of them can always be read.
    let index = unsafe vk_place_of(sides, count, side)
    if index < count {
      if unsafe entry < entries[index] { unsafe entries[index] = entry }
      return
    }
    if count < capacity {
      unsafe entries[count] = entry
      unsafe sides[count] = side
      unsafe head.pointee = UInt32(count + 1)
      return
    }
    var worst = 0
    for index in 1..<count where unsafe entries[index] > entries[worst] { worst = index }
    guard unsafe entry < entries[worst] else { return }
    unsafe entries[worst] = entry
    unsafe sides[worst] = side
  }

  /// How many candidates are kept for `point`, which must be in the range.
  func count(_ point: Int) -> Int {
    Int(blocks[(point - range.lowerBound) * blockWords] & 0xFFFF_FFFF)
  }

  /// The candidates kept for `point`, which must be in the range: nearest first, distance in the upper half.
  package func sorted(_ point: Int, into result: inout [UInt64]) {
    let place = point - range.lowerBound
    result.removeAll(keepingCapacity: true)
    let first = place * blockWords + blockWords - capacity
    for index in 0..<count(point) { result.append(blocks[first + index]) }
    result.sort()
  }
}
