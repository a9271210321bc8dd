import FileStorage

/// How the rows of a segment will be read.
extension Segment {
  private static let touchedSections: [SectionName] = [.vectors, .norms, .idOffsets, .ids]

  /// Prepares for a search that reads few rows here and there.
  ///
  /// `isCold`: Whether they are likely to be on the disk only.
  func expectFewRows(isCold: Bool) {
    for name in Self.touchedSections {
      if let entry = file.section(name) { file.advise(.scattered, entry) }
    }
    if isCold { file.readBlocksAtOnce() }
  }

  /// Prepares for passes over all rows again.
  func expectAllRows() {
    for name in Self.touchedSections {
      if let entry = file.section(name) { file.advise(.inOrder, entry) }
    }
  }

  /// Prepares for passes over all vectors, and no others.
  func expectWholePasses() {
    if let entry = file.section(.vectors) { file.advise(.whole, entry) }
  }
}
