import CommandLineParsing
import DataFormats
import FileStorage
import MetadataFilters
import VectorDatabase

/// The body of `insert` and `upsert`: one record of the command line, or a stream of JSON Lines in durable batches.
struct RecordStream {
  private let context: CommandContext
  private let mode: WriteMode
  /// Bytes of vectors, ids and metadata after which a batch ends.
  private static let batchBytes = 16 << 20
  /// Records that are asked of the reader at a time, so that a batch cannot grow far beyond its bytes.
  private static let step = 64

  private var receipt = CommitReceipt(lsn: 0, version: 0)
  private var batches: UInt64 = 0
  private var seen: Set<RecordID> = []
  private let start = MonotonicClock.now()

  init(_ context: CommandContext, _ mode: WriteMode) {
    self.context = context
    self.mode = mode
  }

  /// Does the work of the command.
  mutating func run() throws(CommandFailure) {
    let single = try context.arguments.text(InsertCommand.id).map { (text) throws(CommandFailure) in
      (id: text, payload: try payloadArgument())
    }
    let path = context.arguments.operand(1)
    let source = try path.map { (path) throws(CommandFailure) in try context.openInput(path) }
    let collection = try context.openCollection()
    let settings = collection.settings
    var record: RecordBatch?
    var vectorSource = ""
    if let single {
      let vector = try VectorArgument(
        context.arguments.text(InsertCommand.vector) ?? "", InsertCommand.vector, settings, context)
      try vector.requireDimension(settings.dimension)
      vectorSource = vector.source
      var batch = RecordBatch(dimension: settings.dimension, idType: settings.idType)
      batch.append(
        id: try IDArguments.parse(single.id, type: settings.idType), vector: vector.numbers,
        metadata: single.payload)
      record = batch
    }
    let writer = try context.openWriter(collection)
    receipt = CommitReceipt(lsn: writer.lsn, version: writer.version)
    do throws(CommandFailure) {
      if let record {
        try write(record, writer, source: vectorSource)
      } else if let source {
        try stream(source, writer)
      }
    } catch {
      // A log without a seal is sound as well.
      writer.close()
      throw error
    }
    context.close(writer)
    try summarize()
  }

  // MARK: One record

  private func payloadArgument() throws(CommandFailure) -> [UInt8] {
    guard let text = context.arguments.text(InsertCommand.payload) else { return [] }
    return try JSONArgument.object(text, InsertCommand.payload)
  }

  // MARK: Streams

  private mutating func stream(_ source: InputSource, _ writer: CollectionWriter) throws(CommandFailure) {
    let settings = writer.collection.settings
    var options = context.readOptions(settings)
    let isAtomic = context.arguments.flag(InsertCommand.atomic)
    let most = isAtomic ? Int.max : Int(context.arguments.integer(InsertCommand.batchRows) ?? 1000)
    let threads = most < 64 ? 1 : context.threadCount
    options.blockBytes = threads == 1 ? 1 << 18 : 1 << 20
    let readOptions = options
    let reader = try records { () throws(FormatError) in
      try JSONLinesReader(source, readOptions, threads: threads)
    }
    let progress = Progress(context, phase: "write", unit: "bytes", total: source.size)
    progress.rows = 0
    defer { progress.finish() }
    var batch = RecordBatch(dimension: settings.dimension, idType: settings.idType)
    var piece = RecordBatch(dimension: settings.dimension, idType: settings.idType)
    var rows: UInt64 = 0
    do throws(CommandFailure) {
      while true {
        try context.checkForStop()
        let isFilled: Bool
        if most == 1 {
          isFilled = try records { () throws(FormatError) in try reader.next(&batch, maximumRows: 1) }
        } else {
          isFilled = try fill(&batch, &piece, reader, most, isAtomic: isAtomic)
        }
        guard isFilled else { break }
        try write(batch, writer, source: source.name)
        rows += UInt64(batch.count)
        progress.rows = rows
        progress.update(reader.bytesRead)
      }
    } catch {
      throw error.adding(detail: durableText(rows, source.name), hint: rows > 0 ? resumeHint : nil)
    }
    context.report(reader.warnings, of: source.name)
  }

