import FileStorage

/// Write-ahead logs.
extension Verifier {
  /// Every log that a version needs is whole up to its last acknowledged record.
  mutating func checkLogs(_ newest: Manifest, _ older: [Manifest]) throws(DatabaseError) {
    for manifest in [newest] + older {
      do throws(DatabaseError) {
        let logs = try LogFiles.read(manifest, fs, collection.identity)
        for log in logs {
          let name = FileNames.log(log.header.number)
          if needed.insert(name).inserted {
            count(name)
            noteState(log, name, isLast: log.header.number == logs.last?.header.number)
          }
        }
        if manifest.version == newest.version {
          report.lsn = logs.last?.transactions.last?.lsn ?? newest.lastLSN
        }
      } catch .storage(.corruption(let damage)) {
        needed.insert(damage.path)
        if !report.findings.contains(where: { $0.path == damage.path && $0.range == extent(damage) }) {
          add(
            "log-damaged", .data, damage, "acknowledged records of the log are damaged",
            remedy: "restore this file from a backup; segments are untouched and vdb export reads them")
        }
      }
    }
  }

  private mutating func noteState(_ log: LogContents, _ name: String, isLast: Bool) {
    switch log.state {
    case .sealed: return
    case .badSeal:
      report.findings.append(
        Finding(
          "seal-damaged", .data, name, section: "seal", range: log.validEnd..<(log.validEnd + 64),
          "the log's seal is damaged; every record before it is whole and nothing is lost",
          remedy: "any writing command seals the log again, for example vdb checkpoint"))
    case .unsealed, .suspectTail:
      guard isLast else { return }
      report.findings.append(
        Finding(
          "log-unsealed", .notice, name, range: log.validEnd..<(log.validEnd + 1),
          "the last writer has not sealed its log (it is running, or it was killed); all committed records are whole",
          remedy: "nothing to do: the next writer seals it"))
    }
  }
}
