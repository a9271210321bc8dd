import Synchronization
import VectorMath

/// A row whose exact distance may matter, and a distance that it is not below.
struct ScanCandidate {
  let lower: Float
  let code: UInt64
}

/// Rows that a query compares without codes.
struct PlainBlock: Equatable {
  let segment: Int
  let rows: Range<Int>

  func isBefore(_ other: PlainBlock) -> Bool {
    (segment, rows.lowerBound) < (other.segment, other.rows.lowerBound)
  }
}

/// What is known of one query while parts of the rows are looked at.
///
/// Used by one worker at a time; memory is kept from one query to the next.
final class QueryState: @unchecked Sendable {
  /// The nearest rows by exact distance.
  var best: TopK
  /// The least upper bounds: nothing beyond their greatest can be among the nearest.
  var bounds: UpperBounds
  /// Rows that the codes could not leave out; after `orderCandidates` a heap with the least bound first.
  private(set) var candidates: [ScanCandidate] = []
  /// Blocks of rows of which the codes leave out too little, ascending, and how many of them have been scanned.
  private var plainBlocks: [PlainBlock] = []
  private var scannedBlocks = 0
  /// Where the candidates of the present block begin.
  private(set) var blockStart = 0
  /// Whether the present block is in `plainBlocks`.
  private(set) var isPlain = false

  init(capacity: Int) {
    best = TopK(capacity: capacity)
    bounds = UpperBounds(capacity: capacity)
  }

  /// Forgets everything about the query before.
  func reset() {
    best.removeAll()
    bounds.removeAll()
    candidates.removeAll(keepingCapacity: true)
    plainBlocks.removeAll(keepingCapacity: true)
    scannedBlocks = 0
    blockStart = 0
    isPlain = false
  }

  // MARK: Candidates

  /// Begins a block of rows of a segment.
  func beginBlock() {
    blockStart = candidates.count
    isPlain = false
  }

  /// Adds a candidate of the present block.
  func add(_ candidate: ScanCandidate) { candidates.append(candidate) }

  /// Candidates of the present block.
  var blockCount: Int { candidates.count - blockStart }

  /// Drops candidates of the present block that a lower limit has overtaken.
  func pruneBlock(_ limit: Float) {
    var end = blockStart
    for index in blockStart..<candidates.count where candidates[index].lower <= limit {
      candidates[end] = candidates[index]
      end += 1
    }
    candidates.removeSubrange(end...)
  }

  /// Leaves the whole present block to a plain scan.
  func makeBlockPlain(_ block: PlainBlock) {
    candidates.removeSubrange(blockStart...)
    plainBlocks.append(block)
    isPlain = true
  }

  /// The first block that is still to be scanned.
  var nextPlainBlock: PlainBlock? { scannedBlocks < plainBlocks.count ? plainBlocks[scannedBlocks] : nil }

  /// Goes on to the block behind it.
  func dropPlainBlock() { scannedBlocks += 1 }

  /// Drops everything that codes of a segment have said, but the upper bounds, which hold all the same.
  func forgetCandidates(of segment: Int) {
    candidates.removeAll { $0.code >> 32 == UInt64(segment) }
    plainBlocks.removeAll { $0.segment == segment }
    blockStart = candidates.count
  }

  /// Takes the rows of a segment out of the ranking; those that they have pushed out are not brought back.
  ///
  /// That does no harm when all rows of the segment are offered afterwards: they push them out again.
  func forgetRanking(of segment: Int, tie precedes: (UInt64, UInt64) -> Bool) {
    let kept = best.candidates.filter { $0.row >> 32 != UInt64(segment) }
    guard kept.count < best.candidates.count else { return }
    best.removeAll()
    for candidate in kept { best.insert(candidate.distance, candidate.row, tie: precedes) }
  }

  /// Takes over what the part of the rows behind this one gave.
  func merge(_ other: QueryState) {
    bounds.merge(other.bounds)
    candidates.append(contentsOf: other.candidates)
    plainBlocks.append(contentsOf: other.plainBlocks)
  }