  /// Fills a batch; what comes before a bad record in the same batch is not applied either.
  private func fill(
    _ batch: inout RecordBatch, _ piece: inout RecordBatch, _ reader: any RecordReader, _ most: Int,
    isAtomic: Bool
  ) throws(CommandFailure) -> Bool {
    batch.removeAll()
    let limit = isAtomic ? Limits.largestTransaction : RecordStream.batchBytes
    while batch.count < most {
      let bytes = batch.vectors.count * 4 + batch.metadataBytes.count + batch.idBytes.count
      if bytes >= limit {
        guard isAtomic else { break }
        throw CommandFailure(
          DatabaseError.transactionTooLarge(bytes: UInt64(bytes), limit: UInt64(limit)))
      }
      let wanted = min(RecordStream.step, most - batch.count)
      guard try records({ () throws(FormatError) in try reader.next(&piece, maximumRows: wanted) }) else {
        break
      }
      batch.append(rows: 0..<piece.count, of: piece)
      if isAtomic { try context.checkForStop() }
    }
    return !batch.isEmpty
  }

  private mutating func write(
    _ batch: RecordBatch, _ writer: CollectionWriter, source: String
  ) throws(CommandFailure) {
    let (mode, rules, isDryRun) = (mode, context.vectorRules, context.isDryRun)
    if isDryRun { try rehearse(batch, source: source) }
    let done = try engine { () throws(DatabaseError) in
      try writer.write(batch, mode, source: source, rules: rules, dryRun: isDryRun)
    }
    batches += 1
    receipt.lsn = done.lsn
    receipt.version = done.version
    receipt.inserted += done.inserted
    receipt.replaced += done.replaced
    guard context.arguments.flag(InsertCommand.ack), !isDryRun else { return }
    var json = JSONOutput.begin(.ack)
    json.member("rows", batch.count)
    json.member("lsn", done.lsn)
    json.member("version", done.version)
    try JSONOutput.end(json, to: context)
    try context.output.flush()
  }

  /// A rehearsal applies nothing, so ids of earlier batches are remembered here.
  private mutating func rehearse(_ batch: RecordBatch, source: String) throws(CommandFailure) {
    for row in 0..<batch.count {
      let id = batch.id(row)
      guard !seen.insert(id).inserted, mode == .insert else { continue }
      let position = batch.positions[row]
      throw CommandFailure(
        DatabaseError.duplicateID(
          id: id.display, origin: RowOrigin(source: source, line: position.line, record: position.record),
          earlier: nil))
    }
  }

  // MARK: Reports

  private func durableText(_ rows: UInt64, _ source: String) -> String {
    if context.isDryRun { return "nothing was changed" }
    guard rows > 0 else { return "nothing was written" }
    return "the first \(counted(rows, "record")) of \(source) \(rows == 1 ? "is" : "are") durable "
      + "(lsn \(receipt.lsn), version \(receipt.version)); nothing after them was written"
  }

  private var resumeHint: String? {
    mode == .insert
      ? "repair the source and run vdb upsert, which may repeat records, or insert the rest" : nil
  }

  private func summarize() throws(CommandFailure) {
    let verb = context.isDryRun ? "would \(mode.rawValue)" : mode == .insert ? "inserted" : "upserted"
    let rows = receipt.inserted + receipt.replaced
    var text = "\(verb) \(counted(rows, "row"))"
    if receipt.replaced > 0 {
      text += ", \(NumberText.grouped(receipt.replaced)) of them in place of older ones"
    }
    if !context.isDryRun { text += " (lsn \(receipt.lsn))" }
    context.messages.note(text)
    if !context.isDryRun, rows > 0, let id = context.arguments.text(InsertCommand.id) {
      context.suggest("get", context.collectionWord, shellWord(id))
    } else if !context.isDryRun {
      context.suggest("count", context.collectionWord)
    }
    guard context.isJSON else { return }
    var json = JSONOutput.begin(mode == .insert ? .insert : .upsert)
    json.member("collection", context.collectionPath)
    json.member("inserted", receipt.inserted)
    json.member("replaced", receipt.replaced)
    json.member("batches", batches)
    json.member("elapsed_ms", UInt64(max(0, MonotonicClock.now() - start)) / 1_000_000)
    json.member("dry_run", context.isDryRun)
    json.member("version", receipt.version)
    json.member("lsn", receipt.lsn)
    try JSONOutput.end(json, to: context)
  }
}
