import CommandLineParsing
import DataFormats
import FileStorage
import MetadataFilters
import Synchronization
import VectorMath

/// One run of `gen`: the options checked against the formats, then blocks of rows, made and written in order.
struct GenRun {
  private let context: CommandContext
  private let records: SyntheticRecords
  private let idType: IDType
  private let rowCount: UInt64
  private let queryCount: UInt64

  /// Reads the options.
  ///
  /// - Throws: a usage failure for an option that would have no effect, or a field that cannot be understood.
  init(_ context: CommandContext) throws(CommandFailure) {
    self.context = context
    let arguments = context.arguments
    var settings = SyntheticSettings(dimension: Int(arguments.integer(GenCommand.dims) ?? 1))
    settings.distribution =
      arguments.text(GenCommand.dist).flatMap { SyntheticDistribution(rawValue: $0) } ?? .embeddingLike
    settings.seed = UInt64(arguments.integer(GenCommand.seed) ?? 1)
    settings.isNormalized = arguments.flag(GenCommand.normalize)
    settings.hasZeroVectors = arguments.flag(GenCommand.zeroVectors)
    if let count = arguments.integer(GenCommand.clusters) {
      guard settings.distribution == .clustered || settings.distribution == .embeddingLike else {
        throw GenRun.misplaced(GenCommand.clusters, "the distribution \(settings.distribution.rawValue)")
      }
      settings.clusterCount = Int(count)
    }
    guard settings.clusterCount * settings.dimension <= 1 << 28 else {
      throw CommandFailure(
        .usage, code: "options", "--clusters times --dims is more than \(1 << 28)",
        hint: "make fewer clusters")
    }
    if settings.hasZeroVectors, settings.distribution != .adversarial {
      throw GenRun.misplaced(
        GenCommand.zeroVectors, "the distribution \(settings.distribution.rawValue)")
    }
    do throws(SyntheticPayload.Failure) {
      settings.payload = try SyntheticPayload(arguments.texts(GenCommand.payload))
    } catch {
      throw CommandFailure(
        .usage, code: "invalid-field", "--payload: '\(error.text)': \(error.reason)",
        hint: "a field is written NAME:KIND, such as year:int:30 or lang:category:20?0.9")
    }
    records = SyntheticRecords(settings)
    idType = arguments.text(GenCommand.idType).flatMap { IDType(name: $0) } ?? .string
    rowCount = UInt64(arguments.integer(GenCommand.rows) ?? 0)
    queryCount = UInt64(arguments.integer(GenCommand.queries) ?? 0)
  }

  private static func misplaced(_ option: Option, _ place: String) -> CommandFailure {
    CommandFailure(.usage, code: "options", "--\(option.name) has no place in \(place)")
  }

  /// Makes and writes everything.
  func run() throws(CommandFailure) {
    let start = MonotonicClock.now()
    let arguments = context.arguments
    let outputName = arguments.text(SharedOptions.output) ?? "-"
    let stated = arguments.text(GenCommand.to).flatMap { RecordFormat(rawValue: $0) }
    let format = stated ?? GenRun.format(of: outputName)
    let isBare = format == .npy || format == .fvecs
    if isBare { try context.output.requireNoTerminal("." + format.rawValue) }
    if format == .jsonLines { context.output.writesJSON() }
    let hasPayload = !records.settings.payload.isEmpty
    for option in [ExportCommand.idsOut, ExportCommand.payloadOut] where arguments.isGiven(option) {
      if !isBare { throw GenRun.misplaced(option, "the format \(format.rawValue)") }
      if arguments.text(option) == "-" {
        throw CommandFailure(
          .usage, code: "options",
          "--\(option.name) needs the name of a file; standard output holds the vectors")
      }
    }
    if isBare, hasPayload != arguments.isGiven(ExportCommand.payloadOut) {
      throw CommandFailure(
        .usage, code: "options",
        hasPayload
          ? "a .\(format.rawValue) file holds no metadata; --payload-out names a file for it"
          : "--payload-out needs fields to write; --payload names them")
    }
    let replaces = arguments.flag(SharedOptions.force)
    var files: [BufferedOutput] = []
    func open(_ path: String?) throws(CommandFailure) -> BufferedOutput? {
      guard let path else { return nil }
      let file = BufferedOutput(try FileDestination(path, replaces: replaces), isTerminal: false)
      files.append(file)
      return file
    }
    do throws(CommandFailure) {
      let ids = try open(arguments.text(ExportCommand.idsOut))
      let payload = try open(arguments.text(ExportCommand.payloadOut))
      try write(.base, rowCount, format, SyntheticOutputs(main: context.output, ids: ids, payload: payload))
      if let path = arguments.text(GenCommand.queriesOut), let queries = try open(path) {
        try write(.queries, queryCount, GenRun.format(of: path), SyntheticOutputs(main: queries))
      }
      for file in files { try file.finish() }
    } catch {
      for file in files { file.abandon() }
      throw error
    }
    try summarize(format, outputName, start)
  }

  /// The format that a name tells, else JSON Lines.
  private static func format(of name: String) -> RecordFormat {
    let name = name.lowercased()
    return [RecordFormat.csv, .tsv, .npy, .fvecs].first { name.hasSuffix("." + $0.rawValue) } ?? .jsonLines
  }

