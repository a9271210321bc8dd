import CommandLineParsing
import DataFormats
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

/// One run of `search`: takes the queries a few at a time, answers them and hands the answers on.
struct SearchRun {
  private let context: CommandContext
  private let snapshot: Snapshot
  private var request: SearchRequest
  private let output: SearchOutput
  private var queryCount: UInt64 = 0
  private var hitCount: UInt64 = 0
  private var work = SearchWork()
  private var session: SearchSession?
  private var hasWarned = false
  private var readNanoseconds: Int64 = 0
  private var searchNanoseconds: Int64 = 0
  private var writeNanoseconds: Int64 = 0

  init(_ context: CommandContext, _ snapshot: Snapshot, _ request: SearchRequest, _ output: SearchOutput) {
    self.context = context
    self.snapshot = snapshot
    self.request = request
    self.output = output
  }

  /// Answers every query.
  mutating func run() throws(CommandFailure) {
    let arguments = context.arguments
    let settings = snapshot.collection.settings
    if let text = arguments.text(SearchCommand.id) {
      let id = try IDArguments.parse(text, type: settings.idType)
      guard let location = try engine({ () throws(DatabaseError) in try snapshot.state.find(id) }) else {
        throw CommandFailure(DatabaseError.idNotFound(id: id.display))
      }
      request.excluded = location
      try answer(try engine { () throws(DatabaseError) in try snapshot.state.vector(at: location) }, count: 1)
    } else if let text = arguments.text(SearchCommand.vector) {
      try answer(try queryVector(text), count: 1)
    } else if let path = arguments.text(SearchCommand.queries) {
      try answerFile(path)
    }
  }

  /// Answers the queries of a file, some at a time.
  private mutating func answerFile(_ path: String) throws(CommandFailure) {
    if path == "-" { try context.requireStandardInput() }
    let settings = snapshot.collection.settings
    var options = ReadOptions()
    options.dimension = settings.dimension
    options.elementType = settings.elementType
    options.dimensionOrigin = "the collection"
    options.idSource = .row
    options.payload = .nothing
    options.vectorField = context.arguments.text(SharedOptions.vectorField)
    options.zeroVector = settings.metric == .cosine ? .reject : .allow
    let stated = context.arguments.text(SearchCommand.from).flatMap { RecordFormat(rawValue: $0) }
    let source = try files { () throws(FileError) in try InputSource(path) }
    let start = MonotonicClock.now()
    let readOptions = options
    let (_, reader) = try records { () throws(FormatError) in
      try openRecords(source, stated: stated, options: readOptions, threads: 1)
    }
    readNanoseconds += MonotonicClock.now() - start
    var batch = RecordBatch(dimension: settings.dimension)
    while true {
      try context.checkForStop()
      let start = MonotonicClock.now()
      let isMore = try records { () throws(FormatError) in
        try reader.next(&batch, maximumRows: SearchSession.groupSize(request))
      }
      readNanoseconds += MonotonicClock.now() - start
      guard isMore else { return }
      try answer(batch.vectors, count: batch.count)
    }
  }

  /// Reads and checks the vector of `--vector`.
  private func queryVector(_ text: String) throws(CommandFailure) -> [Float] {
    let settings = snapshot.collection.settings
    let argument = try VectorArgument(text, SearchCommand.vector, settings, context)
    try argument.requireDimension(settings.dimension)
    func failure(_ code: String, _ message: String) -> CommandFailure {
      CommandFailure(
        argument.source.isEmpty ? .usage : .badInput, code: code, "--vector: \(message)",
        path: argument.source.isEmpty ? nil : argument.source)
    }
    guard argument.numbers.allSatisfy({ $0.isFinite }) else {
      throw failure("not-finite", "a query must not hold NaN or an infinite number")
    }
    if let (index, number) = settings.elementType.firstNotHeld(argument.numbers) {
      throw failure(
        FormatErrorCode(notHeld: number).rawValue,
        "vector[\(index)]: expected \(settings.elementType.numbers), found \(ElementType.text(number))")
    }
    if settings.metric == .cosine, argument.numbers.allSatisfy({ $0 == 0 }) {
      throw failure("zero-vector", "a query of zeros has no direction for the cosine metric")
    }
    return argument.numbers
  }

