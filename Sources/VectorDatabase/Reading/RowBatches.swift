import FileStorage
package import MetadataFilters
import VectorMath

extension Snapshot {
  /// Appends stored rows to a batch, in the given order.
  ///
  /// `withVectors`: Whether vectors are read; without, the batch's dimension must be 0.
  /// `withMetadata`: Whether metadata is read.
  package func read(
    _ locations: [RowLocation], into batch: inout RecordBatch, withVectors: Bool, withMetadata: Bool
  ) throws(DatabaseError) {
    for location in locations {
      let id = try state.id(at: location)
      batch.idBytes.append(contentsOf: id.bytes)
      if withVectors { batch.vectors.append(contentsOf: try state.vector(at: location)) }
      if withMetadata { batch.metadataBytes.append(contentsOf: try state.metadata(at: location)) }
      batch.endRow(position: SourcePosition(line: 0, record: UInt64(batch.count) + 1))
    }
  }
}