  /// Makes the rows of a set in blocks, some at a time on several threads, and writes them in order.
  private func write(
    _ set: SyntheticSet, _ count: UInt64, _ format: RecordFormat, _ outputs: SyntheticOutputs
  ) throws(CommandFailure) {
    let dimension = records.settings.dimension
    let renderer = SyntheticRenderer(records: records, set: set, format: format, idType: idType)
    try outputs.main.write(try VDBCommands.records { () throws(FormatError) in try renderer.header(count) })
    let blockRows = UInt64(max(1, (1 << 18) / dimension))
    let threads = context.threadCount
    let progress = Progress(
      context, phase: set == .base ? "records" : "queries", unit: "rows", total: count)
    defer { progress.finish() }
    var done: UInt64 = 0
    while done < count {
      try context.checkForStop()
      let start = done
      let blocks = Int(min(UInt64(threads * 2), (count - start + blockRows - 1) / blockRows))
      let rendered = Mutex([RenderedBlock?](repeating: nil, count: blocks))
      try VDBCommands.records { () throws(FormatError) in
        try ParallelLoop.run(blocks: blocks, threads: threads) { (block) throws(FormatError) in
          let first = start + UInt64(block) * blockRows
          let piece = try renderer.render(first..<min(count, first + blockRows))
          rendered.withLock { $0[block] = piece }
        }
      }
      for piece in rendered.withLock({ $0 }) {
        guard let piece else { continue }
        try outputs.main.write(piece.main)
        try outputs.ids?.write(piece.ids)
        try outputs.payload?.write(piece.payload)
      }
      done = min(count, start + UInt64(blocks) * blockRows)
      progress.update(done)
    }
  }

  /// Says what was made, when it went to a file.
  private func summarize(_ format: RecordFormat, _ path: String, _ start: Int64) throws(CommandFailure) {
    guard path != "-" else { return }
    try context.output.finish()
    var text = "made \(counted(rowCount, "record")) in \(path) (\(elapsedText(since: start)))"
    if queryCount > 0 {
      text += ", \(queryCount) queries in \(context.arguments.text(GenCommand.queriesOut) ?? "")"
    }
    context.messages.note(text)
    context.messages.note("next: vdb import --create COLLECTION \(shellWord(path))")
    guard context.isJSON else { return }
    let output = BufferedOutput(
      DescriptorDestination(1, name: "standard output"), isTerminal: context.terminals.isOutputTerminal)
    output.writesJSON()
    var json = JSONOutput.begin(.gen)
    json.member("path", path)
    json.member("format", format.rawValue)
    json.member("records", rowCount)
    json.member("queries", queryCount)
    json.member("dims", records.settings.dimension)
    json.member("dist", records.settings.distribution.rawValue)
    json.member("seed", records.settings.seed)
    json.endObject()
    try output.write(json.text + "\n")
    try output.finish()
  }
}

/// Where made-up records go.
private struct SyntheticOutputs {
  let main: BufferedOutput
  var ids: BufferedOutput?
  var payload: BufferedOutput?
}

/// The bytes of some rows.
private struct RenderedBlock: Sendable {
  let main: [UInt8]
  let ids: [UInt8]
  let payload: [UInt8]
}

/// Turns rows into the bytes of a format, any block of rows by itself.
private struct SyntheticRenderer: Sendable {
  let records: SyntheticRecords
  let set: SyntheticSet
  let format: RecordFormat
  let idType: IDType

  /// What stands before the first row of `count`.
  func header(_ count: UInt64) throws(FormatError) -> [UInt8] {
    if format == .npy {
      return NPYWriter.header(descr: "<f4", shape: "(\(count), \(records.settings.dimension))")
    }
    let sink = MemorySink()
    try makeWriter(sink, rowCount: count).finish()
    return sink.bytes
  }

  /// The bytes of the rows alone.
  func render(_ rows: Range<UInt64>) throws(FormatError) -> RenderedBlock {
    var batch = RecordBatch(dimension: records.settings.dimension)
    records.fill(&batch, rows: rows, of: set, idType: idType)
    let (main, ids, payload) = (MemorySink(), MemorySink(), MemorySink())
    let count = UInt64(rows.count)
    let writer = try makeWriter(main, rowCount: count, ids: ids, payload: payload)
    try writer.write(batch)
    try writer.finish()
    let before = try header(count).count
    return RenderedBlock(main: Array(main.bytes[before...]), ids: ids.bytes, payload: payload.bytes)
  }

  private func makeWriter(
    _ sink: MemorySink, rowCount: UInt64, ids: MemorySink? = nil, payload: MemorySink? = nil
  ) throws(FormatError) -> any RecordWriter {
    let dimension = records.settings.dimension
    switch format {
    case .jsonLines, .json:
      var options = JSONWriterOptions()
      options.hasPayload = !records.settings.payload.isEmpty
      return JSONLinesWriter(sink, options)
    case .csv, .tsv:
      var options = CSVWriterOptions()
      if format == .tsv {
        options.delimiter = 9
        options.endsWithReturn = false
      }
      return try CSVWriter(
        sink, columns: records.settings.payload.names, dimension: dimension, options: options)
    case .npy:
      return NPYWriter(sink, rowCount: rowCount, dimension: dimension, ids: ids, payload: payload)
    case .fvecs, .bvecs, .ivecs:
      return VecsWriter(sink, format: .fvecs, dimension: dimension, ids: ids, payload: payload)
    }
  }
}
