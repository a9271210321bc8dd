package import CommandLineParsing
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

/// The command `vdb facet`.
package enum FacetCommand: ToolCommand {
  package static let limit = Option(
    "limit", .integer(0...Int64.max), "N", summary: "Print the N most frequent values of each field")
  package static let minCount = Option(
    "min-count", .integer(0...Int64.max), "N", default: "1",
    summary: "Leave out values and intervals of fewer records")
  package static let bins = Option(
    "bins", .integer(1...100_000), "N", summary: "Divide the numbers of a field into N equal intervals")
  package static let interval = Option(
    "interval", .duration, "DURATION",
    summary: "Count the times of a field in intervals such as 1h, 1d or 7d",
    details:
      "The field holds RFC 3339 texts or dates, or is `$created` or `$updated`. Intervals are counted from 1970-01-01T00:00:00Z, those of whole weeks from Monday. Months and years have no fixed length."
  )
  package static let format = SharedOptions.format(["table", "json", "csv", "tsv"])

  package static let command = Command(
    "facet", group: "Rows out", summary: "count the records that have each value of a field",
    description: [
      "Prints every value of the fields with the number of records that have it, the most frequent first. A record with an array counts once for each of its values. Records without a value, and nulls and objects, are not counted; `--json` says how many records there are in all.",
      "Prints a table on a terminal, otherwise lines of TSV: with several fields, the field stands first.",
    ],
    operands: [Operands.collection, Operand("FIELD", .oneOrMore, summary: "a field, as a dotted path")],
    options: SharedOptions.filtering + [limit, minCount, bins, interval, format],
    sharedOptions: SharedOptions.writing + SharedOptions.reading + [SharedOptions.threads],
    exclusiveGroups: [
      ExclusiveGroup(["format", "json"]), ExclusiveGroup(["bins", "interval"]),
      ExclusiveGroup(["bins", "limit"]),
      ExclusiveGroup(["interval", "limit"]), SharedOptions.filterGroup,
    ],
    dependencies: SharedOptions.filterDependencies,
    examples: [
      Example("vdb facet docs.vdb lang --filter \"year >= 2020\"", "Count the records of every language."),
      Example("vdb facet docs.vdb price --bins 20", "See how a number is distributed."),
      Example("vdb facet docs.vdb published --interval 7d", "Count records by week."),
    ],
    exitNotes: ExitNotes.sorted([ExitNote(7, "the output file exists already")], ExitNotes.reading),
    seeAlso: ["count", "sample", "scan"])

  package static func run(_ context: inout CommandContext) throws(CommandFailure) {
    let arguments = context.arguments
    let filter = try FilterArguments(context)
    let isInterval = arguments.isGiven(interval)
    if isInterval, arguments.duration(interval) == 0 {
      throw CommandFailure(.usage, code: "invalid-value", "--interval: an interval must be longer than 0")
    }
    var paths: [(text: String, path: FilterPath)] = []
    for text in arguments.operands(from: 1) {
      let allowsOwn = isInterval && (text == "$created" || text == "$updated")
      paths.append((text, try FieldArgument.path(text, "FIELD", allowsOwn: allowsOwn)))
    }
    let snapshot = try context.openSnapshot()
    let outcome = try context.filtered(snapshot, filter)
    let rows = outcome?.rows ?? snapshot.allRows
    var facets: [Facet] = []
    for (text, path) in paths {
      try context.checkForStop()
      facets.append(
        try engine { () throws(DatabaseError) in try count(path, text, rows, snapshot, arguments) })
    }
    try write(facets, rows: outcome?.count ?? snapshot.liveCount, snapshot, context)
  }

  /// The counts of one field.
  private struct Facet {
    enum Key {
      case value(Value)
      case bin(Double, Double)
      case start(FilterInstant)
    }

    let field: String
    let entries: [(key: Key, count: Int)]
  }

  private static func count(
    _ path: FilterPath, _ text: String, _ rows: FilteredRows, _ snapshot: Snapshot,
    _ arguments: ParsedArguments
  ) throws(DatabaseError) -> Facet {
    let least = Int(clamping: arguments.integer(minCount) ?? 1)
    var entries: [(key: Facet.Key, count: Int)]
    if let wanted = arguments.integer(bins) {
      var numbers = FieldNumbers()
      try snapshot.gather(path, of: rows, takesElements: true, into: &numbers)
      entries = numbers.bins(Int(wanted)).map { (.bin($0.low, $0.high), $0.count) }
    } else if let length = arguments.duration(interval) {
      var intervals = FieldIntervals(nanoseconds: length)
      if path.root == .metadata {
        try snapshot.gather(path, of: rows, takesElements: true, into: &intervals)
      } else {
        try snapshot.gatherTimes(isCreation: path.root == .created, of: rows, into: &intervals)
      }
      entries = intervals.finish().map { (.start($0.start), $0.count) }
    } else {
      var counts = FieldCounts()
      try snapshot.gather(path, of: rows, takesElements: true, into: &counts)
      let most = arguments.integer(limit).map { Int(clamping: $0) } ?? .max
      entries = counts.finish(least: least, limit: most).map { (.value($0.value), $0.count) }
    }
    entries = entries.filter { $0.count >= least }
    if let most = arguments.integer(limit) { entries = Array(entries.prefix(Int(clamping: most))) }
    return Facet(field: text, entries: entries)
  }

  private static func write(
    _ facets: [Facet], rows: Int, _ snapshot: Snapshot, _ context: CommandContext
  ) throws(CommandFailure) {
    let format = context.format(format)
    if format == "json" { return try writeJSON(facets, rows: rows, snapshot, context) }
    let isBins = context.arguments.isGiven(bins)
    var columns: [(title: String, alignment: Table.Alignment)] = facets.count > 1 ? [("field", .left)] : []
    columns += isBins ? [("from", .right), ("to", .right)] : [("value", .left)]
    var table = Table(columns + [("count", .right)])
    for facet in facets {
      for entry in facet.entries {
        let cells: [String] =
          switch entry.key {
          case .value(let value): [text(value)]
          case .bin(let low, let high): [text(.double(low)), text(.double(high))]
          case .start(let instant): [instant.text]
          }
        table.add((facets.count > 1 ? [facet.field] : []) + cells + ["\(entry.count)"])
      }
    }
    try table.write(format, to: context)
  }

  /// A value as a cell: a text as it is, anything else as JSON.
  private static func text(_ value: Value) -> String {
    if case .string(let bytes) = value { return String(decoding: bytes, as: UTF8.self) }
    var json = JSONWriter()
    json.value(value.json)
    return String(decoding: json.bytes, as: UTF8.self)
  }

  private static func writeJSON(
    _ facets: [Facet], rows: Int, _ snapshot: Snapshot, _ context: CommandContext
  ) throws(CommandFailure) {
    context.output.writesJSON()
    var json = JSONOutput.begin(.facet)
    json.member("version", snapshot.version)
    json.member("lsn", snapshot.lsn)
    json.member("rows", rows)
    json.key("facets")
    json.beginArray()
    for facet in facets {
      json.beginObject()
      json.member("field", facet.field)
      json.key("values")
      json.beginArray()
      for entry in facet.entries {
        json.beginObject()
        switch entry.key {
        case .value(let value):
          var raw = JSONWriter()
          raw.value(value.json)
          json.key("value")
          json.raw(String(decoding: raw.bytes, as: UTF8.self))
        case .bin(let low, let high):
          json.member("from", low)
          json.member("to", high)
        case .start(let instant): json.member("from", instant.text)
        }
        json.member("count", entry.count)
        json.endObject()
      }
      json.endArray()
      json.endObject()
    }
    json.endArray()
    try JSONOutput.end(json, to: context)
  }
}
