extension ContainerFile {
  /// Number of blocks; `verifyBlocks` takes any part of them.
  package var blockCount: Int { tables.blockCount }

  /// Checks every byte of the file again, whatever was checked before: pages, tables, all blocks, the zeros
  /// between sections, and the SHA-256 when one is given.
  package func verify(sha256: Digest256? = nil, _ visit: (ContainerDamage) -> Void) {
    var intact = verifyTables(visit)
    intact = verifyBlocks(0..<tables.blockCount, visit) && intact
    guard let sha256, intact else { return }
    let found = unsafe SHA256.digest(of: mapping.bytes)
    guard found != sha256 else { return }
    visit(
      ContainerDamage(
        path: name, section: "file", block: nil, range: 0..<byteCount, expected: "SHA-256 \(sha256.hex)",
        found: "SHA-256 \(found.hex)", flippedBit: nil))
  }

  /// Whether the whole file has this SHA-256.
  package func matches(_ sha256: Digest256) -> Bool { unsafe SHA256.digest(of: mapping.bytes) == sha256 }

  /// Checks the pages, the tables and the zeros between sections.
  ///
  /// Returns whether all was well.
  package func verifyTables(_ visit: (ContainerDamage) -> Void) -> Bool {
    var intact = true
    do throws(StorageError) {
      _ = try unsafe ContainerTables(
        mapping.bytes, name: name, kind: prefix.kind, collection: prefix.collection,
        expectedFooterCRC: footerCRC)
    } catch {
      intact = false
      if case .corruption(let damage) = error {
        let offset = damage.offset ?? 0
        visit(
          ContainerDamage(
            path: name, section: damage.section, block: nil, range: offset..<offset + 1,
            expected: damage.expected,
            found: damage.found, flippedBit: nil))
      }
    }
    for chunk in 0..<tables.chunkCount {
      if let damage = unsafe tables.chunkDamage(chunk, mapping.bytes, name: name) {
        intact = false
        visit(damage)
      }
    }
    var end = ContainerLayout.bodyOffset
    func checkGap(to start: UInt64) {
      let gap = unsafe UnsafeRawBufferPointer(rebasing: mapping.bytes[Int(end)..<Int(start)])
      guard end < start, unsafe !gap.isZero else { return }
      // A gap in a block that fails its checksum is that block's damage.
      let blocks = tables.block(of: Int(end))...tables.block(of: Int(start) - 1)
      for block in blocks {
        if unsafe tables.blockDamage(block, mapping.bytes, name: name) != nil { return }
      }
      intact = false
      visit(
        ContainerDamage(
          path: name, section: "padding", block: nil, range: end..<start, expected: "zeros",
          found: "other bytes",
          flippedBit: nil))
    }
    for entry in sections {
      checkGap(to: entry.offset)
      end = entry.offset + entry.length
    }
    checkGap(to: UInt64(tables.bodyEnd))
    return intact
  }

  /// Checks the given blocks.
  ///
  /// Returns whether all was well.
  ///
  /// Where one flipped bit explains a damaged chunk of the block table, the blocks are checked against the mended
  /// table; otherwise a block whose checksum is unknown is not reported (the chunk is, by `verifyTables`).
  package func verifyBlocks(_ blocks: Range<Int>, _ visit: (ContainerDamage) -> Void) -> Bool {
    var intact = true
    var chunk = -1
    var chunkDamage: ContainerDamage?
    for block in blocks {
      if block / ContainerTables.blocksInChunk != chunk {
        chunk = block / ContainerTables.blocksInChunk
        chunkDamage = unsafe tables.chunkDamage(chunk, mapping.bytes, name: name)
      }
      var checksum = unsafe tables.checksum(ofBlock: block, mapping.bytes)
      if let chunkDamage {
        intact = false
        guard let flipped = chunkDamage.flippedBit else { continue }
        let start = chunkDamage.range.lowerBound + UInt64(4 * (block % ContainerTables.blocksInChunk))
        if flipped.offset >= start, flipped.offset < start + 4 {
          checksum ^= 1 << UInt32(8 * (flipped.offset - start) + UInt64(flipped.bit))
        }
      }
      if let damage = unsafe tables.blockDamage(block, mapping.bytes, name: name, checksum: checksum) {
        intact = false
        visit(damage)
      }
    }
    return intact
  }
}
