package import FileStorage

/// The rows of one segment, for what a filter cannot learn from columns.
///
/// Rows are numbered from 0 and below the number of rows of the segment's columns. Pointers stay valid as long as the source.
/// Safe to use from several threads.
package protocol FilterRowSource: Sendable {
  /// The canonical JSON of a row's metadata; empty when the row has none.
  func metadataBytes(_ row: Int) throws(StorageError) -> UnsafeRawBufferPointer
  /// The stored bytes of a row's id.
  func idBytes(_ row: Int) throws(StorageError) -> UnsafeRawBufferPointer
  /// Nanoseconds since 1970 when the row's id was first stored.
  func created(_ row: Int) throws(StorageError) -> Int64
  /// Nanoseconds since 1970 when the row was last changed.
  func updated(_ row: Int) throws(StorageError) -> Int64
  /// The times of creation, or of the last change, of all rows; blocks are checked when the rows of one are asked for.
  func times(isCreation: Bool, _ rows: Range<Int>) throws(StorageError) -> RowTimes
  /// The row of an id's stored bytes, nil when there is none.
  func row(forID id: UnsafeRawBufferPointer) throws(StorageError) -> UInt32?
}

/// The times of some rows, in nanoseconds since 1970.
@unsafe
package enum RowTimes {
  /// All have the same.
  case same(Int64)
  /// One a row, the first of the rows first; they stay as long as their source.
  case each(UnsafeBufferPointer<Int64>)
}

/// How filters are evaluated.
///
/// Only the order of work and its cost depend on it, never which rows match.
///
/// The defaults are for use; the others exist so that tests can force every way and compare.
package struct FilterEvaluationOptions: Sendable {
  /// In which order the predicates of an AND are looked at.
  package enum Order: Sendable, CaseIterable {
    case cheapestFirst, asWritten, reversed
  }

  /// How strings are tested with a predicate that needs their text.
  package enum Strings: Sendable, CaseIterable {
    /// Whatever is estimated to be cheaper.
    case automatic
    /// Each distinct string of the segment once.
    case dictionary
    /// The string of each row that is asked for.
    case rows
  }

  package var order = Order.cheapestFirst
  package var strings = Strings.automatic
  /// Whether bounds of stretches of rows are used to skip them.
  package var usesZones = true
  /// Whether few values are compared as ranges; otherwise they are looked up in lists and bit sets.
  package var usesRanges = true
  /// Whether a predicate only looks at rows that the ones before it have left.
  package var isLazy = true
  /// Reads every row instead of using columns.
  package var readsAllRows = false
  /// Threads used.
  package var threads = 1

  /// The defaults.
  package init() {}
}
