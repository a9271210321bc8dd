package import FileStorage

/// The parts of an index file, to be changed and written anew with right checksums: as a mistaken or hostile program would write
/// it.
package struct RewrittenIndex {
  /// One section.
  package struct Part {
    package var name: SectionName
    package var elementSize: UInt32
    package var alignment: UInt64
    /// Elements, when they are not what the length says.
    package var count: UInt64?
    package var bytes: [UInt8]
  }

  /// The fields behind the prefix of the header page.
  package var header: [UInt8]
  /// The fields of the footer page.
  package var footer: [UInt8]
  /// The sections, in the order of the file.
  package var parts: [Part]

  /// Takes apart the file that an entry names.
  package init(_ fs: any FileSystem, _ entry: IndexEntry, collection: UUID16) throws {
    let file = try ContainerFile.open(
      fileSystem: fs, name: FileNames.index(entry.number), kind: .index, collection: collection,
      expectedBytes: entry.bytes, expectedFooterCRC: entry.footerCRC)
    header = file.headerFields
    footer = file.footerFields
    parts = []
    for section in file.sections {
      let bytes = unsafe [UInt8](try unsafe file.bytes(section))
      parts.append(
        Part(
          name: section.name, elementSize: section.elementSize, alignment: section.alignment, count: nil,
          bytes: bytes))
    }
    withExtendedLifetime(file) {}
  }

  /// The place of a section; nil when there is none of that name.
  package func place(_ name: SectionName) -> Int? { parts.firstIndex { $0.name == name } }

  /// Writes the file and commits a version that names it in the place of an entry.
  package func publish(
    _ fs: any FileSystem, in place: IndexEntry, _ manifest: Manifest, _ store: ManifestStore,
    collection: UUID16
  ) throws {
    let writer = try ContainerWriter(
      fileSystem: fs, temporaryName: "tmp/rewritten", kind: .index, collection: collection,
      features: FeatureBits(), headerFields: header, blockSize: 4096)
    for part in parts {
      try writer.beginStreamed(part.name, elementSize: part.elementSize, alignment: part.alignment)
      try writer.append(part.bytes)
      writer.end(count: part.count)
    }
    let file = try writer.finish(footerFields: footer)
    var next = manifest
    let number = next.nextNumber
    try fs.rename("tmp/rewritten", to: FileNames.index(number))
    try fs.syncFolder("idx")
    var entry = place
    entry.number = number
    entry.bytes = file.bytes
    entry.sha256 = file.sha256
    entry.footerCRC = file.footerCRC
    next.indexes.removeAll { $0.number == place.number }
    next.indexes.append(entry)
    next.indexes.sort { ($0.segment, $0.kind) < ($1.segment, $1.kind) }
    next.nextNumber = number + 1
    next.parentVersion = manifest.version
    next.parentHash = manifest.hash
    next.version = manifest.version + 1
    _ = try store.commit(next)
  }
}
