import FileStorage
package import MetadataFilters
import VectorMath

/// What is stored of one row. Errors: `.storage(.corruption)` when a block fails its checksum.
extension CollectionState {
  /// The bytes of a row's stored vector, in the element type.
  package func storedVector(at location: RowLocation) throws(DatabaseError) -> [UInt8] {
    switch location {
    case .tail(let index): return unsafe tail.withEntry(index) { _, vector, _ in unsafe Array(vector) }
    case .segment(let index, let row):
      let segment = segments[index].segment
      return try lifted { () throws(StorageError) in
        let bytes = try unsafe segment.vectors(row..<(row + 1))
        return unsafe Array(bytes)
      }
    }
  }

  /// The stored vector of a row, converted to f32.
  package func vector(at location: RowLocation) throws(DatabaseError) -> [Float] {
    var result = [Float](repeating: 0, count: settings.dimension)
    switch location {
    case .tail(let index):
      unsafe tail.withEntry(index) { _, bytes, _ in
        unsafe VectorConversion.toFloats(bytes, settings.elementType, into: &result)
      }
    case .segment(let index, let row):
      let segment = segments[index].segment
      let bytes = unsafe try lifted { () throws(StorageError) in try unsafe segment.vectors(row..<(row + 1)) }
      unsafe VectorConversion.toFloats(bytes, settings.elementType, into: &result)
      withExtendedLifetime(segment) {}
    }
    return result
  }

  /// The id of a row.
  package func id(at location: RowLocation) throws(DatabaseError) -> RecordID {
    switch location {
    case .tail(let index):
      return unsafe tail.withEntry(index) { id, _, _ in
        unsafe RecordID(bytes: Array(id), type: settings.idType)
      }
    case .segment(let index, let row):
      return try lifted { () throws(StorageError) in try segments[index].segment.id(row) }
    }
  }

  /// The canonical JSON metadata of a row, `{}` when it has none.
  package func metadata(at location: RowLocation) throws(DatabaseError) -> [UInt8] {
    let bytes: [UInt8]
    switch location {
    case .tail(let index): bytes = unsafe tail.withEntry(index) { _, _, metadata in unsafe Array(metadata) }
    case .segment(let index, let row):
      bytes = try lifted { () throws(StorageError) in try segments[index].segment.metadata(row) }
    }
    return bytes.isEmpty ? Array("{}".utf8) : bytes
  }

  /// When a row was first stored and last changed, and the LSN that did it.
  package func history(
    at location: RowLocation
  ) throws(DatabaseError) -> (created: Int64, updated: Int64, lsn: UInt64) {
    switch location {
    case .tail(let index):
      let entry = tail.entries[index]
      return (entry.created, entry.updated, entry.lsn)
    case .segment(let index, let row):
      let segment = segments[index].segment
      return try lifted { () throws(StorageError) in
        (try segment.created(row), try segment.updated(row), try segment.lsn(row))
      }
    }
  }
}
