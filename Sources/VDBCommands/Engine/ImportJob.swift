import CommandLineParsing
import DataFormats
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

/// One run of `import`: reads all files, writes their records into new segments, commits once.
///
/// A collection that `--create` makes grows in a hidden folder beside its place and gets its name when it is complete, so
/// that neither a fault nor a crash leaves an empty one.
struct ImportJob {
  /// What an import did.
  struct Outcome {
    var receipt = CommitReceipt(lsn: 0, version: 0)
    /// Records read and given to the engine.
    var records: UInt64 = 0
    /// Records left out because of NaN or infinity.
    var skipped: UInt64 = 0
    var bytesRead: UInt64 = 0
    var isCreated = false
    var settings: CollectionSettings?
    /// The segments that hold the records.
    var newSegments: Set<UInt64> = []
  }

  private let context: CommandContext
  private let paths: [String]
  private let base: ReadOptions
  private let stated: RecordFormat?
  private let progress: Progress
  private let memory: MemoryShares
  private var positions = ImportedPositions()
  private var outcome = Outcome()
  private var bytesBefore: UInt64 = 0

  init(_ context: CommandContext) throws(CommandFailure) {
    self.context = context
    paths = Array(context.arguments.operands(from: 1))
    stated = context.arguments.text(ImportCommand.from).flatMap { RecordFormat(rawValue: $0) }
    memory = MemoryShares(context)
    base = try ImportOptions.read(context, memory)
    progress = Progress(context, phase: "read", unit: "bytes", total: nil)
    progress.rows = 0
    if paths.filter({ $0 == "-" }).count > 1 {
      throw CommandFailure(.usage, code: "input-twice", "standard input can be read only once")
    }
  }

  mutating func run() throws(CommandFailure) -> Outcome {
    var sources: [InputSource] = []
    for path in paths { sources.append(try context.openInput(path)) }
    progress.total = ImportJob.total(sources)
    defer { progress.finish() }
    let existing = try openExisting()
    let companions = try openCompanions(besides: sources.count)
    let first = try open(sources[0], existing?.settings, companions)
    var batch = RecordBatch(dimension: 0)
    let hasRecords = try records { () throws(FormatError) in try first.next(&batch, maximumRows: 1) }
    if let existing {
      let writer = try context.openWriter(existing)
      try read(sources, from: first, &batch, hasRecords, into: writer, companions)
      return outcome
    }
    let settings = try newSettings(dimension: first.dimension, hasRecords: hasRecords)
    outcome.settings = settings
    outcome.isCreated = true
    try create(settings, sources, first, &batch, hasRecords, companions)
    return outcome
  }

  // MARK: Collections

  /// The collection to add to; nil when one is to be made.
  private func openExisting() throws(CommandFailure) -> Collection? {
    let isCreating = context.arguments.flag(ImportCommand.create)
    guard isCreating, !(try CollectionCreation.exists(context)) else {
      let collection = try context.openCollection()
      try requireAgreement(collection)
      return collection
    }
    try CollectionCreation.requireParent(context.collectionPath)
    let settings = newSettings(dimension: 1)
    try engine { () throws(DatabaseError) in try settings.check() }
    return nil
  }

  /// Fails when options say that the existing collection is another.
  private func requireAgreement(_ collection: Collection) throws(CommandFailure) {
    let (arguments, settings) = (context.arguments, collection.settings)
    let pairs = [
      ("dims", arguments.integer(ImportCommand.dims).map { "\($0)" }, "\(settings.dimension)"),
      ("metric", arguments.text(CreateCommand.metric), settings.metric.name),
      ("type", arguments.text(CreateCommand.type), settings.elementType.name),
      ("id-type", arguments.text(CreateCommand.idType), settings.idType.name),
    ]
    for (field, asked, found) in pairs {
      if let asked, asked != found {
        throw CommandFailure(
          DatabaseError.differentSettings(
            path: context.collectionPath, field: field, existing: found, asked: asked))
      }
    }
  }

