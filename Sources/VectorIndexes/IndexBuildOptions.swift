package import FileStorage

/// How an index file is built: of all this only the seed, the graph's parameters and the queries change the file's bytes.
package struct IndexBuildOptions: Sendable {
  /// What everything random comes from.
  package var seed: UInt64 = 1
  /// How a graph is built; its seed is the one above.
  package var graph = GraphParameters()
  /// Queries to measure a graph with, row-major floats of the vectors' dimension; nil for rows of the segment.
  package var queries: [Float]?
  /// Threads used.
  package var threads = 1
  /// Bytes of memory to stay within, about.
  package var memoryLimit = 1 << 30
  /// Asked between blocks of rows; true ends the work.
  package var isCancelled: @Sendable () -> Bool = { false }
  /// Told how much of the work is done, from 0 to 1, by one thread at a time.
  package var progress: @Sendable (Double) -> Void = { _ in }

  /// Told by one thread at a time which part of the work begins: a word.
  package var stage: @Sendable (String) -> Void = { _ in }

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
