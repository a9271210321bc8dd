import CommandLineParsing
import FileStorage
import VectorDatabase
import VectorIndexes

/// What commands say about an index build.
struct IndexText {
  private let report: IndexReport
  private let start: Int64
  private let isDryRun: Bool
  private let choice: IndexChoice

  init(_ report: IndexReport, start: Int64, isDryRun: Bool, choice: IndexChoice) {
    self.report = report
    self.start = start
    self.isDryRun = isDryRun
    self.choice = choice
  }

  /// "index: flat built in 0.1 s (exact)", or why nothing was built.
  var sentence: String {
    var text = "index: "
    if report.built.isEmpty {
      text += nothing
    } else {
      let kinds = report.kinds.map(\.rawValue).joined(separator: " and ")
      let segments = Set(report.built.map(\.segment)).count
      text +=
        isDryRun ? "would build \(kinds)" : "\(kinds) built in \(elapsedText(since: start)) (\(promise))"
      text += ", \(counted(report.rows, "row")) in \(counted(UInt64(segments), "segment"))"
      if !isDryRun { text += ", \(NumberText.bytes(report.bytes))" }
    }
    if report.removed > report.built.count, report.built.isEmpty {
      text += "; \(counted(UInt64(report.removed), "old index file")) \(isDryRun ? "would be " : "")removed"
    }
    if report.dropped > 0 {
      text += "; \(report.dropped) dropped, their segments were replaced meanwhile"
    }
    return text
  }

  /// Says what was built, and what speaks against a new graph.
  func tell(_ context: CommandContext) {
    context.messages.note(sentence)
    for refusal in report.refused { context.messages.warning(Self.sentence(refusal)) }
  }

  /// All that `tell` says, in one line.
  var summary: String {
    ([sentence] + report.refused.map { Self.sentence($0) }).joined(separator: "; ")
  }

  private static func sentence(_ refusal: IndexReport.Refusal) -> String {
    let result = refusal.result
    let asked = "recall@\(result.k) \(RecallText.share(result.target))"
    let found =
      "\(RecallText.share(result.measured)) (\(RecallText.interval(result))) in \(result.queries) searches"
    var text = "the new graph of \(FileNames.segment(refusal.segment)) "
    if refusal.isOldPromise {
      text += "does not reach \(asked), which the old one promises: it found \(found)"
    } else {
      let promised = result.promised.map { RecallText.share($0) } ?? "nothing"
      text += "breaks its promise: asked for \(asked) it promises \(promised) and found \(found)"
    }
    return text
      + (refusal.isTaken
        ? "; it is taken all the same, as --force was given"
        : "; it is refused and \(refusal.hasOld ? "the old index stays" : "searches stay exact") (--force takes it)")
  }

  /// What a search by these indexes gives.
  private var promise: String {
    let recalls = report.built.compactMap(\.recall)
    guard report.kinds.contains(.graph) else { return "exact" }
    guard let least = recalls.min() else { return "approximate" }
    let proved =
      report.built.compactMap(\.proved).min().map { ", \(RecallText.share($0)) found in its proof" } ?? ""
    return "recall@10 \(NumberText.fixed(Double(least), 2)) promised\(proved)"
  }

  private var nothing: String {
    if choice == .none { return "none, as asked for" }
    if report.isRefused { return "nothing taken" }
    if report.kept > 0 { return "nothing to build, every segment has a usable one" }
    if report.unsupportedRows > 0, case .kind(let kind) = choice {
      return
        "no \(kind.rawValue) index can serve these vectors under this metric: searches scan all of them, which is exact"
    }
    if report.smallRows > 0 {
      return "none built: \(counted(report.smallRows, "row")) are searched as fast without"
    }
    if report.logRows > 0 { return "none built: \(counted(UInt64(report.logRows), "row")) are in the log" }
    return "nothing to build: there are no rows"
  }

  /// Adds the files that were built.
  static func append(_ report: IndexReport, to json: inout CommandLineParsing.JSONText) {
    json.key("indexes")
    json.beginArray()
    for built in report.built {
      json.beginObject()
      json.member("kind", built.kind.rawValue)
      json.member("segment", built.segment)
      json.member("rows", built.rows)
      json.member("bytes", built.bytes)
      if let recall = built.recall { json.member("recall", NumberText.fixed(Double(recall), 4)) }
      if let proved = built.proved { json.member("proved", NumberText.fixed(proved, 4)) }
      json.endObject()
    }
    json.endArray()
  }
}

