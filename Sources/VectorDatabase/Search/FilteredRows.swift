package import VectorMath

/// The rows that a filter leaves, among which a search looks; dead rows may be among them and are left out anyway.
package struct FilteredRows: Sendable {
  /// One set for each segment, in the order of `CollectionState.segments`, over all rows of the segment.
  package var segments: [RowSet]
  /// The entries of the log's tail, by index.
  package var tail: RowSet

  package init(segments: [RowSet], tail: RowSet) {
    self.segments = segments
    self.tail = tail
  }
}
