package import FileStorage
package import Quantization
package import VectorMath

/// The vectors of one segment file, as an index is built from them.
///
/// Safe to use from several threads at once; pointers stay valid as long as the segment's file is held.
package struct StoredVectors: Sendable {
  /// The segment's container.
  package let file: ContainerFile
  /// Its section of vectors, rows in order, `stride` bytes each.
  package let vectors: SectionEntry
  package let rows: Int
  package let dimension: Int
  package let elementType: ElementType
  package let metric: Metric

  package init(
    file: ContainerFile, vectors: SectionEntry, rows: Int, dimension: Int, elementType: ElementType,
    metric: Metric
  ) {
    self.file = file
    self.vectors = vectors
    self.rows = rows
    self.dimension = dimension
    self.elementType = elementType
    self.metric = metric
  }

  /// Bytes from one vector to the next.
  package var stride: Int { elementType.storedBytes(dimension: dimension) }

  /// The rows as a frame takes them; every block is checked when it is first read.
  package var source: RowSource<StorageError> {
    let (file, vectors, stride) = (file, vectors, stride)
    return unsafe RowSource(elementType: elementType, dimension: dimension, count: rows, stride: stride) {
      (rows) throws(StorageError) in
      let bytes = try unsafe file.bytes(vectors, rows.lowerBound * stride..<rows.upperBound * stride)
      guard let first = bytes.baseAddress else {
        throw .corruption(
          CorruptionError(
            path: file.name, section: vectors.label, offset: vectors.offset, expected: "rows", found: "none"))
      }
      return unsafe first
    }
  }
}
