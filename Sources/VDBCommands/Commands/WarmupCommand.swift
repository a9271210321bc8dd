package import CommandLineParsing
import VectorDatabase

/// The command `vdb warmup`.
package enum WarmupCommand: ToolCommand {
  package static let what = Option(
    "what", .choice(["index", "vectors", "payload", "all"]), "PARTS", repetition: .commaList, default: "all",
    summary: "What to read",
    details:
      "`index`: the index files. `vectors`: the vectors themselves, of which a search by an index reads few and any other all. `payload`: ids and metadata, which results and filters need. They are read in this order."
  )
  package static let max = Option(
    "max", .size(minimum: 0), "SIZE",
    summary: "Read at most this much (default: the memory that is available)")
  package static let report = Option(
    "report", .flag, summary: "Read nothing, only say what is in memory")

  package static let command = Command(
    "warmup", group: "Upkeep", summary: "bring a collection's files into memory",
    description: [
      "Reads files once, so that the system has them in its page cache and the next searches do not wait for the disk. Prints how much of each part was in memory before, and is afterwards. Nothing is kept open and no process stays behind: the system may let go of the pages as soon as something else needs the memory.",
      "The system tells the truth about its pages only to those who may write the files; for others the numbers are left empty.",
    ],
    operands: [Operands.collection],
    options: [what, max, report],
    sharedOptions: SharedOptions.writing + SharedOptions.reading,
    exclusiveGroups: [ExclusiveGroup(["max", "report"])],
    examples: [
      Example("vdb warmup docs.vdb --what index", "Make the next search by an index quick."),
      Example("vdb warmup docs.vdb --report", "See what is in memory."),
    ],
    exitNotes: ExitNotes.sorted([], ExitNotes.reading), seeAlso: ["search", "info", "rebuild-index"])

  /// Does the work of the command.
  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    let arguments = context.arguments
    let snapshot = try context.openSnapshot()
    var request = WarmupRequest()
    let wanted = Set(arguments.texts(what))
    if !wanted.contains("all") { request.parts = Set(wanted.compactMap { WarmupPart(rawValue: $0) }) }
    request.reportsOnly = arguments.flag(report)
    request.maximumBytes = arguments.size(max) ?? AvailableMemory.bytes ?? UInt64.max
    let deadline = context.deadline
    request.isCancelled = {
      Signals.requested != nil || deadline.map { MonotonicClock.now() >= $0 } ?? false
    }
    let line = ByteProgressLine(context)
    request.progress = { line.update($0, of: $1) }
    let plan = request
    let result: WarmupReport
    do throws(CommandFailure) {
      result = try engine { () throws(DatabaseError) in try Warmer.run(snapshot, plan) }
      line.finish()
    } catch {
      line.finish()
      throw error
    }
    if context.isJSON { try writeJSON(result, context) } else { try write(result, context) }
    tellLimits(result, request, context)
  }

  private static func tellLimits(_ report: WarmupReport, _ request: WarmupRequest, _ context: CommandContext)
  {
    if report.isLimited {
      let why = context.arguments.isGiven(max) ? "--max allows no more" : "no more memory is available"
      context.messages.note(
        "\(NumberText.bytes(report.bytes - report.read)) were left out: \(why)")
    }
    guard let after = report.after else {
      context.messages.note(
        "what is in memory is not known: the system tells it to those only who may write the files")
      return
    }
    if !request.reportsOnly, !report.isLimited, after < report.bytes {
      context.messages.warning(
        "\(NumberText.bytes(report.bytes - after)) did not stay in memory, which is short")
    }
  }

  private static func write(_ report: WarmupReport, _ context: CommandContext) throws(CommandFailure) {
    var table = Table([
      ("part", .left), ("files", .right), ("bytes", .right), ("before", .right), ("after", .right),
    ])
    func text(_ bytes: UInt64?) -> String {
      guard let bytes else { return "" }
      return context.output.isTerminal ? NumberText.bytes(bytes) : "\(bytes)"
    }
    for line in report.lines {
      table.add([
        line.part.rawValue, "\(line.files)", text(line.bytes), text(line.before), text(line.after),
      ])
    }
    if report.lines.count > 1 {
      table.add(["all", "", text(report.bytes), text(report.before), text(report.after)])
    }
    try table.write(nil, to: context)
  }

  private static func writeJSON(_ report: WarmupReport, _ context: CommandContext) throws(CommandFailure) {
    var json = JSONOutput.begin(.warmup)
    json.member("collection", context.collectionPath)
    json.member("version", report.version)
    json.key("parts")
    json.beginArray()
    func bytes(_ name: String, _ value: UInt64?) {
      json.key(name)
      if let value { json.value(value) } else { json.null() }
    }
    for line in report.lines {
      json.beginObject()
      json.member("part", line.part.rawValue)
      json.member("files", line.files)
      json.member("bytes", line.bytes)
      bytes("resident_before", line.before)
      bytes("resident_after", line.after)
      json.member("read", line.read)
      json.endObject()
    }
    json.endArray()
    json.member("bytes", report.bytes)
    bytes("resident_before", report.before)
    bytes("resident_after", report.after)
    json.member("read", report.read)
    json.member("limited", report.isLimited)
    try JSONOutput.end(json, to: context)
  }
}

/// Memory that the system can give without taking it from other programs.
enum AvailableMemory {
  /// Bytes; nil when the system does not say.
  static var bytes: UInt64? {
    guard let text = SmallFile.text("/proc/meminfo"),
      let value = SmallFile.value(of: "MemAvailable", in: text),
      let kibibytes = UInt64(value.prefix { $0 != " " })
    else { return nil }
    return kibibytes.multipliedReportingOverflow(by: 1024).partialValue
  }
}