  private func newSettings(dimension: Int?, hasRecords: Bool) throws(CommandFailure) -> CollectionSettings {
    guard let dimension = dimension ?? context.arguments.integer(ImportCommand.dims).map({ Int($0) }) else {
      throw CommandFailure(
        .badInput, code: FormatErrorCode.emptyFile.rawValue,
        "\(paths[0]): expected at least one record to learn the number of dimensions from, found none",
        hint: "say it with --dims")
    }
    return newSettings(dimension: dimension)
  }

  /// What a collection that is made will be.
  private func newSettings(dimension: Int) -> CollectionSettings {
    CollectionSettings(
      dimension: dimension, metric: CreateCommand.chosenMetric(context.arguments),
      elementType: CreateCommand.choice(context.arguments.text(CreateCommand.type)), idType: newIDType)
  }

  /// Files of bare vectors have row numbers for ids unless something else is asked for.
  private var newIDType: IDType {
    if let name = context.arguments.text(CreateCommand.idType) { return CreateCommand.choice(name) }
    let hasIDs =
      context.arguments.isGiven(ImportCommand.ids) || context.arguments.isGiven(ImportCommand.idFrom)
      || context.arguments.isGiven(ImportCommand.idPrefix)
    guard !hasIDs else { return .string }
    let endings = [".npy", ".fvecs", ".bvecs", ".ivecs"]
    let isBare = stated.map { !$0.isText } ?? endings.contains { paths[0].lowercased().hasSuffix($0) }
    return isBare ? .int64 : .string
  }

  private mutating func create(
    _ settings: CollectionSettings, _ sources: [InputSource], _ first: any RecordReader,
    _ batch: inout RecordBatch,
    _ hasRecords: Bool, _ companions: Companions
  ) throws(CommandFailure) {
    let path = context.collectionPath
    _ = try CollectionCreation.rehearse(path, settings, acceptsEqual: false, context)
    let hidden = RealFileSystem.hiddenSibling(of: path, "importing")
    do throws(CommandFailure) {
      try files { () throws(FileError) in try RealFileSystem.createRoot(hidden, mode: nil) }
      let fs = try context.openFileSystem(hidden)
      let collection = try engine { () throws(DatabaseError) in
        if fs.isNetworkFileSystem, !context.arguments.flag(SharedOptions.allowNetworkFS) {
          throw .networkFileSystem(path: path)
        }
        return try Collection.create(
          on: fs, settings, options: CreateCommand.indexSetting(context.arguments), uuid: .random(),
          creator: VersionCommand.creator, origin: context.origin)
      }
      let writer = try context.openWriter(collection)
      try read(sources, from: first, &batch, hasRecords, into: writer, companions)
      if context.isDryRun {
        try? RealFileSystem.removeTree(hidden)
      } else {
        try files { () throws(FileError) in try RealFileSystem.moveRoot(hidden, to: path) }
      }
    } catch {
      try? RealFileSystem.removeTree(hidden)
      throw error
    }
  }

  // MARK: Reading

  /// The files beside files of bare vectors.
  private struct Companions {
    var ids: InputSource?
    var payload: InputSource?
  }

  private func openCompanions(besides count: Int) throws(CommandFailure) -> Companions {
    let (ids, payload) = (
      context.arguments.text(ImportCommand.ids), context.arguments.text(ImportCommand.payload)
    )
    guard count == 1 || (ids == nil && payload == nil) else {
      throw CommandFailure(
        .usage, code: "several-files",
        "--ids and --payload belong to one file of vectors, and \(count) files are named",
        hint: "import the files one after another")
    }
    var companions = Companions()
    if let ids { companions.ids = try context.openInput(ids) }
    if let payload { companions.payload = try context.openInput(payload) }
    return companions
  }