  /// Answers some queries and writes the answers.
  private mutating func answer(_ queries: [Float], count: Int) throws(CommandFailure) {
    let start = MonotonicClock.now()
    let session = self.session ?? makeSession(queries: count)
    self.session = session
    let result = try engine { () throws(DatabaseError) in try session.search(queries, count: count) }
    let found = MonotonicClock.now()
    searchNanoseconds += found - start
    work.add(result.work)
    warn(result.warnings)
    for hits in result.answers {
      try context.checkForStop()
      try output.write(hits, query: queryCount, snapshot)
      queryCount += 1
      hitCount += UInt64(hits.count)
    }
    writeNanoseconds += MonotonicClock.now() - found
  }

  /// The memory and the plan for all queries of the run; made when the first of them are known.
  private mutating func makeSession(queries: Int) -> SearchSession {
    request.threads = SearchArguments.threads(context, rows: snapshot.liveCount, queries: queries)
    request.isProfiled = context.arguments.flag(SearchCommand.profile)
    request.expectedQueries = queries
    let session = SearchSession(snapshot, request)
    SearchRun.warn(session.shortfall, context)
    return session
  }

  /// Says that no measured effort reaches the recall that was asked for.
  static func warn(_ shortfall: (asked: Double, promised: Double)?, _ context: CommandContext) {
    guard let (asked, promised) = shortfall else { return }
    context.messages.warning(
      "recall \(asked) is not reached: a graph promises \(NumberText.fixed(promised, 3)) with the greatest effort that was measured; --exact finds everything"
    )
  }

  /// Says once that an index cannot be used, however many there are.
  private mutating func warn(_ warnings: [SearchWarning]) {
    guard !hasWarned, let first = warnings.first else { return }
    hasWarned = true
    SearchRun.warn(first, others: warnings.count - 1, context)
  }

  /// Says that an index cannot be used.
  static func warn(_ warning: SearchWarning, others: Int, _ context: CommandContext) {
    let more = others > 0 ? " (and \(counted(UInt64(others), "more index file")))" : ""
    context.messages.warning("\(warning.message)\(more); \(warning.hint)")
  }

  /// Ends the output, says where the time went and sets the status.
  ///
  /// `filtered`: When the rows of the filter were known; nil without a filter.
  mutating func finish(
    _ context: inout CommandContext, began: Int64, opened: Int64, filtered: Int64?
  ) throws(CommandFailure) {
    let start = MonotonicClock.now()
    try output.finish(snapshot)
    writeNanoseconds += MonotonicClock.now() - start
    if hitCount == 0, context.arguments.flag(SearchCommand.exitStatus) { context.exitStatus = .negative }
    guard context.arguments.flag(SearchCommand.profile) else { return }
    func milliseconds(_ nanoseconds: Int64) -> String {
      NumberText.fixed(Double(nanoseconds) / 1e6, 3) + " ms"
    }
    let filtering = filtered.map { ", filter \(milliseconds($0 - opened))" } ?? ""
    let given = work.abandoned > 0 ? ", \(work.abandoned) walks given up for a look at every match" : ""
    context.messages.note(
      """
      profile: \(queryCount) queries, \(work.scanned) rows scanned, \(work.codeBytes) bytes of codes, \(work.hops) lists of a graph, \(work.scored) rows scored exactly\(given), \(request.threads) threads
      profile: open \(milliseconds(opened - began))\(filtering), read queries \(milliseconds(readNanoseconds)), search \(milliseconds(searchNanoseconds)), write \(milliseconds(writeNanoseconds)), all \(milliseconds(MonotonicClock.now() - began))
      """)
    guard work.timed > 0 else { return }
    func each(_ nanoseconds: Int) -> String {
      NumberText.fixed(Double(nanoseconds) / Double(work.timed) / 1000, 2) + " us"
    }
    let pages = NumberText.fixed(Double(work.pages) / Double(max(1, work.paged)), 1)
    context.messages.note(
      """
      profile: graph, for each query: router \(each(work.nanoseconds.routing)), walk \(each(work.nanoseconds.walking)), exact distances \(each(work.nanoseconds.ranking)), \(pages) pages of the index
      """)
  }
}
