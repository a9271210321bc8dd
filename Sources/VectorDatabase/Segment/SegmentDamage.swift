package import FileStorage
import MetadataFilters
import VectorMath

/// One damaged part of a segment file, and the rows that cannot be read because of it.
package struct SegmentDamage: Equatable, Sendable {
  /// Where the file is damaged.
  package var damage: ContainerDamage
  /// The rows that have bytes in the damaged part; nil when it holds none of particular rows.
  package var rows: Range<Int>?
}

extension ContainerFile {
  /// Checks every byte of the file again, blocks in parallel; the damages are in the order of the file's parts.
  func verify(threads: Int) -> [ContainerDamage] {
    var damages: [ContainerDamage] = []
    _ = verifyTables { damages.append($0) }
    let blocksAtOnce = 256
    let groups = (blockCount + blocksAtOnce - 1) / blocksAtOnce
    let results = ParallelResults<[ContainerDamage]>(groups)
    ParallelLoop.run(blocks: groups, threads: threads) { group in
      var found: [ContainerDamage] = []
      let blocks = group * blocksAtOnce..<min((group + 1) * blocksAtOnce, self.blockCount)
      if !self.verifyBlocks(blocks, { found.append($0) }) { results.set(group, found) }
    }
    for found in results.all { damages += found }
    return damages
  }
}

extension Segment {
  /// Checks every byte of the file again, blocks in parallel; the damages are in the order of the file's parts.
  package func verify(threads: Int = 1) -> [SegmentDamage] {
    file.verify(threads: threads).map { SegmentDamage(damage: $0, rows: rows(in: $0.range)) }
  }

  /// The smallest range of rows that covers all rows with bytes in a part of the file.
  package func rows(in range: Range<UInt64>) -> Range<Int>? {
    var result: Range<Int>?
    for entry in file.sections where entry.length > 0 {
      let start = max(range.lowerBound, entry.offset)
      let end = min(range.upperBound, entry.offset + entry.length)
      guard start < end, let part = rows(of: entry, Int(start - entry.offset)..<Int(end - entry.offset)),
        !part.isEmpty
      else { continue }
      result =
        result.map { min($0.lowerBound, part.lowerBound)..<max($0.upperBound, part.upperBound) } ?? part
    }
    return result
  }

  private func rows(of entry: SectionEntry, _ bytes: Range<Int>) -> Range<Int>? {
    switch entry.name {
    case .vectors, .norms, .arrival, .idOffsets, .sequenceNumbers, .times, .ids:
      guard entry.column <= 1 else { return nil }
      if entry.name == .ids, shape.idType.fixedSize == nil {
        // The row that holds the first byte, and the row behind the one that holds the last.
        let first = firstRow { (row) throws(StorageError) in try self.idEnd(row) > bytes.lowerBound }
        let last = firstRow { (row) throws(StorageError) in try self.idEnd(row) >= bytes.upperBound }
        return first..<min(last + 1, rows)
      }
      let size = Int(entry.elementSize)
      guard size > 0 else { return nil }
      if entry.count == 1 { return 0..<rows }
      // An id's bounds are two neighbouring offsets.
      let before = entry.name == .idOffsets ? 1 : 0
      return max(0, bytes.lowerBound / size - before)..<min((bytes.upperBound + size - 1) / size, rows)
    case .payload: return payload?.rows(in: bytes, file)
    default: return nil
    }
  }

  /// The end of a row's id among the bytes of all ids.
  private func idEnd(_ row: Int) throws(StorageError) -> Int {
    guard let idOffsetEntry else { return 0 }
    let width = Int(idOffsetEntry.elementSize)
    let bytes = try unsafe file.bytes(idOffsetEntry, (row + 1) * width..<(row + 2) * width)
    return width == 4
      ? unsafe Int(bytes.littleEndian(at: 0, as: UInt32.self))
      : unsafe Int(truncatingIfNeeded: bytes.littleEndian(at: 0, as: UInt64.self))
  }

  /// The first row for which a condition that stays true holds; a row whose numbers cannot be read counts as such.
  private func firstRow(_ condition: (Int) throws(StorageError) -> Bool) -> Int {
    var low = 0
    var high = rows
    while low < high {
      let middle = (low + high) / 2
      var holds = true
      do throws(StorageError) { holds = try condition(middle) } catch { holds = true }
      if holds { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

extension PayloadReader {
  /// The rows of the blocks that share bytes with a part of `PAYL`; nil when the directory cannot be read.
  func rows(in bytes: Range<Int>, _ file: ContainerFile) -> Range<Int>? {
    do throws(StorageError) {
      var first = 0
      var last = blockCount
      while first < last {
        let middle = (first + last) / 2
        let (start, length, _) = try place(middle, file)
        if start + length > bytes.lowerBound { last = middle } else { first = middle + 1 }
      }
      guard first < blockCount else { return nil }
      var end = first
      while end < blockCount, try place(end, file).start < bytes.upperBound { end += 1 }
      let firstRow = try place(first, file).firstRow
      let endRow = end < blockCount ? try place(end, file).firstRow : rows
      return firstRow <= endRow ? firstRow..<endRow : nil
    } catch {
      return nil
    }
  }
}

extension DeletionFile {
  /// Checks every byte of a deletion file again; empty when all is well.
  package static func verify(
    _ fileSystem: any FileSystem, _ segment: SegmentEntry, _ deletion: DeletionEntry, collection: UUID16
  ) throws(StorageError) -> [ContainerDamage] {
    let file = try ContainerFile.open(
      fileSystem: fileSystem, name: FileNames.deletion(segment.number, deletion.generation), kind: .deletion,
      collection: collection, expectedBytes: deletion.bytes, expectedFooterCRC: deletion.footerCRC)
    var damages: [ContainerDamage] = []
    file.verify { damages.append($0) }
    // What the rows say, once their bytes are right.
    if damages.isEmpty { _ = try readWords(fileSystem, segment, deletion, collection: collection) }
    return damages
  }
}
