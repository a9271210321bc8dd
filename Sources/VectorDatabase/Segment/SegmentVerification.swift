package import FileStorage
import MetadataFilters
package import VectorMath

extension Segment {
  /// What the rows of a group add up to, and what is wrong with them.
  private typealias GroupFindings = (sum: Digest256, damages: [CorruptionError])

  /// Checks what the rows say, row by row: everything that a right checksum cannot prove.
  ///
  /// Vectors are finite, bits behind their last are zero, norms are those of the vectors, ids are well formed and found by the hash index, LSNs lie in the
  /// segment's range, arrival numbers are unique, metadata is canonical JSON, and the rows' hashes add up to the
  /// content hash. A row in `deleted` may share its id with another. Goes on after damage, up to 100 reports.
  package func verifyContents(deleted: RowSet? = nil, threads: Int = 1, _ visit: (CorruptionError) -> Void) {
    let groupSize = 1024
    let groups = (rows + groupSize - 1) / groupSize
    let results = ParallelResults<GroupFindings>(groups)
    ParallelLoop.run(blocks: groups, threads: threads) { group in
      results.set(group, self.check(group * groupSize..<min((group + 1) * groupSize, self.rows), deleted))
    }
    var sum = Digest256.zero
    var reports = 0
    for result in results.all {
      sum += result.sum
      for damage in result.damages where reports < 100 {
        reports += 1
        visit(damage)
      }
    }
    for damage in arrivalDamage() where reports < 100 {
      reports += 1
      visit(damage)
    }
    if sum != contentHash, reports == 0 {
      visit(damage("footer", nil, "content hash \(contentHash.hex)", "rows that add up to \(sum.hex)"))
    }
  }

  private func damage(_ section: String, _ row: Int?, _ expected: String, _ found: String) -> CorruptionError
  {
    CorruptionError(
      path: file.name, section: section, offset: nil, expected: expected,
      found: row.map { "\(found) in row \($0)" } ?? found)
  }

  private func check(_ range: Range<Int>, _ deleted: RowSet?) -> (sum: Digest256, damages: [CorruptionError])
  {
    var sum = Digest256.zero
    var damages: [CorruptionError] = []
    var buffer: [UInt8] = []
    for row in range {
      do throws(StorageError) {
        sum += try contentHash(ofRow: row)
        if let found = try damage(of: row, deleted, &buffer) { damages.append(found) }
      } catch {
        if case .corruption(let damage) = error {
          damages.append(damage)
        } else {
          damages.append(damage("file", row, "a readable file", "\(error)"))
        }
      }
      if damages.count >= 100 { break }
    }
    return (sum, damages)
  }

  private func damage(of row: Int, _ deleted: RowSet?, _ buffer: inout [UInt8]) throws(StorageError)
    -> CorruptionError?
  {
    let elements = try unsafe vectors(row..<row + 1)
    guard unsafe isFinite(elements) else {
      return damage("VECT", row, "finite numbers", "a NaN or an infinity")
    }
    guard unsafe shape.elementType.canEnd(with: elements.last ?? 0, dimension: shape.dimension) else {
      return damage("VECT", row, "zero bits behind the last element", "others")
    }
    if normEntry != nil {
      let stored = try norm(row)
      let computed = unsafe storedNorm(elements, shape)
      guard stored.bitPattern == computed.bitPattern else {
        return damage("NORM", row, "norm \(computed)", "norm \(stored)")
      }
    }
    let id = try unsafe idBytes(row)
    if shape.idType == .string {
      guard (1...RecordID.maximumLength).contains(id.count), unsafe !id.contains(0),
        unsafe String(validating: id, as: UTF8.self) != nil
      else { return damage("IDS0", row, "an id of 1 to 1024 bytes of UTF-8", "other bytes") }
    }
    let found = try unsafe self.row(forID: id)
    let isDeleted = deleted?.contains(UInt32(truncatingIfNeeded: row)) ?? false
    guard found == UInt32(truncatingIfNeeded: row) || (isDeleted && found != nil) else {
      return damage(
        "IDHX", row, "the id's own row", found.map { "row \($0) for the same id" } ?? "nothing for the id")
    }
    let lsn = try lsn(row)
    guard sequenceNumbers.contains(lsn) else {
      return damage(
        "LSNS", row, "an LSN from \(sequenceNumbers.lowerBound) to \(sequenceNumbers.upperBound)", "\(lsn)")
    }
    let metadata = try unsafe metadataBytes(row)
    guard metadata.count > 0 else { return nil }
    buffer.removeAll(keepingCapacity: true)
    var warnings = CanonicalWarnings()
    do throws(JSONError) {
      try unsafe CanonicalJSON.append(metadata, to: &buffer, warnings: &warnings)
    } catch {
      return damage("PAYL", row, "canonical JSON", "\(error)")
    }
    guard unsafe buffer.elementsEqual(metadata), buffer.first == UInt8(ascii: "{") else {
      return damage("PAYL", row, "a canonical JSON object", "another spelling")
    }
    return nil
  }

  private func isFinite(_ elements: UnsafeRawBufferPointer) -> Bool {
    switch shape.elementType {
    case .f32:
      for index in 0..<shape.dimension {
        // All exponent bits set: NaN or infinity.
        let bits = unsafe elements.littleEndian(at: 4 * index, as: UInt32.self)
        if bits & 0x7F80_0000 == 0x7F80_0000 { return false }
      }
    case .f16:
      for index in 0..<shape.dimension {
        let bits = unsafe elements.littleEndian(at: 2 * index, as: UInt16.self)
        if bits & 0x7C00 == 0x7C00 { return false }
      }
    case .i8, .u8, .bit: return true
    }
    return true
  }

  private func arrivalDamage() -> [CorruptionError] {
    guard !isInArrivalOrder else { return [] }
    var seen = RowSet(count: rows)
    for row in 0..<rows {
      do throws(StorageError) {
        let arrival = try arrival(row)
        guard Int(arrival) < rows, seen.insert(arrival) else {
          return [damage("ARRV", row, "each number below \(rows) once", "\(arrival)")]
        }
      } catch {
        if case .corruption(let damage) = error { return [damage] }
      }
    }
    return []
  }
}
