import FileStorage
import Quantization

/// What the index files of every kind have in common, for opening them.
extension ContainerFile {
  /// Damage in a section of an index file, or in one of its pages.
  func indexDamage(
    _ section: String, _ expected: String, _ found: String = "another size"
  ) -> StorageError {
    .corruption(
      CorruptionError(path: name, section: section, offset: nil, expected: expected, found: found))
  }

  /// The frame that the codes live in, not proved to be one of the collection's vectors.
  ///
  /// Calls `willRead` when the section is there, right before it is read. Throws `.corruption`.
  func indexFrame(_ willRead: () -> Void = {}) throws(StorageError) -> VectorFrame {
    guard let entry = section(.frame), entry.length <= 1 << 20 else { throw indexDamage("FRAM", "a frame") }
    willRead()
    let read = try unsafe [UInt8](bytes(entry))
    do throws(QuantizationError) {
      return try VectorFrame(bytes: read)
    } catch {
      throw indexDamage("FRAM", "a frame", "\(error)")
    }
  }

  /// The entry of a section of `count` elements of `size` bytes each; throws `.corruption` when there is none of that size.
  func indexSection(_ name: SectionName, _ count: Int, _ size: Int) throws(StorageError) -> SectionEntry {
    let (length, overflow) = count.multipliedReportingOverflow(by: size)
    guard !overflow, let entry = section(name), entry.elementSize == UInt32(size),
      entry.length == UInt64(length), entry.count == UInt64(count)
    else { throw indexDamage(name.description, "\(count) elements of \(size) bytes") }
    return entry
  }
}
