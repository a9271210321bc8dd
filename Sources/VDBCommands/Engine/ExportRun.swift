import CommandLineParsing
import DataFormats
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

/// One run of `export`: the options checked against the format, then rows in batches to a writer.
struct ExportRun {
  private let context: CommandContext
  private let format: RecordFormat
  private let fields: FieldSelection?
  private let withVectors: Bool
  private var rowsWritten: UInt64 = 0
  /// The rows that the filter leaves; nil without one.
  private var selected: FilteredRows?

  /// Finds the format and checks that every option has a place in it.
  ///
  /// - Throws: a usage failure for an option that would have no effect.
  init(_ context: CommandContext) throws(CommandFailure) {
    self.context = context
    let arguments = context.arguments
    format = ExportRun.format(context)
    let texts = arguments.texts(GetCommand.fields)
    fields = texts.isEmpty ? nil : try FieldSelection(texts, option: GetCommand.fields.name)
    withVectors = !arguments.flag(ExportCommand.noVectors)
    let isTable = format == .csv || format == .tsv
    let isJSON = format == .jsonLines || format == .json
    let isBare = !isTable && !isJSON
    var misplaced: [Option] = []
    if isBare {
      misplaced = [ExportCommand.noVectors, ExportCommand.vectorEncoding]
      if !arguments.isGiven(ExportCommand.payloadOut) { misplaced.append(GetCommand.fields) }
    } else {
      misplaced = [ExportCommand.idsOut, ExportCommand.payloadOut]
    }
    if !isTable { misplaced += [ExportCommand.vectorColumns, ExportCommand.spreadsheetSafe] }
    if !isJSON { misplaced.append(SharedOptions.idsAsStrings) }
    for option in misplaced where arguments.isGiven(option) {
      throw CommandFailure(
        .usage, code: "options", "--\(option.name) has no place in the format \(format.rawValue)",
        hint: "--to chooses another format")
    }
    for option in [ExportCommand.idsOut, ExportCommand.payloadOut] where arguments.text(option) == "-" {
      throw CommandFailure(
        .usage, code: "options",
        "--\(option.name) needs the name of a file; standard output holds the vectors")
    }
  }

  /// `--to`, or what the name of the output says, or JSON Lines.
  private static func format(_ context: CommandContext) -> RecordFormat {
    if let name = context.arguments.text(ExportCommand.to), let format = RecordFormat(rawValue: name) {
      return format
    }
    let output = (context.arguments.text(SharedOptions.output) ?? "").lowercased()
    for format in [RecordFormat.json, .csv, .tsv, .npy, .fvecs, .bvecs]
    where output.hasSuffix("." + format.rawValue) {
      return format
    }
    return .jsonLines
  }

  /// Writes the records.
  mutating func run() throws(CommandFailure) {
    let arguments = context.arguments
    if format == .npy || format.isVectorFile { try context.output.requireNoTerminal("." + format.rawValue) }
    if format == .jsonLines || format == .json { context.output.writesJSON() }
    let filter = try FilterArguments(context)
    let snapshot = try context.openSnapshot()
    let outcome = try context.filtered(snapshot, filter)
    selected = outcome?.rows
    let limit = arguments.integer(ExportCommand.limit).map { Int(clamping: $0) } ?? Int.max
    let rows = min(limit, outcome?.count ?? snapshot.liveCount)
    let sink = OutputSink(context.output, name: arguments.text(SharedOptions.output) ?? "-")
    let replaces = arguments.flag(SharedOptions.force)
    let ids = try arguments.text(ExportCommand.idsOut).map { (path) throws(CommandFailure) in
      try CompanionFile(path, replaces: replaces)
    }
    let payload = try arguments.text(ExportCommand.payloadOut).map { (path) throws(CommandFailure) in
      try CompanionFile(path, replaces: replaces)
    }
    do throws(CommandFailure) {
      let writer = try makeWriter(snapshot, sink, rows: rows, ids: ids?.sink, payload: payload?.sink)
      rowsWritten = try write(snapshot, to: writer, sink, rows: rows)
      try sink.run { () throws(FormatError) in try writer.finish() }
      if let table = writer as? CSVWriter { warn(table) }
      try ids?.output.finish()
      try payload?.output.finish()
    } catch {
      ids?.output.abandon()
      payload?.output.abandon()
      throw ids?.sink.failure ?? payload?.sink.failure ?? error
    }
    try summarize(snapshot)
  }

