package import FileStorage
package import VectorMath

extension DeletionFile {
  /// Writes and flushes a deletion file under a temporary name; the caller renames it.
  package static func write(
    _ fileSystem: any FileSystem, temporaryName: String, _ segment: SegmentEntry, collection: UUID16,
    generation: UInt64, rows: RowSet, contentHash: Digest256
  ) throws(StorageError) -> DeletionEntry {
    try write(
      fileSystem, temporaryName: temporaryName, segment, collection: collection, generation: generation,
      words: rows.words, contentHash: contentHash)
  }

  /// The deleted rows of a segment.
  package static func readRows(
    _ fileSystem: any FileSystem, _ segment: SegmentEntry, _ deletion: DeletionEntry, collection: UUID16,
    name: String? = nil
  ) throws(StorageError) -> RowSet {
    let words = try readWords(fileSystem, segment, deletion, collection: collection, name: name)
    guard let count = Int(exactly: segment.rows), let rows = RowSet(words: words, count: count) else {
      throw .corruption(
        CorruptionError(
          path: name ?? FileNames.deletion(segment.number, deletion.generation), section: "BITS", offset: nil,
          expected: "rows below \(segment.rows)", found: "others"))
    }
    return rows
  }
}
