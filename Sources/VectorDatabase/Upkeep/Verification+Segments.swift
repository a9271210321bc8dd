import FileStorage
import MetadataFilters

/// Segments, deleted rows, and what all rows together must be.
extension Verifier {
  /// A segment and the list of its deleted rows; `seen` holds the files that were looked at.
  mutating func checkSegment(_ entry: SegmentEntry, _ seen: inout Set<String>) throws(DatabaseError) {
    if isCancelled() { throw .cancelled }
    let name = FileNames.segment(entry.number)
    needed.insert(name)
    if isWanted(name), seen.insert(name).inserted {
      count(name)
      report.rows += entry.rows
      do throws(StorageError) {
        let segment = try Segment.open(fs, entry, collection.identity)
        if level != .quick {
          for damage in segment.verify(threads: threads) { addSegmentDamage(damage, segment) }
        }
        if level == .deep { checkContents(segment, entry) }
      } catch .corruption(let damage) {
        add("segment-damaged", .data, damage, "the segment cannot be opened", remedy: segmentRemedy)
      } catch .file(let error) {
        add(error, name)
      } catch {
        throw .storage(error)
      }
    }
    guard let deletion = entry.deletion else { return }
    let deletionName = FileNames.deletion(entry.number, deletion.generation)
    needed.insert(deletionName)
    guard isWanted(deletionName), seen.insert(deletionName).inserted else { return }
    count(deletionName)
    do throws(StorageError) {
      for damage in try DeletionFile.verify(fs, entry, deletion, collection: collection.identity.uuid) {
        add(
          "deletion-damaged", .data, damage.corruption, "the list of deleted rows is damaged",
          range: damage.range,
          remedy: "restore this file from a backup")
      }
    } catch .corruption(let damage) {
      add(
        "deletion-damaged", .data, damage, "the list of deleted rows is damaged",
        remedy: "restore this file from a backup")
    } catch .file(let error) {
      add(error, deletionName)
    } catch {
      throw .storage(error)
    }
  }

  private var segmentRemedy: String {
    "restore this file from a backup; rows outside the damaged blocks can still be read (vdb get)"
  }

  private mutating func addSegmentDamage(_ damage: SegmentDamage, _ segment: Segment) {
    var finding = Finding(
      "block-damaged", .data, damage.damage.path, section: damage.damage.section, range: damage.damage.range,
      "expected \(damage.damage.expected), found \(damage.damage.found)", remedy: segmentRemedy)
    finding.block = damage.damage.block
    finding.flippedBit = damage.damage.flippedBit
    finding.rows = damage.rows
    if let rows = damage.rows {
      for row in rows.prefix(3) {
        if let id = try? segment.id(row) { finding.ids.append(id.display) }
      }
    }
    report.findings.append(finding)
  }

  /// Ids are live in one place only, and the counts are those that the manifest names.
  mutating func checkRows(_ manifest: Manifest) throws(DatabaseError) {
    guard level != .quick, only == nil, !report.isDamaged else { return }
    let state = try CollectionState.open(manifest, collection)
    for (index, live) in state.segments.enumerated() {
      if UInt64(live.liveCount) != live.entry.live {
        report.findings.append(
          Finding(
            "count-mismatch", .data, FileNames.manifest(manifest.version),
            "segment \(live.entry.number) has \(live.liveCount) live rows, the manifest says \(live.entry.live)",
            remedy:
              "please report this: it is a mistake of the program that wrote version \(manifest.version)"))
      }
      for row in 0..<live.segment.rows where !live.dead.contains(row) {
        if row & 4095 == 0, isCancelled() { throw .cancelled }
        let id = try lifted { () throws(StorageError) in try live.segment.id(row) }
        for other in state.segments[(index + 1)...] {
          let found = try lifted { () throws(StorageError) in try other.segment.row(forID: id) }
          guard let found, !other.dead.contains(Int(found)) else { continue }
          var finding = Finding(
            "id-twice", .data, FileNames.segment(live.entry.number),
            "the id is live in this segment and in \(FileNames.segment(other.entry.number))",
            remedy: "upsert the right record again under this id")
          finding.ids = [id.display]
          report.findings.append(finding)
        }
      }
    }
  }
}
