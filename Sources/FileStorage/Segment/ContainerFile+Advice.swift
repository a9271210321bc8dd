internal import Synchronization

/// How the sections of a file will be read.
extension ContainerFile {
  /// Says how a section, or a range of its bytes, will be read.
  package func advise(_ advice: MappingAdvice, _ section: SectionEntry, _ range: Range<Int>? = nil) {
    let base = Int(truncatingIfNeeded: section.offset)
    let length = Int(truncatingIfNeeded: section.length)
    guard base >= 0, length >= 0, base <= tables.bodyEnd - length else { return }
    let range = (range ?? 0..<length).clamped(to: 0..<length)
    mapping.advise(advice, base + range.lowerBound..<base + range.upperBound)
  }

  /// Asks the disk for the blocks that hold a range of a section's bytes.
  package func ask(_ section: SectionEntry, _ range: Range<Int>) {
    let base = Int(truncatingIfNeeded: section.offset)
    let length = Int(truncatingIfNeeded: section.length)
    let range = range.clamped(to: 0..<max(0, length))
    guard base >= ContainerLayout.pageSize, base <= tables.bodyEnd - length, !range.isEmpty else { return }
    let first = tables.range(ofBlock: tables.block(of: base + range.lowerBound))
    let last = tables.range(ofBlock: tables.block(of: base + range.upperBound - 1))
    mapping.advise(.soon, first.lowerBound..<last.upperBound)
  }

  /// About how much of a section is in memory, from 0 to 1.
  package func residentShare(_ section: SectionEntry) -> Double {
    let base = Int(truncatingIfNeeded: section.offset)
    let length = Int(truncatingIfNeeded: section.length)
    guard base >= 0, length >= 0, base <= tables.bodyEnd - length else { return 1 }
    return mapping.residentShare(base..<base + length)
  }

  /// From now on a block that is touched first is asked for as a whole before it is checked: for files that are not in memory
  /// and of which little is read.
  package func readBlocksAtOnce() { blocksAtOnce.store(true, ordering: .relaxed) }
}
