import Synchronization

/// A set of numbers below a fixed count that only grows; all threads may read and insert at once.
///
/// What a bit says ("this block of an immutable file was found right") stays true whatever the order in which
/// threads see it, so relaxed operations suffice.
@safe
final class AtomicBitmap: @unchecked Sendable {
  private let words: UnsafeMutableBufferPointer<Atomic<UInt64>>
  private let count: Int

  /// An empty set of numbers below `count`.
  init(count: Int) {
    self.count = count
    let words = UnsafeMutableBufferPointer<Atomic<UInt64>>.allocate(capacity: max(1, (count + 63) / 64))
    for index in words.indices {
      unsafe words.initializeElement(at: index, to: Atomic<UInt64>(0))
    }
    unsafe self.words = words
  }

  deinit {
    unsafe words.deinitialize()
    unsafe words.deallocate()
  }

  /// Whether `number`, which must be below the count, is in the set.
  @inline(__always)
  func contains(_ number: Int) -> Bool {
    precondition(number >= 0 && number < count)
    return unsafe words[number >> 6].load(ordering: .relaxed) & (1 << UInt64(number & 63)) != 0
  }

  /// Whether every number of the range, which must be below the count, is in the set.
  func containsAll(_ range: ClosedRange<Int>) -> Bool {
    precondition(range.lowerBound >= 0 && range.upperBound < count)
    let first = range.lowerBound >> 6
    let last = range.upperBound >> 6
    for index in first...last {
      var mask = UInt64.max
      if index == first { mask &= UInt64.max << UInt64(range.lowerBound & 63) }
      if index == last { mask &= UInt64.max >> UInt64(63 - range.upperBound & 63) }
      if unsafe words[index].load(ordering: .relaxed) & mask != mask { return false }
    }
    return true
  }

  /// Adds `number`, which must be below the count.
  func insert(_ number: Int) {
    precondition(number >= 0 && number < count)
    _ = unsafe words[number >> 6].bitwiseOr(1 << UInt64(number & 63), ordering: .relaxed)
  }

  /// How many numbers are in the set.
  var setCount: Int {
    var sum = 0
    for index in unsafe words.indices { sum += unsafe words[index].load(ordering: .relaxed).nonzeroBitCount }
    return sum
  }
}
