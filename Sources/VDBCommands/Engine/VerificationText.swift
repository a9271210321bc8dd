import CommandLineParsing
import FileStorage
import VectorDatabase

/// What the operand of `verify` names.
enum VerificationTarget {
  /// A collection's folder, and the file in it when the operand is one file of a collection.
  ///
  /// A file of a collection lies in its folder, or one folder below, beside or below the file `VDB`.
  static func split(_ path: String) -> (folder: String, file: String?) {
    guard FileKindOnDisk.of(path) == .file else { return (path, nil) }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    for depth in 1...2 where parts.count >= depth {
      let head = parts.dropLast(depth).joined(separator: "/")
      let folder = parts.count == depth ? "." : head.isEmpty ? "/" : head
      let file = parts.suffix(depth).joined(separator: "/")
      if FileKindOnDisk.of(folder + "/VDB") == .file { return (folder, file) }
    }
    return (path, nil)
  }
}

/// The report of `verify` for people and for programs.
struct VerificationText {
  private let report: VerificationReport
  private let level: VerificationLevel
  private let nanoseconds: Int64

  init(_ report: VerificationReport, level: VerificationLevel, nanoseconds: Int64) {
    self.report = report
    self.level = level
    self.nanoseconds = nanoseconds
  }

  private var levelName: String {
    switch level {
    case .quick: "quick"
    case .standard: "default"
    case .deep: "deep"
    }
  }
  private var milliseconds: UInt64 { UInt64(clamping: nanoseconds / 1_000_000) }

  /// Writes the report: what was checked, each finding with its place, and what to do.
  func write(_ context: CommandContext, listsFiles: Bool) throws(CommandFailure) {
    let style = Style(
      context.arguments.text(GlobalOptions.color), isTerminal: context.output.isTerminal,
      environment: context.environment)
    var text = ""
    if listsFiles {
      let damaged = Set(report.findings.filter(\.isDamage).map(\.path))
      for file in report.checkedFiles {
        text += (damaged.contains(file) ? "damaged  " : "ok       ") + file + "\n"
      }
    }
    text += "checked \(NumberText.grouped(UInt64(report.files))) \(report.files == 1 ? "file" : "files"), "
    text += "\(NumberText.bytes(report.bytes)), \(NumberText.grouped(report.rows)) rows "
    text += "in \(NumberText.seconds(milliseconds: milliseconds)) (level \(levelName))\n"
    if let recall = report.recall { text += describe(recall) }
    for finding in report.findings { text += describe(finding, style) }
    if report.findings.isEmpty {
      text += "no damage\n"
    } else if !report.isDamaged {
      text +=
        "no damage; the \(report.findings.count == 1 ? "line" : "lines") above \(report.findings.count == 1 ? "is" : "are") worth knowing\n"
    }
    // The text of findings is made harmless piece by piece; the colours around it must reach the terminal.
    if style.isColored { context.output.filter = .none }
    try context.output.write(text)
  }

  /// One line for each number of neighbours and each recall.
  private func describe(_ results: [RecallResult]) -> String {
    guard let first = results.first else { return "recall: there is no graph, so searches are exact\n" }
    var text = "recall, of \(counted(UInt64(first.queries), "record")) each held out of its own search:\n"
    for result in results {
      text += "  recall@\(result.k) asked \(RecallText.share(result.target)): "
      if result.isExact {
        text += "searched exactly\n"
        continue
      }
      text += result.promised.map { "\(RecallText.share($0)) promised" } ?? "nothing promised"
      if result.isPromisedAsAsked { text += " as asked" }
      if !result.isReached { text += " at most" }
      text += ", \(RecallText.share(result.measured)) found (\(RecallText.interval(result)))"
      text += result.isBroken ? ", NOT KEPT\n" : "\n"
    }
    if results.contains(where: \.isPromisedAsAsked) {
      text +=
        "  as asked: in a segment with deleted records a search goes as far as what is asked for takes, which was not measured there\n"
    }
    return text
  }

