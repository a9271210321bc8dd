internal import Synchronization

/// Counts finished pieces of work from several threads.
final class ProgressCounter: Sendable {
  private let count = Atomic<Int>(0)

  /// Counts one more; returns how many there are now.
  func next() -> Int { count.wrappingAdd(1, ordering: .relaxed).newValue }
}