  private func open(
    _ source: InputSource, _ settings: CollectionSettings?, _ companions: Companions
  ) throws(CommandFailure) -> any RecordReader {
    var options = base
    if let settings {
      options.dimension = settings.dimension
      options.idType = settings.idType
    } else {
      options.idType = newIDType
      options.dimension = context.arguments.integer(ImportCommand.dims).map { Int($0) }
    }
    options.dimensionOrigin = settings == nil ? nil : "the collection \(context.collectionPath)"
    let kind = settings ?? newSettings(dimension: 1)
    options.elementType = kind.elementType
    options.zeroVector = kind.metric == .cosine && !context.allowsZeroVectors ? .reject : .allow
    if options.normalizes, kind.elementType.wholeNumbers != nil {
      throw CommandFailure(
        .usage, code: "options",
        "--normalize leaves no whole numbers, and vectors of type \(kind.elementType.name) hold nothing else",
        hint: "distances by cosine do not depend on the length of vectors")
    }
    options.idsSource = companions.ids
    options.payloadSource = companions.payload
    if let limit = options.limit { options.limit = limit - min(limit, outcome.records) }
    let (stated, threads) = (stated, context.threadCount)
    return try records { () throws(FormatError) in
      try openRecords(source, stated: stated, options: options, threads: threads).reader
    }
  }

  private mutating func read(
    _ sources: [InputSource], from first: any RecordReader, _ batch: inout RecordBatch, _ hasRecords: Bool,
    into writer: CollectionWriter, _ companions: Companions
  ) throws(CommandFailure) {
    do throws(CommandFailure) {
      try append(sources, from: first, &batch, hasRecords, into: writer, companions)
    } catch {
      // A log without a seal is sound as well.
      writer.close()
      throw error.adding(detail: "nothing was imported")
    }
    context.close(writer)
  }

  private mutating func append(
    _ sources: [InputSource], from first: any RecordReader, _ batch: inout RecordBatch, _ hasRecords: Bool,
    into writer: CollectionWriter, _ companions: Companions
  ) throws(CommandFailure) {
    let settings = writer.collection.settings
    outcome.settings = settings
    let mode = context.arguments.text(ImportCommand.mode) ?? "insert"
    let replacesAll = mode == "replace-all"
    let bulk = try engine { () throws(DatabaseError) in
      try BulkImport(
        writer, WriteMode(rawValue: mode) ?? .insert, rules: context.vectorRules, replacesAll: replacesAll,
        threads: context.threadCount, memoryBudget: memory.columns, isRehearsal: context.isDryRun)
    }
    let rows = max(1, min(4096, memory.batch / (settings.dimension * 4 + 256)))
    var refused = SchemaRefusals()
    for (index, source) in sources.enumerated() {
      let reader = index == 0 ? first : try open(source, settings, companions)
      positions.begin(source: source.name)
      var isFilled = index == 0 && hasRecords
      while true {
        if !isFilled {
          do throws(CommandFailure) {
            isFilled = try records { () throws(FormatError) in try reader.next(&batch, maximumRows: rows) }
          } catch {
            throw refused.failure ?? error
          }
        }
        guard isFilled else { break }
        isFilled = false
        try context.checkForStop()
        positions.append(batch.positions)
        var isAccepted = false
        if refused.isEmpty { isAccepted = try accepts(batch, source.name, bulk) }
        if !isAccepted {
          // The records that follow are only looked at, so that all that the schema refuses is told at once.
          refused.add(bulk.schemaFailures(batch, source: source.name))
        }
        outcome.records += UInt64(batch.count)
        progress.rows = outcome.records
        progress.update(bytesBefore + reader.bytesRead)
      }
      outcome.skipped += reader.skippedRows
      bytesBefore += reader.bytesRead
      context.report(reader.warnings, of: source.name)
    }
    outcome.bytesRead = bytesBefore
    if let failure = refused.failure { throw failure }
    progress.begin(phase: "commit", total: nil)
    try context.checkForStop()
    do throws(DatabaseError) {
      outcome.receipt = context.isDryRun ? try bulk.dryRun() : try bulk.commit()
    } catch { throw CommandFailure(positions.located(error)) }
    outcome.newSegments = bulk.newSegments
  }