  /// A file beside a file of bare vectors.
  private struct CompanionFile {
    let output: BufferedOutput
    let sink: OutputSink

    init(_ path: String, replaces: Bool) throws(CommandFailure) {
      output = BufferedOutput(try FileDestination(path, replaces: replaces), isTerminal: false)
      sink = OutputSink(output, name: path)
    }
  }

  private func makeWriter(
    _ snapshot: Snapshot, _ sink: OutputSink, rows: Int, ids: OutputSink?, payload: OutputSink?
  ) throws(CommandFailure) -> any RecordWriter {
    let arguments = context.arguments
    let settings = snapshot.collection.settings
    let isBase64 = arguments.text(ExportCommand.vectorEncoding) == "base64"
    switch format {
    case .jsonLines, .json:
      var options = JSONWriterOptions()
      options.vectors = !withVectors ? .none : isBase64 ? .base64 : .numbers
      options.elementType = settings.elementType
      options.idsAsStrings = arguments.flag(SharedOptions.idsAsStrings)
      return format == .json ? JSONArrayWriter(sink, options) : JSONLinesWriter(sink, options)
    case .csv, .tsv:
      var options = CSVWriterOptions()
      options.vectors = !withVectors ? .none : isBase64 ? .base64 : .json
      options.elementType = settings.elementType
      if let prefix = arguments.text(ExportCommand.vectorColumns) {
        guard let names = VectorColumnNames(prefix) else {
          throw CommandFailure(
            .usage, code: "options", "--vector-columns: '\(prefix)' names no columns",
            hint: "give the part before the number, such as e for e0, e1, ...")
        }
        options.vectors = .columns(names)
      }
      if format == .tsv {
        options.delimiter = 9
        options.endsWithReturn = false
      }
      options.isSpreadsheetSafe = arguments.flag(ExportCommand.spreadsheetSafe)
      let columns = if let fields { fields.topNames } else { try topNames(snapshot, rows: rows) }
      let chosen = options
      return try records { () throws(FormatError) in
        try CSVWriter(sink, columns: columns, dimension: settings.dimension, options: chosen)
      }
    case .npy:
      return NPYWriter(
        sink, rowCount: UInt64(rows), dimension: settings.dimension, elementType: settings.elementType,
        ids: ids,
        payload: payload)
    case .fvecs, .bvecs, .ivecs:
      return VecsWriter(sink, format: format, dimension: settings.dimension, ids: ids, payload: payload)
    }
  }

  /// The outermost metadata fields of all rows, sorted: one pass over the metadata.
  private func topNames(_ snapshot: Snapshot, rows: Int) throws(CommandFailure) -> [String] {
    var names: Set<[UInt8]> = []
    var name: [UInt8] = []
    guard rows > 0 else { return [] }
    try context.forEachRow(of: snapshot, in: selected) { (location) throws(CommandFailure) in
      let metadata = try engine { () throws(DatabaseError) in try snapshot.state.metadata(at: location) }
      do throws(JSONError) {
        try unsafe metadata.withUnsafeBufferPointer { (buffer) throws(JSONError) in
          var scanner = unsafe JSONScanner(UnsafeRawBufferPointer(buffer))
          try scanner.beginObject()
          var isFirst = true
          while let key = try scanner.nextKey(&isFirst) {
            name.removeAll(keepingCapacity: true)
            scanner.appendUnescaped(key, to: &name)
            if !names.contains(name) { names.insert(name) }
            try scanner.skipValue()
          }
        }
      } catch { throw RecordPrinter.damaged(error) }
      return true
    }
    return names.sorted { $0.lexicographicallyPrecedes($1) }.map { String(decoding: $0, as: UTF8.self) }
  }

