import CommandLineParsing
import DataFormats
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

/// Writes the answers of `search` in the format that was asked for.
final class SearchOutput {
  private enum Form { case table, tsv, csv, json, ids, npy, ivecs }

  private let context: CommandContext
  private let form: Form
  private let printer: RecordPrinter
  private let isNumbered: Bool
  private let k: Int64?
  private var table: Table
  private let titles: [String]
  private var json = JSONWriter()
  private var isFirst = true
  private var positions: ArrivalPositions?
  /// Ids or positions of every answer, for formats that need them all.
  private var numbers: [[Int64]] = []

  /// Takes `--format`, `--with`, `--fields` and `--positions`.
  ///
  /// - Throws: a usage failure when they do not fit each other.
  init(_ context: CommandContext) throws(CommandFailure) {
    self.context = context
    let arguments = context.arguments
    switch context.format(SearchCommand.format) {
    case "json", "jsonl": form = .json
    case "table": form = .table
    case "tsv": form = .tsv
    case "csv": form = .csv
    case "ids": form = .ids
    case "npy": form = .npy
    case "ivecs": form = .ivecs
    default: form = context.output.isTerminal ? .table : .tsv
    }
    isNumbered = arguments.isGiven(SearchCommand.queries)
    k = arguments.integer(SearchCommand.k)
    printer = try RecordPrinter(
      context, parts: RecordParts(context, SearchCommand.with) ?? [], fields: SearchCommand.fields)
    var columns: [(title: String, alignment: Table.Alignment)] = []
    if isNumbered { columns.append(("query", .right)) }
    columns += [("rank", .left), ("id", .left), ("distance", .left)]
    if printer.parts.contains(.vector) { columns.append(("vector", .left)) }
    if let fields = printer.fields {
      for path in fields.paths { columns.append((path.text, .left)) }
    } else if printer.parts.contains(.payload) {
      columns.append(("payload", .left))
    }
    titles = columns.map(\.title)
    table = Table(columns)
    if form == .json { context.output.writesJSON() }
    if [.ids, .npy, .ivecs].contains(form) {
      for option in [SearchCommand.with, SearchCommand.fields] where arguments.isGiven(option) {
        throw CommandFailure(
          .usage, code: "options", "--\(option.name) has no place in the format \(form)",
          hint: "use --format jsonl")
      }
    }
    if form == .npy || form == .ivecs {
      try context.output.requireNoTerminal(".\(form)")
    } else if arguments.flag(SearchCommand.positions) {
      throw CommandFailure(
        .usage, code: "options", "--positions has no effect on the format \(form)",
        hint: "use --format npy or ivecs")
    }
  }

  /// Writes the answer to one query.
  func write(_ hits: [SearchHit], query: UInt64, _ snapshot: Snapshot) throws(CommandFailure) {
    switch form {
    case .json: try writeJSON(hits, query: query, snapshot)
    case .table:
      for (index, hit) in hits.enumerated() {
        table.add(try cells(hit, rank: index + 1, query: query, snapshot))
      }
    case .tsv:
      for (index, hit) in hits.enumerated() {
        let cells = try cells(hit, rank: index + 1, query: query, snapshot)
        try context.output.write(cells.map(TerminalText.tsvField).joined(separator: "\t") + "\n")
      }
    case .csv:
      if isFirst { try context.output.write(titles.map(Table.csvField).joined(separator: ",") + "\r\n") }
      isFirst = false
      for (index, hit) in hits.enumerated() {
        let cells = try cells(hit, rank: index + 1, query: query, snapshot)
        try context.output.write(cells.map(Table.csvField).joined(separator: ",") + "\r\n")
      }
    case .ids:
      for hit in hits { try context.output.write(TerminalText.tsvField(hit.id.display) + "\n") }
    case .npy: numbers.append(try numbers(hits, snapshot))
    case .ivecs: try writeRow(try numbers(hits, snapshot))
    }
  }