  /// Makes the candidates a heap with the least bound first.
  func orderCandidates() {
    var parent = candidates.count / 2
    while parent > 0 {
      parent -= 1
      siftDown(parent)
    }
  }

  /// Takes the candidate with the least bound; nil when it is above `limit` or there is none.
  func nextCandidate(upTo limit: Float) -> ScanCandidate? {
    guard let first = candidates.first, first.lower <= limit else { return nil }
    let last = candidates.removeLast()
    if !candidates.isEmpty {
      candidates[0] = last
      siftDown(0)
    }
    return first
  }

  private func siftDown(_ index: Int) {
    var parent = index
    while true {
      var least = 2 * parent + 1
      guard least < candidates.count else { return }
      if least + 1 < candidates.count, isBefore(candidates[least + 1], candidates[least]) { least += 1 }
      guard isBefore(candidates[least], candidates[parent]) else { return }
      candidates.swapAt(parent, least)
      parent = least
    }
  }

  private func isBefore(_ left: ScanCandidate, _ right: ScanCandidate) -> Bool {
    left.lower < right.lower || left.lower == right.lower && left.code < right.code
  }
}

/// The least of the distances offered, as many as are wanted: a heap with the greatest first.
struct UpperBounds {
  private let capacity: Int
  private var heap: [Float] = []
  /// The greatest that is kept once there are enough; infinity before.
  private(set) var threshold = Float.infinity

  /// Keeps at most `capacity`; more than could ever be reached keeps none, for then every row is wanted.
  init(capacity: Int) {
    self.capacity = capacity <= 1 << 24 ? capacity : 0
    heap.reserveCapacity(min(self.capacity, 16_384))
  }

  mutating func removeAll() {
    heap.removeAll(keepingCapacity: true)
    threshold = .infinity
  }

  mutating func merge(_ other: UpperBounds) {
    for bound in other.heap { insert(bound) }
  }

  mutating func insert(_ bound: Float) {
    guard bound < threshold, capacity > 0 else { return }
    if heap.count < capacity {
      heap.append(bound)
      var child = heap.count - 1
      while child > 0, heap[(child - 1) / 2] < heap[child] {
        heap.swapAt((child - 1) / 2, child)
        child = (child - 1) / 2
      }
    } else {
      heap[0] = bound
      var parent = 0
      while true {
        var greatest = 2 * parent + 1
        guard greatest < heap.count else { break }
        if greatest + 1 < heap.count, heap[greatest + 1] > heap[greatest] { greatest += 1 }
        guard heap[greatest] > heap[parent] else { break }
        heap.swapAt(parent, greatest)
        parent = greatest
      }
    }
    if heap.count == capacity { threshold = heap[0] }
  }
}

/// For each query a distance beyond which no row can be among the nearest; all workers see it fall.
@safe
final class SharedLimits: @unchecked Sendable {
  private let keys: UnsafeMutableBufferPointer<Atomic<UInt32>>

  init(count: Int) {
    let keys = UnsafeMutableBufferPointer<Atomic<UInt32>>.allocate(capacity: max(1, count))
    for index in keys.indices { unsafe keys.initializeElement(at: index, to: Atomic<UInt32>(0)) }
    unsafe self.keys = keys
  }

  deinit {
    unsafe keys.deinitialize()
    unsafe keys.deallocate()
  }

  /// Sets a query's limit, before any worker sees it.
  func set(_ query: Int, _ limit: Float) { unsafe keys[query].store(Self.key(limit), ordering: .relaxed) }

  /// The lowest limit so far.
  func limit(_ query: Int) -> Float {
    let key = unsafe keys[query].load(ordering: .relaxed)
    return Float(bitPattern: key >> 31 == 1 ? key & 0x7FFF_FFFF : ~key)
  }

  /// Lowers a limit.
  func lower(_ query: Int, to limit: Float) {
    _ = unsafe keys[query].min(Self.key(limit), ordering: .relaxed)
  }

  /// Numbers the floats in ascending order.
  private static func key(_ value: Float) -> UInt32 {
    let bits = value.bitPattern
    return bits >> 31 == 1 ? ~bits : bits | 0x8000_0000
  }
}
