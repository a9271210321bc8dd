import FileStorage
package import MetadataFilters

/// Made-up records for tests and measurements, each from its number alone.
///
/// Safe to share between threads.
package struct SyntheticRecords: Sendable {
  /// What the records are like.
  package let settings: SyntheticSettings
  private let vectors: SyntheticVectors

  /// Prepares the centres and directions of the distribution.
  package init(_ settings: SyntheticSettings) {
    self.settings = settings
    vectors = SyntheticVectors(settings)
  }

  /// Empties `batch` and fills it with rows of a set.
  ///
  /// A string id is `r` (in queries `q`) and the row's number, an int64 id the number itself, a UUID 16 random bytes.
  package func fill(
    _ batch: inout RecordBatch, rows: Range<UInt64>, of set: SyntheticSet = .base, idType: IDType = .string
  ) {
    batch.removeAll()
    batch.dimension = settings.dimension
    batch.idType = idType
    batch.vectors = [Float](repeating: 0, count: rows.count * settings.dimension)
    for (place, number) in rows.enumerated() {
      let start = place * settings.dimension
      let group = unsafe batch.vectors.withUnsafeMutableBufferPointer { buffer in
        // Safe: the batch has a row of `dimension` floats from `start` on, and a dimension is at least 1.
        guard let base = buffer.baseAddress else { return 0 }
        return unsafe vectors.write(number, of: set, into: base + start)
      }
      appendID(number, set, to: &batch)
      if !settings.payload.isEmpty {
        let row = SyntheticRow(
          seed: settings.seed, set: set, number: number, group: group, first: batch.vectors[start])
        settings.payload.append(row, to: &batch.metadataBytes)
      }
      batch.idOffsets.append(batch.idBytes.count)
      batch.metadataOffsets.append(batch.metadataBytes.count)
      batch.hasVector.append(true)
      batch.positions.append(SourcePosition(line: 0, record: number + 1))
    }
  }

  private func appendID(_ number: UInt64, _ set: SyntheticSet, to batch: inout RecordBatch) {
    func appendWord(_ word: UInt64) {
      for shift in stride(from: UInt64(0), to: 64, by: 8) {
        batch.idBytes.append(UInt8(truncatingIfNeeded: word >> shift))
      }
    }
    switch batch.idType {
    case .string:
      batch.idBytes.append(UInt8(ascii: set == .base ? "r" : "q"))
      JSONWriter.appendDecimal(Int64(truncatingIfNeeded: number), to: &batch.idBytes)
    case .int64: appendWord(number)
    case .uuid:
      var noise = SyntheticNoise(seed: settings.seed, stream: 48 + set.rawValue, number: number)
      // Version 4 in the upper half of byte 6, the variant in the upper bits of byte 8.
      appendWord(noise.next() & ~(0xF0 << 48) | 0x40 << 48)
      appendWord(noise.next() & ~0xC0 | 0x80)
    }
  }
}
