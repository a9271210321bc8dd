import CommandLineParsing
import FileStorage
import MetadataFilters
import VectorDatabase
import VectorMath

/// Measures filtered searches: each query parses and evaluates its filter and then searches, as a command does.
struct BenchFilter {
  let context: CommandContext
  let options: BenchOptions
  let snapshot: Snapshot
  let queries: BenchQueries
  private let search: BenchSearch
  /// The nearest rows of each query without a filter.
  private let nearest: [[SearchHit]]

  init(
    _ context: CommandContext, _ options: BenchOptions, _ snapshot: Snapshot, _ queries: BenchQueries
  ) throws(CommandFailure) {
    self.context = context
    self.options = options
    self.snapshot = snapshot
    self.queries = queries
    search = BenchSearch(context: context, options: options, snapshot: snapshot, queries: queries)
    nearest = try search.exact()
  }

  /// Measures on a copy whose fields select rows at random, near the query and far from it.
  static func synthetic(_ copy: BenchCopy, _ queries: BenchQueries) throws(CommandFailure) -> [BenchResult] {
    let fields = try BenchFilterFields(copy, queries)
    let (collection, build) = try copy.indexed("filter.vdb", try copy.places(Int.max)) { position, bytes in
      fields.append(position, to: &bytes)
    }
    let snapshot = try engine { () throws(DatabaseError) in try Snapshot.open(collection) }
    let made = BenchCopy(
      context: copy.context, options: copy.options, snapshot: snapshot, scratch: copy.scratch)
    let bench = try BenchFilter(copy.context, copy.options, snapshot, queries)
    var results = build.results(.filter, rows: snapshot.liveCount, threads: copy.options.threads)
    for one in fields.cases(try made.places(Int.max), snapshot) { results.append(try bench.measure(one)) }
    return results
  }

  /// Measures a filter of the user on the collection itself.
  func given(_ text: String) throws(CommandFailure) -> BenchResult {
    // What matches is found in two ways: by the columns and by reading every row.
    var options = FilterEvaluationOptions()
    options.readsAllRows = true
    options.threads = self.options.threads
    let outcome = try rows(matching: text, options)
    return try measure(
      BenchFilterCase(
        condition: text, kind: "given",
        filters: [BenchFilterCase.Filter(text: text, rows: outcome.rows, count: outcome.count)],
        filterOfQuery: [Int](repeating: 0, count: queries.count)))
  }

  // MARK: One line

  private func measure(_ one: BenchFilterCase) throws(CommandFailure) -> BenchResult {
    context.messages.detail("filter: \(one.condition)")
    let groups = one.filters.indices.map { filter in
      queries.some { one.filterOfQuery[$0] == filter }
    }
    let truth = try truth(one, groups)
    let matching = one.filters.first?.count ?? 0
    let wanted = min(options.k, matching)
    var evaluations: [Int64] = []
    var (least, strays) = (Int.max, 0)
    var strategies: [String: Int] = [:]
    let measured = try BenchMeasured.run(options) { (measured) throws(CommandFailure) in
      for query in 0..<queries.count {
        try context.checkForStop()
        let filter = one.filters[one.filterOfQuery[query]]
        let start = MonotonicClock.now()
        let outcome = try rows(matching: filter.text, FilterEvaluationOptions())
        let evaluated = MonotonicClock.now()
        let request = search.request(.automatic, threads: 1, filter: outcome.rows)
        let result = try engine { () throws(DatabaseError) in
          try snapshot.search(queries: queries[query], count: 1, request)
        }
        measured.latencies.append(MonotonicClock.now() - start)
        evaluations.append(evaluated - start)
        measured.work.add(result.work)
        measured.answers += result.answers.map { $0.map(\.distance) }
        // What is checked here is not measured: the speed is that of the latencies.
        let hits = result.answers.first ?? []
        least = min(least, hits.count)
        strays += hits.reduce(0) { $0 + (filter.rows.contains($1.location) ? 0 : 1) }
      }
    }
    var request = search.request(.automatic, threads: 1)
    for filter in one.filterOfQuery {
      request.filter = one.filters[filter].rows
      strategies[strategy(request), default: 0] += 1
      if one.filters.count == 1 { break }
    }
    let names = strategies.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
    var result = measured.result(
      .filter, names.joined(separator: ", "), one.condition, recall: truth.recall(measured.answers),
      count: queries.count)
    result.rate = rate(measured.latencies)
    result.ratePerCPU = nil
    result.promised = snapshot.promise(request).recall
    result.isDefault = true
    // The warm-up is evaluated as well, but not measured.
    let counted = Array(evaluations.suffix(measured.latencies.count))
    result.filter = BenchFilterFigures(
      text: one.filters.first?.text ?? "", kind: one.kind, matching: matching,
      share: Double(matching) / Double(max(1, snapshot.liveCount)), nearShare: nearShare(one),
      evaluation: Percentiles(counted), wanted: wanted, least: least, strays: strays,
      batchRate: try batchRate(one, groups))
    return result
  }