  /// Adds records; false when the schema refuses one of them.
  private func accepts(
    _ batch: RecordBatch, _ source: String, _ bulk: BulkImport
  ) throws(CommandFailure) -> Bool {
    do throws(DatabaseError) {
      try bulk.append(batch, source: source)
      return true
    } catch {
      if case .schemaViolation = error { return false }
      throw CommandFailure(error)
    }
  }

  private static func total(_ sources: [InputSource]) -> UInt64? {
    var total: UInt64 = 0
    for source in sources {
      guard let size = source.size else { return nil }
      total = total.addingReportingOverflow(size).partialValue
    }
    return total
  }
}

/// How `--memory-limit` is divided.
struct MemoryShares {
  /// Of the metadata columns of the segment that is written.
  let columns: Int
  /// Of the vectors and ids of one batch.
  let batch: Int
  /// Of each block of text that a thread parses; nil for the readers' own choice.
  let block: Int?

  init(_ context: CommandContext) {
    guard context.arguments.declares(SharedOptions.memoryLimit),
      let limit = context.arguments.size(SharedOptions.memoryLimit)
    else {
      (columns, batch, block) = (32 << 20, 16 << 20, nil)
      return
    }
    let bytes = Int(clamping: limit)
    columns = min(bytes / 4, 1 << 30)
    batch = min(bytes / 16, 16 << 20)
    // Text, parsed rows and their copies: about four times the block for each thread.
    block = max(64 << 10, min(2 << 20, bytes / 16 / context.threadCount))
  }
}

/// The options of `import` that concern reading.
enum ImportOptions {
  static func read(_ context: CommandContext, _ memory: MemoryShares) throws(CommandFailure) -> ReadOptions {
    let arguments = context.arguments
    var options = context.readOptions(nil)
    switch arguments.text(ImportCommand.idFrom) {
    case "row": options.idSource = .row
    case "uuid": options.idSource = .uuid
    case "hash": options.idSource = .hash
    default: options.idSource = .field
    }
    options.idPrefix = arguments.text(ImportCommand.idPrefix) ?? ""
    options.vectorColumns = arguments.text(ImportCommand.vectorColumns)
    if let name = arguments.text(ImportCommand.vectorEncoding) {
      options.vectorEncoding = ReadOptions.VectorEncoding(rawValue: name) ?? .auto
    }
    if arguments.isGiven(ImportCommand.payloadFields) {
      options.payload = .only(arguments.texts(ImportCommand.payloadFields))
    } else if arguments.isGiven(ImportCommand.payloadExcept) {
      options.payload = .except(arguments.texts(ImportCommand.payloadExcept))
    } else if arguments.flag(ImportCommand.noPayload) {
      options.payload = .nothing
    }
    for (field, type) in arguments.assignments(ImportCommand.cast) {
      options.casts[field] = ReadOptions.Cast(rawValue: type)
    }
    options.notFinite = arguments.text(ImportCommand.nan) == "skip" ? .skip : .reject
    options.truncatedDimension = arguments.integer(ImportCommand.truncateDims).map { Int($0) }
    options.normalizes = arguments.flag(ImportCommand.normalize)
    options.hasHeader = !arguments.flag(ImportCommand.noHeader)
    options.encoding = arguments.text(ImportCommand.encoding).flatMap {
      ReadOptions.TextEncoding(rawValue: $0)
    }
    options.skip = arguments.integer(ImportCommand.skip).map { UInt64($0) } ?? 0
    options.limit = arguments.integer(ImportCommand.limit).map { UInt64($0) }
    if let text = arguments.text(ImportCommand.delimiter) {
      let bytes = text == "\\t" || text == "tab" ? [9] : Array(text.utf8)
      guard bytes.count == 1, bytes[0] < 0x80, bytes[0] != 10, bytes[0] != 13, bytes[0] != 34 else {
        throw CommandFailure(
          .usage, code: "delimiter",
          "--delimiter: expected one ASCII character other than a quote, found '\(text)'",
          hint: "a tab is written as tab")
      }
      options.delimiter = bytes[0]
    }
    if let block = memory.block { options.blockBytes = block }
    return options
  }
}