  /// Reads rows in batches and hands them to the writer.
  private func write(
    _ snapshot: Snapshot, to writer: any RecordWriter, _ sink: OutputSink, rows: Int
  ) throws(CommandFailure) -> UInt64 {
    guard rows > 0 else { return 0 }
    let settings = snapshot.collection.settings
    let batchRows = max(1, min(1024, (4 << 20) / snapshot.collection.identity.vectorBytes))
    let progress = Progress(context, phase: "write", unit: "rows", total: UInt64(rows))
    defer { progress.finish() }
    var batch = RecordBatch(dimension: withVectors ? settings.dimension : 0, idType: settings.idType)
    var locations: [RowLocation] = []
    locations.reserveCapacity(batchRows)
    var done = 0
    func flush() throws(CommandFailure) {
      batch.removeAll()
      let (places, withVectors) = (locations, withVectors)
      try engine { () throws(DatabaseError) in
        try snapshot.read(places, into: &batch, withVectors: withVectors, withMetadata: true)
      }
      locations.removeAll(keepingCapacity: true)
      if fields != nil { try selectFields(&batch) }
      try sink.run { () throws(FormatError) in try writer.write(batch) }
      progress.update(UInt64(done))
    }
    func take(_ location: RowLocation) throws(CommandFailure) -> Bool {
      locations.append(location)
      done += 1
      if locations.count == batchRows || done == rows { try flush() }
      return done < rows
    }
    if context.arguments.text(ExportCommand.order) == "id" {
      let sorted = try RowsByID(context, snapshot, in: selected)
      for location in sorted.locations {
        if done & 255 == 0 { try context.checkForStop() }
        guard try take(location) else { break }
      }
    } else {
      try context.forEachRow(
        of: snapshot, in: selected,
        inStorageOrder: context.arguments.text(ExportCommand.order) == "storage", take)
    }
    return UInt64(done)
  }

  /// Leaves only the wanted fields of each row's metadata.
  private func selectFields(_ batch: inout RecordBatch) throws(CommandFailure) {
    guard let fields else { return }
    var bytes: [UInt8] = []
    var offsets = [0]
    offsets.reserveCapacity(batch.count + 1)
    for row in 0..<batch.count {
      let metadata = Array(batch.metadataBytes[batch.metadataRange(row)])
      if !metadata.isEmpty {
        do throws(JSONError) { try fields.append(metadata, to: &bytes) } catch {
          throw RecordPrinter.damaged(error)
        }
      }
      offsets.append(bytes.count)
    }
    batch.metadataBytes = bytes
    batch.metadataOffsets = offsets
  }

  private func warn(_ table: CSVWriter) {
    if table.formulaCells > 0, !context.arguments.flag(ExportCommand.spreadsheetSafe) {
      context.messages.warning(
        "\(NumberText.grouped(table.formulaCells)) cells begin like formulas of a spreadsheet; --spreadsheet-safe neutralises them"
      )
    }
    if table.nullCells > 0 {
      context.messages.warning(
        "\(NumberText.grouped(table.nullCells)) nulls were written as empty cells; JSON Lines keeps them")
    }
  }

  /// Says what was written, when it went to a file.
  private func summarize(_ snapshot: Snapshot) throws(CommandFailure) {
    guard let path = context.arguments.text(SharedOptions.output), path != "-" else { return }
    try context.output.finish()
    context.messages.note(
      "exported \(NumberText.grouped(rowsWritten)) \(rowsWritten == 1 ? "record" : "records") of version \(snapshot.version), LSN \(snapshot.lsn) to \(path)"
    )
    guard context.isJSON else { return }
    let output = BufferedOutput(
      DescriptorDestination(1, name: "standard output"), isTerminal: context.terminals.isOutputTerminal)
    output.writesJSON()
    var json = JSONOutput.begin(.export)
    json.member("version", snapshot.version)
    json.member("lsn", snapshot.lsn)
    json.member("format", format.rawValue)
    json.member("records", rowsWritten)
    json.member("path", path)
    json.endObject()
    try output.write(json.text + "\n")
    try output.finish()
  }
}
