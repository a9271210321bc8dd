import FileStorage

/// What searches by the graphs find, beside what they promise.
extension Verifier {
  /// Measures recall, once every file has been found whole enough to be searched.
  mutating func checkRecall(_ request: RecallRequest) throws(DatabaseError) {
    guard only == nil, !report.isDamaged else { return }
    var request = request
    request.threads = threads
    request.isCancelled = isCancelled
    let results = try Snapshot.open(collection).measureRecall(request)
    report.recall = results
    for result in results where result.isBroken {
      let promised = result.promised.map { Self.thousandths($0) } ?? "nothing"
      report.findings.append(
        Finding(
          "recall-broken", .notice, "idx",
          "searches for the \(result.k) nearest that ask for a recall of \(Self.thousandths(result.target)) are promised \(promised) and found \(Self.thousandths(result.measured)), at most \(Self.thousandths(result.interval.upperBound))",
          remedy: "vdb tune measures the promise anew; vdb rebuild-index makes the graph anew"))
    }
  }

  /// A share with three decimals.
  private static func thousandths(_ value: Double) -> String {
    let whole = Int((max(0, min(1, value)) * 1000).rounded())
    let digits = String(whole % 1000)
    return "\(whole / 1000)." + String(repeating: "0", count: 3 - digits.count) + digits
  }
}
