package import FileStorage

/// How an index file is built: none of it changes the file's bytes but the seed.
package struct IndexBuildOptions: Sendable {
  /// What everything random comes from.
  package var seed: UInt64 = 1
  /// Threads used.
  package var threads = 1
  /// Bytes of memory to stay within, about.
  package var memoryLimit = 1 << 30
  /// Asked between blocks of rows; true ends the work.
  package var isCancelled: @Sendable () -> Bool = { false }
  /// Told how much of the work is done, from 0 to 1, by one thread at a time.
  package var progress: @Sendable (Double) -> Void = { _ in }

  package init() {}
}

/// Why an index file was not built.
package enum IndexBuildError: Error, Equatable, Sendable {
  case storage(StorageError)
  /// `isCancelled` said so.
  case cancelled
  /// The work needs more memory than it may use.
  case memory(needed: UInt64, limit: UInt64)
}

/// Runs a storage call and lifts its error.
func lifted<T>(_ body: () throws(StorageError) -> T) throws(IndexBuildError) -> T {
  do { return try body() } catch { throw .storage(error) }
}