  /// The ids of an answer as numbers, or with `--positions` the places in the order of arrival.
  private func numbers(_ hits: [SearchHit], _ snapshot: Snapshot) throws(CommandFailure) -> [Int64] {
    var numbers: [Int64] = []
    numbers.reserveCapacity(hits.count)
    if context.arguments.flag(SearchCommand.positions) {
      var positions = self.positions ?? ArrivalPositions(snapshot)
      self.positions = nil
      for hit in hits {
        numbers.append(
          Int64(try engine { () throws(DatabaseError) in try positions.position(of: hit.location) }))
      }
      self.positions = positions
      return numbers
    }
    for hit in hits {
      guard let number = hit.id.int64 else {
        throw CommandFailure(
          .usage, code: "ids-not-numbers",
          "the format \(form) holds numbers, and the ids of this collection are none",
          hint: "--positions writes the places of the records in the order of their arrival")
      }
      numbers.append(number)
    }
    return numbers
  }

  /// Writes one row of .ivecs.
  private func writeRow(_ row: [Int64]) throws(CommandFailure) {
    var bytes: [UInt8] = []
    for number in [Int64(row.count)] + row {
      guard let small = Int32(exactly: number) else {
        throw CommandFailure(
          .badInput, code: "not-representable", ".ivecs holds numbers of 32 bits, and \(number) has more",
          hint: "--format npy holds 64 bits")
      }
      bytes.append(contentsOf: (0..<4).map { UInt8(truncatingIfNeeded: small >> (8 * Int32($0))) })
    }
    try context.output.write(bytes)
  }

  /// Writes all answers as an array of 64-bit numbers; a short answer is filled with -1.
  private func writeArray() throws(CommandFailure) {
    let width = numbers.reduce(0) { max($0, $1.count) }
    try context.output.write(NPYWriter.header(descr: "<i8", shape: "(\(numbers.count), \(width))"))
    var bytes: [UInt8] = []
    for row in numbers {
      bytes.removeAll(keepingCapacity: true)
      for index in 0..<width {
        let number = UInt64(bitPattern: index < row.count ? row[index] : -1)
        bytes.append(contentsOf: (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) })
      }
      try context.output.write(bytes)
    }
  }

  /// Writes what can only be written when every answer is known.
  func finish(_ snapshot: Snapshot) throws(CommandFailure) {
    if form == .npy { return try writeArray() }
    guard form == .table, !table.isEmpty || context.output.isTerminal else { return }
    try table.write("table", to: context)
  }

  private func cells(
    _ hit: SearchHit, rank: Int, query: UInt64, _ snapshot: Snapshot
  ) throws(CommandFailure) -> [String] {
    var cells: [String] = isNumbered ? ["\(query)"] : []
    cells += ["\(rank)", hit.id.display, SearchOutput.text(hit.distance)]
    if printer.parts.contains(.vector) {
      let vector = try engine { () throws(DatabaseError) in try snapshot.state.vector(at: hit.location) }
      let text = snapshot.collection.settings.elementType.jsonArray(vector)
      cells.append(String(decoding: text, as: UTF8.self))
    }
    if printer.parts.contains(.payload) {
      let metadata = try engine { () throws(DatabaseError) in try snapshot.state.metadata(at: hit.location) }
      if printer.fields != nil {
        cells += try printer.cells(metadata)
      } else {
        cells.append(String(decoding: metadata, as: UTF8.self))
      }
    }
    return cells
  }

  /// The shortest text that reads back as the same float.
  static func text(_ distance: Float) -> String {
    var bytes: [UInt8] = []
    DecimalFloat.appendShortest(distance, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  private func writeJSON(_ hits: [SearchHit], query: UInt64, _ snapshot: Snapshot) throws(CommandFailure) {
    json.bytes.removeAll(keepingCapacity: true)
    json.beginObject()
    json.key("schema")
    json.value(JSONOutput.Schema.search.tag)
    json.key("version")
    json.value(snapshot.version)
    json.key("lsn")
    json.value(snapshot.lsn)
    json.key("query")
    json.value(query)
    json.key("k")
    if let k { json.value(k) } else { json.null() }
    json.key("hits")
    json.beginArray()
    for hit in hits {
      json.beginObject()
      json.key("id")
      printer.append(hit.id, to: &json)
      json.key("distance")
      json.value(hit.distance)
      if let score = Score.of(distance: hit.distance, snapshot.collection.settings.metric) {
        json.key("score")
        json.value(score)
      }
      try printer.appendParts(of: hit.location, snapshot, to: &json)
      json.endObject()
    }
    json.endArray()
    json.endObject()
    json.newline()
    try context.output.write(json.bytes)
  }
}