extension CommandContext {
  /// How indexes are built, as the command's options say.
  var indexOptions: IndexBuildOptions {
    var options = IndexBuildOptions()
    options.threads = threadCount
    if arguments.declares(SharedOptions.memoryLimit),
      let limit = arguments.size(SharedOptions.memoryLimit)
    {
      options.memoryLimit = Int(clamping: limit)
    } else {
      // A graph that is built in one pass is built twice as fast: half of the machine's memory may be used for it.
      options.memoryLimit = max(options.memoryLimit, physicalMemory / 2)
    }
    let deadline = deadline
    options.isCancelled = {
      Signals.requested != nil || deadline.map { MonotonicClock.now() >= $0 } ?? false
    }
    return options
  }

  /// Builds indexes and commits them.
  func buildIndexes(_ collection: Collection, _ request: IndexRequest) throws(CommandFailure) -> IndexReport {
    let (patience, turn, origin) = (lockPatience, maintenancePatience(collection), origin)
    let line = IndexProgressLine(self)
    defer { line.finish() }
    var request = request
    request.progress = { line.update($0) }
    let wanted = request
    return try engine { () throws(DatabaseError) in
      try IndexBuilder.run(collection, wanted, patience: turn) { () throws(DatabaseError) in
        try CollectionWriter(
          collection, origin: origin, creator: VersionCommand.creator, patience: patience)
      }
    }
  }
}

/// Recalls as people read them.
enum RecallText {
  /// "0.957": three decimals.
  static func share(_ value: Double) -> String { NumberText.fixed(value, 3) }

  /// "0.941–0.972".
  static func interval(_ result: RecallResult) -> String {
    "\(share(result.interval.lowerBound))–\(share(result.interval.upperBound))"
  }
}

/// Builds the index of what an import has added, once its records are committed.
enum IndexAfterImport {
  /// Builds it and says so; what goes wrong here takes nothing back.
  ///
  /// - Returns: Nil when nothing was to be built or it could not be.
  /// - Throws: Only for a signal, which says that the records are there.
  static func build(
    _ outcome: ImportJob.Outcome, _ context: CommandContext
  ) throws(CommandFailure) -> IndexReport? {
    guard !context.isDryRun, !outcome.newSegments.isEmpty else { return nil }
    let start = MonotonicClock.now()
    let again = "vdb rebuild-index \(context.collectionWord) --only-missing"
    do throws(CommandFailure) {
      let collection = try context.openCollection()
      let choice = try choice(collection, context)
      var request = IndexRequest()
      request.choice = choice
      request.segments = outcome.newSegments
      request.options = context.indexOptions
      guard choice != .none else {
        context.messages.note("index: none, as asked for; \(again) builds one")
        return nil
      }
      let report = try context.buildIndexes(collection, request)
      // Nothing is said where nothing was to be expected.
      guard !report.built.isEmpty || report.dropped > 0 else { return report }
      context.messages.note(
        IndexText(report, start: start, isDryRun: false, choice: choice).sentence)
      return report
    } catch {
      if case .signal(let signal) = error.ending {
        throw .interrupted(
          by: signal, "interrupted while the index was built; all records are committed", hint: again)
      }
      if let signal = Signals.requested {
        throw .interrupted(
          by: signal, "interrupted while the index was built; all records are committed", hint: again)
      }
      context.messages.warning(
        "all records are committed, but their index was not built: \(error.message); \(again) builds it")
      return nil
    }
  }

  /// The choice of `--index`, or the collection's own.
  private static func choice(
    _ collection: Collection, _ context: CommandContext
  ) throws(CommandFailure) -> IndexChoice {
    if let name = context.arguments.text(ImportCommand.index), let choice = IndexChoice(name: name) {
      return choice
    }
    let info = try engine { () throws(DatabaseError) in try CollectionInfo.read(collection) }
    return IndexPolicy.choice(info.manifest.settings)
  }
}