  /// Queries a second in the median run.
  private func rate(_ latencies: [Int64]) -> Double {
    let runs = stride(from: 0, to: latencies.count, by: queries.count).map { start in
      Double(latencies[start..<min(latencies.count, start + queries.count)].reduce(0, +)) / 1e9
    }
    return Double(queries.count) / max(median(runs), 1e-9)
  }

  /// The nearest matching rows of each query, found exactly among the rows that are known to match; that the filter finds
  /// just these rows is checked as well.
  private func truth(_ one: BenchFilterCase, _ groups: [BenchQueries.Some]) throws(CommandFailure)
    -> BenchTruth
  {
    var answers = [[SearchHit]](repeating: [], count: queries.count)
    for (filter, group) in zip(one.filters, groups) where !group.numbers.isEmpty {
      let outcome = try rows(matching: filter.text, FilterEvaluationOptions())
      guard outcome.count == filter.count, snapshot.areSame(outcome.rows, filter.rows) else {
        throw CommandFailure(
          .bug, code: "wrong-rows",
          "the filter \(filter.text) finds \(outcome.count) rows, and not the \(filter.count) that match")
      }
      let found = try search.exact(group.all, count: group.numbers.count, filter: filter.rows)
      for (number, hits) in zip(group.numbers, found) { answers[number] = hits }
    }
    return BenchTruth(exact: answers, k: options.k, origin: "computed exactly among the matching rows")
  }

  /// Queries a second when each filter is evaluated once for all of its queries.
  private func batchRate(
    _ one: BenchFilterCase, _ groups: [BenchQueries.Some]
  ) throws(CommandFailure) -> Double {
    let measured = try BenchMeasured.run(options) { (_) throws(CommandFailure) in
      for (filter, group) in zip(one.filters, groups) where !group.numbers.isEmpty {
        try context.checkForStop()
        let outcome = try rows(matching: filter.text, FilterEvaluationOptions())
        let request = search.request(.automatic, threads: 1, filter: outcome.rows)
        _ = try engine { () throws(DatabaseError) in
          try snapshot.search(queries: group.all, count: group.numbers.count, request)
        }
      }
    }
    return Double(queries.count) / max(median(measured.seconds), 1e-9)
  }

  /// Of the nearest rows without a filter, the share that matches it.
  private func nearShare(_ one: BenchFilterCase) -> Double {
    var (matching, all) = (0, 0)
    for (query, hits) in nearest.enumerated() {
      let rows = one.filters[one.filterOfQuery[query]].rows
      matching += hits.reduce(0) { $0 + (rows.contains($1.location) ? 1 : 0) }
      all += hits.count
    }
    return Double(matching) / Double(max(1, all))
  }

  /// How the rows are looked at: the way of most of them first.
  private func strategy(_ request: SearchRequest) -> String {
    var rows: [String: Int] = [:]
    for part in snapshot.plan(request).parts where part.rows > 0 {
      rows[part.strategy.rawValue, default: 0] += part.rows
    }
    let names = rows.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
    return names.isEmpty ? "nothing matches" : names.joined(separator: " + ")
  }

  /// Parses, binds and evaluates a filter, as every command does.
  private func rows(
    matching text: String, _ evaluation: FilterEvaluationOptions
  ) throws(CommandFailure) -> FilterOutcome {
    let parsed = try BenchFilterText.parse(text)
    let bound = try BenchFilterText.bind(parsed, snapshot, context)
    let deadline = context.deadline
    return try engine { () throws(DatabaseError) in
      try snapshot.rows(matching: bound, options: evaluation) {
        if Signals.requested != nil { return true }
        guard let deadline else { return false }
        return MonotonicClock.now() >= deadline
      }
    }
  }
}

/// Filters as texts.
enum BenchFilterText {
  /// Reads a filter.
  ///
  /// - Throws: status 2 with the place of the fault.
  static func parse(_ text: String) throws(CommandFailure) -> ParsedFilter {
    do throws(FilterError) { return try FilterParser.parse(text) } catch {
      throw CommandFailure(error, SharedOptions.filter.spelling, text: text)
    }
  }

  /// Makes a filter ready for a collection.
  ///
  /// - Throws: status 2 for a literal that cannot be of the field's type.
  static func bind(
    _ parsed: ParsedFilter, _ snapshot: Snapshot, _ context: CommandContext
  ) throws(CommandFailure) -> BoundFilter {
    let schema = try engine { () throws(DatabaseError) in try snapshot.manifest.schema() }
    var binder = FilterBinder(
      now: FilterInstant(nanoseconds: WallClock.now()),
      types: FilterTypes(
        fields: schema?.filterTypes ?? [:], idType: snapshot.collection.settings.idType))
    for file in binder.files(of: parsed.expression) {
      binder.files[file] = try FilterFileReader.read(file, context)
    }
    do throws(FilterError) { return try binder.compile(parsed) } catch {
      throw CommandFailure(error, SharedOptions.filter.spelling, text: parsed.text)
    }
  }
}