  private func appendRecall(_ results: [RecallResult], to json: inout CommandLineParsing.JSONText) {
    func rounded(_ share: Double) -> Double { (share * 1e4).rounded() / 1e4 }
    json.key("recall")
    json.beginArray()
    for result in results {
      json.beginObject()
      json.member("k", result.k)
      json.member("asked", rounded(result.target))
      json.key("promised")
      if let promised = result.promised { json.value(rounded(promised)) } else { json.null() }
      json.member("promised_as_asked", result.isPromisedAsAsked)
      json.member("reached", result.isReached)
      json.member("measured", rounded(result.measured))
      json.member("low", rounded(result.interval.lowerBound))
      json.member("high", rounded(result.interval.upperBound))
      json.member("queries", result.queries)
      json.member("exact", result.isExact)
      json.member("kept", !result.isBroken)
      json.endObject()
    }
    json.endArray()
  }

  private func describe(_ finding: Finding, _ style: Style) -> String {
    let severity = finding.severity.rawValue
    let padding = String(repeating: " ", count: 8 - severity.utf8.count)
    let label = finding.isDamage ? style.red("DAMAGE") : style.yellow("NOTICE")
    var place = TerminalText.singleLine(finding.path)
    if let block = finding.block { place += "  block \(NumberText.grouped(UInt64(clamping: block)))" }
    if let section = finding.section { place += "  section \(TerminalText.singleLine(section))" }
    if let range = finding.range, range.upperBound > range.lowerBound {
      let last = range.upperBound - 1
      place +=
        range.lowerBound == last
        ? " (byte \(NumberText.grouped(last)))"
        : " (bytes \(NumberText.grouped(range.lowerBound))–\(NumberText.grouped(last)))"
    }
    var line = "\(label)  \(severity)\(padding) \(place): \(TerminalText.singleLine(finding.message))"
    if let rows = finding.rows, !rows.isEmpty {
      let first = NumberText.grouped(UInt64(rows.lowerBound))
      line +=
        rows.count == 1
        ? "; row \(first)" : "; rows \(first)–\(NumberText.grouped(UInt64(rows.upperBound - 1)))"
    }
    if !finding.ids.isEmpty {
      let ids = finding.ids.map { TerminalText.singleLine($0) }.joined(separator: ", ")
      let count = finding.rows?.count ?? finding.ids.count
      line +=
        finding.ids.count < count
        ? " (\(NumberText.grouped(UInt64(count))) ids: \(ids), …)" : " (ids: \(ids))"
    }
    line += "\n"
    if let bit = finding.flippedBit {
      line += "        single-bit error at byte \(NumberText.grouped(bit.offset)) bit \(bit.bit)\n"
    }
    return line + "        remedy: \(finding.remedy)\n"
  }

  /// Writes the report as one object.
  func writeJSON(_ context: CommandContext, listsFiles: Bool) throws(CommandFailure) {
    var json = JSONOutput.begin(.verify)
    json.member("intact", !report.isDamaged)
    json.member("level", levelName)
    json.member("version", report.version)
    json.member("lsn", report.lsn)
    json.key("root")
    if let root = report.root { json.value("sha256:" + root.hex) } else { json.null() }
    json.member("files", report.files)
    json.member("bytes", report.bytes)
    json.member("rows", report.rows)
    json.member("duration_ms", milliseconds)
    json.key("findings")
    json.beginArray()
    for finding in report.findings {
      json.beginObject()
      json.member("code", finding.code)
      json.member("severity", finding.severity.rawValue)
      json.member("file", finding.path)
      if let section = finding.section { json.member("section", section) }
      if let block = finding.block { json.member("block", block) }
      if let range = finding.range {
        json.member("first_byte", range.lowerBound)
        json.member("end_byte", range.upperBound)
      }
      if let rows = finding.rows {
        json.member("first_row", rows.lowerBound)
        json.member("end_row", rows.upperBound)
      }
      if let bit = finding.flippedBit {
        json.member("flipped_byte", bit.offset)
        json.member("flipped_bit", bit.bit)
      }
      if !finding.ids.isEmpty { json.member("ids", finding.ids) }
      json.member("message", finding.message)
      json.member("remedy", finding.remedy)
      json.endObject()
    }
    json.endArray()
    if let recall = report.recall { appendRecall(recall, to: &json) }
    if listsFiles {
      let damaged = Set(report.findings.filter(\.isDamage).map(\.path))
      json.key("checked")
      json.beginArray()
      for file in report.checkedFiles {
        json.beginObject()
        json.member("file", file)
        json.member("intact", !damaged.contains(file))
        json.endObject()
      }
      json.endArray()
    }
    try JSONOutput.end(json, to: context)
  }
}
